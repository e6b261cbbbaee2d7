"""One question to a server: retries, and finding out how this server wants to be asked."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx2

from auditor.ask.answerers import limits, wire
from auditor.ask.answerers.keys import Key
from auditor.ask.answerers.options import ServerOptions
from auditor.ask.answerers.wire import Way
from auditor.ask.base import Answer, AnswererError, AnswerState, Form, Prompt

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
_NOT_THIS_WAY = frozenset({400, 404, 405, 415, 422, 501})
_INVALID = frozenset({400, 422})
_LARGEST_REPLY = 4_000_000
_FILTERED = ("content_filter", "content_policy", "safety system", "responsibleai")


class UnaskedError(Exception):
    """The question got no answer, after all retries. Says why."""


class RejectedError(UnaskedError):
    """The server will not take this request, and says so."""


@dataclass(frozen=True, slots=True)
class Address:
    """Which model at which server."""

    url: str
    host: str
    """Host and port, as in messages and in the keyring."""
    model: str


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    text: str


class _Bearer(httpx2.Auth):
    """Adds the key to each request; the client itself never holds it as a header."""

    def __init__(self, key: Key) -> None:
        self._key = key

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        request.headers["Authorization"] = self._key.header()
        yield request


def client(options: ServerOptions, key: Key | None, *, loopback: bool) -> httpx2.AsyncClient:
    """A client that follows no redirects: pictures go where the user said, nowhere else."""
    return httpx2.AsyncClient(
        auth=_Bearer(key) if key else None,
        timeout=options.timeout_s,
        limits=httpx2.Limits(max_connections=options.concurrency),
        follow_redirects=False,
        # A proxy of the environment is for the world outside.
        trust_env=not loopback,
    )


class Asker:
    """Puts questions to one server in one run. For one event loop."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        address: Address,
        options: ServerOptions,
        key: Key | None,
    ) -> None:
        self.limits = limits.Limits(options, address.host)
        self.stopped = asyncio.Event()
        """Set: requests under way are finished, none is sent again."""
        self._http = http
        self._address = address
        self._options = options
        self._key = key
        self._ways: dict[Form, Way] = {}
        self._listed = wire.MANY
        self._finding = asyncio.Lock()

    async def ask(self, prompt: Prompt, picture: wire.Picture) -> Answer:
        """The answer. Raises UnaskedError, RejectedError; AnswererError if none can be had."""
        began = time.perf_counter()
        try:
            answer = await self._ask(prompt, picture)
        except UnaskedError as error:
            self.limits.failed(str(error))
            raise
        except wire.GarbageError as error:
            self.limits.failed(str(error))
            answer = wire.unreadable(str(error))
        else:
            self.limits.succeeded()
        return replace(answer, seconds=time.perf_counter() - began)

    async def say(self, text: str, tokens: int) -> str:
        """The reply in words to a text without a picture. Raises as `ask`, and GarbageError."""
        reply = await self._send(
            wire.path(Way.WORDS), wire.text_body(self._address.model, text, tokens)
        )
        if reply.status != httpx2.codes.OK:
            raise self._rejection(reply)
        return wire.reply_text(_payload(reply))

    async def _ask(self, prompt: Prompt, picture: wire.Picture) -> Answer:
        way = self._ways.get(prompt.form)
        if way is None:
            async with self._finding:  # the first question finds the way for all
                way = self._ways.get(prompt.form)
                if way is None:
                    return await self._find_way(prompt, picture)
        # A reply that begins otherwise may say the word later.
        ways = (way, Way.LOGPROBS) if way is Way.FIRST else (way,)
        for way in ways:
            reply = await self._put(way, prompt, picture)
            if reply.status in _NOT_THIS_WAY and way is not ways[-1]:
                continue
            answer, served = self._answer(way, reply, prompt)
            if served or answer.state is AnswerState.ANSWERED:
                break
        return answer

    async def _find_way(self, prompt: Prompt, picture: wire.Picture) -> Answer:
        """Ask in one way after the other until one is taken; a reply in words is not thrown away."""
        ways = wire.WAYS[prompt.form]
        spoken: Answer | None = None
        for way in ways:
            if way is Way.WORDS and spoken is not None:
                self._ways[prompt.form] = way
                return spoken
            reply = await self._put(way, prompt, picture)
            if way is Way.LOGPROBS and reply.status in _INVALID:
                reply = await self._put(way, prompt, picture, wire.FEW)
                if reply.status == httpx2.codes.OK:
                    self._listed = wire.FEW
            if reply.status in _NOT_THIS_WAY and way is not ways[-1]:
                continue
            answer, served = self._answer(way, reply, prompt)
            if served:
                if answer.state is not AnswerState.REFUSED:
                    self._ways[prompt.form] = served
                return answer
            spoken = answer
        raise AssertionError("the last way always serves")

    async def _put(
        self, way: Way, prompt: Prompt, picture: wire.Picture, listed: int | None = None
    ) -> Reply:
        body = wire.body(way, self._address.model, prompt, picture, listed or self._listed)
        return await self._send(wire.path(way), body)

    def _answer(self, way: Way, reply: Reply, prompt: Prompt) -> tuple[Answer, Way | None]:
        """The answer in a reply, and the way to ask from now on; see `wire.read`."""
        if reply.status == httpx2.codes.OK:
            return wire.read(way, _payload(reply), prompt)
        if reply.status < 500 and any(mark in reply.text.casefold() for mark in _FILTERED):
            return Answer(state=AnswerState.REFUSED, text=self._said(reply)), way
        raise self._rejection(reply)

    def _rejection(self, reply: Reply) -> Exception:
        """What to raise for a reply that is no answer."""
        host, said = self._address.host, self._said(reply)
        match reply.status:
            case 401 | 403:
                return AnswererError(
                    f"The server at {host} refuses the key, or wants one ({said}). Put it into "
                    "an environment variable or the keyring and run again."
                )
            case 404:
                return AnswererError(
                    f"The server at {host} has no model {self._address.model!r} or no such path "
                    f"({said}). Look at the address and the model's name."
                )
            case status if 300 <= status < 400:
                return AnswererError(
                    f"The server at {host} sends on to another address, which is not followed. "
                    "Give that address itself."
                )
        return RejectedError(f"{reply.status}: {said}")

    def _said(self, reply: Reply) -> str:
        """The server's own sentence, short."""
        text = reply.text
        try:
            match json.loads(text):
                case {"error": {"message": str() as message}} | {"detail": str() as message}:
                    text = message
        except ValueError:
            pass
        return " ".join(text.split())[:200] or f"status {reply.status}"

    async def _send(self, path: str, body: Mapping[str, Any]) -> Reply:
        """The reply, of whatever status but those that may pass. Raises UnaskedError."""
        why, timeouts = "", 0
        for attempt in range(self._options.retries + 1):
            await self.limits.admit()
            after: str | None = None
            try:
                async with asyncio.timeout(self._options.timeout_s):
                    reply, after = await self._post(path, body)
                if reply.status not in _AGAIN:
                    return reply
                why = f"it answered {reply.status}: {self._said(reply)}"
            except (TimeoutError, httpx2.TimeoutException):
                timeouts += 1
                why = f"no reply within {self._options.timeout_s:g} s"
            except httpx2.TransportError as error:
                why = _first_line(error)
            # Who hangs once may be busy; who hangs twice holds up everything.
            if (
                timeouts > 1
                or attempt == self._options.retries
                or await self._paused(attempt, after)
            ):
                break
        raise UnaskedError(why)

    async def _post(self, path: str, body: Mapping[str, Any]) -> tuple[Reply, str | None]:
        """One request: the reply and its Retry-After."""
        read = bytearray()
        async with self._http.stream("POST", self._address.url + path, json=body) as response:
            async for part in response.aiter_bytes():
                read += part
                if len(read) > _LARGEST_REPLY:
                    break  # whatever this is, it is no answer
        text = read.decode(errors="replace")
        # Some servers repeat a key that they refuse: from here on it is in no message.
        text = self._key.scrub(text) if self._key else text
        return Reply(response.status_code, text), response.headers.get("retry-after")

    async def _paused(self, attempt: int, retry_after: str | None) -> bool:
        """Wait before the next attempt; true if there shall be none."""
        try:
            await asyncio.wait_for(self.stopped.wait(), limits.delay(attempt, retry_after))
        except TimeoutError:
            return False
        return True


def _payload(reply: Reply) -> Any:
    try:
        return json.loads(reply.text)
    except ValueError as error:
        raise wire.GarbageError("the reply is no JSON") from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
