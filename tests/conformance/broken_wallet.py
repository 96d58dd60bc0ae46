"""Licensees' wallets with one mistake each, which only shows when answers are lost. They stand behind a real HTTP door."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from mesh.request_signature import Signer
from pitboss_reference_wallet.book import Answer, Book, Money
from pitboss_reference_wallet.control import ControlServer
from pitboss_reference_wallet.door import Door
from pitboss_reference_wallet.http_server import JsonServer
from pitboss_reference_wallet.service import Wallet
from pitboss_sdk.request_signature import Verifier


class Lossy(Book):
    """Says yes to a credit, and books nothing."""

    def credit(self, player: str, key: str, money: Money, *, content: str) -> Answer:
        return super().credit(player, key, Money(currency=money.currency, minor=0), content=content)


class Doubling(Book):
    """Books a repeated credit again."""

    made = 0

    def credit(self, player: str, key: str, money: Money, *, content: str) -> Answer:
        self.made += 1
        repeated = self.known("credit", player, key) is not None
        return super().credit(player, f"{key}#{self.made}" if repeated else key, money, content=content)


class Keeping(Book):
    """Says yes to a cancel, and keeps the stake."""

    def cancel(self, player: str, key: str, debit_key: str) -> Answer:
        known = self.known("debit", player, debit_key)
        if known is None:
            return super().cancel(player, key, debit_key)
        return Answer(number=0, outcome="OK", money=known.money, cash_now=None, replayed=True)


class Blind(Book):
    """Knows of no transaction when it is asked."""

    def known(self, method: str, player: str, key: str) -> Answer | None:
        del method, player, key
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcess:
    """A wallet in this process, and its doors."""

    doors: dict[str, int]

    def control(self, what: str, **said: Any) -> dict[str, Any]:
        """Its control door."""
        answer = httpx.post(f"http://127.0.0.1:{self.doors['control']}/control/{what}", json=said, timeout=20)
        answer.raise_for_status()
        return dict(answer.json())


@contextlib.contextmanager
def serving(folder: Path, signer: Signer, book: type[Book]) -> Iterator[InProcess]:
    """The wallet on a book with a mistake."""
    kept = book(folder / "wallet.db")
    verifier = Verifier({signer.key_id: signer.key.public_key()})
    door = Door(wallet=Wallet(kept, {"EUR": 2, "GBP": 2}), verifier=verifier)
    servers = {"json": JsonServer(("127.0.0.1", 0), door), "control": ControlServer(("127.0.0.1", 0), door)}
    for server in servers.values():
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield InProcess(doors={name: server.server_port for name, server in servers.items()})
    finally:
        for server in servers.values():
            server.shutdown()
            server.server_close()
        kept.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletMistake:
    """One mistake, the cases that must show it, and cases that must not be bothered by it."""

    book: type[Book]
    shown: frozenset[str]
    innocent: frozenset[str]


WALLET_MISTAKES = {
    "pays nothing": WalletMistake(
        book=Lossy, shown=frozenset({"J05b", "J12", "L07"}), innocent=frozenset({"J01", "J10"})
    ),
    "pays twice": WalletMistake(book=Doubling, shown=frozenset({"J05b"}), innocent=frozenset({"J01", "L07"})),
    "keeps stakes": WalletMistake(book=Keeping, shown=frozenset({"J11"}), innocent=frozenset({"J02c", "J05", "J10"})),
    "knows nothing": WalletMistake(book=Blind, shown=frozenset({"J02c"}), innocent=frozenset({"J05", "J10", "L07"})),
}
