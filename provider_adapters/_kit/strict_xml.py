"""XML as a signed message must be: one element with plain text elements inside, each name once, UTF-8, nothing else.

No document type, no entities but the five of XML itself, no processing instructions, no attributes, no
namespaces. So there is nothing that could expand, fetch or hide.
"""

from collections.abc import Mapping
from typing import Any, NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape

from provider_adapters._kit.strict_json import NotParseableError

MAX_FIELDS = 64
_DEPTH = 2


class _Reader:
    """Collects the fields while expat reads."""

    def __init__(self) -> None:
        self.root = ""
        self.fields: dict[str, str] = {}
        self._open: list[str] = []
        self._text: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if attributes or ":" in name or len(self._open) >= _DEPTH:
            raise NotParseableError("an attribute, a namespace, or too deep")
        if not self._open:
            self.root = name
        elif name in self.fields or len(self.fields) >= MAX_FIELDS:
            raise NotParseableError("a name is there twice, or too many")
        self._open.append(name)
        self._text.clear()

    def text(self, data: str) -> None:
        if len(self._open) == _DEPTH:
            self._text.append(data)
        elif data.strip():
            raise NotParseableError("text between elements")

    def end(self, name: str) -> None:
        if len(self._open) == _DEPTH:
            self.fields[name] = "".join(self._text)
        self._open.pop()


def parse(body: bytes) -> tuple[str, dict[str, str]]:
    """Name of the root element, and the texts of the elements inside it."""
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    parser.StartCdataSectionHandler = _refuse
    try:
        body.decode("utf-8")
        parser.Parse(body, True)  # noqa: FBT003 - expat's signature
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise NotParseableError(type(error).__name__) from error
    return reader.root, reader.fields


def _refuse(*_: Any) -> NoReturn:  # noqa: ANN401 - each handler has its own arguments
    raise NotParseableError("nothing but elements and text")


def write(root: str, fields: Mapping[str, str]) -> bytes:
    """One element with these elements inside."""
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return f"<{root}>{inside}</{root}>".encode()
