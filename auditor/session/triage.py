"""Triage of mistakes: predictions in, a queue of those that no accepted label agrees with, judgements, exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from auditor.evaluate import mistakes
from auditor.evaluate.mistake_rules import Guess, guess
from auditor.evaluate.mistakes import Category, Judged, MistakeCounts, Severity, Word
from auditor.evaluate.predictions import opened
from auditor.formats import mistakes as files
from auditor.session import mistake_space
from auditor.session.folder import ProjectFolder
from auditor.store import project, samples, triage
from auditor.store.db import Connection, Store

_BLOCK = 4096


class TriageError(ValueError):
    """Predictions or judgements do not fit the project. Says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A prediction that is not among the accepted labels, or was judged."""

    sample_id: int
    path: str
    row: int | None
    accepted: tuple[str, ...]
    predicted: str
    p: float | None
    """Its probability."""
    word: Word | None
    note: str
    reviewer: str
    made_on: datetime | None
    guess: Guess | None
    """What a rule makes of it; None where it is judged or no rule speaks."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import brought."""

    model: str
    predictions: int
    mistakes: int
    judged: int
    """Judgements that were new."""


@dataclass(frozen=True, slots=True)
class Triage:
    store: Store
    folder: ProjectFolder
    reviewer: str

    def take_in(
        self, path: Path, model: str | None = None, classes: Sequence[str] | None = None
    ) -> Taken:
        """Take in predictions (NPY, a row per sample), or judged mistakes (JSON).

        Args: classes: what the file's numbers mean; the project's classes in order where None.
        Raises TriageError, PredictionError, MistakeFileError.
        """
        name = model or path.stem
        with self.store.reader() as db:
            known = tuple(classes) if classes is not None else project.classes(db)
            if path.suffix == ".npy":
                predicted, judged = _predicted(db, path, known), None
            else:
                predicted, judged = _published(db, path, known)
        self.store.write(triage.AddPredictions(name, predicted, path.name)).result()
        new = 0
        if judged is not None:
            title = f"Take in {judged.num_rows:,} judgements of {path.name}"
            new = self._write(judged, title)
        return Taken(name, predicted.num_rows, len(self.queue(name, guesses=False)), new)

    def model(self, wanted: str | None = None) -> str:
        """The model of that name, or the only one. Raises TriageError."""
        with self.store.reader() as db:
            known = triage.models(db)
        if not known:
            raise TriageError(
                "the project has no predictions yet: `auditor mistakes import PROJECT FILE`"
            )
        if wanted is None and len(known) > 1:
            raise TriageError(f"there are several models: --model {' or '.join(known)}")
        if wanted is not None and wanted not in known:
            raise TriageError(f"there is no model {wanted}; known: {', '.join(known)}")
        return wanted or known[0]

    def models(self) -> list[str]:
        """Models whose predictions there are."""
        with self.store.reader() as db:
            return triage.models(db)

    def queue(self, model: str, *, guesses: bool = True) -> list[Mistake]:
        """Mistakes, those not judged first, the most certain leading."""
        with self.store.reader() as db:
            rows = triage.queue(db, model).to_pylist()
            made = self._guesses(db, model, rows) if guesses else {}
        return [_mistake(row, made.get(row["sample_id"])) for row in rows]

    def _guesses(
        self, db: Connection, model: str, rows: list[dict[str, object]]
    ) -> dict[int, Guess]:
        open_rows = [row for row in rows if row["verdict"] is None]
        table = triage.confusions(db, model).to_pylist()
        mixed = {(one["accepted"], one["predicted"]): one["count"] for one in table}
        ids = [int(str(row["sample_id"])) for row in open_rows]
        accepted = [list(_texts(row["labels"])) for row in open_rows]
        space = mistake_space.of(db, self.folder, ids, accepted)
        made = {
            i: guess(i, labels, str(row["predicted"]), mixed, space)
            for i, labels, row in zip(ids, accepted, open_rows, strict=True)
        }
        return {i: one for i, one in made.items() if one is not None}

    def judge(
        self, sample_id: int, predicted: str, word: Word | None, note: str | None = None
    ) -> int:
        """Judge one prediction, or with None take the judgement back; returns 1 if that is new.

        Right adds the predicted label to the sample's labels. Raises UnknownSampleError.
        """
        row = {"sample_id": sample_id, "label": predicted, **_columns(word), "note": note or None}
        rows = pa.Table.from_pylist([row], schema=triage.JUDGEMENT_SCHEMA)
        said = "nothing" if word is None else str(word.verdict)
        return self._write(rows, f"Judge prediction {predicted}: {said}")

    def _write(self, rows: pa.Table, title: str) -> int:
        step = triage.Judge(rows, title, self.reviewer)
        self.store.write(step).result()
        return step.judged

    def summary(self, model: str) -> MistakeCounts:
        """Counts over the model's mistakes."""
        return mistakes.count(one.word for one in self.queue(model, guesses=False))


