"""The map, computed in a real worker and kept."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.neighbors import KNeighborsClassifier

from auditor.jobs.pool import CancelledError
from auditor.ml import layout
from auditor.session import Session
from auditor.session.folder import ProjectFolder
from auditor.session.mapping import MapError, MapPoints
from tests import label_world, tables

pytestmark = pytest.mark.process
CLASSES = 4
ROWS = 240


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as opened:
        tables.import_rows(opened.store, tables.samples(["a", "b", "c", "d"] * (ROWS // 4)))
        yield opened


def attach(session: Session, folder: Path, seed: int = 0) -> npt.NDArray[np.int64]:
    values, truth = label_world.blobs(ROWS, CLASSES, columns=12, apart=8.0, seed=seed)
    np.save(folder / "e.npy", values)
    session.attach("embedding", folder / "e.npy")
    return truth


def kept(session: Session) -> list[str]:
    return sorted(p.name for p in session.folder.embeddings.iterdir() if "map" in p.name)


def separated(xy: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> float:
    half = len(xy) // 2
    model = KNeighborsClassifier(3).fit(xy[:half], truth[:half])
    return float(model.score(xy[half:], truth[half:]))


def silent(done: int, total: int) -> None:
    """Nobody listens."""


def test_the_map_parts_what_the_features_part_and_is_kept(session: Session, tmp_path: Path) -> None:
    assert session.map_points() is None
    truth = attach(session, tmp_path)
    heard: list[tuple[str, int, int]] = []
    made = session.make_map(lambda *told: heard.append(told))
    assert made.sample_ids.tolist() == list(range(ROWS))
    assert made.xy.dtype == np.float32
    assert np.abs(made.xy).max() <= 1
    assert np.ptp(made.xy, axis=0).max() == pytest.approx(2)
    assert separated(made.xy, truth) > 0.95
    assert {stage for stage, _, _ in heard} == {"map"}
    assert len({done for _, done, _ in heard}) > 2
    again = session.map_points()
    assert isinstance(again, MapPoints)
    assert not again.stale
    np.testing.assert_array_equal(again.xy, made.xy)
    np.testing.assert_array_equal(session.make_map().xy, made.xy)
    assert len(kept(session)) == 1


def test_news_of_features_or_samples_make_it_stale_until_it_is_made_again(
    session: Session, tmp_path: Path
) -> None:
    attach(session, tmp_path)
    before = session.make_map()
    attach(session, tmp_path, seed=3)
    stale = session.map_points()
    assert stale
    assert stale.stale
    np.testing.assert_array_equal(stale.xy, before.xy)
    session.make_map()
    assert len(kept(session)) == 1
    tables.import_rows(session.store, tables.samples(["a"] * 100))
    less = session.map_points()
    assert less
    assert less.stale
    fresh = session.make_map()
    assert fresh.sample_ids.tolist() == list(range(100))
    assert not fresh.stale


def test_without_features_it_says_how_to_get_them(session: Session) -> None:
    with pytest.raises(MapError, match=r"label errors.*auditor attach"):
        session.make_map()
    assert session.map_points() is None


def test_cancelled_or_killed_half_way_it_leaves_nothing_half(
    session: Session, tmp_path: Path
) -> None:
    attach(session, tmp_path)

    def cancel(_stage: str, done: int, _total: int) -> None:
        if done > 0:
            session.cancel.set()

    with pytest.raises(CancelledError):
        session.make_map(cancel)
    assert kept(session) == []
    assert session.map_points() is None
    session.cancel.clear()

    def kill(_stage: str, done: int, total: int) -> None:
        if 0 < done < total:
            for pid in session._pool.pids:  # noqa: SLF001
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(MapError, match="memory"):
        session.make_map(kill)
    assert kept(session) == []
    assert session.map_points() is None
    assert session.make_map().sample_ids.tolist() == list(range(ROWS))
    assert threading.active_count() < 20


def test_what_was_not_fitted_lies_with_its_like() -> None:
    values, truth = label_world.blobs(600, CLASSES, columns=12, apart=8.0)
    rows = np.arange(600)[::-1].copy()
    xy = layout.lay_out(values, rows, seed=1, threads=1, report=silent, fitted=150)
    assert separated(xy, truth[rows]) > 0.95
    same = layout.lay_out(values, rows, seed=1, threads=2, report=silent, fitted=150)
    np.testing.assert_array_equal(xy, same)
    other = layout.lay_out(values, rows, seed=2, threads=1, report=silent, fitted=150)
    assert not np.array_equal(xy, other)


@pytest.mark.parametrize("rows", [1, 2, 19, 20, 25])
@pytest.mark.parametrize("columns", [1, 3])
def test_few_samples_and_samples_that_are_all_alike_have_a_map(rows: int, columns: int) -> None:
    draw = np.random.default_rng(0)
    for values in (draw.normal(size=(rows, columns)), np.ones((rows, columns))):
        xy = layout.lay_out(values, np.arange(rows), seed=0, threads=1, report=silent)
        assert xy.shape == (rows, 2)
        assert np.isfinite(xy).all()
        assert np.abs(xy).max() <= 1
