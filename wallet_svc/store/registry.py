"""The registry: read whole as one version, changed under the locks of every head."""

import enum
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.release import Release
from wallet_svc.domain.state import (
    Assertions,
    Asset,
    ExchangeRate,
    Game,
    Licensee,
    OwnWallet,
    ProviderFlags,
    Registry,
    Suspension,
    SwitchName,
)
from wallet_svc.domain.vocabulary import AssetKind, Scope, Shortfall, StakeOrder
from wallet_svc.errors import AssetInUseError, LicenseeNotFoundError, PackUnknownError, WalletModeFixedError

DEFAULT_EXPONENTS = {
    **dict.fromkeys(
        (
            "EUR",
            "GBP",
            "USD",
            "CAD",
            "AUD",
            "NZD",
            "CHF",
            "SEK",
            "NOK",
            "DKK",
            "PLN",
            "CZK",
            "RON",
            "BRL",
            "MXN",
            "INR",
        ),
        6,
    ),
    **dict.fromkeys(("JPY", "KRW", "CLP", "VND"), 4),
    "KWD": 6,
    "BTC": 8,
}
"""Assets that every licensee starts with: two-decimal currencies keep 6 digits, zero-decimal ones 4, BTC 8."""
_CRYPTO = frozenset({"BTC"})
DEFAULT_REPRODUCTION = 2
"""R1: money and decisions can be repeated."""


async def read_registry(connection: psycopg.AsyncConnection[TupleRow]) -> Registry:
    """One consistent version. Read in one transaction, so that version and content belong together."""
    # In a transaction that holds heads nothing changes anyway: every change takes all heads first.
    holds_heads = connection.info.transaction_status is TransactionStatus.INTRANS
    async with connection.transaction():
        if not holds_heads:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        shards = await _all(connection, "SELECT count(*), min(registry_version) FROM shard")
        licensees = await _all(
            connection,
            "SELECT id, name, default_pack, stake_order, suspended, win_reversal_shortfall, adjustment_thresholds, "
            "wallet_address, wallet_key, wallet_deadline_us, licences, assertion_key, assertion_max_age_us, game_wallet "
            "FROM licensee",
        )
        assets = await _all(connection, "SELECT id, licensee_id, code, exponent, kind, cap FROM asset")
        sources = await _all(connection, "SELECT id, name FROM source")
        providers = await _all(
            connection,
            "SELECT licensee_id, source_id, win_without_bet, one_credit_per_bet, late_win_window_us, bet_window_us, "
            "auto_close_after_us, pays_per_spin FROM provider_account",
        )
        games = await _all(
            connection,
            """
            SELECT licensee_id, source_id, name, category, enabled, game.build, game.certified_builds, game.progressive,
                coalesce(papers.return_ppm, 0), coalesce(papers.features, '{}')
            FROM game LEFT JOIN (
                SELECT DISTINCT ON (licensee_id, source_id, name) licensee_id, source_id, name, return_ppm, features
                FROM game_papers ORDER BY licensee_id, source_id, name, change DESC
            ) AS papers USING (licensee_id, source_id, name)
            """,
        )
        found = _assemble(shards[0], licensees, assets, sources, providers, games)
        return replace(found, releases=await read_releases(connection), **await _facts(connection))


async def read_releases(connection: psycopg.AsyncConnection[TupleRow]) -> tuple[Release, ...]:
    """Packs that were released while services ran, in the order of their record."""
    rows = await _all(
        connection,
        "SELECT licensee, name, digest, content, law_pack.signatures, law_pack.recorded_us, law_pack_end.signatures, "
        "law_pack_end.recorded_us FROM law_pack LEFT JOIN law_pack_end ON law_pack_end.pack_id = law_pack.id "
        "ORDER BY law_pack.id",
    )
    return tuple(
        Release(
            licensee=licensee,
            name=name,
            digest=digest,
            content=content,
            signatures=signatures,
            recorded_us=recorded_us,
            ended=ended or "",
            ended_us=ended_us,
        )
        for licensee, name, digest, content, signatures, recorded_us, ended, ended_us in rows
    )


