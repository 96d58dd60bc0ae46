"""A case from its first step to its second run, with every expectation compared."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pitboss.wallet.v1 import action_pb2, transaction_pb2
from tests.corpus_runner.cases import KEYED, Case
from tests.corpus_runner.client import Client
from tests.corpus_runner.service import Service
from tests.corpus_runner.verbs import Reply, Verbs
from tests.corpus_runner.world import World

_NEVER_STORED = frozenset({
    "PLAYER_NOT_FOUND", "IN_PROGRESS", "ORIGINAL_PENDING", "UNAVAILABLE", "OUTCOME_UNKNOWN", "IDEMPOTENCY_CONFLICT",
    "REQUEST_INVALID",
})  # fmt: skip
_CLASSES = {
    "OK": "SUCCESS", "TOMBSTONED": "SUCCESS", "IN_PROGRESS": "RETRY", "ORIGINAL_PENDING": "RETRY",
    "UNAVAILABLE": "RETRY", "OUTCOME_UNKNOWN": "UNCERTAIN", "IDEMPOTENCY_CONFLICT": "FATAL", "REQUEST_INVALID": "FATAL",
}  # fmt: skip
_MONEY = ("balance", "held", "bonus", "receivable")
_WIRE_NAMES = {"balance": "available"}
_ROUND_VERBS = frozenset({"bet", "win", "bet_and_win", "batch", "cancel", "close_round", "round"})


@dataclass(slots=True)
class Sent:
    """A verb as it was sent, for the second run."""

    verb: str
    args: dict[str, Any]
    reply: Reply


@dataclass(slots=True)
class Run:
    """One case under way. `problems` has a line for everything that was not as expected."""

    case: Case
    world: World
    verbs: Verbs
    client: Client
    service: Service
    cursors: dict[int, int]
    problems: list[str] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    where: str = ""

    async def run(self) -> list[str]:
        """Every step, then everything once more."""
        for number, step in enumerate(self.case.steps, start=1):
            self.where = f"step {number} ({step['do']})"
            await self.step(step)
        await self._second_run()
        return self.problems

    async def step(self, step: dict[str, Any], *, inside: str = "") -> None:
        verb, args, expect = step["do"], step.get("args") or {}, step.get("expect")
        reply = await self._do(verb, args)
        entries = await self._new_entries() if inside != "repeat" or (expect and "postings_delta" in expect) else []
        if expect is not None:
            await self._compare(verb, args, expect, reply, entries, inside)

    async def _do(self, verb: str, args: dict[str, Any]) -> Any:
        world_verb = getattr(self, f"_{verb}", None)
        if world_verb is not None:
            return await world_verb(args)
        reply = await self.verbs.perform(verb, args)
        if verb in KEYED or verb == "close_round":
            self.sent.append(Sent(verb, args, reply))
        return reply

    # -- world and control verbs

    async def _set_player(self, args: dict[str, Any]) -> Reply:
        block = action_pb2.SetBlock(blocked=args["blocked"])
        await self.world.must(self.verbs.player(args), self._fresh_key(), "platform", set_block=block)
        return Reply()

    async def _set_session(self, args: dict[str, Any]) -> Reply:
        session = self.world.sessions[args["session"]]
        if args["state"] == "active":
            resume = action_pb2.ResumePlay(session_id=args["session"])
            await self.world.must(session["player"], self._fresh_key(), "platform", resume_play=resume)
            return Reply()
        end = action_pb2.EndPlay(
            session_id=args["session"], end=action_pb2.PlayEnd.Value(f"PLAY_END_{args['state'].upper()}")
        )
        await self.world.must(session["player"], self._fresh_key(), "platform", end_play=end)
        return Reply()

    async def _set_game(self, args: dict[str, Any]) -> Reply:
        for provider in self.world.providers:
            await self.world.put_game(provider, args["game"], enabled=args["enabled"])
        return Reply()

    async def _set_limit(self, args: dict[str, Any]) -> Reply:
        player = self.verbs.player(args)
        kind, window = {"bet": ("STAKE", ""), "loss": ("LOSS", "since_set")}[args["limit"]]
        limit = action_pb2.SetLimit(
            limit_kind=action_pb2.LimitKind.Value(f"LIMIT_KIND_{kind}"),
            window=window,
            amount=self.verbs.money("set_limit", args),
        )
        await self.world.must(player, self._fresh_key(), "platform", set_limit=limit)
        return Reply()

    async def _advance_clock(self, args: dict[str, Any]) -> Reply:
        self.service.advance(args["seconds"])
        while await asyncio.to_thread(self.service.due_work):
            await asyncio.sleep(0.02)
        return Reply()

    async def _restart_service(self, args: dict[str, Any]) -> Reply:
        del args
        await asyncio.to_thread(self.service.restart)
        return Reply()

    async def _repeat(self, args: dict[str, Any]) -> list[Reply]:
        before = dict(self.cursors)
        for number in range(1, args["times"] + 1):
            await self.step(_numbered(args["step"], number), inside="repeat")
        # The step as a whole sees everything that its repetitions wrote.
        self.cursors = before
        return []

    async def _parallel(self, args: dict[str, Any]) -> list[Reply]:
        branches: list[dict[str, Any]] = []
        for branch in args["branches"]:
            if branch["do"] == "repeat":
                inner = branch["args"]
                branches += [_numbered(inner["step"], number) for number in range(1, inner["times"] + 1)]
            else:
                branches.append(branch)
        return list(await asyncio.gather(*[self._branch(branch) for branch in branches]))

    async def _branch(self, branch: dict[str, Any]) -> Reply:
        while True:
            reply: Reply = await self._do(branch["do"], branch.get("args") or {})
            if reply.outcome_class != "RETRY":
                return reply
            await asyncio.sleep(0.02)

    def _fresh_key(self) -> str:
        self.world.counter += 1
        return f"{self.world.counter}"

    # -- what happened

    async def _new_entries(self) -> list[transaction_pb2.Entry]:
        found = await self.client.entries(self.cursors)
        return [entry for entry in found if entry.licensee_id == self.world.licensee]

    # -- comparing

    async def _compare(
        self, verb: str, args: dict[str, Any], expect: dict[str, Any], reply: Any, entries: list[Any], inside: str
    ) -> None:
        seen = await self._seen(verb, args, expect, reply, entries)
        alternatives = expect.get("any_of")
        self._check(verb, {name: value for name, value in expect.items() if name != "any_of"}, seen, inside)
        if alternatives:
            fitting = [one for one in alternatives if all(_equal(seen.get(name), value) for name, value in one.items())]
            if len(fitting) != 1:
                self._problem(f"{len(fitting)} of the alternatives hold; seen {_shown(seen, alternatives)}")

    async def _seen(
        self, verb: str, args: dict[str, Any], expect: dict[str, Any], reply: Any, entries: list[Any]
    ) -> dict[str, Any]:
        wanted = {*expect, *(name for one in expect.get("any_of", []) for name in one)}
        seen: dict[str, Any] = {
            "postings_delta": len({(entry.shard, entry.operation) for entry in entries if entry.HasField("moved")}),
            "case_opened": _case(entries),
        }
        if isinstance(reply, list):
            seen |= _parallel_seen(reply)
        else:
            seen |= self._reply_seen(verb, reply)
        if wanted & set(_MONEY):
            seen |= await self._balances(verb, args)
        if "round_state" in wanted and "round_state" not in seen:
            round_id = args.get("round") or args["items"][0]["args"]["round"]
            source = self.verbs.source("round", args)
            seen["round_state"] = await self.verbs.round_state(self.verbs.player(args), source, round_id)
        return seen

    def _reply_seen(self, verb: str, reply: Reply) -> dict[str, Any]:
        seen: dict[str, Any] = {"outcome": reply.outcome, "class": reply.outcome_class, **reply.fields}
        expected_class = _CLASSES.get(reply.outcome, "REJECT")
        if reply.outcome_class != expected_class:
            self._problem(f"{reply.outcome} has class {reply.outcome_class}, not {expected_class}")
        if verb in KEYED or verb == "close_round":
            seen["replayed"] = reply.replayed
        if reply.items:
            seen["items"] = reply.items
        if reply.result is not None:
            seen["balance_at_commit"] = reply.result.balance_at_commit.amount
            if reply.result.hold_state:
                seen["hold_state"] = {1: "ACTIVE", 2: "CAPTURED", 3: "RELEASED", 4: "EXPIRED"}[reply.result.hold_state]
        return seen

    async def _balances(self, verb: str, args: dict[str, Any]) -> dict[str, str]:
        inner = args
        if verb == "parallel":
            branch = args["branches"][0]
            inner = branch["args"]["step"]["args"] if branch["do"] == "repeat" else branch.get("args") or {}
        elif verb == "repeat":
            inner = args["step"].get("args") or {}
        player = self.verbs.player(inner)
        currency = args.get("currency") or inner.get("currency", "")
        if currency not in (self.world.players.get(player) or {}):
            session = self.world.sessions.get(inner.get("session", ""))
            currency = (
                session["currency"] if session and session["player"] == player else self.world.main_currency(player)
            )
        if not currency:
            return dict.fromkeys(_MONEY, "0")
        balances = await self.verbs.balances(player, currency)
        return {name: getattr(balances, _WIRE_NAMES.get(name, name)).amount for name in _MONEY}

    def _check(self, verb: str, expect: dict[str, Any], seen: dict[str, Any], inside: str) -> None:
        if (verb in KEYED or verb == "close_round") and not inside and "replayed" not in expect:
            expect = {**expect, "replayed": False}
        for name, value in expect.items():
            if name not in seen:
                self._problem(f"{name} cannot be seen")
            elif not _equal(seen[name], value):
                self._problem(f"{name} is {seen[name]}, expected {value}")

    def _problem(self, text: str) -> None:
        self.problems.append(f"{self.where}: {text}")

    # -- the second run

    async def _second_run(self) -> None:
        """The same keys again: every stored answer comes back, and nothing changes."""
        await self._new_entries()
        before = await asyncio.to_thread(self.service.snapshot, self.world.licensee)
        first, self.sent = self.sent, []
        for one in first:
            self.where = f"second run of {one.verb} {one.args.get('txn', one.args.get('round', ''))}"
            again = await self.verbs.perform(one.verb, one.args)
            self._check_again(one, again)
        self.where = "second run"
        posted = [entry for entry in await self._new_entries() if entry.HasField("moved")]
        if posted:
            self._problem(f"{len(posted)} postings")
        after = await asyncio.to_thread(self.service.snapshot, self.world.licensee)
        for name, rows in before.items():
            if rows != after[name]:
                self._problem(f"{name} changed from {rows} to {after[name]}")
        self.problems += await asyncio.to_thread(self.service.broken_rules, self.world.licensee)

    def _check_again(self, one: Sent, again: Reply) -> None:
        if one.reply.outcome in _NEVER_STORED:
            if one.reply.outcome_class == "FATAL" and again.outcome != one.reply.outcome:
                self._problem(f"{again.outcome} after {one.reply.outcome}")
            return
        if again.outcome != one.reply.outcome:
            self._problem(f"{again.outcome} after {one.reply.outcome}")
        unknown_round = one.verb == "close_round" and not one.reply.replayed and again.replayed is False
        if not again.replayed and not (unknown_round and not _round_known(again)):
            self._problem("is not a replay")


def _round_known(reply: Reply) -> bool:
    return reply.result is not None and reply.result.round_state != 0


def _numbered(step: dict[str, Any], number: int) -> dict[str, Any]:
    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("{n}", str(number))
        if isinstance(value, dict):
            return {key: fill(inner) for key, inner in value.items()}
        return [fill(inner) for inner in value] if isinstance(value, list) else value

    filled = fill(step)
    assert isinstance(filled, dict)
    return filled


def _parallel_seen(replies: list[Reply]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for reply in replies:
        counts[reply.outcome] = counts.get(reply.outcome, 0) + 1
    return {
        "outcomes": [reply.outcome for reply in replies],
        "counts": counts,
        "replayed_count": sum(reply.replayed for reply in replies),
    }


def _case(entries: list[transaction_pb2.Entry]) -> str:
    opened = [entry.transaction.opened_case for entry in entries if entry.transaction.opened_case]
    return transaction_pb2.Case.Name(opened[0]).removeprefix("CASE_") if opened else "none"


def _equal(seen: Any, expected: Any) -> bool:
    if isinstance(expected, list) and isinstance(seen, list):
        return len(seen) == len(expected) and all(map(_equal, seen, expected))
    if isinstance(expected, list) and isinstance(seen, tuple):
        # A line of a statement is written with or without its bonus change.
        return all(map(_equal, seen, expected))
    if isinstance(expected, str) and isinstance(seen, str):
        try:
            return Decimal(seen) == Decimal(expected)
        except ArithmeticError:
            return seen == expected
    return bool(seen == expected)


def _shown(seen: dict[str, Any], alternatives: list[dict[str, Any]]) -> dict[str, Any]:
    names = {name for one in alternatives for name in one}
    return {name: seen.get(name) for name in sorted(names)}
