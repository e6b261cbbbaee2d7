"""Further labels by a text-image model: which class's sentences each part of a picture fits.

Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision"
(zero-shot, section 3.1), on parts of pictures instead of whole ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.ml import label_maps
from auditor.ml.calibration import fit_temperature, softmax
from auditor.ml.crops import WINDOWS, shared
from auditor.ml.noise import fitting_rows
from auditor.ml.proposals import BLOCK_ROWS, PLACES, Proposals

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Vectors = Callable[[Ints], npt.NDArray[Any]]
"""Features (n, C, D) of the layout's crops of rows."""

_SCALE = 100.0
"""exp of the temperature at which CLIP's training stops letting it fall (section 2.5)."""
_FIT = 20_000


@dataclass(frozen=True, slots=True)
class Reader:
    """What says how likely each of K classes, or none of them, is in a part of a picture."""

    texts: Floats
    """(K + 1, D) unit vectors: the mean sentence of each class, and of none."""
    temperature: float = 1.0

    @classmethod
    def of(cls, sentences: npt.NDArray[Any], about: Ints, classes: int) -> Reader:
        """From vectors (T, D) and the class each is about, -1 for none of them."""
        units = _unit(np.asarray(sentences, np.float64))
        mean = np.stack([units[about == code].mean(axis=0) for code in (*range(classes), -1)])
        return cls(_unit(mean))

    def log(self, vectors: npt.NDArray[Any]) -> Floats:
        """Scores (..., K + 1) of features (..., D), before they are turned into probabilities."""
        scores: Floats = _SCALE * (_unit(np.asarray(vectors, np.float64)) @ self.texts.T)
        return scores / self.temperature

    def fitted(self, vectors: Vectors, given: Ints) -> Reader:
        """With the temperature at which whole pictures fit their labels best."""
        rows = fitting_rows(len(given), _FIT)
        parts = np.split(rows, range(BLOCK_ROWS, len(rows), BLOCK_ROWS))
        whole = np.concatenate([self.log(vectors(part)[:, 0])[:, :-1] for part in parts])
        return Reader(self.texts, fit_temperature(whole, given[rows]))

    def probabilities(self, vectors: npt.NDArray[Any]) -> Floats:
        return softmax(self.log(vectors).reshape(-1, len(self.texts))).reshape(
            *vectors.shape[:-1], len(self.texts)
        )

    def maps(self, vectors: npt.NDArray[Any]) -> label_maps.Floats:
        """Label maps (n, h, w, K + 1); the last class is none of them."""
        return label_maps.label_map(self.probabilities(vectors[:, 1:]), PLACES)


def propose(
    reader: Reader, vectors: Vectors, given: Ints, report: Callable[[int, int], None]
) -> Proposals:
    """Further labels of n pictures labelled `given` (n,): each class by the quarter it fits best."""
    count, classes = len(given), len(reader.texts) - 1
    answer = Proposals.none(count, classes)
    wide = answer.codes.shape[1]
    for start in range(0, count, BLOCK_ROWS):
        rows = np.arange(start, min(start + BLOCK_ROWS, count))
        seen = vectors(rows)
        # A half shows half of what fills the picture, which looks like other things.
        found = reader.probabilities(seen[:, -len(WINDOWS) :])[..., :classes]
        best, places = found.max(axis=1), found.argmax(axis=1) + len(PLACES) - len(WINDOWS)
        best[np.arange(len(rows)), given[rows]] = -1
        codes = np.argsort(-best, axis=1, kind="stable")[:, :wide]
        best, places = (np.take_along_axis(of, codes, axis=1) for of in (best, places))
        best = explained(best, places)
        order = np.argsort(-best, axis=1, kind="stable")
        answer.codes[rows] = np.take_along_axis(codes, order, axis=1)
        answer.scores[rows] = np.take_along_axis(best, order, axis=1)
        answer.places[rows] = np.take_along_axis(places, order, axis=1)
        answer.support[rows] = label_maps.support(reader.maps(seen), given[rows])
        report(start + len(rows), count)
    answer.shown[:] = answer.scores[:, 0]
    return answer


_SHARED = np.array([[shared(one, other) for other in PLACES] for one in PLACES])


def explained(scores: Floats, places: Ints) -> Floats:
    """Scores (n, w), highest first, of classes seen at places (n, w), less what surer ones explain.

    A thing that one place shows whole, a place that overlaps it shows a part of, which may look
    like something else. A class counts less by the share of its place that lies in those of
    surer classes, and by how sure these are (Bodla et al. 2017, soft non-maximum suppression).
    """
    left = scores.copy()
    for j in range(1, scores.shape[1]):
        surer = left[:, :j].clip(0, 1) * _SHARED[places[:, :j], places[:, j : j + 1]]
        left[:, j] *= (1 - surer).prod(axis=1)
    return left


def _unit(rows: Floats) -> Floats:
    units: Floats = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return units
