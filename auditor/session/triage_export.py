"""What triage gives: corrected label sets, and the slice of major errors for later models to pass."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.evaluate import slices
from auditor.evaluate.mistakes import Severity
from auditor.evaluate.predictions import Predictions, opened
from auditor.model import LABELS, Verdict
from auditor.report.files import replacing
from auditor.session import listing
from auditor.session.browsing import Ids
from auditor.session.triage import Triage, TriageError
from auditor.store import project, review, samples, triage
from auditor.store.db import Store


def labels(store: Store, out: Path) -> int:
    """Write the label sets as they stand (.csv, .json or .parquet); returns the samples."""
    with store.reader() as db:
        now = review.label_lists(db)
        came = samples.read(db)
        maybe = triage.unclear(db)
    there = pc.not_equal(pc.fill_null(now["verdict"], ""), Verdict.EXCLUDE)
    unsure = [maybe.get(i, []) for i in now["sample_id"].to_pylist()]
    columns = {"path": came["path"], "row": came["row"], "labels": now["labels"]}
    rows = pa.table({**columns, "unclear": pa.array(unsure, LABELS)}).filter(there)
    if out.suffix == ".json":
        with replacing(out) as unfinished:
            unfinished.write_text(json.dumps(rows.to_pylist(), ensure_ascii=False), "utf-8")
    else:
        listing.write(_flat(rows), out, out.suffix.removeprefix("."))
    return int(rows.num_rows)


def _flat(rows: pa.Table) -> pa.Table:
    """Lists of labels as JSON in one cell."""
    for place, name in ((2, "labels"), (3, "unclear")):
        cells = [json.dumps(one, ensure_ascii=False) for one in rows[name].to_pylist()]
        rows = rows.set_column(place, name, pa.array(cells, pa.string()))
    return rows


def must_pass(triaging: Triage, out: Path, model: str) -> int:
    """Write the model's major errors as a must-pass slice; returns how many. Raises TriageError."""
    major = [
        one
        for one in triaging.queue(model, guesses=False)
        if one.word is not None and one.word.severity is Severity.MAJOR
    ]
    if not major:
        raise TriageError(f"no mistake of {model} was judged major yet")
    with triaging.store.reader() as db:
        classes, maybe = project.classes(db), triage.unclear(db)
        order = samples.read(db)["sample_id"].to_numpy()
    chosen = [
        slices.SliceSample(
            path=one.path,
            row=one.row,
            index=int(np.searchsorted(order, one.sample_id)),
            # What was imported as wrong may stand among the labels all the same.
            labels=tuple(label for label in one.accepted if label != one.predicted),
            unclear=tuple(maybe.get(one.sample_id, ())),
            predicted=one.predicted,
        )
        for one in sorted(major, key=lambda one: one.sample_id)
    ]
    name = f"{triaging.folder.path.name.removesuffix('.audit')}-M"
    slices.write(slices.Slice(name, model, classes, tuple(chosen)), out)
    return len(chosen)


def score_slice(
    path: Path,
    names: Sequence[str] | None,
    count: int,
    classes: Sequence[str] | None,
    predictions: Sequence[Path],
) -> tuple[slices.Slice, list[slices.SliceScore]]:
    """Run a slice on files of predictions about `count` samples. Raises SliceError, PredictionError.

    Args: names: the samples' paths. classes: the columns, where they are known; else the slice's.
    """
    one = slices.read(path)
    if classes is not None:
        one = replace(one, classes=tuple(classes))
    rows = slices.rows(one, names, count)
    known = None if classes is None else len(classes)
    return one, [
        slices.score(one, model.name, _first(model, rows))
        for model in opened(list(predictions), count, known)
    ]


def _first(model: Predictions, rows: Ids) -> Ids:
    chosen = np.asarray(model.array[rows])
    return (chosen.argmax(axis=1) if model.has_scores else chosen).astype(np.int64)
