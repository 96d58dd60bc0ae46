"""Extracts for regulators: which rounds of which period they tell, and that both files follow their schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
import yaml

from audit_svc.domain.extracts import Kept, Place, Told, document, of_period, plain, pseudonym, tell
from audit_svc.domain.files import json_file, xml_file
from audit_svc.domain.markets import Market, Period, PeriodError, parse_markets, parse_period
from audit_svc.domain.rounds import Event, drafts_of
from audit_svc.wiring import MARKETS
from mesh.dev.paths import ROOT
from mesh.verify.extract_files import ExtractError, Files, parse_xml, texts
from mesh.verify.extracted import Played, Row, compare, expected
from mesh.verify.extracts import check
from tests.unit.audit_svc.test_rounds import FACTS, event

SCHEMAS = MARKETS.parent
BY_NAME = parse_markets(MARKETS.read_text())
DAY_US = 86_400_000_000
NOON = 1_795_521_600_000_000
"""2026-11-24 12:00 UTC."""
KEY = bytes(32)


def at(offset_us: int, sequence: int, kind: str, key: str, **more: Any) -> Event:
    pack = {"pack": more.pop("pack", "dk@1"), "pack_digest": "p" * 64, "decision": "d" * 64} if kind == "bet" else {}
    return replace(event(sequence, kind, key, **pack, **more), recorded_us=NOON + offset_us)


def kept_of(*events: Event) -> list[Kept]:
    """What the log has of some events."""
    return [
        Kept(
            shard=3,
            sequence=int(draft.key.partition("-")[2]),
            recorded_us=draft.recorded_us,
            amends=draft.key.startswith("amended"),
            content=draft.content,
        )
        for draft in drafts_of(3, [], events, FACTS)
    ]


def drawn_up(market: Market, *events: Event, until: int = 1_000, licensee: str = "aurora") -> tuple[Told, Files]:
    """The extract of the day of some events."""
    period = day_of(market)
    found = of_period(kept_of(*events), market, period, {3: until})
    by_name: dict[Any, list[Event]] = {}
    for each in events:
        by_name.setdefault(each.name, []).append(each)
    told = tell(market, found, by_name, {3: until}, lambda of, player: pseudonym(KEY, of, player))
    place = Place(sequence=1, previous="", number=0, corrects="")
    content = document(market, licensee, period, place, until={3: until}, pseudonym_key="k1", told=told)
    files = Files(
        path=Path("extract.json"), json=json_file(content), xml=xml_file(content, market.namespace), seal=None
    )
    return told, files


def day_of(market: Market) -> Period:
    return parse_period(market, "2026-11-24", "2026-11-25")


EVENTS = (
    at(1, 1, "bet", "b1", bonus="0.25", jackpot="0.01", game="g<1>&"),
    at(2, 2, "win", "w1", amount="2.50", balance="11.50"),
    at(3, 3, "bet", "b2", round="r2\x01", amount="0.10"),
    at(4, 4, "bet", "b3", round="r2\x01", outcome="insufficient_funds", applied=False, moved=False),
    at(5, 5, "close_round", "c1", round="r2\x01", moved=False),
    at(6, 6, "bet", "b4", round="r3", pack="gb@1"),
    at(7, 7, "win", "w4", round="r3", amount="1.00"),
    at(8, 8, "win", "w5", round="r4", amount="9.00"),
    at(9, 9, "bet", "b6", round="r5"),
    at(10, 10, "win", "w6", amount="0.50", balance="12.00"),
)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_zones_and_names_are_those_of_packs_and_schemas(name: str) -> None:
    market = BY_NAME[name]
    pack = yaml.safe_load((ROOT / "compliance_svc" / "packs" / name / "1.yaml").read_text())
    assert market.zone == pack["zone"]
    assert schema_of(market)["$id"] == market.namespace


def schema_of(market: Market) -> dict[str, Any]:
    path = SCHEMAS / f"{market.schema.replace('/', '-')}.schema.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def follow_schemas(market: Market, files: Files) -> None:
    """Raises if one of the files does not follow its schema."""
    schema = schema_of(market)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(files.json))
    xmlschema.XMLSchema(SCHEMAS / f"{market.schema.replace('/', '-')}.xsd").validate(files.xml.decode())


@pytest.mark.parametrize("name", ["dk", "nl", "de"])
@pytest.mark.parametrize("events", [EVENTS, ()])
def test_both_files_follow_their_schemas_and_say_the_same(name: str, events: tuple[Event, ...]) -> None:
    market = BY_NAME[name]
    mine = [
        replace(each, content={**each.content, "pack": f"{name}@1"}) for each in events if each.content["round"] != "r3"
    ]
    told, files = drawn_up(market, *mine)
    assert len(told.rounds) == (2 if events else 0)
    follow_schemas(market, files)
    namespace, said = parse_xml(files.xml)
    assert (namespace, said) == (market.namespace, texts(files.document))
    checks, _ = check([files])
    assert [each for each in checks if not each.ok] == []


@pytest.mark.parametrize(
    ("what", "value"),
    [
        (("rounds", 0, "stake"), "1,00"),
        (("rounds", 0, "status"), "OPEN"),
        (("rounds", 0, "player"), "ada"),
        (("rounds", 0, "opened"), "2026-11-24T12:00:00Z"),
        (("rounds", 0, "level"), "R3"),
        (("rounds", 0, "surprise"), "x"),
        (("period", "zone"), "Europe/London"),
        (("market",), "gb"),
        (("number",), -1),
        (("corrects",), "nothing"),
    ],
)
@pytest.mark.parametrize("name", ["dk", "nl", "de"])
def test_what_does_not_follow_the_schemas_is_refused_by_both(name: str, what: tuple[Any, ...], value: object) -> None:
    market = BY_NAME[name]
    mine = [replace(each, content={**each.content, "pack": f"{name}@1"}) for each in EVENTS[:2]]
    content = json.loads(drawn_up(market, *mine)[1].json)
    inner = content
    for step in what[:-1]:
        inner = inner[step]
    inner[what[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema_of(market)).validate(content)
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        xmlschema.XMLSchema(SCHEMAS / f"{market.schema.replace('/', '-')}.xsd").validate(
            xml_file(content, market.namespace).decode()
        )


def test_a_round_is_told_as_it_was_settled_and_amended() -> None:
    told, _ = drawn_up(BY_NAME["dk"], *EVENTS)
    first, second = told.rounds
    assert (first["id"], first["stake"], first["stake_bonus"], first["win"]) == ("3-2", "1.00", "0.25", "3.00")
    assert (first["amendments"], first["packs"], first["game"]) == (1, ["dk@1"], "g<1>&")
    assert (second["round"], second["stake"], second["win"]) == ("r2\\x01", "0.10", "0")
    assert told.totals[0]["count"] + told.totals[1]["count"] == 2
    assert told.unattributed == 1  # a win of a round that no law has decided; the open round is in no extract


def test_what_lies_behind_the_named_position_is_not_told() -> None:
    told, _ = drawn_up(BY_NAME["dk"], *EVENTS, until=9)
    assert (told.rounds[0]["win"], told.rounds[0]["amendments"]) == ("2.50", 0)
    told, _ = drawn_up(BY_NAME["dk"], *EVENTS, until=1)
    assert told.rounds == []


def test_the_same_events_are_the_same_bytes_and_later_ones_are_another_digest() -> None:
    one, files = drawn_up(BY_NAME["de"], *as_pack("de", EVENTS))
    two, again = drawn_up(BY_NAME["de"], *reversed(as_pack("de", EVENTS)))
    assert (files.json, files.xml) == (again.json, again.xml)
    assert one.digest == two.digest != drawn_up(BY_NAME["de"], *as_pack("de", EVENTS), until=9)[0].digest


def as_pack(name: str, events: tuple[Event, ...]) -> list[Event]:
    return [replace(each, content={**each.content, "pack": f"{name}@1"}) for each in events]


def test_players_are_pseudonyms_that_link_under_one_key_and_name_nobody() -> None:
    _, files = drawn_up(BY_NAME["de"], *as_pack("de", EVENTS))
    assert b"ada" not in files.json + files.xml
    assert len({each["player"] for each in files.document["rounds"]}) == 1
    assert pseudonym(KEY, "aurora", "ada") != pseudonym(bytes(31) + b"1", "aurora", "ada")
    assert pseudonym(KEY, "aurora", "ada") != pseudonym(KEY, "borealis", "ada")
    assert pseudonym(KEY, "a", "bc") != pseudonym(KEY, "ab", "c")


# -- periods


@pytest.mark.parametrize(
    ("name", "first", "last", "hours"),
    [
        ("dk", "2026-11-24", "2026-11-25", 24),
        ("dk", "2026-03-29", "2026-03-30", 23),
        ("dk", "2026-10-25", "2026-10-26", 25),
        ("nl", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", 1),
        ("de", "2026-11-24T10:15", "2026-11-24T11:15+01:00", 1),
        ("de", "2026-11-24T09:15Z", "2026-11-24T11:15", 1),
    ],
)
def test_a_period_is_of_the_markets_own_clocks(name: str, first: str, last: str, hours: int) -> None:
    found = parse_period(BY_NAME[name], first, last)
    assert found.to_us - found.from_us == hours * 3_600_000_000


@pytest.mark.parametrize(
    ("name", "first", "last", "words"),
    [
        ("dk", "2026-11-24", "2026-11-24", "before it begins"),
        ("dk", "2026-11-24", "2026-11-26", "longer than 1 days"),
        ("dk", "2026-11-24T12:00", "2026-11-25", "no multiple of 1440"),
        ("dk", "2026-11-24Z", "2026-11-25", "neither"),
        ("nl", "2026-11-24T12:01", "2026-11-24T12:05", "no multiple of 5"),
        ("nl", "2026-10-25T02:30", "2026-10-25T03:30", "twice or never"),
        ("nl", "2026-03-29T02:30", "2026-03-29T03:30", "twice or never"),
        ("de", "yesterday", "2026-11-24", "neither"),
    ],
)
def test_what_is_no_period_is_refused_with_what_to_do(name: str, first: str, last: str, words: str) -> None:
    with pytest.raises(PeriodError, match=words):
        parse_period(BY_NAME[name], first, last)


# -- files


@pytest.mark.parametrize(
    "spoiled",
    [
        b'<!DOCTYPE extract [<!ENTITY a "aa">]><extract xmlns="urn:x"><schema>&a;</schema></extract>',
        b'<!DOCTYPE extract SYSTEM "http://127.0.0.1/x.dtd"><extract xmlns="urn:x"><schema>x</schema></extract>',
        b'<?xml-stylesheet href="x"?><extract xmlns="urn:x"><schema>x</schema></extract>',
        b'<extract xmlns="urn:x" id="1"><schema>x</schema></extract>',
        b'<extract xmlns="urn:x"><schema>x</schema><schema>y</schema></extract>',
        b'<extract xmlns="urn:x"><schema>x</schema>loose</extract>',
        b'<extract xmlns="urn:x"><rounds><total/></rounds></extract>',
        b'<extract xmlns="urn:x"><schema xmlns="urn:y">x</schema></extract>',
        b"<extract><schema>x</extract>",
        b"",
    ],
)
def test_xml_that_is_more_than_elements_is_refused(spoiled: bytes) -> None:
    with pytest.raises(ExtractError):
        parse_xml(spoiled)


def test_names_are_written_without_what_xml_cannot_have() -> None:
    assert plain("r\x00\r\n\x7f\u2028\ufffe å<&>") == "r\\x00\\x0d\\x0a\\x7f\\x2028\\xfffe å<&>"


# -- against the ledger


def rows(events: tuple[Event, ...]) -> list[Row]:
    """The same events as the ledger has them."""
    kinds = {"bet": 1, "win": 2, "cancel": 3, "close_round": 4}
    found = []
    for each in events:
        told = each.content
        found.append(
            Row(3, each.sequence, 7, told["source"], told["round"], kinds[told["kind"]], told["key"],
                told["reference"] or None, 1 if told["outcome"] == "ok" else 2, told["closes"],
                int(float(told["amount"]) * 100), told["moved"], told["currency"], 2, told.get("pack", ""),
                each.recorded_us)
        )  # fmt: skip
    return found


def differences(document: Mapping[str, Any], given: list[Row]) -> dict[str, str]:
    wanted, nameless = expected(given, document)
    return {each.kind: each.id for each in compare(document, wanted, nameless)}


@pytest.mark.parametrize("name", ["dk", "nl", "de"])
def test_the_ledgers_own_count_is_the_extracts(name: str) -> None:
    events = tuple(as_pack(name, EVENTS[:5])) + EVENTS[5:8] + tuple(as_pack(name, EVENTS[8:]))
    _, files = drawn_up(BY_NAME[name], *events)
    assert differences(files.document, rows(events)) == {}


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda content: content["rounds"].pop(), "missing_in_extract"),
        (lambda content: content["rounds"].append({**content["rounds"][0], "id": "3-99"}), "missing_in_ledger"),
        (lambda content: content["rounds"].append(content["rounds"][0]), "told_twice"),
        (lambda content: content["rounds"][0].update(win="3.01"), "sum_differs"),
        (lambda content: content["rounds"][0].update(currency="DKK"), "sum_differs"),
        (lambda content: content["rounds"][0].update(amendments=0), "amendments_differ"),
        (lambda content: content["rounds"][0]["postings"].pop(), "posting_differs"),
        (lambda content: content.update(unattributed_rounds=0), "count_differs"),
    ],
)
def test_a_difference_is_classified(spoil: Any, kind: str) -> None:
    events = tuple(as_pack("de", EVENTS[:5])) + EVENTS[5:8] + tuple(as_pack("de", EVENTS[8:]))
    content = json.loads(drawn_up(BY_NAME["de"], *events)[1].json)
    spoil(content)
    assert kind in differences(content, rows(events))


def test_undone_stakes_and_restored_ones_count_as_in_the_log() -> None:
    events = (
        at(1, 1, "bet", "b1"),
        at(2, 2, "bet", "b2", amount="0.50"),
        at(3, 3, "cancel", "c1", reference="b1"),
        at(4, 4, "win", "w1", amount="2.00"),
        at(5, 5, "cancel", "c2", reference="b2", amount="0.50"),
    )
    told, files = drawn_up(BY_NAME["dk"], *events)
    assert (told.rounds[0]["stake"], told.rounds[0]["amendments"]) == ("0", 1)
    assert differences(files.document, rows(events)) == {}
    assert Played("acme_slots").stake == 0


def test_a_total_that_is_not_the_sum_and_a_file_that_says_something_else_are_found() -> None:
    _, files = drawn_up(BY_NAME["dk"], *EVENTS)
    content = json.loads(files.json)
    content["totals"][0]["stake"] = "7.00"
    spoiled = replace(files, json=json_file(content))
    wrong = {each.name for each in check([spoiled])[0] if not each.ok}
    assert wrong == {"both files say the same", "totals are the sums of rounds"}
