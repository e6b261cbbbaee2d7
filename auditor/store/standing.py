"""Which standing decisions settle what a check flagged, as SQL."""

from __future__ import annotations

BEFORE = (
    "coalesce(r.verdict in ('keep', 'defer') and r.check_id is distinct from run.check_id"
    " and r.action_id <= run.after_action, false)"
)
"""Whether the decision in `r` (review) says nothing about what `run` flagged.

It confirmed the label, or put that off, because of something else and before the findings came.
"""

REVIEWED = f"select r.*, {BEFORE} as is_before from {{}} r left join run on run.run_id = ?"
"""Rows of review, of which `is_before` is named beside that run."""

STATE = (
    "case when r.verdict is null or (r.is_before and f.flagged) then 'unseen'"
    " when r.verdict = 'defer' then 'deferred' else 'decided' end"
)
"""Where the review of the finding `f` stands; without a finding, that of the sample."""

UNDECIDED = f"({STATE}) <> 'decided'"
"""Nobody has come to a decision yet."""
