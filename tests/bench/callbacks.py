"""A studio's signed bet over HTTP to a committed ledger entry, against the same server answering nothing."""

import asyncio
import hashlib
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import grpc

from mesh.dev.stack import Stack
from mesh.tls import Tls
from pitboss.session.v1 import session_service_pb2
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2
from tests.bench.wallet import raw

_PROVIDER, _LICENSEE = "pragmatic_style", "aurora"
_PLAYERS, _IN_FLIGHT = 64, 32


@dataclass(frozen=True, slots=True)
class _Request:
    raw: bytes
    expect: bytes


def measure(stack: Stack, seconds: float) -> dict[str, float]:
    """Callbacks per second, those of a no-op, and their ratio."""
    _seat_players(stack)
    port = stack.around.ports.callbacks[_PROVIDER]
    secret = stack.vault.credentials[_PROVIDER].studio["secret"]
    noop = asyncio.run(_run(port, itertools.repeat(_Request(_NOOP, b"200 OK")), seconds))
    bets = asyncio.run(_run(port, _bets(secret), seconds))
    return {"callback_noop_rps": noop, "callback_rps": bets, "callback_over_noop": bets / noop}


_NOOP = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


def _seat_players(stack: Stack) -> None:
    """Players with money and a session at a live game, which has no minimum interval."""
    credentials = Tls.load(stack.around.tls / "platform").channel_credentials()
    metadata = (("x-pitboss-licensee", _LICENSEE), ("x-pitboss-source", "cashier"))
    ports = stack.around.ports
    with (
        grpc.secure_channel(f"127.0.0.1:{ports.wallets[0]}", credentials) as wallet,
        grpc.secure_channel(f"127.0.0.1:{ports.session}", credentials) as sessions,
    ):
        for number in range(_PLAYERS):
            player = f"caller-{number}"
            request = ledger_service_pb2.ExecuteBatchRequest(actions=_opening(player))
            raw(wallet, "/pitboss.wallet.v1.LedgerService/ExecuteBatch")(
                request.SerializeToString(), timeout=10, metadata=metadata
            )
            session = session_service_pb2.CreateSessionRequest(
                client_key=f"bench-{number}",
                player_id=player,
                provider=_PROVIDER,
                game_id=_live_game(),
                currency_code="GBP",
            )
            raw(sessions, "/pitboss.session.v1.SessionService/CreateSession")(
                session.SerializeToString(), timeout=10, metadata=metadata
            )


def _opening(player: str) -> list[action_pb2.Action]:
    account = action_pb2.OpenAccount(currency_code="GBP", born_on="1986-01-15")
    deposit = action_pb2.Deposit(amount=Money(currency_code="GBP", amount="1000000.00"))
    return [
        action_pb2.Action(player_id=player, transaction_key="open", open_account=account),
        action_pb2.Action(player_id=player, transaction_key="deposit", deposit=deposit),
    ]


def _live_game() -> str:
    return "lgdemo"


def _bets(secret: str) -> Iterator[_Request]:
    for number in itertools.count():
        fields = {
            "amount": "1.00",
            "gameId": _live_game(),
            "providerId": "pragmaticplay",
            "reference": f"bench-{number}",
            "roundDetails": "spin",
            "roundId": f"{number}",
            "timestamp": "1767225600000",
            "userId": f"{_LICENSEE}.caller-{number % _PLAYERS}",
        }
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        body = f"{text}&hash={hashlib.md5((text + secret).encode(), usedforsecurity=False).hexdigest()}".encode()
        head = f"POST /bet HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n\r\n"
        yield _Request(head.encode() + body, b'"error":0')


async def _run(port: int, requests: Iterator[_Request], seconds: float) -> float:
    began, done = time.perf_counter(), 0

    async def connection() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() - began < seconds:
            request = next(requests)
            writer.write(request.raw)
            answer = await _answer(reader)
            if request.expect not in answer:
                raise RuntimeError(f"a callback was answered {answer!r}")
            done += 1
        writer.close()

    await asyncio.gather(*[connection() for _ in range(_IN_FLIGHT)])
    return done / (time.perf_counter() - began)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return head + await reader.readexactly(length)
