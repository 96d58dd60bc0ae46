"""The program on the disk, and the one that was released."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mesh.program import COMPONENTS, ROOT, ProgramWatch, changed, digest_of, files
from mesh.server import watch_program
from mesh.settings import ProcessSettings, SettingsError


@pytest.fixture
def program(tmp_path: Path) -> Path:
    for name, text in (("mesh/a.py", "a = 1"), ("wallet_svc/sql/1.sql", "SELECT 1"), ("gen/x.py", "")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_every_package_of_the_checkout_that_processes_run_is_a_component() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages | {"gen"} == set(COMPONENTS)


def test_the_digest_is_of_names_and_content_and_not_of_what_python_compiles(program: Path) -> None:
    first = files(program)
    assert sorted(first) == ["gen/x.py", "mesh/a.py", "wallet_svc/sql/1.sql"]
    compiled = program / "mesh" / "__pycache__" / "a.pyc"
    compiled.parent.mkdir()
    compiled.write_bytes(b"x")
    (program / "elsewhere.py").write_text("no component")
    assert files(program) == first
    (program / "mesh" / "a.py").rename(program / "mesh" / "b.py")
    assert digest_of(files(program)) != digest_of(first)
    assert changed(first, files(program)) == ["mesh/a.py", "mesh/b.py"]


async def test_a_file_that_is_changed_added_or_taken_away_under_the_process_is_named(
    program: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watch = ProgramWatch(digest_of(files(program)), every_s=1, root=program)
    assert watch.is_released
    assert await watch.look()
    (program / "wallet_svc" / "sql" / "1.sql").write_text("SELECT 2")
    (program / "gen" / "x.py").unlink()
    (program / "mesh" / "new.py").write_text("")
    assert not await watch.look()
    (record,) = caplog.records
    assert record.getMessage() == "the program is not the one that was released"
    (program / "wallet_svc" / "sql" / "1.sql").write_text("SELECT 1")
    (program / "gen" / "x.py").write_text("")
    (program / "mesh" / "new.py").unlink()
    assert await watch.look()


def test_another_program_is_not_started() -> None:
    settings = ProcessSettings(listen="127.0.0.1:0", program_digest="00" * 32)
    with pytest.raises(SettingsError, match="PITBOSS_PROGRAM_DIGEST is that of another program"):
        watch_program(settings)
    assert watch_program(ProcessSettings(listen="127.0.0.1:0")) is None
    here = digest_of(files())
    assert watch_program(ProcessSettings(listen="127.0.0.1:0", program_digest=here)) is not None


def test_the_digest_is_told_on_demand() -> None:
    told = subprocess.run([sys.executable, "-m", "mesh.program"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == digest_of(files())
    wrong = subprocess.run([sys.executable, "-m", "mesh.program", "x"], cwd=ROOT, capture_output=True, check=False)
    assert wrong.returncode == 2
