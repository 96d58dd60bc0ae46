"""Lines of an uploaded file, and what differs, on the wire."""

from collections.abc import AsyncIterator, Sequence

from mesh.errors import RequestInvalidError
from mesh.money import AmountError, to_minor
from pitboss.type.v1 import money_pb2
from pitboss.wallet.v1 import history_service_pb2 as pb
from wallet_svc.comparing import Scope
from wallet_svc.domain.comparison import Compared, Difference, Found, Tally
from wallet_svc.domain.state import Asset
from wallet_svc.domain.vocabulary import TransactionState
from wallet_svc.grpc_api.commands import moment_us
from wallet_svc.grpc_api.results import money

_NO_AMOUNT = -(2**80)
"""Equal to no amount: the asset cannot hold what the line says."""


def scope_of(message: pb.ComparedScope) -> Scope:
    """What is compared."""
    return Scope(
        source=message.source,
        currency=message.currency_code,
        since_us=moment_us("start_time", message.start_time),
        until_us=moment_us("end_time", message.end_time),
        states=set(message.states) or {TransactionState.APPLIED.value},
        kinds=set(message.kinds),
    )


async def lines_of(
    requests: AsyncIterator[pb.CompareStatementRequest], asset: Asset
) -> AsyncIterator[Sequence[Compared]]:
    """Pages of lines, as they arrive."""
    async for request in requests:
        if request.WhichOneof("message") != "lines":
            raise RequestInvalidError(violations=[("scope", "is said once, in the first message")])
        yield [_line(line, asset) for line in request.lines.lines]


def _line(line: pb.ComparedLine, asset: Asset) -> Compared:
    return Compared(
        kind=line.kind,
        key=line.transaction_key,
        player=line.player_id,
        amount=_minor(line.amount, asset) if line.HasField("amount") else None,
        state=line.state,
        raw=line,
    )


def _minor(amount: money_pb2.Money, asset: Asset) -> int:
    if amount.currency_code != asset.code:
        return _NO_AMOUNT
    try:
        return to_minor(amount.amount, asset.exponent)
    except AmountError:
        return _NO_AMOUNT


def difference_of(found: Found, asset: Asset) -> pb.Difference:
    """One difference."""
    difference, there, here = found
    message = pb.Difference(difference=difference.value)  # type: ignore[arg-type]
    if there is not None:
        message.there.CopyFrom(there.raw)
    if here is not None:
        message.transaction_id = here.raw
        message.here.CopyFrom(_own(here, asset))
    return message


def _own(here: Compared, asset: Asset) -> pb.ComparedLine:
    line = pb.ComparedLine(
        transaction_key=here.key,
        kind=here.kind,  # type: ignore[arg-type]
        state=here.state,  # type: ignore[arg-type]
        player_id=here.player,
    )
    if here.amount is not None:
        line.amount.CopyFrom(money(here.amount, asset))
    return line


def summary_of(tally: Tally) -> pb.ComparisonSummary:
    """What was compared."""
    return pb.ComparisonSummary(
        lines=tally.lines,
        transactions=tally.transactions,
        agreeing=tally.agreeing,
        missing_here=tally.found[Difference.MISSING_HERE],
        missing_there=tally.found[Difference.MISSING_THERE],
        amount_differs=tally.found[Difference.AMOUNT],
        state_differs=tally.found[Difference.STATE],
    )
