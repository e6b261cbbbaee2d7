"""How often a saved model answers rightly, asked as the auditor asks."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.ask.answerers.vision_language import load
from auditor.ask.base import Answer, Prompt
from auditor.planting.scoring import wilson


@dataclass(frozen=True, slots=True)
class Trial:
    """One question about a picture, its true answer, and the heading it is counted under."""

    heading: str
    prompt: Prompt
    truth: bool | int


def measured(
    folder: Path, pictures: Sequence[Any], trials: Sequence[Sequence[Trial]]
) -> dict[str, dict[str, float]]:
    """Under each heading: share right, its 95 % interval, and how many were asked."""
    rights: dict[str, list[bool]] = defaultdict(list)

    def keep(picture: int, place: int, given: Answer) -> None:
        trial = trials[picture][place]
        rights[trial.heading].append(_right(given, trial.truth))

    prompts = [[trial.prompt for trial in mine] for mine in trials]
    load("demo", folder, "cpu").answer(pictures, prompts, keep, lambda _done, _all: None)
    return {heading: _share(found) for heading, found in sorted(rights.items())}


def _right(given: Answer, truth: bool | int) -> bool:
    """An unknown answer is not right."""
    if isinstance(truth, bool):
        return given.p_yes is not None and (given.p_yes > 0.5) == truth
    return given.number == truth


def _share(rights: Sequence[bool]) -> dict[str, float]:
    found = wilson(sum(rights), len(rights))
    parts = {"right": found.value, "low": found.low, "high": found.high}
    return {name: round(part, 4) for name, part in parts.items()} | {"asked": len(rights)}


def shown(found: Mapping[str, Mapping[str, float]]) -> str:
    return "\n".join(
        f"{heading:<24} {row['right']:.4f} ({row['low']:.4f} to {row['high']:.4f}) of {row['asked']}"
        for heading, row in found.items()
    )


def store(folder: Path, facts: Mapping[str, Any]) -> None:
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    (folder / "held_out.json").write_text(text + "\n", "utf-8")
