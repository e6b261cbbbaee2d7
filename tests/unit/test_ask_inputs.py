"""Which classes are asked about: what the picture shows by its features comes first."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from auditor.model import LABELS
from auditor.session.ask_inputs import likely_classes, shows_another

FULL = '{"margin":-0.2,"shows":["cow",0.6],"classes":[["bee",0.5],["cow",0.3],["dog",0.2]]}'
FOUND = pa.table(
    {
        "sample_id": pa.array([1, 3, 4], pa.int64()),
        "suggested": pa.array([["bee"], ["ant"], None], LABELS),
        "evidence": [FULL, '{"margin":0.4,"shows":["ant",0.7]}', None],
        "shows": ["cow", "ant", None],
    }
)


def test_the_class_shown_leads_and_none_comes_twice() -> None:
    ids = np.array([1, 2, 3, 4])
    assert likely_classes(FOUND, ids) == [["cow", "bee", "dog"], [], ["ant"], []]
    assert likely_classes(None, ids) == [[], [], [], []]


def test_only_a_label_that_differs_from_what_is_shown_counts() -> None:
    labels = pa.array([["bee"], ["bee"], ["ant"], ["ant"], ["ant", "bee"]], LABELS)
    table = pa.table({"sample_id": pa.array([1, 2, 3, 4, 1], pa.int64()), "labels": labels})
    assert shows_another(FOUND, table).tolist() == [True, False, False, False, False]
