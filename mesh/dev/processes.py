"""The process list, as data: what is started, with which environment, and how to see that it is ready."""

from __future__ import annotations

import os
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh.dev.paths import DESCRIPTORS, PYTHON_PATH
from mesh.dev.ports import free_ports
from mesh.dev.ready import EnvoyReady, GrpcHealth, HttpOk, Readiness
from mesh.dev.vault import AuditKeys, LocationKeys
from mesh.notes import Cosigner, Signer

HOST = "127.0.0.1"
WALLET_REPLICAS = 2
SERVICES = ("wallet_svc", "session_svc", "compliance_svc")
SECOND_OPINION = "second_opinion"
AUDIT = "audit_svc"
WITNESS = "witness"
TOKENS = "tamper-token-simulator"
TOKEN_NAME = "pitboss.localhost/tamper-token"  # noqa: S105 - the name of a public key
_TOKEN_SECRET = "sandbox-tokens"  # noqa: S105 - of a simulator on loopback
REGISTER = "register"
REGISTER_SIMULATOR = "register-simulator"
_REGISTER_TOKEN = "sandbox-register"  # noqa: S105 - of a simulator on loopback
GEOLOCATION = "geolocation"
GEOLOCATION_SIMULATOR = "geolocation-simulator"
_LOCATION_VENDOR, _LOCATION_KEY = "sandbox", "k1"
_LOCATION_WATCH_MS, _LOCATION_HOLD_MS = 1_000, 6_000
SANCTIONS = "sanctions"
SANCTIONS_SIMULATOR = "sanctions-simulator"
_SANCTIONS_TOKEN = "sandbox-sanctions"  # noqa: S105 - of a simulator on loopback
_SANCTIONS_POLL_MS, _SANCTIONS_HOLD_MS = 500, 6_000
LIMIT_FILE = "limit_file"
LIMIT_FILE_SIMULATOR = "limit_file-simulator"
_LIMIT_FILE_NAME, _LIMIT_FILE_KEY = "LUGAS", "k1"
_LIMIT_FILE_TOKEN = "sandbox-limit-file"  # noqa: S105 - of a simulator on loopback
_LIMIT_FILE_WATCH_MS, _LIMIT_FILE_HOLD_MS = 1_000, 6_000
ACTIVITY_FILE = "activity_file"
ACTIVITY_FILE_SIMULATOR = "activity_file-simulator"
_ACTIVITY_FILE_NAME, _ACTIVITY_FILE_KEY = "LUGAS", "k1"
_ACTIVITY_FILE_TOKEN = "sandbox-activity-file"  # noqa: S105 - of a simulator on loopback
CLOCK = "clock"
CLOCK_SIMULATOR = "clock-simulator"
_CLOCK_EVERY_MS = 250
AUDIT_LOG = "pitboss.localhost/audit"
WITNESS_NAME = "pitboss.localhost/witness"

