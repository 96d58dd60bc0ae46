import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance_svc.kernel import Exclusion, Limit, LimitKind, PendingIncrease, Protection, Window
from compliance_svc.kernel.limits import WINDOWS
from tests.unit.compliance_svc.kernel.world import NOON, a_limit

AMOUNTS = st.integers(0, 2**63 - 1)
INSTANTS = st.integers(0, 2**52)
PENDING = st.none() | st.builds(
    PendingIncrease, amount_minor=AMOUNTS, effective_us=INSTANTS, needs_confirmation=st.booleans()
)
KEYS = st.sampled_from([(kind, window) for kind, windows in WINDOWS.items() for window in sorted(windows)])


@st.composite
def limits(draw: st.DrawFn) -> Limit:
    kind, window = draw(KEYS)
    return Limit(
        kind=kind,
        window=window,
        currency=draw(st.sampled_from(["GBP", "BTC"])),
        amount_minor=draw(AMOUNTS),
        since_us=draw(INSTANTS),
        pending=draw(PENDING),
    )


@st.composite
def protections(draw: st.DrawFn) -> Protection:
    exclusion = st.builds(
        Exclusion,
        term=st.sampled_from(["6mo", "indefinite"]),
        since_us=INSTANTS,
        until_us=st.none() | INSTANTS,
        eligible_us=INSTANTS,
        returns_us=st.none() | INSTANTS,
    )
    state = Protection(exclusion=draw(st.none() | exclusion), break_until_us=draw(st.none() | INSTANTS))
    for limit in draw(st.lists(limits(), max_size=6)):
        state = state.with_limit(limit)
    return state


@given(protections())
def test_a_state_comes_back_from_its_json_and_is_always_the_same_text(state: Protection) -> None:
    text = state.to_json()
    assert Protection.from_json(text) == state
    assert Protection.from_json(text).to_json() == text


@given(st.lists(limits(), max_size=6, unique_by=lambda limit: (limit.kind, limit.window)), st.randoms())
def test_the_order_in_which_limits_were_set_does_not_show(found: list[Limit], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = Protection(), Protection()
    for limit in found:
        one = one.with_limit(limit)
    for limit in shuffled:
        two = two.with_limit(limit)
    assert one.to_json() == two.to_json()


def test_a_fresh_player_takes_a_few_bytes() -> None:
    assert Protection().to_json() == '{"v":1}'


def test_large_amounts_are_written_as_text() -> None:
    state = Protection().with_limit(
        Limit(kind=LimitKind.STAKE, window=Window.NONE, currency="BTC", amount_minor=2**60, since_us=NOON)
    )
    assert json.loads(state.to_json())["limits"][0]["amount"] == str(2**60)


def stored() -> dict[str, object]:
    limit = a_limit(
        LimitKind.DEPOSIT,
        Window.DAYS_7,
        "1.00",
        pending=PendingIncrease(amount_minor=1, effective_us=1, needs_confirmation=True),
    )
    exclusion = Exclusion(term="6mo", since_us=1, until_us=2, eligible_us=2, returns_us=3)
    found: dict[str, object] = json.loads(Protection(limits=(limit,), exclusion=exclusion, break_until_us=9).to_json())
    return found


@pytest.mark.parametrize("path", [(), ("exclusion",), ("limits", 0), ("limits", 0, "pending")])
def test_a_field_that_we_do_not_know_makes_the_state_unreadable(path: tuple[str | int, ...]) -> None:
    state = stored()
    inner: object = state
    for step in path:
        inner = inner[step]  # type: ignore[index]
    inner["cooling"] = 1  # type: ignore[index]
    with pytest.raises(ValueError, match="unknown fields"):
        Protection.from_json(json.dumps(state))


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"v":2}', '{"v":1,"limits":[{}]}', '{"v":1,"exclusion":{"term":"6mo"}}']
)
def test_anything_else_is_unreadable(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Protection.from_json(text)
