"""Rounds that a studio has played, as its provider shows them to the licensee."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import grpc.aio
import httpx

from mesh.channels import call_metadata
from mesh.status import read_error
from pitboss.session.v1 import round_replay_service_pb2 as pb
from pitboss.session.v1.round_replay_service_pb2_grpc import RoundReplayServiceStub
from pitboss.wallet.v1.action_pb2 import ROUND_STATE_UNSPECIFIED, RoundState
from provider_adapters._kit import manifest
from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.runner import ADAPTERS
from tests.conformance.office import CountingOffice
from tests.conformance.run import Verdict
from tests.conformance.stage import FailedError
from tests.integration.provider_adapters.office import LICENSEE

SHOWN: Final = "G06"
EXPIRED: Final = "K08"
TITLES: Final[Mapping[str, str]] = {
    SHOWN: "a round's state is told, and the provider shows its bet and its win to the licensee whose player played it, "
    "and to no other",
    EXPIRED: "the address of a replay is good for a while, cannot be changed, and the next call brings a fresh one",
}
OTHER_LICENSEE: Final = "aurora"
_WITHIN_S: Final = 30


async def play_replays(
    office: CountingOffice, names: Sequence[str], *, told: Callable[[Verdict], None] = lambda _: None
) -> list[Verdict]:
    """Both numbers with every studio."""
    verdicts = []
    for name in names:
        offered = Capability.ROUND_REPLAY in manifest.load(ADAPTERS / name).capabilities
        for number, judging in ((SHOWN, _shown), (EXPIRED, _expired)):
            verdicts.append(await _judged(number, name, (judging if offered else _not_offered)(office, name)))
            told(verdicts[-1])
    return verdicts


async def _judged(number: str, name: str, judging: Awaitable[str]) -> Verdict:
    skipped, problem = "", ""
    try:
        skipped = await judging
    except (FailedError, TimeoutError, httpx.HTTPError, grpc.aio.AioRpcError) as error:
        problem = str(error) or type(error).__name__
    return Verdict(
        id=number,
        title=TITLES[number],
        kind="chain",
        subject=name,
        ok=not problem and not skipped,
        skipped_because=skipped,
        detail=problem,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """A round that the studio has just played: a bet and a win."""

    player: str
    name: str
    """As the ledger has it."""
    keys: tuple[str, ...]


class _Desk:
    """Asks as a licensee does."""

    def __init__(self, office: CountingOffice, provider: str) -> None:
        self._office, self._provider = office, provider
        self._stub = RoundReplayServiceStub(office.channel("platform", office.stack.around.ports.session))

    async def played(self) -> _Round:
        """A round of a new player, by the studio's own scenario; its name from the player's statement."""
        office, provider = self._office, self._provider
        launched = await office.launch(provider, min(await office.offered(provider)))
        answer = await office.control(provider, "POST", "scenario/win", launch_url=launched.launch_url)
        if not answer["passed"]:
            raise FailedError(f"the studio could not play: {answer['steps']}")
        record = (await office.control(provider, "GET", "messages"))["messages"]
        lines = [line for line in record if line["user"] == launched.user and line["kind"] in {"bet", "win"}]
        stored = await office.transaction(launched.player, provider, lines[0]["transaction_key"])
        return _Round(
            player=launched.player,
            name=stored.round_id,
            keys=tuple(line["transaction_key"] for line in lines),
        )

    async def ask(self, played: _Round, *, licensee: str = LICENSEE, round_id: str = "") -> pb.GetRoundReplayResponse:
        """One call."""
        request = pb.GetRoundReplayRequest(
            player_id=played.player, provider=self._provider, round_id=round_id or played.name
        )
        answer: pb.GetRoundReplayResponse = await self._stub.GetRoundReplay(
            request, timeout=_WITHIN_S, metadata=call_metadata(licensee=licensee)
        )
        return answer

    async def refused(self, reason: str, played: _Round, *, licensee: str = LICENSEE, round_id: str = "") -> None:
        """Check that a call is refused for this reason."""
        try:
            await self.ask(played, licensee=licensee, round_id=round_id)
        except grpc.aio.AioRpcError as error:
            if read_error(error).reason == f"ERROR_REASON_{reason}":
                return
            raise
        raise FailedError(f"it was shown instead of refused: {reason}")


async def _shown(office: CountingOffice, name: str) -> str:
    desk = _Desk(office, name)
    played = await desk.played()
    answer = await desk.ask(played)
    state = await office.round_state(played.player, name, played.name)
    if answer.state != state or state == ROUND_STATE_UNSPECIFIED:
        raise FailedError(f"the round is told as {RoundState.Name(answer.state)}")
    page = answer.replay_page or (await _opened(office, answer.replay_url))[1]
    if missing := [key for key in played.keys if key not in page]:
        raise FailedError(f"the page does not show {missing}")
    await desk.refused("ROUND_NOT_FOUND", played, round_id="nobody-played-it")
    await desk.refused("ROUND_NOT_FOUND", played, licensee=OTHER_LICENSEE)
    return ""


async def _expired(office: CountingOffice, name: str) -> str:
    desk = _Desk(office, name)
    played = await desk.played()
    first = (await desk.ask(played)).replay_url
    if not first:
        return "the provider shows a page and gives no address"
    for other in (first + "0", first.replace("until=", "until=9")):
        if (await _opened(office, other))[0] == httpx.codes.OK:
            raise FailedError("an address that was changed still opens")
    await office.control(name, "POST", "replays", seconds=0)
    try:
        gone = (await desk.ask(played)).replay_url
        if (await _opened(office, gone))[0] != httpx.codes.GONE:
            raise FailedError("an address whose time is over still opens")
    finally:
        await office.control(name, "POST", "replays")
    fresh = (await desk.ask(played)).replay_url
    if (await _opened(office, fresh))[0] != httpx.codes.OK:
        raise FailedError("the fresh address does not open")
    return ""


async def _not_offered(office: CountingOffice, name: str) -> str:
    """A provider that shows nothing says so."""
    desk = _Desk(office, name)
    await desk.refused("REPLAY_NOT_OFFERED", await desk.played())
    return "the manifest does not claim round_replay"


async def _opened(office: CountingOffice, url: str) -> tuple[int, str]:
    reply = await asyncio.wait_for(office.http.get(url), _WITHIN_S)
    return reply.status_code, reply.text