# Children see what they are given and what the interpreter needs, not the developer's whole environment.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "COVERAGE_PROCESS_START")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where everything listens on loopback."""

    licensee: int
    studio: int
    admin: int
    operations: int
    postgres: int
    valkey: int
    wallets: tuple[int, ...]
    session: int
    compliance: int
    second_opinion: int
    audit: int
    witness: int
    tokens: int
    register: int
    register_simulator: int
    geolocation: int
    geolocation_simulator: int
    sanctions: int
    sanctions_simulator: int
    limit_file: int
    limit_file_simulator: int
    activity_file: int
    activity_file_simulator: int
    clock: int
    clock_simulator: int
    adapters: Mapping[str, int]
    callbacks: Mapping[str, int]
    studios: Mapping[str, int]

    @classmethod
    def choose(cls, providers: tuple[str, ...], *, licensee: int = 0, studio: int = 0) -> Ports:
        """Free ports; the two public ones may be fixed."""
        pool = iter(free_ports(24 + WALLET_REPLICAS + 3 * len(providers)))
        return cls(
            licensee=licensee or next(pool),
            studio=studio or next(pool),
            admin=next(pool),
            operations=next(pool),
            postgres=next(pool),
            valkey=next(pool),
            wallets=tuple(next(pool) for _ in range(WALLET_REPLICAS)),
            session=next(pool),
            compliance=next(pool),
            second_opinion=next(pool),
            audit=next(pool),
            witness=next(pool),
            tokens=next(pool),
            register=next(pool),
            register_simulator=next(pool),
            geolocation=next(pool),
            geolocation_simulator=next(pool),
            sanctions=next(pool),
            sanctions_simulator=next(pool),
            limit_file=next(pool),
            limit_file_simulator=next(pool),
            activity_file=next(pool),
            activity_file_simulator=next(pool),
            clock=next(pool),
            clock_simulator=next(pool),
            adapters={name: next(pool) for name in providers},
            callbacks={name: next(pool) for name in providers},
            studios={name: next(pool) for name in providers},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything the processes are told about each other."""

    run: Path
    tls: Path
    """Holds a certificate folder for each workload."""
    edge_tls: Path
    jwks: Path
    credentials: Path
    """Holds `<provider>.adapter.json` and `<provider>.studio.json`."""
    ports: Ports
    cache_url: str
    clock_file: Path
    service_urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Known once the databases are there."""
    ledger_reader_url: str = field(default="", repr=False)
    """The wallet's database, to look at only."""
    signing_key: str = field(default="", repr=False)
    """What the second opinion signs checkpoints with."""
    statement_key: str = field(default="", repr=False)
    """What wallets sign statements of days with."""
    audit_keys: AuditKeys = field(default_factory=AuditKeys, repr=False)
    """What the audit log and its witness work with."""
    location_keys: LocationKeys = field(default_factory=LocationKeys, repr=False)
    """What assertions about places are signed and sealed with."""
    limit_file_key: str = field(default="", repr=False)
    """What the simulated limit file signs its answers with."""
    activity_file_key: str = field(default="", repr=False)
    """What the simulated activity file signs its answers with."""
    session_keys: str = field(default="", repr=False)
    pack_keys: Path | None = None
    """Public keys of those who sign law packs."""
    with_register: bool = False
    """There is an exclusion register, and we ask it."""
    with_limit_file: bool = False
    """There is a cross-operator limit file, and we ask it."""
    with_activity_file: bool = False
    """There is a cross-operator activity file, and we tell it of play."""
    with_clock: bool = False
    """The clock is measured, and the wallets read the reports."""
    log_level: str = "info"
    otlp_endpoint: str = ""
    without: frozenset[str] = frozenset()
    """Services that somebody else stands in for, so that nobody waits for them."""

    @property
    def licensee_keys(self) -> Path:
        """Folder of the keys that sign what licensees' own wallets are sent; made by whoever registers one."""
        return self.run / "licensee_keys"

    @property
    def clock_report(self) -> Path:
        """What was measured of the clock last."""
        return self.run / CLOCK / "report.json"

    @property
    def providers(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.ports.adapters)

    def callback_url(self, provider: str) -> str:
        """Where the provider calls back, through the gateway."""
        return f"http://{HOST}:{self.ports.studio}/{provider}"

    def studio_url(self, provider: str) -> str:
        """The provider's own API."""
        return f"http://{HOST}:{self.ports.studios[provider]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process: `python -m <module> <arguments>`."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str]
    readiness: Readiness | None = None
    """None: it ends by itself, and its exit code says how it went."""
    address: str = ""
    """Where it listens, for people."""
    workload: str = ""

    @property
    def argv(self) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", self.module, *self.arguments]


