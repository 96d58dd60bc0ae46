"""Time zones and the data by which a process knows them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError

import pytest

from compliance_svc.kernel import zones
from compliance_svc.kernel.loading import load_documents


def test_every_market_has_a_zone_whose_times_are_those_of_the_system() -> None:
    for document in load_documents():
        found, system = zones.load_zone(document.zone), ZoneInfo(document.zone)
        for day in range(0, 800, 5):
            moment = datetime(2026, 1, 1, 12, tzinfo=system) + timedelta(days=day)
            assert moment.replace(tzinfo=found.times).utcoffset() == moment.utcoffset()
        assert len(found.data) == 16
        assert document.compile().zone_data == found.data


def test_other_data_is_another_word_and_a_process_keeps_what_it_has_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = next(Path(path) for path in TZPATH if Path(path, "Europe/London").is_file())
    before = zones.load_zone("Europe/London")
    (tmp_path / "Europe").mkdir()
    # As if the government had given up the clock change.
    (tmp_path / "Europe" / "London").write_bytes((folder / "Europe" / "Lisbon").read_bytes())
    monkeypatch.setattr(zones, "TZPATH", (str(tmp_path), *TZPATH))
    assert zones.load_zone("Europe/London") is before
    zones.load_zone.cache_clear()
    after = zones.load_zone("Europe/London")
    zones.load_zone.cache_clear()
    assert after.data != before.data
    assert str(after.times) == "Europe/London"


def test_a_change_under_the_running_process_is_seen_and_what_was_loaded_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = next(Path(path) for path in TZPATH if Path(path, "Europe/London").is_file())
    loaded = zones.load_zone("Europe/London")
    zones.load_zone("Europe/Lisbon")
    assert zones.changed_zones() == frozenset()
    (tmp_path / "Europe").mkdir()
    fresh = tmp_path / "Europe" / "London"
    monkeypatch.setattr(zones, "TZPATH", (str(tmp_path), *TZPATH))
    fresh.write_bytes((folder / "Europe" / "Lisbon").read_bytes())
    assert zones.changed_zones() == {"Europe/London"}
    assert zones.zones_now()["Europe/London"] == zones.load_zone("Europe/Lisbon").data
    assert zones.load_zone("Europe/London") is loaded
    fresh.write_bytes((folder / "Europe" / "London").read_bytes())
    assert zones.changed_zones() == frozenset()


def test_data_that_cannot_be_read_any_more_is_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    zones.load_zone("Europe/London")

    def gone(_name: str) -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(zones, "_data", gone)
    assert "Europe/London" in zones.changed_zones()
    assert zones.zones_now()["Europe/London"] == ""


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../../etc/passwd", "/etc/passwd", ""])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises((ValueError, ZoneInfoNotFoundError, OSError)):
        zones.load_zone(name)
