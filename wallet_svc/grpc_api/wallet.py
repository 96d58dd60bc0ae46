"""WalletService: a licensee's door to its players' money."""

import hashlib

from mesh import paging
from mesh.identity import current_caller, require_licensee
from pitboss.wallet.v1 import transaction_pb2, wallet_service_pb2_grpc
from pitboss.wallet.v1 import wallet_service_pb2 as pb
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import MAX_MINOR, Outcome, TransactionState
from wallet_svc.engine import Answer
from wallet_svc.grpc_api.commands import action_of, effective_of, moment_us, plain
from wallet_svc.grpc_api.ledger import kind_named, kinds_wanted, timeout_of
from wallet_svc.grpc_api.results import balances, known_balances, result_of, transaction_of
from wallet_svc.grpc_api.results import money as money_of
from wallet_svc.grpc_api.standing import answers_of
from wallet_svc.history import History, Wanted
from wallet_svc.limit_files.reserving import Reserving
from wallet_svc.queries import Queries

_DEFAULT_PAGE = 50


class WalletServicer(wallet_service_pb2_grpc.WalletServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, asking: Reserving, queries: Queries, history: History) -> None:
        self._asking = asking
        self._queries = queries
        self._history = history

    async def OpenAccount(self, request: pb.OpenAccountRequest, context: object) -> pb.OpenAccountResponse:
        action = c.OpenAccount(
            currency=request.currency_code,
            jurisdiction=request.jurisdiction,
            born_on=request.born_on,
            person=request.person_key,
            answers=answers_of(request) if request.HasField("answers") else None,
        )
        return pb.OpenAccountResponse(result=result_of(await self._execute(request, action)))

    async def GetBalance(
        self, request: pb.WalletServiceGetBalanceRequest, context: object
    ) -> pb.WalletServiceGetBalanceResponse:
        licensee, player = require_licensee(), request.player_id
        row, asset = await self._queries.balance(licensee, player, request.currency_code)
        known = await self._asking.money(licensee, player, row, asset, timeout_of(current_caller()))
        return pb.WalletServiceGetBalanceResponse(
            balances=balances(asset, *row.amounts(asset)) if known is None else known_balances(asset, *known)
        )

    async def GetSessionPlay(self, request: pb.GetSessionPlayRequest, context: object) -> pb.GetSessionPlayResponse:
        found = await self._queries.session_play(require_licensee(), request.player_id, request.session_id)
        response = pb.GetSessionPlayResponse(
            staked=money_of(found.staked, found.asset), won=money_of(found.won, found.asset)
        )
        response.start_time.FromMicroseconds(found.opened_us)
        response.elapsed.FromMicroseconds(found.elapsed_us)
        return response

    async def Deposit(self, request: pb.DepositRequest, context: object) -> pb.DepositResponse:
        action = c.Deposit(money=c.MoneyText(request.amount.currency_code, request.amount.amount))
        effective = effective_of(request.effective_time, action) if request.HasField("effective_time") else None
        return pb.DepositResponse(result=result_of(await self._execute(request, action, effective)))

    async def TransferIn(self, request: pb.TransferInRequest, context: object) -> pb.TransferInResponse:
        action = c.TransferIn(money=c.MoneyText(request.amount.currency_code, request.amount.amount))
        return pb.TransferInResponse(result=result_of(await self._execute(request, action)))

    async def TransferOut(self, request: pb.TransferOutRequest, context: object) -> pb.TransferOutResponse:
        if request.WhichOneof("what") == "amount":
            money = c.MoneyText(request.amount.currency_code, request.amount.amount)
            action = c.TransferOut(currency=money.currency, money=money)
        else:
            action = c.TransferOut(currency=request.all_of)
        answer = await self._execute(request, action)
        response = pb.TransferOutResponse(result=result_of(answer))
        entry = answer.entry
        if entry.outcome is Outcome.OK and entry.asset is not None:
            response.moved.CopyFrom(money_of(entry.moved, entry.asset))
        return response

    async def RequestWithdrawal(
        self, request: pb.RequestWithdrawalRequest, context: object
    ) -> pb.RequestWithdrawalResponse:
        expires = request.expires_in.ToMicroseconds() if request.HasField("expires_in") else None
        money = c.MoneyText(request.amount.currency_code, request.amount.amount)
        beyond = request.over_capture_tolerance if request.HasField("over_capture_tolerance") else None
        tolerance = None if beyond is None else c.MoneyText(beyond.currency_code, beyond.amount)
        answer = await self._execute(request, c.Hold(money=money, expires_in_us=expires, tolerance=tolerance))
        return pb.RequestWithdrawalResponse(result=result_of(answer))

    async def CaptureWithdrawal(
        self, request: pb.CaptureWithdrawalRequest, context: object
    ) -> pb.CaptureWithdrawalResponse:
        part = c.MoneyText(request.amount.currency_code, request.amount.amount) if request.HasField("amount") else None
        answer = await self._execute(request, c.Capture(hold_key=_hold_key(request), money=part))
        return pb.CaptureWithdrawalResponse(result=result_of(answer))

    async def ReleaseWithdrawal(
        self, request: pb.ReleaseWithdrawalRequest, context: object
    ) -> pb.ReleaseWithdrawalResponse:
        answer = await self._execute(request, c.Release(hold_key=_hold_key(request)))
        return pb.ReleaseWithdrawalResponse(result=result_of(answer))

    async def BlockPlayer(self, request: pb.BlockPlayerRequest, context: object) -> pb.BlockPlayerResponse:
        answer = await self._execute(request, c.SetBlock(blocked=request.blocked))
        return pb.BlockPlayerResponse(result=result_of(answer))

    async def CreditPlayer(self, request: pb.CreditPlayerRequest, context: object) -> pb.CreditPlayerResponse:
        answer = await self._execute(request, action_of("promo", request.promo))
        return pb.CreditPlayerResponse(result=result_of(answer))

    async def AdjustTransaction(
        self, request: pb.AdjustTransactionRequest, context: object
    ) -> pb.AdjustTransactionResponse:
        answer = await self._execute(request, action_of("adjust", request.adjustment))
        return pb.AdjustTransactionResponse(result=result_of(answer))

    async def ProposeAdjustment(
        self, request: pb.ProposeAdjustmentRequest, context: object
    ) -> pb.ProposeAdjustmentResponse:
        answer = await self._execute(request, action_of("propose_adjustment", request.proposal))
        return pb.ProposeAdjustmentResponse(result=result_of(answer))

    async def ApproveAdjustment(
        self, request: pb.ApproveAdjustmentRequest, context: object
    ) -> pb.ApproveAdjustmentResponse:
        answer = await self._execute(request, action_of("approve_adjustment", request.approval))
        return pb.ApproveAdjustmentResponse(result=result_of(answer))

    async def FreezeAccount(self, request: pb.FreezeAccountRequest, context: object) -> pb.FreezeAccountResponse:
        answer = await self._execute(request, action_of("freeze_account", request.freeze))
        return pb.FreezeAccountResponse(result=result_of(answer))

    async def UnfreezeAccount(self, request: pb.UnfreezeAccountRequest, context: object) -> pb.UnfreezeAccountResponse:
        answer = await self._execute(request, action_of("unfreeze_account", request.freeze))
        return pb.UnfreezeAccountResponse(result=result_of(answer))

    async def CloseAccount(self, request: pb.CloseAccountRequest, context: object) -> pb.CloseAccountResponse:
        answer = await self._execute(request, action_of("close_account", request.closing))
        return pb.CloseAccountResponse(result=result_of(answer))

    async def ReopenAccount(self, request: pb.ReopenAccountRequest, context: object) -> pb.ReopenAccountResponse:
        answer = await self._execute(request, action_of("reopen_account", request.opening))
        return pb.ReopenAccountResponse(result=result_of(answer))

    async def LookUpTransaction(
        self, request: pb.LookUpTransactionRequest, context: object
    ) -> pb.LookUpTransactionResponse:
        licensee, kind = require_licensee(), kind_named(request.kind)
        source = request.source or current_caller().source
        stored = None
        key = plain("transaction_key", request.transaction_key)
        if kind is not None:
            stored = await self._queries.by_key(licensee, request.player_id, source, kind, key)
        if stored is None:
            return pb.LookUpTransactionResponse(transaction=_unknown(request))
        registry = await self._queries.registry()
        transaction = transaction_of(stored.entry, stored.player, registry, rolled_back=stored.rolled_back)
        return pb.LookUpTransactionResponse(transaction=transaction)

    async def ListTransactions(
        self, request: pb.ListTransactionsRequest, context: object
    ) -> pb.ListTransactionsResponse:
        size, owner = request.page_size or _DEFAULT_PAGE, _list_of(request)
        wanted = _wanted(request)
        position = paging.position(request.page_token, owner, empty=0 if wanted.oldest_first else paging.NEWEST)
        stored, registry = await self._history.transactions(
            require_licensee(), request.player_id, wanted, position, size
        )
        full = len(stored) == size
        return pb.ListTransactionsResponse(
            transactions=[
                transaction_of(one.entry, one.player, registry, rolled_back=one.rolled_back) for one in stored
            ],
            next_page_token=paging.token(stored[-1].entry.sequence, owner) if full else "",
        )

    async def _execute(
        self,
        request: pb.OpenAccountRequest
        | pb.DepositRequest
        | pb.TransferInRequest
        | pb.TransferOutRequest
        | pb.RequestWithdrawalRequest
        | pb.CaptureWithdrawalRequest
        | pb.ReleaseWithdrawalRequest
        | pb.BlockPlayerRequest
        | pb.CreditPlayerRequest
        | pb.AdjustTransactionRequest
        | pb.ProposeAdjustmentRequest
        | pb.ApproveAdjustmentRequest
        | pb.FreezeAccountRequest
        | pb.UnfreezeAccountRequest
        | pb.CloseAccountRequest
        | pb.ReopenAccountRequest,
        action: c.Action,
        effective_us: int | None = None,
    ) -> Answer:
        caller, key = current_caller(), plain("transaction_key", request.transaction_key)
        who = (require_licensee(), caller.source, request.player_id)
        command = c.Command(*who, key, action, caller.request_id, effective_us, caller.workload)
        return await self._asking.execute(command, timeout_of(caller))


