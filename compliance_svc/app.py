"""One use case per RPC, in the order of the contracts; and the reading of the feed."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc.aio

from compliance_svc import domain
from compliance_svc.comparing import Difference
from compliance_svc.domain import ProtectionView, StoredDecision
from compliance_svc.errors import DecisionNotFoundError, KeyConflictError, PackNotFoundError, PlayerNotFoundError
from compliance_svc.kernel import (
    Code,
    Decision,
    DemoPlay,
    Facts,
    Pack,
    Player,
    Protection,
    born_on,
    decide,
    decide_again,
)
from compliance_svc.kernel.explaining import Line, for_player, for_staff
from compliance_svc.ports import ActivityFiles, Decisions, Law, Ledger, LimitFiles, Register
from mesh import logs
from mesh.clock import Clock
from mesh.errors import MeshError, RequestInvalidError
from pitboss.type.v1 import decision_pb2, outcome_pb2
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, protection_pb2, transaction_pb2

log = logs.get(__name__)

_PAUSE_S = 0.2

Beside = Callable[[Sequence[StoredDecision]], Awaitable[Sequence[Difference]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What the ledger said of a session."""

    result: action_pb2.Result
    counted: bool
    """An activity file may count it, whatever the ledger said."""


class PlayerProtection:
    """Limits, exclusions and breaks: committed in the ledger, decided there by the kernel."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        register: Register | None = None,
        limit_files: LimitFiles | None = None,
        activity_files: ActivityFiles | None = None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._register = register
        self._limit_files = limit_files
        self._activity_files = activity_files

    async def evaluate(self, licensee: str, action: action_pb2.Action) -> decision_pb2.Decision:
        """Decide without doing. An action that the law is not asked about is allowed by it."""
        result = await self._ledger.evaluate(licensee, action)
        _check(result, action)
        return (
            result.decision
            if result.HasField("decision")
            else decision_pb2.Decision(verdict=decision_pb2.VERDICT_ALLOW)
        )

    async def check_entry(self, licensee: str, action: action_pb2.Action) -> decision_pb2.Decision:
        """Record whether a player may log in, or be written to. At a login the register is asked, if we ask it."""
        if self._register is not None and action.enter.purpose == protection_pb2.ENTRY_PURPOSE_LOGIN:
            answer = await self._register.check(licensee, action.player_id)
            action.enter.answers.exclusion_register = answer
        return await self.change(licensee, action)

    async def open_play(self, licensee: str, action: action_pb2.Action) -> Opened:
        """Open a session in the ledger, if the law agrees. A refusal is an answer."""
        if self._register is not None:
            # Ours is the answer that counts, whatever the caller says that the register said.
            answer = await self._register.check(licensee, action.player_id)
            action.open_play.answers.exclusion_register = answer
        if self._limit_files is not None:
            await self._limit_files.fill(licensee, action.player_id, action.open_play.answers)
        counted = self._activity_files is not None and await self._activity_files.begin(
            licensee, action.player_id, action.open_play.session_id, action.open_play.answers
        )
        result = await self._ledger.execute(licensee, action)
        _check(result, action)
        _tell_of_replay(licensee, result)
        return Opened(result=result, counted=counted)

    async def end_activity(self, licensee: str, player: str, session: str) -> None:
        """Tell the activity files of the player's law that a session is over. Errors: DependencyDownError."""
        if self._activity_files is not None:
            await self._activity_files.end(licensee, player, session)

    async def change(self, licensee: str, action: action_pb2.Action) -> decision_pb2.Decision:
        """Commit a protective action and return its decision."""
        result = await self._ledger.execute(licensee, action)
        _check(result, action)
        _tell_of_replay(licensee, result)
        if not result.HasField("decision"):
            raise RequestInvalidError(violations=[("amount", outcome_pb2.Outcome.Name(result.outcome))])
        return result.decision

    async def protection(
        self, licensee: str, player: str
    ) -> tuple[ProtectionView, ledger_service_pb2.GetPlayerResponse]:
        """What protects a player now."""
        standing = await self._ledger.player(licensee, player)
        return domain.view(standing.protection_json, self._clock.now_us()), standing


class DemoPlays:
    """May a player open a game for play money? Decided here, because the ledger has nothing to do with it."""

    def __init__(self, ledger: Ledger, law: Law, clock: Clock, register: Register | None = None) -> None:
        self._ledger = ledger
        self._law = law
        self._clock = clock
        self._register = register

    async def evaluate(self, licensee: str, player: str) -> decision_pb2.Decision:
        """Decide. Whoever may not log in may not play for play money either, whichever account it is about."""
        entry = await self._ledger.evaluate(licensee, await self._login(licensee, player))
        if entry.outcome == outcome_pb2.OUTCOME_PLAYER_NOT_FOUND:
            raise PlayerNotFoundError(player_id=player)
        if entry.outcome != outcome_pb2.OUTCOME_OK:
            return (
                entry.decision
                if entry.HasField("decision")
                else decision_pb2.Decision(verdict=decision_pb2.VERDICT_DENY)
            )
        standing = await self._ledger.player(licensee, player)
        now_us = self._clock.now_us()
        pack = (await self._law.library()).at(standing.jurisdiction, now_us, licensee)
        decision = decide(pack, _facts_of(standing), DemoPlay(), now_us)
        return record_message(decision.record())

    async def _login(self, licensee: str, player: str) -> action_pb2.Action:
        enter = protection_pb2.Enter(purpose=protection_pb2.ENTRY_PURPOSE_LOGIN)
        if self._register is not None:
            enter.answers.exclusion_register = await self._register.check(licensee, player)
        # A key that no login ever had: a known one would be answered with what was said then.
        return action_pb2.Action(player_id=player, transaction_key=f"demo-{secrets.token_hex(16)}", enter=enter)


