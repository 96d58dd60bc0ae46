"""Accounts against their transfers, and the books against zero."""

from __future__ import annotations

from collections import defaultdict

from mesh.verify.findings import Findings
from mesh.verify.tables import Account, Class, Names, Shard, Transfer


class Balances:
    """Every account has moved by exactly its transfers, and each transfer says the balances that it left."""

    def __init__(self, shard: Shard) -> None:
        self._accounts = shard.accounts
        self._cash = {
            (account.player_id, account.asset_id): account.id
            for account in shard.accounts.values()
            if account.account_class == Class.CASH
        }
        self._debits: dict[int, int] = defaultdict(int)
        self._credits: dict[int, int] = defaultdict(int)
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """Post both sides."""
        if transfer.moved is not None and transfer.debit_id is not None and transfer.credit_id is not None:
            self._debits[transfer.debit_id] += transfer.moved
            self._credits[transfer.credit_id] += transfer.moved
            self._compare(transfer, transfer.debit_id, transfer.debit_after)
            self._compare(transfer, transfer.credit_id, transfer.credit_after)
        if transfer.available is not None:
            self._compare_available(transfer)

    def _compare(self, transfer: Transfer, account_id: int, told: str | None) -> None:
        balance = self._balance(account_id)
        if told != str(balance):
            self.findings.add(
                f"{_at(transfer)}: it says that account {account_id} has {told} afterwards, its transfers say {balance}"
            )
        account = self._accounts.get(account_id)
        if account is None or account.player_id is None:
            return
        if balance > 0 if account.account_class == Class.RECEIVABLE else balance < 0:
            self.findings.add(f"{_at(transfer)}: account {account_id} is on the wrong side of zero: {balance}")

    def _compare_available(self, transfer: Transfer) -> None:
        account_id = self._cash.get((transfer.player_id, transfer.asset_id or 0))
        balance = 0 if account_id is None else self._balance(account_id)
        if transfer.available != balance:
            self.findings.add(
                f"{_at(transfer)}: it says {transfer.available} are available, the transfers say {balance}"
            )

    def _balance(self, account_id: int) -> int:
        return self._credits[account_id] - self._debits[account_id]

    def end(self) -> None:
        """Compare the table."""
        self.findings.looked_at += len(self._accounts)
        for account in self._accounts.values():
            moved = (self._debits.pop(account.id, 0), self._credits.pop(account.id, 0))
            if moved != (account.debits, account.credits):
                self.findings.add(
                    f"account {account.id}: the table says -{account.debits} +{account.credits}, "
                    f"its transfers say -{moved[0]} +{moved[1]}"
                )
        for account_id in sorted({*self._debits, *self._credits}):
            self.findings.add(f"account {account_id}: it has transfers and is in no table")


class Scopes:
    """A posting stays with one licensee, one currency and the player it is for."""

    def __init__(self, shard: Shard) -> None:
        self._accounts = shard.accounts
        self._players = shard.players
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """Look at both sides."""
        player = self._players.get(transfer.player_id)
        if player is None or player.licensee_id != transfer.licensee_id:
            self.findings.add(f"{_at(transfer)}: its player is not one of its licensee's")
        if transfer.moved is None:
            return
        self.findings.looked_at += 1
        sides = [self._accounts.get(side) for side in (transfer.debit_id or 0, transfer.credit_id or 0)]
        if not all(account is not None and _belongs(account, transfer) for account in sides):
            self.findings.add(f"{_at(transfer)}: an account of it has another owner, licensee or currency")


def _belongs(account: Account, transfer: Transfer) -> bool:
    owner = (transfer.player_id, None)
    return (
        account.licensee_id == transfer.licensee_id
        and account.asset_id == transfer.asset_id
        and account.player_id in owner
    )


def books(shard: Shard, names: Names) -> Findings:
    """All accounts of a currency together are worth nothing: what one has, another owes."""
    sums: dict[tuple[int, int], int] = defaultdict(int)
    for account in shard.accounts.values():
        sums[account.licensee_id, account.asset_id] += account.credits - account.debits
    findings = Findings(looked_at=len(sums))
    for (licensee_id, asset_id), total in sorted(sums.items()):
        if total:
            code = names.asset(asset_id).code
            findings.add(f"shard {shard.head.shard}: {names.licensee(licensee_id)} {code} sums to {total}")
    return findings


def _at(transfer: Transfer) -> str:
    return f"{transfer.shard}-{transfer.sequence}"
