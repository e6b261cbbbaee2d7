"""Any OpenAI-compatible server as an answerer: vLLM, SGLang, Ollama, llama.cpp, or a service."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import ipaddress
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from urllib.parse import urlsplit

from auditor.ask.answerers import asking, keys, prompting, wire
from auditor.ask.answerers.ids import AnswererId
from auditor.ask.answerers.options import ServerOptions
from auditor.ask.base import Answer, AnswererError, Form, Keep, Pixels, Prompt, Report

_TICK_S = 0.1
_GRACE_S = 4.0
"""How long requests under way are waited for when the run is stopped: a worker has five seconds."""

Place = tuple[int, int]


class Server:
    """Asks over HTTP, many questions at once. Pictures leave this machine unless it is loopback."""

    forms: frozenset[Form] = frozenset({"yes_no", "number", "open"})

    def __init__(self, answerer: AnswererId, options: ServerOptions) -> None:
        """Raises AnswererError where the server is elsewhere and that was not allowed."""
        self.id = str(answerer)
        self.options = options
        place = urlsplit(answerer.url)
        self._name = place.hostname or ""
        self._secure = place.scheme == "https"
        self._address = asking.Address(answerer.url, place.netloc, answerer.name)
        if not self.is_loopback and not options.allow_remote:
            raise AnswererError(
                f"{place.netloc} is not this machine: the pictures would leave it. Allow that "
                "explicitly, or run a server on 127.0.0.1."
            )

    @property
    def host(self) -> str:
        """Host and port, for sentences."""
        return self._address.host

    @property
    def is_loopback(self) -> bool:
        """The server runs on this machine, so no picture leaves it."""
        return is_loopback(self._name)

    @property
    def fingerprint(self) -> str:
        """Hash of the address, the model's name, the wording and the size of pictures.

        A server may change its model under the same name, which cannot be seen from here.
        """
        facts = [self.id, prompting.version(), self.options.longest_side]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def answer(
        self,
        pictures: Sequence[Pixels],
        prompts: Sequence[Sequence[Prompt]],
        keep: Keep,
        report: Report,
    ) -> None:
        """See Answerer. Raises AnswererError with what to do, after what was answered is kept."""
        run = _Run(pictures, prompts, keep, report, self.options.longest_side, self.host)
        self._with_asker(lambda asker: run.go(asker, self.options.concurrency))

    def say(self, text: str, tokens: int) -> str:
        """The model's reply to a text alone. Raises AnswererError."""
        said: list[str] = []

        async def once(asker: asking.Asker) -> None:
            try:
                said.append(await asker.say(text, tokens))
            except (asking.UnaskedError, wire.GarbageError) as error:
                raise AnswererError(
                    f"The server at {self.host} gave no answer ({error}). Start it, or look what "
                    "it says, and try again."
                ) from error

        self._with_asker(once)
        return said[0]

    def _with_asker(self, work: Callable[[asking.Asker], Awaitable[None]]) -> None:
        key = keys.find(self.host, self.options.key_variable, loopback=self.is_loopback)
        if key and not self._secure and not self.is_loopback:
            raise AnswererError(
                f"The key for {self.host} would be sent readable for all on the way; give the "
                "server's https address."
            )

        async def go() -> None:
            async with asking.client(self.options, key, loopback=self.is_loopback) as http:
                await work(asking.Asker(http, self._address, self.options, key))

        asyncio.run(go())


def is_loopback(name: str) -> bool:
    """Whether a host's name means this machine, whatever a name server may say."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


class _Run:
    """All questions of one call of `answer`."""

    def __init__(
        self,
        pictures: Sequence[Pixels],
        prompts: Sequence[Sequence[Prompt]],
        keep: Keep,
        report: Report,
        longest_side: int,
        host: str,
    ) -> None:
        self._host = host
        self._prompts = prompts
        self._keep = keep
        self._report = report
        self._total = sum(len(mine) for mine in prompts)
        self._done = 0
        self._pending: dict[asyncio.Task[Answer], Place] = {}
        self._rejected: dict[Place, str] = {}
        self._unasked: list[str] = []
        # The questions of a picture follow each other, so few pictures are packed at a time.
        self._packed = functools.lru_cache(64)(lambda i: wire.packed(pictures[i], longest_side))

    async def go(self, asker: asking.Asker, concurrency: int) -> None:
        """Ask everything. Raises what `report` raises, and AnswererError."""
        places = self._places()
        try:
            self._report(0, self._total)
            while self._fill(asker, places, concurrency):
                await asyncio.wait(
                    self._pending, timeout=_TICK_S, return_when=asyncio.FIRST_COMPLETED
                )
                self._collect()
                self._report(self._done, self._total)
        except BaseException:
            await self._drain(asker)
            raise
        self._settle(asker)

    def _places(self) -> Iterator[Place]:
        return ((i, j) for i, mine in enumerate(self._prompts) for j in range(len(mine)))

    def _fill(self, asker: asking.Asker, places: Iterator[Place], concurrency: int) -> bool:
        """Start questions until enough are under way; false when none is left."""
        while len(self._pending) < concurrency and (place := next(places, None)) is not None:
            i, j = place
            question = asker.ask(self._prompts[i][j], self._packed(i))
            self._pending[asyncio.ensure_future(question)] = place
        return bool(self._pending)

    def _collect(self) -> None:
        """Keep what has come. Raises AnswererError if one says that there is no going on."""
        fatal: AnswererError | None = None
        for task in [task for task in self._pending if task.done()]:
            place = self._pending.pop(task)
            try:
                self._take(place, task.result())
            except asking.RejectedError as error:
                self._rejected[place] = str(error)
            except asking.UnaskedError as error:
                self._unasked.append(str(error))
            except AnswererError as error:
                fatal = fatal or error
        if fatal:
            raise fatal

    def _take(self, place: Place, answer: Answer) -> None:
        self._keep(*place, answer)
        self._done += 1

    async def _drain(self, asker: asking.Asker) -> None:
        """Wait for what is under way, but not for ever, and keep it."""
        asker.stopped.set()
        if self._pending:
            await asyncio.wait(self._pending, timeout=_GRACE_S)
        for task in self._pending:
            task.cancel()
        left = list(self._pending.items())
        results = await asyncio.gather(*(task for task, _ in left), return_exceptions=True)
        self._pending.clear()
        for (_, place), result in zip(left, results, strict=True):
            if isinstance(result, Answer):
                self._take(place, result)

    def _settle(self, asker: asking.Asker) -> None:
        """What became of questions that the server did not take."""
        if self._rejected and not asker.limits.successes:
            why = next(iter(self._rejected.values()))
            raise AnswererError(f"The server at {self._host} takes no question ({why}).")
        for place, why in self._rejected.items():
            # It answers others: this picture or question is what it cannot take.
            self._take(place, wire.unreadable(f"the server does not take it: {why}"))
        if self._rejected:
            self._report(self._done, self._total)
        if self._unasked:
            raise AnswererError(
                f"{len(self._unasked)} of {self._total} questions got no answer from the server "
                f"at {self._host} ({self._unasked[0]}); the others are kept. Run again to ask the rest."
            )
