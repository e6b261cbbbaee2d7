"""Folds for cross-fitting: shuffled by a seeded hash, stratified by class, copies kept together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from auditor.ml.seeded import seeded_hash

Ints = npt.NDArray[np.int64]

NEAR = 3
"""Largest Hamming distance of two 64-bit perceptual hashes that counts as a near copy."""
_CHUNKS = 4  # NEAR + 1 chunks: two hashes within NEAR agree in at least one of them
_WINDOW = 32  # each hash is compared with so many followers in its bucket, however large that is
_FLAT = 8  # fewer set (or unset) bits than this: an image without texture, its hash says nothing


def near_copies(phash: npt.NDArray[np.uint64], radius: int = NEAR) -> Ints:
    """Pairs of rows (M, 2) whose perceptual hashes differ in at most `radius` <= 3 bits.

    Hashes are bucketed by each of four 16-bit chunks (pigeonhole principle), sorted within the
    bucket, and compared with the next 32 only, so the work is linear however large a bucket of
    blank images grows. Hashes of images without texture are left out: they collide by nature.
    """
    bits = np.bitwise_count(phash)
    rows = np.flatnonzero((bits >= _FLAT) & (bits <= 64 - _FLAT))
    pairs = [np.empty((0, 2), np.int64)]
    for chunk in range(_CHUNKS):
        # Rotating puts the chunk on top: one sort orders the buckets and their insides.
        shift = np.uint64(16 * chunk)
        turned = (phash[rows] << shift) | (phash[rows] >> (np.uint64(64) - shift) if chunk else 0)
        order = np.lexsort((rows, turned))
        turned, ranked = turned[order], rows[order]
        for step in range(1, min(_WINDOW, len(rows) - 1) + 1):
            differ = turned[step:] ^ turned[:-step]
            close = np.flatnonzero(
                (differ >> np.uint64(48) == 0) & (np.bitwise_count(differ) <= radius)
            )
            pairs.append(np.stack((ranked[close], ranked[close + step]), axis=1))
    return np.concatenate(pairs)


def sample_groups(
    rows: int,
    keys: Sequence[pa.Array | pa.ChunkedArray] = (),
    phash: pa.Array | pa.ChunkedArray | None = None,
) -> Ints:
    """Number (N int64) of each row's group: rows sharing any key, or near copies, are together.

    Args: keys: columns such as the group key and the pixel hash; null joins nothing.
    phash: 64-bit perceptual hashes, null where there is none.
    A cluster of near copies larger than 1 % of the rows (and than 10) is not believed, since it
    is a chain of low-texture images rather than one picture; its exact copies stay together.
    """
    pairs = [_same_key(column) for column in keys]
    if phash is not None:
        known = np.flatnonzero(phash.is_valid().to_numpy(zero_copy_only=False))
        hashes = pc.fill_null(phash, 0).to_numpy(zero_copy_only=False).astype(np.uint64)
        near = known[near_copies(hashes[known])]
        cluster = _components(rows, [near])
        small = np.bincount(cluster)[cluster] <= max(10, rows // 100)
        pairs.append(near[small[near[:, 0]]])
    return _components(rows, pairs)


def _same_key(column: pa.Array | pa.ChunkedArray) -> Ints:
    chunk = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    codes = pc.fill_null(chunk.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    same = (codes[order][1:] == codes[order][:-1]) & (codes[order][1:] >= 0)
    pairs: Ints = np.stack((order[:-1][same], order[1:][same]), axis=1)
    return pairs


def _components(rows: int, pairs: Sequence[Ints]) -> Ints:
    joined = np.concatenate([np.empty((0, 2), np.int64), *pairs])
    graph = coo_array((np.ones(len(joined), bool), (joined[:, 0], joined[:, 1])), (rows, rows))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def assign_folds(codes: Ints, groups: Ints, folds: int, seed: int, identity: Ints) -> Ints:
    """Fold (N int64, below `folds`) of each row; no group is in two folds.

    Each class is spread evenly: its counts per fold differ by at most one where rows are their
    own groups, and by about the largest group otherwise. Which row goes where depends on `seed`
    and `identity` (N integers, different for each row) alone, not on the order of the rows.
    """
    if not len(codes):
        return np.empty(0, np.int64)
    order = np.argsort(seeded_hash(identity, seed), kind="stable")
    codes, local = codes[order], np.unique(groups[order], return_inverse=True)[1]
    first = np.full(local.max() + 1, len(codes))
    np.minimum.at(first, local, np.arange(len(codes)))
    size = np.bincount(local)
    taken = np.zeros((codes.max() + 1, folds), np.int64)
    fold = np.full(len(codes), -1, np.int64)
    big = np.flatnonzero(size > 1)
    members = np.split(np.argsort(local, kind="stable"), np.cumsum(size)[:-1])
    for group in big[np.lexsort((first[big], -size[big]))]:
        counts = np.bincount(codes[members[group]], minlength=len(taken))
        # The fold where this group's main class is rarest; then the emptiest one.
        choice = np.lexsort((taken.sum(axis=0), taken[counts.argmax()]))[0]
        fold[members[group]] = choice
        taken[:, choice] += counts
    _spread_singles(codes, np.flatnonzero(fold < 0), fold, taken)
    answer = np.empty_like(fold)
    answer[order] = fold
    return answer


def _spread_singles(codes: Ints, singles: Ints, fold: Ints, taken: Ints) -> None:
    by_class = singles[np.argsort(codes[singles], kind="stable")]
    for rows in np.split(by_class, np.flatnonzero(np.diff(codes[by_class])) + 1):
        if not len(rows):
            continue
        have = taken[codes[rows[0]]]
        # Seats of every fold from its own height on; the lowest ones are filled first.
        emptiest = np.argsort(np.argsort(taken.sum(axis=0), kind="stable"))
        heights = np.concatenate([np.arange(h, h + len(rows)) for h in have])
        owners = np.repeat(np.arange(len(have)), len(rows))
        seats = owners[np.lexsort((emptiest[owners], heights))[: len(rows)]]
        fold[rows] = seats
        have += np.bincount(seats, minlength=len(have))
