"""A new provider starts as a copy of the template with its own names."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.tooling.new_provider import copy_template, refusal


@pytest.fixture
def adapters(tmp_path: Path) -> Path:
    template = tmp_path / "_template"
    (template / "acme_slots_fixtures").mkdir(parents=True)
    (template / "manifest.toml").write_text('name = "acme_slots"\ntitle = "Acme Slots"\n')
    (template / "acme_slots_fixtures" / "bet.json").write_text("{}")
    return tmp_path


def test_the_copy_carries_the_new_name_in_files_and_folders(adapters: Path) -> None:
    copy_template(adapters, "blue_star")
    assert (adapters / "blue_star" / "manifest.toml").read_text() == 'name = "blue_star"\ntitle = "Blue Star"\n'
    assert (adapters / "blue_star" / "blue_star_fixtures" / "bet.json").read_text() == "{}"


@pytest.mark.parametrize("name", ["Blue", "blue-star", "_template", "", "x" * 33, "../x"])
def test_a_name_that_cannot_be_a_module_is_refused(adapters: Path, name: str) -> None:
    assert "no name for a provider" in str(refusal(adapters, name))


def test_an_existing_provider_is_not_overwritten(adapters: Path) -> None:
    copy_template(adapters, "blue_star")
    assert "exists already" in str(refusal(adapters, "blue_star"))


def test_without_a_template_nothing_is_pretended(tmp_path: Path) -> None:
    assert "Not available yet" in str(refusal(tmp_path, "blue_star"))
