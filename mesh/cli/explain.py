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
    for part in ("transaction", "decision", "hold", "commitment"):
        _show_fields(part, known)
    _show_attempts(known)
    _show_upstream(known)
    _show_postings(known["postings"])
    _show_related(known["related"])
    for part in ("round", "balances"):
        _show_fields(part, known)
    if known["log"]:
        console.print("\n[bold]log[/bold]")
        write_table(("process", "line"), [(line.pop("process"), json_text.dumps(line)) for line in known["log"]])


def _show_fields(part: str, known: dict[str, Any]) -> None:
    if known[part]:
        console.print(f"\n[bold]{part}[/bold] of {known['licensee']}")
        write_table(("", ""), [(name, _text(value)) for name, value in known[part].items()])


def _show_attempts(known: dict[str, Any]) -> None:
    console.print(f"\n[bold]calls[/bold] with this key: {known['attempt_count']}")
    rows: list[tuple[str, ...]] = [
        (one["time"], one["caller"], str(one["request_id"]), _proof(one), _outcome(one), _answered(one))
        for one in known["attempts"]
    ]
    rows += [
        (one["time"], known["transaction"]["source"], one.get("request_id", ""), one["event"], "", "not believed")
        for one in known["refused_messages"]
    ]
    write_table(("when", "who", "request id", "proved by", "outcome", ""), sorted(rows))
    if known["deliveries"]:
        console.print("\n[bold]sent again[/bold] by the provider, while there is no clear answer")
        write_table(("", "waits for", "times", "first after", "then"), [_delivery(one) for one in known["deliveries"]])


def _proof(attempt: dict[str, Any]) -> str:
    return str(attempt.get("proof", "")).removeprefix("ATTEMPT_PROOF_").lower()


def _delivery(one: dict[str, Any]) -> tuple[str, ...]:
    given_up = str(one["given_up"]).removeprefix("GIVEN_UP_").lower()
    times = str(one.get("attempts", "until answered"))
    return (
        str(one["kind"]).removeprefix("MESSAGE_KIND_").lower(),
        one["timeout"],
        times,
        one.get("first_wait", ""),
        {"cancel": "it cancels", "never": "it never gives up", "people": "people look"}[given_up],
    )


def _show_upstream(known: dict[str, Any]) -> None:
    if known["upstream_attempts"]:
        console.print("\n[bold]asked of the licensee's wallet[/bold]")
        calls = [
            (*(one[name] for name in _OF_CALL), _outcome(one) or "nothing known") for one in known["upstream_attempts"]
        ]
        write_table(("when", "method", "key", "took", "it said", "to us"), calls)
    if known["pending_calls"]:
        console.print("\n[bold]still to be answered[/bold] by the licensee's wallet")
        write_table(
            ("key", "kind", "attempts", "next attempt at", "last error"), list(map(_waiting, known["pending_calls"]))
        )


_OF_CALL = ("time", "method", "call_key", "latency", "answer")


def _waiting(call: dict[str, Any]) -> tuple[str, ...]:
    kind = str(call["kind"]).removeprefix("TRANSACTION_KIND_").lower()
    due = "a person has to look" if call.get("stuck") else call["next_attempt_time"]
    return call["call_id"], kind, str(call.get("attempts", 0)), due, call.get("last_error", "")


def _answered(attempt: dict[str, Any]) -> str:
    if attempt.get("replayed"):
        return "replay"
    return f"asked for {attempt['content_json']}" if attempt.get("content_json") else "first"


def _show_postings(postings: list[dict[str, Any]]) -> None:
    if postings:
        console.print("\n[bold]postings[/bold]")
        rows = [
            (one["posting_id"], _text(one["amount"]), _account(one["debit"]), "to", _account(one["credit"]))
            for one in postings
        ]
        write_table(("id", "amount", "from", "", "to"), rows)


def _account(side: dict[str, Any]) -> str:
    owner = side.get("player_id") or f"house, {side.get('source', '')}"
    name = side["account_class"].removeprefix("BOOK_ACCOUNT_CLASS_").lower()
    return f"{name} of {owner}, then {_text(side['balance'])}"


def _show_related(related: list[dict[str, Any]]) -> None:
    if related:
        console.print("\n[bold]related[/bold]")
        rows = [
            (
                one["transaction_id"],
                one["kind"].removeprefix("TRANSACTION_KIND_").lower(),
                one.get("transaction_key", ""),
                _outcome(one),
                _text(one.get("amount", {})),
                one["record_time"],
            )
            for one in related
        ]
        write_table(("id", "kind", "key", "outcome", "amount", "when"), rows)


def _outcome(one: dict[str, Any]) -> str:
    return str(one.get("outcome", "")).removeprefix("OUTCOME_")


def _text(value: object) -> str:
    if value == {}:
        return ""
    if isinstance(value, dict) and set(value) <= {"currency_code", "amount"}:
        return f"{value.get('amount', '0')} {value.get('currency_code', '')}"
    return value if isinstance(value, str) else json_text.dumps(value)
