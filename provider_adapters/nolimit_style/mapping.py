"""Their calls to our actions. Pure."""

from pitboss.wallet.v1.action_pb2 import Action, Bet, Cancel, Win
from provider_adapters._kit import gifts
from provider_adapters._kit.ports import Device, Game, Launch
from provider_adapters.nolimit_style import wire
from provider_adapters.nolimit_style.amounts import to_money

CATEGORIES = frozenset({"slot", "table", "live"})


def bet_action(message: wire.Withdraw, session_id: str) -> Action:
    """A stake of the session that was resolved from the token."""
    about = message.information
    bet = Bet(round_id=about.gameRoundId, game_id=about.game, session_id=session_id)
    bet.amount.CopyFrom(to_money(message.withdraw.amount, message.withdraw.currency))
    return Action(transaction_key=about.uniqueReference, bet=bet)


def free_bet_action(message: wire.Withdraw, session_id: str) -> Action:
    """Promotional play begins: its stake is a present, and nothing is taken."""
    about, given = message.information, message.promoName or ""
    to_money(message.withdraw.amount, message.withdraw.currency)
    return gifts.free_bet(
        about.uniqueReference,
        message.withdraw.currency,
        given,
        round_id=about.gameRoundId,
        session_id=session_id,
        shared=True,
    )


def free_spin_action(message: wire.Deposit, session_id: str) -> Action:
    """The result of promotional play."""
    about, given = message.information, message.promoName or ""
    amount = to_money(message.deposit.amount, message.deposit.currency)
    return gifts.free_spin(about.uniqueReference, amount, given, round_id=about.gameRoundId, session_id=session_id)


def win_action(message: wire.Deposit, session_id: str) -> Action:
    """A result of all live bets of the round: the wire names no bet, and never says that a round is over."""
    about = message.information
    win = Win(round_id=about.gameRoundId, game_id=about.game, session_id=session_id)
    win.amount.CopyFrom(to_money(message.deposit.amount, message.deposit.currency))
    return Action(transaction_key=about.uniqueReference, win=win)


def cancel_action(message: wire.Rollback, session_id: str) -> Action:
    """The withdraw of the same reference undone."""
    about = message.information
    cancel = Cancel(bet_key=about.uniqueReference, round_id=about.gameRoundId, session_id=session_id)
    return Action(transaction_key=about.uniqueReference, cancel=cancel)


def launch_params(launch: Launch) -> dict[str, str]:
    """The params of a launch."""
    return {
        "userId": str(launch.player),
        "token": launch.token,
        "game": launch.game_id,
        "currency": launch.currency_code,
        "language": launch.language,
        "device": "mobile" if launch.device is Device.MOBILE else "desktop",
        "lobbyUrl": launch.lobby_url,
    }


def catalog(rows: list[wire.GameRow]) -> tuple[Game, ...]:
    """The games whose category we know: the law depends on it."""
    return tuple(
        Game(game_id=row.id, title=row.name, category=row.type, enabled=row.enabled)
        for row in rows
        if row.type in CATEGORIES
    )