def _facts_of(standing: ledger_service_pb2.GetPlayerResponse) -> Facts:
    """What the kernel has to know. A state that cannot be read is a missing fact, which refuses."""
    try:
        protection = Protection.from_json(standing.protection_json) if standing.protection_json else None
    except (ValueError, KeyError, TypeError):
        protection = None
    currency = standing.currency_codes[0] if standing.currency_codes else ""
    player = Player(born=born_on(standing.born_on), currency=currency, protection=protection)
    return Facts(player=player, suspended=standing.blocked)


def _tell_of_replay(licensee: str, result: action_pb2.Result) -> None:
    """A word that was used before is an event for the security officer, once."""
    if Code.SYS_ASSERTION_REPLAY in result.decision.reasons and not result.replayed:
        log.security("an assertion was used before", licensee=licensee, decision=result.decision.decision_id)


def _check(result: action_pb2.Result, action: action_pb2.Action) -> None:
    """Outcomes that are no answers to a protective action."""
    if result.outcome == outcome_pb2.OUTCOME_PLAYER_NOT_FOUND:
        raise PlayerNotFoundError(player_id=action.player_id)
    if result.outcome == outcome_pb2.OUTCOME_IDEMPOTENCY_CONFLICT:
        raise KeyConflictError(transaction_key=action.transaction_key)
    if result.outcome == outcome_pb2.OUTCOME_SESSION_INVALID and action.HasField("change_play"):
        raise RequestInvalidError(violations=[("session_id", "the ledger has no such session of the player")])
    if result.outcome == outcome_pb2.OUTCOME_REQUEST_INVALID and action.change_play.HasField("assertion"):
        told = "no key is registered for the licensee's assertions: the ledger keeps its limits and exclusions"
        raise RequestInvalidError(violations=[("assertion", told)])
    if result.outcome == outcome_pb2.OUTCOME_REQUEST_INVALID:
        raise RequestInvalidError(
            violations=[("action", "the pack or the ledger does not know this term, window or kind")]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A decision that was made again."""

    identical: bool
    again: Decision
    zone_data_changed: bool
    """The same pack, and other data of its time zone."""


class DecisionLog:
    """Every decision that the ledger made, and why."""

    def __init__(self, decisions: Decisions, law: Law) -> None:
        self._decisions = decisions
        self._law = law

    async def explain(self, licensee: str, decision_id: str, *, language: str | None) -> tuple[Line, ...]:
        """Why, for staff (no language) or for the player. Errors: DecisionNotFoundError."""
        reasons = decision_message(await self.get(licensee, decision_id)).reasons
        return for_staff(tuple(reasons)) if language is None else for_player(tuple(reasons), language)

    async def replay(self, licensee: str, decision_id: str, label: str) -> Replayed:
        """Decide again from the recorded facts, and say whether nothing differs. Errors: PackNotFoundError too."""
        stored = await self.get(licensee, decision_id)
        record: dict[str, Any] = json.loads(stored.record)
        known = await self._law.everything()
        pack = known.get(record["pack_digest"]) if not label else _labelled(known.values(), label)
        if pack is None and (label or record["pack_digest"]):
            raise PackNotFoundError(pack=label or record["pack"])
        again = decide_again(pack, record)
        data = record.get("zone_data", "")
        return Replayed(
            identical=again.record() == stored.record,
            again=again,
            zone_data_changed=bool(not label and data and data != again.pack.zone_data),
        )

    async def get(self, licensee: str, decision_id: str) -> StoredDecision:
        """Errors: DecisionNotFoundError, also for another licensee's decision."""
        shard, _, sequence = decision_id.partition("-")
        found = await self._decisions.get(licensee, int(shard), int(sequence))
        if found is None:
            raise DecisionNotFoundError(decision_id=decision_id)
        return found

    async def of_player(
        self, licensee: str, player: str, before: int, limit: int, *, only_refusals: bool, only_exclusions: bool = False
    ) -> list[StoredDecision]:
        """A player's decisions, the newest first."""
        return await self._decisions.of_player(
            licensee, player, before, limit, only_refusals=only_refusals, only_exclusions=only_exclusions
        )


class Policies:
    """The packs in force."""

    def __init__(self, law: Law, clock: Clock) -> None:
        self._law = law
        self._clock = clock

    async def all(self) -> tuple[Pack, ...]:
        """Every version that is known, also those that were rolled back, and those with licensees' own rules."""
        found = (await self._law.everything()).values()
        return tuple(sorted(found, key=lambda pack: (pack.name, pack.from_us, pack.label)))

    async def get(self, name: str, digest: str = "") -> Pack:
        """The version of a digest, else the one in force now. Errors: PackNotFoundError."""
        if digest:
            pack = (await self._law.everything()).get(digest)
        else:
            pack = (await self._law.library()).at(name, self._clock.now_us())
        if pack is None or pack.name != name:
            raise PackNotFoundError(pack=digest or name)
        return pack


def _labelled(packs: Iterable[Pack], label: str) -> Pack | None:
    return next((pack for pack in packs if pack.label == label), None)


class FeedReader:
    """Follows the ledger's feed. What it has read is stored a few times a second, with the cursors, in one transaction.

    Killed at any point, it reads the same entries again and stores each of them once.
    """

    def __init__(
        self,
        ledger: Ledger,
        decisions: Decisions,
        *,
        beside: Beside | None = None,
        interval_s: float = 0.25,
        most_unsaved: int = 5_000,
    ) -> None:
        """`beside` says what packs would have decided otherwise that are no law."""
        self._ledger = ledger
        self._decisions = decisions
        self._beside = beside
        self._interval_s = interval_s
        self._most_unsaved = most_unsaved
        self._read: dict[int, int] = {}
        self._unsaved: list[StoredDecision] = []
        self._room = asyncio.Event()
        self._room.set()

    async def run(self) -> None:
        """Follow every shard until cancelled."""
        shards = await self._shards()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._save_now_and_then())
            for shard in range(shards):
                group.create_task(self._follow(shard))

    async def _shards(self) -> int:
        while True:
            try:
                return await self._ledger.shards()
            except (MeshError, grpc.aio.AioRpcError):
                await asyncio.sleep(_PAUSE_S)

    async def _follow(self, shard: int) -> None:
        while True:
            try:
                if shard not in self._read:
                    self._read[shard] = await self._decisions.cursor(shard)
                async for page in self._ledger.feed(shard, self._read[shard]):
                    self._unsaved += [decision_in(entry) for entry in page.entries if entry.decision_json]
                    self._read[shard] = page.position
                    if len(self._unsaved) > self._most_unsaved:
                        self._room.clear()
                    await self._room.wait()
            except (MeshError, grpc.aio.AioRpcError) as error:
                log.debug("feed interrupted", shard=shard, error_kind=type(error).__name__)
                await asyncio.sleep(_PAUSE_S)

    async def _save_now_and_then(self) -> None:
        saved: dict[int, int] = {}
        while True:
            await asyncio.sleep(self._interval_s)
            moved = {shard: position for shard, position in self._read.items() if saved.get(shard) != position}
            if moved:
                found, self._unsaved = self._unsaved, []
                try:
                    differences = await self._beside(found) if self._beside is not None and found else []
                    await self._decisions.keep(moved, found, differences)
                except MeshError:
                    self._unsaved = found + self._unsaved
                else:
                    saved |= moved
                    self._room.set()


