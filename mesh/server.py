"""Run a process of the mesh: a gRPC server with identity, validation, errors, health, metrics and a graceful end."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import grpc.aio

from mesh import failpoints, logs, metrics, telemetry
from mesh.desk import Desk
from mesh.handlers import HandlerTable
from mesh.health import Health, add_reflection
from mesh.identity import Policy
from mesh.process import Background, StopSignal, close_all, die_with_parent
from mesh.program import ProgramWatch
from mesh.settings import ProcessSettings, SettingsError, load_or_exit, split_address
from mesh.tls import Tls

S = TypeVar("S", bound=ProcessSettings)

_log = logs.get("mesh.server")

_CONNECTION_OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    # A peer that vanished without a word is found by pings; one that pings like mad is cut off.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One gRPC service: its full name, the generated `add_..._to_server`, and what implements it."""

    name: str
    add: Callable[[Any, Any], None]
    servicer: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a process is made of, as its `build` returns it."""

    services: Sequence[Service]
    policy: Policy
    tasks: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """Background work by name. A crash of one ends the process, with a log line."""
    closers: Sequence[Callable[[], Awaitable[None]]] = ()
    """Awaited in reverse order after the last call has ended."""


Build = Callable[[S], Awaitable[Parts]]


class MeshServer:
    """A gRPC server for some services. `run` is for processes; this is for what needs one inside."""

    def __init__(self, settings: ProcessSettings, parts: Parts, registry: metrics.Registry | None = None) -> None:
        self._settings = settings
        names = [service.name for service in parts.services]
        self._desk = Desk(settings, parts.policy, registry or metrics.registry)
        guarded, plain = HandlerTable.guarded(self._desk), HandlerTable()
        for service in parts.services:
            service.add(service.servicer, guarded)
        _check_names(set(names), guarded, parts.policy)
        self._health = Health(names)
        self._health.add_to(plain)
        self._probe_table = HandlerTable()
        self._health.add_to(self._probe_table)
        if settings.environment == "development":
            add_reflection(plain, names)
        self._server = self._make((guarded, plain))
        self._probe_server: grpc.aio.Server | None = None

    def _make(self, tables: tuple[HandlerTable, ...]) -> grpc.aio.Server:
        return grpc.aio.server(
            handlers=tables,
            interceptors=telemetry.server_interceptors(),
            options=(
                *_CONNECTION_OPTIONS,
                # Twice our own limit, so that a message somewhat too large gets an answer that explains itself.
                ("grpc.max_receive_message_length", 2 * self._settings.max_message_bytes),
                ("grpc.max_concurrent_streams", self._settings.max_concurrent_calls),
            ),
        )

    async def start(self) -> int:
        """Listen; returns the port."""
        tls = Tls.of(self._settings)
        if tls is None:
            port = self._server.add_insecure_port(self._settings.listen)
        else:
            port = self._server.add_secure_port(self._settings.listen, tls.server_credentials())
        await self._server.start()
        await self._health.serving()
        if self._settings.health_listen:
            self._probe_server = grpc.aio.server(handlers=(self._probe_table,), options=_CONNECTION_OPTIONS)
            self._probe_server.add_insecure_port(self._settings.health_listen)
            await self._probe_server.start()
        return port

    async def stop(self) -> None:
        """Tell probes, let calls in flight end, and close."""
        await self._health.leaving()
        await asyncio.sleep(self._settings.notice_seconds)
        self._desk.drain()
        await self._server.stop(self._settings.drain_seconds)
        if self._probe_server is not None:
            await self._probe_server.stop(0)


async def run(name: str, settings: S, build: Build[S], *, ready: Callable[[int], None] | None = None) -> int:
    """Serve until SIGTERM, drain, and return the exit status. `name` is the workload's; `ready` is told the port."""
    check_transport(settings)
    _arm(settings)
    watch = watch_program(settings)
    stop = StopSignal()
    stop.listen()
    telemetry.start(name, settings.otlp_endpoint)
    try:
        parts = await _unless_stopped(build(settings), stop)
        if parts is not None and watch is not None:
            parts = replace(parts, tasks={**parts.tasks, "program": watch.run})
        return 0 if parts is None else await _serve(name, settings, parts, stop, ready)
    except Exception as error:  # noqa: BLE001 - told, then the process ends
        _log.error("cannot run", error=error)
        return 1
    finally:
        await telemetry.stop()