def migrations(owner_urls: Mapping[str, str]) -> tuple[Process, ...]:
    """Bring each service's database to the present schema, as its owner."""
    return tuple(
        Process(
            name=f"migrate-{service}",
            module=service,
            arguments=("migrate",),
            environment={**_interpreter(), "PITBOSS_DATABASE_URL": url},
        )
        for service, url in owner_urls.items()
    )


def beside_services(around: Surroundings) -> tuple[Process, ...]:
    """What needs no database: adapters, studios and the gateway."""
    adapters = [_adapter(around, provider) for provider in around.providers]
    studios = [_studio(around, provider) for provider in around.providers]
    return (*adapters, *studios, _gateway(around))


def services(around: Surroundings) -> tuple[Process, ...]:
    """The three services, the wallet twice."""
    ports = around.ports
    wallets = [_grpc(around, f"wallet_svc-{n}", "wallet_svc", port) for n, port in enumerate(ports.wallets, 1)]
    return (
        *wallets,
        _grpc(around, "session_svc", "session_svc", ports.session),
        _grpc(around, "compliance_svc", "compliance_svc", ports.compliance),
    )


def after_services(around: Surroundings) -> tuple[Process, ...]:
    """What nobody waits for: the second opinion."""
    address = f"{HOST}:{around.ports.second_opinion}"
    environment = {
        **_python(around),
        "PITBOSS_TLS_DIR": str(around.tls / SECOND_OPINION),
        "PITBOSS_LISTEN": address,
        "PITBOSS_DATABASE_URL": around.ledger_reader_url,
        "PITBOSS_NOTEBOOK": str(around.run / SECOND_OPINION / "notebook.sqlite"),
        "PITBOSS_SIGNING_KEY": around.signing_key,
    }
    return (
        Process(
            name=SECOND_OPINION,
            module="mesh.second_opinion",
            environment=environment,
            readiness=GrpcHealth(address=address, tls=around.tls / "platform"),
            address=address,
            workload=SECOND_OPINION,
        ),
    )


def register(around: Surroundings) -> tuple[Process, ...]:
    """An exclusion register's process, and a simulator of the register."""
    address, simulator = f"{HOST}:{around.ports.register}", f"{HOST}:{around.ports.register_simulator}"
    return (
        Process(
            name=REGISTER_SIMULATOR,
            module="fact_sources.register.simulator",
            environment={
                **_interpreter(),
                "PITBOSS_REGISTER_LISTEN": simulator,
                "PITBOSS_REGISTER_TOKEN": _REGISTER_TOKEN,
            },
            readiness=HttpOk(address=simulator),
            address=simulator,
        ),
        Process(
            name=REGISTER,
            module="fact_sources.register",
            environment={
                **_python(around),
                "PITBOSS_TLS_DIR": str(around.tls / "fact_sources/register"),
                "PITBOSS_LISTEN": address,
                "PITBOSS_REGISTER_NAME": "sandbox",
                "PITBOSS_REGISTER_URL": f"http://{simulator}",
                "PITBOSS_REGISTER_TOKEN": _REGISTER_TOKEN,
            },
            readiness=GrpcHealth(address=address, tls=around.tls / "platform"),
            address=address,
            workload="fact_sources/register",
        ),
    )


def clock(around: Surroundings) -> tuple[Process, ...]:
    """The process that measures the clock, and a simulator of a time server, which shows the sandbox's time."""
    address, simulator = f"{HOST}:{around.ports.clock}", f"{HOST}:{around.ports.clock_simulator}"
    shared = {**_interpreter(), "PITBOSS_CLOCK_FILE": str(around.clock_file)}
    return (
        Process(
            name=CLOCK_SIMULATOR,
            module="fact_sources.clock.simulator",
            environment={**shared, "PITBOSS_TIME_LISTEN": simulator},
            readiness=HttpOk(address=simulator),
            address=simulator,
        ),
        Process(
            name=CLOCK,
            module="fact_sources.clock",
            environment={
                **shared,
                "PITBOSS_CLOCK_LISTEN": address,
                "PITBOSS_CLOCK_REPORT": str(around.clock_report),
                "PITBOSS_CLOCK_NTP": simulator,
                "PITBOSS_CLOCK_EVERY_MS": str(_CLOCK_EVERY_MS),
            },
            readiness=HttpOk(address=address, path="/readyz"),
            address=address,
        ),
    )


