from __future__ import annotations

import pytest

from provider_adapters._kit.strict_json import NotParseableError
from provider_adapters._kit.strict_xml import parse, write


def test_one_element_with_texts_inside() -> None:
    body = '<?xml version="1.0" encoding="UTF-8"?>\n<reserve>\n <real>1.25</real>\n <nick>a&amp;é</nick><empty/></reserve>\n'
    assert parse(body.encode()) == ("reserve", {"real": "1.25", "nick": "a&é", "empty": ""})


BOMB = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><a><b>&y;</b></a>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"{}",
        BOMB.encode(),
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b>&x;</b></a>',
        b"<a><b>&unknown;</b></a>",
        b"<a><b>1</b><b>2</b></a>",
        b"<a><b><c>1</c></b></a>",
        b"<a><b>x<c/></b></a>",
        b"<a x='1'/>",
        b"<a>text<b>1</b></a>",
        b"<n:a xmlns:n='u'/>",
        b"<?php x ?><a/>",
        b"<a><b><![CDATA[1]]></b></a>",
        b"<a><b>\xff</b></a>",
        '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"),
        b"<a><b>\x00</b></a>",
        b"<a>" + b"".join(b"<f%d/>" % number for number in range(65)) + b"</a>",
        b"<a>" * 9000,
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(NotParseableError):
        parse(body)


def test_what_is_written_is_read_back() -> None:
    fields = {"statusMessage": "<b> & co", "real": "98.75"}
    assert parse(write("balance", fields)) == ("balance", fields)
