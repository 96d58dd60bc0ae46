"""`pitboss explain`: where is the player's money? One transaction, its round, its player, and what the logs say."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli.output import CommandError, Json, console, write_json, write_table
from mesh.dev import supervisor

Transaction = Annotated[str, typer.Argument(help="Our id (3-1042), or with --player and --kind the caller's key.")]
Licensee = Annotated[str, typer.Option(help="Whose player. Without it all licensees are asked.")]
Player = Annotated[str, typer.Option(help="The licensee's id of the player.")]
Kind = Annotated[str, typer.Option(help="Kind of the transaction: bet, win, cancel, deposit, hold ...")]
Source = Annotated[str, typer.Option(help="Provider that sent it, or cashier.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which transaction is meant."""

    transaction: str
    player: str
    kind: str
    source: str


def explain(  # noqa: PLR0913 - one for each option
    transaction: Transaction,
    *,
    licensee: Licensee = "",
    player: Player = "",
    kind: Kind = "bet",
    source: Source = "cashier",
    json: Json = False,
) -> None:
    """Show a transaction, the round and the balances it belongs to, and every log line of its request."""
    from google.protobuf import json_format  # noqa: PLC0415 - slow to import

    asked = Question(transaction=transaction, player=player, kind=kind, source=source)
    owner, found = _find(asked, licensee)
    answer = {
        "licensee": owner,
        "transaction": json_format.MessageToDict(found, preserving_proto_field_name=True),
        "round": _round(owner, found),
        "balances": _balances(owner, found),
        "log": list(_log_lines(found.request_id)),
    }
    if json:
        write_json(answer)
    else:
        _show(answer)


def _find(asked: Question, licensee: str) -> tuple[str, Any]:
    from pitboss.wallet.v1.transaction_pb2 import TransactionState  # noqa: PLC0415

    owners = [licensee] if licensee else [each["id"] for each in supervisor.read_mesh()["licensees"]]
    for owner in owners:
        found = _ask(owner, asked)
        if found is not None and found.state != TransactionState.TRANSACTION_STATE_UNKNOWN:
            return owner, found
    message = f"no transaction {asked.transaction!r} of {', '.join(owners)}; name its licensee, or its player, kind and source"
    raise CommandError(message)


def _ask(owner: str, asked: Question) -> Any:
    from pitboss.wallet.v1.ledger_service_pb2 import GetTransactionRequest  # noqa: PLC0415

    if not asked.player:
        request = GetTransactionRequest(transaction_id=asked.transaction)
    else:
        request = GetTransactionRequest(player_id=asked.player, kind=_kind(asked.kind), source=asked.source,
                                        transaction_key=asked.transaction)  # fmt: skip
    answer = _ledger(owner, "GetTransaction", request)
    return answer and answer.transaction


def _kind(name: str) -> Any:
    from pitboss.wallet.v1.transaction_pb2 import TransactionKind  # noqa: PLC0415

    try:
        return TransactionKind.Value(f"TRANSACTION_KIND_{name.upper()}")
    except ValueError:
        known = ", ".join(key.removeprefix("TRANSACTION_KIND_").lower() for key in list(TransactionKind.keys())[1:])
        message = f"{name!r} is no kind of transaction; there are: {known}"
        raise CommandError(message) from None


def _ledger(owner: str, method: str, request: Any) -> Any:
    """Call the ledger for a licensee; None if it knows nothing by this name."""
    from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub  # noqa: PLC0415

    from mesh.cli.platform import call, wallet_channel  # noqa: PLC0415

    with wallet_channel() as channel:
        try:
            return call(getattr(LedgerServiceStub(channel), method), request, licensee=owner)
        except CommandError as error:
            if "NOT_FOUND" in str(error):
                return None
            raise


def _round(owner: str, found: Any) -> dict[str, Any] | None:
    from google.protobuf import json_format  # noqa: PLC0415
    from pitboss.wallet.v1.ledger_service_pb2 import GetRoundRequest  # noqa: PLC0415

    if not found.round_id:
        return None
    request = GetRoundRequest(player_id=found.player_id, provider=found.source, round_id=found.round_id)
    answer = _ledger(owner, "GetRound", request)
    return answer and json_format.MessageToDict(answer, preserving_proto_field_name=True)


def _balances(owner: str, found: Any) -> dict[str, Any] | None:
    from google.protobuf import json_format  # noqa: PLC0415
    from pitboss.wallet.v1.ledger_service_pb2 import GetBalanceRequest  # noqa: PLC0415

    answer = _ledger(owner, "GetBalance", GetBalanceRequest(player_id=found.player_id))
    return answer and json_format.MessageToDict(answer.balances, preserving_proto_field_name=True)


def _log_lines(request_id: str) -> Iterator[dict[str, Any]]:
    """What each process wrote about the request."""
    if not request_id:
        return
    for process in supervisor.read_mesh()["processes"]:
        for line in Path(process["log"]).read_text(errors="replace").splitlines():
            if request_id in line:
                yield {"process": process["name"], **_fields(line)}


def _fields(line: str) -> dict[str, Any]:
    try:
        fields = json_module.loads(line)
    except ValueError:
        return {"line": line}
    return fields if isinstance(fields, dict) else {"line": line}


def _show(answer: dict[str, Any]) -> None:
    console.print(f"[bold]transaction[/bold] of {answer['licensee']}")
    write_table(("", ""), _rows(answer["transaction"]))
    for part in ("round", "balances"):
        if answer[part]:
            console.print(f"\n[bold]{part}[/bold]")
            write_table(("", ""), _rows(answer[part]))
    if answer["log"]:
        console.print("\n[bold]log[/bold]")
        rows = [(line.pop("process"), json_module.dumps(line)) for line in answer["log"]]
        write_table(("process", "line"), rows)


def _rows(fields: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, _text(value)) for name, value in fields.items()]


def _text(value: Any) -> str:
    if isinstance(value, dict) and set(value) <= {"currency_code", "amount"}:
        return f"{value.get('amount', '0')} {value.get('currency_code', '')}"
    return value if isinstance(value, str) else json_module.dumps(value)