def geolocation(around: Surroundings) -> tuple[Process, ...]:
    """The process of a vendor of locations, and a simulator of the vendor."""
    ports, keys = around.ports, around.location_keys
    address, simulator = f"{HOST}:{ports.geolocation}", f"{HOST}:{ports.geolocation_simulator}"
    signing = Ed25519PrivateKey.from_private_bytes(b64decode(keys.signing))
    public = b64encode(signing.public_key().public_bytes_raw()).decode()
    shared = {
        **_interpreter(),
        "PITBOSS_CLOCK_FILE": str(around.clock_file),
        "PITBOSS_GEOLOCATION_VENDOR": _LOCATION_VENDOR,
        "PITBOSS_GEOLOCATION_SEALING_KEY": keys.sealing,
    }
    return (
        Process(
            name=GEOLOCATION_SIMULATOR,
            module="fact_sources.geolocation.simulator",
            environment={
                **shared,
                "PITBOSS_GEOLOCATION_LISTEN": simulator,
                "PITBOSS_GEOLOCATION_SIGNING_KEY": keys.signing,
                "PITBOSS_GEOLOCATION_KEY_ID": _LOCATION_KEY,
            },
            readiness=HttpOk(address=simulator),
            address=simulator,
        ),
        Process(
            name=GEOLOCATION,
            module="fact_sources.geolocation",
            environment={
                **shared,
                "PITBOSS_TLS_DIR": str(around.tls / "fact_sources/geolocation"),
                "PITBOSS_GEOLOCATION_LISTEN": address,
                "PITBOSS_GEOLOCATION_URL": f"http://{simulator}",
                "PITBOSS_GEOLOCATION_KEYS": f"{_LOCATION_KEY}={public}",
                "PITBOSS_GEOLOCATION_WATCH_MS": str(_LOCATION_WATCH_MS),
                "PITBOSS_GEOLOCATION_HOLD_MS": str(_LOCATION_HOLD_MS),
                "PITBOSS_COMPLIANCE_ADDRESS": f"{HOST}:{ports.compliance}",
                "PITBOSS_WALLET_ADDRESSES": ",".join(f"{HOST}:{port}" for port in ports.wallets),
            },
            readiness=HttpOk(address=address),
            address=address,
            workload="fact_sources/geolocation",
        ),
    )


def sanctions(around: Surroundings) -> tuple[Process, ...]:
    """The process of a source of screenings, and a simulator of the source."""
    ports = around.ports
    address, simulator = f"{HOST}:{ports.sanctions}", f"{HOST}:{ports.sanctions_simulator}"
    return (
        Process(
            name=SANCTIONS_SIMULATOR,
            module="fact_sources.sanctions.simulator",
            environment={
                **_interpreter(),
                "PITBOSS_SANCTIONS_LISTEN": simulator,
                "PITBOSS_SANCTIONS_TOKEN": _SANCTIONS_TOKEN,
            },
            readiness=HttpOk(address=simulator),
            address=simulator,
        ),
        Process(
            name=SANCTIONS,
            module="fact_sources.sanctions",
            environment={
                **_interpreter(),
                "PITBOSS_TLS_DIR": str(around.tls / "fact_sources/sanctions"),
                "PITBOSS_SANCTIONS_LISTEN": address,
                "PITBOSS_SANCTIONS_SOURCE": "sandbox",
                "PITBOSS_SANCTIONS_URL": f"http://{simulator}",
                "PITBOSS_SANCTIONS_TOKEN": _SANCTIONS_TOKEN,
                "PITBOSS_SANCTIONS_STATE": str(around.run / SANCTIONS / "state.sqlite"),
                "PITBOSS_SANCTIONS_POLL_MS": str(_SANCTIONS_POLL_MS),
                "PITBOSS_SANCTIONS_HOLD_MS": str(_SANCTIONS_HOLD_MS),
                "PITBOSS_COMPLIANCE_ADDRESS": f"{HOST}:{ports.compliance}",
                "PITBOSS_WALLET_ADDRESSES": ",".join(f"{HOST}:{port}" for port in ports.wallets),
            },
            readiness=HttpOk(address=address),
            address=address,
            workload="fact_sources/sanctions",
        ),
    )


