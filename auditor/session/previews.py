"""What a bulk decision or an export would do, before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from auditor.model import Verdict
from auditor.session.browsing import Ids
from auditor.store import bulk, outgoing
from auditor.store.bulk import Choice
from auditor.store.db import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPreview:
    """What deciding about many samples at once would change."""

    samples: int
    changes: int
    """Samples whose decision would differ from now."""
    overwrites: int
    """Of these, decided already."""
    impossible: int
    """Left out: `accept` where the check suggests nothing."""
    moves: tuple[tuple[str, str, int], ...]
    """(label now, label then, samples), most first, at most 50; "" is none."""
    examples: tuple[int, ...]
    """Up to 24 samples that would change."""


def decision(
    db: Connection,
    sample_ids: Ids,
    verdict: Verdict | None,
    *,
    check_id: str | None,
    labels: Sequence[str] | None = None,
) -> DecisionPreview:
    """As Session.decide_on would do; writes nothing."""
    choice = Choice(
        verdict=verdict, labels=None if labels is None else tuple(labels), check_id=check_id
    )
    asked = np.unique(np.asarray(sample_ids, np.int64))
    proposed = bulk.proposed(db, asked, choice)
    changing = bulk.moves(db, proposed)
    moved = changing.filter(pc.not_equal(changing["now"], changing["new"]))
    moves = moved.group_by(["now", "new"]).aggregate([([], "count_all")]).to_pylist()
    moves.sort(key=lambda move: (-move["count_all"], move["now"], move["new"]))
    return DecisionPreview(
        samples=len(asked),
        changes=changing.num_rows,
        overwrites=changing.num_rows - changing["old_verdict"].null_count,
        impossible=len(asked) - proposed.num_rows,
        moves=tuple((move["now"], move["new"], move["count_all"]) for move in moves[:50]),
        examples=tuple(changing["sample_id"][:24].to_pylist()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLine:
    """A sample that the export would write otherwise than it came."""

    sample_id: int
    path: str
    row: int | None
    old: tuple[str, ...]
    new: tuple[str, ...]
    excluded: bool
    reviewer: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPreview:
    samples: int
    relabelled: int
    excluded: int
    kept: int
    deferred: int
    undecided_flags: int
    """Flagged by some check and not decided: they would leave as they are."""
    by_rule: int
    moves: tuple[tuple[str, str, int], ...]
    """(old label, new label, samples), most first; "" is none or excluded."""
    lines: tuple[ExportLine, ...]
    """The first thousand, in import order."""


_MOVES = 1000
_LINES = 1000


def export(db: Connection) -> ExportPreview:
    """What Session.export would write; writes nothing."""
    return ExportPreview(
        **outgoing.counts(db),
        moves=tuple(outgoing.moves(db, _MOVES)),
        lines=tuple(_line(*row) for row in outgoing.changed(db, _LINES)),
    )


def _line(
    sample_id: int,
    path: str,
    row: int | None,
    given: list[str],
    labels: list[str],
    excluded: bool,
    reviewer: str,
    title: str,
) -> ExportLine:
    return ExportLine(
        sample_id=sample_id,
        path=path,
        row=row,
        old=tuple(given),
        new=() if excluded else tuple(labels),
        excluded=excluded,
        reviewer=reviewer,
        title=title,
    )
