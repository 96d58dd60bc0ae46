"""A: who speaks, and whether it is what was said."""

from __future__ import annotations

from dataclasses import replace

import httpx

from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.manifest import Capability, Proof
from provider_adapters._kit.ports import Problem
from provider_adapters._kit.studio.ports import Act
from tests.conformance.case import case
from tests.conformance.stage import FailedError, Player, SkippedError, Stage

SIGNATURE = Problem.SIGNATURE_INVALID
_MEGABYTES = 10
_BAD = (
    Problem.NOT_PARSEABLE,
    Problem.FIELD_INVALID,
    Problem.SIGNATURE_INVALID,
    Problem.TOO_LARGE,
    Problem.NOT_SUPPORTED,
)


@case("A01", "a message with a valid proof is served")
async def valid(stage: Stage) -> None:
    who = await stage.player()
    amount = stage.amount()
    await stage.say(who, stage.bet(who, amount), "OK", moved=-amount)


@case("A02", "a message without any proof is refused")
async def missing(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    request = stage.studio.write(bet)
    bare = {name: value for name, value in request.headers.items() if name.lower() == "content-type"}
    stripped = replace(request, headers=bare, query=b"" if request.query and request.body else request.query)
    if stripped == request:
        raise SkippedError("the proof is a field of the message: see A09")
    await stage.untouched(who, bet, await stage.post(stripped), SIGNATURE)


@case("A03", "a message with the key of another integration is refused")
async def wrong_key(stage: Stage) -> None:
    who = await stage.player()
    for act in _all(stage, who):
        await stage.untouched(who, act, await stage.post(stage.provider.stranger.write(act)), SIGNATURE)


@case("A04", "one changed byte is noticed")
async def changed(stage: Stage) -> None:
    _must_sign(stage)
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    request = stage.studio.write(bet)
    position = stage.random.randrange(len(request.body))
    body = bytearray(request.body)
    body[position] ^= 1
    reply = await stage.post(replace(request, body=bytes(body)))
    await stage.untouched(who, bet, reply, SIGNATURE, Problem.NOT_PARSEABLE, Problem.CALLER_FORBIDDEN)


@case("A12", "a changed value inside a nested list is noticed", needs=(Capability.ROLLBACK_LIST,))
async def nested(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    undone = stage.rollback(bet)
    request = stage.studio.write(undone)
    other = request.body.replace(bet.transaction_key.encode(), stage.id("another bet").encode(), 1)
    await stage.untouched(who, undone, await stage.post(replace(request, body=other)), SIGNATURE)
    await stage.say(who, undone, "OK", moved=stake)


@case("A05", "the same JSON in other bytes is noticed")
async def reserialised(stage: Stage) -> None:
    _must_sign(stage)
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    request = stage.studio.write(bet)
    if not request.body.startswith(b"{"):
        raise SkippedError("the dialect signs fields, in any order")
    await stage.untouched(
        who, bet, await stage.post(replace(request, body=request.body.replace(b",", b", "))), SIGNATURE
    )


@case("A06", "a message with the key of another integration that runs here is refused")
async def neighbour(stage: Stage) -> None:
    if not stage.provider.neighbours:
        raise SkippedError("no other integration here has keys of this make")
    who = await stage.player()
    for studio in stage.provider.neighbours:
        for act in _all(stage, who):
            await stage.untouched(who, act, await stage.post(studio.write(act)), SIGNATURE)


@case("A07", "an old message is refused, though its signature is right")
async def stale(stage: Stage) -> None:
    await _dated(stage, -3600)


@case("A07b", "a message from the future is refused, though its signature is right")
async def early(stage: Stage) -> None:
    await _dated(stage, 3600)


async def _dated(stage: Stage, seconds: int) -> None:
    if not stage.provider.manifest.nonces:
        raise SkippedError("the dialect signs no time")
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    await stage.untouched(who, bet, await stage.post(stage.provider.dated(bet, seconds)), SIGNATURE)


@case("A08", "the same bytes a second time are refused, and a retry with a new nonce is not")
async def replayed(stage: Stage) -> None:
    if not stage.provider.manifest.nonces:
        raise SkippedError("the dialect has no nonce")
    who = await stage.player()
    amount = stage.amount()
    bet = stage.bet(who, amount)
    request = stage.studio.write(bet)
    await stage.post(request)
    reply = await stage.post(request)
    if not stage.studio.signature_refused(reply):
        raise FailedError("a nonce was believed twice")
    who.moved -= amount
    await stage.say(who, bet, "OK")


@case("A09", "a wrong secret inside the message is refused")
async def wrong_secret(stage: Stage) -> None:
    who = await stage.player()
    for act in _all(stage, who):
        reply = await stage.post(stage.studio.spoil(stage.studio.write(act)))
        if not stage.studio.signature_refused(reply):
            raise FailedError(f"{act.kind}: a wrong proof was believed")
        await stage.untouched(who, act, reply, SIGNATURE)


@case("A14g", "a content type that lies is refused")
async def content_type(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    request = stage.studio.write(bet)
    headers = {**request.headers, "content-type": "text/plain"}
    await stage.untouched(who, bet, await stage.post(replace(request, headers=headers)), Problem.NOT_PARSEABLE)


@case("A14h", "ten megabytes are refused unread")
async def oversized(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    request = stage.studio.write(bet)
    try:
        reply = await stage.post(replace(request, body=request.body + b" " * (_MEGABYTES << 20)))
    except httpx.TransportError:
        # The gateway hung up before it was all sent, which is as good.
        reply = HttpReply(status=413)
    if reply.status != 413:
        raise FailedError(f"HTTP {reply.status} instead of 413")
    await stage.settled(who)


@case("A14i", "bytes that are not UTF-8, or not the format, are refused")
async def nonsense(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    request = stage.studio.write(bet)
    for body in (b"", b"\xff\xfe", b"null", b"[]", b"{", b"[" * 9000, b'{"a":1,"a":2}', b"<a><b>1</b><b>2</b></a>"):
        await stage.untouched(who, bet, await stage.post(replace(request, body=body)), *_BAD)


@case("A14j", "entities and document types are refused")
async def entities(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    request = stage.studio.write(bet)
    for inside in ('<!ENTITY x "y">', '<!ENTITY x SYSTEM "file:///etc/passwd">'):
        body = f"<!DOCTYPE a [{inside}]><reserve><real>&x;</real></reserve>".encode()
        await stage.untouched(who, bet, await stage.post(replace(request, body=body)), *_BAD)


@case("A14k", "an unknown address and another method are refused")
async def elsewhere(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    request = stage.studio.write(bet)
    unknown = await stage.post(replace(request, path="/nothing/here"))
    await stage.untouched(who, bet, unknown, Problem.PATH_UNKNOWN)
    await stage.untouched(who, bet, await stage.post(replace(request, method="PUT")), Problem.METHOD_UNKNOWN)


@case("A11", "ids with characters that the wire has to encode are kept byte for byte")
async def encoded(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    for number, odd in enumerate(("a&b=c", "50%2B+~", 'quote"<x>')):
        bet = stage.bet(who, stake, f"b{number}", round_name=f"r{number}")
        bet = replace(bet, transaction_key=f"{odd}{bet.transaction_key}", round_id=f"{odd}{bet.round_id}")
        await stage.say(who, bet, "OK", moved=-stake)
        await stage.say(who, stage.win(bet, prize, f"w{number}"), "OK", moved=prize)


@case("A15", "a message that names another sender or another operator is refused, though its secret is right")
async def impostor(stage: Stage) -> None:
    who = await stage.player()
    for act in _all(stage, who):
        honest, posing = stage.studio.write(act), stage.provider.impostor.write(act)
        if honest == posing:
            raise SkippedError("the dialect names neither side")
        await stage.untouched(who, act, await stage.post(posing), SIGNATURE, Problem.CALLER_FORBIDDEN)


@case("A16", "headers that say who the sender is change nothing")
async def forwarded(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    request = stage.provider.stranger.write(bet)
    claims = {"x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1", "x-pitboss-licensee": "borealis"}
    reply = await stage.post(replace(request, headers={**request.headers, **claims}))
    await stage.untouched(who, bet, reply, SIGNATURE)


def _must_sign(stage: Stage) -> None:
    if stage.provider.manifest.proof is Proof.SECRET:
        raise SkippedError("the dialect signs nothing: its secret proves who speaks only")


def _all(stage: Stage, who: Player) -> list[Act]:
    bet = stage.bet(who, stage.amount())
    return [bet, stage.win(bet, stage.amount()), stage.cancel(bet)]
