"""Named scenarios: short, fixed exchanges with one player, each step checked against what must happen.

They are written in the studio's words, so every dialect has them all. A step is right when the reaction is
one of the expected ones and the balance moved by exactly the expected amount. No answer, or "try again", is
not a verdict where something else is expected: the same message is sent again, a few times.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.studio.line import NoAnswerError, Sender
from provider_adapters._kit.studio.plan import Mishap
from provider_adapters._kit.studio.ports import Act, ActKind, Answer, Habits, Reaction, Seat, Studio
from provider_adapters._kit.studio.record import Belief
from provider_adapters._kit.studio.teller import Teller

YES = frozenset({Reaction.ACCEPTED})
UNDECIDED = frozenset({Reaction.RETRY, Reaction.CANCEL})
"""What a provider does when it does not know what became of its message."""
NO = frozenset({Reaction.REFUSED, Reaction.CANCEL, Reaction.DISPUTE})
PAUSES_S = (0.2, 0.4, 0.8, 1.6, 3.2)
"""Before each repetition of what is undecided: together longer than a breaker stays open."""
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One message of a scenario."""

    title: str
    reaction: str
    code: str
    passed: bool
    moved: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the control API."""
        return dataclasses.asdict(self)


@dataclass(slots=True)
class Scene:
    """One scenario under way."""

    studio: Studio
    teller: Teller
    line: Sender
    seat: Seat
    name: str
    stake: Decimal
    steps: list[Step] = field(default_factory=list)

    @property
    def habits(self) -> Habits:
        """The provider's."""
        return self.studio.habits

    @property
    def refused(self) -> frozenset[Reaction]:
        """How the provider takes a refusal."""
        return NO | {Reaction.RETRY} if self.habits.refusals_look_alike else NO

    def bet(self, which: str = "b1", *, amount: Decimal | None = None, round_name: str = "r1") -> Act:
        """A bet of this scenario."""
        stake = self.stake if amount is None else amount
        return self._act(ActKind.BET, which, round_name, amount=stake)

    def win(self, bet: Act, amount: Decimal, which: str = "w1", *, closes: bool = True) -> Act:
        """A win of the bet, or of its round."""
        bet_key = bet.transaction_key if self.habits.wins_name_the_bet else ""
        closes = closes and self.habits.closes_by_flag
        act = self._act(ActKind.WIN, which, "", amount=amount)
        return dataclasses.replace(act, round_id=bet.round_id, bet_key=bet_key, closes=closes)

    def _act(self, kind: ActKind, which: str, round_name: str, *, amount: Decimal) -> Act:
        name = self.teller.name
        return Act(
            kind=kind,
            seat=self.seat,
            transaction_key=name(f"{self.name}/{which}"),
            round_id=name(f"{self.name}/{round_name}"),
            game_id=self.seat.game_id,
            amount=amount,
            sent_at_ms=1_767_225_600_000,
        )

    async def balance(self) -> Decimal:
        """What the player has now."""
        answer = await self._answer(Act(kind=ActKind.BALANCE, seat=self.seat, game_id=self.seat.game_id), YES)
        if answer.balance is None:
            message = f"no balance: {answer.code}"
            raise NoAnswerError(message)
        return answer.balance

    async def expect(
        self,
        title: str,
        act: Act,
        wanted: frozenset[Reaction],
        moved: Decimal = _ZERO,
        mishap: Mishap = Mishap.NONE,
        *,
        recorded: bool = True,
    ) -> None:
        """Send once, and check reaction and balance."""
        before = await self.balance()
        if recorded:
            self.teller.record.intend(act)
        answer = await self._answer(act, wanted, mishap)
        if recorded and answer.reaction in YES:
            self.teller.record.believe(act, Belief.ACCEPTED, answer.code, attempts=1)
        elif recorded and self._is_refused(answer.reaction, wanted) and self.teller.record.belief(act) is Belief.SENT:
            self.teller.record.believe(act, Belief.REFUSED, answer.code, attempts=1)
        difference = await self.balance() - before
        self.note(title, answer.reaction, answer.code, answer.reaction in wanted and difference == moved, difference)

    async def _answer(self, act: Act, wanted: frozenset[Reaction], mishap: Mishap = Mishap.NONE) -> Answer:
        answer = await self.teller.attempt(act, mishap)
        for pause in PAUSES_S:
            if answer.reaction in wanted or answer.reaction not in UNDECIDED:
                break
            await asyncio.sleep(pause)
            answer = await self.teller.attempt(act)
        return answer

    def _is_refused(self, reaction: Reaction, wanted: frozenset[Reaction]) -> bool:
        return reaction in NO or (wanted == self.refused and reaction in wanted)

    async def cancelled(self, title: str, bet: Act, wanted: frozenset[Reaction], moved: Decimal) -> None:
        """Send the bet's cancel, and write down that the bet is cancelled if it is."""
        await self.expect(title, self.teller.cancel_of(bet), wanted, moved)
        if self.steps[-1].reaction == Reaction.ACCEPTED:
            self.teller.record.intend(bet)
            self.teller.record.believe(bet, Belief.CANCELLED, "cancelled")

    def note(self, title: str, reaction: str, code: str, passed: bool, moved: Decimal = _ZERO) -> None:  # noqa: FBT001
        """Keep a step."""
        self.steps.append(Step(title=title, reaction=reaction, code=code, passed=passed, moved=format(moved, "f")))


