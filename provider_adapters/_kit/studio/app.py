"""The studio's HTTP face: the vendor's own API, the game page, and the control API of the simulator."""

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from mesh.clock import Clock, SystemClock
from provider_adapters._kit import provider_ledger
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Problem
from provider_adapters._kit.strict_json import NotParseableError, parse_object
from provider_adapters._kit.studio import by_hand, scenarios
from provider_adapters._kit.studio.floor import Floor
from provider_adapters._kit.studio.grants import Grants, StudioGrant
from provider_adapters._kit.studio.line import Sender
from provider_adapters._kit.studio.plan import Order, OrderError
from provider_adapters._kit.studio.ports import Seat, Studio
from provider_adapters._kit.studio.record import Given, Record
from provider_adapters._kit.studio.replays import LIFE_S, Replays
from provider_adapters._kit.studio.replays import PATH as REPLAYS
from provider_adapters._kit.studio.stats import Stats

_MOST_LINES = 5000
_DEMO = "/demo/"
_GARBAGE = bytes(range(256)) * 4096
"""A megabyte that says it is JSON."""
_PAGE = b"<!doctype html><title>Game</title><p>The game is running.</p>\n"


class CommandError(Exception):
    """A command to the simulator that makes no sense."""


class StudioDesk:
    """`ports.Desk` over the record."""

    def __init__(self, record: Record, public_url: str, clock: Clock | None = None) -> None:
        self._record = record
        self.public_url = public_url
        self.grants = Grants(record, (StudioGrant.of_json(one.content) for one in record.given()))
        self.demos: dict[str, dict[str, str]] = {}
        """Games for play money, with what the launch said of the player. They die with the process: nothing hangs on them."""
        self.replays = Replays(record, clock or SystemClock(), lambda: self.public_url)

    def seat(self, seat: Seat) -> str:
        """See `ports.Desk`."""
        self._record.add_seat(seat)
        return f"{self.public_url}/play/{seat.launch_id}"

    def demo(self, *, user: str, token: str, game_id: str) -> str:
        """See `ports.Desk`."""
        launch_id = self.new_launch_id()
        self.demos[launch_id] = {"user": user, "token": token, "game_id": game_id}
        return f"{self.public_url}{_DEMO}{launch_id}"

    def new_launch_id(self) -> str:
        """See `ports.Desk`."""
        return uuid.uuid4().hex


