from __future__ import annotations

from typing import Any

import pytest

from provider_adapters._kit.asking import Question, ask, browser_address
from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.typed_json import FieldInvalidError
from tests.unit.provider_adapters.hub88_style.fakes import Provider

QUESTION = Question(operation="games", path="/games", query="a=1")


async def test_a_question_may_be_repeated_and_is_guarded() -> None:
    provider = Provider(HttpReply(body=b"x"))
    assert await ask(provider, QUESTION, lambda reply: reply.body) == b"x"
    (sent,) = provider.sent
    assert (sent["safe"], sent["guarded"], sent["query"], sent["timeout_s"]) == (True, True, "a=1", None)


async def test_a_probe_is_neither() -> None:
    provider = Provider(HttpReply())
    await ask(provider, QUESTION, lambda reply: reply.body, probe_timeout_s=0.2)
    (sent,) = provider.sent
    assert (sent["safe"], sent["guarded"], sent["timeout_s"]) == (False, False, 0.2)


@pytest.mark.parametrize("error", [KeyError("url"), TypeError(), ValueError(), FieldInvalidError("url")])
async def test_an_answer_that_cannot_be_read_is_a_failure(error: Exception) -> None:
    def read(_: HttpReply) -> Any:
        raise error

    with pytest.raises(ProviderFailedError):
        await ask(Provider(HttpReply()), QUESTION, read)


async def test_a_refusal_stays_one() -> None:
    def read(_: HttpReply) -> Any:
        raise ProviderRefusedError(operation="games", code="NO")

    with pytest.raises(ProviderRefusedError):
        await ask(Provider(HttpReply()), QUESTION, read)


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", None, 5, "http:", "file:///etc/passwd", "https://" + "x" * 5000]
)
def test_a_browser_is_sent_to_web_addresses_only(url: object) -> None:
    with pytest.raises(FieldInvalidError):
        browser_address(url)
    assert browser_address("https://studio.example/play") == "https://studio.example/play"
