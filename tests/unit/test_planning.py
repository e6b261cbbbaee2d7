"""What an audit would do is what it then does; planned with nothing computed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from auditor import checks
from auditor.checks.base import ParameterError
from auditor.formats.base import ImportOptions
from auditor.ml.encoders import ModelMissingError
from auditor.model import FINDING_SCHEMA, MEDIA_SCHEMA, METRIC_SCHEMA
from auditor.session import AuditOptions, Session, needs, planning, rates, understand
from auditor.session.folder import ProjectFolder
from auditor.session.importing import SHARD
from auditor.session.planning import Plan, PlannedStage
from auditor.store import media, runs
from tests import project_world, tables
from tests.system import program

pytestmark = pytest.mark.process
LABELS, UNREADABLE = "label_errors", "unreadable_images"
EACH = 40
TOTAL = 2 * EACH
DONE_AS = {"run": "done", "reuse": "reused", "skip": "skipped"}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two classes of images, and a project of them that is not audited."""
    folder = tmp_path_factory.mktemp("planning")
    source = program.picture_folder(folder / "pets", each=EACH)
    with Session(ProjectFolder(folder / "p.audit"), workers=1) as opened:
        opened.import_source(understand(source, ImportOptions()))
    return folder


@pytest.fixture(scope="module")
def audited(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(imported, tmp_path_factory.mktemp("audited") / "copy"))
    with Session.open(folder / "p.audit", workers=1) as opened:
        told = check_that_the_audit_does_it(opened, asked())
    assert {(one.name, one.state) for one in told.stages} == {
        ("features", "run"),
        (LABELS, "run"),
        (UNREADABLE, "run"),
    }
    assert {one.samples for one in told.stages} == {TOTAL}
    return folder


@pytest.fixture
def session(imported: Path, tmp_path: Path) -> Iterator[Session]:
    """Imported and not audited."""
    yield from opened_copy(imported, tmp_path)


@pytest.fixture
def done(audited: Path, tmp_path: Path) -> Iterator[Session]:
    """Audited with every check."""
    yield from opened_copy(audited, tmp_path)


def opened_copy(folder: Path, target: Path) -> Iterator[Session]:
    shutil.copytree(folder, target, dirs_exist_ok=True)
    with Session.open(target / "p.audit", workers=1) as opened:
        opened.import_source(understand(target / "pets", ImportOptions()))
        yield opened


def asked(**options: Any) -> AuditOptions:
    return AuditOptions(**{"encoder": "classic", "device": "cpu", **options})


def planned(session: Session, options: AuditOptions, workers: int = 1) -> Plan:
    return session.read(lambda db: planning.plan(db, options, workers=workers))


def by_name(plan: Plan) -> dict[str, PlannedStage]:
    return {stage.name: stage for stage in plan.stages}


def check_that_the_audit_does_it(session: Session, options: AuditOptions) -> Plan:
    plan = planned(session, options)
    told = {s.name: DONE_AS[s.state] for s in plan.stages if s.name in checks.names()}
    assert {end.check_id: end.state for end in session.audit(options)} == told
    return plan


def test_what_was_run_is_reused(done: Session) -> None:
    again = check_that_the_audit_does_it(done, asked())
    assert {one.state for one in again.stages} == {"reuse"}
    assert again.seconds == 0


@pytest.mark.parametrize(
    "other", [{"seed": 3}, {"parameters": {LABELS: {"folds": 3}}}, {"device": "cuda:0"}]
)
def test_another_run_is_told_by_its_parameters_and_timed_by_the_last_one(
    done: Session, other: dict[str, Any]
) -> None:
    spent = done.read(planning.last_runs)
    stage = by_name(planned(done, asked(**other)))[LABELS]
    assert (stage.state, stage.basis) == ("run", "as long as it took here before")
    assert stage.seconds == pytest.approx(spent[LABELS]["seconds"])


