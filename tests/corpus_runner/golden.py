"""Golden cases on real wallets with a clock that stands: what a case asks of parts that are not built is unsupported.

The runner says on the wire what registers and files answered, as the adapters of those sources do.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from compliance_svc.domain import view
from compliance_svc.kernel import Protection
from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.rules.age import MinimumAge
from compliance_svc.kernel.rules.money import RequiredLimits
from mesh.clock import to_us
from pitboss.type.v1 import decision_pb2, money_pb2, outcome_pb2
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, protection_pb2, registry_service_pb2
from tests.corpus_runner.client import Client
from tests.corpus_runner.service import Service

CASHIER, PROVIDER, PLATFORM = "cashier", "p1", "platform"
_LONG_AGO_US: Final = 400 * 86_400_000_000
_CASH: Final = {"JPY": "1900", "KWD": "1900.000"}
_VERBS: Final = frozenset([
    "login", "marketing", "deposit", "withdraw", "cancel_withdrawal", "open_session", "renew_session", "close_session",
    "bet", "win", "feature_spin", "rollback", "set_limit", "confirm_limit", "cancel_pending_limit",
    "set_session_limit", "exclude", "take_break", "request_reinstatement", "approve_reinstatement",
    "ack_reality_check", "evaluate", "record_kyc", "record_geo", "record_screening", "record_check",
    "register_answer", "limit_file_answer", "activity_answer", "limit_status", "session_info", "parallel", "report",
])  # fmt: skip
_PARTS: Final = {
    "same_person_as": "persons with several accounts",
    "fx": "exchange rates",
    "packs": "packs of the case's own",
    "mode": "mode ASSERT",
    "disposition SUSPENSE": "money put aside",
}
_KINDS: Final = {"deposit": ("DEPOSIT", "NETDEP"), "bet": ("WAGER", "LOSS")}
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
    missing = {_PARTS[name] for name in ("fx", "packs") if name in given}
    missing |= {_PARTS["mode"] for licensee in given.get("licensees", {}).values() if licensee.get("mode") == "ASSERT"}
    missing |= {"several licences" for one in given.get("licensees", {}).values() if len(one.get("licences", [])) > 1}
    for player in given["players"].values():
        missing |= {_PARTS["same_person_as"]} if "same_person_as" in player else set()
        missing |= {"time limits" for limit in player.get("limits", []) if limit["kind"] == "time"}
    for game in given.get("games", {}).values():
        missing |= {"certificates of games"} if "certified_builds" in game or "jackpot" in game else set()
    for step in case["steps"]:
        missing |= _missing_of(step)
    return sorted(missing)


def _missing_of(step: dict[str, Any]) -> set[str]:
    missing = {f"verb {inner['do']}" for inner in (step, *step.get("steps", ())) if inner["do"] not in _VERBS}
    expect = step.get("expect", {})
    if expect.get("disposition") == "SUSPENSE":
        missing.add(_PARTS["disposition SUSPENSE"])
    missing |= {f"expectation {name}" for name in ("pack_version", "no_trace_of") if name in expect}
    missing |= {"guardrail of a silent source"} if expect.get("guardrail") == "G3" else set()
    missing |= {"parallel play"} if "SES.PARALLEL" in expect.get("reasons_exact", ()) else set()
    missing |= {f"argument {name}" for name in ("assertion", "funding") if name in step}
    return missing


@dataclass(kw_only=True)
class Someone:
    """A player of the case and what its sources say."""

    name: str
    document: PackDocument
    currency: str
    check_every_s: int | None = None
    register: str = "clear"
    asked: str = "clear"
    limit_file: str = "ample"
    limit_left: str | None = None
    activity: str = "free"
    automatic: str = ""
    plays: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(kw_only=True)
class Told:
    """What a decision was answered."""

    result: action_pb2.Result
    fields: dict[str, Any]


class GoldenCase:
    """One case under way on a fresh licensee."""

    def __init__(self, client: Client, service: Service, case: dict[str, Any], licensee: str) -> None:
        self._client, self._service, self._case, self._licensee = client, service, case, licensee
        self._documents = {document.name: document for document in load_documents()}
        self._permit_us = case["given"].get("settings", {}).get("permit_ttl", 86_400) * 1_000_000
        self._games = {"slot": "slot", "table": "table"} | {
            name: game["category"] for name, game in case["given"].get("games", {}).items()
        }
        self._people: dict[str, Someone] = {}
        self._labels: dict[str, str] = {}
        self._holds: dict[str, str] = {}
        self._rounds: dict[str, str] = {}
        self._fresh = 0
        self._now_us = 0

    async def run(self) -> list[str]:
        """Every step; a line for each difference."""
        self._set_clock(_instant(self._case["steps"][0]["at"]) - _LONG_AGO_US)
        await self._register()
        problems = []
        for number, step in enumerate(self._case["steps"], 1):
            self._set_clock(_instant(step["at"]))
            problems += [f"step {number} ({step['do']}): {problem}" for problem in await self._step(step)]
        return problems

    def _set_clock(self, moment_us: int) -> None:
        self._now_us = moment_us
        self._service.stand_at(moment_us)

    async def _register(self) -> None:
        licensee = registry_service_pb2.Licensee(licensee_id=self._licensee, default_jurisdiction="base")
        await self._client.registry("PutLicensee", registry_service_pb2.PutLicenseeRequest(licensee=licensee))
        provider = registry_service_pb2.PutProviderRequest(licensee_id=self._licensee, provider=PROVIDER)
        await self._client.registry("PutProvider", provider)
        games = [
            registry_service_pb2.Game(
                game_id=name,
                category=registry_service_pb2.GameCategory.Value(f"GAME_CATEGORY_{category.upper()}"),
                enabled=True,
            )
            for name, category in self._games.items()
        ]
        request = registry_service_pb2.PutGamesRequest(licensee_id=self._licensee, provider=PROVIDER, games=games)
        await self._client.registry("PutGames", request)
        for name, player in self._case["given"]["players"].items():
            await self._open(name, player)

    async def _open(self, name: str, player: dict[str, Any]) -> None:
        document = self._documents[player["pack"]]
        currency = player.get("currency", document.currency)
        person = self._people[name] = Someone(
            name=name, document=document, currency=currency, check_every_s=player.get("reality_check")
        )
        asset = registry_service_pb2.PutAssetRequest(
            licensee_id=self._licensee, currency_code=currency, exponent={"JPY": 0, "KWD": 3}.get(currency, 2)
        )
        await self._client.registry("PutAsset", asset)
        born = player.get("born", "1986-01-15")
        opened = action_pb2.OpenAccount(currency_code=currency, jurisdiction=player["pack"], born_on=born)
        await self._must(person, CASHIER, open_account=opened)
        await self._prepare(person, player)

    async def _prepare(self, person: Someone, player: dict[str, Any]) -> None:
        """Bring about what was long ago: money that counts no more, limits, contact, place and identity."""
        if person.document.territory and "location_per_wager" in [rule.label for rule in person.document.rules]:
            place = protection_pb2.LocationFinding(territory=person.document.territory)
            await self._must(person, PLATFORM, record_finding=protection_pb2.RecordFinding(location=place))
        cash = _CASH.get(person.currency, "1900.00")
        contact = protection_pb2.CheckFinding(check=protection_pb2.DUTY_CHECK_CONTACT)
        if player.get("limits", True):
            await self._must(person, PLATFORM, record_finding=protection_pb2.RecordFinding(check=contact))
        if await self._is_grown(player):
            money = money_pb2.Money(currency_code=person.currency, amount=cash)
            await self._must(person, CASHIER, deposit=action_pb2.Deposit(amount=money))
        for limit in player.get("limits", _required(person.document)):
            await self._must(person, PLATFORM, set_limit=self._limit(person, limit))
        kyc = player.get("kyc", "VERIFIED")
        if kyc != "VERIFIED":
            result = protection_pb2.IdentityFinding(
                result=protection_pb2.IdentityResult.Value(f"IDENTITY_RESULT_{kyc}")
            )
            await self._must(person, PLATFORM, record_finding=protection_pb2.RecordFinding(identity=result))

    async def _is_grown(self, player: dict[str, Any]) -> bool:
        """Whether the law of long ago lets the player have money: minors of today have none."""
        rules = [rule.params for rule in self._documents[player["pack"]].rules]
        years = next(rule.years for rule in rules if isinstance(rule, MinimumAge))
        born = datetime.fromisoformat(player.get("born", "1986-01-15") + "T00:00:00+00:00")
        return (self._now_us - to_us(born)) / 31_557_600_000_000 > years + 0.01

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
                "EvaluateAction", ledger_service_pb2.EvaluateActionRequest(action=action), self._licensee, source
            )
            return evaluated.result  # type: ignore[no-any-return]
        request = ledger_service_pb2.ExecuteRequest(action=action)
        answer = await self._client.ledger("Execute", request, self._licensee, source, node=node)
        return answer.result  # type: ignore[no-any-return]

    # -- steps

    async def _step(self, step: dict[str, Any]) -> list[str]:
        person = self._people[step.get("player", next(iter(self._people)))]
        special = getattr(self, f"_do_{step['do']}", None)
        if special is not None:
            found = await special(person, step)
            if found is None:
                return []
        else:
            found = (await self._decide(person, step)).fields
        finding = step["do"].startswith("record_")
        expected = step.get("expect") or ({"accepted": True} if finding else {"verdict": "ALLOW"})
        if finding and "kyc" in expected:
            found["kyc"] = await self._identity(person)
        if "headroom" in expected and step["do"] in _KINDS:
            found["headroom"] = await self._headroom(person, _KINDS[step["do"]], step)
        return [
            f"{name}: {found.get(name)!r} instead of {value!r}"
            for name, value in expected.items()
            if not _fits(name, value, found, self._labels)
        ]

    async def _decide(self, person: Someone, step: dict[str, Any], *, dry: bool = False) -> Told:
        refused = await self._opening(person, step)
        if refused is not None:
            return refused
        key = step.get("key") or self._key()
        source, kind = self._action(person, step, key)
        result = await self._send(person, key, source, kind, node=step.get("node", 1), dry=dry)
        told = Told(result=result, fields=_fields(result, step["do"]))
        if told.fields["verdict"] == "ALLOW" and not dry:
            self._keep(person, step, key)
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
        opened = await self._decide(person, {"do": "open_session", "session": person.automatic, "game": game})
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

    def _action(self, person: Someone, step: dict[str, Any], key: str) -> tuple[str, dict[str, Any]]:
        make = getattr(self, f"_make_{step['do']}")
        found: tuple[str, dict[str, Any]] = make(person, step, key)
        return found

    def _money(self, person: Someone, step: dict[str, Any], name: str = "amount") -> money_pb2.Money:
        return money_pb2.Money(currency_code=step.get("currency", person.currency), amount=step[name])

    def _answers(self, person: Someone) -> protection_pb2.SourceAnswers:
        labels = {rule.kind for rule in person.document.rules}
        answers = protection_pb2.SourceAnswers()
        if "exclusion_register" in labels:
            person.asked = person.register
            answers.exclusion_register = protection_pb2.SourceAnswer.Value(f"SOURCE_ANSWER_{_ANSWERS[person.register]}")
        if "external_limit" in labels:
            answers.limit_file = protection_pb2.SourceAnswer.Value(f"SOURCE_ANSWER_{_ANSWERS[person.limit_file]}")
            if person.limit_left is not None:
                answers.limit_left.currency_code = person.currency
                answers.limit_left.amount = person.limit_left
        if "activity_file" in labels:
            answers.activity_file = protection_pb2.SourceAnswer.Value(f"SOURCE_ANSWER_{_ANSWERS[person.activity]}")
        return answers

    def _make_login(self, person: Someone, _step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        purpose = protection_pb2.ENTRY_PURPOSE_LOGIN
        return PLATFORM, {"enter": protection_pb2.Enter(purpose=purpose, answers=self._answers(person))}

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
            provider=PROVIDER,
            currency_code=person.currency,
            game_id=step.get("game", "slot"),
            expire_time=_moment(self._now_us + self._permit_us),
            answers=self._answers(person),
        )
        if person.check_every_s is not None:
            play.reality_check_interval.CopyFrom(Duration(seconds=person.check_every_s))
        if "spend" in limits:
            play.spend_limit.CopyFrom(self._money(person, limits, "spend"))
        if "seconds" in limits:
            play.time_limit.CopyFrom(Duration(seconds=limits["seconds"]))
        return PLATFORM, {"open_play": play}

    def _make_renew_session(self, person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        until = _moment(self._now_us + self._permit_us)
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
        session = step.get("session", person.automatic)
        game = person.plays[session]["game"] if session in person.plays else step.get("game", "slot")
        bet = action_pb2.Bet(
            round_id=step.get("round", f"round of {key}"),
            amount=self._money(person, step),
            game_id=game,
            session_id=session,
            automatic=step.get("start", "player") != "player",
        )
        return PROVIDER, {"bet": bet}

    def _make_win(self, person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        return PROVIDER, {"win": action_pb2.Win(round_id=step["round"], amount=self._money(person, step))}

    def _make_feature_spin(self, person: Someone, step: dict[str, Any], key: str) -> tuple[str, dict[str, Any]]:
        money = {"amount": "0" if person.currency == "JPY" else "0.00", "round": step["round"]}
        return self._make_win(person, money, key)

    def _make_rollback(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        return PROVIDER, {"cancel": action_pb2.Cancel(bet_key=step["of"])}

    def _limit(self, person: Someone, step: dict[str, Any]) -> action_pb2.SetLimit:
        kind = action_pb2.LimitKind.Value(f"LIMIT_KIND_{step['kind'].upper()}")
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
            finding.event_time.CopyFrom(_moment(_instant(step["event_at"])))
        return PLATFORM, {"record_finding": protection_pb2.RecordFinding(identity=finding)}

    def _make_record_geo(self, _person: Someone, step: dict[str, Any], _key: str) -> tuple[str, dict[str, Any]]:
        until = _moment(_instant(step["expires_at"]))
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
        return await self._client.ledger("GetPlayer", request, self._licensee, PLATFORM)


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


def _instant(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


def _moment(moment_us: int) -> Timestamp:
    moment = Timestamp()
    moment.FromMicroseconds(moment_us)
    return moment


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
        "new_records": 0 if result.replayed else 1,
        "verdict": verdict or ("ALLOW" if allowed else "DENY"),
        "reasons": reasons,
        "obligations": tuple(decision.obligations),
        "effective_at": _us(decision, "effective_time"),
        "eligible_from": _us(decision, "eligible_time"),
        "until": _us(decision, "until_time"),
        "guardrail": decision.guardrail or "G0",
        "disposition": ("PAY" if allowed else "HOLD") if verb in {"win", "withdraw"} else None,
        "tombstone": outcome == "TOMBSTONED",
        "accepted": allowed,
        "session_state": "ENDED" if {"SES.SPEND_LIMIT", "SES.TIME_LIMIT"} & set(reasons) else "OPEN",
    }


def _us(decision: decision_pb2.Decision, name: str) -> int | None:
    return getattr(decision, name).ToMicroseconds() if decision.HasField(name) else None  # type: ignore[arg-type]


def _fits(name: str, value: Any, found: dict[str, Any], labels: dict[str, str]) -> bool:
    actual = found.get(name)
    match name:
        case "reasons" | "obligations":
            return set(value) <= set(actual or ())
        case "obligations_absent":
            return set(value).isdisjoint(found.get("obligations", ()))
        case "reasons_exact":
            return tuple(value) == found.get("reasons")
        case "effective_at" | "eligible_from" | "until":
            return bool(actual == _instant(value))
        case "same_decision_as":
            return bool(actual == labels[value])
        case _:
            return bool(actual == value)
