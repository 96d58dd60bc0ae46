"""Locked files say what the inputs ask for, and every direct dependency has a reason."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.parsing import tree_of

ROOT = Path(__file__).resolve().parents[3]
INPUTS = sorted((ROOT / "requirements").glob("*.in"))
NAME = re.compile(r"^([A-Za-z0-9._-]+)", re.MULTILINE)


def plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def direct(path: Path) -> dict[str, str]:
    """Each direct requirement of an input with its version specifier."""
    lines = [line.split(" ;")[0].strip() for line in path.read_text().splitlines()]
    wanted = [line for line in lines if line and not line.startswith(("#", "-r"))]
    return {plain(re.split(r"[\[<>=]", line)[0]): line for line in wanted}


def locked(path: Path) -> dict[str, str]:
    return {
        plain(name): version
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^ ;\\]+)", path.read_text(), re.MULTILINE)
    }


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_the_locked_file_has_what_the_input_asks_for(path: Path) -> None:
    versions = locked(path.with_suffix(".txt"))
    for name, line in direct(path).items():
        assert name in versions, f"run `make lock`: {name}"
        if "==" in line:
            assert line.endswith(f"=={versions[name]}"), f"run `make lock`: {line}"


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_every_locked_distribution_has_hashes(path: Path) -> None:
    text = path.with_suffix(".txt").read_text()
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked(path.with_suffix(".txt")))
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("image", ["runtime", "gateway"])
def test_the_laptop_runs_what_production_runs(image: str) -> None:
    laptop = locked(ROOT / "requirements" / "dev.txt")
    production = locked(ROOT / "requirements" / f"{image}.txt")
    assert {name: laptop.get(name) for name in production} == production


def test_every_direct_dependency_has_a_reason_and_no_reason_is_left_over() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    explained = {
        plain(name) for cell in re.findall(r"^\| ([^|]+) \| [^|-]", text, re.MULTILINE) for name in cell.split(", ")
    }
    asked = {name for path in INPUTS for name in direct(path)}
    assert {name.strip() for name in explained} - {"package"} == asked


def test_the_package_of_the_sdk_asks_for_what_the_lock_was_made_from() -> None:
    project = tomllib.loads((ROOT / "sdk" / "pyproject.toml").read_text())["project"]
    assert sorted(project["dependencies"]) == sorted(direct(ROOT / "requirements" / "sdk.in").values())


PROCESSES = ("mesh", "wallet_svc", "session_svc", "compliance_svc", "provider_adapters", "gateway")
NOT_SHIPPED = {"tooling", "dev", "cli"}
"""Parts of mesh that images leave out."""

UNSEEN = {"httptools", "sniffio"}
"""Used without an import of ours: the parser of uvicorn, and what httpcore asks for the loop."""


def imported_by_processes() -> Iterator[str]:
    """The top-level names that the shipped code imports."""
    for package in PROCESSES:
        for path in (ROOT / package).rglob("*.py"):
            if package == "mesh" and path.relative_to(ROOT / "mesh").parts[0] in NOT_SHIPPED:
                continue
            for node in ast.walk(tree_of(path)):
                if isinstance(node, ast.Import):
                    yield from (alias.name.partition(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module.partition(".")[0]


def test_the_processes_import_what_is_shipped_and_all_of_it() -> None:
    owners = packages_distributions()
    used = {plain(owner) for name in set(imported_by_processes()) for owner in owners.get(name, [])}
    shipped = locked(ROOT / "requirements" / "gateway.txt")
    asked = direct(ROOT / "requirements" / "gateway.in") | direct(ROOT / "requirements" / "runtime.in")
    assert set(asked) - used <= UNSEEN
    development = set(direct(ROOT / "requirements" / "dev.in")) - shipped.keys()
    assert not used & development
