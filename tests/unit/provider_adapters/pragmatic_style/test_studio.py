"""The simulator speaks the dialect that the adapter understands, and reacts as the provider does."""

import json
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest

from provider_adapters._kit.errors import ProviderRefusedError
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Device, Launch
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.studio.grants import Grants
from provider_adapters._kit.studio.ports import Act, ActKind, Reaction, Seat, StudioParts
from provider_adapters.pragmatic_style import auth, studio, wire
from provider_adapters.pragmatic_style.client import BASE, Client
from provider_adapters.pragmatic_style.config import Config
from tests.unit.provider_adapters.pragmatic_style.fakes import MOMENT, SECRET, FakeOutbound
from tests.unit.provider_adapters.styles import Shown

CONFIG = Config.from_credentials({"secret": SECRET})
STUDIO = studio.create(StudioParts(credentials={"secret": SECRET}, callback_url="http://localhost/pragmatic_style"))
SEAT = Seat(launch_id="l-1", user="demo.pl-7001", token="tok-0123456789abcdef", currency_code="EUR", game_id="vs20demo")


def act(kind: ActKind) -> Act:
    return Act(
        kind=kind,
        seat=SEAT,
        transaction_key="ref-0001",
        bet_key="ref-0001",
        round_id="5500100",
        amount=Decimal("1.5"),
        sent_at_ms=int(MOMENT),
    )


def fields(request: HttpRequest) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), strict_parsing=True))


KINDS = {
    ActKind.ENTER: ("/authenticate", wire.AuthenticateRequest),
    ActKind.BALANCE: ("/balance", wire.BalanceRequest),
    ActKind.BET: ("/bet", wire.BetRequest),
    ActKind.WIN: ("/result", wire.ResultRequest),
    ActKind.CANCEL: ("/refund", wire.RefundRequest),
    ActKind.CLOSE: ("/endRound", wire.EndRoundRequest),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_is_signed_whole_and_known_to_the_adapter(kind: ActKind) -> None:
    path, message = KINDS[kind]
    request = STUDIO.write(act(kind))
    form = wire.parse_form(request.body)
    assert (request.method, request.path) == ("POST", path)
    assert auth.verify(form.pairs, form.fields, [SECRET]) is auth.Spelling.PLAIN
    wire.from_form(message, form)
    assert STUDIO.write(act(kind)) == request


def test_money_has_two_places_and_a_bet_brings_no_token() -> None:
    sent = fields(STUDIO.write(act(ActKind.BET)))
    assert (sent["amount"], sent["reference"], sent["timestamp"]) == ("1.50", "ref-0001", MOMENT)
    assert "token" not in sent


def test_a_refund_brings_the_reference_of_its_bet() -> None:
    assert fields(STUDIO.write(act(ActKind.CANCEL)))["reference"] == "ref-0001"


@pytest.mark.parametrize("kind", KINDS)
def test_a_spoilt_message_does_not_verify(kind: ActKind) -> None:
    request = STUDIO.write(act(kind))
    form = wire.parse_form(STUDIO.spoil(request).body)
    assert auth.verify(form.pairs, form.fields, [SECRET]) is None
    assert form.fields.keys() == wire.parse_form(request.body).fields.keys()


@pytest.mark.parametrize(
    ("kind", "code", "reaction"),
    [
        (ActKind.BET, 0, Reaction.ACCEPTED),
        (ActKind.BET, 100, Reaction.CANCEL),
        (ActKind.BET, 1, Reaction.REFUSED),
        (ActKind.BET, 120, Reaction.REFUSED),
        (ActKind.WIN, 0, Reaction.ACCEPTED),
        (ActKind.WIN, 100, Reaction.RETRY),
        (ActKind.WIN, 120, Reaction.DISPUTE),
        (ActKind.CANCEL, 0, Reaction.ACCEPTED),
        (ActKind.CANCEL, 100, Reaction.RETRY),
        (ActKind.CANCEL, 120, Reaction.DISPUTE),
        (ActKind.CLOSE, 100, Reaction.RETRY),
        (ActKind.ENTER, 4, Reaction.REFUSED),
        (ActKind.BALANCE, 0, Reaction.ACCEPTED),
    ],
)
def test_the_studio_reacts_as_the_provider_documents(kind: ActKind, code: int, reaction: Reaction) -> None:
    answer = STUDIO.read(act(kind), HttpReply(body=json.dumps({"error": code, "description": "x"}).encode()))
    assert (answer.reaction, answer.code) == (reaction, str(code))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (502, b'{"error":0}'),
        (200, b""),
        (200, b'{"error":0'),
        (200, b"<html></html>"),
        (200, b'{"error":"0"}'),
        (200, b'{"error":true}'),
        (200, b'{"error":9999}'),
        (200, b'{"error":0,"cash":"98.75"}'),
        (200, b'{"error":0,"error":100}'),
    ],
)
def test_an_answer_that_cannot_be_read_is_no_answer(status: int, body: bytes) -> None:
    assert STUDIO.read(act(ActKind.BET), HttpReply(status=status, body=body)).reaction is Reaction.CANCEL
    assert STUDIO.read(act(ActKind.WIN), HttpReply(status=status, body=body)).reaction is Reaction.RETRY


