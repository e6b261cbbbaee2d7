"""How often a server is asked, how long is waited, and when it is given up."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from auditor.ask.answerers.options import ServerOptions
from auditor.ask.base import AnswererError

_FIRST_S, _LONGEST_S = 0.5, 30.0
_LONGEST_ASKED_S = 300.0


def delay(attempt: int, retry_after: str | None) -> float:
    """Seconds to wait after failed attempt 0, 1, ...: what the server asks for, else ever more.

    With jitter, so that requests that failed together do not come back together.
    """
    jitter = secrets.SystemRandom().uniform(0.5, 1.0)
    own = min(_LONGEST_S, _FIRST_S * 2**attempt) * jitter
    asked = _seconds(retry_after) if retry_after else None
    return own if asked is None else min(_LONGEST_ASKED_S, asked) + _FIRST_S * jitter


def _seconds(retry_after: str) -> float | None:
    """Retry-After in seconds: it is a number or a date (RFC 9110, 10.2.3)."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())


class Limits:
    """Pace, budget and circuit breaker of one run. For one event loop."""

    def __init__(self, options: ServerOptions, host: str) -> None:
        self._host = host
        self._between = 60 / options.requests_per_minute if options.requests_per_minute else 0.0
        self._next = time.monotonic()
        self._left = options.max_calls
        self._most = options.failures
        self._failures = 0
        self.successes = 0

    async def admit(self) -> None:
        """Wait for this request's turn. Raises AnswererError where the budget is used up."""
        if self._left is not None:
            if self._left <= 0:
                raise AnswererError(
                    f"The budget of requests to {self._host} is used up; what was answered is "
                    "kept. Raise it and run again to ask the rest."
                )
            self._left -= 1
        now = time.monotonic()
        turn = max(now, self._next)
        self._next = turn + self._between
        if turn > now:
            await asyncio.sleep(turn - now)

    def succeeded(self) -> None:
        self._failures = 0
        self.successes += 1

    def failed(self, why: str) -> None:
        """Count a question without an answer. Raises AnswererError after too many in a row."""
        self._failures += 1
        if self._failures >= self._most:
            raise AnswererError(
                f"The server at {self._host} does not answer as it should ({why}); what was "
                "answered is kept. Start it, or look what it says, and run again."
            )
