"""Crops read by sentences: the class that fits a part, and nothing where no class does."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from auditor.checks.label_evidence import NO_CLASS
from auditor.checks.labels.multi_label import CHECK, Params
from auditor.ml import sentence_proposals
from auditor.ml.crops import LAYOUT, shared
from auditor.ml.proposals import PLACES
from auditor.session import class_sentences
from tests import label_world

NAMES = ("ant", "bee", "cow")
DIM, COUNT = 8, 60
SECOND = LAYOUT.index((0.5, 0.0, 1.0, 0.5))


def pictures(rng: np.random.Generator) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Features of crops: the whole is the given class, one corner of every fourth shows the next one."""
    given = np.arange(COUNT) % 3
    features = np.tile(np.eye(DIM)[3], (COUNT, len(LAYOUT), 1))
    features[:, 0] = np.eye(DIM)[given]
    two = np.arange(COUNT) % 4 == 0
    features[two, SECOND] = np.eye(DIM)[(given[two] + 1) % 3]
    features += rng.normal(size=features.shape) * 0.02
    return features.astype(np.float32), given


def texts() -> pa.Table:
    table = class_sentences.sentences(NAMES, "animal")
    about = table["about"].to_numpy()
    values = np.eye(DIM)[np.where(about < 0, 3, about)]
    return table.append_column("values", pa.array(list(values)))


class World(label_world.World):
    def table(self, need: str) -> pa.Table | None:
        return texts() if need == "class_texts" else None


def test_what_a_corner_shows_is_proposed_with_its_place_and_map() -> None:
    features, given = pictures(np.random.default_rng(0))
    params = Params(reading="sentences", thing="animal")
    context = World(NAMES, {"crops": features.reshape(COUNT, -1)}, params)  # type: ignore[arg-type]
    table = label_world.samples([NAMES[i] for i in given])
    outcome = CHECK.run(table, context)  # type: ignore[arg-type]
    flagged = np.flatnonzero(outcome.findings["flagged"])
    assert flagged.tolist() == list(range(0, COUNT, 4))
    first = outcome.findings.slice(0, 1).to_pylist()[0]
    assert first["suggested"] == ["ant", "bee"]
    evidence = json.loads(first["evidence"])
    assert evidence["also"][0][0] == "bee"
    assert evidence["also"][0][2] == "top right"
    assert NO_CLASS in evidence["map"]["classes"]


def test_the_temperature_is_that_at_which_whole_pictures_fit_their_labels() -> None:
    features, given = pictures(np.random.default_rng(0))
    table = texts()
    plain = sentence_proposals.Reader.of(
        np.stack(table["values"].to_numpy()), table["about"].to_numpy(), 3
    )
    wrong = np.where(np.arange(COUNT) % 5 == 0, (given + 1) % 3, given)
    fitted = plain.fitted(lambda rows: features[rows], wrong)
    assert fitted.temperature > plain.temperature
    sure = fitted.probabilities(features)[:, 0, :3].max(axis=1).mean()
    assert sure == pytest.approx(0.8, abs=0.1)


def test_sentences_are_about_every_class_and_about_none() -> None:
    table = class_sentences.sentences(("orange", "a_b"), "egg")
    said = table["text"].to_pylist()
    assert "a photo of an orange" in said
    assert "a photo of the egg a b" in said
    assert "part of an egg" in said
    assert set(table["about"].to_pylist()) == {0, 1, -1}


def test_a_part_of_a_surer_thing_is_no_further_thing() -> None:
    whole, beside, apart = (
        PLACES.index(box)
        for box in ((0.0, 0.0, 0.5, 0.5), (0.25, 0.0, 0.75, 0.5), (0.5, 0.5, 1.0, 1.0))
    )
    scores = np.array([[0.96, 0.9, 0.8]])
    left = sentence_proposals.explained(scores, np.array([[whole, beside, apart]]))
    np.testing.assert_allclose(left[0], [0.96, 0.9 * (1 - 0.96 / 2), 0.8])


def test_places_share_what_lies_in_both_of_the_smaller() -> None:
    assert shared((0.0, 0.0, 0.5, 1.0), (0.25, 0.0, 0.75, 0.5)) == 0.5
    assert shared((0.0, 0.0, 0.5, 0.5), (0.5, 0.0, 1.0, 0.5)) == 0
    assert shared((0.0, 0.0, 1.0, 1.0), (0.5, 0.0, 1.0, 0.5)) == 1