def test_new_images_alone_are_embedded_and_the_checks_run_on_all(
    done: Session, tmp_path: Path
) -> None:
    for i in range(3):
        pixels = np.random.default_rng(i).integers(0, 99, (24, 32, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pets" / "cat" / f"new{i}.png")
    done.import_source(understand(tmp_path / "pets", ImportOptions()))
    more = by_name(check_that_the_audit_does_it(done, asked()))
    assert (more["features"].state, more["features"].samples) == ("run", 3)
    assert (more[LABELS].state, more[LABELS].samples) == ("run", TOTAL + 3)


def test_images_that_are_to_be_looked_at_again_come_first(done: Session) -> None:
    done.store.write(media.LookAgain([0, 1])).result()
    first, *others = planned(done, asked()).stages
    assert (first.name, first.state, first.samples) == ("scan", "run", 2)
    assert first.title == "looking at images"
    assert {one.state for one in others} == {"run"}


def test_an_attached_array_takes_the_place_of_features_and_skips_what_it_does_not_fit(
    session: Session, tmp_path: Path
) -> None:
    np.save(tmp_path / "p.npy", np.full((TOTAL, 2), 0.5))
    session.attach("pred_probs", tmp_path / "p.npy")
    assert set(by_name(planned(session, asked()))) == {LABELS, UNREADABLE}
    Image.new("RGB", (32, 24)).save(tmp_path / "pets" / "cat" / "new.png")
    session.import_source(understand(tmp_path / "pets", ImportOptions()))
    plan = check_that_the_audit_does_it(session, asked())
    assert "has no row for 1 sample" in by_name(plan)[LABELS].basis


def test_of_a_run_that_was_stopped_only_the_rest_is_planned(tmp_path: Path) -> None:
    rows = SHARD + 5
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as session:
        tables.import_rows(session.store, tables.samples(["a"] * rows))
        seen = pa.table({"sample_id": np.arange(rows), "reason": ["missing"] * rows})
        whole = pa.table(
            {
                f.name: seen[f.name] if f.name in seen.column_names else pa.nulls(rows, f.type)
                for f in MEDIA_SCHEMA
            }
        ).cast(MEDIA_SCHEMA)
        session.store.write(media.SaveMedia(whole, session.folder.thumbnails)).result()
        only = asked(checks=[UNREADABLE])
        ((spec, params),) = needs.chosen(only)
        identity = session.read(lambda db: needs.identity(db, spec, params, {}, only))
        run = runs.StartRun(identity)
        session.store.write(run).result()
        nothing = FINDING_SCHEMA.empty_table(), METRIC_SCHEMA.empty_table()
        session.store.write(runs.SaveShard(run.run_id, 0, *nothing)).result()
        session.store.write(runs.EndRun(run.run_id, "cancelled", 1.0)).result()
        (stage,) = planned(session, only).stages
        assert (stage.name, stage.state, stage.samples) == (UNREADABLE, "run", 5)


def test_the_start_of_workers_that_are_not_there_counts_and_is_learned(done: Session) -> None:
    other = asked(seed=3)
    cold = planned(done, other)
    warm = done.read(lambda db: planning.plan(db, other, workers=1, warm=True))
    assert warm.seconds is not None
    assert cold.seconds == pytest.approx(warm.seconds + cold.start)
    assert 0 < cold.start != rates.STARTS[True]


def test_before_it_is_learned_it_is_what_was_measured_elsewhere(session: Session) -> None:
    assert planned(session, asked()).start == rates.STARTS[True]
    assert planned(session, asked(checks=[UNREADABLE])).start == rates.STARTS[False]


def test_the_time_is_shared_among_workers_and_unknown_where_nothing_tells_it(
    session: Session,
) -> None:
    session.store.write(media.LookAgain(list(range(TOTAL)))).result()
    one, two = (by_name(planned(session, asked(), workers=n))["scan"] for n in (1, 2))
    assert one.seconds
    assert two.seconds == pytest.approx(one.seconds / 2)
    plan = Plan((one, PlannedStage("x", "X", 1, "run", None, "")))
    assert plan.seconds is None


def test_planning_computes_nothing_and_starts_nobody(session: Session) -> None:
    before, files = active_children(), sorted(session.folder.path.rglob("*"))
    planned(session, asked())
    assert active_children() == before
    assert sorted(session.folder.path.rglob("*")) == files


def test_what_the_audit_would_refuse_is_refused(session: Session) -> None:
    with pytest.raises(ModelMissingError, match="no such folder"):
        planned(session, asked(encoder="timm:local-dir:/nowhere"))
    with pytest.raises(ParameterError, match="no parameter"):
        planned(session, asked(parameters={LABELS: {"nonsense": 1}}))


def test_a_plan_loads_no_torch_whatever_the_encoder(session: Session) -> None:
    folder = session.folder.path
    session.close()
    code = (
        "import sys; from pathlib import Path\n"
        "from auditor.session import AuditOptions, Session, planning\n"
        "with Session.open(Path(sys.argv[1])) as s:\n"
        "    o = AuditOptions(encoder='open_clip:ViT-B-32/nobody_has_this')\n"
        "    s.read(lambda db: planning.plan(db, o, workers=1))\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, cwd=program.ROOT)


def test_every_check_is_there_with_its_form() -> None:
    found = {str(spec.id): spec for spec in planning.specs()}
    assert sorted(found) == checks.names()
    fields = {one.name: one for one in planning.form(found[LABELS])}
    assert fields["folds"] == planning.Parameter(
        "folds", int, 5, "Folds of the cross-fitted heads.", 2, 10, ()
    )
    assert fields["views"].choices == ("auto", "attached", "fitted", "both")
    assert planning.form(found[UNREADABLE]) == ()


def test_samples_that_could_not_be_read_are_listed_with_the_reason(
    session: Session, tmp_path: Path
) -> None:
    (tmp_path / "pets" / "dog" / "broken.png").write_bytes(b"words")
    session.import_source(understand(tmp_path / "pets", ImportOptions()))
    (failure,) = session.read(planning.failures)
    assert (failure.path, failure.row, failure.reason) == ("dog/broken.png", None, "not_an_image")
    assert failure.stage == "looking at images"
    assert "text" in failure.detail
    assert session.read(lambda db: planning.failures(db, limit=0)) == []


def test_the_last_run_of_each_check_is_told_with_its_flags_and_its_age(tmp_path: Path) -> None:
    with project_world.session(tmp_path) as session:
        run = session.read(planning.last_runs)[LABELS]
        assert (run["state"], run["flagged"], run["seconds"]) == ("done", 2, 1.0)
        assert run["stale"]  # of an older version of the check
        project_world.audit(session, version=checks.load(LABELS).spec.version)
        assert not session.read(planning.last_runs)[LABELS]["stale"]
        assert session.read(lambda db: planning.last_runs(db, [UNREADABLE])) == {}
