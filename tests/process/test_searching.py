"""More like this, and search by text, through a real worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from auditor.formats.base import ImportOptions
from auditor.ml import encoders, likeness
from auditor.session import AuditOptions, Session, needs, similar, understand
from auditor.session.folder import ProjectFolder
from auditor.session.similar import SearchError
from tests import tables
from tests.system import program
from tests.unit.test_encoders_models import open_clip_folder

pytestmark = pytest.mark.process


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Thirty samples without images."""
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as opened:
        tables.import_rows(opened.store, tables.samples(["a", "b", "c"] * 10))
        yield opened


def attach(session: Session, folder: Path, values: np.ndarray) -> None:
    np.save(folder / "e.npy", values)
    session.attach("embedding", folder / "e.npy")


def directions(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(30, 6)).astype(np.float32)


def can(session: Session) -> tuple[bool, bool]:
    return session.read(similar.can_search), session.read(similar.can_search_text)


def test_like_is_exactly_the_order_of_the_cosines(session: Session, tmp_path: Path) -> None:
    values = directions() * np.linspace(0.1, 9, 30)[:, None].astype(np.float32)
    values[7] = 3 * values[2]  # a copy, that comes before it in no way but by the cosine
    values[11] = 0
    attach(session, tmp_path, values)
    assert can(session) == (True, False)
    found = session.searcher.like(7, limit=12)
    units = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
    expected = units @ units[7]
    assert found.sample_ids[0] == 7
    assert found.sample_ids[1] == 2
    assert found.sample_ids.tolist()[1:] == [i for i in np.argsort(-expected) if i != 7][:11]
    np.testing.assert_allclose(found.similarity, expected[found.sample_ids], atol=2e-3)
    everyone = session.searcher.like(7, limit=1000)
    assert sorted(everyone.sample_ids) == list(range(30))
    assert everyone.similarity[everyone.sample_ids == 11] == 0


def test_a_new_array_is_noticed_and_samples_that_left_are_not_found(
    session: Session, tmp_path: Path
) -> None:
    attach(session, tmp_path, directions(0))
    before = session.searcher.like(0).sample_ids
    attach(session, tmp_path, directions(1))
    after = session.searcher.like(0).sample_ids
    assert before.tolist() != after.tolist()
    tables.import_rows(session.store, tables.samples(["a", "b", "c"] * 8))
    assert sorted(session.searcher.like(0).sample_ids) == list(range(24))
    with pytest.raises(SearchError, match="run it again"):
        session.searcher.like(25)


def test_without_features_it_says_how_to_get_them(session: Session) -> None:
    assert can(session) == (False, False)
    with pytest.raises(SearchError, match=r"label errors.*auditor attach"):
        session.searcher.like(0)
    with pytest.raises(SearchError, match=r"label errors.*auditor attach"):
        session.searcher.text("a dog")


def test_samples_that_came_after_the_array_need_a_new_one(session: Session, tmp_path: Path) -> None:
    attach(session, tmp_path, directions())
    tables.import_rows(session.store, tables.samples(["a", "b", "c"] * 11))
    with pytest.raises(SearchError, match="3 samples that came later"):
        session.searcher.like(0)


def test_a_killed_worker_is_replaced_and_a_closed_search_says_so(
    session: Session, tmp_path: Path
) -> None:
    attach(session, tmp_path, directions())
    first = session.searcher.like(3)
    (pid,) = session.searcher._worker._pool.pids  # noqa: SLF001
    os.kill(pid, signal.SIGKILL)
    assert session.searcher.like(3).sample_ids.tolist() == first.sample_ids.tolist()
    session.searcher.close()
    with pytest.raises(SearchError, match="closed"):
        session.searcher.like(3)


def test_text_is_placed_among_the_images_by_the_encoder_of_the_audit(tmp_path: Path) -> None:
    model = f"open_clip:local-dir:{open_clip_folder(tmp_path / 'model')}"
    pictures = program.picture_folder(tmp_path / "pets", each=12)
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as session:
        session.import_source(understand(pictures, ImportOptions()))
        audit(session, "classic")
        assert can(session) == (True, False)
        with pytest.raises(SearchError, match="open_clip"):
            session.searcher.text("a dog")
        audit(session, model)
        assert can(session) == (True, True)
        found = session.searcher.text("a red dog", limit=5)
        encoder = encoders.load(model)
        assert isinstance(encoder, encoders.TextEncoder)
        key = needs.features_key({"id": encoder.id, "fingerprint": encoder.fingerprint})
        rows = np.load(needs.features(session.folder.embeddings, key).path)
        sentence = encoder.encode_text(["a red dog"])[0]
        cosine = likeness.cosines(rows, sentence, 1, lambda done, total: None)
        assert found.sample_ids.tolist() == np.argsort(-cosine, kind="stable")[:5].tolist()
        np.testing.assert_allclose(found.similarity, np.sort(cosine)[::-1][:5], atol=1e-4)
        assert session.searcher.like(4, limit=1).sample_ids.tolist() == [4]
        with pytest.raises(SearchError, match="write what to look for"):
            session.searcher.text("  ")


def audit(session: Session, encoder: str) -> None:
    options = AuditOptions(checks=["label_errors"], encoder=encoder, device="cpu")
    (end,) = session.audit(options)
    assert end.state == "done"


@pytest.mark.parametrize("limit", [0, 1, 3, 5, 99])
def test_nearest_takes_the_first_of_equals(limit: int) -> None:
    similarity = np.array([0.5, 0.9, 0.5, 0.1, 0.5], np.float32)
    assert likeness.nearest(similarity, limit).tolist() == [1, 0, 2, 4, 3][:limit]
