"""Start the wallet.

python -m pitboss_reference_wallet --database wallet.db --keys keys.json --grpc 127.0.0.1:7001 --json 127.0.0.1:7002

`keys.json` maps the key ids of Pitboss to raw Ed25519 public keys in base64. With --control it can be told to fail.
When all doors are open it writes one line of JSON with their ports to standard output.
"""

from __future__ import annotations

import argparse
import base64
import json
import logging
import signal
import sys
import threading
from pathlib import Path

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pitboss_reference_wallet.book import Book
from pitboss_reference_wallet.control import ControlServer
from pitboss_reference_wallet.door import Door
from pitboss_reference_wallet.grpc_server import create
from pitboss_reference_wallet.http_server import JsonServer
from pitboss_reference_wallet.service import Wallet
from pitboss_sdk.request_signature import Verifier

_DRAIN_S = 2


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM."""
    said = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    # Blocked before any thread is made, so that only this one waits for them.
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    book = Book(said.database)
    door = Door(wallet=Wallet(book, _exponents(said.currencies)), verifier=Verifier(_keys(said.keys)))
    server, port = create(door, said.grpc, _credentials(said.tls))
    server.start()
    doors: dict[str, JsonServer | ControlServer] = {}
    if said.json:
        doors["json"] = JsonServer(_address(said.json), door)
    if said.control:
        doors["control"] = ControlServer(_address(said.control), door)
    for each in doors.values():
        threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    print(json.dumps({"grpc": port, **{name: each.server_port for name, each in doors.items()}}), flush=True)
    signal.sigwait(stop)
    server.stop(_DRAIN_S).wait()
    for each in doors.values():
        each.shutdown()
    book.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--grpc", default="127.0.0.1:0")
    parser.add_argument("--json", default="")
    parser.add_argument("--control", default="")
    parser.add_argument("--tls", type=Path, help="folder with tls.pem and tls.key; without it plain text")
    parser.add_argument("--currencies", default="EUR:2,GBP:2,USD:2,SEK:2,JPY:0,BTC:8", help="code:digits,...")
    return parser


def _exponents(text: str) -> dict[str, int]:
    return {code: int(digits) for code, digits in (part.split(":") for part in text.split(","))}


def _keys(path: Path) -> dict[str, Ed25519PublicKey]:
    found = json.loads(path.read_text())
    return {name: Ed25519PublicKey.from_public_bytes(base64.b64decode(key)) for name, key in found.items()}


def _credentials(folder: Path | None) -> grpc.ServerCredentials | None:
    if folder is None:
        return None
    return grpc.ssl_server_credentials([((folder / "tls.key").read_bytes(), (folder / "tls.pem").read_bytes())])


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
