"""Plays the rounds of one player, one after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

from provider_adapters._kit.studio.plan import BetPlan, Mishap, Order, RoundPlan, plan_round
from provider_adapters._kit.studio.ports import Act, ActKind, Habits, Reaction, Seat
from provider_adapters._kit.studio.record import Belief
from provider_adapters._kit.studio.teller import Teller

_ENTER_ATTEMPTS = 10
_ENTER_PAUSE_S = 0.5


@dataclass(slots=True)
class Progress:
    """How far a player is."""

    rounds: int = 0
    bets: int = 0
    accepted: int = 0
    entered: bool = False


class Table:
    """One seat."""

    def __init__(
        self, *, teller: Teller, habits: Habits, seat: Seat, play_id: str, order: Order, several_bets: bool
    ) -> None:
        self._teller = teller
        self._habits = habits
        self._seat = seat
        self._play_id = play_id
        self._order = order
        self._several_bets = several_bets
        self.progress = Progress()

    async def play(self, may_begin: Callable[[], Awaitable[None]]) -> None:
        """Play every round of the order."""
        if not await self._enter():
            return
        self.progress.entered = True
        for number in range(1, self._order.rounds + 1):
            await may_begin()
            plan = plan_round(self._order, self._seat.user, number, several_bets=self._several_bets)
            await self._play_round(plan)
            self.progress.rounds += 1

    async def _enter(self) -> bool:
        for _ in range(_ENTER_ATTEMPTS):
            answer = await self._teller.attempt(Act(kind=ActKind.ENTER, seat=self._seat, game_id=self._seat.game_id))
            if answer.reaction is Reaction.ACCEPTED:
                if answer.token:
                    self._seat = self._teller.record.swap_token(self._seat, answer.token)
                return True
            await asyncio.sleep(_ENTER_PAUSE_S)
        return False

    async def _play_round(self, plan: RoundPlan) -> None:
        round_id = self._teller.name(f"{self._play_id}/{self._seat.user}/{plan.number}")
        live: list[tuple[Act, BetPlan]] = []
        for position, bet in enumerate(plan.bets):
            act = self._act(ActKind.BET, f"{round_id}/bet/{position}", round_id, bet)
            belief = await self._teller.bet(act, bet.mishap, bet.cancel_mishap)
            self.progress.bets += 1
            if belief is Belief.ACCEPTED:
                self.progress.accepted += 1
                live.append((act, bet))
        # From the last answer: two rounds are then never nearer than this on the ledger's clock either.
        rest = asyncio.create_task(asyncio.sleep(self._order.interval_s))
        if live:
            await self._settle(round_id, live, plan.win_mishap)
        await rest

    async def _settle(self, round_id: str, live: list[tuple[Act, BetPlan]], mishap: Mishap) -> None:
        for act in winning_acts(self._habits, self._teller.name, live):
            await self._teller.until_answered(act, mishap)
        if not self._habits.closes_by_flag:
            key = self._teller.name(f"{round_id}/close")
            await self._teller.until_answered(self._bare(ActKind.CLOSE, key, round_id))

    def _act(self, kind: ActKind, name: str, round_id: str, bet: BetPlan) -> Act:
        return Act(
            kind=kind,
            seat=self._seat,
            transaction_key=self._teller.name(name),
            round_id=round_id,
            game_id=self._seat.game_id,
            amount=bet.amount,
        )

    def _bare(self, kind: ActKind, key: str, round_id: str) -> Act:
        return Act(kind=kind, seat=self._seat, transaction_key=key, round_id=round_id, game_id=self._seat.game_id)


def winning_acts(habits: Habits, name: Callable[[str], str], live: list[tuple[Act, BetPlan]]) -> list[Act]:
    """The wins of a round whose live bets are known. The last one closes the round, if the provider does it so."""
    paying = [(act, bet) for act, bet in live if bet.pays] or live[-1:]
    if not habits.wins_name_the_bet:
        total = sum((bet.amount * bet.pays for _, bet in paying), Decimal(0))
        return [win_of(live[0][0], name, amount=total, bet_key="", closes=habits.closes_by_flag)]
    return [
        win_of(
            act,
            name,
            amount=bet.amount * bet.pays,
            bet_key=act.transaction_key,
            closes=habits.closes_by_flag and act is paying[-1][0],
        )
        for act, bet in paying
    ]


def win_of(bet: Act, name: Callable[[str], str], *, amount: Decimal, bet_key: str, closes: bool) -> Act:
    """A win of the round of a bet."""
    return Act(
        kind=ActKind.WIN,
        seat=bet.seat,
        transaction_key=name(f"win/{bet_key or bet.round_id}"),
        bet_key=bet_key,
        round_id=bet.round_id,
        game_id=bet.game_id,
        amount=amount,
        closes=closes,
    )
