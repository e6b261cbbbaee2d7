"""What is known of given labels before they are judged."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.checks import label_evidence
from auditor.checks.base import CheckContext, findings

Ints = npt.NDArray[np.int64]
Row = tuple[str, str, str, float, float | None, float | None]
"""A metric."""

FEWEST = 5
"""A class with fewer samples cannot be judged by heads that are fitted to the others."""
SEPARABLE = 0.8
"""Below this separability, images that are hard cannot be told from labels that are wrong.

Where the features part classes worse than this, more than one image in five looks wrong however
right its label is: more than most sets have of errors. Noise alone does not lead there: on
CIFAR-10N separability is 0.88 to 0.90 whether 9 % or 41 % of the labels are wrong."""


def labelled(samples: pa.Table) -> pa.Table:
    """Samples with a label, in sample_id order; `place` is their row in the arrays."""
    table = samples.append_column("place", pa.array(np.arange(len(samples))))
    some = pc.greater(pc.list_value_length(table["labels"]), 0)
    return in_order(table if pc.all(some).as_py() else table.filter(some))


def in_order(table: pa.Table) -> pa.Table:
    """Sorted by sample_id; as it is where it is sorted: moving a million rows takes a while."""
    ids = table["sample_id"].to_numpy()
    return table if (ids[1:] > ids[:-1]).all() else table.sort_by("sample_id")


def wants(ctx: CheckContext[Any]) -> tuple[bool, bool]:
    """Whether to use attached probabilities, and whether to fit heads."""
    attached, embedded = (ctx.array(n) is not None for n in ("pred_probs", "embedding"))
    choice = ctx.params.views
    use = attached and (choice in ("auto", "attached", "both") or not embedded)
    fit = embedded and (choice in ("fitted", "both") or not use)
    return use, fit


def groups(table: pa.Table, copies: bool) -> Ints:
    """Samples of one group or copies of one image share a number; else each has its own."""
    from auditor.ml.folds import sample_groups

    if not copies:
        return np.arange(len(table))
    keys = [table[name] for name in ("group", "pixel_hash") if name in table.column_names]
    phash = table["phash"] if "phash" in table.column_names else None
    return sample_groups(len(table), keys, phash)


def unjudged(table: pa.Table) -> pa.Table:
    """Findings that say nothing against the labels, and why."""
    rows = len(table)
    return findings(
        sample_id=table["sample_id"].combine_chunks(),
        quality=np.ones(rows, np.float32),
        flagged=np.zeros(rows, bool),
        evidence=label_evidence.reason_only("too few samples or classes to judge this label", rows),
    )
