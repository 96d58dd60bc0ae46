"""Actions of credits that no bet stands behind, and of tips. Pure."""

from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1.action_pb2 import (
    Action,
    FreeRoundSpin,
    FreeRoundTotal,
    Jackpot,
    Promo,
    PromoReason,
    Tip,
    Tournament,
)


def promo(
    key: str, amount: Money, reason: PromoReason.ValueType, *, round_id: str = "", session_id: str = ""
) -> Action:
    """A promotional credit, to cash."""
    return Action(
        transaction_key=key,
        promo=Promo(amount=amount, reason=reason, round_id=round_id, session_id=session_id),
    )


def tournament(key: str, amount: Money, *, session_id: str = "") -> Action:
    """A tournament prize, to cash."""
    return Action(transaction_key=key, tournament=Tournament(amount=amount, session_id=session_id))


def jackpot(key: str, amount: Money, *, round_id: str = "", session_id: str = "") -> Action:
    """A jackpot that is not part of a win, to cash."""
    return Action(transaction_key=key, jackpot=Jackpot(amount=amount, round_id=round_id, session_id=session_id))


def free_spin(key: str, amount: Money, grant_id: str, *, round_id: str = "", session_id: str = "") -> Action:
    """The result of one free spin. The provider account says whether spins pay."""
    spin = FreeRoundSpin(grant_id=grant_id, amount=amount, round_id=round_id, session_id=session_id)
    return Action(transaction_key=key, free_round_spin=spin)


def free_bet(
    key: str, currency_code: str, grant_id: str, *, round_id: str, session_id: str, shared: bool = False
) -> Action:
    """A free spin begins. It takes nothing. `shared`: its result may have the same id, so it is kept under a name of its own."""
    nothing = Money(currency_code=currency_code, amount="0")
    return free_spin(begun(key) if shared else key, nothing, grant_id, round_id=round_id, session_id=session_id)


def begun(key: str) -> str:
    """The ledger's key of the beginning of a free spin, where the result may have the same id."""
    return f"begun:{key}"


def free_total(key: str, amount: Money, grant_id: str, *, session_id: str = "") -> Action:
    """The sum of a grant's results. The provider account says whether it pays."""
    total = FreeRoundTotal(grant_id=grant_id, amount=amount, session_id=session_id)
    return Action(transaction_key=key, free_round_total=total)


def tip(key: str, amount: Money, *, session_id: str, game_id: str = "") -> Action:
    """A dealer's tip."""
    return Action(transaction_key=key, tip=Tip(amount=amount, session_id=session_id, game_id=game_id))
