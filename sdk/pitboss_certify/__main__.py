"""Certify a wallet.

python -m pitboss_certify --grpc wallet.example:443 --key-id k1 --key key.b64 --player sandbox-1 --report build/wallet

The key is the raw Ed25519 private key, in base64, whose public half the wallet knows under the key id. Use a sandbox:
the player's balance is changed. Writes <report>.json, signed, and <report>.html. Exit 0 only if nothing failed.

python -m pitboss_certify verify-report <report>.json --public-key key.pub [--page <report>.html] checks such a report.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import json
import secrets
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pitboss_certify import report, verifying
from pitboss_certify.case import all_cases
from pitboss_certify.run import Plan, Verdict, play
from pitboss_certify.signing import Signer
from pitboss_certify.stage import Subject
from pitboss_certify.transport import GrpcTransport, JsonTransport, Transport


def main(arguments: list[str]) -> int:
    """0 passed, 1 failed, 2 the arguments do not fit."""
    if arguments[:1] == ["verify-report"]:
        status, told = verifying.check(arguments[1:])
        print(told)
        return status
    parser = _parser()
    said = parser.parse_args(arguments)
    doors = _doors(said)
    if not doors:
        parser.error("name at least one door: --grpc host:port, --json http://host:port")
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(said.key.read_text()))
    chosen = [each for each in all_cases() if not said.only or each.id in said.only.split(",")]
    plan = Plan(
        cases=chosen, doors=doors, signer=Signer(key_id=said.key_id, key=key), subject=_subject(said),
        seed=said.seed, run_id=said.run_id or secrets.token_hex(4),
    )  # fmt: skip
    verdicts = play(plan, told=_tell)
    found = report.build(plan, verdicts, at=dt.datetime.now(dt.UTC))
    _write(said.report, found, key)
    print(f"\n{found['passed']} passed, {found['failed']} failed, {found['skipped']} left out")
    return 1 if found["failed"] or not found["passed"] else 0


def _write(stem: Path, found: dict[str, object], key: Ed25519PrivateKey) -> None:
    stem.parent.mkdir(parents=True, exist_ok=True)
    stem.with_suffix(".json").write_text(json.dumps(report.sign(found, key), indent=1) + "\n")
    stem.with_suffix(".html").write_text(report.page(found))


def _tell(verdict: Verdict) -> None:
    word = "ok    " if verdict.ok else "skip  " if verdict.skipped else "FAILED"
    print(
        f"{word} {verdict.id:5} {verdict.door:5} {verdict.title}{f': {verdict.detail}' * bool(verdict.detail)}",
        flush=True,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pitboss_certify", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--grpc", default="", help="host:port")
    parser.add_argument("--ca", type=Path, help="PEM of who vouches for it; without it plain text")
    parser.add_argument("--json", default="", help="http://host:port or https://host:port")
    parser.add_argument("--key-id", required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--player", required=True, help="somebody nobody else uses")
    parser.add_argument("--other-player", default="", help="a second one")
    parser.add_argument("--blocked-player", default="", help="one who may not play")
    parser.add_argument("--currency", default="EUR")
    parser.add_argument("--digits", type=int, default=2, help="of the currency, behind the point")
    parser.add_argument("--other-currency", default="", help="one the player has no account in")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run-id", default="", help="made up if not given; a repeated one finds its own ids used")
    parser.add_argument("--only", default="", help="numbers of cases, separated by commas")
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds for one answer")
    parser.add_argument("--report", type=Path, default=Path("build/wallet-certification"))
    return parser


def _doors(said: argparse.Namespace) -> list[Transport]:
    doors: list[Transport] = []
    if said.grpc:
        trusted = said.ca.read_bytes() if said.ca else None
        doors.append(GrpcTransport(said.grpc, authorities=trusted, timeout_s=said.timeout))
    if said.json:
        doors.append(JsonTransport(said.json, timeout_s=said.timeout))
    return doors


def _subject(said: argparse.Namespace) -> Subject:
    names = ("player", "other_player", "blocked_player", "currency", "digits", "other_currency")
    return Subject(**{name: getattr(said, name) for name in names})


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
