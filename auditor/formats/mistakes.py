"""Judged mistakes of a model, as published beside "When does dough become a bagel?": JSON.

An object by file name: `top_prediction` (a class's number, or its name), `failure category` and
`failure severity`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.evaluate.mistakes import Category, Judged, Severity, Word

_CATEGORIES = {
    "fine-grained error": Category.FINE_GRAINED,
    "fine-grained error with oov": Category.FINE_GRAINED_OOV,
    # One of the published files has both spellings.
    "fine-grained with oov": Category.FINE_GRAINED_OOV,
    "out of vocabulary": Category.OOV,
    "spurious correlation": Category.SPURIOUS,
    "non-prototypical": Category.NON_PROTOTYPICAL,
    "fine-grained with multilabel options": Category.MULTI_LABEL,
}


class MistakeFileError(ValueError):
    """A file holds no judged mistakes."""


@dataclass(frozen=True, slots=True)
class JudgedMistake:
    path: str
    predicted: int | str
    """The class's number or name."""
    word: Word


def read(path: Path) -> list[JudgedMistake]:
    """The mistakes in the file's order. Raises MistakeFileError."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise MistakeFileError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise MistakeFileError(f"{path} is no JSON object with a mistake for each file name")
    return [_mistake(path, name, one) for name, one in found.items()]


def _mistake(path: Path, name: str, one: Any) -> JudgedMistake:
    try:
        predicted = one["top_prediction"]
        category = _CATEGORIES[one["failure category"].lower()]
        severity = Severity(one["failure severity"].lower())
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise MistakeFileError(
            f"{path.name}, {name}: a mistake has top_prediction, failure category"
            f" ({', '.join(_CATEGORIES)}) and failure severity ({', '.join(Severity)}); {error}"
        ) from None
    if not isinstance(predicted, int | str):
        raise MistakeFileError(f"{path.name}, {name}: top_prediction is a class's number or name")
    return JudgedMistake(name, predicted, Word(Judged.WRONG, category, severity))
