"""Asks the file over HTTP. Every failure is silence."""

import secrets

import httpx

from fact_sources.asking import Reply, TooLongError, post
from fact_sources.limit_file.reading import Question, Said, Trouble, What, countable, is_up, read, read_release, silent
from fact_sources.signing import HEADER, Keys


class LimitFileClient:
    """One file."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, token: str, *, keys: Keys, currency: str, timeout_s: float
    ) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {token}"}
        self._keys = keys
        self.currency = currency
        self._timeout_s = timeout_s

    async def headroom(self, player: str) -> Said:
        """What the file leaves a player now."""
        return await self._ask(self._question(What.HEADROOM, player))

    async def reserve(self, player: str, reference: str, *, amount: str, currency: str) -> Said:
        """Count a deposit, if there is room for it."""
        if currency != self.currency:
            return silent(Trouble.OTHER_CURRENCY)
        counted = countable(amount)
        if counted is None:
            return silent(Trouble.UNCOUNTABLE)
        return await self._ask(self._question(What.RESERVE, player, reference=reference, amount=counted))

    async def release(self, player: str, reference: str) -> Trouble | None:
        """Take a deposit back. None: nothing counts under the reference any more."""
        question = self._question(What.RELEASE, player, reference=reference)
        reply = await self._reply(question)
        if isinstance(reply, Trouble):
            return reply
        return read_release(reply.status, reply.headers.get(HEADER, ""), reply.body, question, self._keys)

    async def is_well(self) -> bool:
        """Whether the file says now that it is up."""
        question = Question(what=What.STATUS, nonce=secrets.token_urlsafe(18))
        reply = await self._reply(question)
        if isinstance(reply, Trouble):
            return False
        return is_up(reply.status, reply.headers.get(HEADER, ""), reply.body, question, self._keys)

    def _question(self, what: What, player: str, **more: str) -> Question:
        return Question(what=what, nonce=secrets.token_urlsafe(18), player=player, currency=self.currency, **more)

    async def _ask(self, question: Question) -> Said:
        reply = await self._reply(question)
        if isinstance(reply, Trouble):
            return silent(reply)
        return read(reply.status, reply.headers.get(HEADER, ""), reply.body, question, self._keys)

    async def _reply(self, question: Question) -> Reply | Trouble:
        try:
            return await post(self._client, self._url + question.path, question.body(), self._headers, self._timeout_s)
        except TooLongError:
            return Trouble.UNREADABLE
        except TimeoutError:
            return Trouble.TIMEOUT
        except httpx.HTTPError:
            return Trouble.UNREACHABLE
