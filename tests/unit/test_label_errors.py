from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from cleanlab.filter import find_label_issues

from auditor.checks.base import Cancelled
from auditor.checks.labels.label_errors import Params
from auditor.model import FINDING_SCHEMA, METRIC_SCHEMA
from tests import label_world as world

NAMES = ("ant", "bee", "cow", "<script>")


def planted(rate: float) -> tuple[pa.Table, world.World, np.ndarray]:
    vectors, truth = world.blobs(400, 4)
    given = world.flip(truth, 4, rate)
    table = world.samples([NAMES[i] for i in given])
    return table, world.World(NAMES, {"embedding": vectors}), given != truth


def set_metrics(metrics: pa.Table) -> dict[str, float]:
    return {r["name"]: r["value"] for r in metrics.to_pylist() if r["scope"] == "set"}


def test_planted_flips_are_flagged_and_the_truth_suggested() -> None:
    table, context, wrong = planted(0.08)
    outcome = world.run(table, context)
    rows = outcome.findings
    assert rows.schema == FINDING_SCHEMA
    assert outcome.metrics.schema == METRIC_SCHEMA
    flagged = np.array(rows["flagged"])
    assert (flagged & wrong).sum() >= 0.95 * wrong.sum()
    assert (flagged & wrong).sum() >= 0.95 * flagged.sum()
    right = [NAMES[i % 4] for i in np.flatnonzero(flagged & wrong)]
    assert [s[0] for s in rows.filter(pa.array(flagged & wrong))["suggested"].to_pylist()] == right
    p, low, high = (np.array(rows[n]) for n in ("p_error", "p_error_low", "p_error_high"))
    assert (low <= p).all()
    assert (p <= high).all()
    estimate = set_metrics(outcome.metrics)["estimated_errors"]
    assert abs(estimate - wrong.sum()) <= 6


def test_nothing_is_flagged_where_labels_are_right() -> None:
    table, context, _ = planted(0.0)
    outcome = world.run(table, context)
    assert sum(outcome.findings["flagged"].to_pylist()) <= 2
    numbers = set_metrics(outcome.metrics)
    assert numbers["estimated_errors"] <= 4
    assert numbers["null_estimated_errors"] <= 4


def test_two_labels_in_five_of_each_class_that_are_another_ones_are_errors() -> None:
    vectors, truth = world.blobs(1000, 4)
    taken = np.random.default_rng(0).random(1000) < 0.4
    given = np.where(taken, (truth + 1) % 4, truth)
    table = world.samples([NAMES[i] for i in given])
    outcome = world.run(table, world.World(NAMES, {"embedding": vectors}))
    flagged = np.array(outcome.findings["flagged"])
    assert (flagged & taken).sum() >= 0.95 * taken.sum()
    assert (flagged & ~taken).sum() <= 0.02 * (~taken).sum()


@pytest.mark.parametrize(("apart", "columns", "share"), [(4, 8, 0.5), (3, 8, 0.5), (3, 32, 0.3)])
def test_two_classes_that_the_features_cannot_tell_apart_are_no_errors(
    apart: float, columns: int, share: float
) -> None:
    vectors, truth = world.blobs(1000, 3, apart=apart, columns=columns)
    either = (truth == 0) & (np.random.default_rng(0).random(1000) < share)
    table = world.samples([NAMES[i] for i in np.where(either, 3, truth)])
    outcome = world.run(table, world.World(NAMES, {"embedding": vectors}))
    assert np.array(outcome.findings["flagged"]).sum() <= 5


def test_labels_without_any_relation_to_the_features_are_not_learnt_by_heart() -> None:
    vectors, _ = world.blobs(300, 3)
    given = np.random.default_rng(5).integers(0, 3, 300)
    table = world.samples([NAMES[i] for i in given])
    outcome = world.run(table, world.World(NAMES[:3], {"embedding": vectors}))
    # A leak of a sample's own label would show as agreement above chance.
    assert set_metrics(outcome.metrics)["agreement"] < 0.42


