from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from provider_adapters._kit.manifest import Quality
from provider_adapters._kit.quality import RULES, broken, examine
from provider_adapters._kit.runner import ADAPTERS
from tests.unit.provider_adapters.styles import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_provider_claims_more_than_it_has(name: str) -> None:
    assert broken(ADAPTERS / name) == []


def test_every_level_has_rules() -> None:
    assert {rule.level for rule in RULES} == set(Quality)
    assert len({rule.title for rule in RULES}) == len(RULES)


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def changed(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return change


@pytest.mark.parametrize(
    ("spoil", "shown"),
    [
        (without("auth.py"), "auth.py"),
        (changed("manifest.toml", '"cancel", ', ""), "cancel"),
        (changed("README.md", "## Inferred", "## Guessed"), "## Inferred"),
        (changed("config.py", " = field(repr=False)", ""), "key"),
        (without("fixtures/pairs.json"), "fixtures"),
    ],
)
def test_a_folder_that_lacks_something_is_found_out(tmp_path: Path, spoil: Callable[[Path], None], shown: str) -> None:
    folder = tmp_path / "nolimit_style"
    shutil.copytree(ADAPTERS / "nolimit_style", folder)
    assert broken(folder) == []
    spoil(folder)
    (found,) = broken(folder)
    assert shown in found


def test_gold_asks_for_what_nobody_has_yet() -> None:
    missing = [rule for rule, _ in examine(ADAPTERS / "hub88_style")]
    assert {rule.level for rule in missing} == {Quality.GOLD}
