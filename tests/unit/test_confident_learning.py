from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cleanlab.count import compute_confident_joint, num_label_issues
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_normalized_margin_for_each_label

from auditor.ml import candidates
from auditor.ml import confident_learning as cl
from auditor.ml.rules import FILTERS


def quiet(done: int, total: int) -> None:
    """Reports to nobody."""


def noisy(
    rows: int, classes: int, dtype: type[Any], seed: int = 0
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    draw = np.random.default_rng(seed)
    table = draw.dirichlet(np.full(classes, 0.3), rows)
    labels = np.where(
        draw.random(rows) < 0.8, table.argmax(axis=1), draw.integers(0, classes, rows)
    )
    return table.astype(dtype), labels


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize(("rows", "classes"), [(2000, 7), (300, 40), (30, 2)])
def test_streaming_equals_cleanlab(
    dtype: type[Any], rows: int, classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_BLOCK_BYTES", 4 * classes * 17)  # blocks of 17 rows
    table, labels = noisy(rows, classes, dtype)
    whole = table.astype(np.float32) if dtype is np.float16 else table
    counts = cl.count(table, labels, None, quiet)
    joint = compute_confident_joint(labels, whole, calibrate=False)
    assert np.array_equal(counts.confident_joint, joint)
    assert np.array_equal(counts.calibrated_joint(labels), compute_confident_joint(labels, whole))
    assert counts.issues == num_label_issues(labels, whole)
    assert np.array_equal(
        counts.normalized_margin, get_normalized_margin_for_each_label(labels, whole)
    )
    expected = find_label_issues(labels, whole, filter_by="low_normalized_margin", n_jobs=1)
    assert np.array_equal(counts.lowest_margins(), expected)


def test_ties_and_equal_rows_are_counted_as_cleanlab_does() -> None:
    table = np.tile([0.4, 0.4, 0.2], (30, 1))
    table[::3] = [0.2, 0.4, 0.4]
    labels = np.arange(30) % 3
    counts = cl.count(table, labels, None, quiet)
    assert counts.issues == num_label_issues(labels, table)
    assert np.array_equal(
        counts.confident_joint, compute_confident_joint(labels, table, calibrate=False)
    )


def test_a_class_without_samples_gets_no_guesses() -> None:
    table, labels = noisy(200, 5, np.float32)
    labels[labels == 3] = 0
    counts = cl.count(table, labels, None, quiet)
    assert counts.confident_joint[:, 3].sum() == 1  # cleanlab's least diagonal
    assert counts.issues == num_label_issues(labels, table)


def test_chosen_rows_are_counted_like_a_table_of_their_own() -> None:
    table, labels = noisy(300, 4, np.float32)
    rows = np.random.default_rng(1).permutation(300)[:120]
    part = cl.count(table, labels[rows], rows, quiet)
    alone = cl.count(table[rows], labels[rows], None, quiet)
    assert part.issues == alone.issues
    assert np.array_equal(part.normalized_margin, alone.normalized_margin)


def test_memory_maps_are_read_in_blocks(tmp_path: Path) -> None:
    table, labels = noisy(500, 6, np.float16)
    np.save(tmp_path / "p.npy", table)
    mapped = np.load(tmp_path / "p.npy", mmap_mode="r")
    reports: list[tuple[int, int]] = []
    counts = cl.count(mapped, labels, None, lambda *at: reports.append(at))
    assert counts.issues == cl.count(table, labels, None, quiet).issues
    assert reports[-1][0] == reports[-1][1]


@pytest.mark.parametrize("rule", FILTERS)
def test_every_filter_is_cleanlabs_own(rule: str) -> None:
    table, labels = noisy(400, 5, np.float64)
    expected = find_label_issues(labels, table, filter_by=rule, n_jobs=1)
    assert np.array_equal(cl.flags(table, labels, rule), expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("spread", [0.02, 0.3, 30.0])
def test_the_likeliest_of_many_classes_suffice_or_the_rest_is_read(
    dtype: type[Any], spread: float
) -> None:
    draw = np.random.default_rng(0)
    table = draw.dirichlet(np.full(80, spread), 900).astype(dtype)
    labels = np.where(draw.random(900) < 0.8, table.argmax(axis=1), draw.integers(0, 80, 900))
    rows = draw.permutation(900)[:700]
    whole = table[rows].astype(np.float32) if dtype is np.float16 else table[rows]
    ranked = candidates.rank(table, labels[rows], rows, quiet)
    counts = cl.count(table, labels[rows], rows, quiet, ranked)
    joint = compute_confident_joint(labels[rows], whole, calibrate=False)
    assert np.array_equal(counts.confident_joint, joint)
    assert counts.issues == num_label_issues(labels[rows], whole)
    expected = find_label_issues(labels[rows], whole, filter_by="low_normalized_margin", n_jobs=1)
    assert np.array_equal(counts.lowest_margins(), expected)


def test_rows_that_tie_beyond_the_likeliest_are_read_whole() -> None:
    draw = np.random.default_rng(0)
    table = np.full((400, 60), 1 / 60, np.float32)
    table[::2] = draw.dirichlet(np.full(60, 0.1), 200)
    labels = draw.integers(0, 60, 400)
    ranked = candidates.rank(table, labels, None, quiet)
    few, all_read = (cl.count(table, labels, None, quiet, given) for given in (ranked, None))
    assert np.array_equal(few.best_other, all_read.best_other)
    assert np.array_equal(few.confident_joint, all_read.confident_joint)
    assert np.array_equal(few.off_diagonal, all_read.off_diagonal)
