"""RegistryService: what the ledger must know before money moves."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from compliance_svc.kernel.release import PackRefusedError, Release, Signature, write_signatures
from compliance_svc.kernel.statute import Statute
from mesh import logs
from mesh.clock import Clock
from mesh.errors import RequestInvalidError
from mesh.money import AmountError, to_minor
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.pack_signature_pb2 import PackSignature
from pitboss.wallet.v1 import registry_service_pb2 as pb
from pitboss.wallet.v1 import registry_service_pb2_grpc
from wallet_svc.domain.state import Assertions, ExchangeRate, OwnWallet, ProviderFlags
from wallet_svc.domain.switches import build_name, named_build
from wallet_svc.domain.vocabulary import AssetKind, Scope
from wallet_svc.errors import PackRejectedError, PackUnknownError
from wallet_svc.grpc_api.commands import plain
from wallet_svc.store.registry import Keeping, Papers, RegistryStore, Switch, Terms

log = logs.get(__name__)

_CATEGORIES = {pb.GAME_CATEGORY_SLOT: "slot", pb.GAME_CATEGORY_TABLE: "table", pb.GAME_CATEGORY_LIVE: "live"}

_DEFAULT_PAGE = 500


class RegistryServicer(registry_service_pb2_grpc.RegistryServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, store: RegistryStore, statute: Statute, clock: Clock) -> None:
        self._store = store
        self._statute = statute
        self._clock = clock

    async def PutLicensee(self, request: pb.PutLicenseeRequest, context: object) -> pb.PutLicenseeResponse:
        licensee = request.licensee
        packs = {pack.name for pack in self._statute.library(await self._store.releases()).versions()}
        if licensee.default_jurisdiction not in packs:
            raise PackUnknownError(pack=licensee.default_jurisdiction)
        await self._store.put_licensee(
            name=licensee.licensee_id,
            default_pack=licensee.default_jurisdiction,
            stake_order=licensee.stake_order or pb.STAKE_ORDER_CASH_FIRST,
            shortfall=licensee.win_reversal_shortfall or pb.WIN_REVERSAL_SHORTFALL_REFUSE,
            suspended=licensee.suspended,
            thresholds=_thresholds(licensee.adjustment_thresholds),
            place=_place(licensee.wallet) if licensee.HasField("wallet") else None,
            terms=Terms(
                licences=_licences(licensee, packs),
                assertions=_assertions(licensee.assertions) if licensee.HasField("assertions") else None,
            ),
        )
        return pb.PutLicenseeResponse()

    async def ListLicensees(self, request: pb.ListLicenseesRequest, context: object) -> pb.ListLicenseesResponse:
        rows = await self._store.licensees()
        return pb.ListLicenseesResponse(
            licensees=[
                pb.Licensee(
                    licensee_id=name,
                    default_jurisdiction=pack,
                    stake_order=stake_order,
                    win_reversal_shortfall=shortfall,
                    suspended=suspended,
                    adjustment_thresholds=[
                        Money(currency_code=code, amount=amount) for code, amount in orjson.loads(thresholds)
                    ],
                    wallet=_told(address, key, deadline_us, game_wallet=game_wallet),
                    licences=licences,
                    assertions=_told_assertions(public, max_age_us),
                )
                for (
                    name,
                    pack,
                    stake_order,
                    shortfall,
                    suspended,
                    thresholds,
                    address,
                    key,
                    deadline_us,
                    licences,
                    public,
                    max_age_us,
                    game_wallet,
                ) in rows
            ]
        )

    async def PutAsset(self, request: pb.PutAssetRequest, context: object) -> pb.PutAssetResponse:
        kind = AssetKind(request.kind or AssetKind.FIAT)
        await self._store.put_asset(request.licensee_id, request.currency_code, request.exponent, kind, _cap(request))
        return pb.PutAssetResponse()

    async def PutProvider(self, request: pb.PutProviderRequest, context: object) -> pb.PutProviderResponse:
        _check_spans(request)
        flags = ProviderFlags(
            win_without_bet=request.win_without_bet,
            one_credit_per_bet=request.one_credit_per_bet,
            late_win_window_us=request.late_win_window.ToMicroseconds(),
            bet_window_us=request.bet_window.ToMicroseconds(),
            auto_close_after_us=request.auto_close_after.ToMicroseconds(),
            pays_per_spin=request.free_round_settlement == pb.FREE_ROUND_SETTLEMENT_PER_SPIN,
        )
        level = request.reproduction_level or pb.REPRODUCTION_LEVEL_R1
        await self._store.put_provider(request.licensee_id, request.provider, flags, level)
        return pb.PutProviderResponse()

    async def PutGames(self, request: pb.PutGamesRequest, context: object) -> pb.PutGamesResponse:
        names = [plain("games.game_id", game.game_id) for game in request.games]
        if len(set(names)) < len(names):
            raise RequestInvalidError(violations=[("games", "must name each game once")])
        games = [(game.game_id, _CATEGORIES[game.category], game.enabled) for game in request.games]
        papers = [(game.game_id, _papers(game.papers)) for game in request.games if game.HasField("papers")]
        now_us = self._clock.now_us()
        await self._store.put_games(request.licensee_id, request.provider, games, papers, now_us=now_us)
        return pb.PutGamesResponse()

    async def PutSuspension(self, request: pb.PutSuspensionRequest, context: object) -> pb.PutSuspensionResponse:
        await self._store.put_suspension(_switch(request), suspended=request.suspended, now_us=self._clock.now_us())
        return pb.PutSuspensionResponse()

    async def ListSuspensions(self, request: pb.ListSuspensionsRequest, context: object) -> pb.ListSuspensionsResponse:
        return pb.ListSuspensionsResponse(suspensions=[_suspension(*row) for row in await self._store.suspensions()])

    async def PutSourceHealth(self, request: pb.PutSourceHealthRequest, context: object) -> pb.PutSourceHealthResponse:
        until_us = self._clock.now_us() + request.hold.ToMicroseconds() if request.HasField("hold") else None
        await self._store.put_source_health(_source_name(request), silent=request.silent, until_us=until_us)
        return pb.PutSourceHealthResponse()

    async def ListGamePapers(self, request: pb.ListGamePapersRequest, context: object) -> pb.ListGamePapersResponse:
        rows = await self._store.game_papers(request.after_change, request.page_size or _DEFAULT_PAGE)
        return pb.ListGamePapersResponse(papers=[_shown(row) for row in rows])

    async def ListProviders(self, request: pb.ListProvidersRequest, context: object) -> pb.ListProvidersResponse:
        accounts = [
            pb.ProviderAccount(licensee_id=licensee, provider=provider, reproduction_level=level)
            for licensee, provider, level in await self._store.provider_accounts()
        ]
        return pb.ListProvidersResponse(accounts=accounts)

    async def PutRate(self, request: pb.PutRateRequest, context: object) -> pb.PutRateResponse:
        await self._store.put_rate(request.licensee_id, request.from_currency, request.to_currency, _rate(request))
        return pb.PutRateResponse()

    async def PutPack(self, request: pb.PutPackRequest, context: object) -> pb.PutPackResponse:
        licensee, now_us = request.licensee_id, self._clock.now_us()
        signatures = [_signature(one) for one in request.signatures]
        with _refusals(licensee):
            document = self._statute.read_whole(request.content)

            def check(releases: tuple[Release, ...]) -> None:
                self._statute.check(document, licensee, signatures, releases, now_us)

            written = await self._store.put_pack(
                document, licensee, request.content, write_signatures(signatures), check, now_us
            )
        log.info("a pack was released", pack=document.name, version=document.version, digest=document.digest)
        return pb.PutPackResponse(digest=document.digest, replayed=not written)

    async def WithdrawPack(self, request: pb.WithdrawPackRequest, context: object) -> pb.WithdrawPackResponse:
        licensee, now_us = request.licensee_id, self._clock.now_us()
        signatures = [_signature(one) for one in request.signatures]
        with _refusals(licensee):
            written = await self._store.end_pack(
                licensee,
                request.digest,
                write_signatures(signatures),
                lambda release: self._statute.check_withdrawal(release, signatures, now_us),
                now_us,
            )
        log.info("a pack was withdrawn", digest=request.digest)
        return pb.WithdrawPackResponse(replayed=not written)


def _licences(licensee: pb.Licensee, packs: set[str]) -> tuple[str, ...]:
    unknown = set(licensee.licences) - packs
    if unknown:
        raise PackUnknownError(pack=min(unknown))
    return tuple(sorted(set(licensee.licences)))


def _signature(sent: PackSignature) -> Signature:
    return Signature(key_id=sent.key_id, signature=sent.signature, inferred=tuple(sent.inferred_rules))


@contextmanager
def _refusals(licensee: str) -> Iterator[None]:
    """A pack that is refused is an event for the security officer, and a typed error for the caller."""
    try:
        yield
    except PackRefusedError as why:
        log.security("a pack was refused", licensee=licensee, refusal=why.refusal.value, detail=why.detail)
        raise PackRejectedError(refusal=why.refusal.value, detail=why.detail) from why


_SOURCES = {
    pb.FACT_SOURCE_LOCATION: "LOCATION",
    pb.FACT_SOURCE_SCREENING: "SCREENING",
    pb.FACT_SOURCE_LIMIT_FILE: "LIMIT_FILE/",
}
_NAMED = frozenset({Scope.PACK, Scope.GAME, Scope.PLAYER, Scope.GAME_BUILD})
_OF_A_PROVIDER = frozenset({Scope.GAME, Scope.GAME_BUILD})
_OF_A_LICENSEE = frozenset({Scope.LICENSEE, Scope.PLAYER})
_DAY_US = 86_400_000_000
_PROVIDER = re.compile(r"[a-z][a-z0-9_]{0,31}")


_WORD_US = 60_000_000


def _assertions(wanted: pb.Assertions) -> Assertions:
    return Assertions(public_key=wanted.public_key, max_age_us=wanted.max_age.ToMicroseconds() or _WORD_US)


def _told_assertions(public: bytes | None, max_age_us: int | None) -> pb.Assertions | None:
    if public is None or max_age_us is None:
        return None
    told = pb.Assertions(public_key=bytes(public))
    told.max_age.FromMicroseconds(max_age_us)
    return told


def _papers(papers: pb.GamePapers) -> Papers:
    return Papers(
        build=papers.build,
        certified_builds=tuple(papers.certified_builds),
        progressive=papers.progressive_jackpot,
        certificate=papers.certificate_id,
        return_ppm=papers.return_ppm,
        deviation_ppm=papers.deviation_ppm,
        features=tuple(papers.features),
    )


def _shown(row: tuple[Any, ...]) -> pb.ShownPapers:
    change, licensee, provider, name, since_us, build, certified, progressive, certificate, ppm, deviation, features = (
        row
    )
    shown = pb.ShownPapers(
        change=change,
        licensee_id=licensee,
        provider=provider,
        game_id=name,
        papers=pb.GamePapers(
            build=build,
            certified_builds=certified,
            progressive_jackpot=progressive,
            certificate_id=certificate,
            return_ppm=ppm,
            features=features,
            deviation_ppm=deviation,
        ),
    )
    shown.since_time.FromMicroseconds(since_us)
    return shown


def _source_name(request: pb.PutSourceHealthRequest) -> str:
    """Under which name the health is kept. RequestInvalidError for a limit file without a name, or a name for anything else."""
    if (request.source == pb.FACT_SOURCE_LIMIT_FILE) != bool(request.name):
        raise RequestInvalidError(violations=[("name", "is needed for a limit file, and for nothing else")])
    return _SOURCES[request.source] + request.name


def _suspension(
    scope: int,
    licensee: str,
    provider: str,
    name: str,
    suspended: bool,  # noqa: FBT001 - a row
    since_us: int,
) -> pb.Suspension:
    is_provider, build = Scope(scope) is Scope.PROVIDER, ""
    if Scope(scope) is Scope.GAME_BUILD:
        name, build = named_build(name)
    told = pb.Suspension(
        scope=scope,  # type: ignore[arg-type]
        licensee_id=licensee,
        name=provider if is_provider else name,
        provider="" if is_provider else provider,
        suspended=suspended,
        build=build,
    )
    told.since_time.FromMicroseconds(since_us)
    return told


def _switch(request: pb.PutSuspensionRequest) -> Switch:
    """What is stopped. RequestInvalidError where a scope has a name too many, or too few."""
    scope, name = Scope(request.scope), plain("name", request.name)
    provider = name if scope is Scope.PROVIDER else request.provider
    wanted = {
        "name": scope in _NAMED or scope is Scope.PROVIDER,
        "provider": scope in _OF_A_PROVIDER,
        "build": scope is Scope.GAME_BUILD,
        "licensee_id": bool(request.licensee_id) if scope is not Scope.ALL else False,
    }
    if scope in _OF_A_LICENSEE:
        wanted["licensee_id"] = True
    violations = [
        (field, "is needed for this scope" if needed else "must be empty for this scope")
        for field, needed in wanted.items()
        if bool(getattr(request, field)) is not needed
    ]
    if scope is Scope.PROVIDER and _PROVIDER.fullmatch(name) is None:
        violations.append(("name", "must be a provider"))
    if violations:
        raise RequestInvalidError(violations=violations)
    if scope is Scope.GAME_BUILD:
        name = build_name(name, plain("build", request.build))
    return Switch(scope=scope, licensee=request.licensee_id, provider=provider, name=name if scope in _NAMED else "")


def _rate(request: pb.PutRateRequest) -> ExchangeRate:
    whole, _, decimals = request.rate.partition(".")
    value = int(whole + decimals)
    if not value or request.from_currency == request.to_currency:
        raise RequestInvalidError(violations=[("rate", "must be above zero, and between two currencies")])
    return ExchangeRate(
        value=value,
        decimals=len(decimals),
        observed_us=request.observe_time.ToMicroseconds(),
        max_age_us=request.max_age.ToMicroseconds() or _DAY_US,
    )


def _check_spans(request: pb.PutProviderRequest) -> None:
    violations = [
        (field, "must not be negative")
        for field in ("late_win_window", "bet_window", "auto_close_after")
        if getattr(request, field).ToMicroseconds() < 0
    ]
    if violations:
        raise RequestInvalidError(violations=violations)


_DEADLINE_US = 1_000_000


def _place(wallet: pb.Wallet) -> OwnWallet | Keeping:
    """Where the money of the licensee's players is."""
    if wallet.mode != pb.WALLET_MODE_SEAMLESS:
        if wallet.address or wallet.signing_key:
            problem = "is only for a licensee that keeps its players' money itself"
            raise RequestInvalidError(violations=[("licensee.wallet.address", problem)])
        return Keeping.GAME_WALLET if wallet.mode == pb.WALLET_MODE_TRANSFER else Keeping.HOSTED
    if not wallet.address or not wallet.signing_key:
        raise RequestInvalidError(violations=[("licensee.wallet.address", "needs an address and a signing key")])
    deadline_us = wallet.deadline.ToMicroseconds() or _DEADLINE_US
    return OwnWallet(address=wallet.address, signing_key=wallet.signing_key, deadline_us=deadline_us)


