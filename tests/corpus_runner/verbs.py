"""Verbs of the format as calls, and replies in the format's words."""

from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration

from pitboss.type.v1 import money_pb2, outcome_pb2
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, transaction_pb2
from tests.corpus_runner.world import CASHIER, World

_HOLDS = {"withdraw_request": "hold", "withdraw_capture": "capture", "withdraw_release": "release"}


@dataclass(slots=True)
class Reply:
    """What a verb was answered, in the words of the format."""

    outcome: str = "OK"
    outcome_class: str = "SUCCESS"
    replayed: bool = False
    result: action_pb2.Result | None = None
    items: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)


def reply_of(result: action_pb2.Result) -> Reply:
    reply = Reply(
        outcome=_outcome(result.outcome),
        outcome_class=outcome_pb2.OutcomeClass.Name(result.outcome_class).removeprefix("OUTCOME_CLASS_"),
        replayed=result.replayed,
        result=result,
        items=[_outcome(part.outcome) for part in result.parts],
    )
    if result.limit:
        reply.fields["limit"] = {"stake": "bet"}.get(result.limit, result.limit)
    return reply


def _outcome(number: outcome_pb2.Outcome.ValueType) -> str:
    name = outcome_pb2.Outcome.Name(number).removeprefix("OUTCOME_")
    return "OUTCOME_UNKNOWN" if name == "UNKNOWN" else name


