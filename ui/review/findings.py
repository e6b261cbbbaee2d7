"""What the checks found and how far the review of it is. Runs on the engine's threads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auditor.session import Session, browsing, history, planning
from auditor.session.browsing import Pair, Tally, View
from ui.review.pairs import flagged_view


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFindings:
    """One check's flagged samples."""

    check_id: str
    title: str
    tally: Tally
    stale: bool
    """The data set, or the check, changed since it ran."""
    by_chance: bool
    """It gives chances of an error to sort by."""

    @property
    def view(self) -> View:
        return flagged_view(self.check_id, by_chance=self.by_chance)


@dataclass(frozen=True, slots=True)
class UnseenPairs:
    """Pairs of a check that have findings nobody has looked at; `flagged` counts those."""

    check_id: str
    by_chance: bool
    pairs: tuple[Pair, ...]


def read_all(session: Session) -> list[CheckFindings]:
    """Of every check that flags a sample, in the order of the audit panel."""
    titles = {str(spec.id): spec.title for spec in planning.specs()}
    runs = session.read(planning.last_runs)
    known = [one for one in titles if one in runs] + [one for one in runs if one not in titles]
    return [
        CheckFindings(
            check_id=check_id,
            title=titles.get(check_id, check_id),
            tally=tally,
            stale=bool(runs[check_id].get("stale")),
            by_chance=_has_chances(session, check_id),
        )
        for check_id in known
        if (tally := read_tally(session, check_id)).samples
    ]


def read_tally(session: Session, check_id: str) -> Tally:
    view = View(check_id=check_id, where="flagged")
    return session.read(lambda db: browsing.tally(db, view))


def read_pairs(session: Session, check_id: str, where: str = "") -> list[Pair]:
    view = View(check_id=check_id, where=where)
    return session.read(lambda db: browsing.pairs(db, view))


def read_unseen(session: Session, check_id: str | None) -> UnseenPairs | None:
    """Of the check, or of the first check that has such pairs; None where none has."""
    wanted = [check_id] if check_id else list(session.read(planning.last_runs))
    for one in wanted:
        pairs = read_pairs(session, one, "state = 'unseen'")
        if pairs or check_id:
            return UnseenPairs(one, _has_chances(session, one), tuple(pairs))
    return None


def decided_today(session: Session) -> int:
    """Samples whose decision was made since midnight, as the clock on the wall has it."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return session.read(lambda db: history.decided_since(db, midnight))


def _has_chances(session: Session, check_id: str) -> bool:
    view = View(check_id=check_id, where="flagged and p_error is not null")
    return len(session.read(lambda db: browsing.ids(db, view, limit=1))) > 0
