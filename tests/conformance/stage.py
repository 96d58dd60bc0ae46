"""One case, under way with one provider: says things over the wire, and checks wire, ledger and balances after each.

Every message is remembered. At the end all of them are said once more: the answers must be the same, and nothing
may move.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from mesh.channels import call_metadata
from pitboss.session.v1 import session_service_pb2
from pitboss.session.v1.session_service_pb2 import DEVICE_UNSPECIFIED, Device
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import action_pb2, history_service_pb2, ledger_service_pb2, registry_service_pb2
from pitboss.wallet.v1.registry_service_pb2 import GameCategory
from pitboss.wallet.v1.transaction_pb2 import Entry, Transaction, TransactionKind, TransactionState
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.gifts import begun
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Adapter, Problem
from provider_adapters._kit.runner import create_adapter
from provider_adapters._kit.studio.ports import Act, ActKind, Answer, Reaction, Seat
from provider_adapters._kit.studio.scenarios import PAUSES_S, UNDECIDED
from tests.conformance.audited import Trail
from tests.conformance.comparing import differences
from tests.conformance.in_process import adapter_parts
from tests.conformance.office import CountingOffice
from tests.conformance.provider import Provider
from tests.integration.provider_adapters.office import Launched
from tests.integration.provider_adapters.patience import WAITS_MS

KINDS: Mapping[ActKind, TransactionKind.ValueType] = {
    ActKind.BET: TransactionKind.TRANSACTION_KIND_BET,
    ActKind.WIN: TransactionKind.TRANSACTION_KIND_WIN,
    ActKind.CANCEL: TransactionKind.TRANSACTION_KIND_CANCEL,
    ActKind.TIP: TransactionKind.TRANSACTION_KIND_TIP,
    ActKind.PROMO: TransactionKind.TRANSACTION_KIND_PROMO,
    ActKind.TOURNAMENT: TransactionKind.TRANSACTION_KIND_TOURNAMENT,
    ActKind.JACKPOT: TransactionKind.TRANSACTION_KIND_JACKPOT,
    ActKind.FREE_BET: TransactionKind.TRANSACTION_KIND_FREE_ROUND_SPIN,
    ActKind.FREE_SPIN: TransactionKind.TRANSACTION_KIND_FREE_ROUND_SPIN,
    ActKind.FREE_TOTAL: TransactionKind.TRANSACTION_KIND_FREE_ROUND_TOTAL,
    ActKind.ROLLBACK: TransactionKind.TRANSACTION_KIND_ROLLBACK_LIST,
    ActKind.ADJUST: TransactionKind.TRANSACTION_KIND_ADJUST,
}
SIGNS: Mapping[ActKind, int] = {
    ActKind.BET: -1,
    ActKind.TIP: -1,
    ActKind.WIN: 1,
    ActKind.PROMO: 1,
    ActKind.TOURNAMENT: 1,
    ActKind.JACKPOT: 1,
    ActKind.ADJUST: 1,
}
NEVER_STORED = frozenset({
    "SESSION_INVALID",
    "PLAYER_NOT_FOUND",
    "IDEMPOTENCY_CONFLICT",
    "REQUEST_INVALID",
    "UNAVAILABLE",
    "UNKNOWN",
})  # fmt: skip
START = Decimal("100.00")
_ASKED = 100


class FailedError(Exception):
    """The case failed. The text says what was expected and what came."""


class SkippedError(Exception):
    """The dialect has no way to say this. The text says what is missing."""


@dataclass(slots=True)
class Player:
    """A player in a game, and what the case has done to the balance."""

    launched: Launched
    seat: Seat
    moved: Decimal = Decimal(0)


class Stage:
    """What a case is played on."""

    def __init__(self, office: CountingOffice, provider: Provider, *, dice: random.Random, prefix: str) -> None:
        self.office = office
        self.provider = provider
        self.studio = provider.studio
        self.habits = provider.studio.habits
        self.random = dice
        self.moments: dict[str, dt.datetime] = {}
        """Moments that the case has chosen, by name."""
        self.trail = Trail(office.licensee)
        """What the audit log must have of the case."""
        self.undecided = 0
        """Answers that were no verdict."""
        self._prefix = prefix
        self._said: list[tuple[Act, Answer]] = []
        self._players: list[Player] = []
        self._beside: list[Stage] = []

    # -- who and what

    def beside(self, provider: Provider) -> Stage:
        """Another provider on the same ledger. What is said there is repeated and counted with what is said here."""
        made = Stage(self.office, provider, dice=self.random, prefix=f"{self._prefix}/{provider.name}")
        self._beside.append(made)
        return made

    async def player(
        self, *, money: str = "", game_id: str = "", player: str = "", device: Device.ValueType = DEVICE_UNSPECIFIED
    ) -> Player:
        """A player in a game of this provider, with 100.00 or as much as is said."""
        player = player or await self.office.player(money=money or str(START))
        game = game_id or self.provider.game_id
        launched = await self.office.launch(self.provider.name, game, player, device=device)
        seat = Seat(
            launch_id=self.id("seat"),
            user=launched.user,
            token=launched.token,
            currency_code="EUR",
            game_id=game_id or self.provider.game_id,
        )
        made = Player(launched, seat)
        self._players.append(made)
        return made

    async def demo(self, player: str, name: str) -> str:
        """The address of a game for play money, under a key of this name."""
        request = session_service_pb2.CreateDemoSessionRequest(
            client_key=self.id(f"demo/{name}"),
            player_id=player,
            provider=self.provider.name,
            game_id=self.provider.game_id,
            currency_code="EUR",
            country="DE",
        )
        return str(
            (await self.office.sessions.CreateDemoSession(request, timeout=30, metadata=self._tenant)).launch_url
        )

    async def token_of(self, who: Player) -> str:
        """The token of the player's newest session of money at this provider."""
        return await self.office.token(self.provider.name, who.launched.player)

    def id(self, name: str) -> str:
        """An id that is the same for the same seed and run, and no other case has."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._prefix}/{name}"))

    def amount(self) -> Decimal:
        """An amount of the seed's choice, with two decimals."""
        return Decimal(self.random.randint(101, 399)).scaleb(-2)

    def bet(self, who: Player, amount: Decimal, name: str = "b1", *, round_name: str = "r1") -> Act:
        """A bet."""
        return Act(
            kind=ActKind.BET,
            seat=who.seat,
            transaction_key=self.id(name),
            round_id=self.id(round_name),
            game_id=who.seat.game_id,
            amount=amount,
            sent_at_ms=1_767_225_600_000,
        )

    def win(self, bet: Act, amount: Decimal, name: str = "w1", *, closes: bool = False) -> Act:
        """A win of the bet, or of its round where the dialect names no bet."""
        bet_key = bet.transaction_key if self.habits.wins_name_the_bet else ""
        return replace(
            bet, kind=ActKind.WIN, transaction_key=self.id(name), bet_key=bet_key, amount=amount, closes=closes
        )

    def cancel(self, bet: Act) -> Act:
        """The message that undoes the bet."""
        shared = self.habits.cancel_shares_key
        key = bet.transaction_key if shared else self.id(f"cancel/{bet.transaction_key}")
        return replace(bet, kind=ActKind.CANCEL, transaction_key=key, bet_key=bet.transaction_key, closes=False)

    def adjustment(self, bet: Act, amount: Decimal, name: str = "a1") -> Act:
        """A correction of the round of a bet, by an amount that may be below zero."""
        return replace(bet, kind=ActKind.ADJUST, transaction_key=self.id(name), bet_key="", amount=amount, closes=False)

    def gift(self, who: Player, kind: ActKind, amount: Decimal, name: str = "g1", *, grant: str = "") -> Act:
        """A tip, or a credit that no bet stands behind."""
        made = replace(self.bet(who, amount, name), kind=kind)
        return replace(made, grant_id=self.id(f"grant/{grant}")) if grant else made

    def rollback(self, *acts: Act) -> Act:
        """The message that undoes exactly these."""
        return replace(acts[0], kind=ActKind.ROLLBACK, transaction_key=self.id("rollback"), undoes=acts, amount=None)

    def must_say(self, act: Act, other: Act, what: str) -> None:
        """SkippedError when the dialect writes both messages alike: it cannot say the difference."""
        one, two = self.studio.write(act), self.studio.write(other)
        if (one.path, one.query, one.body) == (two.path, two.query, two.body):
            raise SkippedError(f"the dialect says no {what}")

    # -- saying and checking

    async def say(
        self,
        who: Player,
        act: Act,
        *outcomes: str,
        moved: Decimal | int = 0,
        stored: str | None = "",
    ) -> Answer:
        """Send, and check the wire answer, what the ledger stored, and that exactly `moved` moved.

        `stored` is the outcome under the key in the ledger afterwards; by default the one that was answered,
        and None when there is nothing under the key.
        """
        before = await self.cash(who)
        answer = await self.decided(act, *[self.provider.code(act.kind, outcome) for outcome in outcomes])
        self._said.append((act, answer))
        if answer.token:
            who.seat = replace(who.seat, token=answer.token)
        outcome = self._outcome_of(act, answer, outcomes)
        if stored == "":
            stored = None if outcome in NEVER_STORED else outcome
        await self._check_stored(who, act, stored)
        difference = await self.cash(who) - before
        who.moved += difference
        if difference != Decimal(moved):
            raise FailedError(f"{act.kind}: the balance moved by {difference} instead of {moved}")
        return answer

    async def send(self, act: Act) -> Answer:
        """Send and read, and check nothing."""
        return self.studio.read(act, await self.post(self.studio.write(act)))

    async def decided(self, act: Act, *fine: str, by: Callable[[Act], Awaitable[Answer]] | None = None) -> Answer:
        """Send until there is a verdict, or one of these codes: "try again" of a busy machine is none, for nobody.

        How often it was said stands in the case's verdict.
        """
        send = by or self.send
        answer = await send(act)
        for pause_s in PAUSES_S:
            if answer.reaction not in UNDECIDED or answer.code in fine:
                break
            self.undecided += 1
            await asyncio.sleep(pause_s)
            answer = await send(act)
        return answer

    def second_adapter(self) -> Adapter:
        """Another process of the provider's adapter, as good as: it shares no memory with the one that listens."""
        provider = self.provider
        return create_adapter(adapter_parts(self.office, provider.name, provider.while_changing))

    async def send_by(self, adapter: Adapter, act: Act) -> Answer:
        """Send to this adapter, and check nothing."""
        return self.studio.read(act, await self.post_to(adapter, self.studio.write(act)))

    async def post_to(self, adapter: Adapter, request: HttpRequest) -> HttpReply:
        """Send bytes to this adapter as they are."""
        heard = replace(request, headers={name.lower(): value for name, value in request.headers.items()})
        return await adapter.callback(heard, Budget.of(self.provider.manifest.agreed(WAITS_MS).budget_s))

    async def post(self, request: HttpRequest) -> HttpReply:
        """Send bytes to the adapter as they are."""
        url = self.provider.callback_url + request.path
        if request.query:
            url += f"?{request.query.decode('latin-1')}"
        reply = await self.office.http.request(request.method, url, content=request.body, headers=dict(request.headers))
        return HttpReply(status=reply.status_code, body=reply.content)

    def _outcome_of(self, act: Act, answer: Answer, outcomes: Sequence[str]) -> str:
        for outcome in outcomes:
            if answer.code == self.provider.code(act.kind, outcome):
                return outcome
        expected = " or ".join(f"{self.provider.code(act.kind, outcome)} ({outcome})" for outcome in outcomes)
        raise FailedError(f"{act.kind}: {answer.code} was answered instead of {expected}")

    async def refused(self, who: Player, act: Act, problem: Problem) -> None:
        """Send what must be refused before the ledger is asked."""
        reply = await self.post(self.studio.write(act))
        await self.untouched(who, act, reply, problem)

    async def untouched(self, who: Player, act: Act, reply: HttpReply, *problems: Problem) -> None:
        """Check that a reply says the problem in the provider's words, and that nothing was stored and nothing moved."""
        answer = self.studio.read(act, reply)
        said = {self.provider.problem_code(problem) for problem in problems}
        if answer.reaction is Reaction.ACCEPTED or (answer.code not in said and reply.status < 400):
            raise FailedError(f"{answer.code} was answered instead of {' or '.join(sorted(said))}")
        await self._check_stored(who, act, None)
        await self.settled(who)

    async def settled(self, who: Player) -> None:
        """The balance is what the case has made of it."""
        start = self._deposited(who)
        found = await self.cash(who)
        if found != start + who.moved:
            raise FailedError(f"the balance is {found} instead of {start + who.moved}")

    def _deposited(self, who: Player) -> Decimal:
        return Decimal(self.office.deposits[who.launched.player])

    async def _check_stored(self, who: Player, act: Act, outcome: str | None) -> None:
        if act.kind not in KINDS:
            return
        stored = await self.transaction(who, act)
        if outcome is None:
            if stored.state != TransactionState.TRANSACTION_STATE_UNKNOWN:
                raise FailedError(f"{act.kind}: the ledger stored {Outcome.Name(stored.outcome)} instead of nothing")
        elif stored.outcome != Outcome.Value(f"OUTCOME_{outcome}"):
            raise FailedError(f"{act.kind}: the ledger stored {Outcome.Name(stored.outcome)} instead of {outcome}")

    async def transaction(self, who: Player, act: Act) -> Transaction:
        """What the ledger has under the key of a message."""
        return await self._stored(who, KINDS[act.kind], self._key(act))

    def _key(self, act: Act) -> str:
        shares = act.kind is ActKind.FREE_BET and self.habits.free_bets_share_ids
        return begun(act.transaction_key) if shares else act.transaction_key

    async def _stored(self, who: Player, kind: TransactionKind.ValueType, key: str) -> Transaction:
        request = ledger_service_pb2.GetTransactionRequest(
            player_id=who.launched.player,
            kind=kind,
            transaction_key=key,
            source=self.provider.name,
        )
        reply = await self.office.ledger.GetTransaction(
            request, timeout=10, metadata=call_metadata(licensee=self.office.licensee)
        )
        return reply.transaction

    async def round_state(self, who: Player, act: Act) -> int:
        """State of the round of a message, under the name that the ledger has for it."""
        stored = await self.transaction(who, act)
        return await self.office.round_state(who.launched.player, self.provider.name, stored.round_id)

    async def cash(self, who: Player) -> Decimal:
        """What the ledger says the player has."""
        return Decimal(await self.office.balance(who.launched.player))

    # -- what stands in the books

    async def statement(self, who: Player) -> list[history_service_pb2.StatementLine]:
        """The lines of the player's statement, page by page."""
        lines: list[history_service_pb2.StatementLine] = []
        request = history_service_pb2.ListStatementLinesRequest(
            player_id=who.launched.player, currency_code="EUR", page_size=5
        )
        while True:
            page = await self.office.history.ListStatementLines(request, timeout=10, metadata=self._tenant)
            lines += page.lines
            if not page.more:
                return lines
            request.after_cursor = page.next_cursor

    async def stream(self, who: Player, first_id: str, last_id: str) -> list[Entry]:
        """What this provider moved for the player, by the stream of the log, between two transactions."""
        (shard, first), (_, last) = [map(int, one.split("-")) for one in (first_id, last_id)]
        request = ledger_service_pb2.ReadFeedRequest(shard=shard, after_sequence=first - 1)
        found: list[Entry] = []
        async for page in self.office.ledger.ReadFeed(request, timeout=30, metadata=call_metadata()):
            found += [one for one in page.entries if one.sequence <= last and self._moved(who, one)]
            if page.position >= last:
                break
        return found

    def _moved(self, who: Player, entry: Entry) -> bool:
        told = entry.transaction
        is_ours = (told.player_id, told.source) == (who.launched.player, self.provider.name)
        return is_ours and Decimal(entry.moved.amount or "0") != 0

    async def differences(
        self, lines: Sequence[history_service_pb2.ComparedLine], around: Sequence[history_service_pb2.ComparedLine] = ()
    ) -> set[tuple[str, str]]:
        """Upload a list as the provider's own, and return the key and the kind of each difference for these players.

        Compared is the time in which the ledger recorded `around`, by default the lines themselves. Other cases may
        speak as this provider in that time: what the ledger has of their players is no difference of this list.
        """
        acts = {(KINDS[act.kind], act.transaction_key) for act, _ in self._said if act.kind in KINDS}
        who = self._players[0]
        times = [
            (await self._stored(who, line.kind, line.transaction_key)).record_time
            for line in around or lines
            if (line.kind, line.transaction_key) in acts
        ]
        scope = history_service_pb2.ComparedScope(source=self.provider.name, currency_code="EUR")
        scope.start_time.CopyFrom(min(times, key=lambda one: one.ToMicroseconds()))
        scope.end_time.FromMicroseconds(max(one.ToMicroseconds() for one in times) + 1)
        ours = {player.launched.player for player in self._players}
        return await differences(self.office.history, self.office.licensee, scope, lines, ours)

    async def attempts(self, who: Player, act: Act) -> list[tuple[str, bool]]:
        """Outcome of each call with the key of a message, and whether it was a replay."""
        told = await self.explained(who, act)
        if any(one.proof != history_service_pb2.ATTEMPT_PROOF_SIGNATURE for one in told.attempts):
            raise FailedError(f"{act.kind}: a call of a provider is not told as signed")
        return [(Outcome.Name(one.outcome), one.replayed) for one in told.attempts]

    async def unbelieved(self, who: Player, act: Act) -> list[str]:
        """What was wrong with each message that names the key of this one and was not believed."""
        return [one.event for one in (await self.explained(who, act)).refused_messages]

    async def explained(self, who: Player, act: Act) -> history_service_pb2.ExplainTransactionResponse:
        """What the ledger tells a person who asks about a message."""
        request = history_service_pb2.ExplainTransactionRequest(
            player_id=who.launched.player,
            kind=KINDS[act.kind],
            transaction_key=act.transaction_key,
            source=self.provider.name,
        )
        told: history_service_pb2.ExplainTransactionResponse = await self.office.history.ExplainTransaction(
            request, timeout=10, metadata=self._tenant
        )
        return told

    async def propose(self, who: Player, act: Act, amount: Decimal, *, by: str) -> tuple[str, str]:
        """Propose a correction of a message. The key of the proposal, and its hash."""
        adjust = action_pb2.Adjust(
            ref_kind=KINDS[act.kind],
            ref_key=act.transaction_key,
            ref_source=self.provider.name,
            amount=Money(currency_code="EUR", amount=str(amount)),
        )
        key = self.id("proposal")
        proposal = action_pb2.ProposeAdjustment(adjustment=adjust, proposed_by=by)
        result = await self.office.execute(who.launched.player, key, "cashier", propose_adjustment=proposal)
        return key, result.payload_hash

    async def approve(self, who: Player, proposal: str, payload_hash: str, *, by: str) -> str:
        """Approve a correction, as this person. The outcome."""
        approval = action_pb2.ApproveAdjustment(proposal_key=proposal, payload_hash=payload_hash, approved_by=by)
        key = self.id(f"approval/{by}/{payload_hash}")
        result = await self.office.execute(who.launched.player, key, "cashier", approve_adjustment=approval)
        return Outcome.Name(result.outcome).removeprefix("OUTCOME_")

    def booked_outside(self, who: Player, amount: Decimal) -> None:
        """Money that moved without a message of the provider."""
        who.moved += amount
        self.office.extras[who.launched.player] = str(amount)

    @property
    def _tenant(self) -> Any:
        return call_metadata(licensee=self.office.licensee)

    # -- what happens around the wire

    async def close_session(self, who: Player) -> None:
        """End the player's session."""
        request = session_service_pb2.CloseSessionRequest(session_id=who.launched.session_id)
        await self.office.sessions.CloseSession(
            request, timeout=10, metadata=call_metadata(licensee=self.office.licensee)
        )

    async def block(self, who: Player) -> None:
        """Block the player's stakes."""
        await self._do(who, "block", set_block=action_pb2.SetBlock(blocked=True))

    async def close_round(self, who: Player, bet: Act) -> None:
        """End a round as the provider does it: with its last win, or with a message of its own."""
        await self.say(who, self.closing(who, bet), "OK")

    def closing(self, who: Player, bet: Act) -> Act:
        """The message that ends the round of a bet and pays nothing."""
        if self.habits.closes_by_flag:
            return self.win(bet, Decimal("0.00"), f"close/{bet.round_id}", closes=True)
        return Act(kind=ActKind.CLOSE, seat=who.seat, round_id=bet.round_id, game_id=bet.game_id)

    @contextlib.asynccontextmanager
    async def game_off(self, who: Player) -> AsyncIterator[None]:
        """The player's game takes no stakes of this licensee, until the end."""
        try:
            await self._switch(who, "off", "GAME_NOT_AVAILABLE", enabled=False)
            yield
        finally:
            await self._switch(who, "on", "OK", enabled=True)

    async def _switch(self, who: Player, name: str, outcome: str, *, enabled: bool) -> None:
        """Tell the ledger, and ask with stakes of nothing until its processes have heard it."""
        game = next(one for one in self.studio.games if one.game_id == who.seat.game_id)
        category = GameCategory.Value(f"GAME_CATEGORY_{game.category.upper()}")
        told = registry_service_pb2.Game(game_id=game.game_id, category=category, enabled=enabled)
        await self.office.registry.PutGames(
            registry_service_pb2.PutGamesRequest(
                licensee_id=self.office.licensee, provider=self.provider.name, games=[told]
            ),
            timeout=10,
            metadata=call_metadata(),
        )
        wanted = Outcome.Value(f"OUTCOME_{outcome}")
        for number in range(_ASKED):
            probe = self.bet(who, Decimal("0.00"), f"{name}{number}", round_name=f"{name}{number}")
            await self.send(probe)
            if (await self.transaction(who, probe)).outcome == wanted:
                return
            await asyncio.sleep(0.1)
        raise FailedError(f"the ledger never answered {outcome} for the game")

    async def limit_stakes(self, who: Player, amount: str) -> None:
        """Limit the player's single stake."""
        limit = action_pb2.SetLimit(
            limit_kind=action_pb2.LIMIT_KIND_STAKE, amount=Money(currency_code="EUR", amount=amount)
        )
        await self._do(who, "limit", set_limit=limit)

    async def deposit(self, who: Player, amount: str) -> None:
        """More money from outside."""
        deposit = action_pb2.Deposit(amount=Money(currency_code="EUR", amount=amount))
        await self._do(who, "more", "cashier", deposit=deposit)
        who.moved += Decimal(amount)

    async def _do(self, who: Player, name: str, source: str = "", **action: Any) -> None:
        result = await self.office.execute(who.launched.player, self.id(name), source, **action)
        if result.outcome != Outcome.OUTCOME_OK:
            raise FailedError(f"{name}: the ledger answered {Outcome.Name(result.outcome)}")

    # -- the end

    async def once_more(self) -> None:
        """Everything again, in the same order: the same answers, and nothing moves."""
        before = [await self.cash(who) for who in self._players]
        for at, act, first in [(stage, *said) for stage in (self, *self._beside) for said in stage._said]:
            again = await at.decided(act, first.code)
            if again.code != first.code:
                raise FailedError(f"second run: {act.kind} was answered {again.code} instead of {first.code}")
        if [await self.cash(who) for who in self._players] != before:
            raise FailedError("second run: a balance moved")
        await self._books()

    async def _books(self) -> None:
        """Each balance is the deposits and the postings of what was said, and the wire shows it."""
        for who in self._players:
            outside = self._deposited(who) + Decimal(self.office.extras[who.launched.player])
            expected = outside + sum([await stage._posted(who, self.trail) for stage in (self, *self._beside)])
            if expected != await self.cash(who):
                raise FailedError(f"books: {expected} was posted, and the balance is {await self.cash(who)}")

    async def _posted(self, who: Player, trail: Trail) -> Decimal:
        keys = {(act.kind, act.transaction_key): act for act, _ in self._said if act.kind in KINDS}
        total = Decimal(0)
        for act in keys.values():
            stored = await self.transaction(who, act)
            trail.note(who.launched.player, KINDS[act.kind], self._key(act), stored)
            if stored.state != TransactionState.TRANSACTION_STATE_APPLIED or stored.rolled_back:
                continue
            sign = 1 if act.kind is self.provider.paying_spin else SIGNS.get(act.kind, 0)
            total += sign * Decimal(stored.amount.amount or "0")
        return total