async def _facts(connection: psycopg.AsyncConnection[TupleRow]) -> dict[str, Any]:
    """Kill switches, sources that are silent, and exchange rates."""
    thrown = await _all(connection, "SELECT scope, licensee_id, source_id, name, suspended, since_us FROM suspension")
    health = await _all(connection, "SELECT name, silent, until_us FROM source_health")
    rates = await _all(
        connection, "SELECT licensee_id, from_code, to_code, value, decimals, observed_us, max_age_us FROM rate"
    )
    return {
        "suspensions": {
            SwitchName(Scope(scope), licensee_id, source_id, name): Suspension(suspended=suspended, since_us=since_us)
            for scope, licensee_id, source_id, name, suspended, since_us in thrown
        },
        "silent_sources": frozenset(name for name, silent, _ in health if silent),
        "source_leases": {name: until_us for name, silent, until_us in health if until_us is not None and not silent},
        "rates": {
            (licensee_id, source, target): ExchangeRate(
                value=int(value), decimals=decimals, observed_us=observed_us, max_age_us=max_age_us
            )
            for licensee_id, source, target, value, decimals, observed_us, max_age_us in rates
        },
    }


async def _all(connection: psycopg.AsyncConnection[TupleRow], statement: str) -> list[TupleRow]:
    cursor = await connection.execute(statement.encode())
    return await cursor.fetchall()


def _assemble(
    shards: TupleRow,
    licensees: list[TupleRow],
    assets: list[TupleRow],
    sources: list[TupleRow],
    providers: list[TupleRow],
    games: list[TupleRow],
) -> Registry:
    tenants = [
        Licensee(
            id=id_,
            name=name,
            default_pack=pack,
            stake_order=StakeOrder(order),
            suspended=suspended,
            shortfall=Shortfall(shortfall),
            thresholds=tuple((code, amount) for code, amount in orjson.loads(thresholds)),
            wallet=None if address is None else OwnWallet(address=address, signing_key=key, deadline_us=deadline_us),
            mirrored=address is not None,
            game_wallet=game_wallet,
            licences=tuple(licences),
            assertions=None if public is None else Assertions(public_key=bytes(public), max_age_us=max_age_us),
        )
        for (
            id_,
            name,
            pack,
            order,
            suspended,
            shortfall,
            thresholds,
            address,
            key,
            deadline_us,
            licences,
            public,
            max_age_us,
            game_wallet,
        ) in licensees
    ]
    known = {
        (owner, code): Asset(id=id_, code=code, exponent=exponent, kind=AssetKind(kind), cap=cap)
        for id_, owner, code, exponent, kind, cap in assets
    }
    return Registry(
        version=shards[1] or 1,
        licensees={tenant.name: tenant for tenant in tenants},
        sources={row[1]: row[0] for row in sources},
        assets=known,
        providers={
            (owner, source): ProviderFlags(
                win_without_bet=without,
                one_credit_per_bet=one,
                late_win_window_us=late,
                bet_window_us=window,
                auto_close_after_us=idle,
                pays_per_spin=per_spin,
            )
            for owner, source, without, one, late, window, idle, per_spin in providers
        },
        games={
            (owner, source, name): Game(
                category=category,
                enabled=enabled,
                build=build or "",
                certified=build is None or build in certified,
                progressive=progressive,
                return_ppm=return_ppm,
                features=tuple(features),
            )
            for owner, source, name, category, enabled, build, certified, progressive, return_ppm, features in games
        },
        shards=shards[0],
        assets_by_id={asset.id: asset for asset in known.values()},
        source_names={row[0]: row[1] for row in sources},
        licensees_by_id={tenant.id: tenant for tenant in tenants},
    )


