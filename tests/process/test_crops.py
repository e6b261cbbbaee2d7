"""Pictures that show two things, from the files to the words, with the crops' features kept."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw

from auditor.ml.crops import LAYOUT
from auditor.model import Verdict
from auditor.session import AuditOptions, Session, planning
from tests.system import program

pytestmark = pytest.mark.process

EACH, TWO = 30, 3
FEW = {"multi_label": {"folds": 3}}
OPTIONS = AuditOptions(checks=["multi_label"], parameters=FEW, encoder="classic", device="cpu")


def shape(kind: str, rng: np.random.Generator) -> Image.Image:
    """A dark disc, or bright stripes, somewhere in the middle of a noisy square."""
    picture = Image.fromarray(rng.integers(90, 130, (32, 32, 3)).astype(np.uint8))
    draw, (x, y) = ImageDraw.Draw(picture), rng.integers(4, 8, 2)
    if kind == "disc":
        draw.ellipse((x, y, x + 20, y + 20), fill=(20, 20, 60))
    else:
        for line in range(0, 24, 6):
            draw.rectangle((x, y + line, x + 22, y + line + 2), fill=(240, 220, 60))
    return picture


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Discs and stripes; the first three of each class have the other one at their right."""
    root, rng = tmp_path_factory.mktemp("shapes"), np.random.default_rng(0)
    for kind, other in (("disc", "stripes"), ("stripes", "disc")):
        (root / kind).mkdir()
        for i in range(EACH):
            picture = shape(kind, rng)
            if i < TWO:
                pair = (np.asarray(picture), np.asarray(shape(other, rng)))
                picture = Image.fromarray(np.concatenate(pair, axis=1))
            picture.save(root / kind / f"{i:02}.png")
    return root


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    """Imported and audited from the command line."""
    folder = tmp_path_factory.mktemp("shapes") / "p.audit"
    program.ok("import", pictures, "-p", folder)
    with Session.open(folder, workers=1) as opened:
        before = planned(opened)
    assert (before["crops"].state, before["crops"].samples) == ("run", 2 * EACH)
    assert before["crops"].seconds == pytest.approx(2 * EACH * len(LAYOUT) / 243)
    program.ok(
        *("audit", folder, "--checks", "multi_label", "--set", "multi_label.folds=3"),
        *("--encoder", "classic", "--device", "cpu", "--workers", "1"),
    )
    return folder


@pytest.fixture
def session(project: Path) -> Iterator[Session]:
    with Session.open(project, workers=1) as opened:
        yield opened


def planned(session: Session, options: AuditOptions = OPTIONS) -> dict[str, planning.PlannedStage]:
    told = session.read(lambda db: planning.plan(db, options, workers=1))
    return {stage.name: stage for stage in told.stages}


def test_what_else_a_picture_shows_is_found_and_said_in_plain_words(project: Path) -> None:
    listed = json.loads(
        program.ok("findings", project, "--check", "multi_label", "--format", "json")
    )
    two = {f"{kind}/{i:02}.png" for kind in ("disc", "stripes") for i in range(TWO)}
    hits = [row for row in listed if row["path"] in two]
    assert len(hits) >= 2 * TWO - 2
    assert len(listed) - len(hits) <= 2
    assert all(set(json.loads(row["predicted_label"])) == {"disc", "stripes"} for row in hits)
    reason = next(row["reason"] for row in hits if row["given_label"] == "disc")
    assert "also shows: stripes (" in reason
    assert "the given label supports" in reason
    assert "also shows: stripes" in (project / "report.html").read_text("utf-8")


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_crops_are_embedded_once(session: Session) -> None:
    (file,) = session.folder.embeddings.glob("crops-*[!s].npy")
    assert np.load(file, mmap_mode="r").shape == (2 * EACH, 856 * len(LAYOUT))
    assert {stage.state for stage in planned(session).values()} == {"reuse"}
    other = planned(session, dataclasses.replace(OPTIONS, seed=1))
    assert (other["crops"].state, other["multi_label"].state) == ("reuse", "run")


def test_what_is_accepted_is_both_labels(project: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(project, tmp_path / "copy.audit"))
    with Session.open(copy, workers=1) as session:
        session.decide_by_rule("accept where flagged", "multi_label")
        first = session.findings("multi_label").to_pylist()[0]
    assert (first["verdict"], len(first["labels"])) == (Verdict.ACCEPT, 2)


def test_an_export_has_the_label_maps(session: Session, tmp_path: Path) -> None:
    session.export(tmp_path / "out", "copy")
    table = pq.read_table(tmp_path / "out" / "label_maps.parquet")
    classes = json.loads(table.schema.metadata[b"classes"])
    row = next(one for one in table.to_pylist() if one["path"] == "stripes/00.png")
    codes = np.reshape(row["codes"], (row["height"], row["width"], -1))
    assert codes.shape == (4, 4, 2)
    assert classes[codes[1, 0, 0]] == "stripes"
    assert classes[codes[1, 3, 0]] == "disc"
    assert "label_maps.parquet" in (tmp_path / "out" / "manifest.json").read_text()


def test_an_export_says_which_labels_survive_random_crops(session: Session, tmp_path: Path) -> None:
    session.export(tmp_path / "out", "copy")
    rows = {row["path"]: row for row in csv_rows(tmp_path / "out" / "crop_safety.csv")}
    assert len(rows) == 2 * EACH
    assert rows["stripes/00.png"]["label"] == "stripes"
    # Only their left half shows it; crops of the middle show both.
    two = [rows[f"{kind}/{i:02}.png"] for kind in ("disc", "stripes") for i in range(TWO)]
    assert all(0 < float(row["safe_share"]) < 1 for row in two)
    assert all(0.4 < float(row["support"]) < 0.75 for row in two)
    alone = [row for row in rows.values() if float(row["support"]) == 1]
    assert alone
    assert {float(row["safe_share"]) for row in alone} == {1.0}


def test_a_second_look_in_the_mirror_costs_as_much_as_the_first(
    project: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(project, tmp_path / "copy.audit"))
    options = dataclasses.replace(
        OPTIONS, parameters={"multi_label": {"folds": 3, "mirrored": True}}
    )
    with Session.open(copy, workers=1) as session:
        before = planned(session, options)
        assert "crops" not in before
        (end,) = session.audit(options)
        assert end.state == "done", end
        flagged = {row["path"] for row in session.findings("multi_label").to_pylist()}
        (file,) = session.folder.embeddings.glob("mirrored_crops-*[!s].npy")
        once = session.folder.embeddings / file.name.removeprefix("mirrored_")
        two, one = (np.load(path, mmap_mode="r") for path in (file, once))
    assert before["mirrored_crops"].seconds == pytest.approx(2 * 2 * EACH * len(LAYOUT) / 243)
    assert two.shape == one.shape
    assert not np.allclose(two, one)
    pairs = {f"{kind}/{i:02}.png" for kind in ("disc", "stripes") for i in range(TWO)}
    assert len(flagged & pairs) >= 2 * TWO - 2


def test_other_checks_do_not_pay_for_crops(session: Session) -> None:
    alone = AuditOptions(checks=["label_errors"], encoder="classic", device="cpu")
    assert "crops" not in planned(session, alone)
    assert "multi_label" not in planned(session, AuditOptions(encoder="classic", device="cpu"))
