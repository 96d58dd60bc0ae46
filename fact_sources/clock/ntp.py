"""SNTP (RFC 4330) on the wire: one question, one answer. Pure."""

import struct
from dataclasses import dataclass
from typing import Final

PACKET: Final = struct.Struct(">BBbbIIIQQQQ")
"""Leap, version and mode; stratum; poll; precision; root delay and dispersion; reference; four times."""

_CLIENT: Final = 0x23
"""Version 4, mode 3: a client."""
_SERVER_MODE: Final = 4
_UNSYNCHRONISED: Final = 3
_STRATA: Final = range(1, 16)
_TO_1970_S: Final = 2_208_988_800
_ERA_S: Final = 1 << 32


class SilentError(ValueError):
    """The source said nothing that can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a time server said."""

    answered_us: int
    error_us: int
    """Half of its way to its own reference, and how far it may have drifted since."""


def question(cookie: int) -> bytes:
    """A question. The cookie, 64 bits that nobody can guess, comes back in the answer to it."""
    return PACKET.pack(_CLIENT, 0, 0, 0, 0, 0, 0, 0, 0, 0, cookie)


def read(answer: bytes, cookie: int, near_us: int) -> Answer:
    """Read an answer. SilentError for every one that is none, or that comes from a server which is not in time itself.

    `near_us` is our own clock, by which the era is told: times of the protocol repeat after 136 years.
    """
    if len(answer) < PACKET.size:
        raise SilentError("too short")
    head, stratum, _, _, delay, dispersion, _, _, asked, _, sent = PACKET.unpack_from(answer)
    if head & 7 != _SERVER_MODE or asked != cookie:
        raise SilentError("no answer to this question")
    if head >> 6 == _UNSYNCHRONISED or stratum not in _STRATA or sent == 0:
        raise SilentError("the server is not in time itself")
    return Answer(answered_us=_moment_us(sent, near_us), error_us=_span_us(delay) // 2 + _span_us(dispersion) + 1)


def reply(asked: bytes, now_us: int, *, stratum: int = 1, leap: int = 0, cookie: int | None = None) -> bytes:
    """The answer of a server whose clock shows `now_us`. For simulators; `cookie` for an answer to another question."""
    sent = PACKET.unpack_from(asked)[10] if cookie is None else cookie
    return PACKET.pack(leap << 6 | 4 << 3 | _SERVER_MODE, stratum, 0, -20, 0, 0, 0, 0, sent, 0, _stamp(now_us))


def _moment_us(stamp: int, near_us: int) -> int:
    seconds = (stamp >> 32) - _TO_1970_S
    eras = round((near_us // 1_000_000 - seconds) / _ERA_S)
    return (seconds + eras * _ERA_S) * 1_000_000 + ((stamp & 0xFFFF_FFFF) * 1_000_000 >> 32)


def _stamp(at_us: int) -> int:
    seconds, rest_us = divmod(at_us, 1_000_000)
    # Rounded up, so that the same microsecond comes out again.
    return ((seconds + _TO_1970_S) % _ERA_S << 32) + -(-(rest_us << 32) // 1_000_000)


def _span_us(short: int) -> int:
    return -(-short * 1_000_000 >> 16)