def summary_of_file(path: Path) -> MistakeCounts:
    """Counts of a file of judged mistakes, without a project. Raises MistakeFileError."""
    return mistakes.count(one.word for one in files.read(path))


def _predicted(db: Connection, path: Path, classes: Sequence[str]) -> pa.Table:
    ids = samples.read(db)["sample_id"]
    (model,) = opened([path], len(ids), len(classes))
    code = model.guesses(np.ones(len(ids), np.int64))[:, 0]
    if len(code) and not (code.min() >= 0 and code.max() < len(classes)):
        raise TriageError(
            f"{path.name} has class {int(code.max())}, but there are {len(classes):,} classes"
            " from 0 on"
        )
    p = np.full(len(ids), np.nan, np.float32)
    for start in range(0, len(ids) if model.has_scores else 0, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(ids)))
        p[rows] = model.probabilities(rows).max(axis=1)
    labels = pa.array(classes, pa.string()).take(pa.array(code))
    scores = pa.array(p, pa.float32(), from_pandas=True)
    return pa.table(
        {"sample_id": ids, "label": labels, "p": scores}, schema=triage.PREDICTION_SCHEMA
    )


def _published(db: Connection, path: Path, classes: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """Predictions and judgements of a file of judged mistakes."""
    found = files.read(path)
    places = triage.places(db, [one.path for one in found])
    rows = []
    for one, ids in zip(found, places, strict=True):
        if len(ids) != 1:
            why = "no" if not ids else f"{len(ids):,} samples named"
            raise TriageError(
                f"{path.name}: the project has {why} {one.path}; nothing was taken in"
            )
        label = one.predicted if isinstance(one.predicted, str) else _named(path, one, classes)
        rows.append({"sample_id": ids[0], "label": label, **_columns(one.word)})
    predicted = pa.Table.from_pylist(rows, schema=triage.PREDICTION_SCHEMA)
    return predicted, pa.Table.from_pylist(rows, schema=triage.JUDGEMENT_SCHEMA)


def _named(path: Path, one: files.JudgedMistake, classes: Sequence[str]) -> str:
    code = int(one.predicted)
    if not 0 <= code < len(classes):
        raise TriageError(
            f"{path.name}, {one.path}: class {code} is none of {len(classes):,} classes; say by"
            " --classes FILE what the numbers mean"
        )
    return classes[code]


def _columns(word: Word | None) -> dict[str, str | None]:
    if word is None:
        return {"verdict": None, "category": None, "severity": None}
    return {"verdict": word.verdict, "category": word.category, "severity": word.severity}


def _texts(labels: object) -> tuple[str, ...]:
    return tuple(labels) if isinstance(labels, list) else ()


def _mistake(row: dict[str, object], made: Guess | None) -> Mistake:
    verdict, category, severity = row["verdict"], row["category"], row["severity"]
    word = None
    if verdict is not None:
        word = Word(
            Judged(str(verdict)),
            None if category is None else Category(str(category)),
            None if severity is None else Severity(str(severity)),
        )
    made_on, p = row["made_on"], row["p"]
    return Mistake(
        sample_id=int(str(row["sample_id"])),
        path=str(row["path"]),
        row=None if row["row"] is None else int(str(row["row"])),
        accepted=_texts(row["labels"]),
        predicted=str(row["predicted"]),
        p=float(p) if isinstance(p, float) else None,
        word=word,
        note=str(row["note"] or ""),
        reviewer=str(row["reviewer"] or ""),
        made_on=made_on.replace(tzinfo=UTC) if isinstance(made_on, datetime) else None,
        guess=made,
    )


__all__ = ["Category", "Guess", "Judged", "Mistake", "MistakeCounts", "Severity", "Triage", "Word"]
