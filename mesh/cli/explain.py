"""`pitboss explain`: where is the player's money? One transaction, its round, its player, and what the logs say."""

from __future__ import annotations

import json as json_text
from typing import Annotated, Any

import typer

from mesh.cli.output import Json, console, write_json, write_table

Transaction = Annotated[str, typer.Argument(help="Our id (3-1042), or with --player and --kind the caller's key.")]
Licensee = Annotated[str, typer.Option(help="Whose player. Without it all licensees are asked.")]
Player = Annotated[str, typer.Option(help="The licensee's id of the player.")]
Kind = Annotated[str, typer.Option(help="Kind of the transaction: bet, win, cancel, deposit, hold ...")]
Source = Annotated[str, typer.Option(help="Provider that sent it, or cashier.")]


def explain(
    transaction: Transaction,
    *,
    licensee: Licensee = "",
    player: Player = "",
    kind: Kind = "bet",
    source: Source = "cashier",
    json: Json = False,
) -> None:
    """Show a transaction, the round and the balances it belongs to, and every log line of its request."""
    from mesh.cli.inquiry import Question, answer  # noqa: PLC0415 - imports the contracts, which takes long

    asked = Question(transaction=transaction, licensee=licensee, player=player, kind=kind, source=source)
    known = answer(asked)
    if json:
        write_json(known)
    else:
        _show(known)


def _show(known: dict[str, Any]) -> None:
    for part in ("transaction", "round", "balances"):
        if known[part]:
            console.print(f"\n[bold]{part}[/bold] of {known['licensee']}")
            write_table(("", ""), [(name, _text(value)) for name, value in known[part].items()])
    if known["log"]:
        console.print("\n[bold]log[/bold]")
        write_table(("process", "line"), [(line.pop("process"), json_text.dumps(line)) for line in known["log"]])


def _text(value: object) -> str:
    if isinstance(value, dict) and set(value) <= {"currency_code", "amount"}:
        return f"{value.get('amount', '0')} {value.get('currency_code', '')}"
    return value if isinstance(value, str) else json_text.dumps(value)
