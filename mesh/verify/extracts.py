"""`python -m mesh.verify.extracts`: check extracts for regulators, and compare them with the ledger."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import psycopg

from mesh.verify.extract_files import ExtractError, Files, parse_xml, read_files, texts
from mesh.verify.extracted import Difference, compare, expected, rows_of
from mesh.verify.findings import Check, Findings, verdict
from mesh.verify.notes import Key, NoteError, keys_of, open_note

_SUMS: Final = ("stake", "stake_bonus", "jackpot_contribution", "win", "win_bonus")
_SEAL: Final = "pitboss-extract-seal/1"
_RECEIPT: Final = "pitboss-tamper-token/1"
_RECEIPT_LINES: Final = 7
_HOUR_US: Final = 3_600_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """0: everything holds. 1: something does not. 2: it could not be looked at."""
    options = _parser().parse_args(arguments)
    try:
        keys = [key for path in options.token_key for key in keys_of(path.read_text())]
        found = [read_files(path) for path in options.files]
        checks, differences = check(found, keys=keys, ledger_url=options.ledger, within_hours=options.within_hours)
    except (psycopg.Error, OSError, ValueError) as error:
        sys.stderr.write(f"extracts: {error}\n")
        return 2
    ok = all(each.ok for each in checks)
    if options.json:
        found_all = {
            "ok": ok,
            "checks": [asdict(each) for each in checks],
            "differences": [asdict(each) for each in differences],
        }
        sys.stdout.write(json.dumps(found_all, indent=2) + "\n")
    else:
        for each in checks:
            sys.stdout.write(f"{each.line}\n")
    return 0 if ok else 1


def check(
    found: Sequence[Files], *, keys: Sequence[Key] = (), ledger_url: str = "", within_hours: int = 0
) -> tuple[list[Check], list[Difference]]:
    """All checks of some extracts. With keys each must have a seal; with a ledger each is compared with it."""
    same, totals, chain, seals, ledger = Findings(), Findings(), Findings(), Findings(), Findings()
    documents = sorted(((each.document, each) for each in found), key=lambda each: _place(each[0]))
    differences: list[Difference] = []
    for document, files in documents:
        _check_same(document, files, same)
        _check_totals(document, totals)
        if keys:
            _check_seal(document, files, keys, within_hours, seals)
        if ledger_url:
            wanted, nameless = expected(rows_of(ledger_url, document), document)
            ledger.looked_at += len(wanted)
            differences += compare(document, wanted, nameless)
    _check_chain(documents, chain)
    for each in differences:
        ledger.add(str(each))
    checks = [
        verdict("both files say the same", "extracts", [same]),
        verdict("totals are the sums of rounds", "totals", [totals]),
        verdict("every extract names the one before it", "extracts", [chain]),
    ]
    if keys:
        checks.append(verdict("the authority has sealed these very bytes, in time", "seals", [seals]))
    if ledger_url:
        checks.append(verdict("rounds and sums are those of the ledger", "rounds", [ledger]))
    return checks, differences


def _place(document: Mapping[str, Any]) -> tuple[str, str, int]:
    return document["market"], document["licensee"], document["batch"]["sequence"]


def _check_same(document: Mapping[str, Any], files: Files, findings: Findings) -> None:
    findings.looked_at += 1
    name, _, version = str(document["schema"]).removeprefix("pitboss-extract-").partition("/")
    try:
        namespace, said = parse_xml(files.xml)
    except ExtractError as error:
        findings.add(f"{files.path.with_suffix('.xml')}: {error}")
        return
    if namespace != f"urn:pitboss:extract:{name}:{version}":
        findings.add(f"{files.path}: the XML file is of another schema, {namespace}")
    if said != texts(document):
        findings.add(f"{files.path}: the XML file says something else")


def _check_totals(document: Mapping[str, Any], findings: Findings) -> None:
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for each in document["rounds"]:
        groups.setdefault(_group(each), []).append(each)
    told = {_group(each): each for each in document["totals"]}
    findings.looked_at += len(told)
    if len(told) != len(document["totals"]) or told.keys() != groups.keys():
        findings.add("games with rounds and games with totals are not the same")
        return
    for group, rounds in groups.items():
        wrong = [name for name in _SUMS if Decimal(told[group][name]) != sum(Decimal(each[name]) for each in rounds)]
        if wrong or told[group]["count"] != len(rounds):
            findings.add(f"{'/'.join(group)}: {', '.join(wrong) or 'count'}")


def _group(each: Mapping[str, Any]) -> tuple[str, str, str]:
    return each["provider"], each["game"], each["currency"]


def _check_chain(documents: Sequence[tuple[dict[str, Any], Files]], findings: Findings) -> None:
    """Neighbours alone can be compared: whoever has two extracts with one between them has a gap, and no fault."""
    known = {(_place(document)): files.digest for document, files in documents}
    for document, files in documents:
        findings.looked_at += 1
        market, licensee, sequence = _place(document)
        previous = document["batch"]["previous"]
        before = known.get((market, licensee, sequence - 1))
        if (sequence == 1) != (previous == "") or before not in (None, previous):
            findings.add(f"{files.path}: it does not name the digest of number {sequence - 1}")


def _check_seal(
    document: Mapping[str, Any], files: Files, keys: Sequence[Key], within_hours: int, findings: Findings
) -> None:
    findings.looked_at += 1
    for problem in _seal_problems(document, files, keys, within_hours):
        findings.add(f"{files.path}: {problem}")


def _seal_problems(document: Mapping[str, Any], files: Files, keys: Sequence[Key], within_hours: int) -> Iterator[str]:
    if files.seal is None:
        yield "unsealed: it has no seal"
        return
    try:
        seal = json.loads(files.seal)
        lines = open_note(seal["receipt"], keys).splitlines()
        said = (seal["format"], seal["token"], seal["batch"], seal["mac"], seal["digest"])
    except (NoteError, ValueError, KeyError, TypeError) as error:
        yield f"seal_broken: {error}"
        return
    if len(lines) != _RECEIPT_LINES or said[0] != _SEAL or tuple(lines[:5]) != (_RECEIPT, *said[1:]):
        yield "seal_broken: the receipt is about another seal"
        return
    if lines[2] != "/".join(map(str, _place(document))):
        yield f"seal_broken: it is of the batch {lines[2]}"
    if lines[4] != files.digest:
        yield "changed: the files are not those that were sealed"
    closed_us, until_us = int(lines[5]), int(lines[6])
    ended_us = int(datetime.fromisoformat(document["period"]["to"]).timestamp()) * 1_000_000
    late = within_hours and document["number"] == 0 and closed_us > ended_us + within_hours * _HOUR_US
    if closed_us > until_us or late:
        yield "sealed_late: it was closed after its time"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mesh.verify.extracts", description="Check extracts.")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="JSON files; the others lie beside them")
    parser.add_argument("--ledger", metavar="URL", default="", help="the wallet's database, with a role that reads")
    parser.add_argument("--token-key", metavar="FILE", type=Path, action="append", default=[],
                        help="public keys of the token service, one on each line: then each must be sealed")  # fmt: skip
    parser.add_argument(
        "--within-hours", type=int, default=0, metavar="N", help="how soon a first batch must be sealed"
    )
    parser.add_argument("--json", action="store_true", help="write JSON instead of text")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
