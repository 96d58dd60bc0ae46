"""`pitboss case`: what risk monitoring has found, and what two people do about it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mesh.cli.output import Json, console, write_json, write_table

app = typer.Typer(
    no_args_is_help=True, help="Cases of risk monitoring of the mesh that is up. Not for a player's eyes."
)

CaseId = Annotated[str, typer.Argument(help="The case, by its id or the beginning of it.")]
Person = Annotated[str, typer.Option("--by", help="Who you are.")]
Proposal = Annotated[int, typer.Option(help="The proposal that you have read.")]


@app.command("list")
def list_cases(
    *,
    licensee: Annotated[str, typer.Option(help="Of this licensee only.")] = "",
    player: Annotated[str, typer.Option(help="Of this player only.")] = "",
    all_: Annotated[bool, typer.Option("--all", help="Also those that are closed.")] = False,
    json: Json = False,
) -> None:
    """List cases, the newest first."""
    from mesh.cli import investigating  # noqa: PLC0415 - imports the contracts, which takes long

    found = investigating.cases(licensee, player, with_closed=all_)
    if json:
        write_json(found)
        return
    rows = [(each["case_id"], each["state"], _owner(each), _money(each["observed"]), each["summary"]) for each in found]
    write_table(("case", "state", "player", "observed", "what was seen"), rows)


@app.command()
def show(case: CaseId, *, json: Json = False) -> None:
    """Show a case with its evidence, and everything that was done about it."""
    from mesh.cli import investigating  # noqa: PLC0415 - as above

    found = investigating.show(case)
    if json:
        write_json(found)
        return
    _tell(found["case"])
    for event in found["events"]:
        words = (event["kind"], event.get("action", ""), event.get("person", ""), event.get("note", ""))
        line = " ".join(word for word in words if word)
        console.print(f"{event['record_time']} {event['position']} {line}", markup=False, soft_wrap=True)


@app.command()
def propose(
    case: CaseId,
    action: Annotated[str, typer.Argument(help="dismiss, report, ask-diligence, freeze or unfreeze.")],
    *,
    by: Person,
    note: Annotated[str, typer.Option(help="Why; for a report, the authority's reference.")],
    json: Json = False,
) -> None:
    """Say what should be done. Nothing is done before another person agrees."""
    from mesh.cli import investigating  # noqa: PLC0415 - as above

    _answer(investigating.propose(case, action, by, note), json=json)


@app.command()
def approve(case: CaseId, *, proposal: Proposal, by: Person, json: Json = False) -> None:
    """Agree to somebody else's proposal, and have it done."""
    from mesh.cli import investigating  # noqa: PLC0415 - as above

    _answer(investigating.approve(case, proposal, by), json=json)


@app.command()
def refuse(
    case: CaseId, *, proposal: Proposal, by: Person, note: Annotated[str, typer.Option(help="Why.")], json: Json = False
) -> None:
    """End a proposal. The case is open again."""
    from mesh.cli import investigating  # noqa: PLC0415 - as above

    _answer(investigating.refuse(case, proposal, by, note), json=json)


def _answer(found: dict[str, Any], *, json: bool) -> None:
    if json:
        write_json(found)
    else:
        _tell(found)


def _tell(found: dict[str, Any]) -> None:
    rows = [
        ("case", found["case_id"]),
        ("state", _state(found)),
        ("player", _owner(found)),
        ("rule", f"{found['rule']} of {found['pack']} ({found['requirement']})"),
        ("seen", f"{found['found_time']}: {found['summary']}"),
        ("observed", f"{_money(found['observed'])}, compared with {_money(found['threshold'])}"),
        ("evidence", f"{found.get('entries', 0)} entries: {' '.join(found.get('transaction_ids', []))}"),
        ("flag until", found["flag_expire_time"]),
    ]
    if proposal := found.get("proposal"):
        words = (
            f"{proposal['proposal']}: {proposal['action']}, by {proposal['person']}, until {proposal['expire_time']}"
        )
        rows += [("proposal", words), ("", proposal["note"])]
    write_table(("", ""), rows)


def _state(found: dict[str, Any]) -> str:
    words = (found["state"], found.get("closed_by", ""), "withdrawals frozen" if found.get("frozen") else "")
    return ", ".join(word for word in words if word)


def _owner(found: dict[str, Any]) -> str:
    return f"{found['licensee_id']}/{found['player_id']}"


def _money(money: dict[str, str]) -> str:
    return f"{money['amount']} {money['currency_code']}"
