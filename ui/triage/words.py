"""How judgements are put into words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from auditor.session.triage import Category, Judged, Mistake, Severity, Word


def tr(text: str) -> str:
    return QCoreApplication.translate("TriageWords", text)


def verdict(one: Judged) -> str:
    return {
        Judged.RIGHT: tr("Prediction right"),
        Judged.UNCLEAR: tr("Unclear"),
        Judged.WRONG: tr("Wrong"),
    }[one]


def category(one: Category) -> str:
    return {
        Category.FINE_GRAINED: tr("Fine-grained"),
        Category.FINE_GRAINED_OOV: tr("Fine-grained, out of vocabulary"),
        Category.OOV: tr("Out of vocabulary"),
        Category.SPURIOUS: tr("Spurious"),
        Category.NON_PROTOTYPICAL: tr("Non-prototypical"),
        Category.MULTI_LABEL: tr("Fine-grained, several labels hold"),
    }[one]


def severity(one: Severity) -> str:
    return {
        Severity.MAJOR: tr("Major"),
        Severity.MINOR: tr("Minor"),
        Severity.BORDERLINE: tr("Borderline"),
    }[one]


def word(one: Word | None) -> str:
    """A judgement in one line."""
    if one is None:
        return tr("Open")
    parts = [verdict(one.verdict)]
    if one.category is not None:
        parts.append(category(one.category).lower())
    if one.severity is not None:
        parts.append(severity(one.severity).lower())
    return ", ".join(parts)


def accepted(one: Mistake) -> str:
    return ", ".join(one.accepted) or tr("none")


def predicted(one: Mistake) -> str:
    return one.predicted if one.p is None else f"{one.predicted} ({one.p:.0%})"
