"""Sets of labels: which classes look wrongly there or wrongly missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.checks import label_evidence
from auditor.checks.base import CheckContext, Outcome, findings, metrics
from auditor.checks.label_inputs import FEWEST, Row, groups, unjudged, wants
from auditor.progress import part

CLEANLAB_DEFAULT = {"auto": "prune_by_noise_rate", "p_error": "prune_by_noise_rate"}
"""For sets of labels, whose p_error is not known: the rule of cleanlab's multi-label function."""


def judge_label_sets(table: pa.Table, ctx: CheckContext[Any]) -> Outcome:
    """Sets of labels, by cleanlab's functions: class by class, present or not."""
    from auditor.ml.multi_label import judge_sets

    codes = [[ctx.classes.index(x) for x in labels] for labels in table["labels"].to_pylist()]
    probabilities = _set_probabilities(table, codes, ctx)
    if probabilities is None:
        return Outcome(unjudged(table))
    verdict = judge_sets(
        probabilities, codes, CLEANLAB_DEFAULT.get(ctx.params.filter, ctx.params.filter)
    )
    ctx.report(1000, 1000)
    names = np.array(ctx.classes, dtype=object)
    rows = findings(
        sample_id=table["sample_id"].combine_chunks(),
        quality=verdict.quality,
        flagged=verdict.flagged,
        suggested=[list(names[np.flatnonzero(row)]) for row in verdict.suggested],
        evidence=list(
            label_evidence.doubted_classes(verdict.suggested, probabilities, codes, ctx.classes)
        ),
    )
    flagged = float(verdict.flagged.sum())
    numbers: list[Row] = [("set", "", "flagged_sets", flagged, None, None)]
    share = verdict.wrong.mean(axis=0)
    numbers += [
        ("class", name, "noise", float(share[k]), None, None) for k, name in enumerate(ctx.classes)
    ]
    return Outcome(rows, metrics(numbers))


def _set_probabilities(
    table: pa.Table, codes: list[list[int]], ctx: CheckContext[Any]
) -> npt.NDArray[np.float32] | None:
    """Attached or cross-fitted probability of each class by itself; None: cannot be had."""
    from auditor.ml.folds import assign_folds
    from auditor.ml.multi_label import cross_fit_sets, indicator

    use, _ = wants(ctx)
    attached, embedding = ctx.array("pred_probs"), ctx.array("embedding")
    places, ids = (table[name].to_numpy() for name in ("place", "sample_id"))
    if use and attached is not None:
        return np.asarray(attached[places], np.float32)
    present = indicator(codes, len(ctx.classes))
    if embedding is None or len(table) < 2 * FEWEST or len(ctx.classes) < 2:
        return None
    # Strata by each sample's rarest class: common ones spread by themselves.
    rarity = np.where(present, present.sum(axis=0), len(table) + 1)
    folds = assign_folds(
        rarity.argmin(axis=1), groups(table, copies=True), ctx.params.folds, ctx.seed, ids
    )
    used, folds = np.unique(folds, return_inverse=True)
    if len(used) < 2:
        return None
    report = part(ctx.report, 0.0, 0.9)
    return cross_fit_sets(embedding[places], present, folds, device=ctx.device, report=report)