class Verbs:
    """Performs one verb in a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def player(self, args: dict[str, Any]) -> str:
        if "session" in args and "player" not in args and args["session"] in self._world.sessions:
            return self._world.sessions[args["session"]]["player"]
        return str(args.get("player", self._world.first_player))

    def source(self, verb: str, args: dict[str, Any]) -> str:
        default = CASHIER if verb == "deposit" or verb.startswith("withdraw_") else self._world.first_provider
        return str(args.get("provider", default))

    def session(self, args: dict[str, Any]) -> str:
        if "session" in args:
            return str(args["session"])
        provider = args.get("provider", self._world.first_provider)
        return f"{self.player(args)}@{provider}"

    def currency(self, verb: str, args: dict[str, Any]) -> str:
        if "currency" in args:
            return str(args["currency"])
        session = self._world.sessions.get(args.get("session", ""))
        if session and verb not in ("deposit", "hold"):
            return session["currency"]
        return self._world.main_currency(self.player(args))

    def money(self, verb: str, args: dict[str, Any], name: str = "amount") -> money_pb2.Money:
        return money_pb2.Money(currency_code=self.currency(verb, args), amount=args[name])

    def action(self, verb: str, args: dict[str, Any]) -> action_pb2.Action:
        """A keyed verb as an action."""
        args = {**args, "source": self.source(verb, args)}
        verb = _HOLDS.get(verb, verb)
        return action_pb2.Action(
            player_id=self.player(args),
            transaction_key=args.get("txn", ""),
            **{verb: getattr(self, f"_{verb}")(args)},
        )

    def _bet(self, args: dict[str, Any]) -> action_pb2.Bet:
        bet = action_pb2.Bet(
            round_id=args["round"],
            amount=self.money("bet", args),
            game_id=args.get("game", "g1"),
            session_id=self.session(args),
            close=args.get("close", False),
        )
        if "jackpot_contribution" in args:
            bet.jackpot_contribution.CopyFrom(self.money("bet", args, "jackpot_contribution"))
        return bet

    def _win(self, args: dict[str, Any]) -> action_pb2.Win:
        win = action_pb2.Win(
            round_id=args["round"],
            amount=self.money("win", args),
            bet_key=args.get("ref", ""),
            game_id=args.get("game", ""),
            session_id=args.get("session", ""),
            close=args.get("close", False),
        )
        if "jackpot_part" in args:
            win.jackpot_part.CopyFrom(self.money("win", args, "jackpot_part"))
        return win

    def _bet_and_win(self, args: dict[str, Any]) -> action_pb2.BetAndWin:
        win_amount = self.money("bet", args, "win_amount")
        return action_pb2.BetAndWin(bet=self._bet(args), win_key=args["win_txn"], win_amount=win_amount)

    def _cancel(self, args: dict[str, Any]) -> action_pb2.Cancel:
        cancel = action_pb2.Cancel(
            bet_key=args["ref"],
            round_id=args.get("round", ""),
            session_id=args.get("session", ""),
            ref_kind=_kind(args.get("ref_kind", "bet")),
        )
        if "amount" in args:
            cancel.amount.CopyFrom(self.money("cancel", args))
        return cancel

    def _tip(self, args: dict[str, Any]) -> action_pb2.Tip:
        return action_pb2.Tip(
            amount=self.money("tip", args),
            session_id=self.session(args),
            round_id=args.get("round", ""),
            game_id=args.get("game", ""),
        )

    def _rollback_list(self, args: dict[str, Any]) -> action_pb2.RollbackList:
        items = [
            action_pb2.RollbackItem(kind=_kind(item["kind"]), transaction_key=item["txn"]) for item in args["items"]
        ]
        return action_pb2.RollbackList(items=items)

    def _reverse_win(self, args: dict[str, Any]) -> action_pb2.ReverseWin:
        return action_pb2.ReverseWin(win_key=args["ref"])

    def _undo_rollback(self, args: dict[str, Any]) -> action_pb2.UndoRollback:
        return action_pb2.UndoRollback(cancel_key=args["ref"])

    def _credit(self, args: dict[str, Any]) -> dict[str, Any]:
        return {
            "amount": self.money("promo", args),
            "to": action_pb2.CreditTarget.Value(f"CREDIT_TARGET_{args.get('to', 'cash').upper()}"),
            "session_id": args.get("session", ""),
        }

    def _promo(self, args: dict[str, Any]) -> action_pb2.Promo:
        reason = action_pb2.PromoReason.Value(f"PROMO_REASON_{args.get('reason', 'other').upper()}")
        return action_pb2.Promo(reason=reason, round_id=args.get("round", ""), **self._credit(args))

    def _tournament(self, args: dict[str, Any]) -> action_pb2.Tournament:
        return action_pb2.Tournament(round_id=args.get("round", ""), **self._credit(args))

    def _jackpot(self, args: dict[str, Any]) -> action_pb2.Jackpot:
        return action_pb2.Jackpot(round_id=args.get("round", ""), **self._credit(args))

    def _free_round_spin(self, args: dict[str, Any]) -> action_pb2.FreeRoundSpin:
        return action_pb2.FreeRoundSpin(grant_id=args["grant"], round_id=args.get("round", ""), **self._credit(args))

    def _free_round_total(self, args: dict[str, Any]) -> action_pb2.FreeRoundTotal:
        return action_pb2.FreeRoundTotal(grant_id=args["grant"], **self._credit(args))

    def _adjust(self, args: dict[str, Any]) -> action_pb2.Adjust:
        return action_pb2.Adjust(
            ref_kind=_kind(args["ref"]["kind"]), ref_key=args["ref"]["txn"], amount=self.money("adjust", args)
        )

    def _close_round(self, args: dict[str, Any]) -> action_pb2.CloseRound:
        return action_pb2.CloseRound(round_id=args["round"])

    def _deposit(self, args: dict[str, Any]) -> action_pb2.Deposit:
        return action_pb2.Deposit(amount=self.money("deposit", args))

    def _hold(self, args: dict[str, Any]) -> action_pb2.Hold:
        expires = Duration(seconds=args["expires_in"]) if "expires_in" in args else None
        self._world.holds[self.player(args), args["source"], args["txn"]] = self.currency("hold", args)
        return action_pb2.Hold(amount=self.money("hold", args), expires_in=expires)

    def _capture(self, args: dict[str, Any]) -> action_pb2.Capture:
        held_in = self._world.holds.get((self.player(args), args["source"], args["ref"]))
        told = args if held_in is None else {**args, "currency": held_in}
        amount = self.money("capture", told) if "amount" in args else None
        return action_pb2.Capture(hold_key=args["ref"], amount=amount)

    def _release(self, args: dict[str, Any]) -> action_pb2.Release:
        return action_pb2.Release(hold_key=args["ref"])

    async def perform(self, verb: str, args: dict[str, Any]) -> Reply:
        """Do a verb that has a reply of its own."""
        try:
            if verb == "batch":
                return await self._batch(args)
            if verb in ("balance", "round", "transaction", "statement"):
                return await getattr(self, f"_read_{verb}")(args)  # type: ignore[no-any-return]
            request = ledger_service_pb2.ExecuteRequest(action=self.action(verb, args))
            response = await self._call("Execute", request, self.source(verb, args))
            return reply_of(response.result)
        except grpc.aio.AioRpcError as error:
            return _failed(error)

    async def _batch(self, args: dict[str, Any]) -> Reply:
        common: dict[str, Any] = {name: args[name] for name in ("player", "provider") if name in args}
        actions = [self.action(item["do"], {**common, **item["args"]}) for item in args["items"]]
        request = ledger_service_pb2.ExecuteBatchRequest(actions=actions, atomic=True)
        response = await self._call("ExecuteBatch", request, self.source("batch", args))
        last = reply_of(response.results[-1])
        outcome = _outcome(response.outcome)
        spokesman = next((one for one in response.results if one.outcome == response.outcome), response.results[-1])
        return Reply(
            outcome=outcome,
            outcome_class=reply_of(spokesman).outcome_class,
            replayed=response.replayed,
            result=last.result,
            items=[_outcome(result.outcome) for result in response.results],
        )

    async def _read_balance(self, args: dict[str, Any]) -> Reply:
        await self.balances(self.player(args), args.get("currency", ""))
        return Reply()

    async def balances(self, player: str, currency: str) -> action_pb2.Balances:
        request = ledger_service_pb2.GetBalanceRequest(player_id=player, currency_code=currency)
        response = await self._call("GetBalance", request, "platform")
        balances: action_pb2.Balances = response.balances
        return balances

    async def _read_statement(self, args: dict[str, Any]) -> Reply:
        player = self.player(args)
        currency = args.get("currency", "") or self._world.main_currency(player)
        cursor = self._world.beginnings.get((player, currency), "")
        skipped = args.get("after", 0)
        if skipped:
            cursor = (await self._world.statement(player, currency, cursor)).lines[skipped - 1].cursor
        page = await self._world.statement(player, currency, cursor)
        lines = [(_word(line.kind), line.cash_change.amount, line.bonus_change.amount or "0") for line in page.lines]
        return Reply(fields={"opening": page.opening.amount, "closing": page.closing.amount, "lines": lines})

    async def _read_round(self, args: dict[str, Any]) -> Reply:
        state = await self.round_state(self.player(args), self.source("round", args), args["round"])
        return Reply(fields={"round_state": state})

    async def round_state(self, player: str, provider: str, round_id: str) -> str:
        request = ledger_service_pb2.GetRoundRequest(player_id=player, provider=provider, round_id=round_id)
        response = await self._call("GetRound", request, "platform")
        return {0: "UNKNOWN", 1: "OPEN", 2: "CLOSED"}[response.state]

    async def _read_transaction(self, args: dict[str, Any]) -> Reply:
        kind = args["kind"]
        kind = _HOLDS.get(kind, kind)
        payments = ("deposit", "hold", "capture", "release")
        source = args.get("provider", CASHIER if kind in payments and kind == "deposit" else self._world.first_provider)
        request = ledger_service_pb2.GetTransactionRequest(
            player_id=self.player(args),
            kind=_kind(kind),
            transaction_key=args["txn"],
            source=source,
        )
        found = (await self._call("GetTransaction", request, "platform")).transaction
        state = transaction_pb2.TransactionState.Name(found.state).removeprefix("TRANSACTION_STATE_")
        fields: dict[str, Any] = {"state": state, "rolled_back": found.rolled_back}
        if found.transaction_id:
            fields |= {"stored": _outcome(found.outcome), "amount": found.amount.amount, "game": found.game_id}
            fields["jackpot_part"] = found.jackpot_part.amount
        return Reply(fields=fields)

    async def _call(self, method: str, request: Any, source: str) -> Any:
        return await self._world.client.ledger(method, request, self._world.licensee, source)


def _kind(word: str) -> transaction_pb2.TransactionKind.ValueType:
    return transaction_pb2.TransactionKind.Value(f"TRANSACTION_KIND_{word.upper()}")


def _word(kind: transaction_pb2.TransactionKind.ValueType) -> str:
    return transaction_pb2.TransactionKind.Name(kind).removeprefix("TRANSACTION_KIND_").lower()


def _failed(error: grpc.aio.AioRpcError) -> Reply:
    if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
        return Reply(outcome="REQUEST_INVALID", outcome_class="FATAL")
    if error.code() is grpc.StatusCode.NOT_FOUND:
        return Reply(outcome="PLAYER_NOT_FOUND", outcome_class="REJECT")
    raise error
