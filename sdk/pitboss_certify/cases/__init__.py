"""The cases, by the letters of the scenario list: authentication, balance, debit (bet), credit (win), cancel, rest."""

from pitboss_certify.cases import a_transport, c_balance, d_debit, e_credit, f_cancel, g_round, i_order, j_recovery

__all__ = ["a_transport", "c_balance", "d_debit", "e_credit", "f_cancel", "g_round", "i_order", "j_recovery"]
