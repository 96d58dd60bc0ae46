"""Free rounds in a case: given by the licensee, played by the studio, and as the studio's back office has them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import grpc
import grpc.aio

from mesh.channels import call_metadata
from mesh.status import read_error
from pitboss.session.v1 import free_rounds_service_pb2 as pb
from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.studio.ports import Act, ActKind
from tests.conformance.stage import FailedError, Player, Stage
from tests.integration.provider_adapters.office import LICENSEE

BET: Final = Decimal("0.20")
OTHER_LICENSEE: Final = "aurora"
_LONG_S: Final = 20 * 24 * 3600


class TooLateError(FailedError):
    """A grant was given, and its time was over when that was told."""


class Grants:
    """Free rounds of one case."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._stub = stage.office.free_rounds

    async def player(self) -> Player:
        """A player in a game for which free rounds are given."""
        return await self._stage.player(game_id=self.games[0])

    @property
    def tables(self) -> list[str]:
        """Games for which vouchers are given: those that people deal."""
        return sorted(game.game_id for game in self._stage.studio.games if game.category == "live")

    @property
    def games(self) -> list[str]:
        """Games for which free rounds are given: slots."""
        return sorted(game.game_id for game in self._stage.studio.games if game.category == "slot")

    # -- what the licensee does

    async def give(
        self,
        who: Player,
        *,
        key: str = "grant",
        rounds: int = 3,
        bet: Decimal = BET,
        games: Sequence[str] = (),
        seconds: float = _LONG_S,
        bonus_buy: bool = False,
        most: str = "",
    ) -> pb.Grant:
        """Give free rounds, and check that the studio has them as they were given. RpcError when refused."""
        order = self.order(who, key=key, rounds=rounds, bet=bet, games=games, seconds=seconds)
        order.bonus_buy = bonus_buy
        if most:
            order.max_winnings.CopyFrom(Money(currency_code="EUR", amount=most))
        reply = await self._stub.CreateGrant(order, timeout=30, metadata=self.metadata())
        if reply.grant.state == pb.GRANT_STATE_EXPIRED:
            raise TooLateError(f"the grant is {self.word(reply.grant)}")
        self._must(reply.grant.state == pb.GRANT_STATE_ACTIVE, f"the grant is {self.word(reply.grant)}")
        seen = await self.seen(reply.grant)
        known = (seen["user"], seen["rounds"], Decimal(seen["bet"]), seen["cancelled"])
        self._must(known == (who.launched.user, rounds, bet, False), f"the studio gave {seen}")
        self._must(seen["bonus_buy"] == reply.grant.bonus_buy == bonus_buy, f"the studio gave {seen}")
        told = [Decimal(amount or 0) for amount in (seen["max_winnings"], reply.grant.max_winnings.amount)]
        self._must(told == [Decimal(most or 0)] * 2, f"the studio gave {seen}")
        self._must(sorted(seen["game_ids"]) == sorted(reply.grant.game_ids), f"the studio gave {seen}")
        return reply.grant

    def order(
        self, who: Player, *, key: str, rounds: int, bet: Decimal, games: Sequence[str], seconds: float
    ) -> pb.CreateGrantRequest:
        """The order of a grant. Its end is the same in every repetition of the key."""
        request = pb.CreateGrantRequest(
            client_key=self._stage.id(f"grant/{key}"),
            player_id=who.launched.player,
            provider=self._stage.provider.name,
            game_ids=games or self.games[:1],
            rounds=rounds,
            bet=Money(currency_code="EUR", amount=str(bet)),
        )
        ends = self._stage.moments.setdefault(key, dt.datetime.now(tz=dt.UTC) + dt.timedelta(seconds=seconds))
        request.expire_time.FromDatetime(ends)
        return request

    async def again(self, who: Player, *, rounds: int = 3, key: str = "grant") -> pb.Grant:
        """The same order once more, or with another number of rounds."""
        request = self.order(who, key=key, rounds=rounds, bet=BET, games=(), seconds=_LONG_S)
        return (await self._stub.CreateGrant(request, timeout=30, metadata=self.metadata())).grant

    async def get(self, grant: pb.Grant, *, licensee: str = LICENSEE) -> pb.Grant:
        """The grant as it is now."""
        request = pb.GetGrantRequest(grant_id=grant.grant_id)
        return (await self._stub.GetGrant(request, timeout=30, metadata=self.metadata(licensee))).grant

    async def cancel(self, grant: pb.Grant, *, licensee: str = LICENSEE) -> pb.Grant:
        """Take back what is left."""
        request = pb.CancelGrantRequest(grant_id=grant.grant_id)
        return (await self._stub.CancelGrant(request, timeout=30, metadata=self.metadata(licensee))).grant

    async def listed(self, who: Player) -> list[str]:
        """Ids of the player's grants, page by page, the newest first."""
        found: list[str] = []
        request = pb.ListGrantsRequest(player_id=who.launched.player, page_size=1)
        while True:
            page = await self._stub.ListGrants(request, timeout=30, metadata=self.metadata())
            found += [one.grant_id for one in page.grants]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    async def expired(self, grant: pb.Grant) -> None:
        """Wait until its time is over."""
        async with asyncio.timeout(60):
            while (await self.get(grant)).state != pb.GRANT_STATE_EXPIRED:
                await asyncio.sleep(0.1)

    async def refused(self, reason: str, call: Callable[[], Awaitable[Any]]) -> None:
        """Check that a call is refused for this reason."""
        try:
            await call()
        except grpc.aio.AioRpcError as error:
            told = read_error(error).reason or error.code().name
            self._must(told == f"ERROR_REASON_{reason}", f"{told} instead of {reason}")
        else:
            raise FailedError(f"it was not refused: {reason}")

    def metadata(self, licensee: str = LICENSEE) -> Any:
        """Who is calling."""
        return call_metadata(licensee=licensee)

    # -- what the studio has, and does

    async def seen(self, grant: pb.Grant) -> dict[str, Any]:
        """The grant in the studio's back office."""
        told = await self._stage.office.control(self._stage.provider.name, "GET", "grants")
        found: list[dict[str, Any]] = [one for one in told["grants"] if one["grant_id"] == grant.grant_id]
        self._must(len(found) <= 1, f"the studio gave {len(found)} grants for one")
        return found[0] if found else {}

    async def play(self, who: Player, grant: pb.Grant, name: str) -> Decimal:
        """One free round: its bet takes nothing, its result pays where spins do. What it won."""
        prize = self._stage.amount()
        bet = self._act(who, grant, ActKind.FREE_BET, BET, f"bet/{name}")
        spin = self._act(who, grant, ActKind.FREE_SPIN, prize, f"spin/{name}")
        await self._stage.say(who, bet, "OK")
        paid = prize if self._stage.provider.pays_per_spin else 0
        await self._stage.say(who, replace(spin, round_id=bet.round_id), "OK", moved=paid)
        await self._stage.say(who, replace(spin, round_id=bet.round_id), "OK")
        return prize

    async def finish(self, who: Player, grant: pb.Grant, won: Decimal) -> None:
        """The total of the grant, where the provider tells one: it pays unless the spins did."""
        if Capability.FREE_ROUND_TOTAL not in self._stage.provider.manifest.capabilities:
            return
        total = self._act(who, grant, ActKind.FREE_TOTAL, won, "total")
        await self._stage.say(who, total, "OK", moved=0 if self._stage.provider.pays_per_spin else won)
        await self._stage.say(who, total, "OK")

    def _act(self, who: Player, grant: pb.Grant, kind: ActKind, amount: Decimal, name: str) -> Act:
        made = replace(self._stage.bet(who, amount, f"free/{name}", round_name=f"free/{name}"), kind=kind)
        return replace(made, grant_id=grant.provider_reference)

    @staticmethod
    def word(grant: pb.Grant) -> str:
        """State of a grant."""
        return pb.GrantState.Name(grant.state).removeprefix("GRANT_STATE_")

    @staticmethod
    def _must(holds: bool, otherwise: str) -> None:
        if not holds:
            raise FailedError(otherwise)
