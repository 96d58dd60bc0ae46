"""RegistryService: what the ledger must know before money moves."""

from collections.abc import Iterable

import orjson

from mesh.errors import RequestInvalidError
from mesh.money import AmountError, to_minor
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import registry_service_pb2 as pb
from pitboss.wallet.v1 import registry_service_pb2_grpc
from wallet_svc.domain.state import OwnWallet, ProviderFlags
from wallet_svc.domain.vocabulary import AssetKind
from wallet_svc.errors import PackUnknownError
from wallet_svc.grpc_api.commands import plain
from wallet_svc.store.registry import RegistryStore

_CATEGORIES = {pb.GAME_CATEGORY_SLOT: "slot", pb.GAME_CATEGORY_TABLE: "table", pb.GAME_CATEGORY_LIVE: "live"}


class RegistryServicer(registry_service_pb2_grpc.RegistryServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, store: RegistryStore, packs: frozenset[str]) -> None:
        self._store = store
        self._packs = packs

    async def PutLicensee(self, request: pb.PutLicenseeRequest, context: object) -> pb.PutLicenseeResponse:
        licensee = request.licensee
        if licensee.default_jurisdiction not in self._packs:
            raise PackUnknownError(pack=licensee.default_jurisdiction)
        await self._store.put_licensee(
            name=licensee.licensee_id,
            default_pack=licensee.default_jurisdiction,
            stake_order=licensee.stake_order or pb.STAKE_ORDER_CASH_FIRST,
            shortfall=licensee.win_reversal_shortfall or pb.WIN_REVERSAL_SHORTFALL_REFUSE,
            suspended=licensee.suspended,
            thresholds=_thresholds(licensee.adjustment_thresholds),
            wallet=_wallet(licensee.wallet) if licensee.HasField("wallet") else None,
            hosted=licensee.HasField("wallet") and licensee.wallet.mode != pb.WALLET_MODE_SEAMLESS,
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
                    wallet=_told(address, key, deadline_us),
                )
                for name, pack, stake_order, shortfall, suspended, thresholds, address, key, deadline_us in rows
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
        await self._store.put_provider(request.licensee_id, request.provider, flags)
        return pb.PutProviderResponse()

    async def PutGames(self, request: pb.PutGamesRequest, context: object) -> pb.PutGamesResponse:
        names = [plain("games.game_id", game.game_id) for game in request.games]
        if len(set(names)) < len(names):
            raise RequestInvalidError(violations=[("games", "must name each game once")])
        games = [(game.game_id, _CATEGORIES[game.category], game.enabled) for game in request.games]
        await self._store.put_games(request.licensee_id, request.provider, games)
        return pb.PutGamesResponse()


def _check_spans(request: pb.PutProviderRequest) -> None:
    violations = [
        (field, "must not be negative")
        for field in ("late_win_window", "bet_window", "auto_close_after")
        if getattr(request, field).ToMicroseconds() < 0
    ]
    if violations:
        raise RequestInvalidError(violations=violations)


_DEADLINE_US = 1_000_000


def _wallet(wallet: pb.Wallet) -> OwnWallet | None:
    """The licensee's own wallet; None if the ledger keeps the money."""
    if wallet.mode != pb.WALLET_MODE_SEAMLESS:
        if wallet.address or wallet.signing_key:
            problem = "is only for a licensee that keeps its players' money itself"
            raise RequestInvalidError(violations=[("licensee.wallet.address", problem)])
        return None
    if not wallet.address or not wallet.signing_key:
        raise RequestInvalidError(violations=[("licensee.wallet.address", "needs an address and a signing key")])
    deadline_us = wallet.deadline.ToMicroseconds() or _DEADLINE_US
    return OwnWallet(address=wallet.address, signing_key=wallet.signing_key, deadline_us=deadline_us)


def _told(address: str | None, key: str | None, deadline_us: int | None) -> pb.Wallet:
    wallet = pb.Wallet(mode=pb.WALLET_MODE_HOSTED)
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