class Keeping(enum.Enum):
    """Money that the ledger keeps."""

    HOSTED = enum.auto()
    GAME_WALLET = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the law looks at a licensee: its licences, empty for all, and what its own word must be like."""

    licences: tuple[str, ...] = ()
    assertions: Assertions | None = None


NO_TERMS = Terms()


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What a game's papers say."""

    build: str
    certified_builds: tuple[str, ...]
    progressive: bool
    certificate: str = ""
    return_ppm: int = 0
    deviation_ppm: int = 0
    features: tuple[str, ...] = ()
    """What it can do that some markets forbid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A kill switch by the names of what it stops. Empty names: every licensee, no provider, nothing named."""

    scope: Scope
    licensee: str = ""
    provider: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class RegistryStore:
    """Changes of the registry. Each one moves the version in every head.

    A batch that was decided under an older version then fails its compare-and-swap,
    so a change holds for everything that commits after the change has.
    """

    connect: Callable[[], Awaitable[psycopg.AsyncConnection[TupleRow]]]

    async def change(self, work: Callable[[psycopg.AsyncConnection[TupleRow]], Awaitable[None]]) -> None:
        """Run `work` in one transaction with every head locked, in the order all writers lock them."""
        connection = await self.connect()
        try:
            async with connection.transaction():
                await connection.execute("SELECT id FROM shard ORDER BY id FOR NO KEY UPDATE")
                await work(connection)
                await connection.execute("UPDATE shard SET registry_version = registry_version + 1")
        finally:
            await connection.close()

    async def licensees(self) -> list[TupleRow]:
        """Every licensee, by name."""
        connection = await self.connect()
        try:
            return await _all(
                connection,
                "SELECT name, default_pack, stake_order, win_reversal_shortfall, suspended, adjustment_thresholds, "
                "wallet_address, wallet_key, wallet_deadline_us, licences, assertion_key, assertion_max_age_us, "
                "game_wallet FROM licensee ORDER BY name",
            )
        finally:
            await connection.close()

    async def put_licensee(
        self,
        *,
        name: str,
        default_pack: str,
        stake_order: int,
        shortfall: int,
        suspended: bool,
        thresholds: list[tuple[str, str]],
        place: OwnWallet | Keeping | None = None,
        terms: Terms = NO_TERMS,
    ) -> None:
        """Register a licensee with the default assets, or change its policies.

        Its players' money stays where it is unless `place` says where.
        Errors: WalletModeFixedError.
        """
        told = orjson.dumps(thresholds).decode()

        async def work(connection: psycopg.AsyncConnection[TupleRow]) -> None:
            await change(connection)
            word = terms.assertions
            told_word = (None, None) if word is None else (word.public_key, word.max_age_us)
            await connection.execute(
                "UPDATE licensee SET assertion_key = %s, assertion_max_age_us = %s WHERE name = %s", (*told_word, name)
            )
            if place is not None:
                await _put_wallet(connection, name, place)

        async def change(connection: psycopg.AsyncConnection[TupleRow]) -> None:
            known = await connection.execute(
                """
                UPDATE licensee SET default_pack = %s, stake_order = %s, win_reversal_shortfall = %s, suspended = %s,
                    adjustment_thresholds = %s, licences = %s
                WHERE name = %s
                """,
                (default_pack, stake_order, shortfall, suspended, told, list(terms.licences), name),
            )
            if known.rowcount:
                return
            # Not an upsert: that would take a number from the sequence of ids at every call.
            await connection.execute(
                """
                WITH fresh AS (
                    INSERT INTO licensee
                        (name, default_pack, stake_order, win_reversal_shortfall, suspended, adjustment_thresholds,
                         licences)
                    VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id
                )
                INSERT INTO asset (licensee_id, code, exponent, kind)
                SELECT fresh.id, shipped.* FROM fresh, unnest(%s::text[], %s::smallint[], %s::smallint[]) AS shipped
                """,
                (
                    name,
                    default_pack,
                    stake_order,
                    shortfall,
                    suspended,
                    told,
                    list(terms.licences),
                    list(DEFAULT_EXPONENTS),
                    list(DEFAULT_EXPONENTS.values()),
                    [AssetKind.CRYPTO if code in _CRYPTO else AssetKind.FIAT for code in DEFAULT_EXPONENTS],
                ),
            )

        await self.change(work)

    async def put_asset(
        self, licensee: str, code: str, exponent: int, kind: AssetKind = AssetKind.FIAT, cap: int | None = None
    ) -> None:
        """Set an exponent before first use; kind and cap at any time. Errors: LicenseeNotFoundError, AssetInUseError."""

        async def work(connection: psycopg.AsyncConnection[TupleRow]) -> None:
            licensee_id = await _licensee_id(connection, licensee)
            known = await connection.execute(
                "UPDATE asset SET exponent = %s, kind = %s, cap = %s WHERE licensee_id = %s AND code = %s",
                (exponent, kind, cap, licensee_id, code),
            )
            if not known.rowcount:
                await connection.execute(
                    "INSERT INTO asset (licensee_id, code, exponent, kind, cap) VALUES (%s, %s, %s, %s, %s)",
                    (licensee_id, code, exponent, kind, cap),
                )

        try:
            await self.change(work)
        except psycopg.errors.ForeignKeyViolation:
            raise AssetInUseError(currency_code=code) from None

    async def provider_accounts(self) -> list[TupleRow]:
        """(licensee, provider, reproduction level) of every account."""
        connection = await self.connect()
        try:
            return await _all(
                connection,
                "SELECT licensee.name, source.name, reproduction FROM provider_account "
                "JOIN licensee ON licensee.id = licensee_id JOIN source ON source.id = source_id ORDER BY 1, 2",
            )
        finally:
            await connection.close()

    async def game_papers(self, after: int, limit: int) -> list[TupleRow]:
        """Papers of games after a change, in order. Each as a row of the table, with names for numbers."""
        connection = await self.connect()
        try:
            found = await connection.execute(_PAPERS, (after, limit))
            return await found.fetchall()
        finally:
            await connection.close()

    async def put_provider(
        self, licensee: str, provider: str, flags: ProviderFlags, reproduction: int = DEFAULT_REPRODUCTION
    ) -> None:
        """Register a provider account, or change its flags. Errors: LicenseeNotFoundError."""

        async def work(connection: psycopg.AsyncConnection[TupleRow]) -> None:
            licensee_id = await _licensee_id(connection, licensee)
            source_id = await _source_id(connection, provider)
            await connection.execute(
                """
                INSERT INTO provider_account
                    (licensee_id, source_id, win_without_bet, one_credit_per_bet, late_win_window_us, bet_window_us,
                     auto_close_after_us, pays_per_spin, reproduction)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (licensee_id, source_id) DO UPDATE SET win_without_bet = excluded.win_without_bet,
                    one_credit_per_bet = excluded.one_credit_per_bet,
                    late_win_window_us = excluded.late_win_window_us,
                    bet_window_us = excluded.bet_window_us,
                    auto_close_after_us = excluded.auto_close_after_us,
                    pays_per_spin = excluded.pays_per_spin,
                    reproduction = excluded.reproduction
                """,
                (
                    licensee_id,
                    source_id,
                    flags.win_without_bet,
                    flags.one_credit_per_bet,
                    flags.late_win_window_us,
                    flags.bet_window_us,
                    flags.auto_close_after_us,
                    flags.pays_per_spin,
                    reproduction,
                ),
            )

        await self.change(work)

    async def put_games(
        self,
        licensee: str,
        provider: str,
        games: list[tuple[str, str, bool]],
        papers: Sequence[tuple[str, Papers]] = (),
        *,
        now_us: int = 0,
    ) -> None:
        """Register games, or switch them. An empty licensee means all. Errors: LicenseeNotFoundError.

        Papers stay as they were where none are shown. `now_us` is since when the ones that are shown hold.
        """

        async def work(connection: psycopg.AsyncConnection[TupleRow]) -> None:
            licensee_id = await _licensee_id(connection, licensee) if licensee else 0
            source_id = await _source_id(connection, provider)
            names, categories, enabled = zip(*games, strict=True)
            await connection.execute(
                """
                INSERT INTO game (licensee_id, source_id, name, category, enabled)
                SELECT %s, %s, sent.* FROM unnest(%s::text[], %s::text[], %s::boolean[]) AS sent
                ON CONFLICT (source_id, name, licensee_id)
                DO UPDATE SET category = excluded.category, enabled = excluded.enabled
                """,
                (licensee_id, source_id, list(names), list(categories), list(enabled)),
            )
            for name, shown in papers:
                await connection.execute(
                    """
                    UPDATE game SET build = %s, certified_builds = %s, progressive = %s
                    WHERE licensee_id = %s AND source_id = %s AND name = %s
                    """,
                    (shown.build, list(shown.certified_builds), shown.progressive, licensee_id, source_id, name),
                )
                await _note_papers(connection, (licensee_id, source_id, name), shown, now_us)

        await self.change(work)

    async def put_suspension(self, switch: Switch, *, suspended: bool, now_us: int) -> None:
        """Throw a kill switch, or take it back. Errors: LicenseeNotFoundError."""

        async def work(connection: psycopg.AsyncConnection[TupleRow]) -> None:
            licensee_id = await _licensee_id(connection, switch.licensee) if switch.licensee else 0
            source_id = await _source_id(connection, switch.provider) if switch.provider else 0
            key = (int(switch.scope), licensee_id, source_id, switch.name)
            if not suspended:
                await connection.execute(
                    """
                    UPDATE suspension SET suspended = false
                    WHERE (scope, licensee_id, source_id, name) = (%s, %s, %s, %s)
                    """,
                    key,
                )
                return
            await connection.execute(
                """
                INSERT INTO suspension (scope, licensee_id, source_id, name, suspended, since_us)
                VALUES (%s, %s, %s, %s, true, %s)
                ON CONFLICT (scope, licensee_id, source_id, name)
                DO UPDATE SET suspended = true, since_us = excluded.since_us
                """,
                (*key, now_us),
            )

        await self.change(work)

    async def suspensions(self) -> list[TupleRow]:
        """(scope, licensee, provider, name, suspended, since) of every switch. Empty names as in `Switch`."""
        connection = await self.connect()
        try:
            return await _all(
                connection,
                "SELECT scope, coalesce(licensee.name, ''), coalesce(source.name, ''), suspension.name, "
                "suspension.suspended, since_us FROM suspension LEFT JOIN licensee ON licensee.id = licensee_id "
                "LEFT JOIN source ON source.id = source_id ORDER BY 1, 2, 3, 4",
            )
        finally:
            await connection.close()

    async def put_source_health(self, name: str, *, silent: bool, until_us: int | None = None) -> None:
        """Note whether a source of facts answers, and until when that is known."""

        async def work(connection: psycopg.AsyncConnection[TupleRow]) -> None:
            await connection.execute(
                """
                INSERT INTO source_health (name, silent, until_us) VALUES (%s, %s, %s)
                ON CONFLICT (name) DO UPDATE SET silent = excluded.silent, until_us = excluded.until_us
                """,
                (name, silent, until_us),
            )

        await self.change(work)

    async def put_rate(self, licensee: str, source: str, target: str, rate: ExchangeRate) -> None:
        """Set an exchange rate. Errors: LicenseeNotFoundError."""

        async def work(connection: psycopg.AsyncConnection[TupleRow]) -> None:
            licensee_id = await _licensee_id(connection, licensee)
            await connection.execute(
                """
                INSERT INTO rate (licensee_id, from_code, to_code, value, decimals, observed_us, max_age_us)
                VALUES (%s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (licensee_id, from_code, to_code) DO UPDATE SET value = excluded.value,
                    decimals = excluded.decimals, observed_us = excluded.observed_us, max_age_us = excluded.max_age_us
                """,
                (licensee_id, source, target, rate.value, rate.decimals, rate.observed_us, rate.max_age_us),
            )

        await self.change(work)

    async def releases(self) -> tuple[Release, ...]:
        """Packs that were released."""
        connection = await self.connect()
        try:
            return await read_releases(connection)
        finally:
            await connection.close()

    async def put_pack(
        self,
        document: PackDocument,
        licensee: str,
        content: str,
        signatures: str,
        check: Callable[[tuple[Release, ...]], None],
        now_us: int,
    ) -> bool:
        """Store a pack if `check` has nothing against it beside those that are there. False if it was there already."""
        written = False

        async def work(connection: psycopg.AsyncConnection[TupleRow]) -> None:
            nonlocal written
            if licensee:
                await _licensee_id(connection, licensee)
            check(await read_releases(connection))
            row = await connection.execute(
                """
                INSERT INTO law_pack (licensee, name, version, digest, content, signatures, recorded_us)
                VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (licensee, digest) DO NOTHING
                """,
                (licensee, document.name, document.version, document.digest, content, signatures, now_us),
            )
            written = bool(row.rowcount)

        await self.change(work)
        return written

    async def end_pack(
        self, licensee: str, digest: str, signatures: str, check: Callable[[Release], None], now_us: int
    ) -> bool:
        """End a pack if `check` has nothing against it. False if it had ended. Errors: PackUnknownError."""
        written = False

        async def work(connection: psycopg.AsyncConnection[TupleRow]) -> None:
            nonlocal written
            known = [one for one in await read_releases(connection) if (one.licensee, one.digest) == (licensee, digest)]
            if not known:
                raise PackUnknownError(pack=digest)
            check(known[0])
            row = await connection.execute(
                """
                INSERT INTO law_pack_end (pack_id, signatures, recorded_us)
                SELECT id, %s, %s FROM law_pack WHERE licensee = %s AND digest = %s ON CONFLICT DO NOTHING
                """,
                (signatures, now_us, licensee, digest),
            )
            written = bool(row.rowcount)

        await self.change(work)
        return written


