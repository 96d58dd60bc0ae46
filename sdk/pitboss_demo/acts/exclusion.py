"""A player excludes himself in the middle of a round."""

from __future__ import annotations

from decimal import Decimal

from pitboss_demo.checks import Check, Step, all_of
from pitboss_demo.house import Guest, House, refused
from pitboss_sdk import ComplianceDeniedError, TransactionKind, TransactionState

NAME = "excluded player's bet refused and win paid"


async def play(house: House) -> list[Check]:
    """Bet, exclude, bet again, then the win of the first bet, then the money home."""
    guest = await house.guest("walker", licensee="aurora", provider="pragmatic_style", game="lgdemo")
    url, client = guest.launch.launch_url, guest.home.client
    open_bet = await guest.studio.bet(url, "before", "10.00")
    decision = await client.exclude(guest.name, "6mo")
    house.tell(f"a player excluded himself with a bet on the table (decision {decision.decision_id})")
    late_bet = await guest.studio.bet(url, "after", "10.00")
    win = await guest.studio.win(url, "before", "10.00", "35.00")
    steps = [
        Step(what="a bet of 10 was open", ok=open_bet["belief"] == "accepted"),
        Step(what="the next bet was refused", ok=await _bet_was_refused(guest, late_bet["transaction_key"])),
        Step(what="the open bet's win of 35 was paid", ok=win["belief"] == "accepted"),
        *await _what_is_left(guest),
    ]
    house.tell("his next bet was refused, his open win was paid, his money went home")
    return [all_of(NAME, steps)]


async def _bet_was_refused(guest: Guest, key: str) -> bool:
    found = await guest.home.client.look_up(guest.name, TransactionKind.BET, key, source=guest.studio.name)
    return found.state is TransactionState.REFUSED


async def _what_is_left(guest: Guest) -> list[Step]:
    client, money = guest.home.client, guest.home.money
    balance = (await client.balance(guest.name)).available
    reserved = await client.request_withdrawal(guest.name, balance)
    await client.capture_withdrawal(guest.name, reserved.transaction_key)
    empty = (await client.balance(guest.name)).available
    game = client.create_session(
        guest.name, provider=guest.studio.name, game_id="lgdemo", currency_code=guest.home.currency
    )
    return [
        Step(what=f"{balance} were withdrawn", ok=(balance, empty) == (money(75), money(Decimal(0)))),
        Step(what="a deposit was refused", ok=await refused(ComplianceDeniedError, client.deposit(guest.name, money(5)))),
        Step(what="a new game was refused", ok=await refused(ComplianceDeniedError, game)),
    ]  # fmt: skip
