"""The way of a stake to a licensee's own wallet and back. For every other action this is the engine itself."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace

from mesh import failpoints
from mesh.errors import DependencyDownError, MeshError
from pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract
from wallet_svc.domain import owing
from wallet_svc.domain.commands import BetAndWin, Cancel, Command
from wallet_svc.domain.decide import split
from wallet_svc.domain.state import Asset, Entry
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome
from wallet_svc.engine import Answer, Engine, joined
from wallet_svc.own_wallets import messages
from wallet_svc.own_wallets.client import Client
from wallet_svc.own_wallets.directory import Directory
from wallet_svc.own_wallets.doors import NoAnswerError
from wallet_svc.own_wallets.working import Finding, Worker
from wallet_svc.store.reading import PlayerRow

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 0.1
_SETTLED = (Outcome.OK, Outcome.TOMBSTONED)


class Asking:
    """Executes commands; where a licensee's own wallet has the money, it is asked on the way."""

    def __init__(self, engine: Engine, worker: Worker, directory: Directory) -> None:
        self._engine, self._worker, self._directory = engine, worker, directory
        self._policy = worker.policy

    async def execute(self, command: Command, timeout_s: float, *, dry: bool = False) -> Answer:
        """Decide one command, as `Engine.execute`."""
        names = self._directory.names
        if names and command.licensee in names and isinstance(command.action, BetAndWin) and not dry:
            return joined(await self._in_turn(split(command), timeout_s))
        deadline = time.monotonic() + timeout_s
        answer = await self._engine.execute(self._told(command), timeout_s, dry=dry)
        if dry or not _needs_wallet(answer):
            return answer
        return await self._finish(command, answer, deadline)

    async def execute_each(self, commands: Sequence[Command], timeout_s: float) -> list[Answer]:
        """Decide many commands in order, as `Engine.execute_each`."""
        deadline = time.monotonic() + timeout_s
        if commands and commands[0].licensee in self._directory.names:
            return [await self.execute(command, max(deadline - time.monotonic(), 0.0)) for command in commands]
        return await self._finish_each(commands, await self._engine.execute_each(commands, timeout_s), deadline)

    async def execute_together(self, commands: Sequence[Command], timeout_s: float) -> list[Answer]:
        """Decide commands of one player, all or nothing, as `Engine.execute_together`."""
        deadline = time.monotonic() + timeout_s
        if commands[0].licensee not in self._directory.names:
            return await self._finish_each(commands, await self._engine.execute_together(commands, timeout_s), deadline)
        groups = [split(command) for command in commands]
        answers = iter(await self._in_turn([part for parts in groups for part in parts], timeout_s))
        grouped = [[next(answers) for _ in parts] for parts in groups]
        return [found[0] if len(found) == 1 else joined(found) for found in grouped]

    async def _finish_each(self, commands: Sequence[Command], answers: list[Answer], deadline: float) -> list[Answer]:
        """A licensee may have got its wallet since the registry was read: no intent goes out as an answer."""
        if not any(map(_needs_wallet, answers)):
            return answers
        return [
            await self._finish(command, answer, deadline) if _needs_wallet(answer) else answer
            for command, answer in zip(commands, answers, strict=True)
        ]

    def _told(self, command: Command) -> Command:
        ill = self._directory.ill
        return replace(command, reachable=False) if ill and command.licensee in ill else command

    # -- several in one message

    async def _in_turn(self, commands: Sequence[Command], timeout_s: float) -> list[Answer]:
        """One after the other, because each is a question of its own. If one is refused, the stakes before it are undone."""
        deadline = time.monotonic() + timeout_s
        answers: list[Answer] = []
        for number, command in enumerate(commands):
            answer = await self.execute(command, max(deadline - time.monotonic(), 0.0))
            answers.append(answer)
            if answer.entry.outcome not in _SETTLED:
                for earlier, done in zip(commands, answers[:-1], strict=False):
                    await self._undo(earlier, done, deadline)
                rest = [_not_applied(later, answer) for later in commands[number + 1 :]]
                return [*answers, *rest]
        return answers

    async def _undo(self, command: Command, answer: Answer, deadline: float) -> None:
        kind = answer.entry.kind
        if kind not in (Kind.BET, Kind.TIP) or answer.entry.outcome is not Outcome.OK:
            return
        undone = Cancel(bet_key=command.key, of=kind)
        cancel = replace(command, key=f"undo {answer.entry.shard}-{answer.entry.sequence}", action=undone)
        await self._engine.execute(cancel, max(deadline - time.monotonic(), 1.0))

    # -- one stake

    async def _finish(self, command: Command, answer: Answer, deadline: float) -> Answer:
        """Ask the wallet for an intent; wait for the turn of a stake that has to."""
        if isinstance(command.action, BetAndWin):
            # Nobody knew yet that its licensee has a wallet of its own: nothing was applied.
            return joined(await self._in_turn(split(command), deadline - time.monotonic()))
        pause_s = _FIRST_PAUSE_S
        while answer.entry.outcome is Outcome.IN_PROGRESS:
            left = deadline - time.monotonic() - self._policy.commit_margin_s
            if left <= pause_s:
                return answer
            await self._clear_the_way(command)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            answer = await self._engine.execute(self._told(command), left)
        if answer.entry.kind not in messages.ACTION_OF:
            return answer
        return await self._ask(command, answer, deadline)

    async def _clear_the_way(self, command: Command) -> None:
        """Deliver what the player is owed, and look up what is not known, if it is due."""
        with contextlib.suppress(MeshError):
            await self._worker.work(await self._directory.licensee(command.licensee))

    async def _ask(self, command: Command, answer: Answer, deadline: float) -> Answer:
        intent, client = answer.entry, await self._directory.client(command.licensee)
        if client is None:
            raise ValueError("a licensee without a wallet of its own has no intents")
        left = deadline - time.monotonic() - self._policy.commit_margin_s
        timeout_s = min(client.deadline_s, left)
        if timeout_s < self._policy.least_call_s:
            # Nothing was sent, and nobody but the sender of an intent sends it.
            finding: Finding | None = Finding(outcome=Outcome.NOT_APPLIED)
        else:
            finding = await self._debit(client, command, intent, timeout_s)
        if finding is None:
            finding = await self._look_up(client, command, intent, deadline)
        if finding is None:
            return _unknown(command, answer)
        # Too little time is no reason to forget what is known.
        left = max(deadline - time.monotonic(), 1.0)
        return await self._worker.conclude(command.licensee, command.player, intent, finding, left)

    async def _debit(self, client: Client, command: Command, intent: Entry, timeout_s: float) -> Finding | None:
        """What the wallet answered; None if nobody knows."""
        failpoints.here("own_wallet.debit.before")
        try:
            with self._worker.upstream.calling("Debit", intent) as call:
                reply = await client.debit(messages.debit_of(intent, command.player, command.source), timeout_s)
                call.answered, call.outcome = messages.name_of(reply.outcome), messages.taken_of(reply.outcome)
        except NoAnswerError:
            self._directory.note(client)
            return None
        failpoints.here("own_wallet.debit.after")
        outcome = call.outcome
        if outcome is None:
            return None
        return Finding(
            outcome=outcome,
            cash=messages.minor_of(reply.balance, intent.asset),
            their_id=reply.licensee_transaction_id,
            their_outcome="" if outcome is Outcome.OK else messages.name_of(reply.outcome),
        )

    async def _look_up(self, client: Client, command: Command, intent: Entry, deadline: float) -> Finding | None:
        """A reply was lost. Often there is time to ask again what became of it."""
        left = deadline - time.monotonic() - self._policy.commit_margin_s
        if left < self._policy.least_call_s:
            return None
        try:
            async with asyncio.timeout(left):
                return await self._worker.look_up(client, intent, command.player)
        except (NoAnswerError, TimeoutError):
            self._directory.note(client)
            return None

    # -- balances

    async def money(
        self, licensee: str, player: str, row: PlayerRow, asset: Asset, timeout_s: float
    ) -> tuple[int, int | None] | None:
        """A player's money, there and on the way there, and since when it is known if the wallet does not say now.

        None if the ledger keeps the money. Errors: DependencyDownError, if nothing was ever known.
        """
        # Not by the names: a process that has just started, or has not heard of a new licensee yet, has none.
        if (await self._directory.licensee(licensee)).wallet is None:
            return None
        on_the_way = row.balances.get((asset.id, AccountClass.CASH), 0)
        cash = await self._cash(licensee, player, asset, timeout_s)
        if cash is not None:
            return cash + on_the_way, None
        known = owing.restored(row.mirror).cash.get(asset.id)
        if known is None:
            raise DependencyDownError(retry_after=1.0, dependency="licensee's wallet")
        return known[0] + on_the_way, known[1]

    async def _cash(self, licensee: str, player: str, asset: Asset, timeout_s: float) -> int | None:
        client = await self._directory.client(licensee)
        if client is None:
            return None
        request = contract.GetBalanceRequest(player_id=player, currency_code=asset.code)
        try:
            reply = await client.balance(request, min(timeout_s, client.deadline_s))
        except NoAnswerError:
            self._directory.note(client)
            return None
        return messages.minor_of(reply.cash, asset)


def _needs_wallet(answer: Answer) -> bool:
    entry = answer.entry
    return entry.kind > _ORDINARY or entry.outcome is Outcome.IN_PROGRESS


_ORDINARY = 300
"""Kinds up to this are no intents."""


def _not_applied(command: Command, refused: Answer) -> Answer:
    entry = Entry(command.kind, refused.entry.source_id, command.key, Outcome.NOT_APPLIED)
    return replace(refused, entry=entry, replayed=False)


def _unknown(command: Command, answer: Answer) -> Answer:
    entry = Entry(command.kind, answer.entry.source_id, command.key, Outcome.UNKNOWN, asset=answer.asset)
    return replace(answer, entry=entry, replayed=False)
