"""Anything that can be asked of the kernel, and everything that can be known while it is asked: for property tests."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning

from compliance_svc.kernel import (
    CREDITS,
    AckRealityCheck,
    Answer,
    Assertion,
    Bet,
    CancelPendingLimit,
    CancelWithdrawal,
    Category,
    ConfirmLimit,
    Credit,
    Cycle,
    Deposit,
    Exclude,
    Exclusion,
    Facts,
    Funding,
    Game,
    Identity,
    Limit,
    LimitKind,
    Login,
    Marketing,
    OpenPlay,
    Outside,
    PendingIncrease,
    Person,
    Player,
    Protection,
    Rate,
    RecordDepositFailure,
    Register,
    RenewAssertion,
    RequestReinstatement,
    Session,
    SetLimit,
    SetSessionLimit,
    TakeBreak,
    Tip,
    UsageBook,
    Window,
)
from compliance_svc.kernel.facts import CALM
from tests.unit.compliance_svc.kernel.world import DAY, MS, NOON, SECOND

FIXED = settings(derandomize=True, database=None, deadline=None)
"""The same examples in every run, wherever it is."""
_SEARCH = settings(FIXED, phases=[Phase.generate], max_examples=2_000)

_flags = st.booleans()
_rarely = st.sampled_from([False] * 5 + [True])
_amounts = st.integers(0, 12).map(lambda units: units * 500_000) | st.integers(2**53 - 1, 2**53 + 1)
_currencies = st.sampled_from(["GBP", "GBP", "GBP", "EUR"])
_money = {"amount_minor": _amounts, "currency": _currencies, "exponent": st.just(6)}
_around_now = st.sampled_from([-40 * DAY, -DAY, -SECOND, -1, 0, 1, SECOND, DAY]).map(lambda ago: NOON + ago)
_categories = st.none() | st.sampled_from(Category)

DEBITS: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        Bet,
        **_money,
        category=_categories,
        starts_cycle=_flags,
        automatic=_rarely,
        funding=st.sampled_from([Funding.CASH, Funding.CASH, Funding.BONUS, Funding.FREE_SPIN]),
    ),
    st.builds(Deposit, **_money),
    st.builds(Tip, **_money),
    st.builds(OpenPlay, category=_categories, renews=_rarely),
    st.sampled_from(
        [Login(), Register(), Marketing(), AckRealityCheck(), RenewAssertion(), SetSessionLimit(seconds=60)]
    ),
    st.builds(CancelWithdrawal, **_money),
)
"""What the law may refuse."""

_windows = st.sampled_from(
    [
        (LimitKind.LOSS, Window.HOURS_24),
        (LimitKind.LOSS, Window.SINCE_SET),
        (LimitKind.WAGER, Window.HOURS_24),
        (LimitKind.WAGER, Window.MONTH_1),
        (LimitKind.WAGER, Window.WEEK),
        (LimitKind.DEPOSIT, Window.DAYS_7),
        (LimitKind.DEPOSIT, Window.MONTH),
        (LimitKind.NETDEP, Window.DAYS_30),
        (LimitKind.STAKE, Window.NONE),
        (LimitKind.TIME, Window.DAY),
    ]
)
_set_limit = _windows.flatmap(
    lambda name: st.builds(
        SetLimit,
        limit_kind=st.just(name[0]),
        window=st.just(name[1]),
        amount_minor=_amounts,
        currency=st.just("" if name[0] is LimitKind.TIME else "GBP"),
        exponent=st.none() | st.just(6),
        by_licensee=_rarely,
    )
)
OTHERS: st.SearchStrategy[Any] = st.one_of(
    _set_limit,
    st.builds(Credit, kind=st.sampled_from(sorted(CREDITS)), **_money),
    _windows.map(lambda name: ConfirmLimit(limit_kind=name[0], window=name[1])),
    st.builds(RecordDepositFailure, event_us=_around_now),
    _windows.map(lambda name: CancelPendingLimit(limit_kind=name[0], window=name[1])),
    st.sampled_from([Exclude(term="6mo"), Exclude(term="indefinite"), TakeBreak(term="24h"), RequestReinstatement()]),
)
"""What is always the player's right, or is paid to the player."""

_pending = st.none() | st.builds(
    PendingIncrease, amount_minor=_amounts, effective_us=_around_now, needs_confirmation=_flags
)


@st.composite
def _limits(draw: st.DrawFn) -> tuple[Limit, ...]:
    names = draw(st.lists(_windows, max_size=4, unique=True))
    found = [
        Limit(
            kind=kind,
            window=window,
            currency="" if kind is LimitKind.TIME else "GBP",
            amount_minor=draw(_amounts),
            since_us=NOON - 90 * DAY,
            pending=draw(_pending),
        )
        for kind, window in names
    ]
    return tuple(sorted(found, key=lambda limit: (limit.kind, limit.window)))


