"""Events for the security officer: who sent what we refused to believe. Never the message itself."""

from mesh import logs, metrics
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.refused import RefusedNotes

_log = logs.get("callback_security")


class LoggedSecurity:
    """Security events as log lines and counters, and as notes for whoever asks about a transaction."""

    def __init__(self, provider: str, notes: RefusedNotes) -> None:
        self._provider, self._notes = provider, notes

    def report(self, event: str, request: HttpRequest, **facts: str) -> None:
        """Write one event."""
        metrics.counter("callback_security_events", provider=self._provider, event=event).add()
        _log.security(
            event,
            provider=self._provider,
            method=request.method,
            path=request.path,
            body_bytes=len(request.body),
            request_id=request.request_id,
            peer=request.peer,
            **facts,
        )
        self._notes.note(event, request)
