"""The parameters by which a check says who is to be asked about the pictures, and how."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.checks.base import param


@dataclass(frozen=True, slots=True)
class AnswererParams:
    """Read by the engine when it asks; see `auditor.session.asking`."""

    model: str = param(
        "",
        "Who is asked: hf:ORG/REPO or hf:local-dir:PATH (a vision-language model on this machine), "
        "server:URL#NAME (any OpenAI-compatible server), or zero-shot:ENCODER.",
    )
    max_calls: int = param(0, "Answers asked for at the most; 0: no limit.", low=0)
    concurrency: int = param(8, "server: requests under way at once.", low=1, high=256)
    timeout_s: float = param(60.0, "server: seconds to wait for a reply.", low=0.1, high=3600)
    requests_per_minute: int = param(0, "server: requests a minute; 0: no limit.", low=0)
    allow_remote: bool = param(
        False, "server: pictures may leave this machine, to a server that is not on it."
    )
