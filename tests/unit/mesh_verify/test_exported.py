"""An export, and everything that can be done to one: each is found, by its name and at its place."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh.verify.exported import Export, ExportError
from mesh.verify.report import SIGNED, Trust
from tests.unit.mesh_verify.bookkeeper import World, good_world
from tests.unit.mesh_verify.exporting import ORIGIN, Notary, checked, exported

CHANGED, REMOVED, SWAPPED, CUT = "no byte changed", "no row removed", "no rows swapped", "no tail cut off"
FILE, FORM, CHAIN = "the file as it was written", "every row in its canonical form", "chain intact"


def row(lines: list[bytes], sequence: int) -> int:
    """Which line has the entry of this sequence."""
    return next(at for at, line in enumerate(lines) if line.startswith(b"[%d," % sequence))


def test_an_export_that_nobody_touched_passes(tmp_path: Path) -> None:
    world = good_world()
    notary = Notary.of(world)
    lines = exported(world, notary.checkpoint)
    assert checked(tmp_path, lines, Trust(keys=[notary.key])) == {}
    assert checked(tmp_path, lines) == {}


def test_the_same_ledger_gives_the_same_bytes() -> None:
    assert exported() == exported()


def test_every_entry_stands_there_as_the_bytes_that_are_hashed() -> None:
    lines = exported()
    assert lines[row(lines, 3)].startswith(b'[3,3,2,1027,5,2,"win-1","00ff",1,7,50,')


@pytest.mark.parametrize("sequence", [1, 7, 15])
def test_a_changed_byte_is_named(tmp_path: Path, sequence: int) -> None:
    lines = exported()
    at = row(lines, sequence)
    lines[at] = lines[at].replace(b"00ff", b"00fe").replace(b"null", b"nu1l", 1)
    found = checked(tmp_path, lines)
    assert found[CHANGED][0] == f"3-{sequence}: changed, its hash is not the one in the tile"
    assert {REMOVED, SWAPPED, CUT}.isdisjoint(found)
    assert FILE in found


def test_a_changed_byte_whose_tile_is_made_to_fit_breaks_the_chain(tmp_path: Path) -> None:
    world = good_world().change(5, game="other")
    found = checked(tmp_path, exported(world))
    assert found.keys() == {CHAIN}
    assert found[CHAIN][0] == "3-5: the entries up to this batch do not have its root"


def test_a_history_that_is_made_anew_throughout_is_found_by_a_checkpoint_that_was_kept(tmp_path: Path) -> None:
    notary = Notary.of(good_world())
    kept = Trust(notes=[notary.checkpoint(3, 8)], keys=[notary.key])
    forged = exported(good_world().change(5, game="other").signed_again())
    assert checked(tmp_path, forged) == {}
    assert checked(tmp_path, forged, kept) == {
        SIGNED: (f"3-8: the log up to here is not the one that {ORIGIN} has signed",)
    }


def test_a_removed_row_is_named(tmp_path: Path) -> None:
    lines = exported()
    del lines[row(lines, 6)]
    found = checked(tmp_path, lines)
    assert found[REMOVED] == ("3-6: removed",)
    assert {CHANGED, SWAPPED, CUT}.isdisjoint(found)


def test_removed_neighbours_are_named_together(tmp_path: Path) -> None:
    lines = exported()
    del lines[row(lines, 6) : row(lines, 9)]
    assert checked(tmp_path, lines)[REMOVED] == ("3-6 to 3-8: removed",)


@pytest.mark.parametrize(("one", "other"), [(4, 5), (2, 11), (1, 15)])
def test_two_swapped_rows_are_named(tmp_path: Path, one: int, other: int) -> None:
    lines = exported()
    first, second = row(lines, one), row(lines, other)
    lines[first], lines[second] = lines[second], lines[first]
    found = checked(tmp_path, lines)
    assert found[SWAPPED] == (f"3-{one} and 3-{other}: swapped",)
    assert {CHANGED, REMOVED, CUT}.isdisjoint(found)


def test_a_row_that_stands_there_twice_and_one_from_elsewhere_are_named(tmp_path: Path) -> None:
    lines = exported()
    lines.insert(row(lines, 4), lines[row(lines, 4)])
    assert checked(tmp_path, lines)[SWAPPED] == ("3-4: the row stands there more than once",)
    lines = exported()
    lines.insert(row(lines, 4), lines[row(lines, 4)].replace(b"bet-2", b"bet-x"))
    assert checked(tmp_path, lines)[CHANGED][0] == "3-4: a row that is none of the log stands before it"


def test_a_file_that_ends_early_is_named(tmp_path: Path) -> None:
    lines = exported()
    found = checked(tmp_path, lines[: row(lines, 9)])
    assert found[CUT][0] == "shard 3: cut off after 3-8, its head has 15 entries"


def test_rows_missing_at_the_end_are_a_tail_that_was_cut_off(tmp_path: Path) -> None:
    lines = exported()
    del lines[row(lines, 14) : row(lines, 15) + 1]
    assert checked(tmp_path, lines)[CUT][0] == "shard 3: cut off after 3-13, its head has 15 entries"


def cut(world: World) -> World:
    """The same without its last batch, as somebody would leave it who may write everywhere."""
    shorter = World(
        replace(world.shard, batches=world.shard.batches[:-1], holds=world.shard.holds[:-1]), world.transfers[:-1]
    )
    moved = world.transfers[-1]
    for account_id in (moved.debit_id or 0, moved.credit_id or 0):
        account = shorter.shard.accounts[account_id]
        side = "debits" if account_id == moved.debit_id else "credits"
        shorter = shorter.account(account_id, **{side: getattr(account, side) - (moved.moved or 0)})
    return shorter.signed_again()


def test_a_tail_cut_off_with_everything_that_hung_on_it_is_found_by_a_checkpoint_that_was_kept(tmp_path: Path) -> None:
    whole = good_world()
    notary = Notary.of(whole)
    shorter = exported(cut(whole))
    assert checked(tmp_path, shorter) == {}
    found = checked(tmp_path, shorter, Trust(notes=[notary.checkpoint(3, 15)], keys=[notary.key]))
    assert found[CUT] == (f"shard 3: cut off after 3-14, {ORIGIN} has signed 15 entries",)


def test_a_tail_cut_off_is_found_by_the_checkpoint_in_the_file(tmp_path: Path) -> None:
    whole = good_world()
    notary = Notary.of(whole)
    shorter = exported(cut(whole), lambda shard, size: notary.checkpoint(shard, 15))
    assert CUT in checked(tmp_path, shorter)


def test_a_checkpoint_that_another_key_has_signed_is_refused(tmp_path: Path) -> None:
    world = good_world()
    notary, stranger = Notary.of(world), Notary.of(world)
    found = checked(tmp_path, exported(world, stranger.checkpoint), Trust(keys=[notary.key]))
    assert found[SIGNED] == (f"the checkpoint of {ORIGIN!r}: no known key has signed the note",)


def test_a_changed_balance_of_an_account_is_found(tmp_path: Path) -> None:
    lines = exported()
    at = next(at for at, line in enumerate(lines) if line.startswith(b'{"account"'))
    account = json.loads(lines[at])
    account["account"][7] = str(int(account["account"][7]) + 1)
    lines[at] = json.dumps(account, separators=(",", ":")).encode()
    assert "every balance equals its transfers" in checked(tmp_path, lines)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_anywhere_is_found(tmp_path: Path, data: st.DataObject) -> None:
    lines = exported()
    at = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[at]) - 1))
    letter = data.draw(st.integers(32, 126).filter(lambda letter: letter != lines[at][place]))
    lines[at] = lines[at][:place] + bytes([letter]) + lines[at][place + 1 :]
    try:
        assert checked(tmp_path, lines) != {}
    except ExportError:
        # The first line says what everything else is; without it there is nothing to check.
        assert at == 0


@pytest.mark.parametrize("first", [b"", b"{}", b"no json", b'{"format":"pitboss-ledger-export","version":2}'])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, first: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(first)
    with pytest.raises(ExportError):
        Export(file)
