"""Freshness is told file by file, and only what differs is touched."""

from __future__ import annotations

from pathlib import Path

from mesh.tooling.generate import apply, differences


def tree(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / "gen" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_missing_stale_and_left_over_files_are_named(tmp_path: Path) -> None:
    present = tree(tmp_path / "present", same="1", stale="old", gone="1")
    fresh = tree(tmp_path / "fresh", same="1", stale="new", added="1")
    assert {(state, name.name) for state, name in differences(present, fresh)} == {
        ("missing", "added.py"),
        ("stale", "stale.py"),
        ("left over", "gone.py"),
    }


def test_applying_the_differences_leaves_none_and_does_not_touch_the_rest(tmp_path: Path) -> None:
    present = tree(tmp_path / "present", same="1", stale="old", gone="1")
    fresh = tree(tmp_path / "fresh", same="1", stale="new", added="1")
    before = (present / "gen" / "same.py").stat().st_mtime_ns
    apply(present, fresh, list(differences(present, fresh)))
    assert list(differences(present, fresh)) == []
    assert (present / "gen" / "same.py").stat().st_mtime_ns == before


def test_compiled_python_is_not_a_generated_file(tmp_path: Path) -> None:
    present = tree(tmp_path / "present", same="1")
    (present / "gen" / "__pycache__").mkdir()
    (present / "gen" / "__pycache__" / "same.pyc").write_bytes(b"")
    assert list(differences(present, tree(tmp_path / "fresh", same="1"))) == []
