"""`pitboss second-opinion`, `checkpoint` and `proof`: what somebody else makes of the ledger, and signs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesh.cli.output import Json, console, write_json, write_table

if TYPE_CHECKING:
    from pitboss.proof.v1 import ledger_proof_service_pb2 as pb

Transaction = Annotated[str, typer.Argument(help="Our id of the transaction: 3-1042.")]
ProofFile = Annotated[
    Path | None, typer.Option("--to", help="Where to; without it the file is named for its transaction.")
]
Keys = Annotated[Path, typer.Option("--keys", help="Where the public key goes that the proof is checked with.")]
Folder = Annotated[Path, typer.Option("--to", help="A folder for the checkpoint of each shard and their public keys.")]
Since = Annotated[
    Path | None, typer.Option(help="An earlier such folder: first have it proved that every log continues it.")
]


def second_opinion(*, json: Json = False) -> None:
    """Show how much of the ledger was recomputed, how long ago, and what did not agree. Exit code 1 if anything did not."""
    found = ask()
    if json:
        write_json(as_json(found))
    else:
        console.print(sentence(found))
        if found.alarms:
            write_table(
                ("where", "what", "when"), [(a.place, a.problem, a.seen_at.ToJsonString()) for a in found.alarms]
            )
    raise typer.Exit(0 if found.agrees else 1)


def checkpoint(*, to: Folder, since: Since = None, json: Json = False) -> None:
    """Keep the signed checkpoint of every shard, to compare later ledgers and exports with."""
    from mesh.cli.proving import KEYS_FILE, checkpoints, continued  # noqa: PLC0415 - imports the contracts: slow

    grown = continued(since) if since else {}
    signed = checkpoints()
    to.mkdir(parents=True, exist_ok=True)
    for shard, one in signed.items():
        (to / f"shard-{shard}.checkpoint").write_text(one.checkpoint)
    (to / KEYS_FILE).write_text("".join(f"{one.verifier_key}\n" for one in signed.values()))
    sizes = {str(shard): one.tree_size for shard, one in signed.items()}
    if json:
        write_json({"folder": str(to), "entries": sizes, "continued": sorted(grown)})
    else:
        if since:
            console.print(f"{len(grown)} shards continue what was signed in {since}", soft_wrap=True)
        console.print(f"{sum(sizes.values())} entries in {len(sizes)} shards are signed, in {to}", soft_wrap=True)


def proof(transaction: Transaction, *, to: ProofFile = None, keys: Keys = Path("log.keys"), json: Json = False) -> None:
    """Write a proof that a transaction stands in the ledger. `pitboss verify-proof` checks it without the mesh."""
    from mesh.cli.proving import inclusion  # noqa: PLC0415 - as above

    file = to or Path(f"{transaction}.tlog-proof")
    text, verifier_key = inclusion(transaction)
    file.write_text(text)
    keys.write_text(f"{verifier_key}\n")
    if json:
        write_json({"proof": str(file), "keys": str(keys)})
    else:
        console.print(f"{file} proves {transaction}; its public key is in {keys}", soft_wrap=True)


def ask() -> pb.GetSecondOpinionResponse:
    """What the second opinion says now."""
    from mesh.cli.proving import opinion  # noqa: PLC0415 - as above

    return opinion()


def sentence(found: pb.GetSecondOpinionResponse) -> str:
    """The opinion in one line."""
    verdict = "agrees" if found.agrees else f"does NOT agree ({len(found.alarms)} alarms)"
    checked = f"{found.coverage:.0%} of {found.entries:,} entries"
    return f"second opinion: {verdict}; {checked} recomputed, {found.lag_seconds:.1f} s behind"


def as_json(found: pb.GetSecondOpinionResponse) -> dict[str, Any]:
    """The opinion for machines."""
    return {
        "agrees": found.agrees,
        "checked": found.checked,
        "entries": found.entries,
        "coverage": round(found.coverage, 6),
        "lag_seconds": round(found.lag_seconds, 3),
        "read_again": found.read_again,
        "rounds": found.rounds,
        "alarms": [
            {"place": alarm.place, "problem": alarm.problem, "seen_at": alarm.seen_at.ToJsonString()}
            for alarm in found.alarms
        ],
    }
