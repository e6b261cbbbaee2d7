"""What the checks that ask about pictures share: who is asked, what is quoted, what was learnt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.ask.judging import HALF
from auditor.ask.reliability import Answers, Reliability
from auditor.checks.base import param
from auditor.checks.label_inputs import Row

_QUOTED = 3
"""So many answers against each sample are quoted."""


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


def spoken_against(
    answers: Answers, sample: npt.NDArray[np.int64], texts: npt.NDArray[np.object_]
) -> dict[int, list[str]]:
    """By sample, the questions whose answers speak against it, the surest first.

    Args: sample, texts (k,): of each answer.
    """
    found: dict[int, list[str]] = {}
    speaking = np.flatnonzero(answers.is_given & (answers.agree < HALF))
    for row in speaking[np.argsort(answers.agree[speaking], kind="stable")]:
        quoted = found.setdefault(int(sample[row]), [])
        if len(quoted) < _QUOTED:
            quoted.append(str(texts[row]))
    return found


def question_rows(keys: Sequence[Any], learnt: Reliability, answers: Answers) -> list[Row]:
    """Metrics of each question: how often its expected answer comes, and whether it counts."""
    rows: list[Row] = []
    counts = np.bincount(answers.question, minlength=len(keys))
    for place, key in enumerate(keys):
        name = json.dumps(key, ensure_ascii=False)
        facts = (
            ("agrees_if_right", learnt.if_right[place]),
            ("agrees_if_wrong", learnt.if_wrong[place]),
            ("answers", counts[place]),
            ("used", learnt.used[place]),
            ("backward", learnt.backward[place]),
        )
        rows += [("question", name, fact, float(value), None, None) for fact, value in facts]
    return rows
