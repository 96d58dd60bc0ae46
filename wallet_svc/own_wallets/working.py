"""Working off what a licensee's own wallet has not answered: outcomes that nobody knows, credits and cancels.

Any number of processes may work on the same calls. What decides is the log: an intent is concluded once, and a delivery is
noted once, whoever was faster; and the licensee's wallet gives the same answer to the same key.
"""

import asyncio
import contextlib
from dataclasses import dataclass, replace

from mesh import failpoints, logs
from mesh.clock import Clock
from mesh.errors import MeshError
from mesh.identity import PLATFORM
from mesh.money import to_text
from pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract
from pitboss.type.v1 import money_pb2
from wallet_svc.domain import owing
from wallet_svc.domain.commands import Command, Conclude, Deliver, MoneyText
from wallet_svc.domain.state import Entry, Licensee
from wallet_svc.domain.vocabulary import Outcome
from wallet_svc.engine import Answer, Engine
from wallet_svc.own_wallets import messages
from wallet_svc.own_wallets.client import Client
from wallet_svc.own_wallets.directory import Directory
from wallet_svc.own_wallets.doors import NoAnswerError
from wallet_svc.own_wallets.policy import POLICY, Policy
from wallet_svc.store.calls import PendingCall, PendingCalls
from wallet_svc.upstream import Upstream

log = logs.get(__name__)