_exclusions = st.builds(
    Exclusion,
    term=st.just("6mo"),
    since_us=st.just(NOON - 60 * DAY),
    until_us=st.none() | _around_now,
    eligible_us=_around_now,
    returns_us=st.none() | _around_now,
)
_persons = st.builds(
    Person,
    identity=st.sampled_from([Identity.VERIFIED] * 4 + list(Identity)),
    location=st.sampled_from(["", "GB", "US-NJ", "US-PA"]),
    location_until_us=st.none() | _around_now,
    frozen=_rarely,
    checked_until_us=st.none() | _around_now,
    diligence_due=_rarely,
    latched_until_us=st.none() | st.none() | _around_now,
    payments_blocked=_rarely,
    failed_us=st.just(()) | st.just((NOON - 2 * SECOND, NOON - SECOND)),
    reviewed_us=st.none() | _around_now,
)
_protections = st.builds(
    Protection,
    limits=_limits(),
    exclusion=st.none() | st.none() | _exclusions,
    break_until_us=st.none() | _around_now,
    person=_persons,
    epoch=st.integers(0, 1),
)
_sessions = st.builds(
    Session,
    opened_us=st.sampled_from([NOON, NOON - 600 * SECOND, NOON - 3_600 * SECOND]),
    until_us=st.none() | _around_now,
    ended=_rarely,
    epoch=st.integers(0, 1),
    check_every_s=st.none() | st.sampled_from([300, 600]),
    checked_us=st.none() | st.sampled_from([NOON - 299 * SECOND, NOON - 1_800 * SECOND]),
    spend_limit_minor=st.none() | _amounts,
    seconds_limit=st.none() | st.sampled_from([600, 3_600]),
    spent_minor=_amounts,
    vouched_us=st.none() | _around_now,
)
_outsides = st.just(CALM) | st.builds(
    Outside,
    register=st.sampled_from(Answer),
    limit_file=st.sampled_from(Answer),
    limit_left_minor=st.none() | _amounts,
    limit_file_source=st.sampled_from(["", "LUGAS"]),
    limit_file_answered_us=st.none() | _around_now,
    limit_file_reference=st.sampled_from(["", "ab" * 16]),
    limit_file_silent=_rarely,
    activity=st.sampled_from(Answer),
    geo_silent=_rarely,
    register_silent=_rarely,
    clock_off=_rarely,
    zone_changed=_rarely,
    counters_down=_rarely,
    audit_down=_rarely,
    pack_doubted=_rarely,
)
_rates = st.builds(
    Rate,
    value=st.sampled_from([86_541, 100_000]),
    decimals=st.just(5),
    observed_us=_around_now,
    max_age_us=st.just(DAY),
    exponent=st.just(6),
)


@st.composite
def _books(draw: st.DrawFn) -> UsageBook:
    book = UsageBook()
    book.open_session("s", NOON - draw(st.integers(0, 90_000)) * SECOND)
    for kind in (LimitKind.WAGER, LimitKind.LOSS, LimitKind.DEPOSIT, LimitKind.NETDEP):
        for ago_s in draw(st.lists(st.integers(0, 40 * 86_400), max_size=3)):
            book.add(kind, draw(_currencies), NOON - ago_s * SECOND, draw(st.integers(-4, 6)) * 500_000)
    return book


_anything: st.SearchStrategy[Facts] = st.builds(
    Facts,
    player=st.builds(
        Player,
        born=st.none() | st.sampled_from([1986_01_15, 1986_01_15, 2001_10_06, 2004_02_29, 2008_10_05]),
        currency=st.just("GBP"),
        protection=_protections | _protections | _protections | st.none(),
    ),
    usage=_books() | _books() | st.none(),
    cycle=st.none()
    | st.builds(
        Cycle,
        staked_minor=_amounts,
        last_start_us=st.none() | st.integers(0, 10_000).map(lambda ago_ms: NOON - ago_ms * MS),
    ),
    session=_sessions | _sessions | _sessions | st.none(),
    game=st.none()
    | st.builds(
        Game,
        category=_categories,
        certified=st.sampled_from([True] * 4 + [False]),
        progressive=_rarely,
        return_ppm=st.sampled_from([0, 740_000, 840_000, 960_000]),
        features=st.sampled_from([(), (), ("turbo",), ("celebrates_losses", "slam_stop")]),
    ),
    others=st.lists(_categories, max_size=2).map(tuple),
    outside=_outsides,
    assertion=st.none()
    | st.none()
    | st.builds(Assertion, max_age_us=st.just(DAY), issued_us=st.none() | _around_now, replayed=_rarely),
    rate=st.none() | _rates,
    suspended=_rarely,
    licensed=st.sampled_from([True] * 5 + [False]),
)
ORDERLY: st.SearchStrategy[Facts] = st.builds(
    Facts,
    player=st.builds(
        Player,
        born=st.just(1986_01_15),
        currency=st.just("GBP"),
        protection=st.builds(Protection, limits=_limits(), person=st.just(Person(identity=Identity.VERIFIED))),
    ),
    usage=_books(),
    cycle=st.just(Cycle(staked_minor=0, last_start_us=None)),
    session=st.just(Session(opened_us=NOON)),
    game=st.just(Game(category=Category.SLOT)),
    rate=st.none() | _rates,
)
"""Nothing that is wrong, but perhaps a limit."""
FACTS = _anything | ORDERLY
"""What may be known at noon of a player in pounds."""


def finds(check: Callable[..., None], *strategies: st.SearchStrategy[Any]) -> bool:
    """Search for an example that breaks a property. For variants that must be caught."""

    def search(example: tuple[Any, ...]) -> None:
        check(*example)

    # What is tried first depends on the modules that are loaded, so one beginning is not enough.
    return any(_fails(seed(number)(_SEARCH(given(st.tuples(*strategies))(search)))) for number in range(5))


def _fails(test: Callable[[], None]) -> bool:
    with warnings.catch_warnings():
        # Whoever fails is told with its packs, which are long; nobody reads that here.
        warnings.simplefilter("ignore", HypothesisWarning)
        try:
            test()
        except AssertionError:
            return True
    return False
