"""Bringing packs into force: one use case per RPC. A refusal changes nothing, and is an event that stays."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from compliance_svc.errors import PackNotFoundError, PackRejectedError
from compliance_svc.kernel import Pack, PackError, PackLibrary
from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.parameters import file_content
from compliance_svc.kernel.release import (
    Keyring,
    PackKey,
    PackRefusedError,
    Purpose,
    Refusal,
    Signature,
    check_signature,
)
from compliance_svc.kernel.statute import Statute
from compliance_svc.kernel.zones import zones_now
from compliance_svc.releases import Docket, Event, EventKind, Proposal, unnoted
from mesh import logs
from mesh.clock import Clock
from mesh.errors import MeshError

log = logs.get(__name__)

_LONGEST_DETAIL = 500
_NOTE_EVERY_S = 1.0


class Releases(Protocol):
    """Where packs and events are kept."""

    async def docket(self) -> Docket: ...

    async def add(self, decide: Callable[[Docket], Event | None], proposal: Proposal | None = None) -> Docket: ...


class LawBook(Protocol):
    """The wallets, which decide by what they have been given. PackRefusedError if they refuse it."""

    async def put_pack(self, licensee: str, content: str, signatures: Sequence[Signature]) -> None: ...

    async def withdraw_pack(self, licensee: str, digest: str, signatures: Sequence[Signature]) -> None: ...


class Releasing:
    """The life of a pack: proposed, approved, scheduled, rolled back."""

    def __init__(
        self, releases: Releases, wallets: LawBook, statute: Statute, keys: Callable[[], Keyring], clock: Clock
    ) -> None:
        self._releases = releases
        self._wallets = wallets
        self._statute = statute
        self._keys = keys
        self._clock = clock

    async def docket(self) -> Docket:
        """Every pack, and everything that was done."""
        return await self._releases.docket()

    async def validate(self, licensee: str, text: str) -> Proposal:
        """Read a pack and look at it beside the law that holds. PackRefusedError says what is wrong."""
        known = await self._releases.docket()
        document = self._read(text, licensee, known)
        return Proposal(document=document, licensee=licensee, content=whole(document), proposed_us=self._clock.now_us())

    async def propose(self, licensee: str, text: str, signature: Signature) -> Proposal:
        """Store a pack with its first signature. Errors: PackRejectedError."""
        now_us, known = self._clock.now_us(), await self._releases.docket()

        async def work() -> Proposal:
            document = self._read(text, licensee, known)
            key = self._signed(document, licensee, signature, now_us)
            fresh = Proposal(document=document, licensee=licensee, content=whole(document), proposed_us=now_us)

            def decide(docket: Docket) -> Event | None:
                there = docket.proposals.get(fresh.key)
                if there is None:
                    return _event(EventKind.PROPOSED, fresh, now_us, (signature,), (key.person,))
                if key.id not in {one.key_id for one in there.signatures}:
                    raise PackRefusedError(Refusal.NOT_READY, "it is proposed already: approve it")
                return None

            return (await self._releases.add(decide, fresh)).proposals[fresh.key]

        return await self._refusing(licensee, work)

    async def approve(self, licensee: str, digest: str, signature: Signature) -> Proposal:
        """Add the second signature. Errors: PackNotFoundError, PackRejectedError."""
        now_us, known = self._clock.now_us(), await self._known(licensee, digest)

        async def work() -> Proposal:
            key = self._signed(known.document, licensee, signature, now_us)

            def decide(docket: Docket) -> Event | None:
                there = docket.proposals[known.key]
                if there.approved and key.id in {one.key_id for one in there.signatures}:
                    return None
                both = (*there.signatures, signature)
                self._statute.check(there.document, licensee, both, docket.releases, now_us)
                return _event(EventKind.APPROVED, there, now_us, (signature,), (key.person,))

            return (await self._releases.add(decide)).proposals[known.key]

        return await self._refusing(licensee, work, known)

    async def schedule(self, licensee: str, digest: str) -> Proposal:
        """Give a pack to the wallets. Errors: PackNotFoundError, PackRejectedError, DependencyDownError."""
        known = await self._known(licensee, digest)

        async def work() -> Proposal:
            if known.ended_us is not None:
                raise PackRefusedError(Refusal.WITHDRAWN, "it was rolled back: it comes back under another version")
            if not known.approved:
                raise PackRefusedError(Refusal.NOT_READY, "it is not approved by two people in two roles")
            # The wallets first: killed here, the next call finds it there, and notes it.
            await self._wallets.put_pack(licensee, known.content, known.signatures)

            def decide(docket: Docket) -> Event | None:
                there = docket.proposals[known.key]
                done = there.scheduled_us is not None
                return None if done else _event(EventKind.SCHEDULED, there, self._clock.now_us(), (), there.persons)

            return (await self._releases.add(decide)).proposals[known.key]

        return await self._refusing(licensee, work, known)

    async def roll_back(self, licensee: str, digest: str, signatures: Sequence[Signature]) -> Proposal:
        """End a pack at once. Errors: PackNotFoundError, PackRejectedError, DependencyDownError."""
        known, now_us = await self._known(licensee, digest), self._clock.now_us()

        async def work() -> Proposal:
            if known.scheduled_us is None:
                raise PackRefusedError(Refusal.NOT_READY, "it is not scheduled, so there is nothing to roll back")
            self._statute.check_withdrawal(known.release(), signatures, now_us)
            await self._wallets.withdraw_pack(licensee, digest, signatures)
            keys = self._keys()
            persons = tuple(keys[one.key_id].person for one in signatures)

            def decide(docket: Docket) -> Event | None:
                there = docket.proposals[known.key]
                done = there.ended_us is not None
                return None if done else _event(EventKind.ROLLED_BACK, there, now_us, tuple(signatures), persons)

            return (await self._releases.add(decide)).proposals[known.key]

        return await self._refusing(licensee, work, known)

    async def shadow(self, licensee: str, digest: str, *, on: bool) -> Proposal:
        """Let a pack decide beside the law, or no longer. Errors: PackNotFoundError."""
        known = await self._known(licensee, digest)

        def decide(docket: Docket) -> Event | None:
            there = docket.proposals[known.key]
            kind = EventKind.SHADOW_ON if on else EventKind.SHADOW_OFF
            return None if there.shadow is on else _event(kind, there, self._clock.now_us())

        return (await self._releases.add(decide)).proposals[known.key]

    async def get(self, licensee: str, digest: str) -> Proposal:
        """Errors: PackNotFoundError."""
        return await self._known(licensee, digest)

    # -- inside

    async def _known(self, licensee: str, digest: str) -> Proposal:
        found = (await self._releases.docket()).proposals.get((licensee, digest))
        if found is None:
            raise PackNotFoundError(pack=digest)
        return found

    def _read(self, text: str, licensee: str, known: Docket) -> PackDocument:
        document = self._statute.read(text, licensee, known.releases)
        self._statute.examine(document, licensee, known.releases)
        return document

    def _signed(self, document: PackDocument, licensee: str, signature: Signature, now_us: int) -> PackKey:
        return check_signature(Purpose.ACTIVATE, document, licensee, signature, self._keys(), now_us)

    async def _refusing(
        self, licensee: str, work: Callable[[], Awaitable[Proposal]], about: Proposal | None = None
    ) -> Proposal:
        """What is refused is told to the caller, to the security officer, and to whoever reads the events."""
        try:
            return await work()
        except PackRefusedError as why:
            document = None if about is None else about.document
            event = Event(
                kind=EventKind.REFUSED,
                licensee=licensee,
                name="" if document is None else document.name,
                version="" if document is None else document.version,
                digest="" if document is None else document.digest,
                refusal=why.refusal.value,
                detail=why.detail[:_LONGEST_DETAIL],
                recorded_us=self._clock.now_us(),
            )
            log.security("a pack was refused", licensee=licensee, refusal=why.refusal.value, detail=event.detail)
            await self._releases.add(lambda _docket: event)
            raise PackRejectedError(refusal=why.refusal.value, detail=event.detail) from why


class Noting:
    """Notes what happens to packs without anybody calling.

    Their instant comes, the register of keys is changed, and the data of their time zones is another one.
    """

    def __init__(
        self,
        releases: Releases,
        statute: Statute,
        keys: Callable[[], Keyring],
        clock: Clock,
        *,
        every_s: float = _NOTE_EVERY_S,
    ) -> None:
        self._releases = releases
        self._statute = statute
        self._keys = keys
        self._clock = clock
        self._every_s = every_s

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.once()
            except PackError as problem:
                log.security("the register of keys is none", detail=str(problem)[:_LONGEST_DETAIL])
            except MeshError as error:
                log.debug("nothing can be noted", error_kind=type(error).__name__)
            await asyncio.sleep(self._every_s)

    async def once(self) -> None:
        """Note all there is, each thing once, whoever else notes. Errors: PackError, DependencyDownError."""
        register, now_us = self._keys(), self._clock.now_us()
        known = await self._releases.docket()
        packs = self._statute.everything(known.releases).values()
        # What would be loaded now: a change is told while decisions are still made by what was loaded.
        fresh = zones_now()
        zones = {(name := str(pack.zone)): fresh.get(name) or pack.zone_data for pack in packs}
        while (event := unnoted(known, register, zones, now_us)) is not None:
            if event.refusal:
                log.security("the data of a time zone has changed", refusal=event.refusal, detail=event.detail)
            known = await self._releases.add(lambda docket: unnoted(docket, register, zones, now_us))


class Law:
    """The packs by which decisions are made, and were made."""

    def __init__(self, releases: Releases, statute: Statute) -> None:
        self._releases = releases
        self._statute = statute

    async def library(self) -> PackLibrary:
        """Those that hold."""
        return self._statute.library((await self._releases.docket()).releases)

    async def everything(self) -> Mapping[str, Pack]:
        """Every one that ever was law, by its digest, also with licensees' own rules."""
        return self._statute.everything((await self._releases.docket()).releases)


def whole(document: PackDocument) -> str:
    """A pack as a file has it, with everything it inherits in it."""
    return json.dumps(file_content(document), sort_keys=True, separators=(",", ":"))


def _event(
    kind: EventKind,
    about: Proposal,
    now_us: int,
    signatures: tuple[Signature, ...] = (),
    persons: tuple[str, ...] = (),
) -> Event:
    return Event(
        kind=kind,
        licensee=about.licensee,
        name=about.document.name,
        version=about.document.version,
        digest=about.document.digest,
        signatures=signatures,
        persons=persons,
        recorded_us=now_us,
    )
