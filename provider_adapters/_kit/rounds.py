"""In which currency a round is played. The wire says it nowhere, and a round keeps it for ever."""

import collections

from provider_adapters._kit.references import PlayerReference


class RoundCurrencies:
    """What was learnt from accepted bets. Bounded; forgetting costs one question to the ledger."""

    def __init__(self, size: int = 50_000) -> None:
        self._known: collections.OrderedDict[tuple[PlayerReference, str], str] = collections.OrderedDict()
        self._size = size

    def get(self, player: PlayerReference, round_id: str) -> str:
        """The currency, or an empty text."""
        return self._known.get((player, round_id), "")

    def put(self, player: PlayerReference, round_id: str, currency_code: str) -> None:
        """Remember."""
        self._known[player, round_id] = currency_code
        self._known.move_to_end((player, round_id))
        if len(self._known) > self._size:
            self._known.popitem(last=False)
