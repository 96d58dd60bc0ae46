"""Wallets with one mistake each, as real wallets have made them. They stand behind a real HTTP door."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pitboss_reference_wallet.book import Answer, Book, Money
from pitboss_reference_wallet.door import Door
from pitboss_reference_wallet.http_server import JsonServer
from pitboss_reference_wallet.service import Wallet
from pitboss_sdk.request_signature import Verifier


class Forgetful(Book):
    """Books a repeated debit again, under a key of its own making."""

    made = 0

    def debit(self, player: str, key: str, money: Money, **more: Any) -> Answer:
        self.made += 1
        return super().debit(player, f"{key}#{self.made}" if self.known("debit", player, key) else key, money, **more)


class SoftHearted(Book):
    """Takes a stake that was refused before, once the money is there."""

    def debit(self, player: str, key: str, money: Money, **more: Any) -> Answer:
        known = self.known("debit", player, key)
        if known is not None and known.outcome == "INSUFFICIENT_FUNDS":
            key = f"{key}#again"
        return super().debit(player, key, money, **more)


class Trusting(Book):
    """Looks at a key and at nothing else: other content gets the stored answer."""

    def debit(self, player: str, key: str, money: Money, **more: Any) -> Answer:
        return super().debit(player, key, money, **{**more, "content": "any"})


class Stubborn(Book):
    """Does not remember the cancel of a debit it never saw."""

    def cancel(self, player: str, key: str, debit_key: str) -> Answer:
        if self.known("debit", player, debit_key) is None:
            return Answer(number=0, outcome="TOMBSTONED", money=None, cash_now=None, replayed=True)
        return super().cancel(player, key, debit_key)


class Strict(Book):
    """Pays no blocked player."""

    def credit(self, player: str, key: str, money: Money, *, content: str) -> Answer:
        with self._transaction() as db:
            blocked = db.execute("SELECT max(blocked) FROM player WHERE id = ?", (player,)).fetchone()[0]
        if blocked:
            return Answer(number=0, outcome="PLAYER_BLOCKED", money=money, cash_now=None)
        return super().credit(player, key, money, content=content)


class Generous(Book):
    """Gives a stake back for every cancel with a new key."""

    def cancel(self, player: str, key: str, debit_key: str) -> Answer:
        with self._transaction() as db:
            db.execute("UPDATE answer SET cancelled = 0 WHERE key = ?", (debit_key,))
        return super().cancel(player, key, debit_key)


class Hasty(Book):
    """Reads the balance, and writes what it should then be, in two transactions."""

    def debit(self, player: str, key: str, money: Money, **more: Any) -> Answer:
        before = self.cash(player, money.currency)
        answer = super().debit(player, key, money, **more)
        if answer.outcome == "OK" and not answer.replayed and before is not None and before >= money.minor:
            _meet()
            with self._transaction() as db:
                _set_cash(db, player, Money(currency=money.currency, minor=before - money.minor))
        return answer


class Rounding(Wallet):
    """Rounds what does not fit."""

    def money(self, text: str, currency: str) -> Money | None:
        whole, point, fraction = text.partition(".")
        return super().money(whole + point + fraction[:2], currency)


class Open(Verifier):
    """Believes everybody."""

    def check(self, header: str | None, method: str, body: bytes, now_s: float) -> None:
        del header, method, body, now_s


_meeting = threading.Barrier(2)


def _meet() -> None:
    """Give another debit the chance to be read before this one is written."""
    with contextlib.suppress(threading.BrokenBarrierError):
        _meeting.wait(0.05)
    _meeting.reset()


def _set_cash(db: sqlite3.Connection, player: str, money: Money) -> None:
    changing = "UPDATE player SET cash = ? WHERE id = ? AND currency = ?"
    db.execute(changing, (money.minor, player, money.currency))


@contextlib.contextmanager
def running(
    folder: Path, verifier: Verifier, *, book: type[Book] = Book, wallet: type[Wallet] = Wallet
) -> Iterator[str]:
    """The base address of a wallet with three players."""
    kept = book(folder / "wallet.db")
    for player in ("ada", "bob", "eve"):
        kept.put_player(player, Money(currency="EUR", minor=0))
    kept.block("eve", blocked=True)
    server = JsonServer(("127.0.0.1", 0), Door(wallet=wallet(kept, {"EUR": 2, "GBP": 2}), verifier=verifier))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        kept.close()


MISTAKES: dict[str, tuple[dict[str, Any], Callable[[Any], Verifier] | None, set[str]]] = {
    "books a repeated debit again": ({"book": Forgetful}, None, {"D02", "D07", "I02", "J09", "A08", "E01", "F01"}),
    "takes a refused stake later": ({"book": SoftHearted}, None, {"D29"}),
    "looks at the key alone": ({"book": Trusting}, None, {"D03", "D05", "D05b"}),
    "forgets an early cancel": ({"book": Stubborn}, None, {"F03", "F04", "F05"}),
    "pays no blocked player": ({"book": Strict}, None, {"E10", "D17b"}),
    "gives back for each cancel": ({"book": Generous}, None, {"F02b"}),
    "writes an old balance": ({"book": Hasty}, None, {"I01"}),
    "rounds": ({"wallet": Rounding}, None, {"D12"}),
    "believes everybody": ({}, Open, {"A02", "A03", "A04", "A05", "A07", "A08"}),
}
"""What is wrong, how to make it, and the cases that must show it."""
