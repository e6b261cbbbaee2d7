"""The published protocol of VDC: its poison indices, and noise of exactly 40 %."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from auditor.planting.base import PlantingError
from auditor.planting.published import noisy, poison_indices

DATA = Path(__file__).parents[3] / "shared" / "data"
INDICES = DATA / "vdc" / "cifar10_poison_indices.json"
CODES = np.arange(50_000) % 10


@pytest.mark.parametrize(("per_class", "count"), [(500, 4500), (50, 450)])
def test_the_published_indices_are_4500_or_450_and_none_of_the_target(
    per_class: int, count: int
) -> None:
    if not INDICES.is_file():
        pytest.skip("the published indices are not beside this checkout")
    places = poison_indices(INDICES.read_text("utf-8"), per_class)
    assert len(places) == len(set(places.tolist())) == count
    assert 0 <= places.min() <= places.max() < 50_000


def test_the_published_indices_lie_in_the_classes_they_are_listed_under() -> None:
    """Class 0, which poisoned images are labelled as, has none among the images that are here."""
    import pyarrow.parquet as pq

    table = DATA / "cifar10n" / "cifar10n.parquet"
    if not (INDICES.is_file() and table.is_file()):
        pytest.skip("the published indices, or the images, are not beside this checkout")
    rows = pq.read_table(table, columns=["cifar_index", "clean_label"])
    hit = np.isin(rows["cifar_index"].to_numpy(), poison_indices(INDICES.read_text("utf-8"), 500))
    names, counts = np.unique(np.array(rows["clean_label"])[hit], return_counts=True)
    assert "airplane" not in names
    assert len(names) == 9
    assert counts.sum() == hit.sum() > 800


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "no JSON"),
        ("[]", "has no 'poisoned_50_per_class'"),
        (json.dumps({"poisoned_50_per_class": {"0": [1], "1": list(range(50))}}), "class 0 has 1"),
        (json.dumps({"poisoned_50_per_class": {"0": [], "1": [3]}}), "class 1 has 1"),
        (
            json.dumps({"poisoned_50_per_class": {"1": list(range(50)), "2": list(range(50))}}),
            "twice",
        ),
    ],
)
def test_other_files_are_refused_with_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(PlantingError, match=why):
        poison_indices(text, 50)


def test_symmetric_noise_is_exactly_40_percent_and_as_often_each_other_class() -> None:
    given = noisy(CODES, 10, "symmetric", seed=0)
    wrong = given != CODES
    assert wrong.sum() == 20_000
    step, counts = np.unique((given - CODES)[wrong] % 10, return_counts=True)
    assert step.tolist() == list(range(1, 10))
    assert abs(counts - 20_000 / 9).max() < 5 * np.sqrt(20_000 / 9)


def test_asymmetric_noise_is_exactly_40_percent_and_the_next_class_in_a_circle() -> None:
    given = noisy(CODES, 10, "asymmetric", seed=0)
    wrong = given != CODES
    assert wrong.sum() == 20_000
    assert (given[wrong] == (CODES[wrong] + 1) % 10).all()
    assert 0 in given[CODES == 9]


def test_a_seed_gives_the_same_noise_again_and_leaves_what_it_was_given() -> None:
    before = CODES.copy()
    assert (noisy(CODES, 10, "symmetric", seed=1) == noisy(CODES, 10, "symmetric", seed=1)).all()
    assert (noisy(CODES, 10, "symmetric", seed=1) != noisy(CODES, 10, "symmetric", seed=2)).any()
    assert (before == CODES).all()


def test_noise_that_cannot_be_is_refused() -> None:
    with pytest.raises(PlantingError, match="one class"):
        noisy([0, 0], 1, "symmetric", seed=0)
    with pytest.raises(PlantingError, match="from 0 to 1"):
        noisy([0, 1], 2, "asymmetric", seed=0, rate=1.5)
