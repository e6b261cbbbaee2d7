"""Audits through real workers: what is computed once, what makes a new run, and what is killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from auditor.checks import load, names
from auditor.formats.base import ImportOptions
from auditor.jobs.pool import CancelledError
from auditor.session import AuditOptions, CheckEnd, Session, understand
from auditor.session.folder import ProjectFolder
from auditor.store import arrays, runs
from auditor.store.db import Connection
from tests.process.test_kills import kill_when, start
from tests.system import program

pytestmark = pytest.mark.process

LABELS = "label_errors"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return program.picture_folder(tmp_path_factory.mktemp("source") / "pets", each=40)


@pytest.fixture
def session(tmp_path: Path, pictures: Path) -> Iterator[Session]:
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as opened:
        opened.import_source(understand(pictures, ImportOptions()))
        yield opened


def audit(session: Session, check: str = "unreadable_images", **options: object) -> CheckEnd:
    chosen = {"checks": [check], "encoder": "classic", **options}
    (end,) = session.audit(AuditOptions(**chosen))  # type: ignore[arg-type]
    return end


def attach(session: Session, folder: Path, name: str, seed: int = 0) -> None:
    values = np.random.default_rng(seed).dirichlet([1, 1], 80)
    np.save(folder / "a.npy", values)
    session.attach(name, folder / "a.npy")


def test_the_same_identity_is_reused_and_any_other_is_a_run_of_its_own(
    session: Session, tmp_path: Path
) -> None:
    attach(session, tmp_path, "pred_probs")
    attach(session, tmp_path, "embedding")
    assert audit(session, LABELS).state == "done"
    assert audit(session, LABELS).state == "reused"
    assert audit(session, LABELS, seed=1).state == "done"
    assert audit(session, LABELS, device="cpu").state == "done"
    assert audit(session, LABELS, parameters={LABELS: {"neighbours": 1}}).state == "done"
    attach(session, tmp_path, "pred_probs", seed=1)
    assert audit(session, LABELS).state == "done"
    attach(session, tmp_path, "embedding", seed=1)
    assert audit(session, LABELS).state == "done"
    assert audit(session, LABELS).state == "reused"


def test_what_is_reused_is_what_is_shown(session: Session, tmp_path: Path) -> None:
    attach(session, tmp_path, "pred_probs")
    audit(session, LABELS)
    audit(session, LABELS, seed=1)
    assert audit(session, LABELS).state == "reused"
    newest = session.read(lambda db: runs.latest(db, LABELS))
    assert newest
    assert newest.inputs["seed"] == 0


def test_an_array_that_the_data_set_outgrew_skips_the_check_with_a_sentence(
    session: Session, tmp_path: Path, pictures: Path
) -> None:
    attach(session, tmp_path, "pred_probs")
    grown = tmp_path / "pets"
    for file in pictures.rglob("*.png"):
        target = grown / file.relative_to(pictures)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    (grown / "cat" / "more.png").write_bytes((grown / "cat" / "1.png").read_bytes())
    session.import_source(understand(grown, ImportOptions()))
    end = audit(session, LABELS)
    assert end.state == "skipped"
    assert "no row for 1 samples" in (end.message or "")
    assert audit(session).state == "done"


def test_an_image_that_vanished_before_its_features_is_left_out_and_made_up_for(
    session: Session, tmp_path: Path, pictures: Path
) -> None:
    lost = pictures / "dog" / "7.png"
    lost.rename(tmp_path / "aside.png")
    try:
        assert audit(session, LABELS).state == "done"
        paths = session.findings(LABELS, only_flagged=False)["path"].to_pylist()
    finally:
        (tmp_path / "aside.png").rename(lost)
    assert len(paths) == 79
    assert "dog/7.png" not in paths
    assert audit(session, LABELS).state == "done"
    assert session.findings(LABELS, only_flagged=False).num_rows == 80


def test_a_data_set_that_lost_every_sample_is_audited(session: Session, tmp_path: Path) -> None:
    other = program.picture_folder(tmp_path / "other", each=1)
    for file in other.rglob("*.png"):
        file.write_bytes(b"")
    session.import_source(understand(other, ImportOptions()))
    ends = session.audit(AuditOptions(encoder="classic"))
    assert [end.check_id for end in ends] == unasked()
    assert {end.state for end in ends} == {"done"}
    assert session.findings("unreadable_images").num_rows == 2


def test_a_job_that_fails_leaves_its_traceback_in_the_log(session: Session) -> None:
    with pytest.raises(Exception, match="nowhere"):
        audit(session, LABELS, encoder="timm:nowhere")
    assert "Traceback" in (session.folder.logs / "auditor.log").read_text()
    assert audit(session).state == "done"


def test_a_cancelled_audit_goes_on_with_the_features_it_has(session: Session) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if stage.startswith("features") and done < total and done:
            session.cancel.set()

    session.progress = stop
    with pytest.raises(CancelledError):
        audit(session, LABELS)
    session.cancel.clear()
    told: list[int] = []
    session.progress = lambda stage, _done, total: (
        told.append(total) if stage.startswith("features") else None
    )
    assert audit(session, LABELS).state == "done"
    assert max(told) < 80


class _Killer:
    """Kills the session's worker once, as soon as features are being computed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.killed: list[int] = []

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage.startswith("features") and not self.killed and 0 < done < total:
            self.killed = self.session._pool.pids[:1]  # noqa: SLF001
            os.kill(self.killed[0], signal.SIGKILL)


def test_a_worker_killed_while_it_computes_features_costs_none_and_repeats_none(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[int] = []
    whole = arrays.Features.put

    def note(self: arrays.Features, ids: np.ndarray, *rest: object) -> None:
        put.extend(ids.tolist())
        whole(self, ids, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(arrays.Features, "put", note)
    killer = _Killer(session)
    session.progress = killer
    assert audit(session, LABELS).state == "done"
    assert killer.killed
    assert sorted(put) == list(range(80))
    assert session.findings(LABELS, only_flagged=False).num_rows == 80


@pytest.mark.parametrize("stage", ["features", "Label errors"])
def test_an_audit_whose_program_is_killed_goes_on(
    tmp_path: Path, pictures: Path, stage: str
) -> None:
    project = tmp_path / "p.audit"
    program.ok("import", pictures, "-p", project)
    command = ("audit", project, "--encoder", "classic", "--workers", "1")
    assert kill_when(start(*command), stage)
    ended = program.answer(*command)
    assert {c["status"] for c in ended["checks"]} <= {"ok", "info", "warning"}
    with Session.open(project) as session:
        assert session.findings(LABELS, only_flagged=False).num_rows == 80
        assert session.read(_doubled) == []
        assert session.read(_states) == [("done", len(unasked()))]
    assert json.loads((project / "result.json").read_text())["counts"]["samples"] == 80


def unasked() -> list[str]:
    """The checks of an audit that names none."""
    return [name for name in names() if not load(name).spec.on_request]


def _doubled(db: Connection) -> list[tuple[object, ...]]:
    return db.execute(
        "select run_id, sample_id from finding group by all having count(*) > 1"
    ).fetchall()


def _states(db: Connection) -> list[tuple[object, ...]]:
    return db.execute("select state, count(*) from run group by 1").fetchall()
