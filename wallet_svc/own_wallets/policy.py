"""How often and how long a licensee's own wallet is asked: the same numbers for the code and for the page that tells them."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Spans in seconds."""

    first_retry_s: float = 0.2
    """After the first attempt that failed."""
    factor: float = 2.0
    """By which each further wait is longer than the one before."""
    longest_retry_s: float = 30.0
    """No wait is longer."""
    jitter: float = 0.2
    """Part of a wait that is left to chance, so that not everything comes at once."""
    give_up_s: float = 10.0
    """An outcome that could not be looked up for this long is undone: the stake is refused, and its cancel delivered."""
    round_end_give_up_s: float = 86_400.0
    """The end of a round that a wallet did not take for this long, while it answers otherwise, is given up: a case, and listed."""
    commit_margin_s: float = 0.15
    """Of the caller's time, what is kept to commit the answer."""
    least_call_s: float = 0.02
    """With less time than this the wallet is not asked."""
    poll_s: float = 0.2
    """How often a process looks for what another one has left."""

    def wait_us(self, attempts: int) -> int:
        """How long to wait after so many attempts, in microseconds."""
        wait = min(self.longest_retry_s, self.first_retry_s * self.factor ** min(attempts - 1, 30))
        return int(wait * (1 - self.jitter * random.random()) * 1_000_000)  # noqa: S311 - spread, not a secret


POLICY = Policy()
