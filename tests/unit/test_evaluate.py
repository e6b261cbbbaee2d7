"""Predictions by label sets: the published counts, the definitions, and what bad files are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auditor.cli import run
from auditor.evaluate.accepted import Accepted
from auditor.evaluate.bootstrap import share, weighted
from auditor.evaluate.measures import credit, measure, mix_of
from auditor.evaluate.predictions import PredictionError, Predictions, opened
from auditor.evaluate.stability import crossing, stability
from auditor.ml import calibration
from auditor.model import Verdict
from auditor.session import ImportOptions, Session, evaluating, understand
from auditor.session.folder import ProjectFolder
from auditor.session.votes import Voting
from tests.shared_data import shared

NAMES = ("cat", "dog")
SETS = Accepted.of([[0], [1, 2], [], [0, 1, 3], [2]])


def test_the_published_figures_of_imagenet_come_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Beyer et al.'s label sets, and the predictions that Northcutt et al. published."""
    name = "reassessed-imagenet/imagenet_val_{}"
    code = run(
        [
            *("evaluate", str(shared("reassessed-imagenet/real.json")), "--json", "--no-progress"),
            *("--order", str(shared(name.format("files.json")))),
            *("--given", str(shared(name.format("given_labels.npy")))),
            *("--predictions", str(shared(name.format("predicted_labels.npy")))),
        ]
    )
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["with_valid_label"] == 46_837
    assert round(told["multi_label_share"], 3) == 0.159
    assert round(told["given_valid_share"], 3) == 0.900
    scores = told["models"][0]["measures"]
    assert round(scores["top1"]["value"], 4) == 0.7273
    assert round(scores["any_valid"]["value"], 4) == 0.7761
    by_k = [(g["top1"]["value"], g["variable_top_k"]["value"]) for g in scores["groups"][:5]]
    published = [(0.807, 0.803), (0.488, 0.642), (0.399, 0.607), (0.329, 0.589), (0.273, 0.553)]
    # 0.32847 was published as 0.329.
    assert np.abs(np.array(by_k) - published).max() < 6e-4


def test_each_measure_is_its_definition() -> None:
    guesses = np.array([[0, 1, 2], [2, 0, 1], [1, 0, 2], [3, 2, 0], [0, 2, 1]])
    earned = credit(guesses, SETS, np.array([0, 1, 1, 0, -1]))
    assert earned.top1.tolist()[:4] == [1, 0, 1, 0]
    assert np.isnan(earned.top1[4])
    assert earned.any_valid[[0, 1, 3, 4]].tolist() == [1, 1, 1, 0]
    assert earned.variable_top_k[[0, 1, 3, 4]] == pytest.approx([1, 1 / 2, 2 / 3, 0])
    assert np.isnan(earned.any_valid[2])
    found = measure(earned, SETS, 0, mix=np.array([0.0, 1.0]))
    assert [g.labels for g in found.groups] == [1, 2, 3]
    assert found.mean_over_k is not None
    assert found.mean_over_k.value == pytest.approx((1 / 2 + 1 / 2 + 2 / 3) / 3)
    assert found.reweighted is not None
    assert found.reweighted.value == 1.0
    assert mix_of(SETS) == pytest.approx([0.5, 0.25, 0.25])


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", ">f4"])
@pytest.mark.parametrize("by_column", [False, True])
def test_guesses_are_the_likeliest_classes_in_order(
    tmp_path: Path, kind: str, by_column: bool
) -> None:
    scores = np.random.default_rng(0).normal(size=(50, 7)).astype(kind)
    scores[1::4, 3:] = -np.inf
    wanted = np.arange(50) % 4
    np.save(tmp_path / "m.npy", np.asfortranarray(scores) if by_column else scores)
    (model,) = opened([tmp_path / "m.npy"], 50, 7)
    found = model.guesses(wanted)
    for row, count, guessed in zip(scores, wanted, found, strict=True):
        known = max(1, count)
        assert row[guessed[:known]].tolist() == np.sort(row)[::-1][:known].tolist()
        assert (guessed[known:] == -1).all()


def test_no_class_is_guessed_twice_where_the_rest_is_impossible() -> None:
    scores = np.array([[-np.inf, 5, -np.inf, -np.inf]], np.float32)
    found = Predictions("m", scores).guesses(np.array([4]))
    assert found[0, 0] == 1
    assert sorted(found[0]) == [0, 1, 2, 3]


def test_logits_count_as_the_probabilities_they_stand_for() -> None:
    logits = np.random.default_rng(0).normal(size=(40, 5)) * 3
    rows = np.arange(40)
    as_logits = Predictions("a", logits).probabilities(rows)
    as_shares = Predictions("b", calibration.softmax(logits)).probabilities(rows)
    assert as_logits == pytest.approx(as_shares)


