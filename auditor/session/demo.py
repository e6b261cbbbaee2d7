"""The demo: a data set with known trouble, audited, fixed on a copy, and scored."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.formats.base import ImportOptions
from auditor.planting import plant, truth
from auditor.planting.demo import DEMO_PLANTINGS, compose_demo
from auditor.planting.scoring import is_planted
from auditor.progress import Progress
from auditor.report.result import Result, TruthRow
from auditor.session import AuditOptions, CheckEnd, Session, Wanted, scoring, understand
from auditor.session.folder import ProjectFolder
from auditor.store import review, samples

SURE = 0.9
"""Above this p_error the demo accepts the suggestion unseen."""

ANSWERER = "demo:digits"
"""A small model of our own, which has seen none of the demo's digits."""

_ASKING = "visual_language"
_FOUND_BY = {
    "flip_symmetric": "label_errors",
    "flip_pair": "label_errors",
    "truncated": "unreadable_images",
}
"""Of the planted kinds, those that a check looks for."""

Flags = npt.NDArray[np.bool_]


class NotOursError(ValueError):
    """The demo would overwrite something that it did not make."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the demo lives, below the folder it was asked to use."""

    images: Path

    @property
    def truth(self) -> Path:
        return truth.folder_beside(self.images)

    @property
    def project(self) -> ProjectFolder:
        return ProjectFolder(self.images.with_name(f"{self.images.name}.audit"))

    @property
    def cleaned(self) -> Path:
        return self.project.path / "cleaned"


def prepare(places: Places, seed: int, count: int, progress: Progress) -> None:
    """Compose the scenes and plant the trouble, in place of an earlier demo. Raises NotOursError."""
    _make_room(places)
    original = places.images.with_name(f"{places.images.name}.original")
    shutil.rmtree(original, ignore_errors=True)
    compose_demo(original, seed, count, lambda d, n: progress("composing scenes", d, n))
    plant.plant(
        original,
        places.images,
        DEMO_PLANTINGS,
        seed=seed,
        report=lambda d, n: progress("planting trouble", d, n),
    )
    shutil.rmtree(original)


def audit(session: Session, places: Places, seed: int, device: str) -> list[CheckEnd]:
    """Import the planted set, run every check, ask the model of digits, accept what is sure."""
    session.import_source(understand(places.images, ImportOptions(format="folder")))
    asked = {_ASKING: {"model": ANSWERER}}
    ended = session.audit(AuditOptions(seed=seed, device=device, parameters=asked))
    session.decide_by_rule(f"accept where p_error > {SURE}", "label_errors")
    session.decide_by_rule("exclude where reason is not null", "unreadable_images")
    return ended


def finish(session: Session, places: Places, ended: Sequence[CheckEnd]) -> Result:
    """Export the cleaned set, and report what was planted, found and fixed."""
    session.export(places.cleaned)
    known = truth.read(places.truth)
    rows = tuple(_rows(session, known))
    result, _ = session.report(
        places.project.path, Wanted(truth=rows, command="auditor demo"), ended
    )
    return result


def unlooked_for(places: Places) -> dict[str, int]:
    """Planted kinds that no check looks for yet, with their counts."""
    return {k: n for k, n in truth.read(places.truth).counts().items() if k not in _FOUND_BY}


def _make_room(places: Places) -> None:
    ours = (places.truth / "truth.parquet").is_file()
    for path in (places.images, places.project.path, places.truth):
        if path.exists() and not ours:
            raise NotOursError(
                f"{path} is there and is no earlier demo: give another place with -o"
            )
    for path in (places.images, places.project.path, places.truth):
        shutil.rmtree(path, ignore_errors=True)


def _rows(session: Session, known: truth.Truth) -> list[TruthRow]:
    table = session.read(samples.read)
    names = {*_FOUND_BY.values(), _ASKING}
    flagged = {c: scoring.judged(session, c, table)[1] for c in names if session.has_run(c)}
    fixed = _fixed(session, known, table)
    rows = [
        _row(kind, is_planted(table, known, [kind]), flagged[check], fixed)
        for kind, check in _FOUND_BY.items()
    ]
    flips = [kind for kind, check in _FOUND_BY.items() if check == "label_errors"]
    wrong = is_planted(table, known, flips)
    for kind, check in (
        ("all wrong labels", "label_errors"),
        (f"all wrong labels, by asking {ANSWERER} too", _ASKING),
    ):
        if check in flagged:
            rows.append(_row(kind, wrong, flagged[check], fixed, whole=True))
    return rows


def _row(
    kind: str, planted: Flags, flagged: Flags, fixed: Flags, *, whole: bool = False
) -> TruthRow:
    found, count = int((planted & flagged).sum()), int(planted.sum())
    alarms = int((flagged & ~planted).sum()) if whole else 0
    return TruthRow(
        kind=kind,
        planted=count,
        found=found,
        fixed=int((planted & fixed).sum()),
        false_alarms=alarms,
        precision=found / (found + alarms) if whole and found else None,
        recall=found / count if count else None,
    )


def _fixed(session: Session, known: truth.Truth, table: pa.Table) -> Flags:
    """Which samples now bear their true label, or are out."""
    true = {row["path"]: row["true_label"] for row in known.table.to_pylist()}
    current = session.read(review.label_lists)
    rows = zip(
        table["path"].to_pylist(),
        current["labels"].to_pylist(),
        current["verdict"].to_pylist(),
        strict=True,
    )
    return np.array(
        [v == "exclude" or (p in true and v and labels == [true[p]]) for p, labels, v in rows], bool
    )