def limit_file(around: Surroundings) -> tuple[Process, ...]:
    """The process of a cross-operator limit file, and a simulator of the file: Germany's, by its name in the pack."""
    ports = around.ports
    address, simulator = f"{HOST}:{ports.limit_file}", f"{HOST}:{ports.limit_file_simulator}"
    signing = Ed25519PrivateKey.from_private_bytes(b64decode(around.limit_file_key))
    public = b64encode(signing.public_key().public_bytes_raw()).decode()
    return (
        Process(
            name=LIMIT_FILE_SIMULATOR,
            module="fact_sources.limit_file.simulator",
            environment={
                **_interpreter(),
                "PITBOSS_CLOCK_FILE": str(around.clock_file),
                "PITBOSS_LIMIT_FILE_LISTEN": simulator,
                "PITBOSS_LIMIT_FILE_TOKEN": _LIMIT_FILE_TOKEN,
                "PITBOSS_LIMIT_FILE_KEY_ID": _LIMIT_FILE_KEY,
                "PITBOSS_LIMIT_FILE_SIGNING_KEY": around.limit_file_key,
                "PITBOSS_LIMIT_FILE_BOOK": str(around.run / LIMIT_FILE / "book.sqlite"),
                "PITBOSS_LIMIT_FILE_ZONE": "Europe/Berlin",
                "PITBOSS_LIMIT_FILE_LIMITS": "month=1000.00",
            },
            readiness=HttpOk(address=simulator),
            address=simulator,
        ),
        Process(
            name=LIMIT_FILE,
            module="fact_sources.limit_file",
            environment={
                **_python(around),
                "PITBOSS_TLS_DIR": str(around.tls / "fact_sources/limit_file"),
                "PITBOSS_LISTEN": address,
                "PITBOSS_LIMIT_FILE_NAME": _LIMIT_FILE_NAME,
                "PITBOSS_LIMIT_FILE_URL": f"http://{simulator}",
                "PITBOSS_LIMIT_FILE_TOKEN": _LIMIT_FILE_TOKEN,
                "PITBOSS_LIMIT_FILE_KEYS": f"{_LIMIT_FILE_KEY}={public}",
                "PITBOSS_LIMIT_FILE_WATCH_MS": str(_LIMIT_FILE_WATCH_MS),
                "PITBOSS_LIMIT_FILE_HOLD_MS": str(_LIMIT_FILE_HOLD_MS),
                "PITBOSS_WALLET_ADDRESSES": ",".join(f"{HOST}:{port}" for port in ports.wallets),
            },
            readiness=GrpcHealth(address=address, tls=around.tls / "platform"),
            address=address,
            workload="fact_sources/limit_file",
        ),
    )


