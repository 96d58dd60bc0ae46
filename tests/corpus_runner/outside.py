"""What a golden case does to the world around the services: switches, sources, clocks, rates, and what was stored."""

from typing import Any, Final

from google.protobuf.duration_pb2 import Duration

from pitboss.wallet.v1 import registry_service_pb2 as pb
from tests.corpus_runner.client import Client
from tests.corpus_runner.people import PROVIDER, Someone, moment
from tests.corpus_runner.service import Service

ASKED: Final = frozenset({"register", "limit_file", "activity"})
"""Sources whose answers come with an action: the runner says what they said, as their adapters do."""


class World:
    """The verbs that nobody decides about."""

    _client: Client
    _service: Service
    _case: dict[str, Any]
    _houses: dict[str, str]
    """Licensees as they are registered, by their names in the case."""
    _games: dict[str, dict[str, Any]]
    _down: set[str]
    _thrown: list[pb.PutSuspensionRequest]
    _now_us: int

    async def _do_suspend(self, person: Someone, step: dict[str, Any]) -> None:
        request = self._switch(person, step)
        request.suspended = True
        self._thrown.append(request)
        await self._client.registry("PutSuspension", request)

    async def _do_resume(self, person: Someone, step: dict[str, Any]) -> None:
        await self._client.registry("PutSuspension", self._switch(person, step))

    def _switch(self, person: Someone, step: dict[str, Any]) -> pb.PutSuspensionRequest:
        scope, name = step["scope"], step.get("name", "")
        request = pb.PutSuspensionRequest(scope=pb.SuspensionScope.Value(f"SUSPENSION_SCOPE_{scope.upper()}"))
        if scope != "all":
            request.licensee_id = self._houses[name] if scope == "licensee" else person.house
        if scope not in {"all", "licensee"}:
            request.name = name
        if scope == "game":
            request.provider = self._games[name].get("provider", PROVIDER)
        return request

    async def _do_source_down(self, _person: Someone, step: dict[str, Any]) -> None:
        self._down.add(step["source"])
        await self._say(step["source"], up=False)

    async def _do_source_up(self, _person: Someone, step: dict[str, Any]) -> None:
        self._down.discard(step["source"])
        await self._say(step["source"], up=True)

    async def _say(self, source: str, *, up: bool) -> None:
        if source == "geo":
            request = pb.PutSourceHealthRequest(source=pb.FACT_SOURCE_LOCATION, silent=not up)
            await self._client.registry("PutSourceHealth", request)
        elif source == "audit":
            self._service.take_evidence(taken=up)

    async def _do_clock_offset(self, _person: Someone, step: dict[str, Any]) -> None:
        self._service.clock_is_off_by(step["ms"] * 1_000, self._now_us)

    async def _do_drop_fact(self, person: Someone, _step: dict[str, Any]) -> None:
        self._service.drop_protection(person.house, person.name)

    async def _do_set_fx(self, _person: Someone, step: dict[str, Any]) -> None:
        await self._put_rate({**step, "at_us": self._now_us})

    async def _put_rate(self, rate: dict[str, Any]) -> None:
        """Set a rate for every licensee of the case."""
        max_age = Duration(seconds=self._case["given"].get("settings", {}).get("fx_max_age", 86_400))
        for house in self._houses.values():
            request = pb.PutRateRequest(
                licensee_id=house,
                from_currency=rate["from"],
                to_currency=rate["to"],
                rate=rate["rate"],
                observe_time=moment(rate["at_us"]),
                max_age=max_age,
            )
            await self._client.registry("PutRate", request)

    async def _calm_down(self) -> None:
        """Leave the services as they were found: the next case has the same ones."""
        for source in sorted(self._down):
            await self._say(source, up=True)
        for request in self._thrown:
            request.suspended = False
            await self._client.registry("PutSuspension", request)
        self._service.clock_is_off_by(0, self._now_us)
