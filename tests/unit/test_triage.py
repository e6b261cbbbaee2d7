"""Triage of a model's mistakes: judged once, undone like any decision, exported, and run again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from auditor.cli import run
from auditor.evaluate import slices
from auditor.evaluate.slices import SliceError
from auditor.formats.mistakes import MistakeFileError
from auditor.model import Verdict
from auditor.session import Session, triage_export
from auditor.session.folder import ProjectFolder
from auditor.session.triage import (
    Category,
    Judged,
    Severity,
    Triage,
    TriageError,
    Word,
    summary_of_file,
)
from auditor.store import review, samples, triage
from auditor.store.review import UnknownSampleError
from tests import project_world, tables
from tests.shared_data import shared

MAJOR = Word(Judged.WRONG, Category.SPURIOUS, Severity.MAJOR)
RIGHT = Word(Judged.RIGHT)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Twelve samples labelled a, b, c, a, b, c, …"""
    with project_world.session(tmp_path) as opened:
        yield opened


@pytest.fixture
def triaging(session: Session, tmp_path: Path) -> Triage:
    """The model "net" takes samples 0 (a for b), 4 (b for c) and 8 (c for a) wrong, 4 most surely."""
    scores = np.full((12, 3), 0.1, np.float32)
    scores[np.arange(12), [0, 1, 2] * 4] = 0.8
    for sample, code, p in ((0, 1, 0.5), (4, 2, 0.9), (8, 0, 0.6)):
        scores[sample] = (1 - p) / 2
        scores[sample, code] = p
    np.save(tmp_path / "net.npy", scores)
    made = Triage(session.store, session.folder, "ann")
    assert made.take_in(tmp_path / "net.npy").mistakes == 3
    return made


def labels(session: Session, sample: int) -> tuple[list[str], str | None]:
    row = session.read(review.label_lists).to_pylist()[sample]
    return row["labels"], row["verdict"]


def said(triaging: Triage) -> dict[int, Word | None]:
    return {one.sample_id: one.word for one in triaging.queue("net")}


def test_mistakes_come_the_most_certain_first_and_judged_ones_last(triaging: Triage) -> None:
    assert [one.sample_id for one in triaging.queue("net")] == [4, 8, 0]
    assert triaging.judge(4, "c", MAJOR, "the water") == 1
    first, _, last = triaging.queue("net")
    assert (first.sample_id, first.accepted, first.predicted) == (8, ("c",), "a")
    assert first.p == pytest.approx(0.6)
    assert (last.word, last.note, last.reviewer) == (MAJOR, "the water", "ann")
    assert triaging.judge(4, "c", MAJOR, "the water") == 0, "nothing new was said"


def test_right_adds_the_label_and_every_other_word_takes_it_away_again(
    triaging: Triage, session: Session
) -> None:
    session.decide_on(np.array([0]), Verdict.KEEP)
    triaging.judge(0, "b", RIGHT)
    assert labels(session, 0) == (["a", "b"], "relabel")
    assert said(triaging)[0] == RIGHT, "it stays in the list, though it is no mistake any more"
    triaging.judge(0, "b", MAJOR)
    assert labels(session, 0) == (["a"], "keep")


def test_a_label_decided_since_survives_a_change_of_mind(
    triaging: Triage, session: Session
) -> None:
    triaging.judge(0, "b", RIGHT)
    session.decide_on(np.array([0]), Verdict.RELABEL, labels=["b", "c"])
    triaging.judge(0, "b", Word(Judged.UNCLEAR))
    assert labels(session, 0) == (["c"], "relabel")


def test_undo_takes_back_word_and_label_and_redo_says_them_again(
    triaging: Triage, session: Session
) -> None:
    triaging.judge(0, "b", MAJOR)
    triaging.judge(0, "b", RIGHT)
    assert session.undo() == ("Judge prediction b: right", 1)
    assert (said(triaging)[0], labels(session, 0)) == (MAJOR, (["a"], None))
    session.undo()
    assert said(triaging)[0] is None
    session.redo()
    session.redo()
    assert (said(triaging)[0], labels(session, 0)) == (RIGHT, (["a", "b"], "relabel"))
    with session.store.reader() as db:
        kept = triage.history(db, 0).to_pylist()
    assert [one["verdict"] for one in kept] == ["wrong", "right", "wrong", None, "wrong", "right"]


