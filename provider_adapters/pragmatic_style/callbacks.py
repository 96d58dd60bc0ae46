"""What the provider tells us: verify, map, ask the ledger, map back."""

from collections.abc import Awaitable, Callable, Mapping

from mesh import logs
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action, Balances, Result
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.callbacks import has_type
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import AdapterParts, Problem, SessionFacts, SessionsDownError
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.rounds import RoundCurrencies
from provider_adapters.pragmatic_style import auth, mapping, wire
from provider_adapters.pragmatic_style.amounts import AmountError
from provider_adapters.pragmatic_style.config import Config
from provider_adapters.pragmatic_style.errors import BET_CODES, CREDIT_CODES, PROBLEM_CODES, PROBLEM_STATUS, Code

_log = logs.get("pragmatic_style")

Reply = (
    wire.AuthenticateReply
    | wire.BalanceReply
    | wire.BetReply
    | wire.ResultReply
    | wire.EndRoundReply
    | wire.RefundReply
    | wire.ErrorReply
)


class RefusedError(Exception):
    """The callback ends here, with this code."""

    def __init__(self, code: Code, detail: str = "") -> None:
        super().__init__(code.name)
        self.code = code
        self.detail = detail


class Callbacks:
    """Every call of the provider."""

    def __init__(self, parts: AdapterParts, config: Config) -> None:
        self._wallet = parts.wallet
        self._sessions = parts.sessions
        self._security = parts.security
        self._config = config
        self._rounds = RoundCurrencies()
        self._calls: Mapping[str, Callable[[wire.Form, Budget], Awaitable[Reply]]] = {
            "authenticate": self._authenticate,
            "balance": self._balance,
            "bet": self._bet,
            "result": self._result,
            "endRound": self._end_round,
            "refund": self._refund,
            "bonusWin": self._bonus,
            "jackpotWin": self._jackpot,
            "promoWin": self._promotion,
            "adjustment": self._adjustment,
            "sessionExpired": self._session_expired,
        }

    async def answer(self, request: HttpRequest, budget: Budget) -> HttpReply:
        """Answer one call. The signature comes first; a message that fails here reaches no ledger."""
        call = request.path.removeprefix("/").removesuffix(".html")
        if call not in self._calls:
            return refuse(Problem.PATH_UNKNOWN)
        if request.method != "POST":
            return refuse(Problem.METHOD_UNKNOWN)
        if not has_type(request, "application/x-www-form-urlencoded"):
            return refuse(Problem.NOT_PARSEABLE)
        try:
            form = wire.parse_form(request.body)
        except wire.NotParseableError:
            return refuse(Problem.NOT_PARSEABLE)
        return self._doubt(call, request, form) or await self._serve(call, form, budget)

    def _doubt(self, call: str, request: HttpRequest, form: wire.Form) -> HttpReply | None:
        spelling = auth.verify(form.pairs, form.fields, self._config.secrets)
        if spelling is None:
            self._security.report("signature_invalid" if form.fields.get(auth.HASH) else "signature_missing", request)
            return refuse(Problem.SIGNATURE_INVALID)
        if spelling is auth.Spelling.ENCODED:
            _log.info("values were hashed as the form spells them", call=call, request_id=request.request_id)
        if form.fields.get("providerId") != self._config.provider_id:
            self._security.report("caller_forbidden", request)
            return refuse(Problem.CALLER_FORBIDDEN, "providerId")
        return None

    async def _serve(self, call: str, form: wire.Form, budget: Budget) -> HttpReply:
        try:
            return _written(await self._calls[call](form, budget))
        except wire.FieldError as error:
            return refuse(Problem.FIELD_INVALID, str(error))
        except AmountError:
            return refuse(Problem.FIELD_INVALID, "amount")
        except SessionsDownError:
            return _written(mapping.error_reply(Code.TRY_AGAIN))
        except RefusedError as refused:
            return _written(mapping.error_reply(refused.code, refused.detail))

    async def _authenticate(self, form: wire.Form, budget: Budget) -> Reply:
        request = wire.from_form(wire.AuthenticateRequest, form)
        session = await self._sessions.by_token(request.token, budget)
        if session is None:
            raise RefusedError(Code.TOKEN_INVALID)
        balances = await self._balances(session.player, session.currency_code, budget)
        return mapping.authenticate_reply(session, balances)

    async def _balance(self, form: wire.Form, budget: Budget) -> Reply:
        request = wire.from_form(wire.BalanceRequest, form)
        session = await self._session(request.user_id, request.token, budget)
        return mapping.balance_reply(await self._balances(session.player, session.currency_code, budget))

    async def _bet(self, form: wire.Form, budget: Budget) -> Reply:
        request = wire.from_form(wire.BetRequest, form)
        # A free bet taken as a paid one would charge the player for a present.
        paid = None if request.bonus_code else mapping.bet(request)
        session = await self._session(request.user_id, request.token, budget)
        if paid is None:
            result = await self._wallet.execute(session.player, mapping.free_bet(request, session), budget)
        else:
            result = await self._staked(paid, session, budget)
        code = BET_CODES[result.outcome]
        return mapping.bet_reply(result, code) if result.HasField("balance_now") else mapping.error_reply(code)

    async def _staked(self, action: Action, session: SessionFacts, budget: Budget) -> Result:
        # A repeated bet must be the same bet although the player may meanwhile play in another currency.
        known = self._rounds.get(session.player, action.bet.round_id)
        result = await self._stake(action, session, known or session.currency_code, budget)
        if result.outcome != Outcome.OUTCOME_IDEMPOTENCY_CONFLICT or known:
            return result
        stored = await self._wallet.round_currency(session.player, action.bet.round_id, budget)
        if isinstance(stored, Result) or stored in {"", session.currency_code}:
            return result
        return await self._stake(action, session, stored, budget)

    async def _stake(self, action: Action, session: SessionFacts, currency_code: str, budget: Budget) -> Result:
        action.bet.session_id = session.session_id
        action.bet.amount.currency_code = currency_code
        if action.bet.HasField("jackpot_contribution"):
            action.bet.jackpot_contribution.currency_code = currency_code
        result = await self._wallet.execute(session.player, action, budget)
        if result.outcome == Outcome.OUTCOME_OK:
            self._rounds.put(session.player, action.bet.round_id, currency_code)
        return result

    async def _result(self, form: wire.Form, budget: Budget) -> Reply:
        request = wire.from_form(wire.ResultRequest, form)
        # Read before anything is paid: a part that cannot be paid must not be found out after the rest.
        beside = mapping.promotional_part(request)
        if request.bonus_code:
            # Free rounds have no bet to learn the currency from; a session that has ended is found too.
            session = await self._session(request.user_id, "", budget)
            player, currency_code = session.player, session.currency_code
            action = mapping.free_result(request, session)
        else:
            action = mapping.win(request)
            player = _player(request.user_id)
            currency_code = await self._currency(player, request.round_id, budget)
            action.win.amount.currency_code = currency_code
        reply = await self._credited(player, action, budget)
        if beside is None or reply.error is not Code.OK:
            return reply
        # A repeated result finds its own part paid, and goes on here.
        return await self._credited(player, mapping.in_currency(beside, currency_code), budget)

    async def _bonus(self, form: wire.Form, budget: Budget) -> Reply:
        request = wire.from_form(wire.BonusRequest, form)
        session = await self._session(request.user_id, "", budget)
        return await self._credited(session.player, mapping.bonus(request, session), budget)

    async def _jackpot(self, form: wire.Form, budget: Budget) -> Reply:
        request = wire.from_form(wire.JackpotRequest, form)
        action = mapping.jackpot(request)
        player = _player(request.user_id)
        action.jackpot.amount.currency_code = await self._currency(player, request.round_id, budget)
        return await self._credited(player, action, budget)

    async def _promotion(self, form: wire.Form, budget: Budget) -> Reply:
        request = wire.from_form(wire.PromoRequest, form)
        return await self._credited(_player(request.user_id), mapping.promotion(request), budget)

    async def _adjustment(self, form: wire.Form, budget: Budget) -> Reply:
        request = wire.from_form(wire.AdjustmentRequest, form)
        player, round_id = _player(request.user_id), mapping.identifier("roundId", request.round_id)
        played = await self._wallet.round_transactions(player, round_id, budget)
        if isinstance(played, Result):
            raise RefusedError(CREDIT_CODES[played.outcome])
        action = mapping.adjustment(request, played)
        if action is None:
            raise RefusedError(CREDIT_CODES[Outcome.OUTCOME_ORIGINAL_NOT_FOUND])
        return await self._credited(player, action, budget)

    async def _session_expired(self, form: wire.Form, budget: Budget) -> Reply:  # noqa: ARG002 - one shape
        """The provider's own session is over. Ours ends by the licensee, the law and its time, so there is nothing to do."""
        request = wire.from_form(wire.SessionExpiredRequest, form)
        _player(request.user_id)
        return mapping.error_reply(Code.OK)

    async def _credited(self, player: PlayerReference, action: Action, budget: Budget) -> Reply:
        result = await self._wallet.execute(player, action, budget)
        code = CREDIT_CODES[result.outcome]
        return mapping.result_reply(result, code) if result.HasField("balance_now") else mapping.error_reply(code)

    async def _refund(self, form: wire.Form, budget: Budget) -> Reply:
        request = wire.from_form(wire.RefundRequest, form)
        result = await self._execute_credit(_player(request.user_id), mapping.cancel(request), budget)
        return mapping.refund_reply(result, CREDIT_CODES[result.outcome])

    async def _end_round(self, form: wire.Form, budget: Budget) -> Reply:
        request = wire.from_form(wire.EndRoundRequest, form)
        player = _player(request.user_id)
        result = await self._execute_credit(player, mapping.close_round(request), budget)
        if result.HasField("balance_now"):
            return mapping.end_round_reply(result.balance_now)
        currency_code = self._rounds.get(player, request.round_id)
        return mapping.end_round_reply(await self._balances(player, currency_code, budget))

    async def _execute_credit(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        result = await self._wallet.execute(player, action, budget)
        code = CREDIT_CODES[result.outcome]
        if code is not Code.OK:
            raise RefusedError(code)
        return result

    async def _session(self, user_id: str, token: str, budget: Budget) -> SessionFacts:
        """The session that bets and balances are about: that of the token, else the player's newest."""
        player = _player(user_id)
        if token:
            session = await self._sessions.by_token(token, budget)
            if session is None or session.player != player:
                raise RefusedError(Code.TOKEN_INVALID)
            return session
        newest = await self._sessions.by_player(player, budget)
        if newest is None:
            raise RefusedError(Code.PLAYER_NOT_FOUND)
        return newest

    async def _currency(self, player: PlayerReference, round_id: str, budget: Budget) -> str:
        """The currency of a round, without sessions: a result must pass when they are gone or have changed."""
        known = self._rounds.get(player, round_id)
        if known:
            return known
        found = await self._wallet.round_currency(player, round_id, budget)
        if isinstance(found, Result):
            raise RefusedError(CREDIT_CODES[found.outcome])
        if found:
            self._rounds.put(player, round_id, found)
            return found
        # No such round: the ledger will refuse the result, and wants some currency of the player to do so.
        return (await self._balances(player, "", budget, CREDIT_CODES)).available.currency_code

    async def _balances(
        self,
        player: PlayerReference,
        currency_code: str,
        budget: Budget,
        codes: Mapping[Outcome.ValueType, Code] = BET_CODES,
    ) -> Balances:
        found = await self._wallet.balance(player, currency_code, budget)
        if isinstance(found, Result):
            raise RefusedError(codes[found.outcome])
        return found


def refuse(problem: Problem, detail: str = "") -> HttpReply:
    """The provider's own words for a problem."""
    status = PROBLEM_STATUS.get(problem, 200)
    return _written(mapping.error_reply(PROBLEM_CODES[problem], detail), status)


def _written(reply: Reply, status: int = 200) -> HttpReply:
    return HttpReply(status=status, body=wire.to_json(reply), code=str(int(reply.error)))


def _player(user_id: str) -> PlayerReference:
    player = PlayerReference.parse(user_id)
    if player is None:
        raise RefusedError(Code.PLAYER_NOT_FOUND)
    return player
