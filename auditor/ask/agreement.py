"""Whether an answer is the one that a picture of the label would get."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.ask.bank import noun
from auditor.ask.base import Answer, AnswerState, Question


def agreement(question: Question, answer: Answer, classes: Sequence[str]) -> float | None:
    """Probability in [0, 1] that the answer is the expected one; None where it says nothing of it.

    A description agrees where it names the label, and disagrees where it names another class only.
    """
    if answer.state is not AnswerState.ANSWERED:
        return None
    if question.form == "yes_no":
        if answer.p_yes is None:
            return None
        return answer.p_yes if question.expected == "yes" else 1 - answer.p_yes
    if question.form == "number":
        return None if answer.number is None else float(str(answer.number) == question.expected)
    said = answer.text or ""
    if mentions(said, question.expected):
        return 1.0
    named = any(mentions(said, name) for name in classes if name != question.expected)
    return 0.0 if named else None


def mentions(text: str, name: str) -> bool:
    """Whether the text names the class, by any of its comma-separated synonyms as a whole phrase."""
    plain = re.sub(r"[_\-]+", " ", text.casefold())
    return any(
        re.search(rf"(?<!\w){re.escape(one)}(?:s|es)?(?!\w)", plain) is not None
        for one in (noun(part).casefold() for part in name.split(","))
        if one
    )
