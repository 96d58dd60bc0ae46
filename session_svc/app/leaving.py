"""Sessions that have ended, and of which a cross-operator activity file has to hear: until then their player plays nowhere else.

Whatever became of a session, refused and failed ones too: that the file may count it is written down before it is asked.
"""

from __future__ import annotations

from mesh import logs
from mesh.errors import DependencyDownError
from session_svc.ports import Law, Sessions

_log = logs.get("session_svc.leaving")

_AT_ONCE = 100


class Leaving:
    """Several replicas may tell: an end that is told twice is one end."""

    def __init__(self, sessions: Sessions, law: Law) -> None:
        self._sessions = sessions
        self._law = law

    async def tell(self) -> None:
        """Tell of every end that is still to be told. Raises DependencyDownError after all others if one cannot be."""
        failed: DependencyDownError | None = None
        for session in await self._sessions.to_be_left(limit=_AT_ONCE):
            try:
                await self._law.end_activity(session)
            except DependencyDownError as error:
                # One that cannot be told now holds up nobody else.
                failed = error
                await self._sessions.left_later(session)
            else:
                await self._sessions.left(session)
        if failed is not None:
            raise failed
