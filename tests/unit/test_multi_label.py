"""Further labels of pictures that carry one: found, placed, said in words, and not made up."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
import torch

from auditor.checks.base import Cancelled
from auditor.checks.labels.multi_label import CHECK, Params
from auditor.ml import crops, label_maps, proposals
from auditor.ml.crops import HALVES, LAYOUT, WINDOWS
from auditor.ml.cross_fit import cross_fit
from auditor.ml.heads import Data, Gaussian
from auditor.report import words
from tests import crop_world, label_world

NAMES = crop_world.NAMES


def test_a_second_thing_is_found_named_and_placed() -> None:
    seen, left, right = crop_world.side_by_side(400, 0.1)
    two = left != right
    found = crop_world.run({"crops": seen}, left).findings
    quality = found["quality"].to_numpy()
    assert two[np.argsort(quality, kind="stable")[:40]].mean() >= 0.9
    flagged = np.array(found["flagged"].to_pylist())
    assert flagged[two].mean() >= 0.8
    assert flagged[~two].mean() <= 0.02
    rows = np.flatnonzero(flagged & two)
    told = [json.loads(found["evidence"][int(i)].as_py()) for i in rows]
    assert np.mean([one["also"][0][0] == NAMES[right[i]] for i, one in zip(rows, told)]) >= 0.95  # noqa: B905
    assert np.mean([one["boxes"][0][0] >= 0.5 for one in told]) >= 0.95
    suggested = found["suggested"].to_pylist()
    assert all(suggested[i][0] == NAMES[left[i]] for i in rows)
    assert all(suggested[i] is None for i in np.flatnonzero(~flagged))


def test_the_label_map_and_the_support_tell_the_halves_apart() -> None:
    seen, left, right = crop_world.side_by_side(400, 0.1)
    found = crop_world.run({"crops": seen}, left).findings
    evidence = [json.loads(text) for text in found["evidence"].to_pylist()]
    two = np.flatnonzero(left != right)
    halves, support = [], []
    for i in (i for i in two if "map" in evidence[i]):
        names, cells = evidence[i]["map"]["classes"], np.array(evidence[i]["map"]["cells"])
        assert cells.shape == (4, 4, 2 * min(5, len(NAMES)))
        best = np.array(names)[cells[:, :, 0]]
        halves.append(
            (best[:, 3] == NAMES[right[i]]).all() and (best[:, 0] == NAMES[left[i]]).all()
        )
        support.append(evidence[i]["support"])
    assert np.mean(halves) >= 0.9
    assert 0.3 <= np.mean(support) <= 0.7
    alone = [evidence[i]["support"] for i in np.flatnonzero(left == right)]
    assert np.mean(alone) >= 0.95


def test_pictures_of_one_thing_get_no_further_label() -> None:
    seen, left, _ = crop_world.side_by_side(400, 0)
    outcome = crop_world.run({"crops": seen}, left)
    assert sum(outcome.findings["flagged"].to_pylist()) <= 4
    numbers = {row["name"]: row for row in outcome.metrics.to_pylist() if row["scope"] == "set"}
    assert numbers["multi_label_share"]["value"] <= 0.02


def test_the_share_and_the_pairs_are_estimated() -> None:
    seen, left, right = crop_world.side_by_side(1000, 0.2)
    rows = crop_world.run({"crops": seen}, left).metrics.to_pylist()
    share = next(r for r in rows if (r["scope"], r["name"]) == ("set", "multi_label_share"))
    assert share["low"] <= share["value"] <= share["high"]
    assert abs(share["value"] - 0.2) <= 0.04
    pairs = {tuple(json.loads(r["key"])): r["value"] for r in rows if r["scope"] == "pair"}
    truth = ((left == 0) & (right == 1)).sum()
    assert abs(pairs["ant", "bee"] - truth) <= 0.3 * truth + 1
    classes = {r["key"] for r in rows if (r["scope"], r["name"]) == ("class", "multi_label_share")}
    assert classes == set(NAMES)


def test_a_cancel_is_heard_at_every_stage() -> None:
    seen, left, _ = crop_world.side_by_side(120, 0.1)
    table = label_world.samples([NAMES[k] for k in left])
    world = label_world.World(NAMES, {"crops": seen}, Params())  # type: ignore[arg-type]
    CHECK.run(table, world)  # type: ignore[arg-type]
    for after in np.linspace(0, len(world.reports) - 1, 4).astype(int):
        stopped = label_world.World(NAMES, {"crops": seen}, Params(), cancel_after=int(after))  # type: ignore[arg-type]
        with pytest.raises(Cancelled):
            CHECK.run(table, stopped)  # type: ignore[arg-type]


def test_probabilities_alone_propose_what_shares_them() -> None:
    given = np.arange(100) % 5
    table = np.full((100, 5), 0.02, np.float16)
    table[np.arange(100), given] = 0.92
    table[7] = [0.02, 0.02, 0.48, 0.46, 0.02]  # a cow, and a dog
    table[8] = [0.02, 0.02, 0.02, 0.02, 0.92]  # no dog but an eel: a wrong label, not a further one
    found = crop_world.run({"pred_probs": table}, given).findings
    assert np.flatnonzero(found["flagged"].to_pylist()).tolist() == [7]
    assert found["suggested"][7].as_py() == ["cow", "dog"]
    ((name, score, place),) = json.loads(found["evidence"][7].as_py())["also"]
    assert (name, place) == ("dog", None)
    assert score >= 0.9


def test_samples_with_several_labels_or_a_rare_class_are_not_judged() -> None:
    seen, left, _ = crop_world.side_by_side(100, 0)
    labels: list[object] = [NAMES[k] for k in left]
    labels[3] = ["ant", "bee"]
    labels[4] = None
    labels[5] = "ape"
    world = label_world.World((*NAMES, "ape"), {"crops": seen}, Params())  # type: ignore[arg-type]
    found = CHECK.run(label_world.samples(labels), world).findings  # type: ignore[arg-type]
    ids = found["sample_id"].to_pylist()
    assert 3 not in ids
    assert 4 not in ids
    assert "too few" in found["evidence"][ids.index(5)].as_py()


def test_a_class_has_the_least_score_at_which_few_enough_proposals_are_wrong() -> None:
    codes = np.array([[0], [0], [0], [0], [1]])
    scores = np.array([[0.9], [0.8], [0.75], [0.1], [0.6]], np.float32)
    found = proposals.Proposals(codes, scores, codes, scores[:, 0], scores[:, 0])
    least = proposals.thresholds(found, 3, 0.2)
    assert least[0] == np.float32(
        0.75
    )  # of 0.9, 0.8, 0.75 less than a fifth is wrong; of all four more
    assert least[1] > 1
    assert least[2] > 1


def test_sure_proposals_do_not_pay_for_unlikely_ones() -> None:
    codes = np.zeros((10, 1), np.int64)
    scores = np.array([[1.0]] * 8 + [[0.6], [0.01]], np.float32)  # on average 0.86
    found = proposals.Proposals(codes, scores, codes, scores[:, 0], scores[:, 0])
    (least,) = proposals.thresholds(found, 1, 0.2)
    assert least == 0.5
    assert (scores >= least).sum() == 9


def test_heads_of_known_codes_count_every_row() -> None:
    vectors, codes = label_world.blobs(90, 3, apart=1.0)
    folds, alone = np.arange(90) // 3 % 3, np.arange(90)
    said = partial(
        cross_fit, vectors, codes, folds, alone, 3, device="cpu", report=lambda _done, _all: None
    )
    heads = said(rounds=0)
    others = np.flatnonzero(folds != 0)
    plain = Gaussian(Data.of(vectors, codes, 3, "cpu")).fit(
        torch.from_numpy(others), torch.ones(len(others))
    )
    (of_fold,) = (views for held, views in heads.nodes.items() if held == {0})
    asked = torch.arange(90)
    torch.testing.assert_close(of_fold[1](asked), plain(asked))
    weighed = next(views for held, views in said().nodes.items() if held == {0})
    assert not torch.allclose(weighed[1](asked), plain(asked))


def test_a_soft_label_is_the_exact_mean_by_area() -> None:
    draw = np.random.default_rng(0)
    found = draw.random((5, 7, 3))
    fine = np.kron(found, np.ones((40, 40, 1)))  # 200 x 280: whole parts of a cell
    for _ in range(100):
        y0, y1 = np.sort(draw.choice(201, 2, replace=False))
        x0, x1 = np.sort(draw.choice(281, 2, replace=False))
        pooled = label_maps.pool(found, (x0 / 280, y0 / 200, x1 / 280, y1 / 200))
        np.testing.assert_allclose(pooled, fine[y0:y1, x0:x1].mean(axis=(0, 1)), atol=1e-9)
    with pytest.raises(ValueError, match="no area"):
        label_maps.pool(found, (0.5, 0.5, 0.5, 1))


def test_the_likeliest_classes_of_each_cell_are_kept() -> None:
    maps = np.random.default_rng(0).dirichlet(np.ones(9), (2, 4, 4)).astype(np.float32)
    kept = label_maps.top(maps, 9)
    np.testing.assert_allclose(kept.restored(9), maps, atol=1e-3)
    five = label_maps.top(maps).restored(9)
    assert ((five > 0).sum(axis=-1) == 5).all()
    assert (five.argmax(axis=-1) == maps.argmax(axis=-1)).all()


def test_every_cell_is_covered_and_what_is_small_counts_more() -> None:
    weights = label_maps.spread((*HALVES, *WINDOWS))
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    corner = dict(zip((*HALVES, *WINDOWS), weights[0], strict=True))
    assert corner[(0.0, 0.0, 0.5, 0.5)] == pytest.approx(2 * corner[(0.0, 0.0, 0.5, 1.0)])
    assert corner[(0.5, 0.0, 1.0, 1.0)] == 0


def test_a_picture_is_cut_at_the_places_of_the_layout() -> None:
    picture = np.arange(8 * 12 * 3).reshape(8, 12, 3)
    parts = dict(zip(LAYOUT, crops.cut(picture), strict=True))
    assert np.array_equal(parts[crops.WHOLE], picture)
    assert np.array_equal(parts[HALVES[1]], picture[:, 6:])
    assert np.array_equal(parts[(0.25, 0.5, 0.75, 1.0)], picture[4:, 3:9])
    assert all(part.size == 3 for part in crops.cut(picture[:1, :1]))


def test_each_place_has_a_name_of_its_own() -> None:
    said = [crops.words(box) for box in LAYOUT]
    assert len(set(said)) == len(said)
    assert crops.words(HALVES[1]) == "right half"
    assert crops.words((0.5, 0.0, 1.0, 0.5)) == "top right"


def test_the_evidence_is_said_in_plain_words() -> None:
    told = {
        "also": [["dog", 0.9312, "right half"], ["cat", 0.5, None]],
        "boxes": [[0.5, 0, 1, 1], None],
        "support": 0.1234,
        "map": {"classes": [], "cells": []},
    }
    assert words.sentences(told) == (
        "Also shows: dog (0.93, right half), cat (0.50).",
        "The given label supports 12 % of the picture.",
    )


def test_a_soft_label_of_a_box_is_the_exact_mean_by_area() -> None:
    """Against sums over the lattice on which 1,000 random boxes lie exactly."""
    rng = np.random.default_rng(0)
    fine = 24  # parts of each of 8 x 6 cells' sides that a box may end at
    worst = 0.0
    for _ in range(1000):
        found = rng.dirichlet(np.ones(5), (8, 6))
        y0, y1 = np.sort(rng.choice(8 * fine + 1, 2, replace=False))
        x0, x1 = np.sort(rng.choice(6 * fine + 1, 2, replace=False))
        lattice = found.repeat(fine, axis=0).repeat(fine, axis=1)
        exact = lattice[y0:y1, x0:x1].mean(axis=(0, 1))
        box = (x0 / (6 * fine), y0 / (8 * fine), x1 / (6 * fine), y1 / (8 * fine))
        worst = max(worst, float(np.abs(label_maps.pool(found, box) - exact).max()))
    print(f"\nlargest error of a pooled soft label: {worst:.1e}")
    assert worst < 1e-6


def test_a_label_that_fills_the_left_half_survives_the_crops_that_lie_there() -> None:
    found = np.zeros((4, 4, 2))
    found[:, :2, 0] = found[:, 2:, 1] = 1
    boxes = label_maps.random_crops(2000, seed=0)
    share = label_maps.crop_safety(found, 0, boxes)
    left = np.mean([(one[0] + one[2]) / 2 < 0.5 for one in boxes])
    assert share == pytest.approx(left, abs=1e-9)
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes]
    assert 0.08 <= min(areas) < 0.1
    assert max(areas) <= 1


def test_maps_are_drawn_by_the_first_views_alone() -> None:
    given = np.arange(40) % 4
    draw = torch.Generator().manual_seed(0)
    seen = torch.randn(3, len(given), len(LAYOUT), 8, generator=draw).log_softmax(dim=-1)
    judge = proposals.learn(lambda rows: seen[:, rows], given, 4, lambda: None, drawing=2)
    other = seen.clone()
    other[2] = other[2].flip(-1)
    np.testing.assert_array_equal(judge.maps(seen), judge.maps(other))
    assert not torch.equal(judge.read(seen), judge.read(other))
    every = proposals.learn(lambda rows: seen[:, rows], given, 4, lambda: None)
    assert not np.array_equal(every.maps(seen), every.maps(other))
