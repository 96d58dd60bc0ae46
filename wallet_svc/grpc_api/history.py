"""HistoryService: what happened to a licensee's money, and why."""

from collections.abc import AsyncIterator

from mesh import paging
from mesh.errors import RequestInvalidError
from mesh.identity import current_caller, require_licensee
from mesh.notes import Signer
from pitboss.type.v1 import money_pb2
from pitboss.wallet.v1 import history_service_pb2 as pb
from pitboss.wallet.v1 import history_service_pb2_grpc
from wallet_svc.comparing import Comparing
from wallet_svc.domain.backdating import effective_us
from wallet_svc.domain.comparison import Tally
from wallet_svc.domain.statement import Line
from wallet_svc.domain.vocabulary import AccountClass
from wallet_svc.explaining import Explainer
from wallet_svc.grpc_api.commands import moment_us, plain
from wallet_svc.grpc_api.comparing import difference_of, lines_of, scope_of, summary_of
from wallet_svc.grpc_api.day_statement import day_statement_of
from wallet_svc.grpc_api.explaining import explanation_of
from wallet_svc.grpc_api.ledger import kind_named, need
from wallet_svc.grpc_api.pending import call_of
from wallet_svc.grpc_api.results import balances, money, timestamp
from wallet_svc.history import History, StatementPage
from wallet_svc.waiting import Waiting

_DEFAULT_PAGE = 100


class HistoryServicer(history_service_pb2_grpc.HistoryServiceServicer):
    """Decodes, asks one question, encodes."""

    def __init__(
        self,
        history: History,
        explainer: Explainer,
        comparing: Comparing,
        signer: Signer | None,
        waiting: Waiting,
    ) -> None:
        self._waiting = waiting
        self._history = history
        self._explainer = explainer
        self._comparing = comparing
        self._signer = signer

    async def ListStatementLines(
        self, request: pb.ListStatementLinesRequest, context: object
    ) -> pb.ListStatementLinesResponse:
        owner = _owner(request.player_id)
        after = paging.position(request.after_cursor, owner, empty=0, field="after_cursor")
        size = request.page_size or _DEFAULT_PAGE
        page = await self._history.statement(require_licensee(), request.player_id, request.currency_code, after, size)
        position = page.lines[-1].position if page.lines else after
        return pb.ListStatementLinesResponse(
            opening=money(page.opening, page.asset),
            lines=[_line(line, page, owner) for line in page.lines],
            closing=money(page.closing, page.asset),
            next_cursor=paging.token(position, owner) if position else "",
            more=page.more,
        )

    async def GetBalanceAt(self, request: pb.GetBalanceAtRequest, context: object) -> pb.GetBalanceAtResponse:
        moment = request.WhichOneof("moment")
        found = await self._history.balance_at(
            require_licensee(),
            request.player_id,
            request.currency_code,
            sequence=request.sequence if moment == "sequence" else None,
            recorded_us=moment_us("record_time", request.record_time) if moment == "record_time" else None,
            effective_us=moment_us("effective_time", request.effective_time) if moment == "effective_time" else None,
        )
        amounts = [abs(found.balances.get(AccountClass(number), 0)) for number in (1, 2, 3, 4)]
        return pb.GetBalanceAtResponse(balances=balances(found.asset, *amounts), sequence=found.sequence)

    async def ExplainTransaction(
        self, request: pb.ExplainTransactionRequest, context: object
    ) -> pb.ExplainTransactionResponse:
        licensee = require_licensee()
        if request.transaction_id:
            found = await self._explainer.by_id(licensee, request.transaction_id)
        else:
            need(request.player_id, "player_id")
            key, kind = plain("transaction_key", request.transaction_key), kind_named(request.kind)
            need(key, "transaction_key")
            source = request.source or current_caller().source
            found = await self._explainer.by_key(licensee, request.player_id, source, kind, key)
        return explanation_of(found)

    async def GetDayStatement(self, request: pb.GetDayStatementRequest, context: object) -> pb.GetDayStatementResponse:
        found = await self._history.day_statement(
            require_licensee(), request.currency_code, request.day, request.source
        )
        return day_statement_of(found, self._signer)

    async def CompareStatement(
        self, request_iterator: AsyncIterator[pb.CompareStatementRequest], context: object
    ) -> AsyncIterator[pb.CompareStatementResponse]:
        licensee = require_licensee()
        first = await anext(request_iterator, None)
        if first is None or first.WhichOneof("message") != "scope":
            raise RequestInvalidError(violations=[("scope", "the first message says what is compared")])
        scope = scope_of(first.scope)
        tenant, asset = await self._comparing.asset(licensee, scope.currency)
        tally, lines = Tally(), lines_of(request_iterator, asset)
        async for found in self._comparing.differences(tenant, asset, scope, lines, tally):
            yield pb.CompareStatementResponse(differences=[difference_of(one, asset) for one in found])
        yield pb.CompareStatementResponse(summary=summary_of(tally))

    async def ListPendingCalls(
        self, request: pb.ListPendingCallsRequest, context: object
    ) -> pb.ListPendingCallsResponse:
        owner = f"calls {request.player_id} {request.stuck_only}"
        after = paging.position(request.page_token, owner, empty=0)
        size = request.page_size or _DEFAULT_PAGE
        page = await self._waiting.page(
            require_licensee(), request.player_id, divmod(after, _PLACES), size, stuck_only=request.stuck_only
        )
        last = page.rows[-1] if len(page.rows) == size else None
        return pb.ListPendingCallsResponse(
            calls=[call_of(row, page.registry) for row in page.rows],
            next_page_token="" if last is None else paging.token(last.shard * _PLACES + last.sequence, owner),
        )

    async def RetryPendingCall(
        self, request: pb.RetryPendingCallRequest, context: object
    ) -> pb.RetryPendingCallResponse:
        await self._waiting.retry(require_licensee(), request.call_id)
        return pb.RetryPendingCallResponse()


_PLACES = 1 << 50
"""More than a shard has sequences, so that a place is one number."""


def _owner(player: str) -> str:
    """Whose cursor it is: not one of another list of the same player."""
    return f"statement {player}"


def _line(line: Line, page: StatementPage, owner: str) -> pb.StatementLine:
    first = line.first
    effective = effective_us(first)
    return pb.StatementLine(
        cursor=paging.token(line.position, owner),
        transaction_id=f"{first.shard}-{first.sequence}",
        kind=first.kind.value,  # type: ignore[arg-type]
        source=page.registry.source_names[first.source_id],
        transaction_key=first.key or "",
        cash_change=money(line.cash, page.asset),
        bonus_change=_change(line, AccountClass.BONUS, page),
        held_change=_change(line, AccountClass.HELD, page),
        receivable_change=_change(line, AccountClass.RECEIVABLE, page),
        balance=money(line.balance, page.asset),
        round_id=first.round or "",
        game_id=first.game or "",
        reference_key=first.reference or "",
        record_time=timestamp(first.recorded_us),
        effective_time=None if effective is None else timestamp(effective),
    )


def _change(line: Line, account_class: AccountClass, page: StatementPage) -> money_pb2.Money | None:
    change = line.changes.get(account_class, 0)
    if account_class is AccountClass.RECEIVABLE:
        # The account is below zero by what the player owes.
        change = -change
    return money(change, page.asset) if change else None
