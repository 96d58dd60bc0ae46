"""A wallet process is killed while bets and deposits are under way, and started again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from pitboss_demo.checks import Check, Step, all_of
from pitboss_demo.house import House
from pitboss_demo.licensee import Licensee
from pitboss_sdk import PitbossError, Receipt, TransactionKind, TransactionState

NAME: Final = "nothing acknowledged lost over the kill"
VICTIM: Final = "wallet_svc-1"
_TELLERS: Final = 6
_PAUSE_S: Final = 0.02


@dataclass(slots=True)
class Cashier:
    """Deposits, one after the other, until told to stop; keeps every receipt."""

    home: Licensee
    player: str
    receipts: list[tuple[float, Receipt]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    async def work(self, stop: asyncio.Event) -> None:
        """Deposit without end."""
        number = 0
        while not stop.is_set():
            number += 1
            key = f"{self.player}-{number}"
            call = self.home.client.deposit(self.player, self.home.money("0.10"), transaction_key=key)
            try:
                receipt = await self.home.tally.time("deposit", call)
                self.receipts.append((time.monotonic(), receipt))
            except PitbossError as error:
                self.failures.append(str(error))
            await asyncio.sleep(_PAUSE_S)

    async def lost(self) -> list[str]:
        """Keys of acknowledged deposits that the ledger does not have as acknowledged."""
        missing = []
        for _, receipt in self.receipts:
            key = receipt.transaction_key
            found = await self.home.client.look_up(self.player, TransactionKind.DEPOSIT, key)
            same = (found.state, found.transaction_id) == (TransactionState.APPLIED, receipt.transaction_id)
            missing += [] if same else [key]
        return missing


async def play(house: House) -> list[Check]:
    """Kill, wait, restart, and look for every receipt."""
    cashiers = [await _hire(house, number) for number in range(_TELLERS)]
    stop = asyncio.Event()
    work = [asyncio.create_task(cashier.work(stop)) for cashier in cashiers]
    await asyncio.sleep(0.7)
    killed, back = await _kill(house)
    await asyncio.sleep(0.7)
    stop.set()
    await asyncio.gather(*work)
    return [await _judge(cashiers, killed, back)]


async def _hire(house: House, number: int) -> Cashier:
    home = house.licensees["aurora" if number % 2 else "borealis"]
    player = f"saver-{number}"
    await home.client.open_account(player, home.currency, born_on=date(1970, 5, 17))
    return Cashier(home=home, player=player)


async def _kill(house: House) -> tuple[float, float]:
    """When it died and when it was ready again."""
    killed = time.monotonic()
    await asyncio.to_thread(house.stack.kill, VICTIM)
    house.tell(f"kill -9 {VICTIM} with bets and deposits under way")
    await asyncio.sleep(0.5)
    await asyncio.to_thread(house.stack.restart, VICTIM)
    back = time.monotonic()
    house.tell(f"{VICTIM} is back after {back - killed:.1f} s")
    return killed, back


async def _judge(cashiers: list[Cashier], killed: float, back: float) -> Check:
    lost = [key for each in await asyncio.gather(*(cashier.lost() for cashier in cashiers)) for key in each]
    receipts = [at for cashier in cashiers for at, _ in cashier.receipts]
    meanwhile = sum(killed <= at <= back for at in receipts)
    failures = [failure for cashier in cashiers for failure in cashier.failures]
    sums = [await _sum_is_right(cashier) for cashier in cashiers]
    return all_of(
        NAME,
        [
            Step(what=f"{len(receipts)} deposits acknowledged, all found" + "".join(f" {key}" for key in lost[:3]),
                 ok=not lost and len(receipts) > 0),
            Step(what=f"{meanwhile} of them while the process was dead", ok=meanwhile > 0),
            Step(what=f"no deposit failed{': ' + failures[0] if failures else ''}", ok=not failures),
            Step(what="every balance is the sum of its receipts", ok=all(sums)),
        ],
    )  # fmt: skip


async def _sum_is_right(cashier: Cashier) -> bool:
    balance = (await cashier.home.client.balance(cashier.player)).available
    return balance.amount * 10 == len(cashier.receipts)
