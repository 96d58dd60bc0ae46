"""Libraries that would write into our logs."""

import logging

import stamina


def quiet_libraries() -> None:
    """Httpx logs each address with its query, where some providers put secrets; stamina logs what we count."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stamina.instrumentation.set_on_retry_hooks([])
