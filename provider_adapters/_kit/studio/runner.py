"""Puts one studio simulator together: `python -m provider_adapters._kit.studio <name>`."""

import asyncio
import importlib
import os
import uuid
from collections.abc import Callable

from mesh import logs
from mesh.clock import open_clock
from mesh.process import Background, StopSignal, die_with_parent
from mesh.settings import load_or_exit
from provider_adapters._kit.config import StudioSettings, read_credentials
from provider_adapters._kit.http_server import HttpApp, HttpServer
from provider_adapters._kit.quiet import quiet_libraries
from provider_adapters._kit.studio.app import StudioApp, StudioDesk
from provider_adapters._kit.studio.floor import Floor
from provider_adapters._kit.studio.line import CallbackLine
from provider_adapters._kit.studio.ports import Studio, StudioParts
from provider_adapters._kit.studio.record import Record
from provider_adapters._kit.studio.stats import Stats
from provider_adapters._kit.studio.teller import Teller

_log = logs.get("studio")
_MAX_BODY_BYTES = 1024 * 1024
_BUDGET_S = 60.0
_DRAIN_S = 1.0


def main(name: str) -> None:
    """Run the studio of a provider until SIGTERM."""
    import uvloop  # noqa: PLC0415 - only a process needs it

    settings = load_or_exit(StudioSettings, os.environ)
    if settings.die_with_parent:
        die_with_parent()
    lines = logs.configure(f"studio/{name}", settings.log_level)
    quiet_libraries()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(name, settings))
    lines.flush()


async def run(name: str, settings: StudioSettings, *, ready: Callable[[int], None] | None = None) -> None:
    """Serve and play until SIGTERM. `ready` is told the port."""
    stop = StopSignal()
    stop.listen()
    clock = open_clock(settings.clock_file)
    record = Record(settings.studio_record, clock)
    parts = StudioParts(
        credentials=read_credentials(settings.studio_credentials),
        callback_url=settings.studio_callback_url.rstrip("/"),
    )
    studio: Studio = importlib.import_module(f"provider_adapters.{name}.studio").create(parts)
    timeout_s = settings.studio_timeout_ms / 1000 or studio.habits.timeout_s
    line = CallbackLine(parts.callback_url, timeout_s=timeout_s)
    namespace = uuid.UUID(record.constant("namespace", str(uuid.uuid4())))
    stats = Stats()
    teller = Teller(studio=studio, line=line, record=record, stats=stats, namespace=namespace)
    floor = Floor(teller, studio.habits, studio.games)
    desk = StudioDesk(record, settings.studio_public_url or f"http://{settings.studio_listen}", clock)
    app = StudioApp(studio=studio, floor=floor, record=record, stats=stats, line=line, desk=desk)
    http = HttpApp(app.handle, app.refuse, max_body_bytes=_MAX_BODY_BYTES, budget_s=_BUDGET_S)
    server = HttpServer(http, settings.studio_listen, drain_seconds=_DRAIN_S)
    await _serve(server, floor, stop, ready)
    await line.close()
    record.close()


async def _serve(server: HttpServer, floor: Floor, stop: StopSignal, ready: Callable[[int], None] | None) -> None:
    background = Background(stop)
    background.start({"http": server.serve})
    floor.settle_soon()
    _log.info("ready", port=server.port)
    if ready is not None:
        ready(server.port)
    await stop.wait()
    await floor.shut()
    await background.cancel()
