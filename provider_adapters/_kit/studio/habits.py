"""The habits of a provider: when it gives up waiting and how it repeats stands in its manifest, like for everybody else."""

from pathlib import Path

from provider_adapters._kit import manifest
from provider_adapters._kit.studio.ports import Habits, RetrySchedule


def habits(  # noqa: PLR0913 - one argument for each habit
    studio_file: str,
    *,
    closes_by_flag: bool,
    wins_name_the_bet: bool,
    cancel_shares_key: bool = False,
    late_bet_accepted: bool = False,
    win_without_bet_paid: bool = False,
    refusals_look_alike: bool = False,
    free_wins_may_lack_round: bool = False,
    free_bets_share_ids: bool = False,
    names_vouchers: bool = False,
    refunds_may_lack_round: bool = False,
) -> Habits:
    """The habits of the provider in whose folder the file is."""
    folder = Path(studio_file).parent
    facts = manifest.load(folder)
    return Habits(
        timeout_s=facts.provider_timeout_ms / 1000,
        bet_attempts=facts.bet_attempts,
        retries=RetrySchedule(
            first_s=facts.retry_first_ms / 1000,
            factor=facts.retry_factor,
            longest_s=facts.retry_longest_ms / 1000,
        ),
        closes_by_flag=closes_by_flag,
        wins_name_the_bet=wins_name_the_bet,
        cancel_shares_key=cancel_shares_key,
        late_bet_accepted=late_bet_accepted,
        win_without_bet_paid=win_without_bet_paid,
        refusals_look_alike=refusals_look_alike,
        free_wins_may_lack_round=free_wins_may_lack_round,
        free_bets_share_ids=free_bets_share_ids,
        names_vouchers=names_vouchers,
        refunds_may_lack_round=refunds_may_lack_round,
    )
