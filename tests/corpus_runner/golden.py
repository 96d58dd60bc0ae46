"""Golden cases on real wallets with a clock that stands: what a case asks of parts that are not built is unsupported.

The runner says on the wire what registers and files answered, as the adapters of those sources do.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.duration_pb2 import Duration

from compliance_svc.domain import view
from compliance_svc.kernel import Protection
from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.loading import SHIPPED, load_documents
from compliance_svc.kernel.rules.money import RequiredLimits
from pitboss.type.v1 import decision_pb2, money_pb2, outcome_pb2
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, protection_pb2, registry_service_pb2
from tests.corpus_runner.client import Client
from tests.corpus_runner.log import VERBS as LOG_VERBS
from tests.corpus_runner.log import AuditStack, Log
from tests.corpus_runner.outside import ASKED, World
from tests.corpus_runner.packs import Releases
from tests.corpus_runner.people import PROVIDER, Someone, instant, moment
from tests.corpus_runner.reading import Reading, decision_fields
from tests.corpus_runner.service import Service
from tests.corpus_runner.vendors import Vendors
from wallet_svc.domain.asserting import signed_text

CASHIER, PLATFORM = "cashier", "platform"
_LONG_AGO_US: Final = 400 * 86_400_000_000
_CASH: Final = {"JPY": "100000000", "KWD": "1000000.000"}
_VERBS: Final = frozenset([
    "login", "marketing", "deposit", "withdraw", "cancel_withdrawal", "open_session", "renew_session", "close_session",
    "bet", "win", "feature_spin", "rollback", "set_limit", "confirm_limit", "cancel_pending_limit",
    "set_session_limit", "exclude", "take_break", "request_reinstatement", "approve_reinstatement",
    "ack_reality_check", "evaluate", "record_kyc", "record_geo", "record_screening", "record_check",
    "register_answer", "limit_file_answer", "activity_answer", "limit_status", "session_info", "parallel", "report",
    "suspend", "resume", "source_down", "source_up", "clock_offset", "drop_fact", "set_fx", "get_decision", "explain",
    "replay", "register", "close_account", "close_out", "kyc_webhook", "load_pack",
])  # fmt: skip
_PARTS: Final = {
    "tolerance": "another tolerance of the clock",
}
_RECORDED: Final = frozenset({"guardrail", "pack_version", "no_trace_of"})
"""Expectations about a record: that of an allowed bet is not sent along with its answer."""
_KINDS: Final = {"deposit": ("DEPOSIT", "NETDEP"), "bet": ("WAGER", "LOSS")}
_PLACED: Final = frozenset({"deposit", "open_session", "renew_session", "bet"})
"""Verbs for which it counts where a player is."""
_ANSWERS: Final = {
    "clear": "CLEAR", "ample": "CLEAR", "free": "CLEAR", "match": "MATCH", "active_elsewhere": "MATCH",
    "fuzzy": "FUZZY", "not_set": "NOT_SET", "timeout": "SILENT", "empty": "SILENT",
}  # fmt: skip
_OUTCOME_CODES: Final = {
    "SESSION_EXPIRED": "SES.PERMIT_EXPIRED",
    "ALREADY_ROLLED_BACK": "ROUND.CANCELLED",
    "IDEMPOTENCY_CONFLICT": "IDEMPOTENCY.CONFLICT",
}
"""What the ledger refuses before the law is asked, in the words of the format."""
_LABELS: Final = {
    "deposit": "deposit_limit", "netdep": "net_deposit_limit", "wager": "wager_limit", "loss": "loss_limit",
    "time": "time_limit",
}  # fmt: skip


def is_golden(path: Path) -> bool:
    """Whether a file holds cases of this format: their steps have a moment."""
    content = yaml.safe_load(path.read_text())
    cases = content.get("cases") if isinstance(content, dict) else None
    return isinstance(cases, list) and bool(cases) and "at" in cases[0].get("steps", [{}])[0]


def load(path: Path) -> list[dict[str, Any]]:
    """The cases of a file."""
    return list(yaml.safe_load(path.read_text())["cases"])


def unsupported(case: dict[str, Any]) -> list[str]:
    """What a case uses that the services do not have yet."""
    given = case["given"]
    missing: set[str] = set()
    if given.get("settings", {}).get("clock_tolerance_ms", 100) != 100:
        missing.add(_PARTS["tolerance"])
    for step in case["steps"]:
        missing |= _missing_of(step)
    return sorted(missing)


def stands_alone(case: dict[str, Any]) -> bool:
    """Whether a case changes what others would see: the audit log, or the law."""
    return needs_log(case) or any(step["do"] == "load_pack" for step in case["steps"])


def needs_log(case: dict[str, Any]) -> bool:
    """Whether a case is about the audit log: it has one of its own then, with services of its own."""
    return any(step["do"] in LOG_VERBS for step in case["steps"])


def _missing_of(step: dict[str, Any]) -> set[str]:
    steps = (step, *step.get("steps", ()))
    missing = {f"verb {inner['do']}" for inner in steps if inner["do"] not in _VERBS | LOG_VERBS}
    missing |= {"source counters"} if step.get("source") == "counters" else set()
    missing |= {"stakes from a bonus"} if step.get("funding") == "bonus" else set()
    return missing


@dataclass(kw_only=True)
class Told:
    """What a decision was answered."""

    result: action_pb2.Result
    fields: dict[str, Any]


class GoldenCase(World, Reading, Log, Vendors, Releases):
    """One case under way on fresh licensees."""

    _people: dict[str, Someone]

    def __init__(self, client: Client, service: Service, case: dict[str, Any], licensee: str) -> None:
        self._client, self._service, self._case = client, service, case
        given = case["given"]
        # The first version of each pack comes last, and stays.
        self._documents = {document.name: document for document in reversed(load_documents(service.packs or SHIPPED))}
        self._permit_us = given.get("settings", {}).get("permit_ttl", 86_400) * 1_000_000
        self._games = {"slot": {"category": "slot"}, "table": {"category": "table"}} | given.get("games", {})
        names = list(given.get("licensees", {"l1": {}}))
        self._houses = {name: licensee if number == 0 else f"{licensee}-{number}" for number, name in enumerate(names)}
        self._people = {}
        self._labels = {}
        self._holds: dict[str, str] = {}
        self._providers: dict[str, str] = {}
        self._bets = []
        self._down = set()
        self._thrown = []
        self._log = None
        self._vendor = None
        self._entries = []
        self._kept = {}
        self._word = Ed25519PrivateKey.generate()
        self._vouching: set[str] = set()
        self._located: set[str] = set()
        self._fresh = 0
        self._now_us = 0

    async def run(self) -> list[str]:
        """Every step; a line for each difference."""
        self._set_clock(self._long_ago())
        problems = []
        try:
            await self._register()
            if needs_log(self._case):
                self._log = AuditStack(self._service)
            for number, step in enumerate(self._case["steps"], 1):
                self._set_clock(instant(step["at"]))
                problems += [f"step {number} ({step['do']}): {problem}" for problem in await self._step(step)]
        finally:
            await self._calm_down()
            if self._log is not None:
                await self._log.close()
            if self._vendor is not None:
                self._vendor.close()
        return problems

    def _long_ago(self) -> int:
        """When what was before the case is made: long before it, but not before its packs."""
        began = instant(self._case["steps"][0]["at"]) - _LONG_AGO_US
        packs = self._case["given"].get("packs", {}).values()
        return max([began, *(instant(versions[0]["from"]) for versions in packs)])

    def _set_clock(self, moment_us: int) -> None:
        self._now_us = moment_us
        self._service.stand_at(moment_us)

    async def _register(self) -> None:
        for name, house in self._houses.items():
            licences = self._case["given"].get("licensees", {}).get(name, {}).get("licences", [])
            licensee = registry_service_pb2.Licensee(
                licensee_id=house, default_jurisdiction="base", licences=licences, assertions=self._assertions(name)
            )
            await self._client.registry("PutLicensee", registry_service_pb2.PutLicenseeRequest(licensee=licensee))
            await self._put_games(house)
        for rate in self._case["given"].get("fx", []):
            await self._put_rate({**rate, "at_us": instant(rate["at"])})
        for name, player in self._case["given"]["players"].items():
            person = self._people[name] = self._someone(name, player)
            if player.get("registered", True):
                await self._open(person, player)

    def _assertions(self, name: str) -> registry_service_pb2.Assertions | None:
        """What the word of a licensee in mode ASSERT must be like."""
        given = self._case["given"].get("licensees", {}).get(name, {})
        if given.get("mode", "ENFORCE") != "ASSERT":
            return None
        self._vouching.add(self._houses[name])
        public = self._word.public_key().public_bytes_raw()
        max_age = Duration(seconds=given.get("assertion_max_age", 60))
        return registry_service_pb2.Assertions(public_key=public, max_age=max_age)

    def _assertion(self, person: Someone, step: dict[str, Any], kind: str) -> protection_pb2.Assertion | None:
        """The licensee's word as the step has it; a fresh one for the opening of an automatic session."""
        given = step.get("assertion")
        if given is None and step.get("automatic") and person.house in self._vouching:
            given = {"issued_at": None, "nonce": self._key()}
        if given is None:
            return None
        issued_us = self._now_us if given["issued_at"] is None else instant(given["issued_at"])
        text = signed_text(person.house, person.name, kind, issued_us, given["nonce"])
        return protection_pb2.Assertion(
            issue_time=moment(issued_us), nonce=given["nonce"], signature=self._word.sign(text)
        )

    async def _put_games(self, house: str) -> None:
        for name, game in self._games.items():
            provider = game.get("provider", PROVIDER)
            registered = registry_service_pb2.PutProviderRequest(licensee_id=house, provider=provider)
            await self._client.registry("PutProvider", registered)
            build = game.get("build", "b1")
            wanted = registry_service_pb2.Game(
                game_id=name,
                category=registry_service_pb2.GameCategory.Value(f"GAME_CATEGORY_{game['category'].upper()}"),
                enabled=True,
                papers=registry_service_pb2.GamePapers(
                    build=build,
                    certified_builds=game.get("certified_builds", ["b1"]),
                    progressive_jackpot=game.get("jackpot", "none") == "progressive",
                ),
            )
            request = registry_service_pb2.PutGamesRequest(licensee_id=house, provider=provider, games=[wanted])
            await self._client.registry("PutGames", request)

    def _someone(self, name: str, player: dict[str, Any]) -> Someone:
        document = self._documents[player["pack"]]
        human = f"{self._houses} {player.get('same_person_as', name)}"
        return Someone(
            name=name,
            house=self._houses[player.get("licensee", next(iter(self._houses)))],
            document=document,
            currency=player.get("currency", document.currency),
            born=player.get("born", "1986-01-15"),
            key=hashlib.sha256(human.encode()).hexdigest(),
            check_every_s=player.get("reality_check"),
        )

    async def _open(self, person: Someone, player: dict[str, Any]) -> None:
        others = {step["currency"] for step in self._case["steps"] if "currency" in step} - {person.currency}
        for code in (person.currency, *sorted(others)):
            await self._put_asset(person, code)
            await self._must(person, CASHIER, open_account=self._account(person, code))
        await self._prepare(person, player)

    async def _put_asset(self, person: Someone, code: str) -> None:
        asset = registry_service_pb2.PutAssetRequest(
            licensee_id=person.house, currency_code=code, exponent={"JPY": 0, "KWD": 3}.get(code, 2)
        )
        await self._client.registry("PutAsset", asset)

    def _account(self, person: Someone, code: str) -> action_pb2.OpenAccount:
        return action_pb2.OpenAccount(
            currency_code=code, jurisdiction=person.document.name, born_on=person.born, person_key=person.key
        )

    async def _prepare(self, person: Someone, player: dict[str, Any]) -> None:
        """Bring about what was long ago: money that counts no more, limits, contact, place and identity."""
        await self._place(person)
        cash = _CASH.get(person.currency, "1000000.00")
        contact = protection_pb2.CheckFinding(check=protection_pb2.DUTY_CHECK_CONTACT)
        if player.get("limits", True):
            await self._must(person, PLATFORM, record_finding=protection_pb2.RecordFinding(check=contact))
        # Cash from elsewhere, which counts in no sum: a deposit would.
        money = money_pb2.Money(currency_code=person.currency, amount=cash)
        gift = action_pb2.Promo(amount=money, to=action_pb2.CREDIT_TARGET_CASH)
        await self._must(person, CASHIER, promo=gift)
        for limit in player.get("limits", _required(person.document)):
            await self._must(person, PLATFORM, set_limit=self._limit(person, limit))
        kyc = player.get("kyc", "VERIFIED")
        if kyc != "VERIFIED":
            result = protection_pb2.IdentityFinding(
                result=protection_pb2.IdentityResult.Value(f"IDENTITY_RESULT_{kyc}")
            )
            await self._must(person, PLATFORM, record_finding=protection_pb2.RecordFinding(identity=result))

    async def _place(self, person: Someone) -> None:
        """Whoever is not said to be elsewhere is in the pack's territory, and was just seen there: that never expires."""
        asked = "location_per_wager" in [rule.label for rule in person.document.rules]
        if person.document.territory and asked and person.name not in self._located:
            place = protection_pb2.LocationFinding(territory=person.document.territory)
            await self._must(person, PLATFORM, record_finding=protection_pb2.RecordFinding(location=place))

    async def _traceless(self, person: Someone, facts: str) -> list[str]:
        """Licensees of whom the facts of a decision hold nothing that was recorded there about the same human."""
        found = []
        for name, house in self._houses.items():
            marks = [house] if house != person.house else []
            for other in self._people.values():
                if other is not person and (other.key, other.house) == (person.key, house):
                    exclusion = Protection.from_json((await self._player(other)).protection_json).exclusion
                    marks += [] if exclusion is None else [str(exclusion.since_us)]
            found += [] if any(mark in facts for mark in marks) else [name]
        return found

    async def _must(self, person: Someone, source: str, **kind: Any) -> None:
        told = await self._send(person, self._key(), source, kind)
        if told.outcome != outcome_pb2.OUTCOME_OK:
            raise RuntimeError(f"the world of the case cannot be made: {next(iter(kind))}: {told}")

    def _key(self) -> str:
        self._fresh += 1
        return f"fresh-{self._fresh}"

    async def _send(
        self,
        person: Someone,
        key: str,
        source: str,
        kind: dict[str, Any],
        *,
        node: int | None = None,
        dry: bool = False,
    ) -> action_pb2.Result:
        action = action_pb2.Action(player_id=person.name, transaction_key=key, **kind)
        if dry:
            evaluated = await self._client.ledger(
                "EvaluateAction", ledger_service_pb2.EvaluateActionRequest(action=action), person.house, source
            )
            return evaluated.result  # type: ignore[no-any-return]
        request = ledger_service_pb2.ExecuteRequest(action=action)
        answer = await self._client.ledger("Execute", request, person.house, source, node=node)
        return answer.result  # type: ignore[no-any-return]

    # -- steps

    async def _step(self, step: dict[str, Any]) -> list[str]:
        person = self._people[step.get("player", next(iter(self._people)))]
        if step["do"] == "record_geo":
            self._located.add(person.name)
        elif step["do"] in _PLACED:
            await self._place(person)
        special = getattr(self, f"_do_{step['do']}", None)
        if special is not None:
            found = await special(person, step)
            if found is None:
                return []
        else:
            found = (await self._decide(person, step)).fields
        finding = step["do"].startswith("record_") or step["do"] == "kyc_webhook"
        expected = step.get("expect") or ({"accepted": True} if finding else {"verdict": "ALLOW"})
        if finding and "kyc" in expected:
            found["kyc"] = await self._identity(person)
        if _RECORDED & set(expected) and found.get("id") and step["do"] != "get_decision":
            message = await self._decision(person, found["id"])
            found |= {name: decision_fields(message)[name] for name in ("guardrail", "pack_version")}
            found["no_trace_of"] = await self._traceless(person, message.facts_json)
        if "headroom" in expected and step["do"] in _KINDS:
            found["headroom"] = await self._headroom(person, _KINDS[step["do"]], step)
        return [
            f"{name}: {found.get(name)!r} instead of {value!r}"
            for name, value in expected.items()
            if not _fits(name, value, found, self._labels)
        ]

    async def _decide(self, person: Someone, step: dict[str, Any], *, dry: bool = False) -> Told:
        if step["do"] == "register":
            await self._put_asset(person, person.currency)
        refused = await self._opening(person, step)
        if refused is not None:
            return refused
        key = step.get("key") or self._key()
        source, kind = self._action(person, step, key)
        result = await self._send(person, key, source, kind, node=step.get("node", 1), dry=dry)
        told = Told(result=result, fields=_fields(result, step["do"]))
        if told.fields["verdict"] == "ALLOW" and not dry:
            self._keep(person, step, key)
        if step["do"] == "bet" and not dry:
            self._bets.append((person, source, key))
        if "as" in step:
            self._labels[step["as"]] = told.fields["id"]
        return told

    async def _opening(self, person: Someone, step: dict[str, Any]) -> Told | None:
        """Open the automatic session of a bet; the refusal if there is one."""
        if step["do"] != "bet" or "session" in step:
            return None
        game, play = step.get("game", "slot"), person.plays.get(person.automatic)
        if play is not None and play["game"] == game and await self._is_open(person, person.automatic):
            return None
        if play is not None:
            end = action_pb2.EndPlay(session_id=person.automatic, end=action_pb2.PLAY_END_CLOSED)
            await self._must(person, PLATFORM, end_play=end)
        person.automatic = f"auto-{self._key()}"
        opened = await self._decide(
            person, {"do": "open_session", "session": person.automatic, "game": game, "automatic": True}
        )
        if opened.fields["verdict"] == "ALLOW":
            return None
        person.automatic = ""
        return opened

    async def _is_open(self, person: Someone, session: str) -> bool:
        return any(play.session_id == session for play in (await self._player(person)).sessions)

    def _keep(self, person: Someone, step: dict[str, Any], key: str) -> None:
        match step["do"]:
            case "open_session":
                person.plays[step["session"]] = {
                    "game": step.get("game", "slot"),
                    "opened_us": self._now_us,
                }
            case "withdraw":
                self._holds[step.get("as", "")] = key
            case "bet":
                provider = self._provider(self._game(person, step))
                self._providers[key] = provider
                self._providers[f"round {step.get('round', f'round of {key}')}"] = provider

    def _action(self, person: Someone, step: dict[str, Any], key: str) -> tuple[str, dict[str, Any]]:
        make = getattr(self, f"_make_{step['do']}")
        found: tuple[str, dict[str, Any]] = make(person, step, key)
        return found

    def _money(self, person: Someone, step: dict[str, Any], name: str = "amount") -> money_pb2.Money:
        return money_pb2.Money(currency_code=step.get("currency", person.currency), amount=step[name])

    def _answer(self, source: str, answer: str) -> protection_pb2.SourceAnswer.ValueType:
        """What a source says; nothing while it is down."""
        word = "SILENT" if source in self._down & ASKED else _ANSWERS[answer]
        return protection_pb2.SourceAnswer.Value(f"SOURCE_ANSWER_{word}")

    def _answers(self, person: Someone) -> protection_pb2.SourceAnswers:
        labels = {rule.kind for rule in person.document.rules}
        answers = protection_pb2.SourceAnswers()
        if "exclusion_register" in labels:
            person.asked = "timeout" if "register" in self._down else person.register
            answers.exclusion_register = self._answer("register", person.register)
        if "external_limit" in labels:
            answers.limit_file = self._answer("limit_file", person.limit_file)
            if person.limit_left is not None and "limit_file" not in self._down:
                answers.limit_left.currency_code = person.currency
                answers.limit_left.amount = person.limit_left
        if "activity_file" in labels:
            answers.activity_file = self._answer("activity", person.activity)
        return answers

    def _game(self, person: Someone, step: dict[str, Any]) -> str:
        """The game of a bet: that of its session, if it has one."""
        session = step.get("session", person.automatic)
        found: str = person.plays[session]["game"] if session in person.plays else step.get("game", "slot")
        return found

    def _provider(self, game: str) -> str:
        found: str = self._games[game].get("provider", PROVIDER)
        return found

    def _make_login(self, person: Someone, _step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        purpose = protection_pb2.ENTRY_PURPOSE_LOGIN
        return PLATFORM, {"enter": protection_pb2.Enter(purpose=purpose, answers=self._answers(person))}

    def _make_register(self, person: Someone, _step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        account = self._account(person, person.currency)
        account.answers.CopyFrom(self._answers(person))
        return CASHIER, {"open_account": account}

    def _make_close_account(self, _person: Someone, _step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        return PLATFORM, {"leave_for_good": protection_pb2.LeaveForGood()}

    def _make_marketing(self, person: Someone, _step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        answer = protection_pb2.SourceAnswer.Value(f"SOURCE_ANSWER_{_ANSWERS[person.asked]}")
        answers = protection_pb2.SourceAnswers(exclusion_register=answer)
        purpose = protection_pb2.ENTRY_PURPOSE_MARKETING
        return PLATFORM, {"enter": protection_pb2.Enter(purpose=purpose, answers=answers)}

    def _make_deposit(self, person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        money, answers = self._money(person, step), self._answers(person)
        return CASHIER, {"deposit": action_pb2.Deposit(amount=money, answers=answers)}

    def _make_withdraw(self, person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        return CASHIER, {"hold": action_pb2.Hold(amount=self._money(person, step))}

    def _make_cancel_withdrawal(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        return CASHIER, {"release": action_pb2.Release(hold_key=self._holds[step["of"]], by_player=True)}

    def _make_open_session(self, person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        limits = step.get("limits", {})
        play = action_pb2.OpenPlay(
            session_id=step["session"],
            provider=self._provider(step.get("game", "slot")),
            currency_code=step.get("currency", person.currency),
            game_id=step.get("game", "slot"),
            expire_time=moment(self._now_us + self._permit_us),
            answers=self._answers(person),
            assertion=self._assertion(person, step, "open_play"),
        )
        if person.check_every_s is not None:
            play.reality_check_interval.CopyFrom(Duration(seconds=person.check_every_s))
        if "spend" in limits:
            play.spend_limit.CopyFrom(self._money(person, limits, "spend"))
        if "seconds" in limits:
            play.time_limit.CopyFrom(Duration(seconds=limits["seconds"]))
        return PLATFORM, {"open_play": play}

    def _make_renew_session(self, person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        until = moment(self._now_us + self._permit_us)
        change = protection_pb2.ChangePlay(session_id=step["session"], renew_until=until, answers=self._answers(person))
        return PLATFORM, {"change_play": change}

    def _make_close_session(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        end = action_pb2.EndPlay(session_id=step["session"], end=action_pb2.PLAY_END_CLOSED)
        return PLATFORM, {"end_play": end}

    def _make_ack_reality_check(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        change = protection_pb2.ChangePlay(session_id=step["session"], reality_check_seen=True)
        return PLATFORM, {"change_play": change}

    def _make_set_session_limit(self, person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        change = protection_pb2.ChangePlay(session_id=step["session"])
        if "spend" in step:
            change.spend_limit.CopyFrom(self._money(person, step, "spend"))
        else:
            change.time_limit.CopyFrom(Duration(seconds=step["seconds"]))
        return PLATFORM, {"change_play": change}

    def _make_bet(self, person: Someone, step: dict[str, Any], key: str) -> tuple[str, dict[str, Any]]:
        session, game = step.get("session", person.automatic), self._game(person, step)
        bet = action_pb2.Bet(
            round_id=step.get("round", f"round of {key}"),
            amount=self._money(person, step),
            game_id=game,
            session_id=session,
            automatic=step.get("start", "player") != "player",
            free_spin=step.get("funding") == "free_spin",
            assertion=self._assertion(person, step, "bet"),
        )
        return self._provider(game), {"bet": bet}

    def _make_win(self, person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        win = action_pb2.Win(round_id=step["round"], amount=self._money(person, step))
        return self._providers.get(f"round {step['round']}", PROVIDER), {"win": win}

    def _make_feature_spin(self, person: Someone, step: dict[str, Any], key: str) -> tuple[str, dict[str, Any]]:
        money = {"amount": "0" if person.currency == "JPY" else "0.00", "round": step["round"]}
        return self._make_win(person, money, key)

    def _make_rollback(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        return self._providers.get(step["of"], PROVIDER), {"cancel": action_pb2.Cancel(bet_key=step["of"])}

    def _limit(self, person: Someone, step: dict[str, Any]) -> action_pb2.SetLimit:
        kind = action_pb2.LimitKind.Value(f"LIMIT_KIND_{step['kind'].upper()}")
        if step["kind"] == "time":
            return action_pb2.SetLimit(limit_kind=kind, window=step["window"], time=Duration(seconds=step["seconds"]))
        return action_pb2.SetLimit(limit_kind=kind, window=step["window"], amount=self._money(person, step))

    def _make_set_limit(self, person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        return PLATFORM, {"set_limit": self._limit(person, step)}

    def _make_confirm_limit(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        kind = action_pb2.LimitKind.Value(f"LIMIT_KIND_{step['kind'].upper()}")
        return PLATFORM, {"confirm_limit": action_pb2.ConfirmLimit(limit_kind=kind, window=step["window"])}

    def _make_cancel_pending_limit(
        self, _person: Someone, step: dict[str, Any], _key: str
    ) -> tuple[str, dict[str, Any]]:
        kind = action_pb2.LimitKind.Value(f"LIMIT_KIND_{step['kind'].upper()}")
        return PLATFORM, {"cancel_pending_limit": action_pb2.CancelPendingLimit(limit_kind=kind, window=step["window"])}

    def _make_exclude(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        return PLATFORM, {"exclude": action_pb2.Exclude(term=step["term"])}

    def _make_take_break(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        return PLATFORM, {"take_break": action_pb2.TakeBreak(term=step["term"])}

    def _make_request_reinstatement(
        self, _person: Someone, _step: dict[str, Any], _key: str
    ) -> tuple[str, dict[str, Any]]:
        return PLATFORM, {"request_reinstatement": action_pb2.RequestReinstatement()}

    def _make_approve_reinstatement(
        self, _person: Someone, _step: dict[str, Any], _key: str
    ) -> tuple[str, dict[str, Any]]:
        return PLATFORM, {"approve_reinstatement": protection_pb2.ApproveReinstatement()}

    def _make_record_kyc(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        result = {"APPROVED": "VERIFIED"}.get(step["result"], step["result"])
        finding = protection_pb2.IdentityFinding(
            result=protection_pb2.IdentityResult.Value(f"IDENTITY_RESULT_{result}")
        )
        if "event_at" in step:
            finding.event_time.CopyFrom(moment(instant(step["event_at"])))
        return PLATFORM, {"record_finding": protection_pb2.RecordFinding(identity=finding)}

    def _make_record_geo(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        until = moment(instant(step["expires_at"]))
        finding = protection_pb2.LocationFinding(territory=step["location"], expire_time=until)
        return PLATFORM, {"record_finding": protection_pb2.RecordFinding(location=finding)}

    def _make_record_screening(self, person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        finding = protection_pb2.ScreeningFinding(
            result=protection_pb2.ScreeningResult.Value(f"SCREENING_RESULT_{step['result']}")
        )
        if "amount" in step:
            finding.amount.CopyFrom(self._money(person, step))
        return PLATFORM, {"record_finding": protection_pb2.RecordFinding(screening=finding)}

    def _make_record_check(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        finding = protection_pb2.CheckFinding(check=protection_pb2.DutyCheck.Value(f"DUTY_CHECK_{step['check']}"))
        return PLATFORM, {"record_finding": protection_pb2.RecordFinding(check=finding)}

    # -- what is only told or changed

    async def _do_register_answer(self, person: Someone, step: dict[str, Any]) -> None:
        person.register = step["answer"]

    async def _do_limit_file_answer(self, person: Someone, step: dict[str, Any]) -> None:
        person.limit_file, person.limit_left = step.get("answer", "ample"), step.get("remaining")

    async def _do_activity_answer(self, person: Someone, step: dict[str, Any]) -> None:
        person.activity = step["answer"]

    async def _do_evaluate(self, _person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        action = step["action"]
        person = self._people[action.get("player", next(iter(self._people)))]
        found = (await self._decide(person, action, dry=True)).fields
        if action["do"] in _KINDS:
            found["headroom"] = await self._headroom(person, _KINDS[action["do"]], action)
        return found

    async def _do_limit_status(self, person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        player = await self._player(person)
        if step["kind"] == "time":
            return self._time_status(player, step)
        kind = step["kind"].upper()
        usage = next(one for one in player.limit_usages if _name(one) == (kind, step["window"]))
        limit = next(
            one
            for one in view(player.protection_json, self._now_us).limits
            if (one.kind.value, one.window) == (step["kind"], step["window"])
        )
        exponent = player.exponents[person.currency]
        return {
            "usage": _shown(usage.used.amount, exponent),
            "headroom": _shown(usage.headroom.amount, exponent),
            "amount": _minor_shown(limit.amount, exponent),
            "pending": "none" if limit.pending is None else _minor_shown(limit.pending, exponent),
            "effective_at": limit.effective_us,
            "label": _LABELS[step["kind"]],
        }

    async def _do_close_out(self, person: Someone, _step: dict[str, Any]) -> dict[str, Any]:
        request = ledger_service_pb2.GetFinalPaymentRequest(player_id=person.name)
        found = await self._client.ledger("GetFinalPayment", request, person.house, PLATFORM)
        exponent = {"JPY": 0, "KWD": 3}.get(person.currency, 2)
        return {
            "verdict": "ALLOW" if found.due else "DENY",
            **{name: _shown(getattr(found, name).amount, exponent) for name in ("returned", "frozen", "suspense")},
        }

    def _time_status(self, player: Any, step: dict[str, Any]) -> dict[str, Any]:
        limits = view(player.protection_json, self._now_us).limits
        limit = next(one for one in limits if (one.kind.value, one.window) == ("time", step["window"]))
        used = next(one.used.seconds for one in player.time_usages if one.window == step["window"])
        return {
            "seconds": limit.amount,
            "usage": str(used),
            "headroom": str(max(0, limit.amount - used)),
            "pending": "none" if limit.pending is None else str(limit.pending),
            "effective_at": limit.effective_us,
            "label": _LABELS["time"],
        }

    async def _do_session_info(self, person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        play = person.plays[step["session"]]
        is_open = await self._is_open(person, step["session"])
        return {
            "session_state": "OPEN" if is_open else "ENDED",
            "elapsed_s": (self._now_us - play["opened_us"]) // 1_000_000,
        }

    async def _do_parallel(self, _person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        inner = [dict(one) for one in step["steps"] for _ in range(one.get("times", 1))]
        for one in inner:
            await self._opening(self._people[one.get("player", next(iter(self._people)))], one)
        jobs = [
            self._decide(
                self._people[one.get("player", next(iter(self._people)))],
                {**one, "node": one.get("node", 1 + index % 2)},
            )
            for index, one in enumerate(inner)
        ]
        told = await asyncio.gather(*jobs)
        bets = [answer for answer, one in zip(told, inner, strict=True) if one["do"] == "bet"]
        found = {
            "allowed_count": sum(answer.fields["verdict"] == "ALLOW" for answer in bets),
            "denied_count": sum(answer.fields["verdict"] == "DENY" for answer in bets),
        }
        label = step["expect"].get("no_allow_after")
        if label is not None:
            after = _position(self._labels[label])
            late = [one for one in bets if one.fields["verdict"] == "ALLOW" and _position(one.fields["id"]) > after]
            found["no_allow_after"] = label if not late else f"{len(late)} bets after {label}"
        return found

    async def _headroom(self, person: Someone, kinds: tuple[str, ...], step: dict[str, Any]) -> str | None:
        player = await self._player(person)
        exponent = player.exponents[person.currency]
        left = [usage.headroom.amount for usage in player.limit_usages if _name(usage)[0] in kinds]
        if step["do"] == "deposit" and person.limit_left is not None:
            left.append(person.limit_left)
        return None if not left else _shown(min(left, key=float), exponent)

    async def _identity(self, person: Someone) -> str:
        state = Protection.from_json((await self._player(person)).protection_json)
        return state.person.identity.value

    async def _player(self, person: Someone) -> Any:
        request = ledger_service_pb2.GetPlayerRequest(player_id=person.name)
        return await self._client.ledger("GetPlayer", request, person.house, PLATFORM)


def _required(document: PackDocument) -> list[dict[str, Any]]:
    pairs = [
        limit.split("/")
        for rule in document.rules
        if isinstance(rule.params, RequiredLimits)
        for limit in rule.params.limits
    ]
    return [{"kind": kind, "window": window, "amount": "10000000.00"} for kind, window in pairs]


def _name(usage: ledger_service_pb2.LimitUsage) -> tuple[str, str]:
    return action_pb2.LimitKind.Name(usage.limit_kind).removeprefix("LIMIT_KIND_"), usage.window


def _shown(amount: str, exponent: int) -> str:
    whole, _, decimals = (amount or "0").partition(".")
    return f"{whole}.{decimals.ljust(exponent, '0')}" if exponent else whole


def _minor_shown(amount: int, exponent: int) -> str:
    whole, rest = divmod(amount, 10**exponent)
    return f"{whole}.{rest:0{exponent}}" if exponent else str(whole)


def _position(identifier: str) -> int:
    """The position in the log of a player's shard."""
    return int(identifier.rpartition("-")[2])


def _fields(result: action_pb2.Result, verb: str) -> dict[str, Any]:
    """An answer in the words of the format."""
    outcome = outcome_pb2.Outcome.Name(result.outcome).removeprefix("OUTCOME_")
    decision = result.decision
    allowed = outcome in {"OK", "TOMBSTONED"}
    verdict = decision_pb2.Verdict.Name(decision.verdict).removeprefix("VERDICT_") if decision.verdict else ""
    reasons = tuple(decision.reasons)
    if not allowed and outcome not in {"COMPLIANCE_DENIED", "LIMIT_EXCEEDED"}:
        reasons, verdict = (
            (_OUTCOME_CODES.get(outcome, outcome),),
            "ERROR" if outcome == "IDEMPOTENCY_CONFLICT" else "DENY",
        )
    return {
        "id": result.transaction_id,
        "same_decision_as": result.transaction_id,
        "new_records": 0 if result.replayed or not result.transaction_id else 1,
        "verdict": verdict or ("ALLOW" if allowed else "DENY"),
        "reasons": reasons,
        "obligations": tuple(decision.obligations),
        "effective_at": _us(decision, "effective_time"),
        "eligible_from": _us(decision, "eligible_time"),
        "until": _us(decision, "until_time"),
        "guardrail": decision.guardrail or "G0",
        "pack_version": decision.pack.partition("@")[2],
        "disposition": _disposition(result, verb, allowed=allowed),
        "tombstone": outcome == "TOMBSTONED",
        "accepted": allowed,
        "session_state": "ENDED" if {"SES.SPEND_LIMIT", "SES.TIME_LIMIT"} & set(reasons) else "OPEN",
    }


def _disposition(result: action_pb2.Result, verb: str, *, allowed: bool) -> str | None:
    if verb not in {"win", "withdraw"}:
        return None
    if result.HasField("put_aside"):
        return "SUSPENSE"
    return "PAY" if allowed else "HOLD"


def _us(decision: decision_pb2.Decision, name: str) -> int | None:
    return getattr(decision, name).ToMicroseconds() if decision.HasField(name) else None  # type: ignore[arg-type]


def _fits(name: str, value: Any, found: dict[str, Any], labels: dict[str, str]) -> bool:
    actual = found.get(name)
    match name:
        case "reasons" | "obligations" | "no_trace_of":
            fits = set(value) <= set(actual or ())
        case "obligations_absent":
            fits = set(value).isdisjoint(found.get("obligations", ()))
        case "shown":
            fits = set(value) == actual
        case "stakes":
            fits = Decimal(value) == Decimal(actual or "-1")
        case "reasons_exact":
            fits = tuple(value) == found.get("reasons")
        case "effective_at" | "eligible_from" | "until":
            fits = actual == instant(value)
        case "same_decision_as":
            fits = actual == labels[value]
        case _:
            fits = actual == value
    return bool(fits)
