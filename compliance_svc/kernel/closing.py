"""What becomes of the money of an account that was closed by force."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalPayment:
    """The three parts, in smallest units of the main currency."""

    returned_minor: int
    """Deposits that go back."""
    frozen_minor: int
    """What an order holds."""
    suspense_minor: int
    """Winnings put aside."""


def final_payment(
    *, deposited_minor: int, withdrawn_minor: int, frozen_minor: int, suspense_minor: int
) -> FinalPayment:
    """A proven minor gets back the deposits, less what was withdrawn and what is frozen; never below zero."""
    returned = max(0, deposited_minor - withdrawn_minor - frozen_minor)
    return FinalPayment(returned_minor=returned, frozen_minor=frozen_minor, suspense_minor=suspense_minor)
