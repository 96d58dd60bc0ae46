"""manifest.toml: facts about a provider, for machines. Read once, checked whole."""

import enum
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any


class ManifestError(Exception):
    """A manifest that cannot be used. The text names every problem."""


class Capability(enum.StrEnum):
    """What an adapter can do. The conformance suite runs the cases of what is claimed."""

    LAUNCH = "launch"
    DEMO = "demo"
    """Games are launched for play money too."""
    CATALOG = "catalog"
    BALANCE = "balance"
    BET = "bet"
    WIN = "win"
    CANCEL = "cancel"
    CLOSE_ROUND = "close_round"
    """Rounds are closed by a flag or by a message."""
    SEVERAL_BETS = "several_bets"
    """A round may have more than one bet."""
    JACKPOT_PART = "jackpot_part"
    """A win says what of it is a jackpot."""
    JACKPOT_CONTRIBUTION = "jackpot_contribution"
    """A bet says what of it feeds a jackpot."""
    FREE_ROUNDS = "free_rounds"
    """Results of free spins are told one by one."""
    FREE_ROUND_TOTAL = "free_round_total"
    """The sum of a grant's results is told."""
    FREE_ROUND_GRANTS = "free_round_grants"
    """We give free rounds and take them back, over the provider's API."""
    FREE_ROUNDS_SHARED = "free_rounds_shared"
    """One grant may be for several games."""
    BONUS_BUY_GRANTS = "bonus_buy_grants"
    """Rounds that are given may begin with the game's bonus, as if the player had bought it."""
    VOUCHER_GRANTS = "voucher_grants"
    """We give vouchers: money for a table, whose winnings are paid up to a cap."""
    PROMO_WIN = "promo_win"
    TOURNAMENT = "tournament"
    JACKPOT_WIN = "jackpot_win"
    """A jackpot that is not part of a win."""
    ROUND_REPLAY = "round_replay"
    """The provider shows a round to whoever may ask."""
    TOKEN_SWAP = "token_swap"  # noqa: S105 - a word
    """The game swaps the token of its launch for another one when it opens."""
    TIP = "tip"
    ROLLBACK_LIST = "rollback_list"
    ADJUST = "adjust"
    """The provider corrects what a round took or paid."""
    SESSION_NEWS = "session_news"
    """The provider tells that a session of its own is over."""


class IdScope(enum.StrEnum):
    """In which space transaction ids are unique."""

    GLOBAL = "global"
    PLAYER = "player"
    SHARED_WITH_CANCEL = "shared_with_cancel"


class MoneyUnit(enum.StrEnum):
    """How amounts are written on the wire."""

    HUNDRED_THOUSANDTHS = "hundred_thousandths"
    DECIMAL = "decimal"
    SUBUNITS = "subunits"


class UnknownCancelReply(enum.StrEnum):
    """What the provider wants to hear about a cancel of an unknown bet."""

    SUCCESS = "success"
    NOT_FOUND = "not_found"


class Proof(enum.StrEnum):
    """How a callback proves who sent it."""

    SIGNATURE = "signature"
    """A digest or a signature over what is said."""
    SECRET = "secret"  # noqa: S105 - a word
    """A secret that goes along. It proves nothing about the rest, so everything rests on TLS."""


class Quality(enum.StrEnum):
    """Checklist that the adapter passes."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


class Reproduction(enum.StrEnum):
    """What of a round can be shown again. The kit keeps no messages, so nobody can claim more yet."""

    R0 = "R0"
    """Money, from the ledger alone."""
    R1 = "R1"
    """Every decision too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One provider. Field names are the keys of manifest.toml, all at top level."""

    name: str
    """Name of the folder, such as "hub88_style"."""
    title: str
    """Name for people."""
    owner: str
    """Team that answers for it."""
    api_version: str
    """Version of the provider's API that this adapter speaks."""
    quality: Quality
    capabilities: frozenset[Capability]
    """What it can do. Claim only what is there: the conformance suite plays the cases of each."""
    id_scope: IdScope
    money_unit: MoneyUnit
    decimals: int
    """Decimal places of the main unit that an amount may have on the wire."""
    proof: Proof
    currency_codes: tuple[str, ...]
    """Currencies in which its games are played."""
    provider_timeout_ms: int
    """How long the provider waits for our answer."""
    bet_attempts: int
    """How often the provider sends a bet that got no clear answer, before it cancels it."""
    retry_first_ms: int
    """How long it waits before it repeats an unanswered win or cancel the first time."""
    retry_factor: int
    """Each further wait is so many times the last one."""
    retry_longest_ms: int
    """The longest wait."""
    retry_attempts: int
    """How often it repeats. 0: until there is an answer."""
    margin_ms: int
    """Part of it that is left for the way back. The rest is the budget of one callback."""
    max_body_bytes: int
    """Larger callbacks are refused unread."""
    unknown_cancel_reply: UnknownCancelReply
    cancel_trigger_codes: tuple[str, ...]
    """Wire codes after which the provider cancels a bet."""
    outbound_timeout_ms: int
    """Upper bound for one call to the provider."""
    token_grace_ms: int = 0
    """For how long a launch token still stakes after its swap. Needs the capability `token_swap`."""
    nonces: bool = False
    """Each message brings a nonce, which is believed once."""
    reproduction: Reproduction = Reproduction.R1
    """How far its rounds can be reproduced."""

    def agreed(self, provider_timeout_ms: int) -> "Manifest":
        """These facts with another patience of the provider in milliseconds; 0 leaves them as they are."""
        if not provider_timeout_ms:
            return self
        if provider_timeout_ms <= self.margin_ms:
            raise ManifestError(f"{self.name}: the agreed timeout must be above margin_ms, {self.margin_ms}")
        return replace(self, provider_timeout_ms=provider_timeout_ms)

    @property
    def budget_s(self) -> float:
        """Seconds within which a callback must be answered."""
        return (self.provider_timeout_ms - self.margin_ms) / 1000


