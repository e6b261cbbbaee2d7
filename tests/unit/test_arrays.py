from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from auditor.store.arrays import Features, row_hashes


def hashes(*texts: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([[t and t * 16 for t in texts]], pa.string())


def test_only_rows_of_new_or_changed_pixels_are_pending(tmp_path: Path) -> None:
    features = Features(tmp_path, "k")
    ids = np.arange(3)
    assert features.pending(hashes("a", "b", "c"), ids).tolist() == [0, 1, 2]
    features.prepare(3, 2)
    features.put(ids[:2], np.ones((2, 2)), hashes("a", "b"))
    assert features.pending(hashes("a", "b", "c"), ids).tolist() == [2]
    assert features.pending(hashes("a", "d", "c"), ids).tolist() == [1, 2]


def test_growing_keeps_the_rows_there_are(tmp_path: Path) -> None:
    features = Features(tmp_path, "k")
    features.prepare(2, 2)
    features.put(np.arange(2), np.array([[1, 2], [3, 4]]), hashes("a", "b"))
    features.prepare(3, 2)
    assert np.load(features.path).tolist() == [[1, 2], [3, 4], [0, 0]]
    assert features.pending(hashes("a", "b", "c"), np.arange(3)).tolist() == [2]


def test_rows_written_without_their_hash_are_computed_again(tmp_path: Path) -> None:
    """As after a process that died between the two writes."""
    features = Features(tmp_path, "k")
    features.prepare(1, 2)
    rows = np.load(features.path, mmap_mode="r+")
    rows[0] = 7
    assert features.pending(hashes("a"), np.arange(1)).tolist() == [0]


def test_hashes_do_not_vouch_for_features_that_are_gone(tmp_path: Path) -> None:
    features = Features(tmp_path, "k")
    features.prepare(1, 2)
    features.put(np.arange(1), np.ones((1, 2)), hashes("a"))
    features.path.unlink()
    features.prepare(1, 2)
    assert features.pending(hashes("a"), np.arange(1)).tolist() == [0]


def test_a_hash_is_64_bits_of_the_text_and_none_is_zero() -> None:
    made = row_hashes(pa.chunked_array([["0123456789abcdef" + "9" * 16, None], ["0" * 32]]))
    assert made.tolist() == [0x0123456789ABCDEF, 0, 1]