def test_evidence_names_classes_views_and_neighbours() -> None:
    table, context, wrong = planted(0.08)
    rows = world.run(table, context).findings.to_pylist()
    row = next(r for r in rows if r["flagged"] and wrong[r["sample_id"]])
    evidence = json.loads(row["evidence"])
    given = table["labels"].to_pylist()
    assert evidence["margin"] < 0
    shows, p_shows = evidence["shows"]
    assert shows == row["suggested"][0]
    assert 0.5 < p_shows <= 1
    assert evidence["classes"][0][0] == row["suggested"][0]
    assert len(evidence["classes"]) == 4
    assert evidence["agree"] == len(evidence["views"]["suggested"]) <= evidence["of"] == 3
    assert [given[i] for i in evidence["neighbours_suggested"]] == [row["suggested"]] * 5
    assert [given[i] for i in evidence["neighbours_given"]] == [given[row["sample_id"]]] * 5
    assert row["sample_id"] not in evidence["neighbours_given"]


def test_every_row_says_what_the_image_alone_shows_whatever_the_class_is_called() -> None:
    table, context, wrong = planted(0.08)
    odd = {NAMES[0]: 'a "b", \\c/é'}
    names = tuple(odd.get(name, name) for name in NAMES)
    labels = [names[NAMES.index(one[0])] for one in table["labels"].to_pylist()]
    vectors = context.array("embedding")
    assert vectors is not None
    found = world.run(world.samples(labels), world.World(names, {"embedding": vectors})).findings
    shown = [json.loads(text)["shows"] for text in found["evidence"].to_pylist()]
    same = np.array([one[0] == label for one, label in zip(shown, labels, strict=True)])
    assert same[~wrong].mean() > 0.95 > 0.05 > same[wrong].mean()
    assert all(0 <= p <= 1 for _, p in shown)


def test_row_order_does_not_matter() -> None:
    table, context, _ = planted(0.05)
    vectors = context.array("embedding")
    assert vectors is not None
    order = np.random.default_rng(1).permutation(len(table))
    moved = world.World(NAMES, {"embedding": vectors[order]})
    one, two = world.run(table, context), world.run(table.take(pa.array(order)), moved)
    assert one.findings.equals(two.findings)
    assert one.metrics.equals(two.metrics)