def test_a_newer_file_of_a_model_counts_and_judgements_stay(
    triaging: Triage, session: Session, tmp_path: Path
) -> None:
    triaging.judge(4, "c", MAJOR)
    codes = np.array([0, 1, 2] * 4)
    codes[4] = 2
    np.save(tmp_path / "other.npy", codes)
    triaging.take_in(tmp_path / "other.npy", "net")
    assert said(triaging) == {4: MAJOR}
    assert triaging.queue("net")[0].p is None


def test_what_was_left_out_is_no_mistake(triaging: Triage, session: Session) -> None:
    session.decide_on(np.array([4]), Verdict.EXCLUDE)
    assert list(said(triaging)) == [8, 0]


def test_a_judgement_of_an_unknown_sample_is_refused_and_nothing_is_written(
    triaging: Triage, session: Session
) -> None:
    with pytest.raises(UnknownSampleError, match="no sample 99"):
        triaging.judge(99, "c", MAJOR)
    with session.store.reader() as db:
        assert not triage.history(db, 99).num_rows


def test_the_slice_of_major_errors_scores_nothing_for_its_model_and_all_for_one_that_learnt(
    triaging: Triage, session: Session, tmp_path: Path
) -> None:
    triaging.judge(4, "c", MAJOR)
    triaging.judge(8, "a", MAJOR)
    triaging.judge(0, "b", Word(Judged.WRONG, Category.FINE_GRAINED, Severity.MINOR))
    out = tmp_path / "net-M.json"
    assert triage_export.must_pass(triaging, out, "net") == 2
    np.save(tmp_path / "better.npy", np.array([0, 1, 2] * 4))
    names = tuple(session.read(samples.read)["path"].to_pylist())
    files = [tmp_path / "net.npy", tmp_path / "better.npy"]
    one, scores = triage_export.score_slice(out, names, 12, ("a", "b", "c"), files)
    assert (one.name, one.model) == ("p-M", "net")
    assert [(s.model, s.passed, s.samples) for s in scores] == [("net", 0, 2), ("better", 2, 2)]
    assert scores[0].failed == ("4.png", "8.png")
    moved = tuple(reversed(names))
    assert slices.rows(one, moved, 12).tolist() == [7, 3], "samples are found by their path"
    with pytest.raises(SliceError, match=r"4\.png is not among these samples"):
        slices.rows(one, names[:4], 4)


def test_an_unclear_label_passes_the_slice(triaging: Triage, tmp_path: Path) -> None:
    triaging.judge(4, "c", MAJOR)
    codes = np.array([0, 1, 2] * 4)
    codes[4] = 0
    np.save(tmp_path / "second.npy", codes)
    triaging.take_in(tmp_path / "second.npy")
    triaging.judge(4, "a", Word(Judged.UNCLEAR))
    out = tmp_path / "m.json"
    triage_export.must_pass(triaging, out, "net")
    _, (score,) = triage_export.score_slice(
        out, None, 12, ("a", "b", "c"), [tmp_path / "second.npy"]
    )
    assert score.passed == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no json", "is no JSON"),
        ("[]", "is no slice"),
        ('{"format": "dataset-auditor-slice", "version": 9}', "of version 9"),
        ('{"format": "dataset-auditor-slice", "version": 1}', "a part missing"),
    ],
)
def test_a_file_that_is_no_slice_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "s.json").write_text(text, encoding="utf-8")
    with pytest.raises(SliceError, match=why):
        slices.read(tmp_path / "s.json")


def test_a_slice_of_nothing_is_not_written(triaging: Triage, tmp_path: Path) -> None:
    with pytest.raises(TriageError, match="judged major"):
        triage_export.must_pass(triaging, tmp_path / "m.json", "net")
    assert not (tmp_path / "m.json").exists()


def test_a_broken_file_of_judged_mistakes_is_refused_by_name(
    triaging: Triage, tmp_path: Path
) -> None:
    path = tmp_path / "bad.json"
    one = {"top_prediction": 1, "failure category": "Bad luck", "failure severity": "Major"}
    path.write_text(json.dumps({"0.png": one}), encoding="utf-8")
    with pytest.raises(MistakeFileError, match=r"bad\.json, 0\.png"):
        triaging.take_in(path)
    one["failure category"] = "Spurious Correlation"
    path.write_text(json.dumps({"x.png": one}), encoding="utf-8")
    with pytest.raises(TriageError, match=r"has no x\.png; nothing was taken in"):
        triaging.take_in(path)
    assert triaging.models() == ["net"]


