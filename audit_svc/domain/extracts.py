"""What regulators are told of a period: a document from the records of rounds and their events. Pure.

A round belongs to the period in which it was settled, and to every market whose pack decided one of its stakes. It is
told as it is at the positions of the ledger that the document names, with every amendment up to there.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Final

from audit_svc.domain import Draft, RecordClass, canonical
from audit_svc.domain.markets import Market, Period, utc_text
from audit_svc.domain.rounds import Event, Name

SOURCE: Final = "extracts"
"""Name of extracts as a source of the log."""
_EXACT: Final = Context(prec=60)
_SUMS: Final = ("stake", "stake_bonus", "jackpot_contribution", "win", "win_bonus")
_PSEUDONYM_LETTERS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A record of a round, or an amendment, as the log has it."""

    shard: int
    sequence: int
    recorded_us: int
    amends: bool
    content: Mapping[str, Any]

    @property
    def name(self) -> Name:
        """The round that it is of."""
        told = self.content
        return Name(licensee=told["licensee"], player=told["player"], provider=told["provider"], round=told["round"])

    @property
    def settled(self) -> str:
        """Id of the event that settled the round."""
        return str(self.content["amends" if self.amends else "id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What there is to say of a period, without the header that says which extract it is."""

    totals: Sequence[Mapping[str, Any]]
    unattributed: int
    rounds: Sequence[Mapping[str, Any]]

    @property
    def digest(self) -> bytes:
        """The same for everybody who has the same to say."""
        return hashlib.sha256(canonical(self.content).encode()).digest()

    @property
    def content(self) -> dict[str, Any]:
        """As part of the document."""
        return {"totals": self.totals, "unattributed_rounds": self.unattributed, "rounds": self.rounds}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """One extract with its files, as it is stored."""

    market: str
    licensee: str
    sequence: int
    from_us: int
    to_us: int
    number: int
    schema: str
    pseudonym_key: str
    told: bytes
    digest: bytes
    rounds: int
    json_sha256: str
    xml_sha256: str
    json: bytes
    xml: bytes
    recorded_us: int

    @property
    def batch(self) -> str:
        """Its name, for whoever seals it."""
        return f"{self.market}/{self.licensee}/{self.sequence}"

    @property
    def manifest(self) -> str:
        """What is sealed: the schema, and the digests of both files."""
        return manifest_of(self.schema, self.json_sha256, self.xml_sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a new extract stands: behind which one of the licensee, and behind which one of the period."""

    sequence: int
    previous: str
    number: int
    corrects: str


def manifest_of(schema: str, json_sha256: str, xml_sha256: str) -> str:
    """Three lines: the schema, and SHA-256 of both files in hexadecimal."""
    return "".join(f"{line}\n" for line in (schema, json_sha256, xml_sha256))


def digest_of(manifest: str) -> bytes:
    """The digest of an extract."""
    return hashlib.sha256(manifest.encode()).digest()


def pseudonym(key: bytes, licensee: str, player: str) -> str:
    """What stands for a player. The same as long as the key is."""
    said = json.dumps([licensee, player], separators=(",", ":"), ensure_ascii=False).encode()
    return hmac.new(key, said, hashlib.sha256).hexdigest()[:_PSEUDONYM_LETTERS]


def of_period(kept: Iterable[Kept], market: Market, period: Period, until: Mapping[int, int]) -> dict[str, list[Kept]]:
    """Records of rounds that belong to the period, each with its amendments behind it, by id. Rounds of no market too."""
    found: dict[str, list[Kept]] = {}
    for each in sorted(kept, key=lambda each: (each.shard, each.sequence)):
        if each.sequence > until.get(each.shard, 0):
            continue
        if each.amends:
            if each.settled in found:
                found[each.settled].append(each)
        elif period.from_us <= each.recorded_us < period.to_us and _concerns(each, market):
            found[each.settled] = [each]
    return found


def _concerns(record: Kept, market: Market) -> bool:
    decided = record.content["jurisdictions"]
    return not decided or market.name in decided


def tell(
    market: Market,
    found: Mapping[str, Sequence[Kept]],
    events: Mapping[Name, Sequence[Event]],
    until: Mapping[int, int],
    naming: Callable[[str, str], str],
) -> Told:
    """What rounds of a period say. `events` are all events of those rounds."""
    attributed = {name: parts for name, parts in found.items() if parts[0].content["jurisdictions"]}
    rounds = []
    for parts in attributed.values():
        limit = until[parts[0].shard]
        happened = [each for each in events.get(parts[0].name, ()) if each.counts and each.sequence <= limit]
        rounds.append(_round(market, parts, happened, naming))
    return Told(totals=_totals(rounds), unattributed=len(found) - len(attributed), rounds=rounds)


def _round(
    market: Market, parts: Sequence[Kept], events: Sequence[Event], naming: Callable[[str, str], str]
) -> dict[str, Any]:
    record, last = parts[0].content, parts[-1].content
    told = {
        "id": parts[0].settled,
        "provider": record["provider"],
        "round": plain(record["round"]),
        "game": plain(last["game"]),
        "player": naming(record["licensee"], record["player"]),
        "sessions": [plain(each) for each in record["sessions"]],
        "packs": sorted({each["pack"] for each in record["decisions"]}),
        "status": last["status"],
        "currency": last["currency"],
        **{name: last[name] for name in _SUMS},
        "opened": utc_text(record["opened_us"]),
        "settled": utc_text(record["settled_us"]),
        "amendments": len(parts) - 1,
        "build": plain(record["build"]),
        "certificate": plain(record["certificate"]),
        "certified": record["certified"],
        "level": record["level"],
        "anomalies": list(last["anomalies"]),
    }
    if market.balances:
        told |= {"balance_before": record["balance_before"], "balance_after": last["balance_after"]}
    if market.postings:
        moved = sorted((each for each in events if each.content["moved"]), key=lambda each: each.sequence)
        told["postings"] = [_posting(each) for each in moved]
    return told


def _posting(event: Event) -> dict[str, Any]:
    told = event.content
    return {
        "id": told["id"],
        "kind": told["kind"],
        "time": utc_text(event.recorded_us),
        "amount": told["amount"],
        "currency": told["currency"],
        "session": plain(told["session"]),
    }


def _totals(rounds: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for each in rounds:
        groups.setdefault((each["provider"], each["game"], each["currency"]), []).append(each)
    return [
        {
            "provider": provider,
            "game": game,
            "currency": currency,
            "count": len(group),
            **{name: _sum(each[name] for each in group) for name in _SUMS},
        }
        for (provider, game, currency), group in sorted(groups.items())
    ]


def _sum(amounts: Iterable[str]) -> str:
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, Decimal(amount))
    return format(total, "f")


def document(
    market: Market,
    licensee: str,
    period: Period,
    place: Place,
    *,
    until: Mapping[int, int],
    pseudonym_key: str,
    told: Told,
) -> dict[str, Any]:
    """The whole document, in the order in which both files have it."""
    first, last = period.local
    return {
        "schema": market.schema,
        "market": market.name,
        "licensee": licensee,
        "period": {"from": first, "to": last, "zone": period.zone},
        "number": place.number,
        "corrects": place.corrects,
        "batch": {"sequence": place.sequence, "previous": place.previous},
        "ledger": [{"shard": shard, "sequence": until[shard]} for shard in sorted(until)],
        "pseudonym_key": pseudonym_key,
        **told.content,
    }


def draft_of(extract: Extract) -> Draft:
    """That it was made, as an event of the log."""
    return Draft(
        record_class=RecordClass.EXTRACT,
        source=SOURCE,
        key=extract.batch,
        recorded_us=extract.recorded_us,
        content={
            "licensee": extract.licensee,
            "market": extract.market,
            "schema": extract.schema,
            "sequence": extract.sequence,
            "from_us": extract.from_us,
            "to_us": extract.to_us,
            "number": extract.number,
            "rounds": extract.rounds,
            "digest": extract.digest.hex(),
            "json_sha256": extract.json_sha256,
            "xml_sha256": extract.xml_sha256,
        },
    )


def plain(text: str) -> str:
    r"""A name without characters that XML cannot have or would change: each is written as \x and its number."""
    return "".join(letter if letter.isprintable() or letter == "\u00a0" else f"\\x{ord(letter):02x}" for letter in text)


def sha256(content: bytes) -> str:
    """Of a file, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
