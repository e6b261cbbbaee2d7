"""Whether the class probabilities by which labels are judged agree with the labels, as metrics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.checks.label_inputs import Row

if TYPE_CHECKING:
    from auditor.ml.sources import Source

Ints = npt.NDArray[np.int64]

TRUST = "probabilities_trust"
"""The set metric: 0 fine, 1 a temperature is enough, 2 it is not."""
_CELLS = 4_000_000
_ROWS = (2_000, 20_000)
_OVERLAP = 0.02
"""Pairs that overlap less are not told."""


def trust_rows(
    source: Source, given: Ints, related: Ints, names: tuple[str, ...], seed: int
) -> list[Row]:
    """Of a fair part of n samples with the labels `given`; `related` (n,) numbers their groups.

    The views are averaged as they are: it is the labels as given that they were made to agree with.
    """
    from auditor.ml.calibration import Calibration, Trust, examine
    from auditor.ml.noise import fitting_rows

    rows = fitting_rows(len(given), int(np.clip(_CELLS // source.classes, *_ROWS)))
    log = source.log_probabilities(rows).mean(dim=0).double().softmax(dim=1).numpy()
    found: Calibration = examine(log, given[rows], seed, groups=related[rows])
    before, after = found.before, found.after
    told: list[Row] = [
        ("set", "", name, value, None, None)
        for name, value in (
            (TRUST, float(list(Trust).index(found.trust))),
            ("scaling_temperature", found.temperature),
            ("calibration_error", before.ece),
            ("calibration_error_scaled", after.ece),
            ("nll", before.nll),
            ("nll_scaled", after.nll),
            ("brier", before.brier),
            ("brier_scaled", after.brier),
        )
    ]
    each = found.classes
    for code in np.unique(given[rows]):
        facts = (
            ("calibration_error", each.ece),
            ("calibration_error_scaled", each.ece_scaled),
            ("nll", each.nll),
            ("nll_scaled", each.nll_scaled),
            ("brier", each.brier),
            ("brier_scaled", each.brier_scaled),
        )
        told += [("class", names[code], name, float(of[code]), None, None) for name, of in facts]
    for low, high, share in found.overlaps:
        if share >= _OVERLAP:
            key = json.dumps([names[low], names[high]], ensure_ascii=False)
            told.append(("pair", key, "overlap", share, None, None))
    return told
