"""Ports of stacks that start at the same time."""

from __future__ import annotations

import subprocess
import sys

from mesh.dev.paths import ROOT
from mesh.dev.ports import free_port, free_ports, is_free

ASK = "import sys; from mesh.dev.ports import free_ports; print(*free_ports(40), flush=True); sys.stdin.read()"


def test_ports_are_different_and_free() -> None:
    ports = [*free_ports(20), *(free_port() for _ in range(20))]
    assert len(set(ports)) == 40
    assert all(is_free(port) for port in ports)


def test_two_processes_never_choose_the_same_port() -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASK], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    chosen: list[str] = []
    for process in asking:
        assert process.stdout is not None
        chosen += process.stdout.readline().split()
    for process in asking:
        process.communicate()
    assert len(set(chosen)) == len(chosen) == 160
