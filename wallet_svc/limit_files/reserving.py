"""The way of a deposit by the limit files that its law asks. For every other action this is what stands behind it."""

import contextlib
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from mesh import failpoints
from mesh.clock import Clock
from mesh.errors import DeadlineExceededError, MeshError
from mesh.money import AmountError, to_minor
from wallet_svc.domain.commands import Answers, Command, Deposit
from wallet_svc.domain.fingerprint import fingerprint
from wallet_svc.domain.state import Asset
from wallet_svc.domain.vocabulary import Kind
from wallet_svc.engine import Answer
from wallet_svc.errors import PlayerNotFoundError, ProviderNotFoundError
from wallet_svc.limit_files.client import FileClient, Heard
from wallet_svc.limit_files.resolving import Resolver
from wallet_svc.own_wallets.asking import Asking
from wallet_svc.queries import Queries
from wallet_svc.store.reading import PlayerRow
from wallet_svc.store.reserved import Reserved

_COMMIT_MARGIN_S = 1.0
"""Of the caller's time, what is kept to commit the answer."""
_LEAST_CALL_S = 0.05
_SILENT = "SILENT"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A command with what the files said, and what may count in them now."""

    command: Command
    reserved: tuple[Reserved, ...] = ()


class Reserving:
    """Executes commands; a deposit for which the law wants the word of limit files gets it on the way."""

    def __init__(
        self,
        asking: Asking,
        queries: Queries,
        files: Mapping[str, FileClient],
        resolver: Resolver,
        clock: Clock,
        *,
        timeout_s: float,
    ) -> None:
        self._asking = asking
        self._queries = queries
        self._files = files
        self._resolver = resolver
        self._clock = clock
        self._timeout_s = timeout_s
        self.money = asking.money

    async def execute(self, command: Command, timeout_s: float, *, dry: bool = False) -> Answer:
        """Decide one command, as `Engine.execute`."""
        if not self._files or type(command.action) is not Deposit:
            return await self._asking.execute(command, timeout_s, dry=dry)
        deadline = time.monotonic() + timeout_s
        asked = await self._ask(command, deadline, dry=dry)
        answer = await self._asking.execute(asked.command, _left(deadline), dry=dry)
        await self._settle(asked, answer)
        return answer

    async def execute_each(self, commands: Sequence[Command], timeout_s: float) -> list[Answer]:
        """Decide many commands in order, as `Engine.execute_each`."""
        if not self._concern(commands):
            return await self._asking.execute_each(commands, timeout_s)
        deadline = time.monotonic() + timeout_s
        asked = await self._ask_each(commands, deadline)
        answers = await self._asking.execute_each([one.command for one in asked], _left(deadline))
        await self._settle_each(asked, answers)
        return answers

    async def execute_together(self, commands: Sequence[Command], timeout_s: float) -> list[Answer]:
        """Decide commands of one player, all or nothing, as `Engine.execute_together`."""
        if not self._concern(commands):
            return await self._asking.execute_together(commands, timeout_s)
        deadline = time.monotonic() + timeout_s
        asked = await self._ask_each(commands, deadline)
        answers = await self._asking.execute_together([one.command for one in asked], _left(deadline))
        await self._settle_each(asked, answers)
        return answers

    def _concern(self, commands: Sequence[Command]) -> bool:
        return bool(self._files) and any(type(command.action) is Deposit for command in commands)

    async def _ask_each(self, commands: Sequence[Command], deadline: float) -> list[_Asked]:
        """In order, and each once: a later deposit has the room that the earlier ones leave."""
        return [
            await self._ask(command, deadline) if type(command.action) is Deposit else _Asked(command)
            for command in commands
        ]

    async def _settle_each(self, asked: Sequence[_Asked], answers: Sequence[Answer]) -> None:
        for one, answer in zip(asked, answers, strict=True):
            await self._settle(one, answer)

    # -- one deposit

    async def _ask(self, command: Command, deadline: float, *, dry: bool = False) -> _Asked:
        """Ask the files of the player's law. Whatever the caller says that they said does not count."""
        try:
            row = await self._queries.player(command.licensee, command.player)
            files = await self._files_of(row)
            if not files:
                return _Asked(command)
            if not dry and await self._is_known(command):
                # Its first answer is its answer: nothing new is to be counted.
                return _Asked(_told(command, [Heard(file="")], self._clock.now_us()))
        except (PlayerNotFoundError, ProviderNotFoundError):
            return _Asked(command)
        registry = await self._queries.registry()
        if not _is_countable(command, registry.assets_by_id[row.main_asset_id]):
            return _Asked(_told(command, [Heard(file="")], self._clock.now_us()))
        if dry:
            heard = [await file.headroom(command.licensee, command.player, self._time(deadline)) for file in files]
            return _Asked(_told(command, heard, self._clock.now_us()))
        return await self._reserve(command, files, deadline)

    async def _files_of(self, row: PlayerRow) -> list[FileClient]:
        tenant = (await self._queries.registry()).licensees.get(row.licensee)
        if tenant is None or tenant.mirrored or tenant.game_wallet:
            # The money comes in elsewhere: the licensee asks, before it takes it.
            return []
        pack = await self._queries.pack_of(row)
        wanted = frozenset() if pack is None else pack.limit_files
        return [self._files[name] for name in sorted(wanted) if name in self._files]

    async def _is_known(self, command: Command) -> bool:
        return (
            await self._queries.by_key(command.licensee, command.player, command.source, Kind.DEPOSIT, command.key)
            is not None
        )

    async def _reserve(self, command: Command, files: Sequence[FileClient], deadline: float) -> _Asked:
        """Note each question before it is asked, so that a process that dies loses nothing."""
        action, reference = command.action, reference_of(command)
        assert isinstance(action, Deposit)
        heard: list[Heard] = []
        reserved: list[Reserved] = []
        for file in files:
            time_s = self._time(deadline)
            if time_s < _LEAST_CALL_S:
                # No answer of the file's, and no refusal: a retry with more time can be booked.
                raise DeadlineExceededError
            one = Reserved(reference=reference, file=file.name, command=command)
            await self._resolver.note(one)
            reserved.append(one)
            failpoints.here("limit_file.noted")
            heard.append(await file.reserve(command.licensee, command.player, reference, action.money, time_s))
            failpoints.here("limit_file.reserved")
            if heard[-1].answer == _SILENT:
                # It is refused already: nobody else has to keep it.
                break
        return _Asked(_told(command, heard, self._clock.now_us()), tuple(reserved))

    def _time(self, deadline: float) -> float:
        return min(self._timeout_s, deadline - time.monotonic() - _COMMIT_MARGIN_S)

    async def _settle(self, asked: _Asked, answer: Answer) -> None:
        failpoints.here("limit_file.decided")
        for one in asked.reserved:
            with contextlib.suppress(MeshError):
                # What fails here is done later: the note stays.
                await self._resolver.settle(one, answer, heard=_answer_of(asked.command) != _SILENT)


