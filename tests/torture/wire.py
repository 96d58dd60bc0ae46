"""Steps as messages of the contract, and results as short answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration

from pitboss.type.v1 import outcome_pb2
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import action_pb2, transaction_pb2
from pitboss.wallet.v1 import wallet_service_pb2 as door
from tests.torture.model.answer import Step
from tests.torture.script import SHUTTLE

LICENSEE, SHUTTLES, CURRENCY, GAME = "torture", "shuttles", "EUR", "g1"
"""A licensee whose money is in the ledger, one with game wallets, their currency, and a game."""
EXPONENT: Final = 2
ShortAnswer = tuple[str, str, bool, int | None]


def licensee_of(player: str) -> str:
    """Whose player it is."""
    return SHUTTLES if player.startswith(SHUTTLE) else LICENSEE


def money(amount: str) -> Money:
    """An amount of the run's currency."""
    return Money(currency_code=CURRENCY, amount=amount)


def session_of(player: str, provider: str) -> str:
    """The player's session at a provider."""
    return f"{player}@{provider}"


def action_of(player: str, step: Step) -> action_pb2.Action:
    """A step on the wire."""
    made = _ACTIONS[step["do"]](player, step)
    return action_pb2.Action(player_id=player, transaction_key=step["key"], **{step["do"]: made})


def transfer_of(player: str, step: Step) -> tuple[str, Any]:
    """The method of the licensee's own door that moves money in or out, and its request."""
    names = {"player_id": player, "transaction_key": step["key"]}
    if step["do"] == "transfer_in":
        return "TransferIn", door.TransferInRequest(**names, amount=money(step["amount"]))
    if step["amount"]:
        return "TransferOut", door.TransferOutRequest(**names, amount=money(step["amount"]))
    return "TransferOut", door.TransferOutRequest(**names, all_of=CURRENCY)


TRANSFERS: Final = frozenset({"transfer_in", "transfer_out"})
"""Steps that are no action of the ledger's contract."""


def _bet(player: str, step: Step) -> action_pb2.Bet:
    return action_pb2.Bet(
        round_id=step["round"],
        amount=money(step["amount"]),
        game_id=GAME,
        session_id=session_of(player, step["by"]),
        close=step["close"],
    )


def _hold(player: str, step: Step) -> action_pb2.Hold:
    seconds = step["seconds"]
    expires = None if seconds is None else Duration(seconds=seconds)
    return action_pb2.Hold(amount=money(step["amount"]), expires_in=expires)


def _kind(name: str) -> Any:
    return transaction_pb2.TransactionKind.Value(f"TRANSACTION_KIND_{name.upper()}")


def _target(step: Step) -> Any:
    return action_pb2.CreditTarget.Value(f"CREDIT_TARGET_{step['to'].upper()}")


_LIMITS = {"stake": (action_pb2.LIMIT_KIND_STAKE, ""), "loss": (action_pb2.LIMIT_KIND_LOSS, "since_set")}


def _limit(player: str, step: Step) -> action_pb2.SetLimit:
    kind, window = _LIMITS[step["limit"]]
    return action_pb2.SetLimit(limit_kind=kind, window=window, amount=money(step["amount"]))


_ACTIONS: dict[str, Callable[[str, Step], Any]] = {
    "bet": _bet,
    "win": lambda _, step: action_pb2.Win(
        round_id=step["round"], amount=money(step["amount"]), bet_key=step["ref"], close=step["close"]
    ),
    "cancel": lambda _, step: action_pb2.Cancel(bet_key=step["ref"], ref_kind=_kind(step["of"])),
    "tip": lambda player, step: action_pb2.Tip(
        amount=money(step["amount"]), session_id=session_of(player, step["by"]), game_id=GAME
    ),
    "promo": lambda _, step: action_pb2.Promo(
        amount=money(step["amount"]), to=_target(step), reason=action_pb2.PROMO_REASON_OTHER
    ),
    "tournament": lambda _, step: action_pb2.Tournament(amount=money(step["amount"]), to=_target(step)),
    "jackpot": lambda _, step: action_pb2.Jackpot(amount=money(step["amount"]), to=_target(step)),
    "free_round_spin": lambda _, step: action_pb2.FreeRoundSpin(
        grant_id=step["grant"], amount=money(step["amount"]), to=_target(step)
    ),
    "free_round_total": lambda _, step: action_pb2.FreeRoundTotal(
        grant_id=step["grant"], amount=money(step["amount"]), to=_target(step)
    ),
    "reverse_win": lambda _, step: action_pb2.ReverseWin(win_key=step["ref"]),
    "undo_rollback": lambda _, step: action_pb2.UndoRollback(cancel_key=step["ref"]),
    "rollback_list": lambda _, step: action_pb2.RollbackList(
        items=[action_pb2.RollbackItem(kind=_kind(kind), transaction_key=key) for kind, key in step["items"]]
    ),
    "adjust": lambda _, step: action_pb2.Adjust(
        ref_kind=_kind(step["of"]), ref_key=step["ref"], amount=money(step["amount"])
    ),
    "close_round": lambda _, step: action_pb2.CloseRound(round_id=step["round"]),
    "deposit": lambda _, step: action_pb2.Deposit(amount=money(step["amount"])),
    "hold": _hold,
    "capture": lambda _, step: action_pb2.Capture(
        hold_key=step["ref"], amount=money(step["amount"]) if step["amount"] else None
    ),
    "release": lambda _, step: action_pb2.Release(hold_key=step["ref"]),
    "set_limit": _limit,
}


def outcome_name(number: int) -> str:
    """The short name of an outcome."""
    return outcome_pb2.Outcome.Name(number).removeprefix("OUTCOME_")  # type: ignore[arg-type]


def answer_of(result: action_pb2.Result) -> ShortAnswer:
    """What the history keeps of a result."""
    stored = result.balance_at_commit.amount if result.HasField("balance_at_commit") else ""
    return outcome_name(result.outcome), result.transaction_id, result.replayed, units(stored)


def units(amount: str) -> int | None:
    """An amount of the wire in smallest units."""
    if not amount:
        return None
    whole, _, fraction = amount.partition(".")
    return int(f"{whole}{(fraction + '0' * EXPONENT)[:EXPONENT]}")