def test_it_can_be_cancelled_at_any_report() -> None:
    table, context, _ = planted(0.05)
    world.run(table, context)
    total = len(context.reports)
    assert total > 200
    assert all(0 <= done <= whole for done, whole in context.reports)
    vectors = context.array("embedding")
    assert vectors is not None
    for after in (0, 20, total // 2, total - 2):
        stopped = world.World(NAMES, {"embedding": vectors}, cancel_after=after)
        with pytest.raises(Cancelled):
            world.run(table, stopped)


@pytest.mark.parametrize("rule", ["auto", "prune_by_noise_rate", "confident_learning"])
def test_flags_on_attached_probabilities_are_cleanlabs_own(rule: str) -> None:
    draw = np.random.default_rng(0)
    table = draw.dirichlet(np.full(4, 0.3), 500)
    given = np.where(draw.random(500) < 0.8, table.argmax(axis=1), draw.integers(0, 4, 500))
    rows = world.samples([NAMES[i] for i in given])
    context = world.World(NAMES, {"pred_probs": table}, Params(filter=rule))
    found = world.run(rows, context).findings
    wanted = "low_normalized_margin" if rule == "auto" else rule
    expected = find_label_issues(given, table, filter_by=wanted, n_jobs=1)
    assert np.array_equal(np.array(found["flagged"]), expected)


def test_unlabelled_samples_are_left_out_and_findings_are_in_sample_order() -> None:
    vectors, truth = world.blobs(60, 3)
    labels = [None if i % 10 == 0 else NAMES[c] for i, c in enumerate(truth)]
    context = world.World(NAMES, {"embedding": vectors})
    found = world.run(world.samples(labels), context).findings["sample_id"].to_pylist()
    assert found == [i for i in range(60) if i % 10]


@pytest.mark.parametrize("rows", range(10))
@pytest.mark.parametrize("classes", [1, 2])
def test_sets_of_a_few_images_are_not_judged_by_guess(rows: int, classes: int) -> None:
    vectors, truth = world.blobs(rows, classes)
    table = world.samples([NAMES[i] for i in truth])
    found = world.run(table, world.World(NAMES[:classes], {"embedding": vectors})).findings
    assert len(found) == rows
    assert found["p_error"].null_count == rows
    assert not any(found["flagged"].to_pylist())


def test_a_class_of_one_image_is_not_judged_while_the_others_are() -> None:
    vectors, truth = world.blobs(61, 3)
    labels = [NAMES[c] for c in truth]
    labels[-1] = NAMES[3]
    found = world.run(world.samples(labels), world.World(NAMES, {"embedding": vectors})).findings
    assert found["p_error"].null_count == 1
    assert found["p_error"][60].as_py() is None


def test_copies_of_one_image_are_in_one_fold_and_cannot_vouch_for_each_other() -> None:
    vectors, truth = world.blobs(300, 3)
    given = truth.copy()
    vectors[:12] = vectors[0]
    given[:12] = 1  # twelve copies of an image of class 0, all labelled 1
    labels = [NAMES[i] for i in given]
    copies = ["same"] * 12 + [f"{i}" for i in range(288)]
    context = world.World(NAMES[:3], {"embedding": vectors})
    found = world.run(world.samples(labels, pixel_hash=copies), context).findings
    assert all(found["flagged"].to_pylist()[:12])


def test_sets_of_labels_name_the_class_to_add_or_remove() -> None:
    vectors, truth = world.blobs(400, 4, apart=6)
    labels = [
        sorted({NAMES[c], NAMES[(c + 1) % 4]} if i % 3 else {NAMES[c]}) for i, c in enumerate(truth)
    ]
    # The pair depends on the second half of the columns, so that it can be learnt.
    both = np.array([len(own) - 1 for own in labels], np.float32)[:, None] * 6
    vectors = np.hstack([vectors, both])
    wrong = list(range(0, 400, 40))
    for i in wrong:
        labels[i] = [NAMES[(truth[i] + 2) % 4]]
    context = world.World(NAMES, {"embedding": vectors}, multi_label=True)
    found = world.run(world.samples(labels), context).findings
    assert found.schema == FINDING_SCHEMA
    flagged = np.flatnonzero(found["flagged"])
    assert set(wrong) <= set(flagged.tolist())
    assert found["p_error"].null_count == 400
    evidence = json.loads(found["evidence"][wrong[0]].as_py())
    assert [name for name, _ in evidence["remove"]] == labels[wrong[0]]


def test_features_that_hardly_part_the_classes_are_said_to_and_flag_little() -> None:
    vectors, truth = world.blobs(800, 4, apart=0.7)
    labels = [NAMES[i] for i in truth]
    outcome = world.run(world.samples(labels), world.World(NAMES, {"embedding": vectors}))
    assert set_metrics(outcome.metrics)["separability"] < 0.8
    assert sum(outcome.findings["flagged"].to_pylist()) <= 8


def test_noise_alone_does_not_make_features_look_weak() -> None:
    vectors, truth = world.blobs(800, 4)
    labels = [NAMES[i] for i in world.flip(truth, 4, 0.4)]
    outcome = world.run(world.samples(labels), world.World(NAMES, {"embedding": vectors}))
    assert set_metrics(outcome.metrics)["separability"] > 0.9


@pytest.mark.parametrize(("apart", "said"), [(4.0, 0.0), (0.0, 2.0)])
def test_the_check_says_whether_its_probabilities_agree_with_the_labels(
    apart: float, said: float
) -> None:
    """Attached ones that are right, and ones that are sure of either of two classes that overlap."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 2000)
    shown = np.where((truth < 2) & (rng.random(2000) < 0.5) & (apart == 0), 1 - truth, truth)
    table = np.full((2000, 4), 1e-3, np.float32)
    table[np.arange(2000), shown] = 1 - 3e-3
    context = world.World(NAMES, {"pred_probs": table})
    outcome = world.run(world.samples([NAMES[i] for i in truth]), context)
    assert set_metrics(outcome.metrics)["probabilities_trust"] == said
    overlap = {r["key"] for r in outcome.metrics.to_pylist() if r["name"] == "overlap"}
    assert ('["ant", "bee"]' in overlap) == (said == 2.0)