_PAPERS = """
    SELECT change, coalesce(licensee.name, ''), source.name, game_papers.name, since_us, build, certified_builds,
        progressive, certificate, return_ppm, deviation_ppm, features
    FROM game_papers JOIN source ON source.id = source_id LEFT JOIN licensee ON licensee.id = licensee_id
    WHERE change > %s ORDER BY change LIMIT %s
"""


async def _note_papers(
    connection: psycopg.AsyncConnection[TupleRow], game: tuple[int, int, str], shown: Papers, now_us: int
) -> None:
    """Write down since when papers hold, unless they held before. Whoever calls has the locks of every head."""
    content = (
        shown.build,
        list(shown.certified_builds),
        shown.progressive,
        shown.certificate,
        shown.return_ppm,
        shown.deviation_ppm,
        sorted(shown.features),
    )
    found = await connection.execute(
        """
        SELECT build, certified_builds, progressive, certificate, return_ppm, deviation_ppm, features FROM game_papers
        WHERE licensee_id = %s AND source_id = %s AND name = %s ORDER BY change DESC LIMIT 1
        """,
        game,
    )
    if await found.fetchone() == content:
        return
    await connection.execute(
        """
        INSERT INTO game_papers (change, licensee_id, source_id, name, since_us, build, certified_builds, progressive,
            certificate, return_ppm, deviation_ppm, features)
        SELECT coalesce(max(change), 0) + 1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM game_papers
        """,
        (*game, now_us, *content),
    )


