"""How a server is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Limits and permissions for one server. Holds no key, only the name of where one is."""

    concurrency: int = 8
    """Requests under way at once."""
    timeout_s: float = 60.0
    """For one request, from its first byte sent to its last received."""
    retries: int = 4
    """After 429, 5xx, a broken connection or, once only, a time-out."""
    failures: int = 5
    """So many questions one after the other that got no answer, and the run stops."""
    requests_per_minute: float | None = None
    max_calls: int | None = None
    """Requests in all, retries included."""
    allow_remote: bool = False
    """Pictures may leave this machine."""
    key_variable: str | None = None
    """The environment variable that holds the key; OPENAI_API_KEY where the server is remote."""
    longest_side: int = 768
    """Pictures are made smaller to so many pixels before they are sent."""

    def __post_init__(self) -> None:
        least = {"concurrency": 1, "retries": 0, "failures": 1, "longest_side": 16}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be at least {low}, not {getattr(self, name)}")
        for name in ("timeout_s", "requests_per_minute", "max_calls"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be above 0, not {value}")