def planted(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A model that learnt the noise and one that did not, on 4,000 labels of which 2 % are wrong."""
    truth = rng.integers(0, 10, 4000)
    given = np.where(np.arange(4000) % 50 == 0, (truth + 1) % 10, truth)
    wrong = given != truth
    chance = rng.random((2, 4000))
    fits = np.where(wrong, chance[0] < 0.2, chance[0] < 0.90)
    knows = np.where(wrong, chance[1] < 0.8, chance[1] < 0.87)
    codes = [np.where(right, truth, given + (given == truth) * 2) % 10 for right in (fits, knows)]
    return truth, given, np.stack(codes)


def test_models_whose_order_hangs_on_wrong_labels_cross_where_the_mix_says() -> None:
    truth, given, codes = planted(np.random.default_rng(0))
    accepted = Accepted.of([[int(code)] for code in truth])
    earned = [credit(one[:, None], accepted, given) for one in codes]
    found = stability(
        ["fits", "knows"],
        np.stack([one.top1 for one in earned]),
        np.stack([one.any_valid for one in earned]),
        given != truth,
        seed=0,
    )
    assert found is not None
    assert found.prevalence == pytest.approx(0.02)
    assert [name for name, _ in found.original] == ["fits", "knows"]
    assert found.is_same_order
    (one,) = found.crossovers
    assert (one.better_below, one.better_beyond) == ("fits", "knows")
    assert one.low <= one.prevalence <= one.high
    part = {each.model: each for each in found.parts}
    w = one.prevalence
    mixed = [
        (1 - w) * part[m].corrected_right + w * part[m].corrected_wrong for m in ("fits", "knows")
    ]
    assert mixed[0] == pytest.approx(mixed[1])
    assert 0.02 < w < 0.15


def test_a_gap_that_does_not_turn_round_never_crosses() -> None:
    right, wrong = np.array([0.1, -0.1, 0.03, -0.03]), np.array([0.2, -0.2, -0.6, 0.6])
    assert crossing(right, wrong) == pytest.approx([1, 0, 0.03 / 0.63, 0])


def test_a_project_is_measured_by_what_was_decided(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (8, 8), (i, 0, 0)).save(tmp_path / "set" / name / f"{i}.png")
    scores = np.eye(2, dtype=np.float32)[[0, 0, 1, 1, 1, 1]]
    np.save(tmp_path / "m.npy", scores)
    with Session(ProjectFolder(tmp_path / "p.audit")) as session:
        session.import_source(understand(tmp_path / "set", ImportOptions()))
        session.decide_on(np.array([2]), Verdict.RELABEL, labels=["dog"])
        session.decide_on(np.array([5]), Verdict.EXCLUDE)
        labels = evaluating.of_project(session)
        models = opened([tmp_path / "m.npy"], 6, 2)
        (found,), _ = evaluating.evaluate(labels, models, 0, lambda *_: None, None)
    assert labels.wrong is not None
    assert labels.wrong.tolist() == [False, False, True, False, False, False]
    assert found.measures.top1 is not None
    assert found.measures.top1.value == pytest.approx(5 / 6)
    assert found.measures.any_valid is not None
    assert (found.measures.any_valid.value, found.measures.any_valid.samples) == (1.0, 5)


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """A project of 200 samples of two classes, of which every tenth given label was found wrong."""
    for i in range(200):
        path = tmp_path / "set" / NAMES[i % 2 ^ (i % 10 == 0)] / f"{i:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2), (i, 0, 0)).save(path)
    with Session(ProjectFolder(tmp_path / "p.audit")) as session:
        session.import_source(understand(tmp_path / "set", ImportOptions()))
        for code, name in enumerate(NAMES):
            mended = [n for n, i in enumerate(numbers(session)) if i % 10 == 0 and i % 2 == code]
            if mended:
                session.decide_on(np.array(mended), Verdict.RELABEL, labels=[name])
        number = numbers(session)
    truth, wrong = number % 2, number % 10 == 0
    rank = np.cumsum(~wrong)
    fits = np.where(wrong | (rank % 20 == 0), 1 - truth, truth)
    knows = np.where(~wrong & (rank % 10 == 0), 1 - truth, truth)
    np.save(tmp_path / "fits.npy", fits)
    np.save(tmp_path / "knows.npy", knows)
    return tmp_path


def numbers(session: Session) -> np.ndarray:
    paths = evaluating.of_project(session).names or ()
    return np.array([int(Path(path).stem) for path in paths])


def test_the_order_of_two_models_turns_where_so_many_labels_are_wrong(
    noisy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On right labels 0.95 and 0.90 are right, on wrong ones none and all: 1 in 21 decides."""
    files = [str(noisy / "fits.npy"), str(noisy / "knows.npy")]
    command = ["evaluate", str(noisy / "p.audit"), "--no-progress", "--json", "--predictions"]

    def orders() -> tuple[dict[str, Any], list[str], list[str]]:
        assert run([*command, *files]) == 0
        found = json.loads(capsys.readouterr().out)["stability"]
        ranked = [[name for name, _ in found[key]] for key in ("original", "corrected")]
        return found, ranked[0], ranked[1]

    found, original, corrected = orders()
    assert found["prevalence"] == pytest.approx(0.1)
    assert (original, corrected) == (["fits", "knows"], ["knows", "fits"])
    (one,) = found["crossovers"]
    assert (one["better_below"], one["better_beyond"]) == ("fits", "knows")
    assert one["prevalence"] == pytest.approx(0.05 / 1.05)
    assert one["low"] < one["prevalence"] < one["high"] < 0.12
    with Session(ProjectFolder(noisy / "p.audit")) as session:
        mended = np.flatnonzero(numbers(session) % 10 == 0)
        session.decide_on(mended[:16], Verdict.EXCLUDE)
    found, original, corrected = orders()
    assert found["prevalence"] == pytest.approx(4 / 184)
    assert original == corrected == ["fits", "knows"]


def test_votes_can_say_which_labels_are_valid(noisy: Path) -> None:
    with Session(ProjectFolder(noisy / "p.audit")) as session:
        path = (evaluating.of_project(session).names or ())[0]
        said = [f"{path},{name},yes,{who}" for name in NAMES for who in ("ann", "bob")]
        (noisy / "v.csv").write_text("\n".join(["path,label,answer,annotator", *said]))
        Voting(session.store, session.folder).take_in(noisy / "v.csv")
        before = evaluating.of_project(session).accepted.count
        voted = evaluating.of_project(session, "majority").accepted.count
    assert (before[0], voted[0]) == (1, 2)
    assert (voted[1:] == before[1:]).all()


def test_an_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(200):
        found = share(rng.choice([0.0, 0.5, 1.0], 150, p=[0.2, 0.3, 0.5]), seed)
        assert found is not None
        hits += found.low <= 0.65 <= found.high
    assert 180 <= hits <= 199


def test_parts_of_a_mean_are_weighed_as_asked() -> None:
    parts = [np.array([1.0, 0.0]), np.ones(10)]
    found = weighted(parts, np.array([3.0, 1.0]), 0)
    assert found is not None
    assert found.value == pytest.approx(0.625)
    assert (found.low, found.high) == (0.25, 1.0)
    assert weighted(parts, np.zeros(2), 0) is None


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros(4, np.int64), "4 rows, but there are 5 samples"),
        (np.zeros((5, 3)), "3 columns, but there are 4 classes"),
        (np.zeros(5), "not a class: float64"),
        (np.zeros((5, 4), np.int64), "where scores were expected"),
        (np.zeros((5, 2, 2)), "neither one class nor one row"),
        (np.array([0, 1, 2, 3, 4]), "predicts class 4, but there are 4"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(
    tmp_path: Path, array: np.ndarray, said: str
) -> None:
    np.save(tmp_path / "m.npy", array)
    with pytest.raises(PredictionError, match=said):
        list(opened([tmp_path / "m.npy"], 5, 4))


@pytest.mark.parametrize("kind", ["float16", "float32"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_score_that_is_no_number_is_named(kind: str, sign: int) -> None:
    scores = np.random.default_rng(0).normal(size=(5, 4)).astype(kind)
    scores[3, 2] = np.copysign(np.nan, sign)
    with pytest.raises(PredictionError, match="not a number in row 3"):
        Predictions("m", scores).guesses(np.ones(5, np.int64))
    scores[3, 2] = -np.inf
    assert Predictions("m", scores).guesses(np.ones(5, np.int64)).shape == (5, 1)


def test_what_is_no_file_of_label_sets_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sets.json").write_text('[["cat"], [1]]')
    np.save(tmp_path / "m.npy", np.zeros(2, np.int64))
    sets, predictions = str(tmp_path / "sets.json"), str(tmp_path / "m.npy")
    assert run(["evaluate", sets, "--predictions", predictions]) == 2
    assert "no JSON list with a list of class numbers" in capsys.readouterr().err
    assert run(["evaluate", sets]) == 2
    assert "at least one file of predictions" in capsys.readouterr().err


def test_sets_by_name_are_taken_in_the_order_asked_for(tmp_path: Path) -> None:
    (tmp_path / "sets.json").write_text('{"a": [1], "b": [0, 2], "c": []}')
    (tmp_path / "order.json").write_text('["c", "b"]')
    found = evaluating.of_file(tmp_path / "sets.json", tmp_path / "order.json")
    assert found.accepted.count.tolist() == [0, 2]
    (tmp_path / "order.json").write_text('["c", "d"]')
    with pytest.raises(evaluating.LabelSetError, match="no labels for 'd'"):
        evaluating.of_file(tmp_path / "sets.json", tmp_path / "order.json")
