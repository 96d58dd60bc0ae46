"""The use cases, with a ledger and a shelf that are kept here."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from compliance_svc.app import DecisionLog, DemoPlays, PlayerProtection, Policies, decision_in, decision_message
from compliance_svc.comparing import Difference
from compliance_svc.domain import StoredDecision
from compliance_svc.errors import DecisionNotFoundError, KeyConflictError, PackNotFoundError, PlayerNotFoundError
from compliance_svc.kernel import Identity, Pack, PackLibrary, Person, Protection
from compliance_svc.kernel.loading import load_documents
from mesh.clock import ManualClock
from mesh.errors import MeshError, RequestInvalidError
from pitboss.type.v1 import decision_pb2, outcome_pb2
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, transaction_pb2
from tests.unit.compliance_svc.kernel.signers import shipped, version
from tests.unit.compliance_svc.law import ShippedLaw

NOW_US = 1_790_000_000_000_000
PAST = "2026-01-01T00:00:00[Europe/London]"
ACTION = action_pb2.Action(player_id="alice", transaction_key="k1", exclude=action_pb2.Exclude(term="6mo"))
RECORD = {
    "at_us": NOW_US,
    "effective_us": NOW_US,
    "eligible_us": NOW_US + 5,
    "facts": {"action": {"kind": "EXCLUDE", "term": "6mo"}},
    "kernel": "1",
    "pack": "gb@1",
    "pack_digest": "ab" * 32,
    "reasons": [{"code": "SEX.SELF"}, {"code": "SEX.SELF"}, {"code": "KYC.AGE"}],
    "verdict": "DENY",
}


@dataclass(slots=True)
class Ledger:
    """Answers what it was told to."""

    outcome: outcome_pb2.Outcome.ValueType = outcome_pb2.OUTCOME_OK
    decision: decision_pb2.Decision | None = None
    protection: str = ""
    born_on: str = ""
    blocked: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    def _result(self) -> action_pb2.Result:
        return action_pb2.Result(outcome=self.outcome, decision=self.decision)

    async def execute(self, licensee: str, action: action_pb2.Action) -> action_pb2.Result:
        self.asked.append(("execute", licensee))
        return self._result()

    async def evaluate(self, licensee: str, action: action_pb2.Action) -> action_pb2.Result:
        self.asked.append(("evaluate", licensee))
        return self._result()

    async def player(self, licensee: str, player: str) -> ledger_service_pb2.GetPlayerResponse:
        return ledger_service_pb2.GetPlayerResponse(
            jurisdiction="gb",
            protection_json=self.protection,
            born_on=self.born_on,
            blocked=self.blocked,
            currency_codes=["GBP"],
        )

    async def shards(self) -> int:
        return 1

    def feed(self, shard: int, after: int) -> AsyncIterator[ledger_service_pb2.ReadFeedResponse]:
        raise AssertionError(shard, after)


@dataclass(slots=True)
class Shelf:
    """Decisions by licensee and position."""

    kept: dict[tuple[str, int, int], StoredDecision] = field(default_factory=dict)

    async def cursor(self, shard: int) -> int:
        raise AssertionError(shard)

    async def keep(
        self,
        positions: Mapping[int, int],
        decisions: Sequence[StoredDecision],
        differences: Sequence[Difference] = (),
    ) -> None:
        raise AssertionError(positions, decisions)

    async def get(self, licensee: str, shard: int, sequence: int) -> StoredDecision | None:
        return self.kept.get((licensee, shard, sequence))

    async def of_player(
        self, licensee: str, player: str, before: int, limit: int, *, only_refusals: bool, only_exclusions: bool = False
    ) -> list[StoredDecision]:
        raise AssertionError(licensee, player, before, limit, only_refusals, only_exclusions)


def protection(ledger: Ledger) -> PlayerProtection:
    return PlayerProtection(ledger, ManualClock(NOW_US))


def entry(**changes: object) -> transaction_pb2.Entry:
    transaction = transaction_pb2.Transaction(
        player_id="alice", kind=transaction_pb2.TRANSACTION_KIND_EXCLUDE, transaction_key="k1", source="compliance_svc",
        outcome=outcome_pb2.OUTCOME_COMPLIANCE_DENIED,
    )  # fmt: skip
    transaction.record_time.FromMicroseconds(NOW_US)
    return transaction_pb2.Entry(
        shard=3, sequence=17, licensee_id="borealis", transaction=transaction, decision_json=json.dumps(RECORD)
    )


async def test_a_dry_run_is_asked_for_and_nothing_is_done() -> None:
    ledger = Ledger(decision=decision_pb2.Decision(verdict=decision_pb2.VERDICT_DENY))
    told = await protection(ledger).evaluate("borealis", ACTION)
    assert told.verdict == decision_pb2.VERDICT_DENY
    assert ledger.asked == [("evaluate", "borealis")]


VERIFIED, UNVERIFIED = [
    Protection(person=Person(identity=known)).to_json() for known in (Identity.VERIFIED, Identity.UNVERIFIED)
]


@pytest.mark.parametrize(
    ("known", "verdict", "reason"),
    [
        ({"protection": VERIFIED, "born_on": "1990-05-17"}, "ALLOW", []),
        ({"protection": UNVERIFIED, "born_on": "1990-05-17"}, "DENY", ["KYC.UNVERIFIED"]),
        ({"protection": VERIFIED, "born_on": "2015-05-17"}, "DENY", ["KYC.AGE"]),
        ({"protection": VERIFIED, "born_on": "1990-05-17", "blocked": True}, "DENY", ["SYS.SUSPENDED"]),
        ({"protection": "not readable", "born_on": "1990-05-17"}, "DENY", ["SYS.FACT_MISSING"]),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_play_for_play_money_is_decided_without_a_word_in_the_ledger(
    known: dict[str, Any], verdict: str, reason: list[str]
) -> None:
    ledger = Ledger(**known)
    told = await DemoPlays(ledger, ShippedLaw(), ManualClock(NOW_US)).evaluate("borealis", "alice")
    assert (decision_pb2.Verdict.Name(told.verdict), list(told.reasons)) == (f"VERDICT_{verdict}", reason)
    assert told.pack == "gb@1"
    assert ledger.asked == [("evaluate", "borealis")]


async def test_whoever_may_not_log_in_does_not_play_for_play_money() -> None:
    refusal = decision_pb2.Decision(verdict=decision_pb2.VERDICT_DENY, reasons=["SEX.REGISTER"])
    ledger = Ledger(
        outcome=outcome_pb2.OUTCOME_COMPLIANCE_DENIED, decision=refusal, protection=VERIFIED, born_on="1990-05-17"
    )
    demo_plays = DemoPlays(ledger, ShippedLaw(), ManualClock(NOW_US))
    assert await demo_plays.evaluate("borealis", "alice") == refusal
    ledger.outcome, ledger.decision = outcome_pb2.OUTCOME_PLAYER_NOT_FOUND, None
    with pytest.raises(PlayerNotFoundError):
        await demo_plays.evaluate("borealis", "alice")


async def test_what_the_law_is_not_asked_about_it_allows() -> None:
    assert (await protection(Ledger()).evaluate("borealis", ACTION)).verdict == decision_pb2.VERDICT_ALLOW


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (outcome_pb2.OUTCOME_PLAYER_NOT_FOUND, PlayerNotFoundError),
        (outcome_pb2.OUTCOME_IDEMPOTENCY_CONFLICT, KeyConflictError),
        (outcome_pb2.OUTCOME_REQUEST_INVALID, RequestInvalidError),
    ],
)
async def test_an_outcome_that_is_no_answer_is_an_error(
    outcome: outcome_pb2.Outcome.ValueType, error: type[MeshError]
) -> None:
    cases = protection(Ledger(outcome=outcome))
    for call in (cases.evaluate, cases.open_play, cases.change):
        with pytest.raises(error):
            await call("borealis", ACTION)


async def test_a_refused_session_is_an_answer() -> None:
    ledger = Ledger(outcome=outcome_pb2.OUTCOME_COMPLIANCE_DENIED)
    opened = await protection(ledger).open_play("borealis", ACTION)
    assert (opened.result.outcome, opened.counted) == (outcome_pb2.OUTCOME_COMPLIANCE_DENIED, False)


async def test_a_protective_action_that_was_never_put_to_the_law_is_invalid() -> None:
    with pytest.raises(RequestInvalidError):
        await protection(Ledger(outcome=outcome_pb2.OUTCOME_CURRENCY_MISMATCH)).change("borealis", ACTION)


async def test_the_protection_of_a_player_is_that_of_the_ledger() -> None:
    view, standing = await protection(Ledger(protection=Protection(break_until_us=NOW_US + 1).to_json())).protection(
        "borealis", "alice"
    )
    assert (view.break_until_us, standing.jurisdiction) == (NOW_US + 1, "gb")


async def test_a_decision_is_found_by_its_id_and_licensee() -> None:
    stored = decision_in(entry())
    log = DecisionLog(Shelf({("borealis", 3, 17): stored}), ShippedLaw())
    assert await log.get("borealis", "3-17") is stored
    for licensee, id_ in (("zephyr", "3-17"), ("borealis", "3-18"), ("borealis", "99999-9999999999999999999")):
        with pytest.raises(DecisionNotFoundError):
            await log.get(licensee, id_)


def test_an_entry_carries_its_decision() -> None:
    stored = decision_in(entry())
    assert (stored.id, stored.licensee, stored.player, stored.key) == ("3-17", "borealis", "alice", "k1")
    assert (stored.allowed, stored.recorded_us, json.loads(stored.record)) == (False, NOW_US, RECORD)


def test_a_stored_decision_says_everything_that_was_recorded() -> None:
    told = decision_message(decision_in(entry()))
    assert (told.decision_id, told.verdict, list(told.reasons)) == (
        "3-17",
        decision_pb2.VERDICT_DENY,
        ["SEX.SELF", "KYC.AGE"],
    )
    assert (told.pack, told.pack_digest, told.kernel_version) == ("gb@1", "ab" * 32, "1")
    assert (told.effective_time.ToMicroseconds(), told.eligible_time.ToMicroseconds()) == (NOW_US, NOW_US + 5)
    assert json.loads(told.facts_json) == RECORD["facts"]


async def test_packs_are_found_by_name() -> None:
    policies = Policies(ShippedLaw(), ManualClock(NOW_US))
    assert {pack.name for pack in await policies.all()} == {document.name for document in load_documents()}
    assert (await policies.get("gb")).label == "gb@1"
    with pytest.raises(PackNotFoundError):
        await policies.get("nowhere")


class TwoVersions(ShippedLaw):
    """The law after a second version of gb came into force."""

    async def library(self) -> PackLibrary:
        return PackLibrary([shipped("gb").compile(), version("2", PAST).compile()])

    async def everything(self) -> Mapping[str, Pack]:
        return {pack.digest: pack for pack in (shipped("gb").compile(), version("2", PAST).compile())}


async def test_a_pack_is_found_by_its_digest_whatever_holds_now() -> None:
    policies, first = Policies(TwoVersions(), ManualClock(NOW_US)), shipped("gb")
    assert (await policies.get("gb")).label == "gb@2"
    found = await policies.get("gb", first.digest)
    assert (found.label, found.digest, found.content) == ("gb@1", first.digest, first.content)
    for name, digest in (("de", first.digest), ("gb", "0" * 64)):
        with pytest.raises(PackNotFoundError):
            await policies.get(name, digest)
