"""Reading how an account stood before now, for commands that are recorded late."""

from collections.abc import Sequence

from mesh.arrays import numbers
from wallet_svc.domain.commands import Command, MoneyText
from wallet_svc.domain.past import Past, Span, past_of
from wallet_svc.domain.state import AccountName, Asset, Player, Registry
from wallet_svc.store.running import Connection, fetch_named
from wallet_svc.store.statements import STATEMENTS


def asset_of(command: Command, player: Player, registry: Registry) -> Asset | None:
    """The asset of a command's amount, if the licensee has it."""
    money = getattr(command.action, "money", None)
    return registry.assets.get((player.licensee.id, money.currency)) if isinstance(money, MoneyText) else None


async def read_past(connection: Connection, player: Player, name: AccountName, marks: Sequence[int]) -> Past:
    """How an account stood from each of these moments on, on the effective clock."""
    account = player.accounts.get(name)
    values = {"player": player.id, "account": account.id if account else 0, "marks": numbers(marks)}
    rows = await fetch_named(connection, STATEMENTS["read_past"], values)
    opening = await fetch_named(connection, STATEMENTS["read_opening"], {"player": player.id})
    spans = [Span(row.span, int(row.lowest), int(row.highest), int(row.last)) for row in rows]
    return past_of(marks, spans, account.balance if account else 0, opening[0].recorded_us if opening else 0)
