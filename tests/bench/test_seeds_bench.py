"""How much the CIFAR-10N figures owe to one split of the folds, and to the labels they were tuned on."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score, f1_score

from tests import label_world as world
from tests.shared_data import shared

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]
COLUMNS = ("aggre_label", "random_label1", "worse_label", "random_label2", "random_label3")
SEEDS = range(4)


@pytest.mark.parametrize("column", COLUMNS)
def test_other_seeds_and_labels_give_like_figures(column: str) -> None:
    table = pq.read_table(shared("cifar10n/cifar10n.parquet"), columns=["clean_label", column])
    vectors = np.load(shared("cifar10n/resnet20_embeddings.npy"))
    truth, given = (np.array(table[name]) for name in ("clean_label", column))
    classes, wrong = sorted(set(truth)), given != truth
    rows = []
    for seed in SEEDS:
        outcome = world.run(
            world.samples(given.tolist()), world.World(classes, {"embedding": vectors}, seed=seed)
        )
        found = outcome.findings
        total = next(r for r in outcome.metrics.to_pylist() if r["name"] == "estimated_errors")
        rows.append(
            (
                float(average_precision_score(wrong, -np.array(found["quality"]))),
                float(f1_score(wrong, np.array(found["flagged"]))),
                float(total["value"] / wrong.sum() - 1),
            )
        )
    print(f"\n{column}, {wrong.sum()} errors:")
    for seed, (average, f1, off) in zip(SEEDS, rows, strict=True):
        print(f"  seed {seed}: AP {average:.4f} F1 {f1:.3f} estimated errors {off:+.1%}")
    assert np.ptp([average for average, _, _ in rows]) <= 0.01
    assert all(abs(off) <= 0.10 for _, _, off in rows)
