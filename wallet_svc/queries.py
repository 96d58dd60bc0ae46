"""Reads: what the ledger knows, for whom it concerns. One function per question."""

from dataclasses import dataclass

from compliance_svc.kernel import Identity, LimitStatus, Pack
from compliance_svc.kernel.closing import FinalPayment, final_payment
from compliance_svc.kernel.statute import Statute
from mesh.clock import Clock
from mesh.errors import RequestInvalidError
from wallet_svc.domain import counting, law, switches
from wallet_svc.domain.state import Asset, Licensee, Registry
from wallet_svc.domain.vocabulary import LATE_KINDS, Kind, PlayState, RoundState
from wallet_svc.errors import (
    CurrencyUnknownError,
    LicenseeNotFoundError,
    PlayerNotFoundError,
    ProviderNotFoundError,
    TransactionNotFoundError,
)
from wallet_svc.store.reading import PlayerRow, Reader, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    """A round with everything that was sent for it."""

    state: RoundState
    stored: list[Stored]
    opened_us: int | None = None
    closed_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayView:
    """A session that the ledger knows."""

    session: str
    provider: str
    currency: str
    active: bool
    state: PlayState


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlay:
    """How long a session lasts, and what its player has staked and won since it began."""

    asset: Asset
    opened_us: int
    elapsed_us: int
    staked: int
    won: int


