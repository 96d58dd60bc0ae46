"""What the money rules mean, in plain Python: the other opinion that the ledger is compared with.

It imports the standard library and itself, nothing else, and a test holds it to that.
"""

from tests.torture.model.answer import Answer, Line, Posting
from tests.torture.model.player import Player
from tests.torture.model.state import Flags

__all__ = ["Answer", "Flags", "Line", "Player", "Posting"]
