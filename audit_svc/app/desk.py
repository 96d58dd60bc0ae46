"""One use case per RPC, in the order of the contract."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

from audit_svc.domain import APPENDED, Draft, Opened, RecordClass, canonical
from audit_svc.errors import (
    EntryNotFoundError,
    HoldNotFoundError,
    KeyConflictError,
    LegalHoldError,
    RetentionRunningError,
    SizesInvalidError,
)
from audit_svc.ports import Appending, Entries, HeadMovedError, Keeping, Tree
from mesh.clock import Clock
from mesh.errors import DependencyDownError, RequestInvalidError

_TRIES = 20
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Hashes, and the signed tree that they lead to."""

    path: Sequence[bytes]
    size: int
    note: str


class AuditDesk:
    """Takes events, shows entries, proves them."""

    def __init__(self, log: Entries, tree: Tree, appending: Appending, clock: Clock) -> None:
        self._log = log
        self._tree = tree
        self._appending = appending
        self._clock = clock

    async def append(
        self, request_id: str, record_class: RecordClass, *, licensee: str, player: str, event_json: str
    ) -> tuple[Opened, bool]:
        """Write an event once. Returns the entry, and whether it was there before. Errors: KeyConflictError."""
        draft = self._draft(request_id, record_class, licensee, player, event_json)
        known = await self._log.find(APPENDED, request_id)
        if known is not None:
            return _same(known, draft), True
        for _ in range(_TRIES):
            try:
                await self._appending.append(draft)
            except (HeadMovedError, DependencyDownError):
                # Another process was faster, perhaps with this very event; or a new plan is being made.
                await asyncio.sleep(_PAUSE_S)
            known = await self._log.find(APPENDED, request_id)
            if known is not None:
                return _same(known, draft), False
        raise DependencyDownError(dependency="audit log", retry_after=1.0)

    def _draft(self, request_id: str, record_class: RecordClass, licensee: str, player: str, event_json: str) -> Draft:
        try:
            event = json.loads(event_json)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            raise RequestInvalidError(violations=[("event_json", "must be a JSON object")])
        if bool(licensee) != bool(player):
            raise RequestInvalidError(violations=[("player_id", "needs a licensee, and a licensee a player")])
        return Draft(
            record_class=record_class,
            source=APPENDED,
            key=request_id,
            recorded_us=self._clock.now_us(),
            content={"licensee": licensee, "player": player, "event": event},
            licensee=licensee,
            player=player,
        )

    async def get(self, index: int) -> Opened:
        """Errors: EntryNotFoundError."""
        found = await self._log.get(index)
        if found is None:
            raise EntryNotFoundError(index=str(index), tree_size=str((await self._log.end()).size))
        return found

    async def entries(
        self,
        *,
        licensee: str,
        player: str,
        source: str,
        classes: Sequence[RecordClass],
        from_index: int,
        limit: int,
    ) -> list[Opened]:
        """Entries in the order of the log."""
        if bool(licensee) != bool(player):
            raise RequestInvalidError(violations=[("player_id", "needs a licensee, and a licensee a player")])
        owner = (licensee, player) if player else None
        return await self._log.entries(owner=owner, source=source, classes=classes, from_index=from_index, limit=limit)

    async def checkpoint(self, cosigned_by: int) -> Proof | None:
        """The newest checkpoint, or the newest that so many witnesses have cosigned."""
        found = await self._tree.checkpoint(cosigned_by=cosigned_by)
        return Proof(path=(), size=found.size, note=found.note) if found else None

    async def inclusion(self, index: int, size: int) -> tuple[Opened, Proof]:
        """Errors: EntryNotFoundError, SizesInvalidError."""
        opened = await self.get(index)
        signed = await self._signed(size, at_least=index)
        path = await self._tree.inclusion(index, signed.size)
        return opened, Proof(path=path, size=signed.size, note=signed.note)

    async def consistency(self, old: int, new: int) -> Proof:
        """Errors: SizesInvalidError."""
        signed = await self._signed(new, at_least=old)
        return Proof(path=await self._tree.consistency(old, signed.size), size=signed.size, note=signed.note)

    async def _signed(self, size: int, *, at_least: int) -> Proof:
        found = await self._tree.checkpoint(size)
        if found is None or found.size < at_least:
            raise SizesInvalidError(from_size=str(at_least), to_size=str(size))
        return Proof(path=(), size=found.size, note=found.note)


class KeepingDesk:
    """Holds and erasures. What is done to payloads becomes an event of the log."""

    def __init__(self, keeping: Keeping, clock: Clock) -> None:
        self._keeping = keeping
        self._clock = clock

    async def erase(self, licensee: str, player: str) -> int:
        """Destroy the key of a player's payloads. Errors: RetentionRunningError, LegalHoldError."""
        now_us = self._clock.now_us()
        found = await self._keeping.erase(licensee, player, now_us)
        if found.hold_id is not None:
            raise LegalHoldError(hold_id=found.hold_id)
        if found.until_us is not None:
            raise RetentionRunningError(until_us=str(found.until_us))
        return found.entries

    async def place(self, hold_id: str, licensee: str, player: str) -> None:
        """Place a hold. Errors: KeyConflictError."""
        if not await self._keeping.place(hold_id, licensee, player, self._clock.now_us()):
            raise KeyConflictError(request_id=hold_id)

    async def release(self, hold_id: str) -> None:
        """End a hold. Errors: HoldNotFoundError."""
        if await self._keeping.hold(hold_id) is None:
            raise HoldNotFoundError(hold_id=hold_id)
        await self._keeping.release(hold_id, self._clock.now_us())


def _same(known: Opened, draft: Draft) -> Opened:
    """The entry that the key has, if it is this event. One that was erased is taken for it."""
    other = known.entry.record_class is not draft.record_class
    if other or (known.payload is not None and known.payload != canonical(draft.content)):
        raise KeyConflictError(request_id=draft.key)
    return known