def decision_in(entry: transaction_pb2.Entry) -> StoredDecision:
    """The decision that an entry of the log carries."""
    transaction = entry.transaction
    return StoredDecision(
        shard=entry.shard,
        sequence=entry.sequence,
        licensee=entry.licensee_id,
        player=transaction.player_id,
        kind=transaction.kind,
        key=transaction.transaction_key,
        source=transaction.source,
        outcome=transaction.outcome,
        allowed=domain.plainly_allowed(entry.decision_json),
        record=entry.decision_json,
        recorded_us=transaction.record_time.ToMicroseconds(),
    )


def decision_message(stored: StoredDecision) -> decision_pb2.Decision:
    """A stored decision in the words of the contract."""
    message = record_message(stored.record)
    message.decision_id = stored.id
    return message


def record_message(text: str) -> decision_pb2.Decision:
    """A record of the kernel in the words of the contract."""
    record: dict[str, Any] = json.loads(text)
    message = decision_pb2.Decision(
        guardrail=record.get("guardrail", "G0"),
        verdict=decision_pb2.Verdict.Value("VERDICT_" + record["verdict"]),
        reasons=domain.codes_of(record),
        obligations=record.get("obligations", []),
        pack=record.get("pack", ""),
        pack_digest=record.get("pack_digest", ""),
        kernel_version=record["kernel"],
        zone_data=record.get("zone_data", ""),
        facts_json=json.dumps(record["facts"], separators=(",", ":")),
    )
    for name, field in _TIMES:
        if record.get(name) is not None:
            getattr(message, field).FromMicroseconds(int(record[name]))
    return message


_TIMES = (("effective_us", "effective_time"), ("eligible_us", "eligible_time"), ("until_us", "until_time"))
