"""L: what can be seen afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1.history_service_pb2 import ComparedLine
from pitboss.wallet.v1.transaction_pb2 import Transaction, TransactionState
from provider_adapters._kit.studio.ports import Act
from tests.conformance.case import case
from tests.conformance.stage import FailedError, Player, Stage


@case("L01", "balances are the sum of deposits and postings after a small evening of play")
async def sums(stage: Stage) -> None:
    await _evening(stage, await stage.player())
    # `once_more` compares the books.


@case("L02", "the statement of a player is what the log's stream says, line by line")
async def statement(stage: Stage) -> None:
    who = await stage.player()
    await _evening(stage, who)
    lines = [line for line in await stage.statement(who) if line.source == stage.provider.name]
    told = [(line.transaction_id, abs(Decimal(line.cash_change.amount))) for line in lines]
    streamed = [
        (entry.transaction.transaction_id, Decimal(entry.moved.amount))
        for entry in await stage.stream(who, told[0][0], told[-1][0])
    ]
    if told != streamed:
        raise FailedError(f"the statement has {told}, and the stream {streamed}")


@case("L03", "a provider's own list is compared with the ledger, and each difference is found and named")
async def compared(stage: Stage) -> None:
    who = await stage.player()
    acts = await _evening(stage, who, range(3))
    await _neighbour(stage)
    acts += await _evening(stage, who, range(3, 6))
    honest = _lines([await stage.transaction(who, act) for act in acts])
    if found := await stage.differences(honest):
        raise FailedError(f"two equal lists differ: {found}")
    changed, lost, other_state, *rest = stage.random.sample(honest, len(honest))
    dear = _line(changed, amount=Decimal(changed.amount.amount) + 1)
    refused = _line(other_state, state=TransactionState.TRANSACTION_STATE_REFUSED)
    unknown = _line(changed, key=stage.id("nobody sent it"))
    wanted = {
        (dear.transaction_key, "AMOUNT_DIFFERS"),
        (lost.transaction_key, "MISSING_THERE"),
        (refused.transaction_key, "STATE_DIFFERS"),
        (unknown.transaction_key, "MISSING_HERE"),
    }
    found = await stage.differences([dear, refused, unknown, *rest], around=honest)
    if found != wanted:
        raise FailedError(f"{sorted(found)} was found instead of {sorted(wanted)}")


@case("L05", "each call with the key of a message stands in its explanation, with its answer")
async def attempts(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    await stage.say(who, bet, "OK")
    await stage.say(who, replace(bet, amount=stake + 1), "IDEMPOTENCY_CONFLICT", stored="OK")
    wanted = [("OUTCOME_OK", False), ("OUTCOME_OK", True), ("OUTCOME_IDEMPOTENCY_CONFLICT", False)]
    async with asyncio.timeout(30):
        # Notes are written after the answer.
        while _once_each(found := await stage.attempts(who, bet)) != wanted:
            if len(_once_each(found)) > len(wanted):
                raise FailedError(f"{found} instead of {wanted}")
            await asyncio.sleep(0.1)


def _once_each(attempts: Sequence[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Without repeated answers in a row, but bookings: an adapter that hears nothing in time asks again, or the other wallet."""
    booked = ("OUTCOME_OK", False)
    return [one for before, one in zip([None, *attempts], attempts, strict=False) if one != before or one == booked]


@case("L05b", "a message with a key that was not believed stands in the explanation of that key, and changes nothing")
async def unbelieved(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    if await stage.unbelieved(who, bet):
        raise FailedError("something was not believed before anything was wrong")
    await stage.post(stage.provider.stranger.write(bet))
    async with asyncio.timeout(30):
        # Notes are handed over behind the answer.
        while not (found := await stage.unbelieved(who, bet)):
            await asyncio.sleep(0.1)
    if len(found) != 1:
        raise FailedError(f"one message was not believed, and noted are {found}")
    await stage.settled(who)


@case("L09", "a correction of a win takes two people, and is booked once")
async def four_eyes(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    win = stage.win(bet, prize)
    await stage.say(who, win, "OK", moved=prize)
    proposal, payload_hash = await stage.propose(who, win, Decimal("-0.50"), by="ann")
    for by, content, outcome in (
        ("ann", payload_hash, "APPROVAL_INVALID"),
        ("bob", "0" * 64, "APPROVAL_INVALID"),
        ("bob", payload_hash, "OK"),
        ("eve", payload_hash, "OK"),
    ):
        answered = await stage.approve(who, proposal, content, by=by)
        if answered != outcome:
            raise FailedError(f"the word of {by} was answered {answered} instead of {outcome}")
    stage.booked_outside(who, Decimal("-0.50"))
    await stage.settled(who)


@case("L06", "neither secrets nor tokens are in the adapter's log, whatever was refused")
async def silent(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    await stage.post(stage.provider.stranger.write(bet))
    await stage.post(stage.studio.spoil(stage.studio.write(bet)))
    await asyncio.sleep(0.2)
    log = (stage.office.stack.run / "log" / f"{stage.provider.name}.log").read_text()
    gateway = (stage.office.stack.run / "log" / "gateway.log").read_text()
    for secret in (who.seat.token, *stage.provider.secrets):
        if secret in log or secret in gateway:
            raise FailedError("a log has a token or a secret")


async def _neighbour(stage: Stage) -> None:
    """Another case speaks as the same provider."""
    other = stage.beside(stage.provider)
    who, stake = await other.player(), stage.amount()
    await other.say(who, other.bet(who, stake), "OK", moved=-stake)


async def _evening(stage: Stage, who: Player, rounds: Iterable[int] = range(6)) -> list[Act]:
    """Rounds, each won or undone. What was said."""
    acts = []
    for number in rounds:
        stake, prize = stage.amount(), stage.amount()
        bet = stage.bet(who, stake, f"b{number}", round_name=f"r{number}")
        await stage.say(who, bet, "OK", moved=-stake)
        if stage.random.random() < 0.5:
            end, moved = stage.win(bet, prize, f"w{number}"), prize
        else:
            end, moved = stage.cancel(bet), stake
        await stage.say(who, end, "OK", moved=moved)
        acts += [bet, end]
    return acts


def _lines(stored: Sequence[Transaction]) -> list[ComparedLine]:
    """What an honest provider's list has."""
    return [
        ComparedLine(
            transaction_key=one.transaction_key,
            kind=one.kind,
            amount=one.amount,
            state=one.state,
            player_id=one.player_id,
        )
        for one in stored
    ]


def _line(line: ComparedLine, *, key: str = "", amount: Decimal | None = None, state: int = 0) -> ComparedLine:
    """The line with something else in it."""
    made = ComparedLine()
    made.CopyFrom(line)
    if key:
        made.transaction_key = key
    if amount is not None:
        made.amount.CopyFrom(Money(currency_code=line.amount.currency_code, amount=str(amount)))
    if state:
        made.state = state  # type: ignore[assignment]
    return made
