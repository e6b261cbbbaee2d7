"""What the visual-linguistic check was answered about further classes, for the multi-label check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from auditor.ml.answered_proposals import Answered

NEED = "visual_language"


def further_answers(
    table: pa.Table | None, ids: npt.NDArray[np.int64], names: tuple[str, ...]
) -> Answered | None:
    """The rows of FURTHER_SCHEMA about samples `ids` (n,) and classes `names`; None without any."""
    from auditor.ml.answered_proposals import Answered

    if table is None:
        return None
    row = pc.index_in(table["sample_id"], value_set=pa.array(ids)).combine_chunks()
    parent = pc.list_parent_indices(table["names"]).combine_chunks()
    pairs = pa.table(
        {
            "row": row.take(parent),
            "code": pc.index_in(
                pc.list_flatten(table["names"]), value_set=pa.array(names, pa.string())
            ),
            "ratio": pc.list_flatten(table["ratios"]),
            "own": table["own"].take(parent),
        }
    ).drop_null()
    if not pairs.num_rows:
        return None
    return Answered(
        pairs["row"].to_numpy().astype(np.int64),
        pairs["code"].to_numpy().astype(np.int64),
        pairs["ratio"].to_numpy(),
        pairs["own"].to_numpy(),
    )