async def win(scene: Scene) -> None:
    """A bet and its win."""
    bet = scene.bet()
    await scene.expect("bet", bet, YES, -scene.stake)
    await scene.expect("win", scene.win(bet, 3 * scene.stake), YES, 3 * scene.stake)


async def lose(scene: Scene) -> None:
    """A bet and a win of nothing."""
    bet = scene.bet()
    await scene.expect("bet", bet, YES, -scene.stake)
    await scene.expect("win of nothing", scene.win(bet, _ZERO), YES)


async def zero_bet(scene: Scene) -> None:
    """A stake of nothing is recorded and moves nothing."""
    bet = scene.bet(amount=_ZERO)
    await scene.expect("bet of nothing", bet, YES)
    await scene.expect("win", scene.win(bet, scene.stake), YES, scene.stake)


async def duplicate_bet(scene: Scene) -> None:
    """The same bet three times takes one stake."""
    bet = scene.bet()
    await scene.expect("bet", bet, YES, -scene.stake)
    await scene.expect("same bet", bet, YES)
    await scene.expect("same bet once more", bet, YES)
    await scene.expect("win", scene.win(bet, _ZERO), YES)


async def duplicate_win(scene: Scene) -> None:
    """The same win twice pays once."""
    bet = scene.bet()
    await scene.expect("bet", bet, YES, -scene.stake)
    won = scene.win(bet, 2 * scene.stake)
    await scene.expect("win", won, YES, 2 * scene.stake)
    await scene.expect("same win", won, YES)


async def changed_bet(scene: Scene) -> None:
    """The key of a bet with another amount is refused and moves nothing."""
    bet = scene.bet()
    await scene.expect("bet", bet, YES, -scene.stake)
    changed = dataclasses.replace(bet, amount=2 * scene.stake)
    # The provider would now cancel a transaction that it knows to be good: it does not, and asks people.
    await scene.expect("same key, other amount", changed, scene.refused, recorded=False)
    await scene.expect("win", scene.win(bet, _ZERO), YES)


async def changed_win(scene: Scene) -> None:
    """The key of a win with another amount is refused and pays nothing."""
    bet = scene.bet()
    await scene.expect("bet", bet, YES, -scene.stake)
    won = scene.win(bet, scene.stake)
    await scene.expect("win", won, YES, scene.stake)
    changed = dataclasses.replace(won, amount=5 * scene.stake)
    await scene.expect("same key, other amount", changed, scene.refused, recorded=False)


async def bet_reply_lost(scene: Scene) -> None:
    """The answer to a bet is lost after the commit: the provider cancels, and the stake comes back."""
    bet = scene.bet()
    before = await scene.balance()
    scene.teller.record.intend(bet)
    answer = await scene.teller.attempt(bet, Mishap.LOST_REPLY)
    taken = before - await scene.balance()
    scene.note("bet, answer lost", answer.reaction, answer.code, taken == scene.stake, -taken)
    await scene.cancelled("cancel", bet, YES, scene.stake)
    await scene.cancelled("cancel again", bet, YES, _ZERO)