async def _serve(
    name: str, settings: ProcessSettings, parts: Parts, stop: StopSignal, ready: Callable[[int], None] | None
) -> int:
    background = Background(stop)
    try:
        server = MeshServer(settings, parts)
        port = await server.start()
        background.start(parts.tasks)
        # What was made until now lives as long as the process: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
        _log.info("ready", workload=name, listen=settings.listen, port=port)
        if ready is not None:
            ready(port)
        await stop.wait()
        await server.stop()
    finally:
        await background.cancel()
        await close_all(parts.closers)
    _log.info("stopped")
    return 1 if background.crashed else 0


async def _unless_stopped(building: Awaitable[Parts], stop: StopSignal) -> Parts | None:
    build, stopped = asyncio.ensure_future(building), asyncio.create_task(stop.wait())
    await asyncio.wait({build, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if build.done():
        return build.result()
    build.cancel()
    await asyncio.wait({build})
    return None


def main(name: str, settings_class: type[S], build: Build[S]) -> None:
    """Entry point of `python -m <package>`: read settings, start logs and the event loop, run, exit."""
    import uvloop  # noqa: PLC0415 - tools that only read this module's types do without

    settings = load_or_exit(settings_class, os.environ)
    if settings.die_with_parent:
        die_with_parent()
    lines = logs.configure(name, settings.log_level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            status = runner.run(run(name, settings, build))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        status = 2
    lines.flush()
    sys.exit(status)


def check_transport(settings: ProcessSettings) -> None:
    """Refuse to serve without certificates, except to tests on a loopback address."""
    if settings.tls_dir is not None and settings.insecure_loopback:
        raise SettingsError(["PITBOSS_INSECURE_LOOPBACK and PITBOSS_TLS_DIR exclude each other."])
    if settings.tls_dir is None and not settings.insecure_loopback:
        raise SettingsError(["PITBOSS_TLS_DIR is not set. Folder with ca.pem, tls.pem and tls.key of this workload."])
    if settings.insecure_loopback and (settings.environment == "production" or not is_loopback(settings.listen)):
        raise SettingsError(["PITBOSS_INSECURE_LOOPBACK works only in development, and only on a loopback address."])


def watch_program(settings: ProcessSettings) -> ProgramWatch | None:
    """Whoever compares the program with the one that was released. SettingsError if this is another one."""
    if not settings.program_digest:
        return None
    watch = ProgramWatch(settings.program_digest, every_s=settings.program_check_hours * 3_600)
    if not watch.is_released:
        told = "PITBOSS_PROGRAM_DIGEST is that of another program. `python -m mesh.program` tells the one that is here."
        raise SettingsError([told])
    return watch


def _arm(settings: ProcessSettings) -> None:
    try:
        failpoints.arm(settings.failpoint, allowed=settings.environment == "development")
    except failpoints.FailpointError as error:
        raise SettingsError([f"{error}."]) from None


def is_loopback(address: str) -> bool:
    """True for a host:port that other computers cannot reach."""
    host, _ = split_address(address)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_names(names: set[str], table: HandlerTable, policy: Policy) -> None:
    """A misspelt name in a policy or a service would leave a door open or shut for ever."""
    if names != table.services:
        raise ValueError(f"services are named {sorted(names)} and registered {sorted(table.services)}")
    known = names | {path.removeprefix("/") for path in table.paths}
    if unknown := policy.names() - known:
        raise ValueError(f"the policy speaks of {sorted(unknown)}, which nobody serves")
