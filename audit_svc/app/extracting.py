"""Makes extracts for regulators from what is in the log, seals them where the market asks for it, and shows them.

An extract, the entry that names it, and its files are one transaction; so is a seal. Whoever dies in between has made
nothing, or an extract that the next call seals. Two who make the same one collide on its key, and one finds the other's.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field

from audit_svc.app.recording import PAGE, events_of
from audit_svc.domain import Opened, Span, tokens
from audit_svc.domain.extracts import (
    SOURCE,
    Extract,
    Kept,
    Place,
    Told,
    digest_of,
    document,
    draft_of,
    manifest_of,
    of_period,
    pseudonym,
    sha256,
    tell,
)
from audit_svc.domain.files import json_file, xml_file
from audit_svc.domain.markets import SETTLE_US, Market, Period, PeriodError, names_of, parse_period
from audit_svc.domain.rounds import Event, Name, rounds_source
from audit_svc.errors import (
    ExtractNotFoundError,
    ExtractsNotSetUpError,
    LicenseeUnknownError,
    LogBehindError,
    MarketUnknownError,
    PeriodInvalidError,
    PeriodOpenError,
    RecordsGoneError,
)
from audit_svc.ports import Appending, ExtractLog, Extracts, Filed, HeadMovedError, Registry, TokenService
from mesh import failpoints
from mesh.clock import Clock
from mesh.errors import DependencyDownError

_TRIES = 40
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What extracts are made with."""

    markets: Mapping[str, Market]
    keys: Mapping[str, bytes] = field(repr=False)
    """Keys of pseudonyms by id. The first one is for new periods; a correction has that of what it corrects."""
    tokens: TokenService | None


