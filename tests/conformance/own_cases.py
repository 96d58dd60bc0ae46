"""J with a licensee whose wallet fails: what the provider hears meanwhile, and that both sides agree afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pitboss.type.v1.outcome_pb2 import OUTCOME_OK, OUTCOME_UNSPECIFIED
from pitboss.wallet.v1.history_service_pb2 import ExplainTransactionResponse
from pitboss.wallet.v1.transaction_pb2 import TransactionState
from provider_adapters._kit.manifest import Capability, Manifest
from provider_adapters._kit.studio.ports import Act, ActKind, Answer
from tests.conformance.own_wallet import UNCLEAR, OwnStage, until
from tests.conformance.stage import FailedError, Player

Play = Callable[[OwnStage], Awaitable[None]]
UNDONE: Final = ("NOT_APPLIED", "ALREADY_ROLLED_BACK")
_SLOW_S: Final = 0.5
_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCase:
    """A numbered case with a player of a licensee that keeps its players' money."""

    id: str
    title: str
    play: Play
    needs: frozenset[Capability]

    def skipped_because(self, manifest: Manifest) -> str:
        """Why it is not played with this provider; empty if it is."""
        missing = sorted(self.needs - manifest.capabilities)
        return f"the manifest does not claim {', '.join(missing)}" if missing else ""


CASES: Final[list[OwnCase]] = []


def own_case(id_: str, title: str, *, needs: tuple[Capability, ...] = ()) -> Callable[[Play], Play]:
    """Number a case."""

    def register(play: Play) -> Play:
        CASES.append(OwnCase(id=id_, title=title, play=play, needs=frozenset(needs)))
        return play

    return register


def cents(amount: Decimal) -> int:
    """Whole cents of an amount of the suite."""
    return int(amount.scaleb(2))


