"""What we ask the provider."""

from collections.abc import Mapping

from provider_adapters._kit import strict_xml
from provider_adapters._kit.asking import Question, ask, browser_address, raise_for
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import Game, Launch, Outbound
from provider_adapters._kit.strict_json import parse_list
from provider_adapters._kit.typed_json import build
from provider_adapters.playngo_style import mapping, wire
from provider_adapters.playngo_style.config import Config
from provider_adapters.playngo_style.errors import FAILURES, Code

PATH = "/api/"

_CATEGORIES = frozenset({"slot", "table", "live"})
_FAILURES = {str(int(code)): failure for code, failure in FAILURES.items()}


class Client:
    """The provider's API."""

    def __init__(self, config: Config, outbound: Outbound) -> None:
        self._config = config
        self._outbound = outbound

    async def launch_url(self, launch: Launch) -> str:
        """It moves no money and makes nothing, so it may be repeated."""
        question = self._question("launch", mapping.launch_fields(launch))
        return await ask(self._outbound, question, read_launch)

    async def games(self) -> tuple[Game, ...]:
        """The catalog, a list in JSON inside the answer."""
        return await ask(self._outbound, self._question("games", {}), read_games)

    async def ping(self, timeout_s: float) -> None:
        """The smallest answer the provider has."""
        await ask(self._outbound, self._question("ping", {}), read_fields, probe_timeout_s=timeout_s)

    def _question(self, call: str, fields: Mapping[str, str]) -> Question:
        secret = {"operator": self._config.operator, "apiToken": self._config.api_token}
        body = strict_xml.write(call, {**secret, **fields})
        return Question(operation=call, path=PATH, body=body, headers={"content-type": "application/xml"})


def read_fields(reply: HttpReply) -> dict[str, str]:
    """The elements of a good answer, or the provider's own error."""
    _, fields = strict_xml.parse(reply.body)
    if fields["statusCode"] != str(int(Code.OK)):
        raise_for(fields["statusCode"], _FAILURES)
    return fields


def read_games(reply: HttpReply) -> tuple[Game, ...]:
    """The games whose category we know: the law depends on it."""
    rows = [build(wire.GameRow, row) for row in parse_list(read_fields(reply)["list"].encode())]
    return tuple(
        Game(game_id=row.id, title=row.name, category=row.type, enabled=row.enabled)
        for row in rows
        if row.type in _CATEGORIES
    )


def read_launch(reply: HttpReply) -> str:
    """The address, if it is one that a browser may be sent to."""
    return browser_address(read_fields(reply)["url"])
