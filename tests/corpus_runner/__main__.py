"""`python -m tests.corpus_runner FILE...`: one line per case, and build/corpus.json."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.corpus_runner import golden
from tests.corpus_runner.cases import Case, load, unsupported
from tests.corpus_runner.client import Client
from tests.corpus_runner.packs import write_packs
from tests.corpus_runner.running import Run
from tests.corpus_runner.service import Service
from tests.corpus_runner.verbs import Verbs
from tests.corpus_runner.world import World


async def _run_case(client: Client, service: Service, case: Case, licensee: str) -> dict[str, object]:
    missing = unsupported(case)
    if missing:
        return {"id": case.id, "title": case.title, "result": "unsupported", "detail": ", ".join(missing)}
    try:
        world = await World.create(client, case, licensee)
        run = Run(case, world, Verbs(world), client, service, await client.heads())
        problems = await run.run()
    except Exception as fault:  # noqa: BLE001 - a broken case is a failed case, and the others still run
        problems = [f"{type(fault).__name__}: {fault}"]
    result = "failed" if problems else "passed"
    return {"id": case.id, "title": case.title, "result": result, "detail": "; ".join(problems)}


async def _run_all(service: Service, cases: list[tuple[Path, Case]]) -> list[dict[str, object]]:
    client = Client(service.targets, service.settings)
    results = []
    for number, (path, case) in enumerate(cases, start=1):
        result = await _run_case(client, service, case, f"case-{number}")
        results.append({"file": str(path), **result})
        detail = f"  {result['detail']}" if result["detail"] else ""
        print(f"{case.id} {result['result']:<11} {case.title}{detail}", flush=True)
    await client.close()
    return results


async def _run_golden(service: Service, cases: list[tuple[Path, dict[str, Any]]]) -> list[dict[str, object]]:
    client = Client(service.targets, service.settings, service.compliance)
    results = []
    for number, (path, case) in enumerate(cases, start=1):
        missing = golden.unsupported(case)
        problems = [] if missing else await _golden_problems(client, service, case, f"law-{number}")
        result = "unsupported" if missing else "failed" if problems else "passed"
        detail = ", ".join(missing) or "; ".join(problems)
        results.append(
            {"file": str(path), "id": case["id"], "title": case["title"], "result": result, "detail": detail}
        )
        print(f"{case['id']} {result:<11} {case['title']}{'  ' + detail if detail else ''}", flush=True)
    await client.close()
    return results


async def _golden_problems(client: Client, service: Service, case: dict[str, Any], licensee: str) -> list[str]:
    try:
        return await golden.GoldenCase(client, service, case, licensee).run()
    except Exception as fault:  # noqa: BLE001 - a broken case is a failed case, and the others still run
        return [f"{type(fault).__name__}: {fault}"]


def _run_files(files: list[Path]) -> tuple[list[dict[str, object]], list[str]]:
    """Money cases under a clock that runs, golden ones under a clock that stands; and what is wrong in the books."""
    laws = [path for path in files if golden.is_golden(path)]
    money = [(path, case) for path in files if path not in laws for case in load(path)]
    law = [(path, case) for path in laws for case in golden.load(path)]
    results: list[dict[str, object]] = []
    wrong: list[str] = []
    if money:
        with Service() as service:
            results += asyncio.run(_run_all(service, money))
            wrong += service.second_opinion()
    for packs, group in _by_packs(law):
        with tempfile.TemporaryDirectory() as folder, Service(stands=True, packs=write_packs(packs, folder)) as service:
            results += asyncio.run(_run_golden(service, group))
            wrong += service.second_opinion()
    order = {(str(path), case["id"]): number for number, (path, case) in enumerate(law)}
    return sorted(results, key=lambda one: order.get((str(one["file"]), str(one["id"])), -1)), wrong


_Law = list[tuple[Path, dict[str, Any]]]


def _by_packs(law: _Law) -> Iterator[tuple[dict[str, Any], _Law]]:
    """Cases with the same packs share their services; a case with packs of its own has services of its own."""
    groups: dict[str, _Law] = {}
    for path, case in law:
        packs = json.dumps(case["given"].get("packs", {}), sort_keys=True)
        groups.setdefault(f"{path} {case['id']}" if golden.stands_alone(case) else packs, []).append((path, case))
    for group in groups.values():
        yield group[0][1]["given"].get("packs", {}), group


def main(arguments: list[str]) -> int:
    """0 if no case failed, 1 if one did, 2 if a file is not a case file."""
    parser = argparse.ArgumentParser(prog="corpus", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="case files of format 1")
    parser.add_argument("--result", type=Path, default=Path("build/corpus.json"), help="where the result is written")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        results, wrong = _run_files(options.files)
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as problem:
        sys.stderr.write(f"cannot read the cases: {problem}\n")
        return 2
    counts = {name: sum(one["result"] == name for one in results) for name in ("passed", "failed", "unsupported")}
    ok = not counts["failed"] and not wrong
    summary = {"ok": ok, "seconds": round(time.monotonic() - began, 1), **counts, "books": wrong, "cases": results}
    options.result.parent.mkdir(exist_ok=True)
    options.result.write_text(json.dumps(summary, indent=1) + "\n")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['unsupported']} unsupported")
    for finding in wrong:
        print(f"books: {finding}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
