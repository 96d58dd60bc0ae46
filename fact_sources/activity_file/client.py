"""Asks the file over HTTP. Every failure is silence."""

import secrets

import httpx

from fact_sources.activity_file.reading import Question, Said, Trouble, What, read, read_end, silent
from fact_sources.asking import Reply, TooLongError, post
from fact_sources.signing import HEADER, Keys


class ActivityFileClient:
    """One file."""

    def __init__(self, client: httpx.AsyncClient, url: str, token: str, *, keys: Keys, timeout_s: float) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {token}"}
        self._keys = keys
        self._timeout_s = timeout_s

    async def begin(self, player: str, reference: str) -> Said:
        """Let the player play here, if that is nowhere else the case."""
        question = self._question(What.BEGIN, player, reference)
        reply = await self._reply(question)
        if isinstance(reply, Trouble):
            return silent(reply)
        return read(reply.status, reply.headers.get(HEADER, ""), reply.body, question, self._keys)

    async def end(self, player: str, reference: str) -> Trouble | None:
        """Say that it is over. None: the file counts nothing under the reference any more."""
        question = self._question(What.END, player, reference)
        reply = await self._reply(question)
        if isinstance(reply, Trouble):
            return reply
        return read_end(reply.status, reply.headers.get(HEADER, ""), reply.body, question, self._keys)

    def _question(self, what: What, player: str, reference: str) -> Question:
        return Question(what=what, nonce=secrets.token_urlsafe(18), player=player, reference=reference)

    async def _reply(self, question: Question) -> Reply | Trouble:
        try:
            return await post(self._client, self._url + question.path, question.body(), self._headers, self._timeout_s)
        except TooLongError:
            return Trouble.UNREADABLE
        except TimeoutError:
            return Trouble.TIMEOUT
        except httpx.HTTPError:
            return Trouble.UNREACHABLE
