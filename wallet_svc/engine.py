"""Batching: what arrives while a commit is in flight is decided together and committed together.

One flight at a time. A flight takes everything that waits, over all shards, so
batches grow with load and are never split over shards. A shard whose head another
process has moved is read again and decided again; nothing was written for it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from compliance_svc.kernel.statute import Statute
from mesh import failpoints, logs, metrics
from mesh.clock import Clock
from mesh.errors import DeadlineExceededError, DependencyDownError, InternalError, MeshError, OverloadedError
from wallet_svc.attempts import Attempts
from wallet_svc.domain import counting, law, owing
from wallet_svc.domain.commands import Command, OpenAccount
from wallet_svc.domain.decide import decide, decide_together, split
from wallet_svc.domain.journal import Batch, Book
from wallet_svc.domain.placing import shard_of
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import WELL, Asset, Entry, Health, Player, Registry
from wallet_svc.domain.values import value
from wallet_svc.domain.vocabulary import AccountClass, HoldState, Kind, Outcome, RoundState
from wallet_svc.errors import LicenseeNotFoundError, ProviderNotFoundError
from wallet_svc.memory import shrink
from wallet_svc.pace import Pace, thread_clock
from wallet_svc.ports import EvidenceDownError, HeadMovedError, LogDownError, LogRefusedError, ShardLog
from wallet_svc.store.needs import is_doubtful

log = logs.get(__name__)

_PAUSE_SECONDS = 0.05
_LEAST_RETRY_SECONDS = 0.2
_MOST_KEYS = 512
_FLIGHTS_PER_LOOK = 16
"""Flights between two looks at how much all books together hold."""
_REDO_LIMIT = 100
_OVERTAKEN = 3
"""Attempts that other processes may spoil before the next one holds its shards."""


@value()
class Answer:
    """One answer with what was true when it was given. Amounts in smallest units of `asset`."""

    entry: Entry
    replayed: bool
    asset: Asset | None
    available: int = 0
    held: int = 0
    bonus: int = 0
    receivable: int = 0
    round_state: RoundState = RoundState.UNKNOWN
    hold_state: HoldState = HoldState.NONE
    parts: "tuple[Answer, ...]" = ()


@dataclass(slots=True)
class Call:
    """One caller, who waits for all of its works."""

    deadline: float
    future: "asyncio.Future[None]"
    left: int = 0
    error: MeshError | None = None

    def one_less(self) -> None:
        """One more of its works is over."""
        self.left -= 1
        if self.left or self.future.done():
            return
        if self.error is None:
            self.future.set_result(None)
        else:
            self.future.set_exception(self.error)
            # The caller may be gone; an exception that nobody fetches is no fault.
            self.future.exception()


@dataclass(slots=True)
class Work:
    """Commands of one player that are decided one by one, or together."""

    commands: list[Command]
    together: bool
    dry: bool
    shard: int
    call: Call
    answers: Sequence[Answer] = ()
    decided: Sequence[Decided] = ()
    over: bool = False
    """It has its answers, or its call an error."""
    all_keys: bool = False
    """Read its keys and rounds as well, instead of taking them for new."""
    later: bool = False
    """It was not answered in this flight, and is decided again in the next one."""
    suspected: bool = False
    """It failed alone once, by a fault that may not be its own."""
    redone: int = 0
    unproven: bool = False
    """The database takes no evidence: what the law refuses for that is told and not stored, all else is not known."""


class Engine:
    """The one writer of this process. Any number of processes may write the same shards."""

    def __init__(
        self,
        shard_log: ShardLog,
        clock: Clock,
        statute: Statute,
        *,
        most_waiting: int,
        most_in_flight: int,
        most_players: int = 1_024,
        most_known: int = 200_000,
        attempts: Attempts | None = None,
    ) -> None:
        self._log = shard_log
        self._clock = clock
        self._statute = statute
        self._most_waiting = most_waiting
        self._most_in_flight = most_in_flight
        self._most_players = most_players
        self._most_known = most_known
        self._attempts = attempts
        self.health: Callable[[int], Health] = lambda _now_us: WELL
        """What this process cannot rely on at a moment, asked before every flight."""
        self.limit_files: frozenset[str] = frozenset()
        """Cross-operator limit files that this process asks. Set before it runs."""
        self.on_calls: Callable[[], None] | None = None
        """Told when a licensee's own wallet has to hear of something that was committed."""
        self._waiting: list[Work] = []
        self._wake = asyncio.Event()
        self._books: dict[int, Book] = {}
        self._registry: Registry | None = None
        self._flying: list[Work] = []
        self._pace = Pace(time.monotonic(), thread_clock())
        self._batch_size = metrics.registry.histogram("wallet.commit.entries", bounds=metrics.COUNTS)
        self._commit_seconds = metrics.registry.histogram("wallet.commit.duration")
        self._heads_moved = metrics.registry.counter("wallet.commit.head_moved")
        self._shed = metrics.registry.counter("wallet.queue.shed")
        metrics.registry.gauge("wallet.queue.waiting", lambda: len(self._waiting))
        self.flights = 0
        self.committed = 0
        self.redone = 0

    async def execute(self, command: Command, timeout_s: float, *, dry: bool = False) -> Answer:
        """Decide one command and commit the answer, or refuse it for good."""
        parts = split(command)
        call = _call(timeout_s)
        work = self._work(parts, call, together=len(parts) > 1, dry=dry)
        self._admit([work], timeout_s)
        await call.future
        return work.answers[0] if len(parts) == 1 else joined(work.answers)

    async def execute_each(self, commands: Sequence[Command], timeout_s: float) -> list[Answer]:
        """Decide many commands in order, each with an answer of its own."""
        call = _call(timeout_s)
        works = []
        for command in commands:
            parts = split(command)
            works.append(self._work(parts, call, together=len(parts) > 1))
        self._admit(works, timeout_s)
        if works:
            await call.future
        return [work.answers[0] if len(work.answers) == 1 else joined(work.answers) for work in works]

    async def execute_together(self, commands: Sequence[Command], timeout_s: float) -> list[Answer]:
        """Decide commands of one player, all or nothing. One answer for each command."""
        groups = [split(command) for command in commands]
        call = _call(timeout_s)
        work = self._work([part for parts in groups for part in parts], call, together=True)
        self._admit([work], timeout_s)
        await call.future
        answers = iter(work.answers)
        grouped = [[next(answers) for _ in parts] for parts in groups]
        return [found[0] if len(found) == 1 else joined(found) for found in grouped]

    def _work(self, commands: list[Command], call: Call, *, together: bool, dry: bool = False) -> Work:
        call.left += 1
        work = Work(commands, together, dry, -1, call)
        # What is only shown never meets the unique keys, which would tell that something was not new.
        work.all_keys = dry
        return work

    def _admit(self, works: list[Work], timeout_s: float) -> None:
        waiting = len(self._waiting) + len(works)
        now = time.monotonic()
        expected_s = self._pace.expected_s(-(-waiting // self._most_in_flight), now)
        if waiting > self._most_waiting or expected_s > timeout_s:
            # Refused now, an action certainly does not happen; later its caller would not know.
            self._shed.add(len(works))
            raise OverloadedError(retry_after=max(expected_s, _LEAST_RETRY_SECONDS), queue="wallet")
        self._waiting += works
        self._wake.set()

    @property
    def is_pressed(self) -> bool:
        """Whether processor time is short: what bets do not wait for should wait."""
        return self._pace.is_pressed(time.monotonic())

    async def run(self) -> None:
        """Fly until cancelled."""
        while True:
            await self._wake.wait()
            await self._gather()
            works = self._waiting[: self._most_in_flight]
            del self._waiting[: self._most_in_flight]
            if not self._waiting:
                self._wake.clear()
            self._pace.take_off(time.monotonic(), len(works))
            await self._finish(works)
            self._pace.land(time.monotonic())

    async def _gather(self) -> None:
        """Wait for company, where processor time is short."""
        wait_s = self._pace.wait_s(len(self._waiting), time.monotonic())
        if wait_s:
            await asyncio.sleep(wait_s)

    async def _finish(self, works: list[Work]) -> None:
        """Fly until each of these works has an answer or its deadline is over."""
        while works := _still_wanted(works):
            try:
                overtaken = any(work.redone >= _OVERTAKEN for work in works)
                works = await (self._fly_undisturbed(works) if overtaken else self._fly(works))
            except LogDownError:
                self._forget_all()
                await asyncio.sleep(_PAUSE_SECONDS)
            except HeadMovedError as moved:
                if all(work.all_keys for work in works):
                    # Nothing was taken for new, so reading again would not help: something writes a key twice.
                    self._forget_all()
                    works = await self._halve(works, moved)
                else:
                    self._redo(works)
                    works = _not_hopeless(works)
            except EvidenceDownError:
                self._forget_all()
                for work in works:
                    # Decided again, and only told: a refusal that cannot be stored leaves its key free.
                    work.unproven = work.all_keys = True
            except LogRefusedError as refused:
                self._forget_all()
                works = await self._halve(works, refused)
            except Exception as fault:  # noqa: BLE001 - one bad batch must not end the process
                self._forget_all()
                works = await self._halve(works, fault)

    async def _halve(self, works: list[Work], fault: Exception) -> list[Work]:
        """Find the one request that cannot be written, so that only it fails."""
        if len(works) == 1 and not works[0].suspected:
            # Everything that was known is forgotten: if the fault came from old knowledge, it is gone.
            works[0].suspected = True
            return works
        if len(works) == 1:
            log.error("action cannot be written", error=fault)
            _fail(works[0], InternalError())
            return []
        middle = len(works) // 2
        for half in (works[:middle], works[middle:]):
            await self._finish(half)
        return []

    def _redo(self, works: list[Work]) -> None:
        if works:
            self.redone += 1
            self._heads_moved.add()
        for work in works:
            self._books.pop(work.shard, None)
            work.all_keys = True
            work.redone += 1

    def _forget_all(self) -> None:
        self._books.clear()
        self._registry = None

    async def _fly_undisturbed(self, works: list[Work]) -> list[Work]:
        """One attempt that nobody overtakes. Who reads again is slower than who has just written, and would lose for ever."""
        async with self._log.held({work.shard for work in works}) as books:
            self._books.update(books)
            return await self._fly(works)

    async def _fly(self, works: list[Work]) -> list[Work]:
        """One attempt. Returns the works whose shard must be read again."""
        registry = await self._current_registry(works)
        works = self._flying = _admitted(works, registry)
        now_us = self._clock.now_us()
        health = self.health(now_us)
        if any(work.unproven for work in works):
            for work in works:
                work.unproven = True
            health = replace(health, audit_down=True)
        if health is not registry.health:
            registry = replace(registry, health=health)
        books = {shard: self._books[shard] for shard in {work.shard for work in works}}
        wanted = [(books[work.shard], command, work.all_keys) for work in works for command in work.commands]
        await self._log.load(wanted, registry, now_us)
        failpoints.here("wallet.decide.before")
        batches = self._decide(works, books, registry, now_us)
        failpoints.here("wallet.commit.before")
        stale = await self._commit([batch for batch in batches.values() if batch.entries], books)
        again = [work for work in works if work.shard in stale]
        for work in works:
            if not work.later and not work.over and work.shard not in stale:
                failpoints.here("wallet.answer.before")
                work.answers = _answers(work, books[work.shard])
                if self._attempts is not None and not work.dry:
                    self._attempts.note(work.commands, work.decided, books[work.shard], registry, now_us)
                work.over = True
                work.call.one_less()
        self._postpone([work for work in works if work.later and work.shard not in stale])
        self._redo(again)
        self._trim(works, books)
        return _not_hopeless(again)

    def _postpone(self, works: list[Work]) -> None:
        if works:
            self._waiting[:0] = works
            self._wake.set()

    async def _current_registry(self, works: list[Work]) -> Registry:
        """The registry under which every head stands that these works need."""
        for _ in range(_REDO_LIMIT):
            registry, fresh = self._registry, False
            if registry is None:
                registry = self._registry = self._with_law(await self._log.registry())
                fresh = True
            for work in works:
                if work.shard < 0:
                    first = work.commands[0]
                    work.shard = shard_of(first.licensee, first.player, registry.shards)
            shards = {work.shard for work in works}
            missing = shards - self._books.keys()
            if missing:
                self._books.update(await self._log.open_books(missing))
            versions = {self._books[shard].head.registry_version for shard in shards}
            # A name that an older registry does not know may have been registered since.
            if versions <= {registry.version} and (fresh or not _strangers(works, registry)):
                return registry
            self._forget_all()
        raise LogDownError

    def _with_law(self, registry: Registry) -> Registry:
        packs = self._statute.library(registry.releases)
        return replace(registry, packs=packs, limit_files=self.limit_files)

    def _decide(self, works: list[Work], books: dict[int, Book], registry: Registry, now_us: int) -> dict[int, Batch]:
        batches = {shard: Batch.on(book, registry, now_us) for shard, book in books.items()}
        unsure: set[tuple[str, str]] = set()
        for work in works:
            batch, work.later = batches[work.shard], False
            player = _player(batch, work.commands[0])
            if player is None:
                work.decided = [_not_found(command, registry) for command in work.commands]
                continue
            # What comes after a doubtful action of the same player waits with it.
            if unsure and (player.licensee.name, player.name) in unsure:
                work.later = True
                continue
            if work.together:
                work.decided = decide_together(player, work.commands, registry, now_us, batch.next_sequence)
            else:
                work.decided = (decide(player, work.commands[0], registry, now_us),)
            if not work.all_keys and _doubtful(player, work.decided):
                work.all_keys = work.later = True
                unsure.add((player.licensee.name, player.name))
                continue
            if work.unproven and not all(_needs_no_evidence(one) for one in work.decided):
                _fail(work, DependencyDownError(retry_after=_PAUSE_SECONDS, dependency="ledger"))
                continue
            show_or_write = _show if work.dry or work.unproven else batch.append
            for one in work.decided:
                show_or_write(player, one)
        return batches

    async def _commit(self, batches: list[Batch], books: dict[int, Book]) -> set[int]:
        """Write what was decided. Returns the shards whose head was moved by another process."""
        written: set[int] = set()
        if batches:
            digests = [batch.digest() for batch in batches]
            began = time.monotonic()
            written = await self._write(batches, digests)
            failpoints.here("wallet.commit.after")
            self._commit_seconds.observe(time.monotonic() - began)
            self._batch_size.observe(sum(len(batch.entries) for batch in batches))
            for batch, digest in zip(batches, digests, strict=True):
                if batch.book.head.shard in written:
                    batch.committed(digest)
                    for player in batch.players.values():
                        counting.forget_usage(player, batch.now_us)
                    self.committed += len(batch.entries)
                    if batch.new_calls and self.on_calls is not None:
                        self.on_calls()
        self.flights += 1
        stale = {batch.book.head.shard for batch in batches} - written
        return stale | await self._moved({shard: book for shard, book in books.items() if shard not in written | stale})

    async def _write(self, batches: list[Batch], digests: list[bytes]) -> set[int]:
        try:
            return await self._log.commit(batches, digests)
        except LogDownError:
            # The commit may have happened. Only the database knows, so it is asked before anybody is answered.
            failpoints.here("wallet.settle.before")
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                try:
                    return await self._log.settle(batches, digests)
                except LogDownError:
                    await asyncio.sleep(_PAUSE_SECONDS)
                    _still_wanted(self._flying)
            raise

    async def _moved(self, books: dict[int, Book]) -> set[int]:
        """Shards that were only read, and whose head is not the one they were read under."""
        if not books:
            return set()
        present = await self._log.open_books(books)
        return {shard for shard, book in books.items() if present[shard].head != book.head}

    def _trim(self, works: list[Work], books: dict[int, Book]) -> None:
        """Forget the oldest keys of players, and the oldest players of a full book. They are read again when needed."""
        for work in works:
            first = work.commands[0]
            players, name = books[work.shard].players, (first.licensee, first.player)
            player = players.get(name)
            if player is None:
                continue
            if len(player.keys) > _MOST_KEYS:
                player.forget(_MOST_KEYS // 2)
            if len(player.undone) > _MOST_KEYS:
                # A chain of undoing is only understood whole, so nothing of it is kept.
                del players[name]
        for book in books.values():
            while len(book.players) > self._most_players:
                del book.players[next(iter(book.players))]
            book.missing.clear()
        if self.flights % _FLIGHTS_PER_LOOK == 0:
            shrink(self._books.values(), self._most_known)


def _call(timeout_s: float) -> Call:
    return Call(time.monotonic() + timeout_s, asyncio.get_running_loop().create_future())


def _still_wanted(works: list[Work]) -> list[Work]:
    """Drop what nobody waits for any more. Its outcome, if any, is found under its key."""
    now = time.monotonic()
    if now > min([work.call.deadline for work in works], default=now):
        for work in works:
            if now > work.call.deadline:
                _fail(work, DeadlineExceededError())
    return _unanswered(works)


def _not_hopeless(works: list[Work]) -> list[Work]:
    for work in works:
        if work.redone > _REDO_LIMIT:
            _fail(work, DependencyDownError(retry_after=0.5, dependency="ledger"))
    return _unanswered(works)


def _unanswered(works: list[Work]) -> list[Work]:
    gone = {id(call) for call in {id(work.call): work.call for work in works}.values() if call.future.done()}
    return [work for work in works if not work.over and not (gone and id(work.call) in gone)]


def _fail(work: Work, error: MeshError) -> None:
    if not work.over:
        work.over = True
        work.call.error = work.call.error or error
        work.call.one_less()


def _strangers(works: list[Work], registry: Registry) -> bool:
    commands = [work.commands[0] for work in works]
    licensees, sources = {command.licensee for command in commands}, {command.source for command in commands}
    return not (licensees <= registry.licensees.keys() and sources <= registry.sources.keys())


def _admitted(works: list[Work], registry: Registry) -> list[Work]:
    """Refuse what names a licensee or a source that is not registered."""
    if not _strangers(works, registry):
        return works
    for work in works:
        first = work.commands[0]
        if first.licensee not in registry.licensees:
            _fail(work, LicenseeNotFoundError(licensee_id=first.licensee))
        elif first.source not in registry.sources:
            _fail(work, ProviderNotFoundError(provider=first.source))
    return _unanswered(works)


def _player(batch: Batch, command: Command) -> Player | None:
    known = batch.book.players.get((command.licensee, command.player))
    if known is None and isinstance(command.action, OpenAccount):
        return batch.new_player(batch.registry.licensees[command.licensee], command.player)
    return known


def _doubtful(player: Player, decided: Sequence[Decided]) -> bool:
    if len(decided) == 1:
        return is_doubtful(player, decided[0])
    return any(is_doubtful(player, one) for one in decided)


def _needs_no_evidence(decided: Decided) -> bool:
    """Whether an answer can be given while nothing is stored: it was stored before, or is a refusal for that very reason."""
    return not decided.new or law.lacks_evidence(decided.entry)


def _not_found(command: Command, registry: Registry) -> Decided:
    return Decided(Entry(command.kind, registry.sources[command.source], command.key, Outcome.PLAYER_NOT_FOUND))


def _show(player: Player, decided: Decided) -> None:
    entry = decided.entry
    for shown in decided.new:
        shown.sequence = 0
        if shown.decision is not None:
            shown.decision_json = shown.decision.record()
    if not decided.replayed and entry.asset is not None:
        mirrored = player.licensee.mirrored
        entry.available = (
            owing.shown(player, entry.asset) if mirrored else player.balance(entry.asset.id, AccountClass.CASH)
        )


def _answers(work: Work, book: Book) -> list[Answer]:
    first = work.commands[0]
    player = book.players.get((first.licensee, first.player))
    if len(work.decided) == 1:
        return [_answer(work.decided[0], player)]
    return [_answer(decided, player) for decided in work.decided]


def _answer(decided: Decided, player: Player | None) -> Answer:
    entry, asset = decided.entry, decided.entry.asset
    if player is None or asset is None:
        return Answer(entry, decided.replayed, asset)
    round_ = player.rounds.get((entry.source_id, entry.round)) if entry.round else None
    hold_key = entry.key if entry.kind is Kind.HOLD else entry.reference
    hold = player.holds.get((entry.source_id, hold_key or "")) if entry.kind in _HOLD_KINDS else None
    if player.licensee.mirrored:
        state = round_.state if round_ is not None else RoundState.UNKNOWN
        return Answer(entry, decided.replayed, asset, owing.shown(player, asset), round_state=state)
    balance = player.balance
    # Most players have cash accounts and nothing else.
    plain = player.plain
    return Answer(
        entry,
        decided.replayed,
        asset,
        balance(asset.id, AccountClass.CASH),
        0 if plain else balance(asset.id, AccountClass.HELD),
        0 if plain else balance(asset.id, AccountClass.BONUS),
        0 if plain else -balance(asset.id, AccountClass.RECEIVABLE),
        round_.state if round_ is not None else RoundState.UNKNOWN,
        hold.state if hold is not None else HoldState.NONE,
    )


_HOLD_KINDS = frozenset({Kind.HOLD, Kind.CAPTURE, Kind.RELEASE, Kind.EXPIRE})


def message_outcome(answers: Sequence[Answer]) -> Answer:
    """The answer that stands for a whole message: the first refusal with a reason of its own, or the last answer."""
    refused = [answer for answer in answers if answer.entry.outcome not in (Outcome.OK, Outcome.TOMBSTONED)]
    own = [answer for answer in refused if answer.entry.outcome is not Outcome.NOT_APPLIED]
    return (own or refused or list(answers[-1:]))[0]


def batch_outcome(answers: Sequence[Answer]) -> Outcome:
    """OK, or the outcome of the first refused action."""
    outcome = message_outcome(answers).entry.outcome
    return Outcome.OK if outcome is Outcome.TOMBSTONED else outcome


def joined(answers: Sequence[Answer]) -> Answer:
    """Bet and win as one answer."""
    spokesman = message_outcome(answers)
    return Answer(
        spokesman.entry,
        all(answer.replayed for answer in answers),
        spokesman.asset,
        spokesman.available,
        spokesman.held,
        spokesman.bonus,
        spokesman.receivable,
        spokesman.round_state,
        spokesman.hold_state,
        tuple(answers),
    )
