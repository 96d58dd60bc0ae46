"""Migration files of every service, without a database."""

from pathlib import Path

import pytest

from compliance_svc.migrate import SCHEMA as COMPLIANCE
from mesh.migrations import MigrationError, Schema
from session_svc.migrate import SCHEMA as SESSION
from wallet_svc.migrate import schema


@pytest.mark.parametrize("owned", [schema(), SESSION, COMPLIANCE], ids=["wallet", "session", "compliance"])
def test_the_files_of_every_service_count_up_without_gap_or_repeat(owned: Schema) -> None:
    assert owned.newest == len(owned.files())
    assert (owned.folder / "grants.sql").exists()


@pytest.mark.parametrize("names", [["0001_a.sql", "0001_b.sql"], ["0001_a.sql", "0003_c.sql"], ["0002_b.sql"]])
def test_two_files_of_one_number_or_a_gap_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(MigrationError, match=r"_[abc][.]sql"):
        Schema(folder=tmp_path).files()
