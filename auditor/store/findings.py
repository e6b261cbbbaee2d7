"""Findings chosen by a filter: what rules decide on, and what lists show."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from auditor.model import QUALITY_STATISTICS
from auditor.store import runs, samples
from auditor.store.db import Connection, arrow, identifier
from auditor.store.filters import Condition, FilterError, parse

_OURS = {
    "sample_id": "s.sample_id",
    "path": "s.path",
    "split": "s.split",
    "group": 's."group"',
    "given_label": "s.given[1]",
    "label": "s.labels[1]",
    "decision": "s.verdict",
    "note": "s.note",
    "quality": "f.quality",
    "label_score": "f.quality",
    "flagged": "f.flagged",
    "is_label_issue": "f.flagged",
    "p_error": "f.p_error",
    "p_error_low": "f.p_error_low",
    "p_error_high": "f.p_error_high",
    "predicted_label": "f.suggested[1]",
    "suggested_label": "f.suggested[1]",
    **{
        name: f"m.{name}"
        for name in (
            "width",
            "height",
            "mode",
            "format",
            "byte_size",
            "reason",
            *QUALITY_STATISTICS,
        )
    },
}


def columns(db: Connection) -> dict[str, str]:
    """The names a filter may use, with their SQL; ours win over a source's column of that name."""
    extra = {name: f"e.{identifier(name)}" for name in samples.extra_names(db)}
    return {**extra, **_OURS}


def select(db: Connection, check_id: str, text: str) -> pa.Table:
    """Samples whose newest finding of the check meets the filter: sample_id, suggested, p_error.

    Raises FilterError where the text cannot be read.
    """
    condition = parse(text, columns(db)) if text.strip() else Condition("true")
    run = runs.latest(db, check_id)
    query = (
        "select s.sample_id, f.suggested, f.p_error from label_now s"
        " left join (select * from finding where run_id = ?) f using (sample_id)"
        " left join media m on m.sample_id = s.sample_id"
        " left join extra e on e.sample_id = s.sample_id"
        f" where s.present and {condition.sql} order by s.sample_id"
    )
    try:
        return arrow(db, query, [run.run_id if run else -1, *condition.values])
    except (duckdb.ConversionException, duckdb.BinderException):
        raise FilterError(
            f"{text.strip()!r} compares numbers with text: put texts, and only texts, in quotes"
        ) from None
