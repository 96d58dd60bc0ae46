"""What a golden case reads back about decisions: from the compliance service, which follows the ledger's feed."""

from typing import Any

from pitboss.compliance.v1 import decision_service_pb2 as pb
from pitboss.type.v1 import decision_pb2
from pitboss.wallet.v1 import ledger_service_pb2, transaction_pb2
from tests.corpus_runner.client import Client
from tests.corpus_runner.people import Someone


class Reading:
    """The verbs that ask why."""

    _client: Client
    _labels: dict[str, str]
    _bets: list[tuple[Someone, str, str]]
    """Bets that were sent: player, provider, key."""

    async def _do_get_decision(self, person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        identifier = self._labels[step["decision"]]
        message = await self._decision(person, identifier)
        return {**decision_fields(message), "same_decision_as": message.decision_id, "id": identifier}

    async def _decision(self, person: Someone, identifier: str) -> decision_pb2.Decision:
        request = pb.GetDecisionRequest(decision_id=identifier)
        found: pb.GetDecisionResponse = await self._client.decision("GetDecision", request, person.house)
        return found.record.decision

    async def _do_explain(self, person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        request = pb.ExplainDecisionRequest(
            decision_id=self._labels[step["decision"]],
            view=pb.ExplanationView.Value(f"EXPLANATION_VIEW_{step['view'].upper()}"),
            language="en" if step["view"] == "player" else "",
        )
        lines = (await self._client.decision("ExplainDecision", request, person.house)).lines
        return {"shown": {line.code for line in lines if line.code}, "lines": sum(bool(line.text) for line in lines)}

    async def _do_replay(self, person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        identifier = self._labels[step["decision"]]
        pack = ""
        if "pack_version" in step:
            pack = f"{(await self._decision(person, identifier)).pack.partition('@')[0]}@{step['pack_version']}"
        request = pb.ReplayDecisionRequest(decision_id=identifier, pack=pack)
        again = await self._client.decision("ReplayDecision", request, person.house)
        return {**decision_fields(again.decision), "identical": again.identical}

    async def _do_report(self, _person: Someone, _step: dict[str, Any]) -> dict[str, Any]:
        """Bets of the whole case that stand, as the ledger has them."""
        amounts = []
        for person, provider, key in self._bets:
            request = ledger_service_pb2.GetTransactionRequest(
                player_id=person.name,
                kind=transaction_pb2.TRANSACTION_KIND_BET,
                transaction_key=key,
                source=provider,
            )
            found = (await self._client.ledger("GetTransaction", request, person.house, provider)).transaction
            if found.state == transaction_pb2.TRANSACTION_STATE_APPLIED and not found.rolled_back:
                amounts.append(found.amount.amount)
        decimals = max((len(amount.partition(".")[2]) for amount in amounts), default=2)
        total = sum(round(float(amount) * 10**decimals) for amount in amounts)
        return {"bets": len(amounts), "stakes": f"{total / 10**decimals:.{max(decimals, 2)}f}"}


def decision_fields(message: decision_pb2.Decision) -> dict[str, Any]:
    """A decision in the words of the format."""
    return {
        "verdict": decision_pb2.Verdict.Name(message.verdict).removeprefix("VERDICT_"),
        "reasons": tuple(message.reasons),
        "obligations": tuple(message.obligations),
        "guardrail": message.guardrail or "G0",
        "pack_version": message.pack.partition("@")[2],
        "facts": message.facts_json,
    }
