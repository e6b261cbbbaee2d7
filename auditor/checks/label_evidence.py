"""Evidence about labels as short JSON objects, in full only where somebody will look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

TOP_CLASSES = 10
FULL_ROWS = 20_000
"""At most so many samples get full evidence, the worst first; the others what the image says."""
NO_CLASS = "(none of the classes)"
"""What a label map says of a part that shows none."""


@dataclass(frozen=True, slots=True)
class FullEvidence:
    """Facts about q chosen samples."""

    rows: Ints
    classes: Ints
    """(q, <=10) class codes, likeliest first, by image and given label."""
    probabilities: Floats
    """(q, <=10) theirs."""
    choices: Ints
    """(q, M) likeliest class of each view."""
    neighbours_given: Ints
    """(q, k) sample_ids of the nearest samples of the given class; -1: none."""
    neighbours_suggested: Ints

    def texts(
        self,
        plain: list[str],
        given: Ints,
        alternative: Ints,
        names: tuple[str, ...],
        views: tuple[str, ...],
    ) -> Iterator[str]:
        """JSON objects, what `by_the_image` says among it; all are (q,) of the same samples."""
        for i in range(len(self.rows)):
            chosen = self.choices[i]
            ranked = zip(self.classes[i], self.probabilities[i], strict=True)
            agreeing = [v for v, c in zip(views, chosen, strict=True) if c == alternative[i]]
            yield _json(
                {
                    **json.loads(plain[i]),
                    "classes": [[names[c], round(float(p), 4)] for c, p in ranked],
                    "views": {
                        "suggested": agreeing,
                        "given": [v for v, c in zip(views, chosen, strict=True) if c == given[i]],
                    },
                    "agree": len(agreeing),
                    "of": len(views),
                    "neighbours_given": _ids(self.neighbours_given[i]),
                    "neighbours_suggested": _ids(self.neighbours_suggested[i]),
                }
            )


def by_the_image(margin: Floats, shown: Ints, p_shown: Floats, names: tuple[str, ...]) -> pa.Array:
    """{"margin": ..., "shows": [class, p]} for each, without a loop: a set may have millions."""
    classes = pa.array([_json(name) for name in names], pa.string()).take(pa.array(shown))
    return pc.binary_join_element_wise(
        '{"margin":', _numbers(margin), ',"shows":[', classes, ",", _numbers(p_shown), "]}", ""
    )


def _numbers(values: Floats) -> pa.Array:
    return pc.cast(pa.array(np.round(values.astype(np.float64), 4)), pa.string())


def reason_only(text: str, rows: int) -> list[str]:
    return [_json({"reason": text})] * rows


def doubted_classes(
    suggested: npt.NDArray[np.bool_],
    probabilities: Floats,
    codes: list[list[int]],
    names: tuple[str, ...],
) -> Iterator[str]:
    """For each set of labels, the classes to add and to remove with their probabilities."""
    for row, own in enumerate(codes):
        wanted = set(np.flatnonzero(suggested[row]).tolist())
        named = [
            [[names[k], round(float(probabilities[row, k]), 4)] for k in sorted(part)]
            for part in (wanted - set(own), set(own) - wanted)
        ]
        yield _json({"add": named[0], "remove": named[1]})


def _ids(found: Ints) -> list[int]:
    return [int(i) for i in found if i >= 0]


def _json(value: dict[str, Any] | str) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