def test_the_balance_is_read_exactly() -> None:
    answer = STUDIO.read(act(ActKind.BALANCE), HttpReply(body=b'{"error":0,"cash":92233720368547758.07}'))
    assert answer.balance == Decimal("92233720368547758.07")


class Desk:
    """Keeps seats."""

    public_url = "http://localhost:1"

    def __init__(self) -> None:
        self.seats: list[Seat] = []
        self.grants = Grants()
        self.replays = Shown()

    def demo(self, *, user: str, token: str, game_id: str) -> str:
        return f"{self.public_url}/demo/{game_id}"

    def new_launch_id(self) -> str:
        return f"l-{len(self.seats) + 1}"

    def seat(self, seat: Seat) -> str:
        self.seats.append(seat)
        return f"{self.public_url}/play/{seat.launch_id}"


def wired(desk: Desk, config: Config = CONFIG) -> Client:
    """A client whose calls go to the simulator's API."""

    async def serve(request: HttpRequest) -> HttpReply:
        return await STUDIO.api(request, desk)

    return Client(FakeOutbound(serve), config)


LAUNCH = Launch(
    session_id="s-1",
    token="tok-0123456789abcdef",
    player=PlayerReference(licensee="demo", player_id="pl-7001"),
    game_id="vs20demo",
    currency_code="EUR",
    language="en",
    country="MT",
    device=Device.DESKTOP,
    lobby_url="",
)


async def test_a_launch_of_the_adapter_takes_a_seat() -> None:
    desk = Desk()
    address = await wired(desk).launch_url(LAUNCH)
    assert urlsplit(address).path == "/play/l-1"
    [seat] = desk.seats
    assert (seat.user, seat.token, seat.currency_code, seat.game_id) == (
        "demo.pl-7001",
        LAUNCH.token,
        "EUR",
        "vs20demo",
    )


async def test_the_catalog_of_the_adapter_is_that_of_the_studio() -> None:
    assert list(await wired(Desk()).games()) == list(STUDIO.games)


async def test_an_adapter_with_another_secret_is_refused() -> None:
    stranger = wired(Desk(), Config.from_credentials({"secret": "another"}))
    with pytest.raises(ProviderRefusedError) as refused:
        await stranger.games()
    assert refused.value.metadata["code"] == "5"


@pytest.mark.parametrize(
    ("path", "method"), [("/other", "POST"), (f"{BASE}/other", "POST"), (f"{BASE}/game/url/", "GET")]
)
async def test_other_calls_are_not_found(path: str, method: str) -> None:
    reply = await STUDIO.api(HttpRequest(method=method, path=path), Desk())
    assert reply.status == 404