class ExtractDesk:
    """One use case per RPC, in the order of the contract."""

    def __init__(
        self, log: ExtractLog, extracts: Extracts, appending: Appending, registry: Registry, setup: Setup, clock: Clock
    ) -> None:
        self._log = log
        self._extracts = extracts
        self._appending = appending
        self._registry = registry
        self._setup = setup
        self._clock = clock

    async def make(self, market: str, licensee: str, first: str, last: str) -> tuple[Filed, bool]:
        """The extract of a period, and whether it was there before. Errors: as the contract has them."""
        asked = self._market(market)
        if not self._setup.keys:
            raise ExtractsNotSetUpError(setting="PITBOSS_PSEUDONYM_KEYS")
        if asked.sealed and self._setup.tokens is None:
            raise ExtractsNotSetUpError(setting="PITBOSS_SEAL_URL")
        period = _period(asked, first, last)
        if self._clock.now_us() < period.to_us + SETTLE_US:
            raise PeriodOpenError(ready_us=str(period.to_us + SETTLE_US))
        if licensee not in await self._registry.licensees():
            raise LicenseeUnknownError(licensee_id=licensee)
        filed, replayed = await self._filed(asked, licensee, period)
        return (await self._with_seal(filed) if asked.sealed else filed), replayed

    async def page(self, market: str, licensee: str, after: int, limit: int) -> list[Filed]:
        """Those after a sequence, in order, without their files."""
        return await self._extracts.page(self._market(market).name, licensee, after, limit)

    async def get(self, market: str, licensee: str, sequence: int) -> Filed:
        """One of them. Errors: ExtractNotFoundError."""
        found = await self._extracts.get(market, licensee, sequence)
        if found is None:
            raise ExtractNotFoundError(market=market, sequence=str(sequence))
        return found

    def _market(self, name: str) -> Market:
        found = self._setup.markets.get(name)
        if found is None:
            raise MarketUnknownError(market=name, markets=names_of(self._setup.markets))
        return found

    # -- made

    async def _filed(self, market: Market, licensee: str, period: Period) -> tuple[Filed, bool]:
        until = await self._whole()
        for _ in range(_TRIES):
            latest = await self._extracts.newest_of(market.name, licensee, period.from_us, period.to_us)
            key_id = latest.extract.pseudonym_key if latest else next(iter(self._setup.keys))
            told = await self._told(market, licensee, period, until, key_id)
            if latest is not None and latest.extract.told == told.digest:
                return latest, True
            extract = await self._drawn_up(market, licensee, period, until, told, key_id, latest)
            span = Span(source=SOURCE, drafts=[draft_of(extract)], extracts=[astuple(extract)])
            try:
                await self._appending.append_span(span)
            except (HeadMovedError, DependencyDownError):
                # Another process was faster, perhaps with this very extract; or a new plan is being made.
                await asyncio.sleep(_PAUSE_S)
                continue
            return Filed(extract=extract, seal=None), False
        raise DependencyDownError(dependency="audit log", retry_after=1.0)

    async def _drawn_up(
        self,
        market: Market,
        licensee: str,
        period: Period,
        until: Mapping[int, int],
        told: Told,
        key_id: str,
        latest: Filed | None,
    ) -> Extract:
        before = await self._extracts.newest(market.name, licensee)
        place = Place(
            sequence=before.extract.sequence + 1 if before else 1,
            previous=before.extract.digest.hex() if before else "",
            number=latest.extract.number + 1 if latest else 0,
            corrects=latest.extract.digest.hex() if latest else "",
        )
        content = document(market, licensee, period, place, until=until, pseudonym_key=key_id, told=told)
        files = json_file(content), xml_file(content, market.namespace)
        digests = sha256(files[0]), sha256(files[1])
        return Extract(
            market=market.name,
            licensee=licensee,
            sequence=place.sequence,
            from_us=period.from_us,
            to_us=period.to_us,
            number=place.number,
            schema=market.schema,
            pseudonym_key=key_id,
            told=told.digest,
            digest=digest_of(manifest_of(market.schema, *digests)),
            rounds=len(told.rounds),
            json_sha256=digests[0],
            xml_sha256=digests[1],
            json=files[0],
            xml=files[1],
            recorded_us=self._clock.now_us(),
        )

    async def _told(self, market: Market, licensee: str, period: Period, until: Mapping[int, int], key_id: str) -> Told:
        key = self._setup.keys.get(key_id)
        if key is None:
            raise ExtractsNotSetUpError(setting="PITBOSS_PSEUDONYM_KEYS", key=key_id)
        found = of_period(await self._kept(licensee, period), market, period, until)
        names = sorted({parts[0].name for parts in found.values()}) if market.postings else []
        events: dict[Name, list[Event]] = {}
        for start in range(0, len(names), PAGE):
            for each in events_of(await self._log.round_events(names[start : start + PAGE])):
                events.setdefault(each.name, []).append(each)
        return tell(market, found, events, until, lambda of, player: pseudonym(key, of, player))

    async def _kept(self, licensee: str, period: Period) -> list[Kept]:
        kept: list[Kept] = []
        index = 0
        while page := await self._log.records_since(licensee, period.from_us - SETTLE_US, index, PAGE):
            for each in page:
                if each.payload is None and each.entry.recorded_us < period.to_us:
                    raise RecordsGoneError(index=str(each.entry.index))
            kept += [_kept(each, each.payload) for each in page if each.payload is not None]
            index = page[-1].entry.index + 1
        return kept

    async def _whole(self) -> dict[int, int]:
        """The positions of the ledger now, once records are made of all before them. Errors: LogBehindError."""
        heads = dict(await self._registry.heads())
        await self._reach({f"ledger/{shard}": sequence for shard, sequence in heads.items()})
        # Events after the heads may be among them: then this waits a little longer than it has to.
        last = {rounds_source(shard): await self._log.last_round(f"ledger/{shard}") + 1 for shard in heads}
        await self._reach(last)
        return heads

    async def _reach(self, wanted: Mapping[str, int]) -> None:
        behind = ""
        for _ in range(_TRIES):
            reached = await self._log.positions()
            behind = next((name for name, position in wanted.items() if reached.get(name, 0) < position), "")
            if not behind:
                return
            await asyncio.sleep(_PAUSE_S)
        raise LogBehindError(shard=behind.partition("/")[2], retry_after=1.0)

    # -- sealed

    async def _with_seal(self, filed: Filed) -> Filed:
        """Seal what has no seal yet in the order of the batches, this one too."""
        extract = filed.extract
        for each in await self._extracts.unsealed(extract.market, extract.licensee):
            await self._seal(each.extract)
        # Sealed here, or by another process since it was found.
        return await self.get(extract.market, extract.licensee, extract.sequence)

    async def _seal(self, extract: Extract) -> None:
        """Store its seal. The extract is there already and never changes, so every try seals the same bytes."""
        service = self._setup.tokens
        assert service is not None
        for _ in range(_TRIES):
            known = await self._extracts.get(extract.market, extract.licensee, extract.sequence)
            if known is not None and known.seal is not None:
                return
            token = await service.open(extract.batch)
            mac = tokens.mac_of(token, extract.manifest)
            seal = tokens.seal_file(extract, token, mac, await service.close(extract, token, mac))
            failpoints.here("audit.seal.before")
            now_us = self._clock.now_us()
            row = (extract.market, extract.licensee, extract.sequence, seal, now_us)
            span = Span(source=SOURCE, drafts=[tokens.draft_of(extract, seal, now_us)], seals=[row])
            try:
                await self._appending.append_span(span)
            except (HeadMovedError, DependencyDownError):
                await asyncio.sleep(_PAUSE_S)
                continue
            return
        raise DependencyDownError(dependency="audit log", retry_after=1.0)


def _period(market: Market, first: str, last: str) -> Period:
    try:
        return parse_period(market, first, last)
    except PeriodError as error:
        raise PeriodInvalidError(
            violations=[("from_local", str(error))], zone=market.zone, period_minutes=str(market.period_minutes)
        ) from None


def _kept(opened: Opened, payload: str) -> Kept:
    entry = opened.entry
    what, _, sequence = entry.key.partition("-")
    return Kept(
        shard=int(entry.source.partition("/")[2]),
        sequence=int(sequence),
        recorded_us=entry.recorded_us,
        amends=what == "amended",
        content=json.loads(payload),
    )
