"""What licensees' own wallets have not answered yet. Rows come and go with entries of the log; only their timer is kept here."""

from dataclasses import dataclass
from typing import Any

from wallet_svc.domain.state import Entry
from wallet_svc.store.reading import Reader
from wallet_svc.store.rows import entry_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCall:
    """One entry of which a licensee's own wallet has not heard."""

    entry: Entry
    player: str
    attempts: int
    created_us: int

    @property
    def key(self) -> str:
        """The key that the licensee's wallet is sent: our id of the transaction."""
        return f"{self.entry.shard}-{self.entry.sequence}"


class PendingCalls:
    """The queue. Any number of wallets may claim from it; a claim only keeps others away for a while."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def claim(
        self, licensee_id: int, *, now_us: int, until_us: int, limit: int, player_id: int | None = None
    ) -> list[PendingCall]:
        """What is due, and nobody else's until then. At most the first of each player, besides its intent."""
        registry = await self._reader.registry()
        asked = {"licensee": licensee_id, "now": now_us, "until": until_us, "limit": limit, "player": player_id}
        return [
            PendingCall(
                entry=entry_of(row, registry), player=row.player_name, attempts=row.attempts, created_us=row.created_us
            )
            for row in await self._reader.rows("claim_calls", asked)
        ]

    async def postpone(self, call: PendingCall, next_us: int, error: str) -> None:
        """Try again later."""
        place = {"shard": call.entry.shard, "sequence": call.entry.sequence}
        await self._reader.rows("postpone_call", {**place, "next": next_us, "error": error})

    async def stick(self, call: PendingCall) -> None:
        """Try no more until somebody asks for it. That it was refused is in the log already."""
        await self._reader.rows("stick_call", {"shard": call.entry.shard, "sequence": call.entry.sequence})

    async def hurry(self, licensee_id: int, now_us: int) -> None:
        """Try at once what has failed before."""
        await self._reader.rows("hurry_calls", {"licensee": licensee_id, "now": now_us})

    async def retry(self, licensee_id: int, shard: int, sequence: int, now_us: int) -> bool:
        """Try one of them now, also a stuck one. False if there is none."""
        asked = {"licensee": licensee_id, "shard": shard, "sequence": sequence, "now": now_us}
        return bool(await self._reader.rows("retry_call", asked))

    async def page(
        self, licensee_id: int, *, player: str, stuck_only: bool, after: tuple[int, int], limit: int
    ) -> list[Any]:
        """Rows after a place, in the order of places."""
        shard, sequence = after
        asked = {"licensee": licensee_id, "player": player, "stuck_only": stuck_only, "shard": shard}
        return await self._reader.rows("list_calls", {**asked, "after": sequence, "limit": limit})
