"""The history of a run: one JSON array a line, appended before a request goes out and after its answer came.

    ["op", id, player, [step, ...], atomic]       what a client wants; written once, before its first request
    ["send", ns, [id, ...], wallet]               a request goes out
    ["ok", ns, [[id, [answer, ...]], ...]]        it was answered: an answer for each step
    ["unknown", ns, [id, ...], code]              it failed, and nobody knows what happened; no ids: a read
    ["read", ns_before, ns_after, player, units]  available money, as it was read
    ["resolved", ns, id, [[state, outcome, transaction_id], ...]]   what a look at the keys said in the end

An answer is [outcome, transaction_id, replayed, available units when it was stored]. Times are monotonic nanoseconds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Writer:
    """Appends lines; each is in the kernel's hands before the call returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def add(self, *parts: Any) -> None:
        """Append one line."""
        self._file.write(json.dumps(parts, separators=(",", ":")).encode() + b"\n")

    def add_many(self, lines: list[tuple[Any, ...]]) -> None:
        """Append several lines at once."""
        self._file.write(b"".join(json.dumps(parts, separators=(",", ":")).encode() + b"\n" for parts in lines))

    def close(self) -> None:
        """No more lines."""
        self._file.close()
