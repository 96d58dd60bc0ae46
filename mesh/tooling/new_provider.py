"""`make new-provider NAME=acme_slots`: a new adapter's folder from the template."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from pathlib import Path

from mesh.tooling.contracts import tool_environment

ROOT = Path(__file__).resolve().parents[2]

PLACEHOLDER = "acme_slots"
TITLE = "Acme Slots"
"""What the template calls its provider, in code and for people."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)

NEXT_STEPS = """Made provider_adapters/{name}/. Next:
  1. Fill in manifest.toml: what you claim there, the conformance suite checks.
  2. Write wire.py, auth.py, amounts.py, mapping.py and errors.py from the provider's documentation.
  3. `make generate` adds the provider to docs/providers.md and k8s/adapters/; commit them too.
  4. `make check`, `make conformance`."""


def copy_template(adapters: Path, name: str) -> None:
    """Copy `_template` and put the new name in the place of the placeholder."""
    target = adapters / name
    shutil.copytree(adapters / "_template", target, ignore=shutil.ignore_patterns("__pycache__"))
    for path in sorted(target.rglob("*"), reverse=True):
        if path.is_file():
            path.write_text(renamed(path.read_text(), name))
        path.rename(path.with_name(renamed(path.name, name)))


def renamed(text: str, name: str) -> str:
    """The text with the provider's own names."""
    return text.replace(PLACEHOLDER, name).replace(TITLE, name.replace("_", " ").title())


def lay_out(folder: Path) -> None:
    """Break and order lines as the formatter wants them: a longer or shorter name moves both."""
    for command in (("check", "--fix-only"), ("format",)):
        subprocess.run(("ruff", *command, "--quiet", folder), cwd=ROOT, env=tool_environment(ROOT), check=True)


def refusal(adapters: Path, name: str) -> str | None:
    """Why there cannot be such a provider, if so."""
    if not NAME.fullmatch(name):
        return f"{name!r} is no name for a provider: small letters, digits and underscores, such as acme_slots."
    if (adapters / name).exists():
        return f"provider_adapters/{name} exists already."
    if not (adapters / "_template").is_dir():
        return "Not available yet: this version has no provider_adapters/_template."
    return None


def main() -> None:
    """Make the folder, or say why not."""
    parser = argparse.ArgumentParser(prog="make new-provider", description=__doc__)
    parser.add_argument("name", metavar="NAME")
    name = parser.parse_args().name
    adapters = ROOT / "provider_adapters"
    if problem := refusal(adapters, name):
        print(problem)
        raise SystemExit(2)
    copy_template(adapters, name)
    lay_out(adapters / name)
    print(NEXT_STEPS.format(name=name))


if __name__ == "__main__":
    main()