class Queries:
    """Questions to the ledger. Each reads the registry it needs to name things."""

    def __init__(self, reader: Reader, clock: Clock, statute: Statute) -> None:
        self._statute = statute
        self._reader = reader
        self._clock = clock

    async def registry(self) -> Registry:
        return await self._reader.registry()

    async def player(self, licensee: str, name: str) -> PlayerRow:
        """Errors: PlayerNotFoundError."""
        row = await self._reader.player(licensee, name)
        if row is None or row.main_asset_id is None:
            raise PlayerNotFoundError(player_id=name)
        return row

    async def limits(self, row: PlayerRow, registry: Registry) -> tuple[LimitStatus, ...]:
        """What is used and left of each limit of a player."""
        now_us = self._clock.now_us()
        since_us = counting.looks_back_to(row.protection, now_us)
        if since_us is None:
            return ()
        rows = await self._reader.rows("read_usage", {"players": [row.id], "since": [since_us]})
        timed = counting.counts_time(law.state_of(row.protection))
        times = await self._reader.rows("read_times", {"players": [row.id]}) if timed else []
        return counting.limit_statuses(
            licensee=row.licensee,
            pack=row.pack,
            main=registry.assets_by_id[row.main_asset_id],
            protection=row.protection,
            rows=rows,
            times=times,
            registry=registry,
            packs=self._statute.library(registry.releases),
            now_us=now_us,
        )

    async def pack_of(self, row: PlayerRow) -> Pack | None:
        """The law of a player now."""
        packs = self._statute.library((await self.registry()).releases)
        return packs.at(row.pack, self._clock.now_us(), row.licensee)

    async def final_payment(self, row: PlayerRow) -> tuple[bool, FinalPayment]:
        """What becomes of a player's money in the main currency if the account is closed by force, and whether it is."""
        asked = {"player": row.id, "asset": row.main_asset_id}
        sums = (await self._reader.rows("final_payment", asked))[0]
        state = law.state_of(row.protection)
        payment = final_payment(
            deposited_minor=int(sums.deposited),
            withdrawn_minor=int(sums.withdrawn),
            frozen_minor=0 if state is None else state.person.frozen_minor,
            suspense_minor=int(sums.aside),
        )
        return state is not None and state.person.identity is Identity.MINOR, payment

    async def balance(self, licensee: str, name: str, currency: str) -> tuple[PlayerRow, Asset]:
        """A player and the asset in which balances are asked for."""
        registry = await self.registry()
        row = await self.player(licensee, name)
        asset = registry.assets_by_id[row.main_asset_id]
        if currency:
            tenant = registry.licensees[licensee]
            found = registry.assets.get((tenant.id, currency))
            if found is None or (found.id, 1) not in row.balances:
                raise CurrencyUnknownError(currency_code=currency)
            asset = found
        return row, asset

    async def asset(self, licensee: str, currency: str) -> tuple[Licensee, Asset]:
        """Errors: LicenseeNotFoundError, CurrencyUnknownError."""
        registry = await self.registry()
        tenant = registry.licensees.get(licensee)
        if tenant is None:
            raise LicenseeNotFoundError(licensee_id=licensee)
        asset = registry.assets.get((tenant.id, currency))
        if asset is None:
            raise CurrencyUnknownError(currency_code=currency)
        return tenant, asset

    async def source(self, name: str) -> int:
        """Id of who sends actions. Errors: ProviderNotFoundError."""
        source_id = (await self.registry()).sources.get(name)
        if source_id is None:
            raise ProviderNotFoundError(provider=name)
        return source_id

    async def by_key(self, licensee: str, name: str, source: str, kind: Kind, key: str) -> Stored | None:
        """The stored action of a key, or None if it was never seen."""
        registry = await self.registry()
        row = await self.player(licensee, name)
        source_id = registry.sources.get(source)
        if source_id is None:
            raise ProviderNotFoundError(provider=source)
        kinds = [kind, *(late for late, on_time in LATE_KINDS.items() if on_time is kind)]
        entry = await self._reader.by_key(row.id, source_id, kinds, key, registry)
        if entry is None:
            return None
        undone = await self._reader.undone([entry])
        return Stored(entry=entry, player=name, rolled_back=bool(undone))

    async def by_id(self, licensee: str, transaction_id: str) -> Stored:
        """Errors: TransactionNotFoundError, also for another licensee's transaction."""
        registry = await self.registry()
        tenant = registry.licensees.get(licensee)
        shard, _, sequence = transaction_id.partition("-")
        values = {"shard": int(shard), "sequence": int(sequence), "licensee": tenant.id if tenant else 0}
        rows = await self._reader.rows("read_entry", values) if int(shard) < registry.shards else []
        if not rows:
            raise TransactionNotFoundError(transaction_id=transaction_id)
        return (await self._reader.with_undone(rows, registry))[0]

    async def round(self, licensee: str, name: str, provider: str, round_id: str) -> RoundView:
        """A round; state UNKNOWN if it was never opened."""
        registry = await self.registry()
        row = await self.player(licensee, name)
        source_id = registry.sources.get(provider)
        if source_id is None:
            raise ProviderNotFoundError(provider=provider)
        values = {"player": row.id, "source": source_id, "round": round_id}
        rounds = await self._reader.rows("read_round", values)
        entries = await self._reader.rows("list_round_entries", values)
        stored = await self._reader.with_undone(entries, registry)
        if not rounds:
            return RoundView(state=RoundState.UNKNOWN, stored=stored)
        found = rounds[0]
        return RoundView(
            state=RoundState(found.state), stored=stored, opened_us=found.opened_us, closed_us=found.closed_us
        )

    async def provider_of(self, licensee: str, name: str, session: str) -> str | None:
        """The provider of a session, whatever became of it. None if the player has no such session."""
        row = await self._reader.player(licensee, name)
        if row is None:
            return None
        rows = await self._reader.rows("read_plays", {"players": [row.id], "sessions": [session]})
        return (await self.registry()).source_names[rows[0].source_id] if rows else None

    async def session_play(self, licensee: str, name: str, session: str) -> SessionPlay:
        """Time and money of a session. Errors: PlayerNotFoundError, RequestInvalidError."""
        row = await self.player(licensee, name)
        plays = await self._reader.rows("read_plays", {"players": [row.id], "sessions": [session]})
        permit = law.restore_permit(plays[0].permit) if plays else None
        if permit is None:
            raise RequestInvalidError(violations=[("session_id", "the player has no such session")])
        usage = await self._reader.rows("read_usage", {"players": [row.id], "since": [permit.opened_us - 1]})
        staked, won = counting.played(usage, plays[0].asset_id, permit.opened_us)
        asset = (await self.registry()).assets_by_id[plays[0].asset_id]
        elapsed_us = max(0, self._clock.now_us() - permit.opened_us)
        return SessionPlay(asset=asset, opened_us=permit.opened_us, elapsed_us=elapsed_us, staked=staked, won=won)

    async def plays(self, player: PlayerRow, registry: Registry) -> list[PlayView]:
        """The sessions of a player that may stake now. An exclusion, for one, has ended all older ones at once."""
        now = self._clock.now_us()
        rows = await self._reader.rows("open_plays", {"player": player.id, "now": now})
        return [
            PlayView(
                session=row.session,
                provider=registry.source_names[row.source_id],
                currency=registry.assets_by_id[row.asset_id].code,
                active=True,
                state=PlayState.ACTIVE,
            )
            for row in rows
            if law.is_permitted(
                row.permit,
                player.protection,
                switches.stops(
                    registry, registry.licensees[player.licensee], player.name, player.pack, row.source_id, row.game
                ),
            )
        ]

    async def heads(self) -> list[tuple[int, int, bytes]]:
        """(shard, last sequence, digest) of every shard."""
        rows = await self._reader.rows("list_heads", {})
        return [(row.id, row.last, bytes(row.digest)) for row in rows]

    async def licensee(self, name: str) -> None:
        """Errors: LicenseeNotFoundError."""
        if name not in (await self.registry()).licensees:
            raise LicenseeNotFoundError(licensee_id=name)
