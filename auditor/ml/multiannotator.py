"""cleanlab's consensus of several annotators' classes, weighed with a model's probabilities."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Consensus:
    """Per sample the class and its chance to be right; per annotator the quality, nan where unknown."""

    label: npt.NDArray[np.int64]
    quality: npt.NDArray[np.float64]
    annotator_quality: npt.NDArray[np.float64]


def consensus(labels: Floats, pred_probs: Floats) -> Consensus:
    """CROWDLAB by cleanlab: classes (samples, annotators), nan where none, and (samples, classes).

    Every sample and every annotator needs at least one class. Source: Goh, Tkachenko, Mueller 2022,
    "CROWDLAB: supervised learning to infer consensus labels and quality scores".
    """
    from cleanlab.multiannotator import get_label_quality_multiannotator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what is said in the result
        found = get_label_quality_multiannotator(
            labels, pred_probs, verbose=False, return_detailed_quality=False
        )
    per_sample, stats = found["label_quality"], found["annotator_stats"]
    quality = np.full(labels.shape[1], np.nan)
    quality[stats.index.to_numpy().astype(int)] = stats["annotator_quality"].to_numpy()
    return Consensus(
        label=per_sample["consensus_label"].to_numpy().astype(np.int64),
        quality=per_sample["consensus_quality_score"].to_numpy().astype(np.float64),
        annotator_quality=quality,
    )
