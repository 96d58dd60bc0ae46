"""What is signed in the messages of every style, and where a wrong signature parts from the right one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh.errors import RequestInvalidError
from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from provider_adapters._kit.errors import SandboxOnlyError
from provider_adapters._kit.explaining import SAME, Explained, explain_of, first_difference
from provider_adapters._kit.grpc_api import AdapterServicer
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.studio.ports import ActKind
from tests.unit.provider_adapters.styles import NAMES, Style, credentials


def seen(request: HttpRequest) -> HttpRequest:
    """As the callback server hands it on."""
    return replace(request, headers={name.lower(): value for name, value in request.headers.items()})


def explained(style: Style, request: HttpRequest) -> Explained:
    return explain_of(style.name)(style.keys.adapter, seen(request))


@pytest.fixture(params=NAMES)
def style(request: pytest.FixtureRequest) -> Style:
    return Style(request.param)


def test_every_message_of_the_studio_has_the_right_signature(style: Style) -> None:
    for kind in style.kinds:
        found = explained(style, style.studio.write(style.act(kind)))
        assert (found.valid, found.first_difference()) == (True, SAME), kind


def test_a_spoilt_message_does_not_and_the_place_is_told(style: Style) -> None:
    found = explained(style, style.studio.spoil(style.studio.write(style.act(ActKind.BET))))
    assert not found.valid
    assert 0 <= found.first_difference() <= len(found.expected)


def test_a_message_of_another_integration_does_not(style: Style) -> None:
    message = style.new_studio(credentials(style.name, 1)).write(style.act(ActKind.BET))
    assert not explained(style, message).valid


def test_what_the_sender_believes_is_compared_byte_by_byte(style: Style) -> None:
    found = explained(style, style.studio.write(style.act(ActKind.BET)))
    if not found.canonical:
        assert found.algorithm == "shared secret"
        return
    assert found.first_difference(found.canonical) == SAME
    assert found.first_difference(found.canonical[:7] + b"\x00" + found.canonical[8:]) == 7
    assert found.first_difference(found.canonical + b"\n") == len(found.canonical)


def test_texts_differ_where_one_ends() -> None:
    assert [first_difference(b"abc", other) for other in (b"abc", b"abd", b"ab", b"")] == [SAME, 2, 2, 0]


def servicer(style: Style, *, sandbox: bool) -> AdapterServicer:
    def explain(request: HttpRequest) -> Explained:
        return explain_of(style.name)(style.keys.adapter, request)

    parts = (style.manifest, style.adapter, None, None, None)
    return AdapterServicer(*parts, explain if sandbox else None)  # type: ignore[arg-type]


def asked(request: HttpRequest, believed: bytes = b"") -> pb.ExplainSignatureRequest:
    return pb.ExplainSignatureRequest(
        method=request.method,
        path=request.path,
        query=request.query.decode(),
        headers=request.headers,
        body=request.body,
        believed=believed,
    )


async def test_a_sandbox_answers_over_the_wire(style: Style) -> None:
    message = style.studio.write(style.act(ActKind.WIN))
    told = await servicer(style, sandbox=True).ExplainSignature(asked(message), None)
    assert (told.valid, told.first_difference, told.given) == (True, -1, told.expected)


async def test_nobody_else_is_told_anything(style: Style) -> None:
    with pytest.raises(SandboxOnlyError):
        await servicer(style, sandbox=False).ExplainSignature(asked(style.studio.write(style.act(ActKind.BET))), None)


@pytest.mark.parametrize("name", ["pragmatic_style", "slotegrator_style", "nolimit_style", "playngo_style"])
async def test_a_body_that_is_not_the_format_is_refused(name: str) -> None:
    style = Style(name)
    message = replace(style.studio.write(style.act(ActKind.BET)), body=b"\xff&&<")
    with pytest.raises(RequestInvalidError):
        await servicer(style, sandbox=True).ExplainSignature(asked(message), None)
