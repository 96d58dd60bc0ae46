"""`make torture-controls`: break each guarantee from outside, and see that the harness turns red."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from mesh.dev.paths import BUILD, RUNS
from tests.torture.controls.list import CONTROLS, Control
from tests.torture.disk import reason_against
from tests.torture.run import Plan, run
from tests.torture.world import Sabotage

RESULT = BUILD / "torture-controls.json"
_STORMS = 4


def main() -> int:
    """0 if every control is red, and the harness is green when nothing is broken."""
    options = _parser().parse_args()
    chosen = [control for control in CONTROLS if not options.only or control.name in options.only]
    healthy = perform(Control("nothing_broken", (), ("kill_wallet", "cut_commit")), options.seed)
    print(f"{'green' if healthy['ok'] else 'RED'}  nothing broken {healthy['violations'][:1] or ''}", flush=True)
    colours = {control.name: colour_of(control, options.seed) for control in chosen}
    if not options.only or "fsync_off_and_power_cut" in options.only:
        colours |= _power_cut(options.seed)
    ok = healthy["ok"] and set(colours.values()) == {"red"}
    RESULT.write_text(json.dumps({"ok": ok, "healthy": healthy["ok"], "controls": colours}, indent=2) + "\n")
    _add_to_verdict(colours)
    print(f"{'ok' if ok else 'NOT ALL RED'}: build/{RESULT.name}")
    return 0 if ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make torture-controls", description="See that broken guarantees are found.")
    parser.add_argument("--seed", type=int, default=1, help="as for make torture")
    parser.add_argument("--only", nargs="*", help="names of controls; all of them if none is given")
    return parser


def colour_of(control: Control, seed: int = 1) -> str:
    """Red if the check that has to find it did, in one of a few short storms: some faults need a meeting by chance."""
    for storm in range(seed, seed + _STORMS):
        verdict = perform(control, storm)
        kinds = [kind for kind in verdict["violations_by_kind"] if kind in control.finds]
        found = [text for text in verdict["violations"] if text.startswith(control.finds)]
        if found or kinds:
            print(f"red    {control.name}: {found[0][:160] if found else kinds}", flush=True)
            return "red"
        print(f"green  {control.name}, seed {storm}: {verdict['violations'][:2]}", flush=True)
    return "green"


def perform(control: Control, seed: int) -> dict[str, Any]:
    """A short run with the guarantee broken."""
    RUNS.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"control-{control.name}-", dir=RUNS))
    broken = "" if control.patch is None else str(control.patch.apply(folder))
    sabotage = Sabotage(control.postgres_settings, broken, new_keys=control.new_keys)
    return run(
        Plan(
            control.seconds, seed, folder, control.faults, sabotage, own_disk=False, tamper=control.tamper,
            before=control.before, crowds=2, say=lambda _: None,
        )
    )  # fmt: skip


def _power_cut(seed: int) -> dict[str, str]:
    from tests.torture.power_cut import cut_often  # noqa: PLC0415 - needs root

    if reason := reason_against():
        print(f"skip   fsync_off_and_power_cut: {reason}", flush=True)
        return {}
    lost = cut_often(4, seed, fsync=False)["lost"]
    colour = "red" if lost else "green"
    print(f"{colour:5}  fsync_off_and_power_cut: {lost} acknowledged operations lost in 4 cuts", flush=True)
    return {"fsync_off_and_power_cut": colour}


def _add_to_verdict(colours: dict[str, str]) -> None:
    """Also into build/torture.json, if there is one."""
    path = BUILD / "torture.json"
    if path.exists():
        path.write_text(json.dumps({**json.loads(path.read_text()), "controls": colours}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