KINDS: dict[str, type[enum.StrEnum]] = {
    "quality": Quality,
    "id_scope": IdScope,
    "money_unit": MoneyUnit,
    "proof": Proof,
    "unknown_cancel_reply": UnknownCancelReply,
}
MOST_DECIMALS = 18
LONGEST_GRACE_MS = 3_600_000
POSITIVE = (
    "provider_timeout_ms",
    "margin_ms",
    "max_body_bytes",
    "outbound_timeout_ms",
    "bet_attempts",
    "retry_first_ms",
    "retry_factor",
    "retry_longest_ms",
)
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,11}", re.ASCII)


def load(folder: Path) -> Manifest:
    """Read the manifest of a provider's folder."""
    path = folder / "manifest.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        message = f"{path}: {error}"
        raise ManifestError(message) from error
    return parse(content, folder.name)


def parse(content: Mapping[str, Any], folder: str) -> Manifest:
    """Check a manifest's content whole, and name every problem at once."""
    problems = _wrong_keys(content) or [*_wrong_values(content, folder)]
    if problems:
        message = f"provider_adapters/{folder}/manifest.toml: " + "; ".join(problems)
        raise ManifestError(message)
    converted = {key: kind(content[key]) for key, kind in KINDS.items()}
    capabilities = frozenset(map(Capability, content["capabilities"]))
    converted["reproduction"] = Reproduction(content.get("reproduction", Reproduction.R1))
    lists = {key: tuple(content[key]) for key in ("currency_codes", "cancel_trigger_codes")}
    return Manifest(**{**content, **converted, **lists, "capabilities": capabilities})


def _wrong_keys(content: Mapping[str, Any]) -> list[str]:
    known = {field.name for field in fields(Manifest)}
    needed = {field.name for field in fields(Manifest) if field.default is MISSING}
    missing = [f"missing key {key!r}" for key in sorted(needed - content.keys())]
    return missing + [f"unknown key {key!r}" for key in sorted(content.keys() - known)]


def _wrong_values(content: Mapping[str, Any], folder: str) -> list[str]:
    texts = ("name", "title", "owner", "api_version")
    problems = [f"{key} must be a text" for key in texts if not isinstance(content[key], str) or not content[key]]
    if content["name"] != folder or not NAME.fullmatch(folder):
        problems.append(f"name must be the folder's name, {folder!r}")
    for key, kind in KINDS.items():
        if content[key] not in list(kind):
            problems.append(f"{key} must be one of {', '.join(kind)}")
    if content.get("reproduction", Reproduction.R1) not in list(Reproduction):
        problems.append(f"reproduction must be one of {', '.join(Reproduction)}: the kit keeps no messages")
    if not isinstance(content.get("nonces", False), bool):
        problems.append("nonces must be true or false")
    return problems + _wrong_lists(content) + _wrong_times(content)


def _wrong_lists(content: Mapping[str, Any]) -> list[str]:
    problems = []
    for key in ("capabilities", "currency_codes", "cancel_trigger_codes"):
        value = content[key]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            problems.append(f"{key} must be a list of texts")
        elif len(set(value)) != len(value):
            problems.append(f"{key} names something twice")
        elif key == "capabilities":
            problems += [f"unknown capability {item!r}" for item in value if item not in list(Capability)]
        elif key == "currency_codes":
            problems += [f"not a currency code: {item!r}" for item in value if not CURRENCY.fullmatch(item)]
    return problems


def _wrong_times(content: Mapping[str, Any]) -> list[str]:
    problems = [f"{key} must be a whole number above zero" for key in POSITIVE if not _positive(content[key])]
    if type(content["retry_attempts"]) is not int or content["retry_attempts"] < 0:
        problems.append("retry_attempts must be a whole number, 0 for until there is an answer")
    grace = content.get("token_grace_ms", 0)
    if type(grace) is not int or not 0 <= grace <= LONGEST_GRACE_MS:
        problems.append(f"token_grace_ms must be a whole number from 0 to {LONGEST_GRACE_MS}")
    elif grace and isinstance(claimed := content["capabilities"], list) and Capability.TOKEN_SWAP not in claimed:
        problems.append("token_grace_ms needs the capability token_swap")
    if type(content["decimals"]) is not int or not 0 <= content["decimals"] <= MOST_DECIMALS:
        problems.append(f"decimals must be a whole number from 0 to {MOST_DECIMALS}")
    if not problems and content["margin_ms"] >= content["provider_timeout_ms"]:
        problems.append("margin_ms must be below provider_timeout_ms")
    return problems


def _positive(value: object) -> bool:
    return type(value) is int and value > 0
