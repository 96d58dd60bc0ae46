"""What only a sandbox has: open players, switch faults, read the wallet's own record. Loopback only."""

from __future__ import annotations

import http.server
import json
from collections.abc import Callable, Mapping
from typing import Any

from pitboss_reference_wallet.door import Door

_MOST_BYTES = 64 * 1024


class ControlServer(http.server.ThreadingHTTPServer):
    """Serves until `shutdown`. ValueError for an address that others could reach."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], door: Door) -> None:
        if address[0] not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("the control door listens on loopback only")
        self.actions = _actions(door)
        super().__init__(address, _Handler)


def _actions(door: Door) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
    def put_player(said: Mapping[str, Any]) -> dict[str, Any]:
        money = door.wallet.money(said["cash"], said["currency"])
        if money is None:
            raise ValueError(f"{said['cash']} {said['currency']} is no amount of this wallet")
        door.wallet.book.put_player(said["id"], money)
        return {}

    def block(said: Mapping[str, Any]) -> dict[str, Any]:
        door.wallet.book.block(said["id"], blocked=bool(said["blocked"]))
        return {}

    def fault(said: Mapping[str, Any]) -> dict[str, Any]:
        count, delay_s = int(said.get("count", -1)), float(said.get("delay_s", 0))
        door.faults.set(said["mode"], count=count, delay_s=delay_s, method=str(said.get("method", "")))
        return {}

    def record(_: Mapping[str, Any]) -> dict[str, Any]:
        names = ("method", "player", "key", "outcome", "currency", "moved_minor")
        return {"answers": [dict(zip(names, row, strict=True)) for row in door.wallet.book.record()]}

    def rounds(_: Mapping[str, Any]) -> dict[str, Any]:
        names = ("player", "provider", "round")
        return {"ended": [dict(zip(names, row, strict=True)) for row in door.wallet.book.ended_rounds()]}

    def totals(_: Mapping[str, Any]) -> dict[str, Any]:
        return {"cash_minor": door.wallet.book.totals(), "refused_signatures": door.refused}

    return {
        "players": put_player,
        "block": block,
        "fault": fault,
        "record": record,
        "rounds": rounds,
        "totals": totals,
    }


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ControlServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._act({})

    def do_POST(self) -> None:
        length = min(int(self.headers.get("content-length", "0")), _MOST_BYTES)
        try:
            said = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            self._reply(400, {"error": "not JSON"})
            return
        self._act(said)

    def _act(self, said: Mapping[str, Any]) -> None:
        action = self.server.actions.get(self.path.removeprefix("/control/"))
        if action is None:
            self._reply(404, {"error": f"there are {', '.join(self.server.actions)}"})
            return
        try:
            self._reply(200, action(said))
        except (KeyError, TypeError, ValueError) as error:
            self._reply(400, {"error": str(error)})

    def _reply(self, status: int, body: Mapping[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing."""
