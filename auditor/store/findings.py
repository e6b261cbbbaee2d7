"""Findings chosen by a filter: what rules decide on, and what lists show."""

from __future__ import annotations

import pyarrow as pa

from auditor.store.db import Connection
from auditor.store.scope import Scope


def select(db: Connection, check_id: str, text: str) -> pa.Table:
    """Samples whose newest finding of the check meets the filter: sample_id, suggested, p_error.

    Raises FilterError where the text cannot be read.
    """
    return Scope(where=text, check_id=check_id).read(
        db, "s.sample_id, f.suggested, f.p_error", tables="f", tail="order by s.sample_id"
    )