async def _licensee_id(connection: psycopg.AsyncConnection[TupleRow], name: str) -> int:
    cursor = await connection.execute("SELECT id FROM licensee WHERE name = %s", (name,))
    row = await cursor.fetchone()
    if row is None:
        raise LicenseeNotFoundError(licensee_id=name)
    return int(row[0])


async def _source_id(connection: psycopg.AsyncConnection[TupleRow], name: str) -> int:
    find = "SELECT id FROM source WHERE name = %s"
    row = await (await connection.execute(find, (name,))).fetchone()
    if row is None:
        await connection.execute("INSERT INTO source (name) VALUES (%s)", (name,))
        row = await (await connection.execute(find, (name,))).fetchone()
    return int(row[0]) if row else 0


async def _put_wallet(connection: psycopg.AsyncConnection[TupleRow], name: str, place: OwnWallet | Keeping) -> None:
    """Say where the money is. What a player's balance means must not change while there are players."""
    cursor = await connection.execute(
        "SELECT id, wallet_address IS NOT NULL, game_wallet, EXISTS (SELECT FROM player WHERE licensee_id = licensee.id) "
        "FROM licensee WHERE name = %s",
        (name,),
    )
    row = await cursor.fetchone()
    if row is None:
        raise LicenseeNotFoundError(licensee_id=name)
    id_, *before, has_players = row
    own, game_wallet = isinstance(place, OwnWallet), place is Keeping.GAME_WALLET
    if has_players and before != [own, game_wallet]:
        raise WalletModeFixedError(licensee_id=name)
    told = (place.address, place.signing_key, place.deadline_us) if isinstance(place, OwnWallet) else (None, None, None)
    await connection.execute(
        "UPDATE licensee SET wallet_address = %s, wallet_key = %s, wallet_deadline_us = %s, game_wallet = %s "
        "WHERE id = %s",
        (*told, game_wallet, id_),
    )
