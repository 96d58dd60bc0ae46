"""Payments that are sent twice, are too large, or pass a limit."""

from __future__ import annotations

from pitboss_demo.checks import Check, Step, all_of
from pitboss_demo.house import Guest, House, refused
from pitboss_sdk import (
    InsufficientFundsError,
    KeyConflictError,
    LimitExceededError,
    LimitKind,
    Verdict,
)


async def play(house: House) -> list[Check]:
    """All of them, with one player each."""
    guests = [await house.guest(f"payer-{number}", licensee="aurora", provider="hub88_style",
                                game="demo_live_wheel", deposit=20) for number in (1, 2, 3)]  # fmt: skip
    return [await _twice(house, guests[0]), await _limit(house, guests[1]), await _funds(house, guests[2])]


async def _twice(house: House, guest: Guest) -> Check:
    client, money = guest.home.client, guest.home.money
    first = await client.deposit(guest.name, money(5), transaction_key="twice")
    again = await client.deposit(guest.name, money(5), transaction_key="twice")
    conflict = await refused(KeyConflictError, client.deposit(guest.name, money(6), transaction_key="twice"))
    balance = (await client.balance(guest.name)).available
    house.tell("a deposit was sent twice with one key: booked once")
    return all_of(
        "a retried deposit is booked once",
        [
            Step(what="the retry got the first answer", ok=again.replayed and again.transaction_id == first.transaction_id),
            Step(what="other content under the key was refused", ok=conflict),
            Step(what=f"the balance is {balance}", ok=balance == money(25)),
        ],
    )  # fmt: skip


async def _limit(house: House, guest: Guest) -> Check:
    client, money = guest.home.client, guest.home.money
    await client.set_limit(guest.name, LimitKind.DEPOSIT, money(30), window="24h")
    stopped = await refused(LimitExceededError, client.deposit(guest.name, money(11)))
    await client.deposit(guest.name, money(10))
    raised = await client.set_limit(guest.name, LimitKind.DEPOSIT, money(100), window="24h")
    still = await refused(LimitExceededError, client.deposit(guest.name, money(1)))
    house.tell("a deposit passed its daily limit: refused")
    return all_of(
        "a deposit over its limit is refused",
        [
            Step(what="20 + 11 over 30 in 24 h was refused", ok=stopped),
            Step(what="20 + 10 was booked", ok=(await client.balance(guest.name)).available == money(30)),
            Step(what="a higher limit waits for its time", ok=raised.verdict is Verdict.SCHEDULE and still),
        ],
    )


async def _funds(house: House, guest: Guest) -> Check:
    client, money = guest.home.client, guest.home.money
    too_much = await refused(InsufficientFundsError, client.request_withdrawal(guest.name, money(21)))
    scenario = await guest.studio.scenario(guest.launch.launch_url, "too_much")
    reserved = await client.request_withdrawal(guest.name, money(12))
    await client.capture_withdrawal(guest.name, reserved.transaction_key, money("4.50"))
    await client.release_withdrawal(guest.name, reserved.transaction_key)
    balance = (await client.balance(guest.name)).available
    house.tell("a bet and a withdrawal above the balance: refused")
    return all_of(
        "what is not there cannot be staked or withdrawn",
        [
            Step(what="a withdrawal above the balance was refused", ok=too_much),
            Step(what="a bet above the balance was refused", ok=scenario["passed"]),
            Step(what="12 reserved, 4.50 paid, the rest came back", ok=balance == money("15.50")),
        ],
    )
