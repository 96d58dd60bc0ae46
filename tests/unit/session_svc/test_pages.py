"""Page tokens."""

from hypothesis import given
from hypothesis import strategies as st

from session_svc.domain.pages import PageTokens

TOKENS = PageTokens(key=b"k" * 32)
SCOPE = ("ListGames", "acme_slots", "True")
PLACE = ("acme_slots", "fruit")


def test_a_token_leads_back_to_its_place() -> None:
    assert TOKENS.read(TOKENS.make(scope=SCOPE, place=PLACE), scope=SCOPE) == PLACE


def test_a_token_is_good_for_its_own_filter_only() -> None:
    token = TOKENS.make(scope=SCOPE, place=PLACE)
    assert TOKENS.read(token, scope=("ListGames", "acme_slots", "False")) is None
    assert TOKENS.read(token, scope=("ListGames", "", "True")) is None


def test_a_token_of_another_key_is_refused() -> None:
    assert TOKENS.read(PageTokens(key=b"x" * 32).make(scope=SCOPE, place=PLACE), scope=SCOPE) is None


def test_the_longest_token_fits_into_its_field() -> None:
    assert len(TOKENS.make(scope=SCOPE, place=("p" * 32, "g" * 128))) <= 256


@given(st.text(max_size=300))
def test_any_other_text_is_refused_and_breaks_nothing(text: str) -> None:
    assert TOKENS.read(text, scope=SCOPE) is None


@given(st.integers(min_value=0, max_value=10_000), st.integers(min_value=1, max_value=255))
def test_a_token_with_any_changed_byte_is_refused(at: int, flip: int) -> None:
    token = bytearray(TOKENS.make(scope=SCOPE, place=PLACE).encode())
    # The last character may hold bits that stand for nothing.
    at %= len(token) - 1
    token[at] ^= flip
    changed = token.decode("latin-1")
    read = TOKENS.read(changed, scope=SCOPE)
    assert read is None
