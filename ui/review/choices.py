"""What a reviewer's key asks of the engine. Everything here runs on the engine's threads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from auditor.model import Verdict
from auditor.session import Session, evidence, four_way, history
from auditor.session.browsing import Ids
from auditor.session.evidence import Evidence
from auditor.session.four_way import FourWay


class Why(Enum):
    """Why a choice means nothing for a sample."""

    NO_SUGGESTION = auto()
    NO_SUCH_CLASS = auto()
    NO_COPY = auto()
    NO_PAIR = auto()


class RefusedError(Exception):
    """Nothing was decided, and nothing went wrong."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.name)
        self.why = why


@dataclass(frozen=True, slots=True)
class Choice:
    """One key's meaning. `label`, or the `nth` class in order of likelihood, belongs to relabel."""

    verdict: Verdict | None
    label: str | None = None
    nth: int | None = None
    is_one_of_several: bool = False
    """The class is put beside the labels there are, or taken away from them."""
    is_none: bool = False
    """No class fits: relabel with none."""
    of_two: FourWay | None = None
    """An answer to the four-way question, which is about one sample."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step of the history that was taken back or done again."""

    title: str
    sample_ids: Ids


def decide(session: Session, sample_ids: Ids, choice: Choice, check_id: str | None) -> int:
    """One step; how many samples it changed. Raises RefusedError."""
    if choice.of_two is not None:
        return _answer(session, int(sample_ids[0]), choice.of_two, check_id)
    if len(sample_ids) == 1:
        return _decide_one(session, sample_ids, choice, check_id)
    labels = () if choice.is_none else None if choice.label is None else (choice.label,)
    return session.decide_on(sample_ids, choice.verdict, labels=labels, check_id=check_id)


def _decide_one(session: Session, sample_ids: Ids, choice: Choice, check_id: str | None) -> int:
    """As the evidence card shows the sample: its suggestion and its order of classes."""
    verdict: Verdict | None = choice.verdict
    labels: tuple[str, ...] | None = None
    if verdict is Verdict.ACCEPT:
        return _accept(session, sample_ids, check_id)
    if verdict is Verdict.RELABEL:
        known = _evidence(session, int(sample_ids[0]), check_id)
        labels = _labels(known, choice)
        if known.given == labels:  # who chooses the label there is says that it is right
            verdict, labels = Verdict.KEEP, None
    return session.decide_on(sample_ids, verdict, labels=labels, check_id=check_id)


def _answer(session: Session, sample_id: int, said: FourWay, check_id: str | None) -> int:
    known = _evidence(session, sample_id, check_id)
    if four_way.pair(known) is None:
        raise RefusedError(Why.NO_PAIR)
    return four_way.answer(session, known, said, check_id)


def _labels(known: Evidence, choice: Choice) -> tuple[str, ...]:
    """What the sample is to have. Raises RefusedError."""
    if choice.is_none:
        return ()
    label = choice.label or _nth(known, choice.nth or 1)
    if not choice.is_one_of_several:
        return (label,)
    if label in known.labels:
        return tuple(name for name in known.labels if name != label)
    return (*known.labels, label)


def _accept(session: Session, sample_ids: Ids, check_id: str | None) -> int:
    """Take the check's suggestion; where it has none, that of another check."""
    changed = 0
    if check_id is not None:
        changed = session.decide_on(sample_ids, Verdict.ACCEPT, check_id=check_id)
    if changed:  # only else is there something to find out
        return changed
    known = _evidence(session, int(sample_ids[0]), check_id)
    source = next((one.check_id for one in known.findings if one.suggested), None)
    if source is None:
        raise RefusedError(Why.NO_SUGGESTION)
    return session.decide_on(sample_ids, Verdict.ACCEPT, check_id=source)


def nth_class(session: Session, sample_id: int, nth: int, check_id: str | None) -> str:
    """The n-th class, from 1, in the order of the evidence card. Raises RefusedError."""
    return _nth(_evidence(session, sample_id, check_id), nth)


def pick(session: Session, sample_id: int, check_id: str | None, title: str) -> int:
    """Keep this one of a pair of copies and exclude the other. Raises RefusedError."""
    known = _evidence(session, sample_id, check_id)
    other = next((one.related_id for one in known.findings if one.related_id is not None), None)
    if other is None:
        raise RefusedError(Why.NO_COPY)
    parts = {Verdict.KEEP: (sample_id,), Verdict.EXCLUDE: (other,)}
    return session.decide_together(parts, title, check_id=check_id)


def undo(session: Session) -> Stepped | None:
    """None where there is nothing to undo."""
    if session.read(history.to_undo) is None:
        return None
    title, _ = session.undo()
    return Stepped(title, _newest_ids(session))


def redo(session: Session) -> Stepped | None:
    """None where there is nothing to do again."""
    if session.read(history.to_redo) is None:
        return None
    title, _ = session.redo()
    return Stepped(title, _newest_ids(session))


def _newest_ids(session: Session) -> Ids:
    (newest,) = session.read(lambda db: history.steps(db, limit=1))
    return session.read(lambda db: history.step_ids(db, newest.action_id))


def _evidence(session: Session, sample_id: int, check_id: str | None) -> Evidence:
    return session.read(lambda db: evidence.evidence(db, sample_id, check_id))


def _nth(known: Evidence, nth: int) -> str:
    if nth > len(known.ranked):
        raise RefusedError(Why.NO_SUCH_CLASS)
    return known.ranked[nth - 1][0]
