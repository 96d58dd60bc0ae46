"""The client for ordinary, blocking code. Safe to share between threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import grpc

from pitboss_sdk import _reading as reading
from pitboss_sdk._calls import compliance, history, session, wallet
from pitboss_sdk._channel import OPTIONS, Endpoint, call_metadata
from pitboss_sdk._conversation import Call, Effect, Send, converse, was_not_let_in
from pitboss_sdk._failures import read_failure
from pitboss_sdk._paging import Page
from pitboss_sdk._refusals import call_error
from pitboss_sdk._stub_set import Stubs
from pitboss_sdk._watching import Watch
from pitboss_sdk.failure import Failure
from pitboss_sdk.money import Money
from pitboss_sdk.values import (
    Adjustment,
    Assertion,
    Balances,
    ComparedLine,
    ComparisonSummary,
    DayStatement,
    Decision,
    DecisionRecord,
    DemoLaunch,
    Difference,
    Explanation,
    Game,
    Launch,
    Protection,
    Receipt,
    Replay,
    Session,
    SessionChange,
    SessionPlay,
    Statement,
    StatementLine,
    Transaction,
)
from pitboss_sdk.vocabulary import (
    Device,
    Duty,
    EntryPurpose,
    FreezeDirection,
    LimitKind,
    PromoReason,
    TransactionKind,
    TransactionState,
)

TIMEOUT_S: Final = 10.0
PAGE_SIZE: Final = 100

Value = TypeVar("Value")


class Client:
    """A licensee's connection to the platform.

    Every call that changes something has a key, made once for the call and kept over its retries. Pass your own
    (`transaction_key`, `client_key`) to make a retry after a crash safe too: the same key is done once at most.
    """

    def __init__(
        self,
        target: str,
        *,
        token: str | Callable[[], str],
        ca_file: str | Path | None = None,
        plaintext: bool = False,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Connect to `host:port`.

        Args:
            target: Where the platform listens, such as "pitboss.example:443".
            token: The access token, or a function that returns a valid one (asked before every attempt).
            ca_file: Certificates to trust, as PEM. None: those of the system.
            plaintext: No TLS; only for loopback addresses.
            timeout_s: Time for one call with all its retries, where the call itself names none.
        """
        endpoint = Endpoint(target=target, ca_file=Path(ca_file) if ca_file else None, plaintext=plaintext)
        credentials = endpoint.credentials()
        self._token = token
        self._timeout_s = timeout_s
        self._channel = (
            grpc.secure_channel(target, credentials, options=OPTIONS)
            if credentials
            else grpc.insecure_channel(target, options=OPTIONS)
        )
        self._stubs = Stubs(self._channel)

    def close(self) -> None:
        """Close the connection; calls under way fail."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # -- accounts and payments

    def open_account(
        self,
        player_id: str,
        currency_code: str,
        *,
        jurisdiction: str = "",
        born_on: date | None = None,
        person_key: str = "",
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Create a player, or add a currency to a known one. The first currency is the player's main one.

        `person_key` names the human, so that an exclusion holds for all accounts: a keyed digest of your own making.
        """
        call = wallet.open_account(player_id, currency_code, jurisdiction, born_on, person_key, transaction_key)
        return self._run(call, timeout_s)

    def balance(self, player_id: str, currency_code: str = "", *, timeout_s: float | None = None) -> Balances:
        """Present balances; in the player's main currency if none is named."""
        return self._run(wallet.balance(player_id, currency_code), timeout_s)

    def session_play(self, player_id: str, session_id: str, *, timeout_s: float | None = None) -> SessionPlay:
        """Since when a session is open, and what the player has staked and won since then: what reality checks show."""
        return self._run(wallet.session_play(player_id, session_id), timeout_s)

    def deposit(
        self,
        player_id: str,
        amount: Money,
        *,
        effective_time: datetime | None = None,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Book confirmed money into cash, within the player's limits.

        `effective_time` says when the money arrived if it is booked late; EffectiveTimeRefusedError if that cannot be.
        """
        return self._run(wallet.deposit(player_id, amount, transaction_key, effective_time), timeout_s)

    def transfer_in(
        self,
        player_id: str,
        amount: Money,
        *,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Move money into the player's game wallet, for a licensee with transfers. RefusedError for any other."""
        return self._run(wallet.transfer_in(player_id, amount, transaction_key), timeout_s)

    def transfer_out(
        self,
        player_id: str,
        what: Money | str,
        *,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Move an amount out of the game wallet, or with a currency code all that is free in it.

        What is staked or held stays. InsufficientFundsError for more than is free; `look_up` says how much moved.
        """
        return self._run(wallet.transfer_out(player_id, what, transaction_key), timeout_s)

    def request_withdrawal(
        self,
        player_id: str,
        amount: Money,
        *,
        expires_in: timedelta | None = None,
        over_capture_tolerance: Money | None = None,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Reserve money for a payment to the player. The receipt's `transaction_key` names the withdrawal.

        What was not captured is given back after `expires_in`; without it, only by `release_withdrawal`. Captures may
        take up to `over_capture_tolerance` more than was reserved, from available cash.
        """
        action = wallet.request_withdrawal(player_id, amount, expires_in, transaction_key, over_capture_tolerance)
        return self._run(action, timeout_s)

    def capture_withdrawal(
        self,
        player_id: str,
        withdrawal_key: str,
        amount: Money | None = None,
        *,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Book the payment: all that is left, or a part."""
        return self._run(wallet.capture_withdrawal(player_id, withdrawal_key, amount, transaction_key), timeout_s)

    def release_withdrawal(
        self,
        player_id: str,
        withdrawal_key: str,
        *,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Give back all that is left of the reservation."""
        return self._run(wallet.release_withdrawal(player_id, withdrawal_key, transaction_key), timeout_s)

    def block(self, player_id: str, *, transaction_key: str | None = None, timeout_s: float | None = None) -> Receipt:
        """No stakes from now on. Wins, cancels, deposits and withdrawals still pass."""
        return self._run(wallet.block(player_id, transaction_key, blocked=True), timeout_s)

    def unblock(self, player_id: str, *, transaction_key: str | None = None, timeout_s: float | None = None) -> Receipt:
        """End the licensee's block."""
        return self._run(wallet.block(player_id, transaction_key, blocked=False), timeout_s)

    def credit(
        self,
        player_id: str,
        amount: Money,
        *,
        reason: PromoReason = PromoReason.OTHER,
        to_bonus: bool = False,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Pay a promotional credit, to cash or to bonus. Blocks and limits do not stop it; a freeze in does."""
        return self._run(wallet.credit(player_id, amount, reason, transaction_key, to_bonus=to_bonus), timeout_s)

    def adjust(
        self,
        player_id: str,
        adjustment: Adjustment,
        *,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Correct a bet or a win. ApprovalNeededError above the threshold: then propose it."""
        return self._run(wallet.adjust(player_id, adjustment, transaction_key), timeout_s)

    def propose_adjustment(
        self,
        player_id: str,
        adjustment: Adjustment,
        *,
        proposed_by: str,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Store a correction that waits for a second person. The receipt's key and `payload_hash` go to them."""
        return self._run(wallet.propose_adjustment(player_id, adjustment, proposed_by, transaction_key), timeout_s)

    def approve_adjustment(
        self,
        player_id: str,
        proposal_key: str,
        payload_hash: str,
        *,
        approved_by: str,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Book a proposed correction, once. ApprovalInvalidError for the proposer, or another content."""
        return self._run(
            wallet.approve_adjustment(player_id, proposal_key, payload_hash, approved_by, transaction_key), timeout_s
        )

    def freeze_account(
        self,
        player_id: str,
        currency_code: str,
        direction: FreezeDirection,
        *,
        reason: str = "",
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Freeze one currency account in one direction."""
        return self._run(wallet.freeze(player_id, currency_code, direction, reason, transaction_key), timeout_s)

    def unfreeze_account(
        self,
        player_id: str,
        currency_code: str,
        direction: FreezeDirection,
        *,
        reason: str = "",
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """End a freeze in one direction."""
        return self._run(wallet.unfreeze(player_id, currency_code, direction, reason, transaction_key), timeout_s)

    def close_account(
        self,
        player_id: str,
        currency_code: str,
        *,
        reason: str = "",
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Close an empty currency account. AccountNotEmptyError while it has money."""
        return self._run(wallet.close_account(player_id, currency_code, reason, transaction_key), timeout_s)

    def reopen_account(
        self,
        player_id: str,
        currency_code: str,
        *,
        reason: str = "",
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Open a closed currency account again."""
        return self._run(wallet.reopen_account(player_id, currency_code, reason, transaction_key), timeout_s)

    def look_up(
        self,
        player_id: str,
        kind: TransactionKind,
        transaction_key: str,
        *,
        source: str = "",
        timeout_s: float | None = None,
    ) -> Transaction:
        """What the ledger knows about a key; state UNKNOWN if it was never seen. `source` is a provider's name."""
        return self._run(wallet.transaction(player_id, kind, transaction_key, source), timeout_s)

    def list_transactions(  # noqa: PLR0913 - one keyword for each filter
        self,
        player_id: str,
        *,
        kinds: Sequence[TransactionKind] = (),
        source: str = "",
        round_id: str = "",
        states: Sequence[TransactionState] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        oldest_first: bool = False,
        page_size: int = PAGE_SIZE,
        timeout_s: float | None = None,
    ) -> Iterator[Transaction]:
        """A player's transactions, the newest first unless told otherwise. Pages are fetched as you go.

        `since` (included) and `until` (not included) are moments with a time zone. What is not named is not filtered.
        """
        scope = wallet.Scope(
            player_id=player_id,
            kinds=kinds,
            source=source,
            round_id=round_id,
            states=states,
            since=since,
            until=until,
            oldest_first=oldest_first,
        )
        return self._pages(lambda token: wallet.transactions_page(scope, page_size, token), timeout_s)

    # -- history

    def statement(
        self,
        player_id: str,
        currency_code: str = "",
        *,
        after_cursor: str = "",
        page_size: int = PAGE_SIZE,
        timeout_s: float | None = None,
    ) -> Statement:
        """One page of a player's statement after a line, with the cash before and after it; `page_size` is 1000 at most."""
        return self._run(history.statement(player_id, currency_code, after_cursor, page_size), timeout_s)

    def balance_at(
        self,
        player_id: str,
        currency_code: str = "",
        *,
        sequence: int | None = None,
        record_time: datetime | None = None,
        effective_time: datetime | None = None,
        timeout_s: float | None = None,
    ) -> Balances:
        """Balances at a past moment. Name exactly one.

        `sequence` is a position in the player's shard, the second part of a transaction id. `record_time` asks what the
        ledger knew then; on the clock of `effective_time` what was back-dated counts from when it took effect.
        """
        call = history.balance_at(player_id, currency_code, sequence, record_time, effective_time)
        return self._run(call, timeout_s)

    def list_statement_lines(
        self,
        player_id: str,
        currency_code: str = "",
        *,
        after_cursor: str = "",
        page_size: int = PAGE_SIZE,
        timeout_s: float | None = None,
    ) -> Iterator[StatementLine]:
        """Every line of a player's statement after a cursor, in the order of the ledger. Pages are fetched as you go."""
        more = True
        while more:
            page = self._run(history.statement(player_id, currency_code, after_cursor, page_size), timeout_s)
            yield from page.lines
            after_cursor, more = page.next_cursor, page.more

    def explain(
        self,
        transaction_id: str = "",
        *,
        player_id: str = "",
        kind: TransactionKind = TransactionKind.UNSPECIFIED,
        transaction_key: str = "",
        source: str = "",
        timeout_s: float | None = None,
    ) -> Explanation:
        """Everything about one transaction: who asked how often, what was decided and why, what moved.

        Name it by the ledger's id, or by player, kind and key (and the provider, if it is a provider's).
        """
        call = history.explanation(transaction_id, player_id, kind, transaction_key, source)
        return self._run(call, timeout_s)

    def day_statement(
        self, currency_code: str, day: date, *, source: str = "", timeout_s: float | None = None
    ) -> DayStatement:
        """What all players had, what changed by kind and what they had afterwards, on a day of UTC, signed.

        `source` is a provider's name, or "cashier": only what it sent.
        """
        return self._run(history.day_statement(currency_code, day, source), timeout_s)

    def list_differences(
        self,
        lines: Iterable[ComparedLine],
        *,
        source: str,
        currency_code: str,
        since: datetime,
        until: datetime,
        kinds: Sequence[TransactionKind] = (),
        timeout_s: float | None = None,
    ) -> Iterator[Difference | ComparisonSummary]:
        """Compare the lines of a file with what a source sent in a span of time; the last item is the summary.

        The lines come in ascending order of kind number and of the bytes of the key. Neither side is kept in memory.
        """
        asked = history.Comparison(
            lines=lines, source=source, currency_code=currency_code, since=since, until=until, kinds=kinds
        )
        metadata = call_metadata(self._fresh_token(), asked.request_id)
        stream = self._stubs.history.CompareStatement(asked.requests(), metadata=metadata, timeout=timeout_s)
        try:
            for response in stream:
                yield from reading.compared(response)
        except grpc.RpcError as error:
            raise call_error(read_failure(error), request_id=asked.request_id) from None
        finally:
            stream.cancel()

    # -- sessions and games

    def create_session(  # noqa: PLR0913 - one keyword for each field
        self,
        player_id: str,
        *,
        provider: str,
        game_id: str,
        currency_code: str,
        language: str = "",
        country: str = "",
        device: Device = Device.DESKTOP,
        lobby_url: str = "",
        reality_check_interval: timedelta | None = None,
        spend_limit: Money | None = None,
        time_limit: timedelta | None = None,
        assertion: Assertion | None = None,
        client_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Launch:
        """Open a game for a player. PlayDeniedError if the law refuses.

        An interval of reality checks, a spend and a time are what the player fixes for the session before it begins. The
        word is for licensees that keep limits and exclusions themselves: see `pitboss_sdk.assertions`.
        """
        order = session.LaunchOrder(
            player_id=player_id,
            provider=provider,
            game_id=game_id,
            currency_code=currency_code,
            language=language,
            country=country,
            device=device,
            lobby_url=lobby_url,
            reality_check_interval=reality_check_interval,
            spend_limit=spend_limit,
            time_limit=time_limit,
        )
        return self._run(session.create_session(order, client_key, assertion), timeout_s)

    def create_demo_session(  # noqa: PLR0913 - one keyword for each field
        self,
        player_id: str,
        *,
        provider: str,
        game_id: str,
        currency_code: str,
        language: str = "",
        country: str = "",
        device: Device = Device.DESKTOP,
        lobby_url: str = "",
        client_key: str | None = None,
        timeout_s: float | None = None,
    ) -> DemoLaunch:
        """Open a game for play money: nothing of it is in the ledger. PlayDeniedError if the law refuses."""
        order = session.LaunchOrder(
            player_id=player_id,
            provider=provider,
            game_id=game_id,
            currency_code=currency_code,
            language=language,
            country=country,
            device=device,
            lobby_url=lobby_url,
            reality_check_interval=None,
            spend_limit=None,
            time_limit=None,
        )
        return self._run(session.create_demo_session(order, client_key), timeout_s)

    def get_session(self, session_id: str, *, timeout_s: float | None = None) -> Session:
        """Read a session."""
        return self._run(session.get_session(session_id), timeout_s)

    def close_session(self, session_id: str, *, timeout_s: float | None = None) -> Session:
        """End a session. Its open rounds are still paid and cancelled."""
        return self._run(session.close_session(session_id), timeout_s)

    def round_replay(self, player_id: str, provider: str, round_id: str, *, timeout_s: float | None = None) -> Replay:
        """A round as its provider shows it: an address for a browser, or a page. Each call brings a fresh one."""
        return self._run(session.round_replay(player_id, provider, round_id), timeout_s)

    def recover_session(
        self, session_id: str, *, device: Device = Device.DESKTOP, timeout_s: float | None = None
    ) -> Launch:
        """A fresh launch address, for a player who lost the connection or changed the device."""
        return self._run(session.recover_session(session_id, device), timeout_s)

    def watch_sessions(self, *, after_cursor: int = 0, player_id: str = "") -> Iterator[SessionChange]:
        """Changes of the licensee's sessions after a cursor, without gaps, for ever. A broken stream is resumed."""
        return self._watch(session.SessionWatch(after_cursor, player_id))

    def list_games(
        self,
        *,
        provider: str = "",
        include_unavailable: bool = False,
        page_size: int = PAGE_SIZE,
        timeout_s: float | None = None,
    ) -> Iterator[Game]:
        """Games that can be launched now. Pages are fetched as you go."""
        scope = session.Scope(provider=provider, include_unavailable=include_unavailable)
        return self._pages(lambda token: session.games_page(scope, page_size, token), timeout_s)

    def get_game(self, provider: str, game_id: str, *, timeout_s: float | None = None) -> Game:
        """Read one game, also while its provider is down."""
        return self._run(session.get_game(provider, game_id), timeout_s)

    def watch_catalog(self) -> Iterator[Game]:
        """Every game as it is, then each change, for ever. A resumed stream may tell games again that have not changed."""
        return self._watch(session.CatalogWatch())

    # -- player protection

    def set_limit(
        self,
        player_id: str,
        kind: LimitKind,
        amount: Money,
        *,
        window: str = "",
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Decision:
        """Set or change a limit. Lower works at once; higher may be scheduled, see the decision.

        `window` is "24h", "7d", "30d", "1mo", "day", "week", "month" or "since_set"; a stake limit has none.
        """
        return self._run(compliance.set_limit(player_id, kind, amount, window, transaction_key), timeout_s)

    def confirm_limit(
        self,
        player_id: str,
        kind: LimitKind,
        *,
        window: str = "",
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Decision:
        """Confirm a ripe increase where the law wants it."""
        return self._run(compliance.confirm_limit(player_id, kind, window, transaction_key), timeout_s)

    def cancel_pending_limit(
        self,
        player_id: str,
        kind: LimitKind,
        *,
        window: str = "",
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Decision:
        """Withdraw a pending increase."""
        return self._run(compliance.cancel_pending_limit(player_id, kind, window, transaction_key), timeout_s)

    def exclude(
        self, player_id: str, term: str, *, transaction_key: str | None = None, timeout_s: float | None = None
    ) -> Decision:
        """Exclude a player on own request. When this returns, no bet is accepted any more.

        `term` is what the law pack offers, such as "6mo", "1y" or "indefinite".
        """
        return self._run(compliance.exclude(player_id, term, transaction_key), timeout_s)

    def take_break(
        self, player_id: str, term: str, *, transaction_key: str | None = None, timeout_s: float | None = None
    ) -> Decision:
        """Start a short break that ends by itself, such as "24h"."""
        return self._run(compliance.take_break(player_id, term, transaction_key), timeout_s)

    def request_reinstatement(
        self, player_id: str, *, transaction_key: str | None = None, timeout_s: float | None = None
    ) -> Decision:
        """Ask for the end of an exclusion."""
        return self._run(compliance.request_reinstatement(player_id, transaction_key), timeout_s)

    def approve_reinstatement(
        self, player_id: str, *, transaction_key: str | None = None, timeout_s: float | None = None
    ) -> Decision:
        """Agree to a return that the player has asked for, or that the register has decided."""
        return self._run(compliance.approve_reinstatement(player_id, transaction_key), timeout_s)

    def record_duty(
        self,
        player_id: str,
        duty: Duty,
        reference: str,
        *,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Decision:
        """Record that you have done what a decision asked for; `reference` says who did, and where the papers are."""
        return self._run(compliance.record_duty(player_id, duty, reference, transaction_key), timeout_s)

    def check_entry(
        self,
        player_id: str,
        *,
        purpose: EntryPurpose = EntryPurpose.LOGIN,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Decision:
        """Ask whether a player may log in, or be written to, and record the answer. ProtectionDeniedError if not.

        The decision can bring duties, such as "REVIEW_LIMITS".
        """
        return self._run(compliance.check_entry(player_id, purpose, transaction_key), timeout_s)

    def acknowledge_reality_check(
        self, player_id: str, session_id: str, *, transaction_key: str | None = None, timeout_s: float | None = None
    ) -> Decision:
        """Record that the player has seen the reality check of a session."""
        return self._run(compliance.acknowledge_reality_check(player_id, session_id, transaction_key), timeout_s)

    def renew_assertion(
        self,
        player_id: str,
        session_id: str,
        assertion: Assertion,
        *,
        transaction_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Decision:
        """Vouch anew for the stakes of a session. ProtectionDeniedError if the word is stale, used, or the session over."""
        return self._run(compliance.renew_assertion(player_id, session_id, assertion, transaction_key), timeout_s)

    def report_failed_deposit(
        self, player_id: str, *, transaction_key: str | None = None, timeout_s: float | None = None
    ) -> Decision:
        """Record that a deposit did not succeed at whoever takes payments; the key is the payment's."""
        return self._run(compliance.report_failed_deposit(player_id, transaction_key), timeout_s)

    def protection(self, player_id: str, *, timeout_s: float | None = None) -> Protection:
        """Limits, exclusion and break of a player."""
        return self._run(compliance.protection(player_id), timeout_s)

    def decision(self, decision_id: str, *, timeout_s: float | None = None) -> DecisionRecord:
        """One decision with every fact that was used."""
        return self._run(compliance.decision(decision_id), timeout_s)

    def list_decisions(
        self,
        player_id: str,
        *,
        only_refusals: bool = False,
        page_size: int = PAGE_SIZE,
        timeout_s: float | None = None,
    ) -> Iterator[DecisionRecord]:
        """A player's decisions, the newest first. Pages are fetched as you go."""
        scope = compliance.Scope(player_id=player_id, only_refusals=only_refusals)
        return self._pages(lambda token: compliance.decisions_page(scope, page_size, token), timeout_s)

    # -- how calls are made

    def _run(self, call: Call[Value], timeout_s: float | None) -> Value:
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        conversation = converse(call, timeout_s=limit_s, now=time.monotonic)
        answer: Any = None
        while True:
            try:
                effect = conversation.send(answer)
            except StopIteration as end:
                value: Value = end.value
                return value
            answer = self._do(effect, call.request_id)

    def _do(self, effect: Effect, request_id: str) -> Any:  # noqa: ANN401 - see `Answer`
        if isinstance(effect, Send):
            return self._send(effect, request_id)
        time.sleep(effect.seconds)
        return None

    def _send(self, send: Send, request_id: str) -> Any:  # noqa: ANN401 - see `Answer`
        token = self._fresh_token()
        answer = self._attempt(send, token, request_id)
        if not was_not_let_in(answer) or (newer := self._fresh_token()) == token:
            return answer
        # A call that was not let in has done nothing, and the token may have run out just now.
        return self._attempt(send, newer, request_id)

    def _attempt(self, send: Send, token: str, request_id: str) -> Any:  # noqa: ANN401 - see `Answer`
        method, metadata = send.method(self._stubs), call_metadata(token, request_id)
        try:
            return method(send.request, timeout=send.timeout_s, metadata=metadata)
        except grpc.RpcError as error:
            return read_failure(error)

    def _fresh_token(self) -> str:
        return self._token if isinstance(self._token, str) else self._token()

    def _pages(self, page: Callable[[str], Call[Page[Value]]], timeout_s: float | None) -> Iterator[Value]:
        token = ""
        while True:
            found = self._run(page(token), timeout_s)
            yield from found.items
            token = found.next_token
            if not token:
                return

    def _watch(self, watch: Watch[Value]) -> Iterator[Value]:
        while True:
            metadata = call_metadata(self._fresh_token(), watch.request_id)
            stream = watch.method(self._stubs)(watch.request(), metadata=metadata)
            failure: Failure | None = None
            try:
                for response in stream:
                    yield watch.heard(response)
            except grpc.RpcError as error:
                failure = read_failure(error)
            finally:
                stream.cancel()
            time.sleep(watch.pause_after(failure))
