from __future__ import annotations

import numpy as np
import pytest
import torch

from auditor.ml import knn


def brute_force(units: np.ndarray, groups: np.ndarray, k: int) -> list[list[int]]:
    similar = units @ units.T
    similar[groups[:, None] == groups[None]] = -np.inf
    return [
        [int(j) for j in np.argsort(-row, kind="stable")[:k] if row[j] > -np.inf] for row in similar
    ]


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_nearest_equals_brute_force_for_any_chunk(chunk: int) -> None:
    draw = np.random.default_rng(0)
    units = knn.unit_rows(draw.normal(size=(60, 5)))
    groups = np.arange(60) // 2
    found, cosine = knn.nearest(
        units, units, 4, query_groups=groups, reference_groups=groups, chunk=chunk
    )
    assert found.tolist() == brute_force(units.numpy().astype(np.float64), groups, 4)
    assert (np.diff(cosine, axis=1) <= 0).all()


def test_too_few_references_leave_minus_one() -> None:
    units = knn.unit_rows(np.eye(3))
    found, cosine = knn.nearest(
        units, units, 5, query_groups=np.arange(3), reference_groups=np.arange(3)
    )
    assert (found[:, 2:] == -1).all()
    assert (found[:, :2] >= 0).all()
    assert np.isneginf(cosine[:, 2:]).all()


def test_neighbours_of_a_class_are_of_that_class_and_not_copies() -> None:
    draw = np.random.default_rng(0)
    units = knn.unit_rows(draw.normal(size=(50, 4)))
    codes, groups = np.arange(50) % 3, np.arange(50) // 5
    rows, wanted = np.array([3, 8, 20]), np.array([0, 2, 0])
    found = knn.nearest_of_class(units, rows, wanted, codes, groups, 4)
    for row, code, near in zip(rows, wanted, found, strict=True):
        allowed = np.flatnonzero((codes == code) & (groups != groups[row]))
        best = allowed[np.argsort(-(units[allowed] @ units[row]).numpy())][:4]
        assert near.tolist() == best.tolist()


def test_a_chunk_too_large_for_the_memory_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = knn._block  # noqa: SLF001 - the seam where a device runs out of memory
    sizes: list[int] = []

    def short_of_memory(queries: torch.Tensor, target: torch.Tensor, block: slice, *rest: object):  # type: ignore[no-untyped-def]
        sizes.append(block.stop - block.start)
        if sizes[-1] > 3:
            raise torch.cuda.OutOfMemoryError
        return honest(queries, target, block, *rest)  # type: ignore[arg-type]

    units = knn.unit_rows(np.random.default_rng(0).normal(size=(10, 3)))
    expected, _ = knn.nearest(units, units, 2)
    monkeypatch.setattr(knn, "_block", short_of_memory)
    found, _ = knn.nearest(units, units, 2, chunk=8)
    assert np.array_equal(found, expected)
    assert sizes[:3] == [8, 4, 2]


def test_zero_rows_do_not_become_nan() -> None:
    assert torch.isfinite(knn.unit_rows(np.zeros((2, 3)))).all()
