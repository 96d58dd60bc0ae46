"""What the wallets were last told of a source, and when they have to be told again: a word holds for a time only."""

from dataclasses import dataclass


@dataclass(slots=True)
class HealthLease:
    """Seconds of one monotonic clock."""

    hold_s: float
    """How long the wallets believe a word."""
    silent: bool | None = None
    """The word that they have; None if that is not known."""
    told_s: float = 0.0

    def is_due(self, *, silent: bool, now_s: float) -> bool:
        """Whether this is new, or what they have would soon be forgotten."""
        return silent != self.silent or now_s - self.told_s >= self.hold_s / 3

    def renew(self, *, silent: bool, now_s: float) -> None:
        """They have taken it."""
        self.silent, self.told_s = silent, now_s
