"""LedgerService: the one door to money, for adapters and internal services."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from compliance_svc.kernel import LimitKind
from mesh.errors import CallerForbiddenError, RequestInvalidError
from mesh.identity import Caller, current_caller, require_licensee
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2_grpc, transaction_pb2
from pitboss.wallet.v1 import ledger_service_pb2 as pb
from wallet_svc.domain.commands import Bet, BetAndWin, Command
from wallet_svc.domain.state import Registry
from wallet_svc.domain.vocabulary import LATE_KINDS, Kind, RoundState
from wallet_svc.engine import Answer, batch_outcome
from wallet_svc.feed import Feed
from wallet_svc.grpc_api.ahead import answers_in_order
from wallet_svc.grpc_api.commands import command_of, plain
from wallet_svc.grpc_api.results import (
    balances,
    decision_of,
    entry_message,
    fill,
    known_balances,
    money,
    result_of,
    timestamp,
    transaction_of,
)
from wallet_svc.grpc_api.standing import limit_usage, time_usage
from wallet_svc.limit_files.reserving import Reserving
from wallet_svc.queries import Queries
from wallet_svc.store.reading import Stored
from wallet_svc.store.refused import RefusedMessage, RefusedMessages

DEFAULT_TIMEOUT_S = 5.0
_DEFAULT_PAGE = 256
_BATCHES_AHEAD = 4

_PROVIDER_ACTIONS = frozenset(
    {
        "bet",
        "win",
        "bet_and_win",
        "cancel",
        "close_round",
        "tip",
        "rollback_list",
        "reverse_win",
        "undo_rollback",
        "promo",
        "tournament",
        "jackpot",
        "free_round_spin",
        "free_round_total",
        "adjust",
    }
)
_WHOLE = frozenset({Kind.ROLLBACK_LIST, Kind.APPROVE_ADJUSTMENT})
"""Actions that are several transactions themselves."""
_ACTIONS_OF = {
    "compliance_svc": frozenset(
        {
            "open_play",
            "resume_play",
            "set_limit",
            "confirm_limit",
            "cancel_pending_limit",
            "exclude",
            "take_break",
            "request_reinstatement",
            "approve_reinstatement",
            "enter",
            "change_play",
            "record_finding",
            "leave_for_good",
            "freeze_account",
            "unfreeze_account",
        }
    ),
    "session_svc": frozenset({"end_play"}),
}


class LedgerServicer(ledger_service_pb2_grpc.LedgerServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, asking: Reserving, queries: Queries, feed: Feed, refused: RefusedMessages) -> None:
        self._refused = refused
        self._asking = asking
        self._queries = queries
        self._feed = feed
        self._told = Told()

    async def Execute(self, request: pb.ExecuteRequest, context: object) -> pb.ExecuteResponse:
        caller = current_caller()
        _check_right(caller, request.action)
        command = command_of(request.action, caller, require_licensee())
        answer = await self._asking.execute(command, timeout_of(caller))
        response = pb.ExecuteResponse()
        fill(response.result, answer)
        return response

    async def ExecuteBatch(self, request: pb.ExecuteBatchRequest, context: object) -> pb.ExecuteBatchResponse:
        return await self._batch(request, current_caller(), require_licensee())

    async def ExecuteStream(
        self, request_iterator: AsyncIterator[pb.ExecuteStreamRequest], context: object
    ) -> AsyncIterator[pb.ExecuteStreamResponse]:
        caller, licensee = current_caller(), require_licensee()

        async def answer(request: pb.ExecuteStreamRequest) -> pb.ExecuteStreamResponse:
            return pb.ExecuteStreamResponse(batch=await self._batch(request.batch, caller, licensee))

        async for response in answers_in_order(request_iterator, answer, _BATCHES_AHEAD):
            yield response

    async def _batch(self, request: pb.ExecuteBatchRequest, caller: Caller, licensee: str) -> pb.ExecuteBatchResponse:
        for action in request.actions:
            _check_right(caller, action)
        commands = [command_of(action, caller, licensee) for action in request.actions]
        if not request.atomic:
            answers = await self._asking.execute_each(commands, timeout_of(caller))
            return _all(answers)
        if len({command.player for command in commands}) > 1:
            raise RequestInvalidError(violations=[("actions", "an atomic batch is of one player")])
        if any(command.kind is Kind.CLOSE_ROUND for command in commands):
            raise RequestInvalidError(
                violations=[("actions", "an atomic batch closes rounds by the flag of a bet or win")]
            )
        if any(command.kind in _WHOLE for command in commands):
            raise RequestInvalidError(violations=[("actions", "a list or an approval is a message of its own")])
        answers = await self._asking.execute_together(commands, timeout_of(caller))
        response = _all(answers)
        response.outcome = batch_outcome(answers).value  # type: ignore[assignment]
        response.replayed = all(answer.replayed for answer in answers)
        return response

    async def EvaluateAction(self, request: pb.EvaluateActionRequest, context: object) -> pb.EvaluateActionResponse:
        caller = current_caller()
        command = await self._as_the_provider(command_of(request.action, caller, require_licensee()))
        answer = await self._asking.execute(command, timeout_of(caller), dry=True)
        result = result_of(answer)
        if answer.entry.decision_json is not None:
            result.decision.CopyFrom(decision_of(answer.entry))
        return pb.EvaluateActionResponse(result=result)

    async def _as_the_provider(self, command: Command) -> Command:
        """Who asks about a bet is not who will send it: the session says which provider that is."""
        action = command.action.bet if isinstance(command.action, BetAndWin) else command.action
        if not isinstance(action, Bet) or not action.session:
            return command
        provider = await self._queries.provider_of(command.licensee, command.player, action.session)
        return command if provider is None else replace(command, source=provider)

    async def GetTransaction(self, request: pb.GetTransactionRequest, context: object) -> pb.GetTransactionResponse:
        licensee = require_licensee()
        if request.transaction_id:
            stored = await self._queries.by_id(licensee, request.transaction_id)
        else:
            need(request.player_id, "player_id")
            need(request.transaction_key, "transaction_key")
            plain("transaction_key", request.transaction_key)
            source = request.source or current_caller().source
            kind = kind_named(request.kind)
            if kind is None:
                return pb.GetTransactionResponse(transaction=_unknown(request))
            found = await self._queries.by_key(licensee, request.player_id, source, kind, request.transaction_key)
            if found is None:
                return pb.GetTransactionResponse(transaction=_unknown(request))
            stored = found
        registry = await self._queries.registry()
        transaction = transaction_of(stored.entry, stored.player, registry, rolled_back=stored.rolled_back)
        return pb.GetTransactionResponse(transaction=transaction)

    async def GetBalance(self, request: pb.GetBalanceRequest, context: object) -> pb.GetBalanceResponse:
        licensee, player = require_licensee(), request.player_id
        row, asset = await self._queries.balance(licensee, player, request.currency_code)
        known = await self._asking.money(licensee, player, row, asset, timeout_of(current_caller()))
        return pb.GetBalanceResponse(
            balances=balances(asset, *row.amounts(asset)) if known is None else known_balances(asset, *known)
        )

    async def GetRound(self, request: pb.GetRoundRequest, context: object) -> pb.GetRoundResponse:
        provider = request.provider or current_caller().source
        round_id = plain("round_id", request.round_id)
        view = await self._queries.round(require_licensee(), request.player_id, provider, round_id)
        registry = await self._queries.registry()
        response = pb.GetRoundResponse(
            state=view.state.value,  # type: ignore[arg-type]
            transactions=[
                transaction_of(stored.entry, stored.player, registry, rolled_back=stored.rolled_back)
                for stored in view.stored
            ],
        )
        if view.opened_us is not None:
            response.open_time.CopyFrom(timestamp(view.opened_us))
        if view.closed_us is not None and view.state is RoundState.CLOSED:
            response.close_time.CopyFrom(timestamp(view.closed_us))
        return response

    async def GetPlayer(self, request: pb.GetPlayerRequest, context: object) -> pb.GetPlayerResponse:
        row = await self._queries.player(require_licensee(), request.player_id)
        registry = await self._queries.registry()
        ids = sorted({asset_id for asset_id, _ in row.balances}, key=lambda id_: (id_ != row.main_asset_id, id_))
        plays = await self._queries.plays(row, registry)
        limits = await self._queries.limits(row, registry)
        return pb.GetPlayerResponse(
            jurisdiction=row.pack,
            currency_codes=[registry.assets_by_id[id_].code for id_ in ids],
            exponents={registry.assets_by_id[id_].code: registry.assets_by_id[id_].exponent for id_ in ids},
            blocked=row.blocked,
            protection_json=row.protection or "",
            born_on=row.born_on,
            limit_usages=[
                limit_usage(status, registry.assets_by_id[row.main_asset_id])
                for status in limits
                if status.limit.kind not in _UNCOUNTED
            ],
            time_usages=[time_usage(status) for status in limits if status.limit.kind is LimitKind.TIME],
            sessions=[
                pb.PlaySession(
                    session_id=play.session, provider=play.provider, currency_code=play.currency, active=play.active
                )
                for play in plays
            ],
        )

    async def GetFinalPayment(self, request: pb.GetFinalPaymentRequest, context: object) -> pb.GetFinalPaymentResponse:
        row = await self._queries.player(require_licensee(), request.player_id)
        main = (await self._queries.registry()).assets_by_id[row.main_asset_id]
        due, payment = await self._queries.final_payment(row)
        return pb.GetFinalPaymentResponse(
            due=due,
            returned=money(payment.returned_minor, main),
            frozen=money(payment.frozen_minor, main),
            suspense=money(payment.suspense_minor, main),
        )

    async def ReadFeed(self, request: pb.ReadFeedRequest, context: object) -> AsyncIterator[pb.ReadFeedResponse]:
        kinds = kinds_wanted(request.kinds)
        limit = request.page_size or _DEFAULT_PAGE
        pages = self._feed.pages(request.shard, request.after_sequence, limit, kinds, follow=request.follow)
        async for page in pages:
            entries = [self._told.message(stored, page.registry) for stored in page.stored]
            yield pb.ReadFeedResponse(entries=entries, position=page.position)

    async def ListHeads(self, request: pb.ListHeadsRequest, context: object) -> pb.ListHeadsResponse:
        heads = await self._queries.heads()
        return pb.ListHeadsResponse(
            heads=[pb.Head(shard=shard, sequence=sequence, digest=digest) for shard, sequence, digest in heads]
        )

    async def NoteRefusedMessages(
        self, request: pb.NoteRefusedMessagesRequest, context: object
    ) -> pb.NoteRefusedMessagesResponse:
        caller = current_caller()
        if caller.adapter is None:
            raise CallerForbiddenError(workload=caller.workload, action="note_refused_messages")
        noted = await self._refused.note(caller.adapter, [_refused(one) for one in request.messages])
        return pb.NoteRefusedMessagesResponse(noted=noted)


class Told:
    """The newest entries as messages: what one follower was told, the next is told as well."""

    def __init__(self, most: int = 4_096) -> None:
        self._most = most
        self._messages: dict[tuple[int, int], transaction_pb2.Entry] = {}

    def message(self, stored: Stored, registry: Registry) -> transaction_pb2.Entry:
        """An entry of the log in the words of the contract. It never changes."""
        place = stored.entry.shard, stored.entry.sequence
        known = self._messages.get(place)
        if known is None:
            if len(self._messages) >= self._most:
                self._messages.clear()
            known = self._messages[place] = entry_message(stored.entry, stored.player, registry)
        return known


def kinds_wanted(numbers: Iterable[int]) -> list[Kind] | None:
    """Kinds that a reader wants, None for all. A late bet is a bet to everybody but the ledger."""
    wanted = set(numbers)
    found = [kind for kind in Kind if LATE_KINDS.get(kind, kind).value in wanted]
    return found if wanted else None


def timeout_of(caller: Caller) -> float:
    """How long the caller still waits."""
    return caller.deadline_s if caller.deadline_s is not None else DEFAULT_TIMEOUT_S


def _check_right(caller: Caller, action: action_pb2.Action) -> None:
    """An adapter speaks for its provider's rounds only; each service has its own few actions."""
    allowed = _PROVIDER_ACTIONS if caller.adapter else _ACTIONS_OF.get(caller.workload)
    kind = action.WhichOneof("kind")
    if allowed is not None and kind not in allowed:
        raise CallerForbiddenError(workload=caller.workload, action=str(kind))


