"""The law as it stands: what is shipped, and what was released, withdrawn and added by licensees since."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from compliance_svc.kernel.document import PackDocument, start_us
from compliance_svc.kernel.fields import PackError
from compliance_svc.kernel.loading import parse_document, parse_json, resolve_with
from compliance_svc.kernel.merging import merge, overlay
from compliance_svc.kernel.pack import Overlay, Pack, PackLibrary
from compliance_svc.kernel.release import (
    Keyring,
    PackRefusedError,
    Purpose,
    Refusal,
    Release,
    Signature,
    check_signatures,
    read_signatures,
)


def _ignore(_release: Release, _why: PackRefusedError) -> None:
    """Nobody listens."""


class Statute:
    """Makes libraries of releases. What was believed once is not checked again: it is found by its digest."""

    def __init__(
        self,
        shipped: Iterable[PackDocument],
        keys: Callable[[], Keyring] = dict,
        on_doubt: Callable[[Release, PackRefusedError], None] = _ignore,
    ) -> None:
        """Take the shipped packs, whoever knows the keys, and whoever hears of a stored pack that cannot be believed."""
        self._shipped = tuple(shipped)
        self._keys = keys
        self._on_doubt = on_doubt
        self._believed: dict[tuple[str, str, bool], PackDocument] = {}
        self._ever: tuple[tuple[Release, ...] | None, dict[str, Pack]] = (None, {})
        self._known: tuple[tuple[Release, ...], PackLibrary] = ((), PackLibrary(map(_compiled, self._shipped)))

    def library(self, releases: Sequence[Release] = ()) -> PackLibrary:
        """Return the packs to decide with. A pack whose release cannot be believed has no version in force."""
        wanted = tuple(releases)
        if wanted != self._known[0]:
            self._known = (wanted, self._build(wanted))
        return self._known[1]

    def everything(self, releases: Sequence[Release] = ()) -> Mapping[str, Pack]:
        """Return every pack that ever decided by its digest: those too that were withdrawn, and with licensees' own rules."""
        wanted = tuple(releases)
        if wanted != self._ever[0]:
            self._ever = (wanted, self._gather(wanted))
        return self._ever[1]

    def documents(self, releases: Sequence[Release]) -> tuple[PackDocument, ...]:
        """Return the packs of markets that hold, shipped and released."""
        released = [one for one in releases if one.holds and not one.licensee]
        return (*self._shipped, *(found for one in released if (found := self._believe(one)) is not None))

    def read(self, text: str, licensee: str, releases: Sequence[Release]) -> PackDocument:
        """Read a pack that somebody brings, with what it inherits. PackRefusedError says where it is none."""
        try:
            document = parse_document(text, "the pack")
            known = {(one.name, one.version): one for one in self.documents(releases)}
            return resolve_with(document, {} if licensee else known)
        except PackError as problem:
            raise PackRefusedError(Refusal.INVALID, str(problem)) from problem

    def read_whole(self, text: str) -> PackDocument:
        """Read a pack that inherits nothing, as services send it to each other. PackRefusedError says where it is none."""
        try:
            document = parse_json(text, "the pack")
        except PackError as problem:
            raise PackRefusedError(Refusal.INVALID, str(problem)) from problem
        if document.inherits is not None or document.removes:
            raise PackRefusedError(Refusal.INVALID, "the pack must hold everything that it inherits")
        return document

    def examine(self, document: PackDocument, licensee: str, releases: Sequence[Release]) -> None:
        """Refuse what cannot stand beside the law that holds, whoever signs it."""
        self._examine_name(document, licensee, releases)
        if document.sandbox:
            raise PackRefusedError(Refusal.INVALID, "a pack for sandboxes is never released")
        if licensee:
            self._examine_overlay(document, releases)
        else:
            _compiled_or_refused(document)

    def check(
        self,
        document: PackDocument,
        licensee: str,
        signatures: Sequence[Signature],
        releases: Sequence[Release],
        at_us: int,
    ) -> None:
        """Refuse a pack that does not become law: by its content, or by who signed it."""
        self.examine(document, licensee, releases)
        check_signatures(Purpose.ACTIVATE, document, licensee, signatures, self._keys(), at_us)

    def check_withdrawal(self, release: Release, signatures: Sequence[Signature], at_us: int) -> None:
        """Refuse to end a pack without two people in two roles."""
        document = self._parsed(release)
        check_signatures(Purpose.WITHDRAW, document, release.licensee, signatures, self._keys(), at_us)

    # -- inside

    def _gather(self, releases: tuple[Release, ...]) -> dict[str, Pack]:
        believed = [(one, found) for one in releases if (found := self._believe(one)) is not None]
        markets = [*self._shipped, *(document for one, document in believed if not one.licensee)]
        own = [document for one, document in believed if one.licensee]
        both = [with_own_rules(market, one) for one in own for market in markets if market.name == one.name]
        return {document.digest: document.compile() for document in (*markets, *both)}

    def _build(self, releases: tuple[Release, ...]) -> PackLibrary:
        markets = {one.digest: one for one in self._shipped}
        own: list[tuple[Release, PackDocument]] = []
        dark = set()
        for release in releases:
            document = self._believe(release)
            if document is None or (release.holds and self._collides(release, document, markets.values())):
                dark.add((release.licensee, release.name))
            elif release.holds and release.licensee:
                own.append((release, document))
            elif release.holds:
                markets[release.digest] = document
        return PackLibrary(
            map(_compiled, markets.values()),
            overlays=[
                Overlay(
                    licensee=one.licensee, name=one.name, digest=one.digest, from_us=start_us(document.effective_from)
                )
                for one, document in own
            ],
            overlaid={
                (market.digest, document.digest): with_own_rules(market, document).compile()
                for _, document in own
                for market in markets.values()
                if market.name == document.name
            },
            dark=dark,
        )

    def _collides(self, release: Release, document: PackDocument, markets: Collection[PackDocument]) -> bool:
        """Whether what is shipped now contradicts what was released before it was shipped."""
        if release.licensee or document.digest in {one.digest for one in markets}:
            return False
        starts = {start_us(one.effective_from) for one in markets if one.name == document.name}
        if start_us(document.effective_from) in starts:
            self._on_doubt(
                release, PackRefusedError(Refusal.START_TAKEN, "a shipped version starts at the same instant")
            )
            return True
        return False

    def _believe(self, release: Release) -> PackDocument | None:
        key = (release.licensee, release.digest, release.holds)
        if key not in self._believed:
            try:
                self._believed[key] = self._verified(release)
            except PackRefusedError as why:
                self._on_doubt(release, why)
                return None
        return self._believed[key]

    def _verified(self, release: Release) -> PackDocument:
        document, keys, licensee = self._parsed(release), self._keys(), release.licensee
        signed = read_signatures(release.signatures)
        check_signatures(Purpose.ACTIVATE, document, licensee, signed, keys, release.recorded_us)
        if release.ended_us is not None:
            signed = read_signatures(release.ended)
            check_signatures(Purpose.WITHDRAW, document, licensee, signed, keys, release.ended_us)
        if not licensee:
            _compiled_or_refused(document)
        return document

    def _parsed(self, release: Release) -> PackDocument:
        document = self.read_whole(release.content)
        if (document.digest, document.name) != (release.digest, release.name):
            raise PackRefusedError(Refusal.INVALID, "the stored pack is not the one that its row names")
        return document

    def _examine_name(self, document: PackDocument, licensee: str, releases: Sequence[Release]) -> None:
        shipped = [] if licensee else [one for one in self._shipped if one.name == document.name]
        stored = [one for one in releases if (one.licensee, one.name) == (licensee, document.name)]
        if any(one.digest == document.digest and not one.holds for one in stored):
            raise PackRefusedError(Refusal.WITHDRAWN, f"{document.name}@{document.version} was rolled back")
        believed = [(one, self._believe(one)) for one in stored if one.digest != document.digest]
        others = [(found, one.holds) for one, found in believed if found is not None]
        others += [(one, True) for one in shipped]
        if any(other.version == document.version for other, _ in others):
            raise PackRefusedError(
                Refusal.VERSION_TAKEN, f"{document.name}@{document.version} exists with other content"
            )
        start = start_us(document.effective_from)
        if any(holds and start_us(other.effective_from) == start for other, holds in others):
            raise PackRefusedError(
                Refusal.START_TAKEN, f"another version of {document.name} starts at {document.effective_from}"
            )

    def _examine_overlay(self, document: PackDocument, releases: Sequence[Release]) -> None:
        start = start_us(document.effective_from)
        markets = sorted(
            (one for one in self.documents(releases) if one.name == document.name),
            key=lambda one: start_us(one.effective_from),
        )
        if not markets:
            raise PackRefusedError(Refusal.INVALID, f"there is no market pack {document.name} to be stricter than")
        earlier = [one for one in markets if start_us(one.effective_from) <= start]
        for market in (*earlier[-1:], *markets[len(earlier) :]):
            if (document.zone, document.currency) != (market.zone, market.currency):
                raise PackRefusedError(
                    Refusal.INVALID, f"zone and currency must be those of {market.name}@{market.version}"
                )
            try:
                overlay(market, document)
            except PackError as problem:
                raise PackRefusedError(Refusal.OVERLAY_LOOSER, str(problem)) from problem
            _compiled_or_refused(with_own_rules(market, document))


def with_own_rules(market: PackDocument, own: PackDocument) -> PackDocument:
    """Return a market's pack with a licensee's own rules: the stricter of both, whatever the market has become since."""
    later = max(market, own, key=lambda one: start_us(one.effective_from))
    return replace(merge(market, own), version=f"{market.version}+{own.version}", effective_from=later.effective_from)


def _compiled(document: PackDocument) -> Pack:
    return document.compile()


def _compiled_or_refused(document: PackDocument) -> Pack:
    try:
        return document.compile()
    except PackError as problem:
        raise PackRefusedError(Refusal.INVALID, str(problem)) from problem
