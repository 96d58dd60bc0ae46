"""A contract may grow; what was promised stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mesh.tooling.breaking import BASELINE, breaks, promise, write_baseline

ROOT = Path(__file__).resolve().parents[3]
MONEY = Path("proto/pitboss/type/v1/money.proto")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "proto", root / "proto")
    shutil.copyfile(ROOT / "buf.yaml", root / "buf.yaml")
    promise(root, root / BASELINE)
    return root


def edit(root: Path, old: str, new: str) -> None:
    text = (root / MONEY).read_text()
    assert old in text
    (root / MONEY).write_text(text.replace(old, new, 1))


def test_the_contracts_as_promised_break_nothing(checkout: Path) -> None:
    assert breaks(checkout) == ""


def test_a_removed_field_is_named_and_does_not_become_the_promise(checkout: Path, tmp_path: Path) -> None:
    edit(checkout, "string currency_code", "string currency")
    assert "currency_code" in breaks(checkout)
    write_baseline(checkout, tmp_path)
    assert (tmp_path / BASELINE).read_bytes() == (checkout / BASELINE).read_bytes()


def test_an_added_message_is_fine_and_becomes_part_of_the_promise(checkout: Path, tmp_path: Path) -> None:
    edit(checkout, "message Money", "message Purse {}\n\nmessage Money")
    assert breaks(checkout) == ""
    write_baseline(checkout, tmp_path)
    assert b"Purse" in (tmp_path / BASELINE).read_bytes()
    edit(checkout, "message Purse {}\n\n", "")
    shutil.copyfile(tmp_path / BASELINE, checkout / BASELINE)
    assert "Purse" in breaks(checkout)
