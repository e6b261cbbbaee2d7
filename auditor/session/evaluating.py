"""Predictions measured by the labels of a project, or by a file of label sets alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from auditor.evaluate.accepted import Accepted
from auditor.evaluate.measures import Floats, Measures, credit, measure
from auditor.evaluate.predictions import Predictions
from auditor.evaluate.stability import Stability, stability
from auditor.model import Verdict, label_codes
from auditor.progress import Progress
from auditor.session import ballots
from auditor.session.votes import Voting
from auditor.store import project, review, samples

if TYPE_CHECKING:
    from auditor.ml.calibration import Calibration
    from auditor.session import Session

Ints = npt.NDArray[np.int64]

_EXAMINED = 4_000_000
"""So many probabilities are looked at to judge their calibration."""


class LabelSetError(ValueError):
    """A file holds no label sets."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What n samples were labelled with, and which labels are valid for them."""

    accepted: Accepted
    given: Ints | None
    """(n,) the label that came with each sample, -1 for none."""
    classes: tuple[str, ...] | None
    names: tuple[str, ...] | None
    """Paths of the samples."""

    @property
    def wrong(self) -> npt.NDArray[np.bool_] | None:
        """Samples whose given label is not valid, of those with both; else False."""
        if self.given is None:
            return None
        known = (self.given >= 0) & (self.accepted.count > 0)
        return known & ~self.accepted.holds(self.given)


@dataclass(frozen=True, slots=True)
class Evaluated:
    model: str
    measures: Measures
    calibration: Calibration | None
    """Of probabilities, on samples with just one valid label."""


def of_project(session: Session, votes: str | None = None) -> Labels:
    """Current labels as the valid ones, and those that came in; what was excluded has none.

    Args: votes: how to merge annotators' votes (ballots.METHODS); what they say together is then
    valid for the samples that were voted about. Labels outside the classes of the import cannot be
    predicted and are left out. Raises VotingError.
    """
    voted = {} if votes is None else _voted(session, votes)
    classes = session.read(project.classes)
    now, came = session.read(review.label_lists), session.read(samples.read)
    place = {name: code for code, name in enumerate(classes)}
    rows = zip(*(now[name].to_pylist() for name in ("sample_id", "labels", "verdict")), strict=True)
    accepted = Accepted.of(
        []
        if verdict == Verdict.EXCLUDE
        else [place[name] for name in voted.get(sample_id, labels or ()) if name in place]
        for sample_id, labels, verdict in rows
    )
    given = label_codes(came["labels"], classes)
    given[pc.list_value_length(came["labels"]).to_numpy() != 1] = -1
    return Labels(
        accepted,
        given if (given >= 0).any() else None,
        classes,
        tuple(came["path"].to_pylist()),
    )


def _voted(session: Session, method: str) -> dict[int, list[str]]:
    sets = ballots.label_sets(Voting(session.store, session.folder).merged(method))
    return dict(zip(sets["sample_id"].to_pylist(), sets["labels"].to_pylist(), strict=True))


def of_file(path: Path, order: Path | None = None, given: Path | None = None) -> Labels:
    """From JSON: a list with the valid codes of each sample, or an object of these by name.

    Args: order: JSON list of names, one for each row of the predictions; a plain list of label sets
    is then in the sorted order of these names. given: NPY of (n,) codes, row by row.
    Raises LabelSetError.
    """
    sets = _json(path)
    names = None if order is None else _names(order)
    if isinstance(sets, dict):
        names = names if names is not None else sorted(sets)
        missing = next((name for name in names if name not in sets), None)
        if missing is not None:
            raise LabelSetError(f"{path} has no labels for {missing!r} of {order}.")
        sets = [sets[name] for name in names]
    elif isinstance(sets, list) and names is not None:
        if len(sets) != len(names):
            raise LabelSetError(
                f"{path} has label sets of {len(sets):,} samples, but {order} names {len(names):,}."
            )
        rank = np.empty(len(names), np.int64)
        rank[np.argsort(np.array(names), kind="stable")] = np.arange(len(names))
        sets = [sets[place] for place in rank]
    if not isinstance(sets, list) or not all(_is_set(one) for one in sets):
        raise LabelSetError(f"{path} is no JSON list with a list of class numbers for each sample.")
    codes = None if given is None else _codes(given, len(sets))
    return Labels(Accepted.of(sets), codes, None, None if names is None else tuple(names))


def evaluate(
    labels: Labels, models: Sequence[Predictions], seed: int, report: Progress, mix: Floats | None
) -> tuple[list[Evaluated], Stability | None]:
    """Every model's measures, and whether wrong labels decide which one is best."""
    found: list[Evaluated] = []
    original, corrected = [], []
    for model in models:
        report("Evaluate", len(found), len(models))
        earned = credit(model.guesses(labels.accepted.count), labels.accepted, labels.given)
        original.append(earned.top1)
        corrected.append(earned.any_valid)
        measures = measure(earned, labels.accepted, seed, mix)
        found.append(Evaluated(model.name, measures, _calibration(model, labels, seed)))
    report("Evaluate", len(models), len(models))
    wrong = labels.wrong
    if wrong is None or len(found) < 2:
        return found, None
    both = ~np.isnan(corrected[0]) & ~np.isnan(original[0])
    names = [one.model for one in found]
    table = [np.stack(rows)[:, both] for rows in (original, corrected)]
    return found, stability(names, table[0], table[1], wrong[both], seed)


def _calibration(model: Predictions, labels: Labels, seed: int) -> Calibration | None:
    """On an evenly spaced part of the samples with one valid label."""
    if not model.has_scores:
        return None
    from auditor.ml.calibration import examine

    only = labels.accepted.only()
    rows = np.flatnonzero((only >= 0) & (only < model.array.shape[1]))
    if not len(rows):
        return None
    most = int(np.clip(_EXAMINED // model.array.shape[1], 2_000, 20_000))
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.int64))]
    return examine(model.probabilities(rows), only[rows], seed)


def _is_set(one: Any) -> bool:
    return isinstance(one, Sequence) and all(isinstance(code, int) and code >= 0 for code in one)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise LabelSetError(f"{path} is no JSON: {error}") from error


def _names(path: Path) -> list[str]:
    names = _json(path)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise LabelSetError(f"{path} is no JSON list of names.")
    if len(set(names)) != len(names):
        raise LabelSetError(f"{path} names a sample twice.")
    return names


def _codes(path: Path, count: int) -> Ints:
    try:
        codes = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise LabelSetError(f"{path} could not be read as a NumPy array: {error}") from error
    if codes.shape != (count,) or codes.dtype.kind not in "iu":
        raise LabelSetError(f"{path} does not hold one class number for each of {count:,} samples.")
    return np.asarray(codes, np.int64)
