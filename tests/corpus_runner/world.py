"""One case's world: a fresh licensee with its assets, providers, games, players and sessions."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from google.protobuf.duration_pb2 import Duration

from pitboss.type.v1 import money_pb2
from pitboss.wallet.v1 import action_pb2, history_service_pb2, ledger_service_pb2, registry_service_pb2
from tests.corpus_runner.cases import Case
from tests.corpus_runner.client import Client

CASHIER = "cashier"


@dataclass(slots=True)
class World:
    """Names of a case are local to it: the licensee makes them so."""

    client: Client
    licensee: str
    currencies: dict[str, int]
    providers: dict[str, dict[str, Any]]
    players: dict[str, dict[str, Any]]
    games: dict[str, bool]
    sessions: dict[str, dict[str, str]] = field(default_factory=dict)
    holds: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Currency of each hold by player, source and key: a capture has none of its own."""
    beginnings: dict[tuple[str, str], str] = field(default_factory=dict)
    """Cursor behind the opening balances, by player and currency."""
    limits: int = 0
    counter: int = 0

    @classmethod
    async def create(cls, client: Client, case: Case, licensee: str) -> "World":
        given = case.given
        world = cls(
            client,
            licensee,
            given.get("currencies") or {"EUR": 2},
            given.get("providers") or {"p1": {}},
            given.get("players") or {"alice": {"EUR": "100.00"}},
            given.get("games") or {"g1": True, "g2": True},
        )
        await world._register(given)
        for player in world.players:
            await world._open(player)
        for name, session in (given.get("sessions") or {}).items():
            await world.open_play(name, session["player"], session["provider"], session["currency"])
        for player, balances in world.players.items():
            for code in balances:
                page = await world.statement(player, code, "")
                world.beginnings[player, code] = page.next_cursor
        return world

    async def statement(
        self, player: str, currency: str, cursor: str
    ) -> history_service_pb2.ListStatementLinesResponse:
        """Lines after a cursor."""
        request = history_service_pb2.ListStatementLinesRequest(
            player_id=player, currency_code=currency, after_cursor=cursor, page_size=1000
        )
        page: history_service_pb2.ListStatementLinesResponse = await self.client.history(
            "ListStatementLines", request, self.licensee
        )
        return page

    @property
    def first_player(self) -> str:
        return next(iter(self.players))

    @property
    def first_provider(self) -> str:
        return next(iter(self.providers))

    def main_currency(self, player: str) -> str:
        return next(iter(self.players.get(player) or self.currencies))

    async def _register(self, given: dict[str, Any]) -> None:
        policy = given.get("licensee") or {}
        await self.client.registry(
            "PutLicensee",
            registry_service_pb2.PutLicenseeRequest(
                licensee=registry_service_pb2.Licensee(
                    licensee_id=self.licensee,
                    default_jurisdiction="sandbox",
                    stake_order="STAKE_ORDER_" + policy.get("stake_order", "cash_first").upper(),
                    win_reversal_shortfall="WIN_REVERSAL_SHORTFALL_"
                    + policy.get("win_reversal_shortfall", "refuse").upper(),
                )
            ),
        )
        for code, exponent in self.currencies.items():
            request = registry_service_pb2.PutAssetRequest(
                licensee_id=self.licensee, currency_code=code, exponent=exponent
            )
            await self.client.registry("PutAsset", request)
        for provider, flags in self.providers.items():
            await self.put_provider(provider, flags or {})
            for game, enabled in self.games.items():
                await self.put_game(provider, game, enabled=enabled)

    async def put_provider(self, provider: str, flags: dict[str, Any]) -> None:
        await self.client.registry(
            "PutProvider",
            registry_service_pb2.PutProviderRequest(
                licensee_id=self.licensee,
                provider=provider,
                win_without_bet=flags.get("win_without_bet", False),
                one_credit_per_bet=flags.get("one_credit_per_ref", False),
                late_win_window=Duration(seconds=flags.get("late_win_window", 0)),
                bet_window=Duration(seconds=flags.get("bet_window", 0)),
                auto_close_after=Duration(seconds=flags.get("auto_close_after", 0)),
                free_round_settlement="FREE_ROUND_SETTLEMENT_"
                + flags.get("free_round_settlement", "final_total").upper(),
            ),
        )

    async def put_game(self, provider: str, game: str, *, enabled: bool) -> None:
        await self.client.registry(
            "PutGames",
            registry_service_pb2.PutGamesRequest(
                licensee_id=self.licensee,
                provider=provider,
                games=[
                    registry_service_pb2.Game(
                        game_id=game, category=registry_service_pb2.GAME_CATEGORY_LIVE, enabled=enabled
                    )
                ],
            ),
        )

    async def _open(self, player: str) -> None:
        for code, amount in self.players[player].items():
            parts = amount if isinstance(amount, dict) else {"cash": amount}
            cash, bonus = parts.get("cash", "0"), parts.get("bonus", "0")
            await self.must(player, f"open {code}", CASHIER, open_account=action_pb2.OpenAccount(currency_code=code))
            if Decimal(cash):
                money = money_pb2.Money(currency_code=code, amount=cash)
                await self.must(player, f"opening {code}", CASHIER, deposit=action_pb2.Deposit(amount=money))
            if Decimal(bonus):
                money = money_pb2.Money(currency_code=code, amount=bonus)
                promo = action_pb2.Promo(amount=money, to=action_pb2.CREDIT_TARGET_BONUS)
                await self.must(player, f"opening {code}", CASHIER, promo=promo)
        for provider in self.providers:
            await self.open_play(f"{player}@{provider}", player, provider, self.main_currency(player))

    async def open_play(self, name: str, player: str, provider: str, currency: str) -> None:
        play = action_pb2.OpenPlay(session_id=name, provider=provider, currency_code=currency)
        await self.must(player, f"session {name}", "platform", open_play=play)
        self.sessions[name] = {"player": player, "provider": provider, "currency": currency}

    async def must(self, player: str, key: str, source: str, **kind: Any) -> action_pb2.Result:
        """An action of the runner itself, which has to succeed."""
        result = await self.execute(player, f"world {key}", source, **kind)
        if result.outcome != 1:
            raise RuntimeError(f"the world of {self.licensee} cannot be made: {key}: {result}")
        return result

    async def execute(self, player: str, key: str, source: str, **kind: Any) -> action_pb2.Result:
        request = ledger_service_pb2.ExecuteRequest(
            action=action_pb2.Action(player_id=player, transaction_key=key, **kind)
        )
        response = await self.client.ledger("Execute", request, self.licensee, source)
        result: action_pb2.Result = response.result
        return result