def kind_named(number: int) -> Kind | None:
    """The kind of a number on the wire, if the ledger has such transactions."""
    return Kind(number) if number in _KINDS else None


_UNCOUNTED = frozenset({LimitKind.STAKE, LimitKind.TIME})
_KINDS = frozenset(kind.value for kind in Kind)


def _refused(note: pb.RefusedNote) -> RefusedMessage:
    return RefusedMessage(
        age_us=note.age.ToMicroseconds(),
        event=note.event,
        request_id=note.request_id,
        path=note.path,
        body_bytes=note.body_bytes,
        names=tuple(note.names),
    )


def _all(answers: Iterable[Answer]) -> pb.ExecuteBatchResponse:
    response = pb.ExecuteBatchResponse()
    for answer in answers:
        fill(response.results.add(), answer)
    return response


def need(value: str, field: str) -> None:
    """Refuse a request that names a transaction by half its key."""
    if not value:
        raise RequestInvalidError(violations=[(field, "is needed without transaction_id")])


def _unknown(request: pb.GetTransactionRequest) -> transaction_pb2.Transaction:
    return transaction_pb2.Transaction(
        player_id=request.player_id,
        kind=request.kind,
        transaction_key=request.transaction_key,
        state=transaction_pb2.TRANSACTION_STATE_UNKNOWN,
    )
