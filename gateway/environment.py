"""The gateway's settings, read from the environment once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from gateway.config import Address, Files, KeyServer, Limits, Rate, Settings, Tokens, Upstream
from gateway.contracts import public_methods
from gateway.strict_json import body_tables

REPOSITORY = Path(__file__).resolve().parents[1]


class SettingsError(Exception):
    """One readable sentence for each variable that is missing or wrong."""


class Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        """A variable as it is."""
        value = self._environ.get(name) or default
        if value is None:
            self.problems.append(f"{name} is not set")
        return value or ""

    def number(self, name: str, default: int) -> int:
        """A whole number above zero."""
        value = self._environ.get(name) or str(default)
        if not _is_positive(value):
            self.problems.append(f"{name}={value} is not a whole number above zero")
            return default
        return int(value)

    def address(self, name: str) -> Address:
        """`host:port`."""
        return self._address(name, self.text(name))

    def optional_address(self, name: str) -> Address | None:
        """`host:port`, or nothing."""
        return self.address(name) if self._environ.get(name) else None

    def addresses(self, name: str) -> tuple[Address, ...]:
        """`host:port,host:port`."""
        return tuple(self._address(name, part) for part in self.text(name).split(","))

    def named_addresses(self, name: str) -> dict[str, Address]:
        """`name=host:port,name=host:port`, or nothing."""
        parts = [part.partition("=") for part in self.text(name, "").split(",") if part]
        return {key: self._address(name, value) for key, _, value in parts}

    def named_numbers(self, name: str) -> dict[str, int]:
        """`name=5,name=7`, or nothing."""
        parts = [part.partition("=") for part in self.text(name, "").split(",") if part]
        self.problems += [f"{name}: {key}={value} is not a whole number above zero" for key, _, value in parts
                          if not _is_positive(value)]  # fmt: skip
        return {key: int(value) for key, _, value in parts if _is_positive(value)}

    def flag(self, name: str) -> bool:
        """On when it is `1`."""
        return self._environ.get(name) == "1"

    def _address(self, name: str, text: str) -> Address:
        try:
            return Address.parse(text)
        except ValueError as error:
            if text:
                self.problems.append(f"{name}: {error}")
            return Address(host="127.0.0.1", port=1)


def _is_positive(text: str) -> bool:
    return text.isdecimal() and int(text) > 0


def load(environ: Mapping[str, str]) -> Settings:
    """The settings, or a SettingsError that names every problem."""
    reader = Reader(environ)
    files = _files(reader)
    upstreams = {
        "wallet_svc": Upstream(addresses=reader.addresses("PITBOSS_WALLET_ADDRESSES"), workload="wallet_svc"),
        "session_svc": Upstream(addresses=reader.addresses("PITBOSS_SESSION_ADDRESS"), workload="session_svc"),
        "compliance_svc": Upstream(addresses=reader.addresses("PITBOSS_COMPLIANCE_ADDRESS"), workload="compliance_svc"),
    }
    contracts = _content(reader, files.descriptors)
    methods = public_methods(contracts)
    settings = Settings(
        licensee_listener=reader.address("PITBOSS_GATEWAY_LISTEN"),
        studio_listener=reader.address("PITBOSS_GATEWAY_STUDIO_LISTEN"),
        admin=reader.address("PITBOSS_GATEWAY_ADMIN_LISTEN"),
        operations_listener=reader.optional_address("PITBOSS_GATEWAY_OPERATIONS_LISTEN"),
        studio_tls=reader.flag("PITBOSS_GATEWAY_STUDIO_TLS"),
        upstreams=upstreams,
        callbacks=reader.named_addresses("PITBOSS_GATEWAY_CALLBACKS"),
        methods=methods,
        body_tables=body_tables(contracts, {method.service for method in methods}),
        files=files,
        tokens=_tokens(reader),
        limits=_limits(reader),
        web_origins=tuple(filter(None, reader.text("PITBOSS_GATEWAY_WEB_ORIGINS", "").split(","))),
        trusted_hops=int(reader.flag("PITBOSS_GATEWAY_BEHIND_BALANCER")),
        traces=reader.optional_address("PITBOSS_OTLP_ENDPOINT"),
    )
    if reader.problems:
        raise SettingsError("\n".join(reader.problems))
    return settings


def _files(reader: Reader) -> Files:
    return Files(
        descriptors=Path(reader.text("PITBOSS_GATEWAY_DESCRIPTORS", str(REPOSITORY / "gen" / "pitboss.binpb"))),
        jwks=_keys(reader),
        workload_tls=Path(reader.text("PITBOSS_TLS_DIR")),
        edge_tls=Path(reader.text("PITBOSS_GATEWAY_EDGE_TLS_DIR")),
        sds=Path(reader.text("PITBOSS_GATEWAY_CONFIG_DIR")) / "sds",
    )


def _keys(reader: Reader) -> Path | KeyServer:
    where = reader.text("PITBOSS_GATEWAY_JWKS")
    if "://" not in where:
        return Path(where)
    url = urlsplit(where)
    if url.scheme != "https" or not url.hostname:
        reader.problems.append(f"PITBOSS_GATEWAY_JWKS={where} is neither a file nor an https address")
    return KeyServer(
        host=url.hostname or "",
        port=url.port or 443,
        path=url.path or "/",
        authorities=Path(reader.text("PITBOSS_GATEWAY_JWKS_CA", "/etc/ssl/certs/ca-certificates.crt")),
        refresh_s=reader.number("PITBOSS_GATEWAY_JWKS_SECONDS", 60),
    )


def _tokens(reader: Reader) -> Tokens:
    return Tokens(
        issuer=reader.text("PITBOSS_GATEWAY_TOKEN_ISSUER", Tokens().issuer),
        audience=reader.text("PITBOSS_GATEWAY_TOKEN_AUDIENCE", Tokens().audience),
    )


def _limits(reader: Reader) -> Limits:
    usual = reader.number("PITBOSS_GATEWAY_LICENSEE_RATE", Limits().licensee.per_second)
    own = reader.named_numbers("PITBOSS_GATEWAY_OWN_RATES")
    callbacks = reader.number("PITBOSS_GATEWAY_PROVIDER_RATE", Limits().provider.per_second)
    agreed = reader.named_numbers("PITBOSS_GATEWAY_PROVIDER_RATES")
    return Limits(
        licensee=_rate(usual),
        own_rates={licensee: _rate(number) for licensee, number in own.items()},
        provider=_rate(callbacks),
        provider_rates={provider: _rate(number) for provider, number in agreed.items()},
    )


def _rate(per_second: int) -> Rate:
    return Rate(per_second=per_second, burst=2 * per_second)


def _content(reader: Reader, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reader.problems.append(f"the compiled contracts cannot be read ({error}); run `make generate`")
        return b""
