"""The whole mesh as children of one process.

    with Stack() as stack:
        stack.mesh["gateway"]["json"]
        stack.kill("wallet_svc-1")
        stack.restart("wallet_svc-1")

Everything is new at each start: ports, secrets, data. Nothing outlives the process that started it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mesh.dev import postgres as postgresql
from mesh.dev import processes, schema
from mesh.dev import valkey as valkey_server
from mesh.dev.child import Child, Command, spawn
from mesh.dev.errors import StackError
from mesh.dev.files import private_directory
from mesh.dev.paths import ROOT
from mesh.dev.processes import Ports, Process, Surroundings
from mesh.dev.providers import Provider, choose
from mesh.dev.runs import new_run, remove_data
from mesh.dev.secrets import SCOPES
from mesh.dev.vault import Vault

__all__ = ["DEMO_LICENSEES", "DemoLicensee", "Options", "Stack", "StackError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLicensee:
    """A licensee that exists from the start."""

    id: str
    pack: str
    currency: str


DEMO_LICENSEES = (
    DemoLicensee(id="aurora", pack="gb", currency="GBP"),
    DemoLicensee(id="borealis", pack="base", currency="EUR"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a stack is started."""

    kind: str = "stack"
    """First part of the run folder's name."""
    licensees: tuple[DemoLicensee, ...] = DEMO_LICENSEES
    log_level: str = "info"
    otlp_endpoint: str = ""
    licensee_port: int = 0
    """Port of the licensee listener; 0 takes a free one."""
    studio_port: int = 0
    ready_s: float = 60.0
    environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Further variables by process name, such as {"wallet_svc-1": {...}}."""
    providers: frozenset[str] = frozenset()
    """Exactly these providers. Empty: those that are always started."""
    without: frozenset[str] = frozenset()
    """Processes whose place the caller takes: they are not started, and nobody waits for them."""
    second_opinion: bool = False
    """Also start the process that recomputes the ledger. Nobody waits for it."""
    audit: bool = False
    """Also start the audit log and a witness. Nobody waits for them."""
    register: bool = False
    """Also start an exclusion register, which is then asked at the opening of play."""
    clock: bool = False
    """Also start a process that measures the clock, against a simulated time server. The wallets believe it."""
    geolocation: bool = False
    """Also start the process of a vendor of locations. Nobody waits for it."""
    sanctions: bool = False
    """Also start the process of a source of screenings. Nobody waits for it."""
    limit_file: bool = False
    """Also start a cross-operator limit file, which then keeps the deposits of players under the German pack."""
    activity_file: bool = False
    """Also start a cross-operator activity file, which is then told of the play of players under the German pack."""
    keep_data: bool = False
    """Leave databases and secrets in the run folder after the end, to look at."""


Report = Callable[[str, str], None]
"""Told the name of a process and what it is doing."""


def _silent(_name: str, _state: str) -> None:
    """Tell nobody."""


class Stack:
    """A running mesh. Use it as a context manager, or call `start` and `close`."""

    def __init__(self, options: Options | None = None, *, report: Report = _silent) -> None:
        self.options = options or Options()
        self._report = report
        self._providers: dict[str, Provider] = {}
        self._processes: dict[str, Process] = {}
        self._children: dict[str, Child] = {}
        self._postgres: postgresql.Postgres | None = None
        self._valkey: valkey_server.Valkey | None = None
        self._around: Surroundings | None = None
        self._vault: Vault | None = None
        self.run = Path()
        self.ready_after_s = 0.0

    # -- life

    def start(self) -> Self:
        """Start everything; returns when everything is ready."""
        began = time.monotonic()
        self.run = new_run(self.options.kind)
        try:
            self._launch()
            self._register()
            if self.options.second_opinion:
                self._processes |= self._start_processes(processes.after_services(self.around))
            if self.options.audit:
                self._processes |= self._start_processes(processes.audit(self.around))
            if self.options.geolocation:
                self._processes |= self._start_processes(processes.geolocation(self.around))
            if self.options.sanctions:
                self._processes |= self._start_processes(processes.sanctions(self.around))
        except BaseException:
            self.close()
            raise
        self.ready_after_s = time.monotonic() - began
        return self

    def close(self) -> None:
        """Stop everything, the gateway first, and remove data and secrets."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            for wave in (["gateway"], [name for name in self._children if name != "gateway"]):
                list(pool.map(self._stop_child, [name for name in wave if name in self._children]))
            if self._valkey:
                self._valkey.close()
            if self._postgres:
                (self._postgres.stop if self.options.keep_data else self._postgres.close)()
        if self.run != Path() and not self.options.keep_data:
            remove_data(self.run)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # -- single processes

    @property
    def names(self) -> list[str]:
        """Every process by name, PostgreSQL and Valkey too."""
        return ["postgres", "valkey", *self._processes]

    def child(self, name: str) -> Child:
        """The process of this name."""
        found = self._server(name).child if name in ("postgres", "valkey") else self._children.get(name)
        if found is None:
            message = f"there is no process {name!r}; there are: {', '.join(self.names)}"
            raise StackError(message)
        return found

    def pid(self, name: str) -> int:
        """Its process id."""
        return self.child(name).pid

    def is_running(self, name: str) -> bool:
        """Whether it runs now."""
        return self.child(name).exit_code is None

    def kill(self, name: str) -> None:
        """Kill -9, at once."""
        self.child(name)
        if name in ("postgres", "valkey"):
            self._server(name).kill()
        else:
            self._children[name].kill()

    def stop_process(self, name: str) -> None:
        """SIGTERM, and wait for its end."""
        self.child(name)
        if name in ("postgres", "valkey"):
            self._server(name).stop()
        else:
            self._stop_child(name)

    def restart(self, name: str, *, wait: bool = True) -> None:
        """Stop it if it runs, start it again on the same port with the same data, and wait until it is ready."""
        if self.is_running(name):
            self.stop_process(name)
        if name in ("postgres", "valkey"):
            self._server(name).start()
            return
        self._spawn(self._processes[name])
        if wait:
            self._await([self._processes[name]])

    def freeze(self, name: str) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self.child(name).freeze()

    def thaw(self, name: str) -> None:
        """End a freeze."""
        self.child(name).thaw()

    def states(self, timeout_s: float = 1.0) -> dict[str, str]:
        """What each process says now: "ready", or why not."""
        with ThreadPoolExecutor(max_workers=16) as pool:
            return dict(zip(self.names, pool.map(lambda name: self._state(name, timeout_s), self.names), strict=True))

    # -- time, tokens, facts

    def advance_clock(self, seconds: float) -> None:
        """Move the clock of the whole mesh forward."""
        path = self.around.clock_file
        offset = int.from_bytes(path.read_bytes()[:8], "little", signed=True) + int(seconds * 1_000_000)
        # In place: the processes have this file mapped.
        with path.open("r+b") as file:
            file.write(offset.to_bytes(8, "little", signed=True))

    def token(self, licensee: str, *, scopes: Iterable[str] = SCOPES, expires_s: int = 12 * 3600) -> str:
        """A token for a licensee."""
        return self.vault.signer.token(licensee, scopes=scopes, expires_s=expires_s)

    @property
    def vault(self) -> Vault:
        """The secrets of this stack."""
        assert self._vault is not None
        return self._vault

    @property
    def around(self) -> Surroundings:
        """Addresses, folders and URLs of this stack."""
        if self._around is None:
            message = "the stack has not been started"
            raise StackError(message)
        return self._around

    @property
    def postgres(self) -> postgresql.Postgres:
        """The database server."""
        assert self._postgres is not None
        return self._postgres

    @property
    def valkey(self) -> valkey_server.Valkey:
        """The cache server."""
        assert self._valkey is not None
        return self._valkey

    @property
    def mesh(self) -> dict[str, Any]:
        """Endpoints, demo credentials and processes, as `build/mesh.json` has them."""
        from mesh.dev.description import describe  # noqa: PLC0415 - it needs this module's types

        return describe(self)

    # -- start, step by step

    def _launch(self) -> None:
        """Start everything. PostgreSQL takes longest, so all that can do without it starts beside it."""
        self._providers = {provider.name: provider for provider in choose(self.options.providers)}
        names = tuple(self._providers)
        ports = Ports.choose(names, licensee=self.options.licensee_port, studio=self.options.studio_port)
        tables = schema.preparation(self.run / "log", self._report)
        with ThreadPoolExecutor(max_workers=3) as pool:
            database = pool.submit(postgresql.start, self.run, port=ports.postgres, preparation=tables)
            database.add_done_callback(self._keep_postgres)
            vault = pool.submit(Vault.make, self.run / "secrets", self._providers.values())
            self._valkey = valkey_server.start(self.run, port=ports.valkey)
            self._report("valkey", "ready")
            self._vault = vault.result()
            self._around = self._describe_surroundings(ports)
            others = self._start_processes(processes.beside_services(self._around))
            if self.options.register:
                others |= self._start_processes(processes.register(self._around))
            if self.options.limit_file:
                others |= self._start_processes(processes.limit_file(self._around))
            if self.options.activity_file:
                others |= self._start_processes(processes.activity_file(self._around))
            if self.options.clock:
                others |= self._start_processes(processes.clock(self._around))
            database.result()
        self._around = replace(
            self._around, service_urls=self._service_urls(), ledger_reader_url=self._ledger_reader_url()
        )
        self._processes = {**self._start_processes(processes.services(self._around)), **others}
        self._await(self._processes.values())

    def _keep_postgres(self, done: Future[postgresql.Postgres]) -> None:
        """Remember the server even if something else fails meanwhile, so that it is stopped."""
        if not done.exception():
            self._postgres = done.result()
            self._report("postgres", "ready")

    def _service_urls(self) -> dict[str, str]:
        return {service: self.postgres.database(name).service_url for service, name in schema.DATABASE_OF.items()}

    def _ledger_reader_url(self) -> str:
        return self.postgres.database(schema.DATABASE_OF["wallet_svc"]).reader_url

    def _describe_surroundings(self, ports: Ports) -> Surroundings:
        files = (processes.LIMIT_FILE, processes.ACTIVITY_FILE)
        for needed in ("gateway", "studios", processes.SECOND_OPINION, processes.CLOCK, *files):
            private_directory(self.run / needed)
        return Surroundings(
            run=self.run,
            tls=self.vault.tls,
            edge_tls=self.vault.edge,
            jwks=self.vault.jwks,
            credentials=self.vault.credential_files,
            ports=ports,
            cache_url=self.valkey.url,
            clock_file=self.vault.clock_file,
            session_keys=self.vault.session_keys,
            signing_key=self.vault.signing_key,
            statement_key=self.vault.statement_key,
            audit_keys=self.vault.audit_keys,
            location_keys=self.vault.location_keys,
            limit_file_key=self.vault.limit_file_key,
            activity_file_key=self.vault.activity_file_key,
            pack_keys=self.vault.pack_keys,
            with_register=self.options.register,
            with_limit_file=self.options.limit_file,
            with_activity_file=self.options.activity_file,
            with_clock=self.options.clock,
            log_level=self.options.log_level,
            otlp_endpoint=self.options.otlp_endpoint,
            without=self.options.without,
        )

    def _start_processes(self, found: Iterable[Process]) -> dict[str, Process]:
        wanted = {process.name: process for process in found if process.name not in self.options.without}
        for process in wanted.values():
            self._spawn(process)
        return wanted

    def _register(self) -> None:
        from mesh.dev.registration import register  # noqa: PLC0415 - imports every contract, only now needed

        if "wallet_svc-1" in self._processes:
            register(self.around, self.options.licensees, self._providers.values())

    def _spawn(self, process: Process) -> None:
        self._children[process.name] = spawn(
            Command(
                name=process.name,
                argv=process.argv,
                environment={**process.environment, **self.options.environment.get(process.name, {})},
                log=self.run / "log" / f"{process.name}.log",
                directory=ROOT,
            )
        )
        self._report(process.name, "starting")

    def _await(self, waited: Iterable[Process]) -> None:
        """Wait for all of them; the first that fails ends the wait for the others."""
        deadline, failed = time.monotonic() + self.options.ready_s, threading.Event()
        with ThreadPoolExecutor(max_workers=16) as pool:
            answers = [pool.submit(self._await_one, process, deadline, failed) for process in waited]
            failures = [failure for answer in as_completed(answers) if (failure := answer.result())]
        if failures:
            raise StackError(failures[0])

    def _await_one(self, process: Process, deadline: float, failed: threading.Event) -> str:
        """Empty when it is ready, or when another has failed; otherwise what is wrong and where to look."""
        child, said = self._children[process.name], ""
        while (left := deadline - time.monotonic()) > 0 and not failed.is_set():
            if child.exit_code is not None:
                failed.set()
                return f"{child.name} ended with exit code {child.exit_code}; see {child.command.log}\n{child.last_lines()}"
            assert process.readiness is not None
            said = process.readiness.check(min(left, 0.5))
            if not said:
                self._report(process.name, "ready")
                return ""
            failed.wait(0.04)
        if failed.is_set():
            return ""
        return f"{process.name} is not ready after {self.options.ready_s:.0f} s ({said}); see {child.command.log}\n{child.last_lines()}"

    def _state(self, name: str, timeout_s: float) -> str:
        child = self.child(name)
        if child.exit_code is not None:
            return f"ended ({child.exit_code})"
        if name in ("postgres", "valkey"):
            return "ready" if self._server(name).answers() else "does not answer"
        readiness = self._processes[name].readiness
        return (readiness.check(timeout_s) if readiness else "") or "ready"

    def _stop_child(self, name: str) -> None:
        self._children[name].stop()
        self._report(name, "stopped")

    def _server(self, name: str) -> postgresql.Postgres | valkey_server.Valkey:
        return self.postgres if name == "postgres" else self.valkey

    @property
    def provider_list(self) -> list[Provider]:
        """The providers of this stack."""
        return list(self._providers.values())

    @property
    def process_list(self) -> Mapping[str, Process]:
        """Our own processes by name."""
        return self._processes
