"""Which two samples to compare, and what is known of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QCoreApplication, QLocale

from auditor.session.evidence import Evidence
from ui import verdicts


class Why(StrEnum):
    """What two samples have to do with each other."""

    CHOSEN = "chosen"
    RELATED = "related"
    SUGGESTED = "suggested"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Pairing:
    left: Evidence
    right: Evidence
    why: Why


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known of both, as text."""

    name: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        return self.left != self.right


def find(
    read: Callable[[int], Evidence], focus: int | None, chosen: Sequence[int] | None
) -> Pairing | None:
    """The two that were chosen, else the sample in focus with its copy or its nearest likeness."""
    if chosen is not None:
        return Pairing(read(chosen[0]), read(chosen[1]), Why.CHOSEN)
    if focus is None:
        return None
    left = read(focus)
    related = (finding.related_id for finding in left.findings)
    candidates = (
        (next((other for other in related if other is not None), None), Why.RELATED),
        (next(iter(left.neighbours_suggested), None), Why.SUGGESTED),
        (next(iter(left.neighbours_given), None), Why.GIVEN),
    )
    for other, why in candidates:
        if other is not None and other != focus:
            return Pairing(left, read(other), why)
    return None


def title(pairing: Pairing) -> str:
    """Why these two, in words."""
    match pairing.why:
        case Why.CHOSEN:
            return _tr("Two chosen samples")
        case Why.RELATED:
            return _tr("The sample and what a check takes for its copy")
        case Why.SUGGESTED:
            return _tr("The sample and the nearest one labelled “{label}”").format(
                label=labels(pairing.right.labels)
            )
        case Why.GIVEN:
            return _tr("The sample and the nearest one of its own label")


def facts(pairing: Pairing) -> list[Fact]:
    """What one compares copies by; the pictures themselves are compared by eye."""
    left, right = pairing.left, pairing.right
    says = (
        (_tr("Label"), lambda one: labels(one.labels)),
        (_tr("Decision"), decision),
        (_tr("Split"), lambda one: one.split or "–"),  # noqa: RUF001
        (_tr("Pixels"), pixels),
        (_tr("Format"), lambda one: one.format or "–"),  # noqa: RUF001
        (_tr("File size"), file_size),
    )
    return [Fact(name, say(left), say(right)) for name, say in says]


def labels(names: Sequence[str]) -> str:
    return ", ".join(names) if names else _tr("no label")


def pixels(one: Evidence) -> str:
    return "–" if one.width is None else f"{one.width} × {one.height}"  # noqa: RUF001


def file_size(one: Evidence) -> str:
    return "–" if one.byte_size is None else QLocale().formattedDataSize(one.byte_size)  # noqa: RUF001


def decision(one: Evidence) -> str:
    """What was decided, in a word."""
    words = verdicts.said(one.verdict)
    return words[:1].upper() + words[1:]


def _tr(text: str) -> str:
    return QCoreApplication.translate("pairing", text)
