"""The books, checked from the tables by docs/ledger-format.md. Shares no code with the service."""

from __future__ import annotations

import hashlib
import json
import struct
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]
_PLAYERS_CLASSES = 10
_FIELDS = (
    "sequence", "operation", "licensee_id", "player_id", "source_id", "kind", "key", "fingerprint", "outcome",
    "asset_id", "amount", "debit_id", "credit_id", "moved", "debit_after", "credit_after", "available", "round",
    "game", "session", "reference", "undoes", "opened_case", "limit_kind", "details", "pack", "decision",
    "recorded_us",
)  # fmt: skip


def problems_in(url: str) -> list[str]:
    """Everything that is wrong with a ledger. Nothing, if it is right."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        read = {
            table: connection.execute(f"SELECT * FROM {table}".encode()).fetchall()  # noqa: S608 - our own names
            for table in ("shard", "batch", "transfer", "account", "hold", "round", "player")
        }
    checks = (_chain, _sums, _balances_after, _accounts, _holds, _keys, _rounds)
    return [problem for check in checks for problem in check(read)]


def _log(read: dict[str, list[Row]], shard: int) -> list[Row]:
    return sorted((row for row in read["transfer"] if row["shard"] == shard), key=lambda row: int(row["sequence"]))


def _line(row: Row) -> bytes:
    values: list[Any] = [row[name] for name in _FIELDS]
    for name in ("debit_after", "credit_after"):
        place = _FIELDS.index(name)
        values[place] = None if row[name] is None else str(row[name])
    values[_FIELDS.index("fingerprint")] = None if row["fingerprint"] is None else row["fingerprint"].hex()
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _chain(read: dict[str, list[Row]]) -> Iterator[str]:
    for shard in read["shard"]:
        log, digest, position = _log(read, shard["id"]), bytes(32), 1
        peaks: list[tuple[int, bytes]] = []
        if [row["sequence"] for row in log] != list(range(1, len(log) + 1)):
            yield f"shard {shard['id']} has gaps"
        batches = [row for row in read["batch"] if row["shard"] == shard["id"]]
        for batch in sorted(batches, key=lambda row: int(row["first_sequence"])):
            peaks = _grown(peaks, [_line(row) for row in log[position - 1 : position - 1 + batch["count"]]])
            place = struct.pack(">HQI", shard["id"], position, batch["count"])
            expected = hashlib.sha256(b"\2" + digest + place + _root(peaks)).digest()
            if (batch["first_sequence"], batch["previous"], batch["digest"]) != (position, digest, expected):
                yield f"shard {shard['id']}: the batch at {position} does not continue the chain"
            digest, position = batch["digest"], position + batch["count"]
        if (shard["next_sequence"], shard["digest"], len(log)) != (position, digest, position - 1):
            yield f"shard {shard['id']}: the head is not where the chain ends"
        if shard["frontier"] != b"".join(peak for _, peak in peaks):
            yield f"shard {shard['id']}: the head has another tree than its entries"


def _grown(peaks: list[tuple[int, bytes]], leaves: list[bytes]) -> list[tuple[int, bytes]]:
    """Complete subtrees (height, root) of RFC 6962 after these leaves."""
    for leaf in leaves:
        height, node = 0, hashlib.sha256(b"\0" + leaf).digest()
        while peaks and peaks[-1][0] == height:
            node = hashlib.sha256(b"\1" + peaks[-1][1] + node).digest()
            height, peaks = height + 1, peaks[:-1]
        peaks = [*peaks, (height, node)]
    return peaks


def _root(peaks: list[tuple[int, bytes]]) -> bytes:
    *lefts, (_, root) = peaks
    for _, left in reversed(lefts):
        root = hashlib.sha256(b"\1" + left + root).digest()
    return root


def _sums(read: dict[str, list[Row]]) -> Iterator[str]:
    sums: dict[int, int] = defaultdict(int)
    for account in read["account"]:
        sums[account["asset_id"]] += account["credits"] - account["debits"]
    yield from (f"asset {asset} sums to {total}" for asset, total in sums.items() if total)


def _balances_after(read: dict[str, list[Row]]) -> Iterator[str]:
    """Every balance after a posting is the one before it and the posting; players never go below zero."""
    accounts = {row["id"]: row for row in read["account"]}
    for shard in read["shard"]:
        now: dict[int, int] = defaultdict(int)
        for row in _log(read, shard["id"]):
            if row["moved"] is None:
                continue
            for side, sign in (("debit", -1), ("credit", 1)):
                account = accounts[row[f"{side}_id"]]
                now[account["id"]] += sign * row["moved"]
                if now[account["id"]] != row[f"{side}_after"]:
                    yield f"{shard['id']}-{row['sequence']}: {side} after is wrong"
                # What a player owes is below zero.
                if account["class"] < _PLAYERS_CLASSES and account["class"] != 4 and now[account["id"]] < 0:
                    yield f"{shard['id']}-{row['sequence']}: a player is below zero"
                if account["asset_id"] != row["asset_id"]:
                    yield f"{shard['id']}-{row['sequence']}: {side} is in another asset"


def _accounts(read: dict[str, list[Row]]) -> Iterator[str]:
    debits: dict[int, int] = defaultdict(int)
    credits_: dict[int, int] = defaultdict(int)
    for row in read["transfer"]:
        if row["moved"]:
            debits[row["debit_id"]] += row["moved"]
            credits_[row["credit_id"]] += row["moved"]
    for account in read["account"]:
        if (account["debits"], account["credits"]) != (debits[account["id"]], credits_[account["id"]]):
            yield f"account {account['id']} is not the sum of its postings"


def _holds(read: dict[str, list[Row]]) -> Iterator[str]:
    held: dict[int, int] = defaultdict(int)
    for hold in read["hold"]:
        left = hold["amount"] - hold["captured"] - hold["released"]
        held[hold["player_id"], hold["asset_id"]] += left  # type: ignore[index]
        if left < 0 or (left == 0) == (hold["state"] == 1):
            yield f"hold {hold['key']!r} does not add up"
    for account in read["account"]:
        if account["class"] == 2 and account["credits"] - account["debits"] != held[account["player_id"], account["asset_id"]]:  # type: ignore[index]  # fmt: skip
            yield f"held money of player {account['player_id']} is not that of the holds"


def _keys(read: dict[str, list[Row]]) -> Iterator[str]:
    seen = set()
    undone = set()
    for row in read["transfer"]:
        key = (row["licensee_id"], row["player_id"], row["source_id"], row["kind"], row["key"])
        if row["key"] is not None and key in seen:
            yield f"key {key} stands twice"
        seen.add(key)
        if row["undoes"] is not None and (row["shard"], row["undoes"]) in undone:
            yield f"{row['shard']}-{row['undoes']} is undone twice"
        undone.add((row["shard"], row["undoes"]))


def _rounds(read: dict[str, list[Row]]) -> Iterator[str]:
    """A round was opened by its first accepted bet, and is closed if an accepted entry says so."""
    first: dict[tuple[int, int, str], int] = {}
    closed = set()
    for row in sorted(read["transfer"], key=lambda row: int(row["sequence"])):
        name = (row["player_id"], row["source_id"], row["round"])
        if row["kind"] == 1 and row["outcome"] == 1 and row["key"] is not None:
            first.setdefault(name, row["sequence"])
        if row["outcome"] == 1 and name in first and row["details"] and json.loads(row["details"]).get("close"):
            closed.add(name)
    stored = {(row["player_id"], row["source_id"], row["name"]): row for row in read["round"]}
    if stored.keys() != first.keys():
        yield "the rounds are not those of the accepted bets"
    for name, row in stored.items():
        if (row["opened_sequence"], row["state"] == 2) != (first.get(name), name in closed):
            yield f"round {name} is not what the log says"
