"""A provider made from the template starts, passes the cases that it claims, and touches nothing outside its folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mesh.dev.paths import ROOT
from tests.conformance.case import all_cases

NAME = "a_rather_long_blue_star"
FOLDER = f"provider_adapters/{NAME}/"
OBJECT = f"adapter-{NAME.replace('_', '-')}"
GENERATED = ("docs/providers.md", "k8s/adapters/")
_GENERATE = """
from pathlib import Path
from mesh.tooling.providers import write_providers
Path("build/fresh").mkdir(parents=True)
write_providers(Path(), Path("build/fresh"))
"""
_GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")


class Checkout:
    """A copy of this working tree, committed, with the environment of the original."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in files():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        self.run("git", "init", "--quiet")
        (folder / ".git" / "info" / "exclude").write_text("/.venv\n")
        self.run(*_GIT, "add", "--all")
        self.run(*_GIT, "commit", "--quiet", "--message", "before")

    def run(self, *command: str) -> str:
        """Run a command in the copy, which must succeed."""
        # Nothing of the tests' own process: paths of the original, or the arguments of the `make` that runs the tests.
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        done = subprocess.run(command, cwd=self.folder, env=inherited, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def make(self, *arguments: str) -> str:
        """Run `make`; what is installed is up to date."""
        return self.run("make", "--old-file=.venv/.ready-mesh", *arguments)

    def generate(self) -> None:
        """What `make generate` does with manifests. Its other generators read none, and need tools that may be absent."""
        self.run(".venv/bin/python", "-c", _GENERATE)
        shutil.copytree(self.folder / "build" / "fresh", self.folder, dirs_exist_ok=True)

    def changed(self) -> list[str]:
        """Every file that git sees as new, changed or gone."""
        lines = self.run("git", "status", "--porcelain", "--untracked-files=all").splitlines()
        return sorted(line[3:] for line in lines)


def files() -> list[str]:
    """Names of the files that a commit of this working tree would have."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.timeout(600)
def test_a_new_provider_passes_its_cases_and_changes_nothing_else(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "copy")
    checkout.make("new-provider", f"NAME={NAME}")
    assert checkout.changed()
    assert all(name.startswith(FOLDER) for name in checkout.changed())

    checkout.generate()
    outside = [name for name in checkout.changed() if not name.startswith(FOLDER)]
    assert [name for name in outside if not name.startswith(GENERATED)] == []
    assert {"docs/providers.md", "k8s/adapters/addresses.yaml", f"k8s/adapters/{OBJECT}/kustomization.yaml"} <= set(
        outside
    )
    assert f"{NAME}=adapter-" in (checkout.folder / "k8s" / "adapters" / "addresses.yaml").read_text()

    before = checkout.changed()
    cases = ",".join(case.id for case in all_cases())
    checkout.make("conformance", f"ARGS=--providers {NAME} --only {cases}")
    report = json.loads((checkout.folder / "build" / "conformance.json").read_text())
    assert [case for case in report["cases"] if not case["ok"] and not case["skipped_because"]] == []
    assert {case["provider"] for case in report["cases"]} == {NAME}
    assert report["passed"] > report["skipped"]
    assert checkout.changed() == before
