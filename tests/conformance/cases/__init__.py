"""The cases, one file for each letter of docs/conformance.md. Importing them registers them."""

from tests.conformance.cases import (  # noqa: F401 - as above
    a_authentication,
    a_keys,
    b_session,
    c_balance,
    d_bet,
    e_win,
    f_cancel,
    g_round,
    h_promotions,
    i_order,
    j_failure,
    k_launch,
    l_audit,
)
