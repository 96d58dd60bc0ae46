from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from compliance_svc.kernel import Category, OpenPlay, PackError, PackLibrary, Window, decide
from compliance_svc.kernel.document import PackDocument, start_us
from compliance_svc.kernel.loading import SHIPPED, load_documents, load_library, parse_document
from compliance_svc.kernel.pack import ALWAYS, AT_ONCE
from compliance_svc.kernel.parameters import file_content
from tests.unit.compliance_svc.kernel.world import MS, NOON, at, bet, facts, library, pack

SOURCE = {"ref": "somewhere", "evidence": "P", "checked": "2026-11-23"}


def written(name: str = "gb") -> dict[str, Any]:
    value = yaml.safe_load((SHIPPED / name / "1.yaml").read_text())
    assert isinstance(value, dict)
    return value


def parse(value: object) -> PackDocument:
    return PackDocument.parse(value, "here")


def changed(of: str = "minimum_age", /, **fields: Any) -> dict[str, Any]:
    """Return the pack with fields of its first rule of a kind set, or taken out by None."""
    value = written()
    index = next(index for index, rule in enumerate(value["rules"]) if rule["kind"] == of)
    rule = {**value["rules"][index], **fields}
    value["rules"][index] = {name: item for name, item in rule.items() if item is not None}
    return value


def test_every_rule_of_every_shipped_pack_has_a_source_with_grade_and_date() -> None:
    for document in load_documents():
        for rule in document.rules:
            assert rule.source.ref
            assert rule.source.evidence in {"P", "S", "I"}
            assert rule.source.checked >= "2026-01-01"


def test_gb_takes_from_base_what_it_does_not_say_itself_and_drops_the_table_cap() -> None:
    assert [rule.label for rule in pack().rules] == [
        "cycle_interval/slot",
        "cycle_interval/table",
        "demo_play",
        "exclusion_register",
        "forbidden_features",
        "identity_verified",
        "limit_review",
        "minimum_age",
        "minimum_return",
        "money_trigger/RUN_FVC/netdep/30d",
        "no_withdrawal_reversal",
        "parallel_play",
        "player_starts",
        "reality_check",
        "risk_flag",
        "sanctions_screening",
        "stake_cap/slot",
    ]
    assert "stake_cap/table" in [rule.label for rule in pack("base").rules]


def test_the_sandbox_loads_only_where_it_is_allowed() -> None:
    assert load_library().at("sandbox", NOON) is None
    sandbox = library().at("sandbox", NOON)
    assert sandbox is not None
    assert sandbox.rules == ()
    assert sandbox.limit_change == AT_ONCE


def test_a_sandbox_with_rules_is_refused() -> None:
    with pytest.raises(PackError, match="a sandbox has no rules"):
        parse({**written("base"), "sandbox": True}).resolved(None).compile()


