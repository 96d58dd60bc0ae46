"""A: how proofs are spelt, and keys that are being changed."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Final

from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.ports import Problem
from provider_adapters._kit.studio.ports import Act, Answer, Reaction, Studio
from tests.conformance.case import case
from tests.conformance.stage import FailedError, Player, SkippedError, Stage

_DIGEST: Final = re.compile(r"[0-9a-f]{32,}", re.ASCII)
_FIELD: Final = re.compile(rb"(?<=hash=)[0-9a-f]{32,}")


@case("A10", "a digest in capital digits is believed for every message, or for none")
async def capitals(stage: Stage) -> None:
    who, believed = await stage.player(), set()
    for act, moved in _bet_and_win(stage, who):
        reply = await stage.post(_in_capitals(stage.studio.write(act)))
        accepted = stage.studio.read(act, reply).reaction is Reaction.ACCEPTED
        believed.add(accepted)
        if accepted:
            who.moved += moved
            await stage.settled(who)
        else:
            await stage.untouched(who, act, reply, Problem.SIGNATURE_INVALID)
        await stage.say(who, act, "OK", moved=0 if accepted else moved)
    if len(believed) != 1:
        raise FailedError("believed for one message, and not for another one")


def _in_capitals(request: HttpRequest) -> HttpRequest:
    headers = {
        name: value.upper() if "sign" in name.lower() and _DIGEST.fullmatch(value) else value
        for name, value in request.headers.items()
    }
    body = _FIELD.sub(lambda found: found[0].upper(), request.body)
    changed = replace(request, headers=headers, body=body)
    if changed == request:
        raise SkippedError("the proof is no digest in hexadecimal digits: see A10b")
    return changed


@case("A10b", "a secret or a signature with its letters in the other case is refused")
async def other_letters(stage: Stage) -> None:
    who = await stage.player()
    for act, moved in _bet_and_win(stage, who):
        await stage.untouched(
            who, act, await stage.post(_other_letters(stage, stage.studio.write(act))), Problem.SIGNATURE_INVALID
        )
        await stage.say(who, act, "OK", moved=moved)


def _other_letters(stage: Stage, request: HttpRequest) -> HttpRequest:
    headers = {
        name: value.swapcase() if "sign" in name.lower() and not _DIGEST.fullmatch(value) else value
        for name, value in request.headers.items()
    }
    body, query = request.body, request.query
    for secret in stage.provider.secrets:
        shown, other = secret.encode(), secret.swapcase().encode()
        body, query = body.replace(shown, other), query.replace(shown, other)
    changed = replace(request, headers=headers, body=body, query=query)
    if changed == request:
        raise SkippedError("the proof is a digest in hexadecimal digits: see A10")
    return changed


@case("A13", "while a key is being changed the old one and the new one are believed, and no third one")
async def both_keys(stage: Stage) -> None:
    who = await stage.player()
    provider = stage.provider
    adapter = stage.second_adapter()

    async def is_believed(studio: Studio, act: Act) -> bool:
        async def once(act: Act) -> Answer:
            return studio.read(act, await stage.post_to(adapter, studio.write(act)))

        return (await stage.decided(act, by=once)).reaction is Reaction.ACCEPTED

    for number, studio in enumerate((provider.studio, provider.stranger)):
        for act, moved in _bet_and_win(stage, who, number):
            if not studio.signature_refused(await stage.post_to(adapter, studio.spoil(studio.write(act)))):
                raise FailedError(f"{act.kind}: a third key was believed")
            if not await is_believed(studio, act):
                raise FailedError(f"{act.kind}: {('the old', 'the new')[number]} key was not believed")
            who.moved += moved
            await stage.settled(who)
            await stage.say(who, act, "OK")


def _bet_and_win(stage: Stage, who: Player, number: int = 0) -> list[tuple[Act, Decimal]]:
    stake, prize = stage.amount(), stage.amount()
    bet = stage.bet(who, stake, f"b{number}", round_name=f"r{number}")
    return [(bet, -stake), (stage.win(bet, prize, f"w{number}"), prize)]