async def win_reply_lost(scene: Scene) -> None:
    """The answer to a win is lost after the commit: the win comes again and is paid once."""
    bet = scene.bet()
    await scene.expect("bet", bet, YES, -scene.stake)
    won = scene.win(bet, 2 * scene.stake)
    await scene.expect("win, answer lost", won, frozenset({Reaction.RETRY}), 2 * scene.stake, Mishap.LOST_REPLY)
    await scene.expect("same win", won, YES)


async def cancel_before_bet(scene: Scene) -> None:
    """A cancel that overtakes its bet is remembered: the bet takes nothing."""
    bet = scene.bet()
    await scene.cancelled("cancel of an unknown bet", bet, YES, _ZERO)
    late = YES if scene.habits.late_bet_accepted else scene.refused
    await scene.expect("the bet, too late", bet, late, recorded=False)
    await scene.cancelled("cancel again", bet, YES, _ZERO)


async def cancel_after_win(scene: Scene) -> None:
    """A settled bet is not cancelled."""
    bet = scene.bet()
    await scene.expect("bet", bet, YES, -scene.stake)
    await scene.expect("win", scene.win(bet, scene.stake), YES, scene.stake)
    await scene.expect("cancel", scene.teller.cancel_of(bet), scene.refused)


async def win_after_cancel(scene: Scene) -> None:
    """A cancelled bet wins nothing."""
    bet = scene.bet()
    await scene.expect("bet", bet, YES, -scene.stake)
    await scene.cancelled("cancel", bet, YES, scene.stake)
    await scene.expect("win", scene.win(bet, 2 * scene.stake), scene.refused)


async def win_without_bet(scene: Scene) -> None:
    """A win of a bet that was never made is refused, or paid where the provider's rules want it."""
    paid = scene.habits.win_without_bet_paid
    wanted, moved = (YES, scene.stake) if paid else (scene.refused, _ZERO)
    await scene.expect("win of an unknown bet", scene.win(scene.bet(), scene.stake), wanted, moved, recorded=paid)


async def two_bets(scene: Scene) -> None:
    """One of two bets of a round is cancelled, the other one wins."""
    first, second = scene.bet("b1"), scene.bet("b2", amount=2 * scene.stake)
    await scene.expect("first bet", first, YES, -scene.stake)
    await scene.expect("second bet", second, YES, -2 * scene.stake)
    await scene.cancelled("cancel of the first", first, YES, scene.stake)
    await scene.expect("win of the second", scene.win(second, 5 * scene.stake), YES, 5 * scene.stake)


async def whole_balance(scene: Scene) -> None:
    """A bet of everything is taken, and its retry gets the first answer."""
    everything = await scene.balance()
    bet = scene.bet(amount=everything)
    await scene.expect("bet of everything", bet, YES, -everything)
    await scene.expect("same bet", bet, YES)
    await scene.expect("win", scene.win(bet, everything), YES, everything)


async def too_much(scene: Scene) -> None:
    """A bet above the balance is refused, and stays refused."""
    bet = scene.bet(amount=await scene.balance() + scene.stake)
    await scene.expect("bet above the balance", bet, NO)
    await scene.expect("same bet", bet, NO)


async def bad_signature(scene: Scene) -> None:
    """A message with a wrong signature changes nothing and is answered in the provider's words."""
    bet = scene.bet()
    before = await scene.balance()
    reply: HttpReply = await scene.line.send(scene.studio.spoil(scene.studio.write(bet)))
    moved = await scene.balance() - before
    scene.note("wrong signature", "refused", "", scene.studio.signature_refused(reply) and not moved, moved)


SCENARIOS: Mapping[str, Callable[[Scene], Awaitable[None]]] = {
    scenario.__name__: scenario
    for scenario in (
        win,
        lose,
        zero_bet,
        duplicate_bet,
        duplicate_win,
        changed_bet,
        changed_win,
        bet_reply_lost,
        win_reply_lost,
        cancel_before_bet,
        cancel_after_win,
        win_after_cancel,
        win_without_bet,
        two_bets,
        whole_balance,
        too_much,
        bad_signature,
    )
}


async def run(scene: Scene, scenario: str) -> dict[str, Any]:
    """Run one scenario and tell what happened."""
    try:
        await SCENARIOS[scenario](scene)
    except NoAnswerError as error:
        scene.note("stopped", "", str(error), passed=False)
    passed = bool(scene.steps) and all(step.passed for step in scene.steps)
    return {"scenario": scenario, "passed": passed, "steps": [step.as_json() for step in scene.steps]}