_AT_ONCE = 32
_COMMIT_S = 5.0
_REFRESH_S = 1.0
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is known of an intent."""

    outcome: Outcome
    undo: bool = False
    cash: int | None = None
    their_id: str = ""
    their_outcome: str = ""


_UNDO = Finding(outcome=Outcome.NOT_APPLIED, undo=True)


class Worker:
    """Looks up, undoes and delivers."""

    def __init__(
        self,
        engine: Engine,
        calls: PendingCalls,
        directory: Directory,
        clock: Clock,
        upstream: Upstream,
        *,
        policy: Policy = POLICY,
    ) -> None:
        self._engine, self._calls, self._directory, self._clock = engine, calls, directory, clock
        self.upstream = upstream
        self.policy = policy
        self._news = asyncio.Event()
        engine.on_calls = self._news.set

    # -- the loop

    async def run(self) -> None:
        """Work until cancelled: one task for each licensee, so that none waits for another's wallet."""
        tasks: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                with contextlib.suppress(MeshError):
                    for licensee in await self._directory.refresh():
                        if licensee.name not in tasks:
                            tasks[licensee.name] = group.create_task(self._serve(licensee))
                await asyncio.sleep(_REFRESH_S)

    async def _serve(self, licensee: Licensee) -> None:
        while True:
            worked = False
            try:
                worked = await self.work(licensee)
                await self._look_after(licensee)
            except MeshError as error:
                log.warning("own wallet has to wait", licensee=licensee.name, error=error)
            except Exception as fault:  # noqa: BLE001 - one bad call must not end the others
                log.error("own wallet cannot be worked for", licensee=licensee.name, error=fault)  # noqa: TRY400 - it writes the trace of `error`
            if not worked:
                # Not `wait_for`: before Python 3.12 it swallows a cancellation that comes together with the news.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.policy.poll_s):
                        await self._news.wait()
                self._news.clear()

    async def _look_after(self, licensee: Licensee) -> None:
        """Find out whether a wallet that did not answer is back, although nothing may be due for it."""
        client = await self._directory.client(licensee.name)
        if client is None or licensee.name not in self._directory.ill:
            return
        with contextlib.suppress(NoAnswerError):
            await client.ping()
        await self._note(client, licensee)

    async def _note(self, client: Client, licensee: Licensee) -> None:
        if self._directory.note(client):
            await self._calls.hurry(licensee.id, self._clock.now_us())

    async def work(self, licensee: Licensee, player_id: int | None = None) -> bool:
        """Do once what is due. Whether there was anything."""
        client = await self._directory.client(licensee.name)
        if client is None:
            return False
        now_us = self._clock.now_us()
        # Longer than any call takes, so that usually nobody else asks the same meanwhile. Nothing depends on that.
        until_us = now_us + 2 * client.wallet.deadline_us + 2 * _SECOND_US
        due = await self._calls.claim(
            licensee.id, now_us=now_us, until_us=until_us, limit=_AT_ONCE, player_id=player_id
        )
        await asyncio.gather(*(self._one(client, licensee, call) for call in due))
        return bool(due)

    async def _one(self, client: Client, licensee: Licensee, call: PendingCall) -> None:
        try:
            if call.entry.kind in messages.ACTION_OF:
                await self._resolve(client, call)
            else:
                await self._deliver(client, call)
        except NoAnswerError as error:
            await self._later(call, str(error))
        except MeshError as error:
            await self._later(call, error.reason)
        await self._note(client, licensee)

    async def _later(self, call: PendingCall, error: str) -> None:
        next_us = self._clock.now_us() + self.policy.wait_us(call.attempts)
        await self._calls.postpone(call, next_us, error)

    # -- intents

    async def _resolve(self, client: Client, call: PendingCall) -> None:
        try:
            finding = await self.look_up(client, call.entry, call.player)
        except NoAnswerError:
            if self._clock.now_us() < call.created_us + int(self.policy.give_up_s * _SECOND_US):
                raise
            finding = _UNDO
        await self.conclude(client.licensee, call.player, call.entry, finding)

    async def look_up(self, client: Client, intent: Entry, player: str) -> Finding:
        """What the wallet knows of an intent. What it does not know is undone. Errors: NoAnswerError."""
        failpoints.here("own_wallet.look_up.before")
        with self.upstream.calling("GetTransaction", intent) as call:
            found = await client.look_up(messages.question_of(intent, player))
            call.answered = messages.state_name(found.state)
            finding = self._read(found, intent)
            call.outcome = finding.outcome
        failpoints.here("own_wallet.look_up.after")
        return finding

    def _read(self, found: contract.GetTransactionResponse, intent: Entry) -> Finding:
        """What an answer says of an intent. Errors: NoAnswerError."""
        if found.state == contract.KNOWN_STATE_APPLIED:
            taken = messages.minor_of(found.amount, intent.asset)
            if found.cancelled or taken != intent.amount:
                # What it took is not what was asked for: nothing of that is ours.
                return _UNDO
            return Finding(outcome=Outcome.OK)
        if found.state == contract.KNOWN_STATE_REFUSED:
            refused = messages.said(found.outcome)
            outcome = Outcome.NOT_APPLIED if refused is None else messages.refusal_of(refused)
            return Finding(outcome=outcome, their_outcome=messages.name_of(found.outcome))
        if found.state == contract.KNOWN_STATE_TOMBSTONED:
            return Finding(outcome=Outcome.NOT_APPLIED, their_outcome=messages.name_of(found.outcome))
        if found.state == contract.KNOWN_STATE_UNKNOWN:
            return _UNDO
        raise NoAnswerError("a state that is none")

    async def conclude(
        self, licensee: str, player: str, intent: Entry, finding: Finding, timeout_s: float = _COMMIT_S
    ) -> Answer:
        """Commit what is known of an intent. If it was concluded before, that conclusion is the answer."""
        action = Conclude(
            intent=intent.sequence,
            of=messages.ACTION_OF[intent.kind],
            ref=intent.key or "",
            outcome=finding.outcome,
            undo=finding.undo,
            cash=finding.cash,
            their_id=finding.their_id[:128],
            their_outcome=finding.their_outcome,
        )
        source = await self._directory.source_name(intent.source_id)
        key = str(intent.sequence)
        command = Command(licensee, source, player, key, action, intent.request_id, caller=PLATFORM)
        failpoints.here("own_wallet.conclude.before")
        answer = await self._engine.execute(command, timeout_s)
        failpoints.here("own_wallet.conclude.after")
        return answer

    # -- what is owed

    async def _deliver(self, client: Client, call: PendingCall) -> None:
        failpoints.here("own_wallet.deliver.before")
        entry = call.entry
        source = await self._directory.source_name(entry.source_id)
        if owing.is_close_only(entry):
            await self._end_round(client, call, source)
            return
        cancelled = messages.is_cancel(entry)
        intent = (entry.details or {}).get("intent") if cancelled else None
        with self.upstream.calling("Cancel" if cancelled else "Credit", entry, intent=intent) as noted:
            told, money, their_id, stands = await self._tell(client, call, source)
            noted.answered = messages.name_of(told)
            outcome = messages.said(told)
            if outcome is None:
                raise NoAnswerError(messages.name_of(told))
            done = stands and outcome in (Outcome.OK, Outcome.TOMBSTONED)
            # What it refuses stays owed, and nothing else was decided.
            noted.outcome = Outcome.OK if done else None
        failpoints.here("own_wallet.deliver.after")
        asset, moved = entry.asset, messages.owed_minor(entry)
        action = Deliver(
            owed=entry.sequence,
            money=None if asset is None else MoneyText(asset.code, to_text(moved, asset.exponent)),
            amount=moved,
            refused="" if done else messages.name_of(told),
            cash=messages.minor_of(money, asset),
            their_id=their_id[:128],
        )
        if done and owing.closes(entry) and not await self._close(client, call, source):
            action = replace(action, closing="owed", round=entry.round or "")
        await self._note_delivery(client, call, source, action)
        if not done:
            log.error(
                "own wallet refused a credit", licensee=client.licensee, call=call.key, said=messages.name_of(told)
            )

    async def _end_round(self, client: Client, call: PendingCall, source: str) -> None:
        """Tell of the end of a round. A wallet that answers otherwise and never takes this is not asked for ever."""
        action = Deliver(owed=call.entry.sequence, closing="told")
        try:
            await self._told_end(client, call, source)
        except NoAnswerError as error:
            given_up_us = call.created_us + int(self.policy.round_end_give_up_s * _SECOND_US)
            if client.is_ill or self._clock.now_us() < given_up_us:
                raise
            await self._later(call, str(error))
            log.warning(
                "own wallet never took the end of a round", licensee=client.licensee, call=call.key, said=str(error)
            )
            action = replace(action, refused="NO_ANSWER")
        failpoints.here("own_wallet.deliver.after")
        await self._note_delivery(client, call, source, action)

    async def _tell(self, client: Client, call: PendingCall, source: str) -> tuple[int, money_pb2.Money, str, bool]:
        """Outcome, cash there, their id, and whether the outcome can be true."""
        entry = call.entry
        if messages.is_cancel(entry):
            undone = await client.cancel(messages.cancel_of(entry, call.player))
            # What it is said to have taken it must be able to undo; what nobody knows it may not have taken.
            stands = not entry.moved or undone.outcome != Outcome.TOMBSTONED.value
            return undone.outcome, undone.balance, "", stands
        paid = await client.credit(messages.credit_of(entry, call.player, source))
        return paid.outcome, paid.balance, paid.licensee_transaction_id, True

    async def _close(self, client: Client, call: PendingCall, source: str) -> bool:
        """Tell of the end of a round right after its money. What is booked does not wait for that."""
        try:
            await self._told_end(client, call, source)
        except NoAnswerError:
            return False
        return True

    async def _told_end(self, client: Client, call: PendingCall, source: str) -> None:
        with self.upstream.calling("CloseRound", call.entry) as noted:
            await client.close_round(messages.close_of(call.entry, call.player, source))
            noted.answered, noted.outcome = "taken", Outcome.OK

    async def _note_delivery(self, client: Client, call: PendingCall, source: str, action: Deliver) -> None:
        entry = call.entry
        key = str(entry.sequence)
        command = Command(client.licensee, source, call.player, key, action, entry.request_id, caller=PLATFORM)
        noted = await self._engine.execute(command, _COMMIT_S)
        if action.refused and noted.replayed:
            # Somebody asked for one more attempt, and the answer was the same.
            await self._calls.stick(call)
        failpoints.here("own_wallet.deliver.noted")