@pytest.mark.parametrize("kind", ["minimum_age", "identity_verified", "limit_change", "self_exclusion", "player_break"])
def test_a_market_without_a_rule_that_protects_is_refused(kind: str) -> None:
    value = written("base")
    value["rules"] = [rule for rule in value["rules"] if rule["kind"] != kind]
    with pytest.raises(PackError, match=f"base@1: rule {kind} is missing"):
        parse(value).resolved(None).compile()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (changed(kind="maximum_fun"), r"here.rules\[0\]: unknown kind of rule 'maximum_fun'"),
        (changed(source=None), r"here.rules\[0\]: source is missing"),
        (changed(requirement=None), r"here.rules\[0\]: requirement is missing"),
        (changed(source={"ref": "x", "evidence": "Q", "checked": "2026-11-23"}), "evidence must be P or S or I"),
        (changed(source={"ref": "x", "evidence": "P", "checked": "yesterday"}), "checked must be a date"),
        (changed(source={**SOURCE, "by": "me"}), "unknown field 'by'"),
        (changed(params={"years": "18"}), "years must be a whole number of at least 1, not '18'"),
        (changed(params={"years": True}), "years must be a whole number"),
        (
            changed(params={"years": 18, "months": 6}),
            r"minimum_age.params: unknown field 'months'|params: unknown field 'months'",
        ),
        (changed(category="slot"), "unknown field 'category'"),
        (changed("stake_cap", category=None), "category is missing"),
        (changed("stake_cap", category="sports"), "category must be slot or table or live"),
        (changed("stake_cap", params={"bands": []}), "bands must be a list that is not empty"),
        (
            changed("stake_cap", params={"bands": [{"caps": ["5 GBP"]}, {"caps": ["2 GBP"]}]}),
            "bands must rise in age_below",
        ),
        (
            changed("stake_cap", params={"bands": [{"age_below": 25, "caps": ["2 GBP"]}]}),
            "bands must rise in age_below",
        ),
        (
            changed("stake_cap", params={"bands": [{"age_below": 25, "caps": ["2 EUR"]}, {"caps": ["5 GBP"]}]}),
            "same currencies",
        ),
        (changed("stake_cap", params={"bands": [{"caps": [5.0]}]}), "not a text: 5.0"),
        (changed("stake_cap", params={"bands": [{"caps": ["5,00 GBP"]}]}), "not an amount: '5,00 GBP'"),
        (changed("stake_cap", params={"bands": [{"caps": ["5 GBP", "6 GBP"]}]}), "caps names a currency twice"),
        (
            changed("limit_change", params={"increase_delay_s": 0, "increase_confirm": False}),
            "increase_confirm must be no or before_use",
        ),
        (changed("self_exclusion", params={"terms": ["half a year"], "return_delay_s": 0}), "not a term"),
        (changed("player_break", params={"terms": ["indefinite"]}), "not a term: 'indefinite'"),
        ({**written(), "zone": "Europe/Londinium"}, "gb@1: .*Londinium"),
        ({**written(), "effective_from": "2026-09-30"}, "not a wall time with a zone"),
        ({**written(), "windows": ["fortnight"]}, "windows must be different ones of"),
        ({**written(), "format": 2}, "format must be 1"),
        ({**written(), "version": 1}, "version must be a text"),
        ({**written(), "pack": "GB"}, "pack must match"),
        ({**written(), "author": "me"}, "unknown field 'author'"),
        ({**written(), "rules": [written()["rules"][0]] * 2}, "rule minimum_age is there twice"),
        ([], "here: must be a mapping"),
    ],
)
def test_a_wrong_pack_is_refused_with_the_place_and_the_reason(value: object, message: str) -> None:
    with pytest.raises(PackError, match=message):
        parse(value)


def test_a_pack_may_only_remove_what_it_inherits() -> None:
    value = {**written(), "removes": ["stake_cap/live"]}
    with pytest.raises(PackError, match="removes stake_cap/live, which it does not inherit"):
        parse(value).resolved(parse(written("base")))
    with pytest.raises(PackError, match="removes stake_cap/slot, which it does not inherit"):
        parse({**value, "removes": ["stake_cap/slot"]}).resolved(parse(written("base")))


def test_text_that_is_not_yaml_or_says_a_key_twice_is_refused() -> None:
    for text in ("a: [", "pack: gb\npack: base\n", "- !!python/object:os.system {}"):
        with pytest.raises(PackError, match="here: not readable"):
            parse_document(text, "here")


def test_a_file_in_the_wrong_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gb").mkdir()
    (tmp_path / "gb" / "2.yaml").write_text((SHIPPED / "base" / "1.yaml").read_text())
    with pytest.raises(PackError, match=r"holds base@1, which belongs into base/1\.yaml"):
        load_library(tmp_path)


def test_an_unknown_parent_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no packs"):
        load_library(tmp_path)
    (tmp_path / "gb").mkdir()
    (tmp_path / "gb" / "1.yaml").write_text((SHIPPED / "gb" / "1.yaml").read_text())
    with pytest.raises(PackError, match="inherits base@1, which is not a pack that can stand"):
        load_library(tmp_path)