def _told(address: str | None, key: str | None, deadline_us: int | None, *, game_wallet: bool) -> pb.Wallet:
    wallet = pb.Wallet(mode=pb.WALLET_MODE_TRANSFER if game_wallet else pb.WALLET_MODE_HOSTED)
    if address is not None:
        wallet.mode, wallet.address, wallet.signing_key = pb.WALLET_MODE_SEAMLESS, address, key or ""
        wallet.deadline.FromMicroseconds(deadline_us or _DEADLINE_US)
    return wallet


def _thresholds(amounts: Iterable[Money]) -> list[tuple[str, str]]:
    """One amount for each currency."""
    told = [(money.currency_code, money.amount) for money in amounts]
    if len({code for code, _ in told}) < len(told):
        raise RequestInvalidError(violations=[("licensee.adjustment_thresholds", "must name each currency once")])
    if any(amount.startswith("-") for _, amount in told):
        raise RequestInvalidError(violations=[("licensee.adjustment_thresholds", "must not be below zero")])
    return told


def _cap(request: pb.PutAssetRequest) -> int | None:
    if not request.cap:
        return None
    try:
        return to_minor(request.cap, request.exponent)
    except AmountError:
        problem = "must be exact at the exponent, and fit the ledger's numbers"
        raise RequestInvalidError(violations=[("cap", problem)]) from None