@own_case(
    "J01", "the licensee does not answer a bet: the provider hears that nobody knows, cancels, and nothing stays taken"
)
async def unanswered_bet(stage: OwnStage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    await stage.own.fault("before")
    stage.heard(bet, await stage.send(bet), *UNCLEAR)
    cancel = stage.cancel(bet)
    await stage.send(cancel)
    await stage.own.fault("none")
    await stage.well(who)
    await stage.tell(who, cancel, "OK", "TOMBSTONED")
    await stage.tell(who, bet, *UNDONE)
    await stage.settled_at(who, 0)


@own_case("J02c", "the licensee took the bet and its answer is lost: the bet stands, once")
async def applied_and_lost(stage: OwnStage) -> None:
    await _one_lost(stage, "after", taken=True)


@own_case("J04", "the licensee answers garbage: what it did is looked up, and the provider is told that")
async def garbage(stage: OwnStage) -> None:
    await _one_lost(stage, "garbage", taken=None)


@own_case("J05", "the connection to the licensee breaks before the commit: the bet is refused, and nothing stays taken")
async def reset_before(stage: OwnStage) -> None:
    await _one_lost(stage, "before", taken=False)


@own_case(
    "J05b",
    "the connection to the licensee breaks while it answers: the bet and its win are each booked once or not at all",
)
async def reset(stage: OwnStage) -> None:
    who, bet, stake = await _one_lost(stage, "reset", taken=None)
    if not stake:
        return
    prize = stage.amount()
    await stage.own.fault("reset", count=1)
    win = stage.win(bet, prize)
    await stage.tell(who, win, "OK")
    await stage.settled_at(who, cents(prize) - stake)


async def _one_lost(stage: OwnStage, mode: str, *, taken: bool | None) -> tuple[Player, Act, int]:
    """One bet whose answer gets lost in this way. `taken`: whether the licensee had taken it; None if that may be.

    The player, the bet, and the cents that were taken in the end.
    """
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.own.fault(mode, count=1)
    wanted = ("OK", *UNDONE) if taken is None else ("OK",) if taken else UNDONE
    outcome = await stage.tell(who, bet, *wanted)
    await stage.own.fault("none")
    kept = cents(stake) if outcome == "OK" else 0
    await stage.settled_at(who, -kept)
    return who, bet, kept


@own_case("J10", "the licensee is slow, and within its time: the bet is taken once")
async def slow(stage: OwnStage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.own.fault("slow", count=1, delay_s=_SLOW_S)
    await stage.tell(who, bet, "OK")
    await stage.settled_at(who, -cents(stake))


@own_case("J11", "a cancel while the licensee does not answer is accepted, and told until it is booked there once")
async def owed_cancel(stage: OwnStage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.tell(who, bet, "OK")
    await stage.own.fault("before")
    cancel = stage.cancel(bet)
    for _ in range(2):
        stage.heard(cancel, await stage.decided(cancel), "OK")
    await until(lambda: max(stage.own.attempts(who.launched.player), default=0) > 1, "a second attempt to tell it")
    await stage.own.fault("none")
    await stage.settled_at(who, 0)
    await stage.tell(who, cancel, "OK")
    if [method for method, _, _ in stage.own.record(who.launched.player)] != ["debit", "cancel"]:
        raise FailedError(f"the licensee wrote down {stage.own.record(who.launched.player)}")


@own_case("J12", "the licensee is known not to answer: bets are refused at once and use up no key, wins are accepted")
async def breaker(stage: OwnStage) -> None:
    who, other = await stage.player(), await stage.player()
    stake, prize = stage.amount(), stage.amount()
    bet = stage.bet(who, stake)
    await stage.tell(who, bet, "OK")
    await stage.own.fault("before")
    late = []
    for number in range(_TRIES):
        await stage.ill(who)
        late.append(await _unclear(stage, stage.bet(other, stake, f"late{number}", round_name=f"late{number}")))
    win = stage.win(bet, prize)
    await stage.tell(who, win, "OK")
    await stage.own.fault("none")
    await stage.settled_at(who, cents(prize) - cents(stake))
    await stage.settled_at(other, 0)
    await stage.tell(other, await _refused_at_once(stage, other, late), "OK")
    await stage.settled_at(other, -cents(stake))


async def _unclear(stage: OwnStage, bet: Act) -> tuple[Act, Answer]:
    answer = await stage.send(bet)
    stage.heard(bet, answer, *UNCLEAR)
    return bet, answer


async def _refused_at_once(stage: OwnStage, who: Player, bets: Sequence[tuple[Act, Answer]]) -> Act:
    """The first of which the ledger keeps nothing, because the licensee was not asked.

    Now and then one call finds out whether the licensee is back. On a busy machine that may be a bet; nobody knows what
    becomes of it, and it is not taken in the end.
    """
    for bet, answer in bets:
        kept = (await stage.transaction(who, bet)).state != TransactionState.TRANSACTION_STATE_UNKNOWN
        if not kept and answer.code == stage.provider.code(bet.kind, "UNAVAILABLE"):
            return bet
    raise FailedError(f"none of {len(bets)} bets was refused at once")


@own_case(
    "L07",
    "what waits for the licensee is a list with the next attempts, and is empty when the licensee has answered; the "
    "explanation has the same, and each call with what the licensee said",
)
async def waiting_list(stage: OwnStage) -> None:
    who = await stage.player()
    player, stake, prize = who.launched.player, stage.amount(), stage.amount()
    bet = stage.bet(who, stake)
    await stage.tell(who, bet, "OK")
    if await stage.office.waiting(player):
        raise FailedError("something waits before anything went wrong")
    await stage.own.fault("before")
    win = stage.win(bet, prize)
    await stage.tell(who, win, "OK")
    await until(lambda: max(stage.own.attempts(player), default=0) > 1, "a second attempt to tell it")
    (call,) = await stage.office.waiting(player)
    if [one.call_id for one in (await stage.explained(who, win)).pending_calls] != [call.call_id]:
        raise FailedError("the explanation does not say what waits")
    if Decimal(call.amount.amount) != prize or not call.last_error or not call.HasField("next_attempt_time"):
        raise FailedError(f"listed is {call}")
    await stage.own.fault("none")
    await stage.settled_at(who, cents(prize) - cents(stake))
    if left := await stage.office.waiting(player):
        raise FailedError(f"still listed is {left}")
    async with asyncio.timeout(30):
        # Notes are written after the answer.
        while not _booked(await stage.explained(who, win)):
            await asyncio.sleep(0.1)


def _booked(told: ExplainTransactionResponse) -> bool:
    """Whether calls that were not answered are told, and last the one that was."""
    *before, last = [OUTCOME_UNSPECIFIED, *(one.outcome for one in told.upstream_attempts)]
    return OUTCOME_UNSPECIFIED in before[1:] and last == OUTCOME_OK and not told.pending_calls


@own_case(
    "J15",
    "what the licensee refuses to book stays owed, is listed, and is booked when a person asks again",
    needs=(Capability.PROMO_WIN,),
)
async def refused_credit(stage: OwnStage) -> None:
    who = await stage.player(player=await stage.office.stranger())
    player, prize = who.launched.player, stage.amount()
    gift = stage.gift(who, ActKind.PROMO, prize)
    await stage.tell(who, gift, "OK")
    async with asyncio.timeout(60):
        while not (listed := await stage.office.waiting(player, stuck_only=True)):
            await asyncio.sleep(0.1)
    if [(call.stuck, Decimal(call.amount.amount)) for call in listed] != [(True, prize)]:
        raise FailedError(f"listed is {listed}")
    await asyncio.to_thread(lambda: stage.own.wallet.control("players", id=player, currency="EUR", cash="0"))
    await stage.office.retry(listed[0])
    await stage.settled_at(who, cents(prize))
