"""Must hold: the demo's wrong labels are found by asking the model of digits that ships with us."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from auditor.ask.base import Question
from auditor.formats.base import ImportOptions
from auditor.planting import plant, truth
from auditor.planting.base import Planting
from auditor.planting.demo import compose_demo
from auditor.planting.scoring import is_planted
from auditor.session import AuditOptions, Session, scoring, understand
from auditor.session.folder import ProjectFolder
from auditor.store import samples

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

CHECK = "visual_language"
BAR = 0.02
"""Gain in area under the ROC curve. Told where it is not reached, not asserted."""
FLIPS = (Planting("flip_symmetric", 0.04), Planting("flip_pair", 0.10, {"classes": "3:8"}))
TRIGGERS = tuple(
    Planting(f"trigger_{name}", 0.01, {"target": "0"})
    for name in ("patch", "blend", "sinusoid", "warp")
)
# True or false whatever the digit is: as evidence for a label they are worth nothing.
EMPTY = ("Is the digit lighter than the background?", "Is the background dark?")


@pytest.fixture(params=[0, 1, 2], ids=lambda seed: f"seed{seed}")
def planted(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    original, out = tmp_path / "original", tmp_path / "demo"
    compose_demo(original, request.param, 2000)
    plant.plant(original, out, (*FLIPS, *TRIGGERS), seed=request.param)
    return out


def ask(session: Session, **values: object) -> None:
    options = AuditOptions(
        checks=[CHECK], parameters={CHECK: {"model": "demo:digits", **values}}, device="cpu"
    )
    (end,) = session.audit(options)
    assert end.state == "done", end


def test_flips_and_dirty_label_triggers_are_found_and_the_true_label_is_suggested(
    planted: Path,
) -> None:
    known = truth.read(truth.folder_beside(planted))
    kinds = [one.kind for one in (*FLIPS, *TRIGGERS)]
    with Session(ProjectFolder(planted.with_name("p.audit"))) as session:
        session.import_source(understand(planted, ImportOptions(format="folder")))
        ask(session)
        found = scoring.score(session, CHECK, truth_file=truth.folder_beside(planted), kinds=kinds)
        table = session.read(samples.read)
        wrong = is_planted(table, known, kinds)
        rows = session.findings(CHECK).to_pylist()
    true = {row["path"]: row["true_label"] for row in known.table.to_pylist()}
    hits = [row for row in rows if wrong[np.searchsorted(table["sample_id"], row["sample_id"])]]
    right = [row for row in hits if row["suggested"] == [true[row["path"]]]]
    share = len(right) / len(hits)
    print(
        f"\n{found.errors} wrong labels of {found.samples}: TPR {found.tpr}, FPR {found.fpr}, "
        f"AUROC {found.auroc}; suggested label right {share:.4f} of {len(hits)}"
    )
    assert found.tpr.value is not None
    assert found.fpr.value is not None
    assert found.tpr.value >= 0.97
    assert found.fpr.value <= 0.03
    assert share >= 0.93


@pytest.mark.parametrize("fault", ["says nothing", "wrong answer expected"])
def test_with_two_of_six_questions_unreliable_the_ratio_beats_the_vote(
    planted: Path, fault: str
) -> None:
    known = truth.read(truth.folder_beside(planted))
    with Session(ProjectFolder(planted.with_name("p.audit"))) as session:
        session.import_source(understand(planted, ImportOptions(format="folder")))
        session.interview.put(_spoilt(session.interview.from_templates(), fault))
        by_score = {}
        for score in ("vote", "likelihood"):
            ask(session, score=score)
            table = session.read(samples.read)
            quality, _ = scoring.judged(session, CHECK, table)
            wrong = is_planted(table, known, [one.kind for one in (*FLIPS, *TRIGGERS)])
            by_score[score] = roc_auc_score(wrong, -quality)
    gain = by_score["likelihood"] - by_score["vote"]
    print(f"\nAUROC with two of six questions unreliable ({fault}): {by_score}, gain {gain:.4f}")
    if gain < BAR:
        print(
            f"  the bar of {BAR} is not reached: the vote leaves {1 - by_score['vote']:.4f} to gain"
        )
    assert gain > 0


def _spoilt(bank: tuple[Question, ...], fault: str) -> list[Question]:
    """The first two questions of every class say nothing of it, or are marked the wrong way."""
    spoilt: list[Question] = []
    seen: dict[str, int] = {}
    for question in bank:
        place = seen[question.about] = seen.get(question.about, -1) + 1
        if place < len(EMPTY):
            question = (
                replace(question, text=EMPTY[place])
                if fault == "says nothing"
                else replace(question, expected="no")
            )
        spoilt.append(question)
    return spoilt