def activity_file(around: Surroundings) -> tuple[Process, ...]:
    """The process of a cross-operator activity file, and a simulator of the file: Germany's, by its name in the pack."""
    ports = around.ports
    address, simulator = f"{HOST}:{ports.activity_file}", f"{HOST}:{ports.activity_file_simulator}"
    signing = Ed25519PrivateKey.from_private_bytes(b64decode(around.activity_file_key))
    public = b64encode(signing.public_key().public_bytes_raw()).decode()
    return (
        Process(
            name=ACTIVITY_FILE_SIMULATOR,
            module="fact_sources.activity_file.simulator",
            environment={
                **_interpreter(),
                "PITBOSS_CLOCK_FILE": str(around.clock_file),
                "PITBOSS_ACTIVITY_FILE_LISTEN": simulator,
                "PITBOSS_ACTIVITY_FILE_TOKEN": _ACTIVITY_FILE_TOKEN,
                "PITBOSS_ACTIVITY_FILE_KEY_ID": _ACTIVITY_FILE_KEY,
                "PITBOSS_ACTIVITY_FILE_SIGNING_KEY": around.activity_file_key,
                "PITBOSS_ACTIVITY_FILE_BOOK": str(around.run / ACTIVITY_FILE / "book.sqlite"),
            },
            readiness=HttpOk(address=simulator),
            address=simulator,
        ),
        Process(
            name=ACTIVITY_FILE,
            module="fact_sources.activity_file",
            environment={
                **_python(around),
                "PITBOSS_TLS_DIR": str(around.tls / "fact_sources/activity_file"),
                "PITBOSS_LISTEN": address,
                "PITBOSS_ACTIVITY_FILE_NAME": _ACTIVITY_FILE_NAME,
                "PITBOSS_ACTIVITY_FILE_URL": f"http://{simulator}",
                "PITBOSS_ACTIVITY_FILE_TOKEN": _ACTIVITY_FILE_TOKEN,
                "PITBOSS_ACTIVITY_FILE_KEYS": f"{_ACTIVITY_FILE_KEY}={public}",
            },
            readiness=GrpcHealth(address=address, tls=around.tls / "platform"),
            address=address,
            workload="fact_sources/activity_file",
        ),
    )


def audit(around: Surroundings) -> tuple[Process, ...]:
    """The audit log, a witness of it, and a service that gives tokens for extracts. Nobody waits for them either."""
    keys, ports = around.audit_keys, around.ports
    tokens = _tokens(around)
    log, address = Signer.load(AUDIT_LOG, keys.signing), f"{HOST}:{ports.witness}"
    cosigner = Cosigner.load(WITNESS_NAME, keys.witness)
    witness = Process(
        name=WITNESS,
        module="witness",
        environment={
            **_interpreter(),
            "PITBOSS_LOG_LEVEL": around.log_level,
            "PITBOSS_WITNESS_LISTEN": address,
            "PITBOSS_WITNESS_NAME": WITNESS_NAME,
            "PITBOSS_WITNESS_KEY": keys.witness,
            "PITBOSS_WITNESS_STATE": str(around.run / WITNESS / "state.sqlite"),
            "PITBOSS_WITNESS_LOGS": log.verifier_key,
        },
        readiness=HttpOk(address=address),
        address=address,
    )
    service = Process(
        name=AUDIT,
        module=AUDIT,
        environment={
            **_service(around, AUDIT, ports.audit),
            "PITBOSS_LOG_NAME": AUDIT_LOG,
            "PITBOSS_SIGNING_KEY": keys.signing,
            "PITBOSS_PAYLOAD_KEYS": keys.payload,
            "PITBOSS_WITNESSES": f"http://{address}",
            "PITBOSS_WITNESS_KEYS": cosigner.verifier_key,
            "PITBOSS_PSEUDONYM_KEYS": f"k1={keys.pseudonym}",
            "PITBOSS_SEAL_URL": f"http://{tokens.address}",
            "PITBOSS_SEAL_SECRET": _TOKEN_SECRET,
            "PITBOSS_SEAL_KEY": Signer.load(TOKEN_NAME, keys.token).verifier_key,
        },
        readiness=GrpcHealth(address=f"{HOST}:{ports.audit}", tls=around.tls / "platform"),
        address=f"{HOST}:{ports.audit}",
        workload=AUDIT,
    )
    return witness, tokens, service


