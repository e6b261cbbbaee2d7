from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from auditor.progress import silent
from auditor.session.attaching import ArrayError, Attached, Attacher
from auditor.session.folder import ProjectFolder
from auditor.store import arrays
from auditor.store.db import Store
from tests import tables

LABELS = ["a", "b"] * 60


@pytest.fixture
def attacher(tmp_path: Path) -> Any:
    folder = ProjectFolder(tmp_path / "x.audit")
    folder.make()
    store = Store(folder.database)
    tables.import_rows(store, tables.samples(LABELS))
    yield Attacher(store, folder, silent)
    store.close()


def attach(
    attacher: Attacher, name: str, rows: npt.NDArray[Any], order: Path | None = None
) -> Attached:
    path = attacher.folder.path / "mine.npy"
    np.save(path, rows)
    return attacher.attach(name, path, order)


def kept_rows(attacher: Attacher) -> npt.NDArray[Any]:
    with attacher.store.reader() as db:
        facts = arrays.attached(db, "pred_probs")
    assert facts
    rows: npt.NDArray[Any] = np.load(attacher.folder.embeddings / facts["file"])
    return rows


def probabilities() -> npt.NDArray[np.float32]:
    return np.array([[0.9, 0.1] if label == "a" else [0.1, 0.9] for label in LABELS], np.float32)


def test_a_good_array_is_copied_as_it_is(attacher: Attacher) -> None:
    taken = attach(attacher, "pred_probs", probabilities())
    assert taken.warning is None
    kept = kept_rows(attacher)
    assert (kept == probabilities()).all()


@pytest.mark.parametrize(
    ("name", "rows", "complaint"),
    [
        ("pred_probs", probabilities()[1:], "119 rows, the project 120"),
        ("pred_probs", np.ones((120, 3)) / 3, "3 columns, the project 2 classes"),
        ("pred_probs", np.full((120, 2), 0.6), "sums to 1.200, not 1, in row 0"),
        ("pred_probs", np.tile([1.5, -0.5], (120, 1)), "outside 0…1 in row 0"),
        ("embedding", np.full((120, 4), np.nan), "not a number in row 0"),
        ("embedding", np.ones(120), "1 dimensions"),
        ("embedding", np.array([["x"]] * 120), "not numbers"),
        ("embedding", np.array([[{}]] * 120, object), "not a NumPy .npy file of numbers"),
    ],
)
def test_an_array_that_does_not_fit_is_refused(
    attacher: Attacher, name: str, rows: npt.NDArray[Any], complaint: str
) -> None:
    with pytest.raises(ArrayError, match=complaint):
        attach(attacher, name, rows)
    assert list(attacher.folder.embeddings.iterdir()) == []


@pytest.mark.parametrize("name", ["pred_probs", "embedding"])
def test_rows_in_another_order_are_noticed(attacher: Attacher, name: str) -> None:
    shuffled = np.random.default_rng(1).permutation(probabilities())
    assert attach(attacher, name, probabilities()).warning is None
    warning = attach(attacher, name, shuffled).warning
    assert warning is not None
    assert "import order" in warning


def test_an_order_file_puts_the_rows_right(attacher: Attacher, tmp_path: Path) -> None:
    positions = np.random.default_rng(1).permutation(120)
    order = tmp_path / "order.txt"
    order.write_text("\n".join(f"{i}.png" if i % 2 else str(i) for i in positions))
    attach(attacher, "pred_probs", probabilities()[positions], order)
    kept = kept_rows(attacher)
    assert (kept == probabilities()).all()


def test_an_order_file_must_name_every_sample_once(attacher: Attacher, tmp_path: Path) -> None:
    order = tmp_path / "order.txt"
    order.write_text("\n".join(["0.png"] * 120))
    with pytest.raises(ArrayError, match="does not name sample 1"):
        attach(attacher, "pred_probs", probabilities(), order)
    order.write_text("\n".join(["nobody.png"] * 120))
    with pytest.raises(ArrayError, match="line 1"):
        attach(attacher, "pred_probs", probabilities(), order)


def test_an_order_file_has_a_line_per_row(attacher: Attacher, tmp_path: Path) -> None:
    order = tmp_path / "order.txt"
    order.write_text("\n".join(f"{i}.png" for i in range(120)) + "\n0.png")
    with pytest.raises(ArrayError, match="121 lines, the array 120 rows"):
        attach(attacher, "pred_probs", probabilities(), order)


@pytest.mark.parametrize("rows", ["present", "all", "ordered"])
def test_samples_that_left_the_source_need_no_row(
    attacher: Attacher, tmp_path: Path, rows: str
) -> None:
    tables.import_rows(attacher.store, tables.samples(LABELS).slice(20))
    given, order = probabilities(), None
    given[20:, 0] += np.arange(100) / 10_000
    if rows == "present":
        attach(attacher, "pred_probs", given[20:])
    elif rows == "all":
        attach(attacher, "pred_probs", given)
    else:
        order = tmp_path / "order.txt"
        order.write_text("\n".join(f"{i}.png" for i in range(119, 19, -1)))
        attach(attacher, "pred_probs", given[:19:-1], order)
    assert (kept_rows(attacher)[20:] == given[20:]).all()
    assert flaw(attacher) is None


def flaw(attacher: Attacher, name: str = "pred_probs") -> str | None:
    with attacher.store.reader() as db:
        return arrays.flaw(db, name)


def test_an_array_that_the_data_set_outgrew_is_named(attacher: Attacher) -> None:
    attach(attacher, "pred_probs", probabilities())
    tables.import_rows(attacher.store, tables.samples([*LABELS, "a"]))
    assert "no row for 1 samples" in (flaw(attacher) or "")
    more = np.vstack([probabilities(), probabilities()[:1]])
    attach(attacher, "pred_probs", more)
    assert flaw(attacher) is None
    tables.import_rows(attacher.store, tables.samples([*LABELS, "new"]))
    assert "2 columns, and the project now 3 classes" in (flaw(attacher) or "")


def test_a_sample_that_returns_after_the_array_came_is_lacking(attacher: Attacher) -> None:
    tables.import_rows(attacher.store, tables.samples(LABELS).slice(1))
    attach(attacher, "pred_probs", probabilities()[1:])
    tables.import_rows(attacher.store, tables.samples(LABELS))
    assert "no row for 1 samples" in (flaw(attacher) or "")


def test_a_new_array_takes_the_place_of_the_old_under_another_name(attacher: Attacher) -> None:
    attach(attacher, "pred_probs", probabilities())
    (first,) = attacher.folder.embeddings.iterdir()
    attach(attacher, "pred_probs", probabilities()[:, ::-1])
    (second,) = attacher.folder.embeddings.iterdir()
    assert first != second
