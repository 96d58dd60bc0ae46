"""RegistryService: what the ledger must know before money moves."""

from mesh.errors import RequestInvalidError
from pitboss.wallet.v1 import registry_service_pb2 as pb
from pitboss.wallet.v1 import registry_service_pb2_grpc
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
                )
                for name, pack, stake_order, shortfall, suspended in rows
            ]
        )

    async def PutAsset(self, request: pb.PutAssetRequest, context: object) -> pb.PutAssetResponse:
        await self._store.put_asset(request.licensee_id, request.currency_code, request.exponent)
        return pb.PutAssetResponse()

    async def PutProvider(self, request: pb.PutProviderRequest, context: object) -> pb.PutProviderResponse:
        _check_flags(request)
        await self._store.put_provider(
            request.licensee_id,
            request.provider,
            win_without_bet=request.win_without_bet,
            one_credit_per_bet=request.one_credit_per_bet,
            late_win_window_us=request.late_win_window.ToMicroseconds(),
        )
        return pb.PutProviderResponse()

    async def PutGames(self, request: pb.PutGamesRequest, context: object) -> pb.PutGamesResponse:
        names = [plain("games.game_id", game.game_id) for game in request.games]
        if len(set(names)) < len(names):
            raise RequestInvalidError(violations=[("games", "must name each game once")])
        games = [(game.game_id, _CATEGORIES[game.category], game.enabled) for game in request.games]
        await self._store.put_games(request.licensee_id, request.provider, games)
        return pb.PutGamesResponse()


def _check_flags(request: pb.PutProviderRequest) -> None:
    """A flag that would be ignored, or cannot be kept, is refused: nobody shall rely on it."""
    violations = [
        (field, "is not supported by this version of the ledger")
        for field in ("bet_window", "auto_close_after")
        if request.HasField(field)
    ]
    if request.free_round_settlement == pb.FREE_ROUND_SETTLEMENT_PER_SPIN:
        violations.append(("free_round_settlement", "is not supported by this version of the ledger"))
    if request.late_win_window.ToMicroseconds() < 0:
        violations.append(("late_win_window", "must not be negative"))
    if violations:
        raise RequestInvalidError(violations=violations)