def test_a_pack_inherits_what_its_parent_inherits_and_never_itself(tmp_path: Path) -> None:
    for name, version, inherits in (("base", "1", None), ("gb", "1", "base@1"), ("gb", "2", "gb@1")):
        value = {
            **written(name),
            "version": version,
            "inherits": inherits,
            "effective_from": f"202{version}-01-01T00:00:00[UTC]",
        }
        if version == "2":
            value |= {"rules": changed("cycle_interval", params={"ms": 9_000})["rules"], "removes": ["player_starts"]}
            value["rules"] = [rule for rule in value["rules"] if rule["kind"] == "cycle_interval"]
        path = tmp_path / name / f"{version}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump({key: item for key, item in value.items() if item is not None}))
    first, second = (
        {rule.label: rule for rule in found.rules} for found in load_documents(tmp_path) if found.name == "gb"
    )
    assert first.keys() - second.keys() == {"player_starts"}
    assert second["cycle_interval/slot"] != first["cycle_interval/slot"]
    assert second["sanctions_screening"] == first["sanctions_screening"]
    looped = tmp_path / "gb" / "1.yaml"
    looped.write_text(looped.read_text().replace("base@1", "gb@2"))
    with pytest.raises(PackError, match="not a pack that can stand"):
        load_documents(tmp_path)


def test_the_digest_is_that_of_the_content_with_everything_inherited() -> None:
    def digest(gb: dict[str, Any], base: dict[str, Any]) -> str:
        return parse(gb).resolved(parse(base)).compile().digest

    base, other = written("base"), written("base")
    next(rule for rule in other["rules"] if rule["kind"] == "player_starts")["source"]["ref"] = "another reading"
    inheriting = {**written(), "rules": [rule for rule in written()["rules"] if rule["kind"] != "player_starts"]}
    assert digest(written(), base) == digest(written(), other) == pack().digest
    assert digest(inheriting, base) != digest(inheriting, other)
    assert digest(changed("cycle_interval", params={"ms": 2_501}), base) != pack().digest
    assert len(pack().digest) == 64


def test_the_order_of_rules_in_the_file_does_not_change_the_digest() -> None:
    value = written()
    value["rules"].reverse()
    assert parse(value).resolved(parse(written("base"))).compile().digest == pack().digest


def test_a_version_holds_from_its_wall_time_until_the_next_one() -> None:
    first = replace(pack(), version="2026.06.01", from_us=start_us("2026-06-01T00:00:00[Europe/London]"))
    second = replace(pack(), version="2026.09.30", from_us=start_us("2026-09-30T00:00:00[Europe/London]"))
    versions = PackLibrary([second, first])

    def version(text: str) -> str | None:
        found = versions.at("gb", at(text))
        return found.version if found else None

    assert version("2026-05-31T22:59:59.999+00:00") is None
    assert version("2026-05-31T23:00:00+00:00") == "2026.06.01"
    assert version("2026-09-29T22:59:59.999+00:00") == "2026.06.01"
    assert version("2026-09-29T23:00:00+00:00") == "2026.09.30"
    assert versions.at("xx", NOON) is None
    assert decide(versions.at("gb", first.from_us - MS), facts(), OpenPlay(), NOON).reasons == ("SYS.NO_PACK",)


def test_two_versions_may_not_start_together() -> None:
    with pytest.raises(ValueError, match="start at the same instant"):
        PackLibrary([pack(), replace(pack(), version="2")])


def test_always_is_before_every_instant() -> None:
    assert start_us("always") == ALWAYS < at("0001-01-01T00:00:00+00:00")


def test_a_plan_is_compiled_once_per_action_category_currency_and_exponent() -> None:
    fresh = replace(pack())
    plan = fresh.plan(bet().kind, Category.SLOT, "GBP", 6)
    assert fresh.plan(bet().kind, Category.SLOT, "GBP", 6) is plan
    assert fresh.plan(bet().kind, Category.SLOT, "GBP", 2) is not plan


def test_every_window_that_a_shipped_pack_offers_is_one_that_players_can_set() -> None:
    for document in load_documents():
        assert set(document.windows) <= {window.value for window in Window}


@pytest.mark.parametrize("document", load_documents(), ids=lambda document: document.name)
def test_a_pack_written_as_a_file_is_read_as_the_same_pack(document: PackDocument) -> None:
    text = yaml.safe_dump(file_content(document))
    assert parse_document(text, "here").compile().digest == document.compile().digest
