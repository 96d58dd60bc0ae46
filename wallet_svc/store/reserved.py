"""Notes of deposits that limit files were asked to keep. Each stands from before the question until the deposit has its end."""

from dataclasses import dataclass

from wallet_svc.domain.commands import Command, Deposit, MoneyText
from wallet_svc.store.reading import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """One deposit in one file. `command` is as it came, without what any source said."""

    reference: str
    file: str
    command: Command
    attempts: int = 0


class ReservedDeposits:
    """The notes. Any number of wallets may claim from them; a claim only keeps others away for a while."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def note(self, one: Reserved, *, now_us: int, next_us: int) -> None:
        """Note a deposit before its file is asked; once, however often it is sent."""
        command, action = one.command, one.command.action
        assert isinstance(action, Deposit)
        values = {
            "reference": one.reference,
            "file": one.file,
            "licensee": command.licensee,
            "player": command.player,
            "source": command.source,
            "key": command.key,
            "currency": action.money.currency,
            "amount": action.money.amount,
            "effective": command.effective_us,
            "now": now_us,
            "next": next_us,
        }
        await self._reader.rows("note_reservation", values)

    async def forget(self, one: Reserved) -> None:
        """It has its end."""
        await self._reader.rows("forget_reservation", {"reference": one.reference, "file": one.file})

    async def claim(self, *, now_us: int, until_us: int, limit: int) -> list[Reserved]:
        """What is due, and nobody else's until then."""
        rows = await self._reader.rows("claim_reservations", {"now": now_us, "until": until_us, "limit": limit})
        return [
            Reserved(
                reference=row.reference,
                file=row.file,
                command=Command(
                    row.licensee,
                    row.source,
                    row.player,
                    row.key,
                    Deposit(money=MoneyText(row.currency, row.amount)),
                    effective_us=row.effective_us,
                ),
                attempts=row.attempts,
            )
            for row in rows
        ]

    async def count(self) -> int:
        """How many there are."""
        return int((await self._reader.rows("count_reservations", {}))[0].waiting)

    async def postpone(self, one: Reserved, next_us: int, error: str) -> None:
        """Look at it then."""
        place = {"reference": one.reference, "file": one.file}
        await self._reader.rows("postpone_reservation", {**place, "next": next_us, "error": error})
