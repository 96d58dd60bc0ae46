"""A: who may ask, and what is no request at all."""

from __future__ import annotations

import json

from pitboss_certify.case import case
from pitboss_certify.signing import stranger
from pitboss_certify.stage import Stage
from pitboss_certify.transport import SERVICE, Reply

_DEBIT = f"/{SERVICE}/Debit"


def _refused(stage: Stage, reply: Reply, status: str, before: int) -> None:
    stage.expect(reply.status == status, f"the reply is {reply.status}, not {status}")
    stage.expect(SERVICE.encode() not in reply.body, "the refusal tells an outsider what was asked")
    stage.cash(before)


def _signed_otherwise(stage: Stage, signature: str) -> None:
    stage.have(1000)
    _refused(
        stage, stage.send("Debit", stage.debit(stage.some(100, 900)), signature=signature), "unauthenticated", 1000
    )


@case("A01", "A signed request is answered")
def signed(stage: Stage) -> None:
    stage.have(1000)
    stage.ok(stage.ask("Debit", stage.debit(400)))
    stage.cash(600)


@case("A02", "A request without a signature is refused before anything is done")
def unsigned(stage: Stage) -> None:
    _signed_otherwise(stage, "")


@case("A02b", "A header that is no signature is refused")
def malformed_signature(stage: Stage) -> None:
    for header in ("v1", "v1,k,0,n,AA==", "nonsense,,,,", "v1,,,,"):
        _signed_otherwise(stage, header)


@case("A03", "A signature of another key is refused, also under our key's id")
def wrong_key(stage: Stage) -> None:
    stage.have(1000)
    for other in (stranger(stage.signer.key_id), stranger("another")):
        request = stage.debit(100)
        header = other.header(_DEBIT, stage.transport.encode(request))
        _refused(stage, stage.send("Debit", request, signature=header), "unauthenticated", 1000)


@case("A04", "A body that was changed by one byte is refused")
def changed_body(stage: Stage) -> None:
    stage.have(1000)
    signed_, sent = stage.debit(100, key=stage.key()), stage.debit(101, key=stage.key())
    header = stage.signer.header(_DEBIT, stage.transport.encode(signed_))
    _refused(stage, stage.send("Debit", sent, signature=header), "unauthenticated", 1000)


@case("A04b", "A signature for another method is refused")
def another_method(stage: Stage) -> None:
    stage.have(1000)
    request = stage.debit(100)
    header = stage.signer.header(f"/{SERVICE}/Credit", stage.transport.encode(request))
    _refused(stage, stage.send("Debit", request, signature=header), "unauthenticated", 1000)


@case("A05", "The bytes count: the same JSON written in another order needs a signature of its own", only="json")
def reserialised(stage: Stage) -> None:
    stage.have(1000)
    body = stage.transport.encode(stage.debit(100))
    again = json.dumps(dict(reversed(json.loads(body).items()))).encode()
    reply = stage.transport.send("Debit", again, stage.signer.header(_DEBIT, body))
    _refused(stage, reply, "unauthenticated", 1000)
    good = stage.transport.send("Debit", again, stage.signer.header(_DEBIT, again))
    stage.expect(good.status == "ok", "a signed body in another order is refused")
    stage.cash(900)


@case("A07", "A request that was signed long ago, or in the future, is refused")
def stale(stage: Stage) -> None:
    stage.have(1000)
    for age_s in (600, -600):
        request = stage.debit(100)
        header = stage.signer.header(_DEBIT, stage.transport.encode(request), age_s=age_s)
        _refused(stage, stage.send("Debit", request, signature=header), "unauthenticated", 1000)


@case("A08", "The same bytes with the same nonce are refused the second time; a retry with its own nonce is answered")
def repeated_nonce(stage: Stage) -> None:
    stage.have(1000)
    request = stage.debit(100)
    header = stage.signer.header(_DEBIT, stage.transport.encode(request))
    stage.expect(stage.send("Debit", request, signature=header).status == "ok", "the first one is refused")
    _refused(stage, stage.send("Debit", request, signature=header), "unauthenticated", 900)
    stage.expect(stage.ask("Debit", request).replayed, "the retry is not marked as replayed")
    stage.cash(900)


@case("A13", "A clock that is some seconds off does not matter")
def small_skew(stage: Stage) -> None:
    for age_s in (-20, 20):
        request = stage.cancel(stage.key("never"))
        header = stage.signer.header(f"/{SERVICE}/Cancel", stage.transport.encode(request), age_s=age_s)
        stage.expect(stage.send("Cancel", request, signature=header).status == "ok", f"{age_s} s off is refused")


def _malformed(stage: Stage, body: bytes) -> None:
    stage.have(1000)
    reply = stage.transport.send("Debit", body, stage.signer.header(_DEBIT, body))
    _refused(stage, reply, "malformed", 1000)


@case("A14", "What is no message is refused as malformed")
def no_message(stage: Stage) -> None:
    _malformed(stage, b"\xff\xfe<not a message>")


@case("A14b", "Invalid UTF-8 is refused as malformed", only="json")
def invalid_utf8(stage: Stage) -> None:
    _malformed(stage, b'{"playerId": "\xc3\x28"}')


@case("A14c", "A field twice in one JSON body is refused as malformed", only="json")
def duplicate_key(stage: Stage) -> None:
    body = stage.transport.encode(stage.debit(100))
    _malformed(stage, body.rstrip(b"}") + b', "transactionKey": "another"}')


@case("A14d", "A JSON field that the contract does not know is refused as malformed", only="json")
def unknown_field(stage: Stage) -> None:
    body = stage.transport.encode(stage.debit(100))
    _malformed(stage, body.rstrip(b"}") + b', "ammount": "1.00"}')


@case("A14e", "A request without its keys is refused as malformed")
def empty(stage: Stage) -> None:
    _malformed(stage, stage.transport.encode(stage.debit(100, key=" ").__class__()))
