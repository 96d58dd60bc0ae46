"""What a message's hash must be."""

from collections.abc import Mapping
from typing import Any

from provider_adapters._kit.explaining import Explained, best
from provider_adapters._kit.http import HttpRequest
from provider_adapters.pragmatic_style import auth, wire
from provider_adapters.pragmatic_style.config import Config


def explain(credentials: Mapping[str, Any], request: HttpRequest) -> Explained:
    """The filled fields but the hash, sorted by name; the secret follows without anything between."""
    secrets = Config.from_credentials(credentials).secrets
    form = wire.parse_form(request.body)
    given = form.fields.get(auth.HASH, "").lower()
    as_spelt = auth.verify(form.pairs, form.fields, secrets) is auth.Spelling.ENCODED
    pairs = form.pairs if as_spelt else tuple(form.fields.items())
    expected = [auth.digest(pairs, secret) for secret in secrets]
    return Explained(algorithm="md5", canonical=auth.text(pairs).encode(), expected=best(expected, given), given=given)