def _hold_key(request: pb.CaptureWithdrawalRequest | pb.ReleaseWithdrawalRequest) -> str:
    return plain("withdrawal_key", request.withdrawal_key)


def _list_of(request: pb.ListTransactionsRequest) -> str:
    """Names a list by player, filters and order: a page token of one list leads nowhere in another."""
    filters = pb.ListTransactionsRequest()
    filters.CopyFrom(request)
    filters.ClearField("page_size")
    filters.ClearField("page_token")
    return hashlib.blake2b(filters.SerializeToString(deterministic=True), digest_size=12).hexdigest()


def _wanted(request: pb.ListTransactionsRequest) -> Wanted:
    return Wanted(
        kinds=kinds_wanted(request.kinds),
        source=request.source,
        round=plain("round_id", request.round_id) or None,
        states=[TransactionState(number) for number in request.states] or None,
        since_us=moment_us("start_time", request.start_time) if request.HasField("start_time") else 0,
        until_us=moment_us("end_time", request.end_time) if request.HasField("end_time") else MAX_MINOR,
        oldest_first=request.order == pb.LIST_ORDER_OLDEST_FIRST,
    )


def _unknown(request: pb.LookUpTransactionRequest) -> transaction_pb2.Transaction:
    return transaction_pb2.Transaction(
        player_id=request.player_id,
        kind=request.kind,
        transaction_key=request.transaction_key,
        state=transaction_pb2.TRANSACTION_STATE_UNKNOWN,
    )
