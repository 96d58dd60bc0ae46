"""An uploaded file against the log. Both sides come in pages and in one order, so a file may have any size."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass

from mesh.errors import RequestInvalidError
from wallet_svc.domain.comparison import Compared, Found, Tally, match
from wallet_svc.domain.state import Asset, Licensee
from wallet_svc.errors import LinesNotSortedError
from wallet_svc.queries import Queries
from wallet_svc.store.comparing import Sorted

_MOST_OF_ONE_KEY = 10_000
_AT_ONCE = 500

Lines = AsyncIterator[Sequence[Compared]]
"""Lines in pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which part of the log a file is compared with."""

    source: str
    currency: str
    since_us: int
    until_us: int
    states: Collection[int]
    kinds: Collection[int]


class Comparing:
    """Compares files with the log."""

    def __init__(self, database: Sorted, queries: Queries) -> None:
        self._database = database
        self._queries = queries

    async def asset(self, licensee: str, currency: str) -> tuple[Licensee, Asset]:
        """Errors: LicenseeNotFoundError, CurrencyUnknownError."""
        return await self._queries.asset(licensee, currency)

    async def differences(
        self, tenant: Licensee, asset: Asset, scope: Scope, lines: Lines, tally: Tally
    ) -> AsyncIterator[list[Found]]:
        """Pages of differences, in the order of the file; `tally` counts them.

        Errors: LinesNotSortedError, ProviderNotFoundError, RequestInvalidError for too many lines of one key.
        """
        values = {
            "licensee": tenant.id,
            "source": await self._queries.source(scope.source),
            "asset": asset.id,
            "since": scope.since_us,
            "until": scope.until_us,
        }
        found: list[Found] = []
        async with self._database.actions(values) as pages:
            async for there, here in _together(_groups(lines), _groups(_of_kinds(pages, scope.kinds))):
                found += match(there, here, scope.states, tally)
                if len(found) >= _AT_ONCE:
                    yield found
                    found = []
        if found:
            yield found


async def _of_kinds(pages: Lines, kinds: Collection[int]) -> Lines:
    async for page in pages:
        yield [one for one in page if not kinds or one.kind in kinds]


async def _groups(pages: Lines) -> AsyncIterator[list[Compared]]:
    """Lines of one kind and key together, in ascending order."""
    group: list[Compared] = []
    async for page in pages:
        for line in page:
            if group and line.order != group[0].order:
                if line.order < group[0].order:
                    raise LinesNotSortedError(transaction_key=line.key)
                yield group
                group = []
            group.append(line)
            if len(group) > _MOST_OF_ONE_KEY:
                raise RequestInvalidError(violations=[("lines", f"more than {_MOST_OF_ONE_KEY} lines have one key")])
    if group:
        yield group


async def _together(
    theirs: AsyncIterator[list[Compared]], ours: AsyncIterator[list[Compared]]
) -> AsyncIterator[tuple[list[Compared], list[Compared]]]:
    """Groups of one kind and key from both sides; an empty one where a side has none."""
    there, here = await anext(theirs, None), await anext(ours, None)
    while there is not None or here is not None:
        if here is None or (there is not None and there[0].order < here[0].order):
            yield there or [], []
            there = await anext(theirs, None)
        elif there is None or here[0].order < there[0].order:
            yield [], here
            here = await anext(ours, None)
        else:
            yield there, here
            there, here = await anext(theirs, None), await anext(ours, None)
