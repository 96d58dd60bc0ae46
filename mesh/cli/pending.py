"""`pitboss pending`: what a licensee's own wallet has not answered yet."""

from __future__ import annotations

from typing import Annotated

import typer

from mesh.cli.output import Json, console, write_json, write_table

Licensee = Annotated[str, typer.Argument(help="Whose wallet.")]
Player = Annotated[str, typer.Option(help="Only calls for this player.")]
Stuck = Annotated[bool, typer.Option("--stuck", help="Only what the wallet has refused for good.")]
Retry = Annotated[str, typer.Option(help="Make this call due now, by its id.")]


def pending(
    licensee: Licensee, *, player: Player = "", stuck: Stuck = False, retry: Retry = "", json: Json = False
) -> None:
    """Stakes whose outcome is not known, credits and cancels that are not booked; with the time of the next attempt."""
    from mesh.cli import waiting  # noqa: PLC0415 - imports the contracts, which takes long

    if retry:
        waiting.retry(licensee, retry)
    found = waiting.calls(licensee, player, stuck_only=stuck)
    if json:
        write_json(found)
        return
    if not found:
        console.print(f"Nothing waits for the wallet of {licensee}.")
        return
    rows = [
        (
            each["call_id"],
            each["player_id"],
            each["kind"].removeprefix("TRANSACTION_KIND_"),
            f"{each['amount']['amount']} {each['amount']['currency_code']}" if "amount" in each else "",
            str(each.get("attempts", 0)),
            "stuck" if each.get("stuck") else each["next_attempt_time"],
            each.get("last_error", ""),
        )
        for each in found
    ]
    write_table(("call", "player", "kind", "amount", "attempts", "next attempt at", "last error"), rows)
