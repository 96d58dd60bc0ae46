"""A provider as the suite sees it: its studio's dialect, its tables, and where its adapter listens."""

from __future__ import annotations

import copy
import importlib
import json
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mesh.dev.secrets import private_pem, public_pem
from mesh.dev.stack import Stack
from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit import manifest
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.manifest import Manifest
from provider_adapters._kit.ports import Game, Problem
from provider_adapters._kit.runner import ADAPTERS
from provider_adapters._kit.studio.ports import Act, ActKind, Studio, StudioParts

STAKES = frozenset({ActKind.ENTER, ActKind.BALANCE, ActKind.BET, ActKind.TIP, ActKind.FREE_BET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider under test."""

    name: str
    manifest: Manifest
    studio: Studio
    stranger: Studio
    """The same studio with keys that are not those of this integration."""
    neighbours: tuple[Studio, ...]
    """The same studio with the keys of each other integration that runs beside it."""
    impostor: Studio
    """The same studio with the right keys and other names for itself and for us."""
    errors: Any
    callback_url: str
    secrets: tuple[str, ...] = field(repr=False)
    """What must be in no log."""
    while_changing: Mapping[str, Any] = field(repr=False)
    """The adapter's credentials while the studio changes its keys for those of `stranger`."""

    @property
    def game_id(self) -> str:
        """A game for cases that do not care."""
        return min(game.game_id for game in self.studio.games)

    @property
    def _account(self) -> dict[str, Any]:
        account: dict[str, Any] = tomllib.loads((ADAPTERS / self.name / "sandbox.toml").read_text())["account"]
        return account

    @property
    def one_credit(self) -> bool:
        """The provider's account takes one win for each bet."""
        return bool(self._account.get("one_credit_per_bet"))

    @property
    def pays_per_spin(self) -> bool:
        """In free rounds each spin pays, and not the total."""
        return self._account.get("free_round_settlement") == "FREE_ROUND_SETTLEMENT_PER_SPIN"

    @property
    def paying_spin(self) -> ActKind:
        """Which message of free rounds pays."""
        return ActKind.FREE_SPIN if self.pays_per_spin else ActKind.FREE_TOTAL

    def dated(self, act: Act, seconds: int) -> HttpRequest:
        """A message signed as if it were so much later or, below zero, earlier."""
        late: Any = copy.copy(self.studio)
        late.clock = lambda: time.time() + seconds
        request: HttpRequest = late.write(act)
        return request

    def code(self, kind: ActKind, outcome: str) -> str:
        """How the provider hears an outcome."""
        stakes = getattr(self.errors, "OUTCOMES", None) or self.errors.BET_CODES
        credit = getattr(self.errors, "CREDITS", None) or getattr(self.errors, "CREDIT_CODES", None) or stakes
        return str((stakes if kind in STAKES else credit)[Outcome.Value(f"OUTCOME_{outcome}")])

    def problem_code(self, problem: Problem) -> str:
        """How the provider hears a problem."""
        table = getattr(self.errors, "PROBLEMS", None) or self.errors.PROBLEM_CODES
        return str(table[problem])


def provider(
    stack: Stack,
    name: str,
    *,
    callback_url: str = "",
    keys: Mapping[str, Any] | None = None,
    adapter: Mapping[str, Any] | None = None,
    games: Sequence[Game] = (),
) -> Provider:
    """The provider as it runs in a stack; or behind another address, or with the keys and games of a studio elsewhere."""
    url = callback_url or stack.around.callback_url(name)
    keys = dict(keys or json.loads((stack.around.credentials / f"{name}.studio.json").read_text()))
    adapter = adapter or json.loads((stack.around.credentials / f"{name}.adapter.json").read_text())
    other = _other(keys)

    def studio(with_keys: dict[str, Any]) -> Studio:
        return _studio(name, with_keys, url, games)

    return Provider(
        name=name,
        manifest=manifest.load(ADAPTERS / name),
        studio=studio(keys),
        stranger=studio(other),
        while_changing={**adapter, **_following(adapter, keys, other)},
        neighbours=tuple(studio(made) for made in _borrowed(stack, name, keys)),
        impostor=studio(_renamed(keys)),
        errors=importlib.import_module(f"provider_adapters.{name}.errors"),
        callback_url=url,
        secrets=tuple(value for name, value in keys.items() if _is_secret(name, value)),
    )


def _is_secret(name: str, value: str) -> bool:
    return any(word in name for word in ("secret", "key", "token")) and name != "casino_key" and "BEGIN" not in value


def _studio(name: str, keys: dict[str, Any], url: str, games: Sequence[Game]) -> Studio:
    made: Any = importlib.import_module(f"provider_adapters.{name}.studio").create(
        StudioParts(credentials=keys, callback_url=url)
    )
    if games:
        made.games = games
    studio: Studio = made
    return studio


def _other(keys: dict[str, Any]) -> dict[str, Any]:
    """Other secrets under the same names. A private key is exchanged for a new one."""

    def other(name: str, value: str) -> str:
        if name == "private_key":
            return private_pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
        return "y" + value[::-1] if _is_secret(name, value) else value

    return {name: other(name, value) for name, value in keys.items()}


def _following(adapter: Mapping[str, Any], keys: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that tell an adapter which keys follow."""
    if "private_key" in keys:
        key = load_pem_private_key(other["private_key"].encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return {"next_provider_public_key": public_pem(key)}
    shared = [field for field, value in keys.items() if _is_secret(field, value) and adapter.get(field) == value]
    return {f"next_{field}": other[field] for field in shared}


def _borrowed(stack: Stack, name: str, keys: dict[str, Any]) -> list[dict[str, Any]]:
    """The keys with the secrets of each other integration in the place of its own, where they are of the same make."""
    found = []
    for file in sorted(stack.around.credentials.glob("*.studio.json")):
        if file.name == f"{name}.studio.json":
            continue
        theirs = json.loads(file.read_text())
        if "private_key" in keys:
            lent = {"private_key": theirs["private_key"]} if "private_key" in theirs else {}
        else:
            secret = next((value for key, value in theirs.items() if _is_secret(key, value)), "")
            lent = {key: secret for key, value in keys.items() if secret and _is_secret(key, value)}
        if lent:
            found.append({**keys, **lent})
    return found


def _renamed(keys: dict[str, Any]) -> dict[str, Any]:
    """Other names under the same secrets."""

    def is_name(key: str, value: str) -> bool:
        return "BEGIN" not in value and not _is_secret(key, value)

    return {key: f"{value}x" if is_name(key, value) else value for key, value in keys.items()}