def _tokens(around: Surroundings) -> Process:
    address = f"{HOST}:{around.ports.tokens}"
    return Process(
        name=TOKENS,
        module="fact_sources.tamper_token.simulator",
        environment={
            **_interpreter(),
            "PITBOSS_CLOCK_FILE": str(around.clock_file),
            "PITBOSS_TOKEN_LISTEN": address,
            "PITBOSS_TOKEN_SECRET": _TOKEN_SECRET,
            "PITBOSS_TOKEN_NAME": TOKEN_NAME,
            "PITBOSS_TOKEN_SIGNING_KEY": around.audit_keys.token,
        },
        readiness=HttpOk(address=address),
        address=address,
    )


def _grpc(around: Surroundings, name: str, service: str, port: int) -> Process:
    # The name that stands in every batch which this process writes.
    own = {
        "PITBOSS_REPLICA": name,
        "PITBOSS_STATEMENT_KEY": around.statement_key,
        "PITBOSS_LICENSEE_KEYS": str(around.licensee_keys),
    }
    if around.with_clock:
        own["PITBOSS_CLOCK_REPORT"] = str(around.clock_report)
    return Process(
        name=name,
        module=service,
        environment={**_service(around, service, port), **(own if service == "wallet_svc" else {})},
        readiness=GrpcHealth(address=f"{HOST}:{port}", tls=around.tls / "platform"),
        address=f"{HOST}:{port}",
        workload=service,
    )


_DECIDES_BY_PACKS = ("wallet_svc", "compliance_svc")


def _service(around: Surroundings, service: str, port: int) -> dict[str, str]:
    own = {"PITBOSS_SESSION_KEYS": around.session_keys} if service == "session_svc" else {}
    if service == "compliance_svc" and around.with_register:
        own["PITBOSS_REGISTER_ADDRESS"] = f"{HOST}:{around.ports.register}"
    if service in _DECIDES_BY_PACKS and around.with_limit_file:
        own["PITBOSS_LIMIT_FILES"] = f"{_LIMIT_FILE_NAME}={HOST}:{around.ports.limit_file}"
    if service == "compliance_svc" and around.with_activity_file:
        own["PITBOSS_ACTIVITY_FILES"] = f"{_ACTIVITY_FILE_NAME}={HOST}:{around.ports.activity_file}"
    if service == "session_svc" and around.with_activity_file:
        own["PITBOSS_ACTIVITY_FILES"] = "1"
    if service in _DECIDES_BY_PACKS and around.pack_keys is not None:
        own["PITBOSS_PACK_KEYS"] = str(around.pack_keys)
    return {
        **_common(around, service),
        **own,
        "PITBOSS_LISTEN": f"{HOST}:{port}",
        "PITBOSS_DATABASE_URL": around.service_urls[service],
        "PITBOSS_CACHE_URL": around.cache_url,
        "PITBOSS_SANDBOX": "1",
    }


def _adapter(around: Surroundings, provider: str) -> Process:
    port, callbacks = around.ports.adapters[provider], around.ports.callbacks[provider]
    return Process(
        name=provider,
        module="provider_adapters._kit",
        arguments=(provider,),
        environment={
            **_common(around, f"provider_adapters/{provider}"),
            "PITBOSS_LISTEN": f"{HOST}:{port}",
            "PITBOSS_CACHE_URL": around.cache_url,
            "PITBOSS_CALLBACK_LISTEN": f"{HOST}:{callbacks}",
            "PITBOSS_PROVIDER_URL": around.studio_url(provider),
            "PITBOSS_PROVIDER_CREDENTIALS": str(around.credentials / f"{provider}.adapter.json"),
            "PITBOSS_PUBLIC_CALLBACK_URL": around.callback_url(provider),
            "PITBOSS_SANDBOX": "1",
        },
        readiness=GrpcHealth(address=f"{HOST}:{port}", tls=around.tls / "platform"),
        address=f"{HOST}:{port}",
        workload=f"provider_adapters/{provider}",
    )