class StudioApp:
    """Routes requests."""

    def __init__(
        self, *, studio: Studio, floor: Floor, record: Record, stats: Stats, line: Sender, desk: StudioDesk
    ) -> None:
        self._studio = studio
        self._floor = floor
        self._record = record
        self._stats = stats
        self._line = line
        self._desk = desk
        self._control: Mapping[tuple[str, str], Callable[[dict[str, Any]], Awaitable[Any]]] = {
            ("POST", "play"): self._play,
            ("GET", "plays"): self._plays,
            ("POST", "stop"): self._stop,
            ("POST", "scenario"): self._scenario,
            ("GET", "scenarios"): self._scenarios,
            ("POST", "bet"): self._bet,
            ("POST", "win"): self._win,
            ("POST", "down"): self._down,
            ("POST", "up"): self._up,
            ("GET", "record"): self._summary,
            ("GET", "messages"): self._messages,
            ("GET", "stats"): self._tell_stats,
            ("GET", "demos"): self._tell_demos,
            ("GET", "grants"): self._tell_grants,
            ("POST", "replays"): self._replays,
        }

    async def handle(self, request: HttpRequest, budget: Budget) -> HttpReply:  # noqa: ARG002 - the server's signature
        """One request."""
        if request.path.startswith("/control/"):
            return await self._command(request)
        if self._floor.outage.now:
            if self._floor.outage.hangs:
                await self._floor.outage.over()
            if self._floor.outage.babbles:
                return HttpReply(body=_GARBAGE)
            return HttpReply(status=503, body=b"<html>down for maintenance</html>", content_type="text/html")
        if request.path in (provider_ledger.PATH, provider_ledger.GRANTS_PATH) and request.method == "GET":
            return self._record_page(request)
        if request.method == "GET" and request.path.startswith(("/play/", _DEMO, REPLAYS)):
            return self._browse(request)
        return await self._studio.api(request, self._desk)

    def _browse(self, request: HttpRequest) -> HttpReply:
        """What a browser asks for."""
        if request.path.startswith(REPLAYS):
            return self._desk.replays.open(request.path, _query(request.query))
        if request.path.startswith(_DEMO):
            is_known = request.path.removeprefix(_DEMO) in self._desk.demos
        else:
            is_known = self._record.seat(request.path.removeprefix("/play/")) is not None
        return HttpReply(status=200 if is_known else 404, body=_PAGE if is_known else b"", content_type="text/html")

    def _record_page(self, request: HttpRequest) -> HttpReply:
        try:
            names = ("start_ms", "end_ms", "after", "limit")
            start, end, after, limit = (int(_query(request.query)[name]) for name in names)
        except (KeyError, ValueError):
            return _json({"error": "start_ms, end_ms, after and limit must be numbers"}, 400)
        limit = min(max(limit, 1), provider_ledger.PAGE)
        if request.path == provider_ledger.GRANTS_PATH:
            return _json([_given_row(one) for one in self._record.given(start, end, after=after, limit=limit)])
        lines = self._record.between(start, end, kinds=provider_ledger.KINDS, after=after, limit=limit)
        return _json([line.as_json() for line in lines])

    def refuse(self, problem: Problem, request: HttpRequest) -> HttpReply:  # noqa: ARG002 - the server's signature
        """A request that could not be read."""
        return HttpReply(status=413 if problem is Problem.TOO_LARGE else 400, body=b"{}")

    async def _command(self, request: HttpRequest) -> HttpReply:
        name, _, rest = request.path.removeprefix("/control/").partition("/")
        command = self._control.get((request.method, name))
        if command is None:
            return _json({"error": "no such command"}, 404)
        try:
            content = parse_object(request.body) if request.body else {}
            return _json(await command({**content, **_query(request.query), **({"name": rest} if rest else {})}))
        except (CommandError, OrderError, NotParseableError) as error:
            return _json({"error": str(error)}, 400)

    async def _play(self, content: dict[str, Any]) -> dict[str, Any]:
        players = content.get("players")
        if not isinstance(players, list) or not players:
            raise CommandError("players must be a list of launch addresses or player references")
        seats = [self._seat(player) for player in players]
        return self._floor.start(Order.read(content), seats, str(content.get("play_id", ""))).as_json()

    def _seat(self, player: object) -> Seat:
        """A seat by launch address, by launch id, or the newest one of a player reference."""
        fields = player if isinstance(player, dict) else {"launch_url": player}
        name = str(fields.get("launch_url") or fields.get("launch_id") or fields.get("user") or "")
        seat = self._record.seat(name.rstrip("/").rpartition("/")[2]) or self._record.newest_seat(name)
        if seat is None:
            raise CommandError("one of the players has not launched a game")
        return seat

    async def _plays(self, content: dict[str, Any]) -> dict[str, Any]:
        if "name" not in content:
            return {"plays": [play.as_json() for play in self._floor.plays.values()]}
        play = self._floor.plays.get(content["name"])
        if play is None:
            raise CommandError("no such play")
        return play.as_json()

    async def _stop(self, content: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - one shape for all commands
        await self._floor.stop()
        return {"stopped": True}

    async def _scenarios(self, content: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - one shape for all commands
        told = {name: (scenario.__doc__ or "").strip() for name, scenario in scenarios.SCENARIOS.items()}
        return {"scenarios": told}

    async def _scenario(self, content: dict[str, Any]) -> dict[str, Any]:
        name = str(content.get("name", ""))
        if name not in scenarios.SCENARIOS:
            raise CommandError("no such scenario")
        scene = self._scene(content, f"scenario-{self._record.next_number('scenario')}")
        return await scenarios.run(scene, name)

    def _scene(self, content: dict[str, Any], name: str) -> scenarios.Scene:
        return scenarios.Scene(
            studio=self._studio,
            teller=self._floor.teller,
            line=self._line,
            seat=self._seat(content),
            name=name,
            stake=_decimal(content.get("stake", "1.00")),
        )

    async def _bet(self, content: dict[str, Any]) -> dict[str, Any]:
        return await by_hand.bet(self._scene(content, _name(content)))

    async def _win(self, content: dict[str, Any]) -> dict[str, Any]:
        return await by_hand.win(self._scene(content, _name(content)), _decimal(content.get("amount", "0")))

    async def _down(self, content: dict[str, Any]) -> dict[str, Any]:
        seconds = content.get("seconds")
        self._floor.outage.begin(
            seconds=None if seconds is None else float(_decimal(seconds)),
            hangs=content.get("mode") == "hang",
            babbles=content.get("mode") == "garbage",
            plays_on=content.get("play_on") is True,
        )
        return {"down": True}

    async def _up(self, content: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - one shape for all commands
        self._floor.outage.end()
        return {"down": False}

    async def _summary(self, content: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - one shape for all commands
        settling = self._floor.settling is not None and not self._floor.settling.done()
        return {**self._record.summary(), "settling": settling}

    async def _messages(self, content: dict[str, Any]) -> dict[str, Any]:
        after, limit = int(_decimal(content.get("after", 0))), int(_decimal(content.get("limit", 1000)))
        lines = self._record.lines(after=after, limit=min(max(limit, 1), _MOST_LINES))
        return {"messages": [line.as_json() for line in lines]}

    async def _tell_demos(self, content: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - one shape for all commands
        return {"demos": self._desk.demos}

    async def _tell_grants(self, content: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - one shape for all commands
        return {"grants": self._desk.grants.as_json()}

    async def _replays(self, content: dict[str, Any]) -> dict[str, Any]:
        self._desk.replays.life_s = float(_decimal(content.get("seconds", LIFE_S)))
        return {"seconds": self._desk.replays.life_s}

    async def _tell_stats(self, content: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - one shape for all commands
        return {"calls": self._stats.as_json(), "down": self._floor.outage.now}


def _query(query: bytes) -> dict[str, str]:
    pairs = (part.partition("=") for part in query.decode("latin-1").split("&") if part)
    return {name: value for name, _, value in pairs}


def _name(content: dict[str, Any]) -> str:
    if not content.get("name"):
        raise CommandError("a bet by hand needs a name")
    return f"by-hand-{content['name']}"


def _decimal(value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise CommandError("not a number") from None
    if not number.is_finite() or number < 0:
        raise CommandError("not a number of zero or more")
    return number


def _given_row(one: Given) -> dict[str, Any]:
    """Free rounds in the words of the record: what they are worth is the amount."""
    grant = StudioGrant.of_json(one.content)
    return {
        "number": one.number,
        "kind": "grant",
        "transaction_key": grant.grant_id,
        "user": grant.user,
        "currency_code": grant.currency_code,
        "amount": format(grant.bet * grant.rounds, "f"),
        "round_id": "",
        "bet_key": "",
        "closes": False,
        "belief": "cancelled" if grant.cancelled else "accepted",
        "code": "",
        "noted_at_ms": one.noted_at_ms,
    }


def _json(content: object, status: int = 200) -> HttpReply:
    return HttpReply(status=status, body=json.dumps(content).encode())
