from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.ml.folds import assign_folds, near_copies, sample_groups
from auditor.ml.seeded import seeded_hash

SETS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=1, max_size=80)


@settings(max_examples=60)
@given(SETS, st.integers(1, 6), st.integers(0, 5))
def test_no_group_is_in_two_folds(rows: list[tuple[int, int]], folds: int, seed: int) -> None:
    codes, groups = (np.array(column) for column in zip(*rows, strict=True))
    fold = assign_folds(codes, groups, folds, seed, np.arange(len(rows)))
    assert fold.min() >= 0
    assert fold.max() < folds
    assert all(len(set(fold[groups == g])) == 1 for g in set(groups))


@settings(max_examples=60)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=90), st.integers(1, 6))
def test_each_class_is_spread_within_one(codes: list[int], folds: int) -> None:
    rows = np.arange(len(codes))
    fold = assign_folds(np.array(codes), rows, folds, 0, rows)
    for code in set(codes):
        counts = np.bincount(fold[np.array(codes) == code], minlength=folds)
        assert counts.max() - counts.min() <= 1


@settings(max_examples=40)
@given(SETS, st.randoms(use_true_random=False))
def test_row_order_does_not_matter(rows: list[tuple[int, int]], chance: object) -> None:
    codes, groups = (np.array(column) for column in zip(*rows, strict=True))
    identity = np.arange(len(rows)) * 7 + 3
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    fold = assign_folds(codes, groups, 3, 1, identity)
    moved = assign_folds(codes[order], groups[order], 3, 1, identity[order])
    assert np.array_equal(moved, fold[order])


def test_another_seed_gives_other_folds() -> None:
    rows = np.arange(200)
    one, two = (assign_folds(rows % 4, rows, 5, seed, rows) for seed in (0, 1))
    assert (one != two).mean() > 0.5


def test_folds_do_not_follow_the_class_order_of_the_rows() -> None:
    rows = np.arange(1000)
    fold = assign_folds(rows // 100, rows, 5, 0, rows)
    # Neighbouring rows of one class are in the same fold one time in five.
    assert 0.1 < (fold[1:] == fold[:-1]).mean() < 0.3


def test_hash_depends_on_seed_and_identity() -> None:
    assert len(set(seeded_hash(np.arange(10_000), 0).tolist())) == 10_000
    assert (seeded_hash(np.arange(100), 0) != seeded_hash(np.arange(100), 1)).all()


def test_every_pair_within_three_bits_is_found() -> None:
    draw = np.random.default_rng(0)
    base = draw.integers(0, 2**63, 300, dtype=np.uint64)
    flips = np.zeros(300, np.uint64)
    for _ in range(3):
        flips ^= np.uint64(1) << draw.integers(0, 64, 300).astype(np.uint64)
    hashes = np.concatenate([base, base ^ flips])
    found = {tuple(sorted(pair)) for pair in near_copies(hashes).tolist()}
    assert {(i, i + 300) for i in range(300)} <= found


def test_pairs_further_than_three_bits_are_not_copies() -> None:
    base = np.uint64(0x0123456789ABCDEF)
    assert not len(near_copies(np.array([base, base ^ np.uint64(0b1111)])))


def test_hashes_of_images_without_texture_join_nothing() -> None:
    assert not len(near_copies(np.array([1, 1, 1, 3], np.uint64)))


def test_shared_keys_and_near_copies_chain_into_one_group() -> None:
    phash = pa.array([0x0123456789ABCDEF, 0x0123456789ABCDEE, None, None, None], pa.uint64())
    patient = pa.array([None, "p", "p", None, None])
    groups = sample_groups(5, [patient], phash)
    assert groups[0] == groups[1] == groups[2]
    assert len({*groups.tolist()}) == 3


def test_a_giant_cluster_of_look_alikes_is_not_believed() -> None:
    rows = 40
    phash = pa.array([0x0123456789ABCDEF] * rows, pa.uint64())
    assert len(set(sample_groups(rows, (), phash).tolist())) == rows
    exact = pa.array(["same"] * rows)
    assert len(set(sample_groups(rows, [exact], phash).tolist())) == 1