def _studio(around: Surroundings, provider: str) -> Process:
    address = f"{HOST}:{around.ports.studios[provider]}"
    return Process(
        name=f"studio-{provider}",
        module="provider_adapters._kit.studio",
        arguments=(provider,),
        environment={
            **_python(around),
            "PITBOSS_STUDIO_LISTEN": address,
            "PITBOSS_STUDIO_CALLBACK_URL": around.callback_url(provider),
            "PITBOSS_STUDIO_CREDENTIALS": str(around.credentials / f"{provider}.studio.json"),
            "PITBOSS_STUDIO_RECORD": str(around.run / "studios" / f"{provider}.record"),
        },
        readiness=HttpOk(address=address),
        address=address,
    )


def _gateway(around: Surroundings) -> Process:
    ports = around.ports
    callbacks = ",".join(f"{name}={HOST}:{port}" for name, port in ports.callbacks.items())
    return Process(
        name="gateway",
        module="gateway",
        environment={
            **_common(around, "gateway"),
            "PITBOSS_GATEWAY_LISTEN": f"{HOST}:{ports.licensee}",
            "PITBOSS_GATEWAY_STUDIO_LISTEN": f"{HOST}:{ports.studio}",
            "PITBOSS_GATEWAY_ADMIN_LISTEN": f"{HOST}:{ports.admin}",
            "PITBOSS_GATEWAY_OPERATIONS_LISTEN": f"{HOST}:{ports.operations}",
            "PITBOSS_GATEWAY_CONFIG_DIR": str(around.run / "gateway"),
            "PITBOSS_GATEWAY_DESCRIPTORS": str(DESCRIPTORS),
            "PITBOSS_GATEWAY_JWKS": str(around.jwks),
            "PITBOSS_GATEWAY_EDGE_TLS_DIR": str(around.edge_tls),
            "PITBOSS_GATEWAY_CALLBACKS": callbacks,
            "PITBOSS_GATEWAY_WORKERS": "1",
            # Two licensees share a laptop here, and load is wanted.
            "PITBOSS_GATEWAY_LICENSEE_RATE": "10000",
        },
        readiness=EnvoyReady(admin=f"{HOST}:{ports.admin}", clusters=_clusters(around)),
        address=f"{HOST}:{ports.licensee}",
        workload="gateway",
    )


def _clusters(around: Surroundings) -> tuple[str, ...]:
    """The clusters of the gateway, under the names it gives them."""
    present = [service for service in SERVICES if service not in around.without]
    return (*present, *(f"callbacks_{provider}" for provider in around.providers))


def _common(around: Surroundings, workload: str) -> dict[str, str]:
    ports = around.ports
    adapters = ",".join(f"{name}={HOST}:{port}" for name, port in ports.adapters.items())
    return {
        **_python(around),
        "PITBOSS_TLS_DIR": str(around.tls / workload),
        "PITBOSS_WALLET_ADDRESSES": ",".join(f"{HOST}:{port}" for port in ports.wallets),
        "PITBOSS_SESSION_ADDRESS": f"{HOST}:{ports.session}",
        "PITBOSS_COMPLIANCE_ADDRESS": f"{HOST}:{ports.compliance}",
        "PITBOSS_ADAPTERS": adapters,
    }


def _python(around: Surroundings) -> dict[str, str]:
    optional = {"PITBOSS_OTLP_ENDPOINT": around.otlp_endpoint} if around.otlp_endpoint else {}
    return {
        **_interpreter(),
        **optional,
        "PITBOSS_ENVIRONMENT": "development",
        "PITBOSS_CLOCK_FILE": str(around.clock_file),
        "PITBOSS_LOG_LEVEL": around.log_level,
        "PITBOSS_DRAIN_SECONDS": "3",
    }


def _interpreter() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, "PYTHONPATH": PYTHON_PATH, "PYTHONUNBUFFERED": "1"}
