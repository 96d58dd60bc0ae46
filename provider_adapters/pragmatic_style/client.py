"""What we tell the provider: launches and its catalog. Everything goes through the kit's breaker."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import Device, FreeRounds, Game, GivenRounds, Launch, Outbound
from provider_adapters.pragmatic_style import auth, wire
from provider_adapters.pragmatic_style.amounts import to_wire
from provider_adapters.pragmatic_style.config import Config
from provider_adapters.pragmatic_style.errors import OUTBOUND_ERRORS

T = TypeVar("T")

BASE: Final = "/IntegrationService/v3/http/CasinoGameAPI"
FREE_ROUNDS_BASE: Final = "/IntegrationService/v3/http/FreeRoundsBonusAPI/v2"
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
_OK_STATUS: Final = 200
_PLATFORMS: Final = {Device.DESKTOP: "WEB", Device.MOBILE: "MOBILE"}
_CATEGORIES: Final = {"vs": "slot", "cs": "slot", "bj": "table", "rl": "table", "bn": "table", "lg": "live"}
"""By gameTypeID. A type that is not here is shown as a slot."""

_CODE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_FAILURES: Final = {str(int(code)): failure for code, failure in OUTBOUND_ERRORS.items()}


class Client:
    """The provider's game API."""

    def __init__(self, outbound: Outbound, config: Config) -> None:
        self._outbound = outbound
        self._config = config

    async def launch_url(self, launch: Launch) -> str:
        """The address that starts the game."""
        fields = {
            "symbol": launch.game_id,
            "language": launch.language or "en",
            "token": launch.token,
            "externalPlayerId": str(launch.player),
            "currency": launch.currency_code,
            "platform": _PLATFORMS[launch.device],
            "technology": "H5",
            "lobbyUrl": launch.lobby_url,
            "playMode": "DEMO" if launch.demo else "REAL",
        }
        return await self._call("launch", "/game/url/", fields, _game_url)

    async def games(self) -> Sequence[Game]:
        """The catalog."""
        return await self._call("catalog", "/getCasinoGames", {}, _games)

    async def grant(self, rounds: FreeRounds) -> str:
        """`bonus/player/create`. Our id is the `bonusCode`, which the results carry."""
        fields = {
            "bonusCode": rounds.grant_id,
            "playerId": str(rounds.player),
            "currency": rounds.bet.currency_code,
            "rounds": str(rounds.rounds),
            "startDate": str(int(time.time())),
            "expirationDate": str(int(rounds.expires_at.timestamp())),
        }
        value = {"currency": rounds.bet.currency_code, "totalBet": to_wire(Decimal(rounds.bet.amount))}
        games = [{"gameId": game_id, "betValues": [value]} for game_id in rounds.game_ids]
        # That a code is believed once is our inference: whoever asked decides whether to ask again.
        await self._free_rounds("bonus/player/create", fields, json.dumps({"gameList": games}).encode(), safe=False)
        return rounds.grant_id

    async def cancel_grant(self, given: GivenRounds) -> None:
        """`bonus/cancel/`."""
        await self._free_rounds("bonus/cancel/", {"bonusCode": given.reference}, b"", safe=True)

    async def _free_rounds(self, operation: str, fields: Mapping[str, str], body: bytes, *, safe: bool) -> None:
        # Only the query is hashed.
        await self._outbound.send(
            operation,
            "POST",
            f"{FREE_ROUNDS_BASE}/{operation}",
            read=_reader(operation, lambda _: None),
            body=body,
            query=self._form(fields).decode("ascii"),
            headers={"content-type": "application/json"},
            safe=safe,
        )

    async def ping(self, timeout_s: float) -> None:
        """The cheapest call that the provider documents: its catalog without options."""
        await self._outbound.send(
            "probe",
            "POST",
            f"{BASE}/getCasinoGames",
            read=_reader("probe", lambda _: None),
            body=self._form({}),
            headers=_FORM,
            guarded=False,
            timeout_s=timeout_s,
        )

    async def _call(
        self, operation: str, path: str, fields: Mapping[str, str], take: Callable[[Mapping[str, Any]], T]
    ) -> T:
        # Asking twice for an address or a list changes nothing, so both may be repeated.
        return await self._outbound.send(
            operation,
            "POST",
            BASE + path,
            read=_reader(operation, take),
            body=self._form(fields),
            headers=_FORM,
            safe=True,
        )

    def _form(self, fields: Mapping[str, str]) -> bytes:
        signed = {"secureLogin": self._config.secure_login, **fields}
        return auth.signed_form(signed, self._config.secret, self._config.hash_spelling)


def _reader(operation: str, take: Callable[[Mapping[str, Any]], T]) -> Callable[[HttpReply], T]:
    """Their `error` is a text here, and says whether the rest counts."""

    def read(reply: HttpReply) -> T:
        try:
            content = wire.parse_object(reply.body)
            code = content["error"]
            if reply.status != _OK_STATUS or not isinstance(code, str):
                raise ProviderFailedError(operation=operation)
            _check(operation, code)
            return take(content)
        except (wire.NotParseableError, KeyError, TypeError) as error:
            raise ProviderFailedError(operation=operation) from error

    return read


def _check(operation: str, code: str) -> None:
    if not _CODE.fullmatch(code):
        raise ProviderFailedError(operation=operation)
    failure = _FAILURES.get(code, ProviderRefusedError)
    if failure is not None:
        raise failure(operation=operation, code=code)


def _game_url(content: Mapping[str, Any]) -> str:
    address = content["gameURL"]
    if not isinstance(address, str) or not address.startswith(("https://", "http://")):
        raise TypeError("gameURL")
    return address


def _games(content: Mapping[str, Any]) -> Sequence[Game]:
    return [_game(row) for row in content["gameList"]]


def _game(row: Mapping[str, Any]) -> Game:
    game_id, title = str(row["gameID"]), str(row["gameName"])
    return Game(game_id=game_id, title=title, category=_CATEGORIES.get(str(row.get("gameTypeID")), "slot"))