def reference_of(command: Command) -> str:
    """Our name of a deposit in a limit file: of its key and its content, because one key with two contents is two deposits."""
    content = fingerprint(command.action, command.effective_us).hex()
    parts = (command.licensee, command.source, command.player, command.key, content)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _is_countable(command: Command, main: Asset) -> bool:
    """Whether a file can count it: an amount above zero that the player's currency holds exactly."""
    action = command.action
    assert isinstance(action, Deposit)
    if action.money.currency != main.code:
        return False
    try:
        return to_minor(action.money.amount, main.exponent) > 0
    except AmountError:
        return False


def _told(command: Command, heard: Sequence[Heard], now_us: int) -> Command:
    """The command with what all files said: one that is silent makes all silent, else the least room counts."""
    action = command.action
    assert isinstance(action, Deposit)
    worst = min(heard, key=_room)
    answers = Answers(
        exclusion_register=action.answers.exclusion_register,
        activity_file=action.answers.activity_file,
        limit_file=worst.answer,
        limit_left=worst.left,
        limit_source=worst.file,
        limit_answered_us=now_us if worst.answer != _SILENT else None,
        limit_reference=worst.reference,
    )
    return replace(command, action=replace(action, answers=answers))


def _room(heard: Heard) -> tuple[int, Decimal]:
    rank = {_SILENT: 0, "NOT_SET": 1}.get(heard.answer, 2)
    return rank, Decimal(heard.left.amount) if heard.left is not None else Decimal()


def _answer_of(command: Command) -> str:
    action = command.action
    return action.answers.limit_file if isinstance(action, Deposit) else ""


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.0)
