"""All controls: what is broken, under which faults, and which check has to find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.torture.controls import breaking
from tests.torture.controls.patching import Patch
from tests.torture.world import World

_KILLS = ("kill_wallet", "cut_call", "cut_commit")

_HEAD_COMPARED = (
    "AND shard.digest = wanted.decided_on AND shard.registry_version = wanted.registry_version",
    "AND shard.next_sequence = wanted.first_sequence",
)

_ANSWERS_FIRST = '''
class _Hasty:
    """Says that a batch is written, and writes it afterwards."""

    real = PostgresLog.commit
    late: "asyncio.Task[object] | None" = None


async def _hasty_commit(self, batches, digests):
    if _Hasty.late is not None:
        await asyncio.gather(_Hasty.late, return_exceptions=True)

    async def later():
        await asyncio.sleep(0.05)
        return await _Hasty.real(self, batches, digests)

    _Hasty.late = asyncio.ensure_future(later())
    return {batch.book.head.shard for batch in batches}


PostgresLog.commit = _hasty_commit
'''

_CAPTURES_ANY = '''
def _check_capture(scene, action, entry, held):
    """Pays out as often as it is asked."""
    if held is None:
        return Outcome.ORIGINAL_NOT_FOUND
    entry.asset = held.asset
    amount = held.amount if action.money is None else minor(action.money, held.asset)
    if amount is None or amount <= 0:
        return Outcome.AMOUNT_INVALID
    entry.amount = amount
    _move(entry, AccountClass.HELD, AccountClass.OUTSIDE, scene.source_id, amount)
    return Outcome.OK
'''

_LIMITS_NOTHING = '''
_careful = refusal_of


def refusal_of(entry):
    """Whatever the law says, the money moves."""
    _careful(entry)
    entry.limit = None
    return None
'''


@dataclass(frozen=True)
class Control:
    """One broken guarantee. `finds` are kinds of violations, or the beginning of one; any of them makes it red."""

    name: str
    finds: tuple[str, ...]
    faults: tuple[str, ...] = ()
    patch: Patch | None = None
    postgres_settings: str = ""
    before: Callable[[World], None] | None = None
    tamper: Callable[[World], None] | None = None
    new_keys: bool = False
    seconds: float = 6.0


CONTROLS = (
    Control("unique_key_dropped", ("double",), _KILLS, before=breaking.drop_unique_key),
    Control(
        "head_compare_removed",
        ("double", "model", "books", "lost"),
        patch=Patch(removed={"sql/queries.sql": _HEAD_COMPARED}),
        before=breaking.drop_places,
    ),
    Control(
        "answer_sent_before_commit", ("lost",), ("kill_wallet",), patch=Patch(added={"store/log.py": _ANSWERS_FIRST})
    ),
    Control(
        "hold_resolution_unique_removed",
        ("model", "books"),
        patch=Patch(added={"domain/payments.py": _CAPTURES_ANY}),
        before=breaking.drop_checks_of_holds,
    ),
    Control("byte_changed_by_superuser", ("books: chain",), tamper=breaking.change_a_byte),
    Control("row_removed", ("books: sequences", "books: chain"), tamper=breaking.remove_a_row),
    Control("rows_swapped", ("books: chain",), tamper=breaking.swap_two_rows),
    Control("tail_cut_off", ("lost",), tamper=breaking.cut_off_the_tail),
    Control(
        "synchronous_commit_off_and_server_killed",
        ("lost",),
        ("kill_postgres",),
        postgres_settings="synchronous_commit = off\nwal_writer_delay = '10s'\n",
        seconds=10,
    ),
    Control("retry_with_a_new_key", ("stranger",), ("cut_call", "kill_wallet"), new_keys=True),
    Control("limit_check_fails_open", ("model",), patch=Patch(added={"domain/law.py": _LIMITS_NOTHING})),
)
"""Without the power cut, which has a program of its own."""
