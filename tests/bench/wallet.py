"""What the wallet is asked over gRPC: single bets and wins, and batches of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import grpc

from mesh.placement import place
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, registry_service_pb2
from tests.bench.rpc import Call
from tests.bench.worker import GAME, LICENSEE

_LEDGER = "/pitboss.wallet.v1.LedgerService/"
_REGISTRY = "/pitboss.wallet.v1.RegistryService/"
PROVIDER = "hub88_style"
"""Its adapter is the caller: bets come from adapters. What the platform does in another's name is noted besides."""
PLAYERS = 256
BATCH = 256


def _metadata(source: str) -> tuple[tuple[str, str], ...]:
    return (("x-pitboss-licensee", LICENSEE), ("x-pitboss-source", source))


def prepare(channel: grpc.Channel) -> None:
    """The licensee, its game, and players with money and sessions."""
    requests = (
        (
            "PutLicensee",
            registry_service_pb2.PutLicenseeRequest(
                licensee=registry_service_pb2.Licensee(licensee_id=LICENSEE, default_jurisdiction="gb")
            ),
        ),
        ("PutProvider", registry_service_pb2.PutProviderRequest(licensee_id=LICENSEE, provider=PROVIDER)),
        (
            "PutGames",
            registry_service_pb2.PutGamesRequest(
                licensee_id=LICENSEE,
                provider=PROVIDER,
                games=[
                    registry_service_pb2.Game(
                        game_id=GAME, category=registry_service_pb2.GAME_CATEGORY_LIVE, enabled=True
                    )
                ],
            ),
        ),
    )
    for method, request in requests:
        raw(channel, _REGISTRY + method)(request.SerializeToString(), timeout=10, metadata=_metadata("platform"))
    for player in range(PLAYERS):
        _open(channel, player)


def _open(channel: grpc.Channel, player: int) -> None:
    money = Money(currency_code="GBP", amount="1000000.00")
    play = action_pb2.OpenPlay(session_id=f"s-{player}", provider=PROVIDER, currency_code="GBP", game_id=GAME)
    actions = [
        action_pb2.Action(
            transaction_key="open", open_account=action_pb2.OpenAccount(currency_code="GBP", born_on="1986-01-15")
        ),
        action_pb2.Action(transaction_key="deposit", deposit=action_pb2.Deposit(amount=money)),
        action_pb2.Action(transaction_key="session", open_play=play),
    ]
    for action in actions:
        action.player_id = f"player-{player}"
    request = ledger_service_pb2.ExecuteBatchRequest(actions=actions).SerializeToString()
    answer = raw(channel, _LEDGER + "ExecuteBatch")(request, timeout=30, metadata=_metadata("cashier"))
    if not all_ok(answer):
        raise RuntimeError("the players of the benchmark cannot be made")


def _actions(prefix: str, players: Sequence[int] = range(PLAYERS)) -> Iterator[action_pb2.Action]:
    for number, player in enumerate(itertools.cycle(players)):
        name = f"{prefix}{number}"
        stake, result = Money(currency_code="GBP", amount="1.00"), Money(currency_code="GBP", amount="0.95")
        bet = action_pb2.Bet(round_id=name, amount=stake, game_id=GAME, session_id=f"s-{player}")
        yield action_pb2.Action(player_id=f"player-{player}", transaction_key=f"b{name}", bet=bet)
        win = action_pb2.Win(round_id=name, amount=result, close=True)
        yield action_pb2.Action(player_id=f"player-{player}", transaction_key=f"w{name}", win=win)


def bets(prefix: str, players: Sequence[int] = range(PLAYERS)) -> Iterator[Call]:
    """One bet a call: in flight together, bets and wins of a round would overtake each other."""
    for action in _actions(prefix, players):
        if action.HasField("bet"):
            request = ledger_service_pb2.ExecuteRequest(action=action).SerializeToString()
            yield _LEDGER + "Execute", request, _metadata(PROVIDER)


def players_of(share: int, shares: int) -> list[int]:
    """The players that the mesh sends to one of its replicas."""
    return [number for number in range(PLAYERS) if place(LICENSEE, f"player-{number}", shares) == share]


def batches(prefix: str, players: Sequence[int] = range(PLAYERS)) -> Iterator[Call]:
    """Batches of bets and their wins, in order."""
    stream = _actions(prefix, players)
    while True:
        request = ledger_service_pb2.ExecuteBatchRequest(actions=itertools.islice(stream, BATCH))
        yield _LEDGER + "ExecuteBatch", request.SerializeToString(), _metadata(PROVIDER)


def streamed(prefix: str) -> Iterator[Call]:
    """The same batches, as messages of one stream."""
    stream = _actions(prefix)
    while True:
        batch = ledger_service_pb2.ExecuteBatchRequest(actions=itertools.islice(stream, BATCH))
        request = ledger_service_pb2.ExecuteStreamRequest(batch=batch)
        yield _LEDGER + "ExecuteStream", request.SerializeToString(), _metadata(PROVIDER)


def is_ok(answer: bytes) -> bool:
    """An accepted action."""
    return ledger_service_pb2.ExecuteResponse.FromString(answer).result.outcome == 1


def all_ok(answer: bytes) -> bool:
    """A batch of accepted actions."""
    return all(result.outcome == 1 for result in ledger_service_pb2.ExecuteBatchResponse.FromString(answer).results)


def all_of_stream_ok(answer: bytes) -> bool:
    """A streamed batch of accepted actions."""
    batch = ledger_service_pb2.ExecuteStreamResponse.FromString(answer).batch
    return all(result.outcome == 1 for result in batch.results)


def raw(channel: grpc.Channel, method: str) -> grpc.UnaryUnaryMultiCallable[bytes, bytes]:
    """A method that takes and gives bytes."""
    return channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)
