"""How much of the known trouble an audit found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.planting import scoring, truth
from auditor.planting.scoring import Score
from auditor.session import Session
from auditor.session.listing import NoFindingsError
from auditor.store import samples

Flags = npt.NDArray[np.bool_]


class TruthError(ValueError):
    """There is nothing to compare the findings with."""


def score(
    session: Session,
    check_id: str,
    *,
    truth_file: Path | None = None,
    true_column: str | None = None,
    kinds: Sequence[str] = (),
) -> Score:
    """Compare a check's newest findings with a truth file or a column of true labels.

    A sample without a finding counts as fine. Raises TruthError, NoFindingsError, PlantingError.
    """
    if not session.has_run(check_id):
        raise NoFindingsError(f"{check_id} has not been run on {session.folder.path}")
    table = session.read(samples.read)
    quality, flagged = judged(session, check_id, table)
    if truth_file is not None:
        wanted = scoring.kinds_for(check_id, kinds)
        is_true = scoring.is_planted(table, truth.read(truth_file), wanted)
    elif true_column is not None:
        is_true = scoring.is_mislabelled(
            table["labels"].to_pylist(), _true(session, true_column, table)
        )
    else:
        raise TruthError("name the truth: --truth FILE of a planting, or --true-label-column NAME")
    return scoring.score(quality, flagged, is_true)


def judged(
    session: Session, check_id: str, table: pa.Table
) -> tuple[npt.NDArray[np.float64], Flags]:
    """Quality and flag of every sample of `table`, in its order."""
    found = session.findings(check_id, only_flagged=False)
    place = np.searchsorted(table["sample_id"].to_numpy(), found["sample_id"].to_numpy())
    quality, flagged = np.ones(table.num_rows), np.zeros(table.num_rows, bool)
    quality[place] = found["quality"].to_numpy()
    flagged[place] = found["flagged"].to_numpy()
    return quality, flagged


def _true(session: Session, column: str, table: pa.Table) -> list[str | None]:
    names = session.read(samples.extra_names)
    if column not in names:
        raise TruthError(
            f"the source has no column {column!r}; beside the labels it has: {', '.join(names)}"
        )
    values = session.true_labels(column)
    by_id = dict(zip(values["sample_id"].to_pylist(), values["value"].to_pylist(), strict=True))
    return [None if (v := by_id.get(i)) is None else str(v) for i in table["sample_id"].to_pylist()]