def test_corrected_label_sets_are_written(triaging: Triage, tmp_path: Path) -> None:
    triaging.judge(0, "b", RIGHT)
    triaging.judge(4, "c", Word(Judged.UNCLEAR))
    assert triage_export.labels(triaging.store, tmp_path / "l.json") == 12
    rows = json.loads((tmp_path / "l.json").read_text("utf-8"))
    assert rows[0] == {"path": "0.png", "row": None, "labels": ["a", "b"], "unclear": []}
    assert rows[4]["unclear"] == ["c"]


COUNTS = {
    "vit3b": (378, (241, 54, 0, 52, 30, 1), (154, 150, 74)),
    "greedy_soups": (249, (172, 26, 0, 32, 19, 0), (89, 111, 49)),
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_published_mistakes_are_counted_without_a_project(name: str) -> None:
    found = summary_of_file(shared(f"imagenet-mistakes/{name}_mistakes.json"))
    total, categories, severities = COUNTS[name]
    assert (found.mistakes, found.verdicts["wrong"]) == (total, total)
    assert tuple(found.categories.values()) == categories
    assert tuple(found.severities.values()) == severities


def test_the_published_mistakes_come_into_one_project_and_their_slices_score_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = json.loads(shared("reassessed-imagenet/imagenet_val_files.json").read_text("utf-8"))
    names = sorted(name.rsplit("/", 1)[-1] for name in names)
    sets = json.loads(shared("reassessed-imagenet/real.json").read_text("utf-8"))
    classes = [f"class {code}" for code in range(1000)]
    rows = tables.samples(["" for _ in names])
    named = [[classes[code] for code in codes] for codes in sets]
    for column, values in (("path", [f"val/{name}" for name in names]), ("labels", named)):
        place = rows.schema.get_field_index(column)
        rows = rows.set_column(place, rows.schema.field(column), [values])
    folder = ProjectFolder(tmp_path / "imagenet.audit")
    with Session(folder, workers=1) as session:
        tables.import_rows(session.store, rows, classes)
        triaging = Triage(session.store, session.folder, "published")
        for name, (total, categories, severities) in COUNTS.items():
            path = shared(f"imagenet-mistakes/{name}_mistakes.json")
            triaging.take_in(path, name)
            found = triaging.summary(name)
            assert (found.mistakes, found.open) == (total, 0)
            assert tuple(found.categories.values()) == categories
            assert tuple(found.severities.values()) == severities
    for name, (_, _, severities) in COUNTS.items():
        published = json.loads(shared(f"imagenet-mistakes/{name}_mistakes.json").read_text("utf-8"))
        codes = [codes[0] if codes else 0 for codes in sets]
        guesses = [
            published.get(name, {"top_prediction": code})["top_prediction"]
            for name, code in zip(names, codes, strict=True)
        ]
        np.save(tmp_path / f"{name}.npy", np.array(guesses))
        out = tmp_path / f"{name}-M.json"
        run(["mistakes", "export", str(folder.path), "--model", name, "--slice", str(out)])
        capsys.readouterr()
        files = ["--predictions", str(tmp_path / f"{name}.npy"), "--slice", str(out), "--json"]
        assert run(["evaluate", str(folder.path), *files]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [(one["passed"], one["samples"]) for one in found["models"]] == [(0, severities[0])]


def test_mistakes_are_taken_in_listed_judged_and_counted_by_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with project_world.session(tmp_path) as opened:
        project = str(opened.folder.path)
    np.save(tmp_path / "net.npy", np.array([1, 1, 2] * 4))
    assert run(["mistakes", "import", project, str(tmp_path / "net.npy"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mistakes"] == 4
    assert run(["mistakes", "list", project, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["mistakes"][0]
    judge = ["mistakes", "judge", project, "--sample", str(first["sample_id"])]
    assert run([*judge, "--verdict", "wrong", "--category", "oov", "--severity", "minor"]) == 0
    assert run([*judge, "--verdict", "nonsense"]) == 2
    capsys.readouterr()
    assert run(["mistakes", "summary", project, "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)
    assert (counts["open"], counts["categories"]["oov"]) == (3, 1)
    assert run(["undo", project]) == 0
    capsys.readouterr()
    run(["mistakes", "summary", project, "--json"])
    assert json.loads(capsys.readouterr().out)["open"] == 4
