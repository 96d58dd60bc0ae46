"""What the compliance service makes of the ledger's words."""

from compliance_svc.domain import plainly_allowed, view
from compliance_svc.kernel import LimitKind, Protection
from compliance_svc.kernel.limits import Limit, PendingIncrease, Window
from compliance_svc.kernel.protection import Exclusion


def _protected() -> Protection:
    pending = PendingIncrease(amount_minor=9_000, effective_us=1_000, needs_confirmation=False)
    limit = Limit(
        kind=LimitKind.DEPOSIT, window=Window.HOURS_24, currency="GBP", amount_minor=5_000, since_us=1, pending=pending
    )
    exclusion = Exclusion(term="6mo", since_us=1, until_us=5_000, eligible_us=5_000, returns_us=6_000)
    return Protection(limits=(limit,), exclusion=exclusion, break_until_us=2_000)


def test_a_pending_increase_is_shown_until_it_is_in_force() -> None:
    text = _protected().to_json()
    early, late = view(text, 999).limits[0], view(text, 1_000).limits[0]
    assert (early.amount, early.pending, early.effective_us) == (5_000, 9_000, 1_000)
    assert (late.amount, late.pending) == (9_000, None)


def test_an_exclusion_and_a_break_are_shown_while_they_hold() -> None:
    text = _protected().to_json()
    assert (view(text, 1_999).excluded, view(text, 1_999).break_until_us) == (True, 2_000)
    assert (view(text, 2_000).break_until_us, view(text, 2_000).eligible_us) == (None, 5_000)
    assert (view(text, 6_000).excluded, view(text, 6_000).eligible_us) == (False, None)


def test_a_player_without_protection_has_an_empty_view() -> None:
    assert view("", 0).limits == ()


def test_a_decision_with_a_duty_is_not_a_plain_one() -> None:
    assert plainly_allowed('{"verdict":"ALLOW"}')
    assert not plainly_allowed('{"verdict":"ALLOW","obligations":["RUN_FVC"]}')
    assert plainly_allowed('{"verdict":"ALLOW","zone_data":"2025b"}')
    assert not plainly_allowed('{"verdict":"DENY"}')
    assert not plainly_allowed('{"verdict":"DENY","zone_data":"2025b"}')
