"""The small models that ship with the auditor: they load offline, are small, and answer rightly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from auditor.ask import answerers
from auditor.ask.bank import generate
from auditor.ask.base import Answer, Pixels, Prompt
from auditor.ml import encoders
from auditor.planting.demo import TEST_DIGITS, compose, digits
from auditor.session import models
from auditor.session.answerers import offered

MODELS = Path(str(resources.files("resources"))) / "models"
DEMOS = ("digits", "natural")
DIGITS = [str(code) for code in range(10)]


def header(folder: Path) -> dict[str, dict[str, list[int]]]:
    """Of the weights' file: name, type and shape of every tensor."""
    with (folder / "model.safetensors").open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        found: dict[str, dict[str, list[int]]] = json.loads(file.read(size))
    found.pop("__metadata__", None)
    return found


def ask(
    model: str, pictures: Sequence[Pixels], prompts: Sequence[Sequence[Prompt]]
) -> list[Answer]:
    given: dict[tuple[int, int], Answer] = {}
    who = answerers.load(model)
    who.answer(pictures, prompts, lambda i, j, a: given.__setitem__((i, j), a), lambda *_: None)
    return [given[key] for key in sorted(given)]


@pytest.mark.parametrize("name", DEMOS)
def test_it_is_small_and_says_what_it_is(name: str) -> None:
    folder = MODELS / f"demo-{name}"
    weights = sum(int(np.prod(one["shape"])) for one in header(folder).values())
    assert weights <= 4_000_000
    assert (folder / "model.safetensors").stat().st_size <= 10_000_000
    facts = json.loads((folder / "held_out.json").read_text("utf-8"))
    assert facts["trained_on"]
    assert all(row["asked"] > 0 and row["right"] > 0.5 for row in facts["questions"].values())


@pytest.fixture(scope="module")
def scenes() -> tuple[list[Pixels], list[int]]:
    """Scenes of digits that the model has not seen: the demo's own."""
    images, classes = digits(TEST_DIGITS)
    rng = np.random.default_rng(0)
    return [compose(image, None, rng).pixels for image in images[:60]], classes[:60].tolist()


def test_the_model_of_digits_tells_right_labels_from_wrong_ones(
    scenes: tuple[list[Pixels], list[int]],
) -> None:
    pictures, classes = scenes
    bank = [q for q in generate(DIGITS) if q.expected == "yes"]
    asked = [(code, (code + 3) % 10) for code in classes]
    prompts = [
        [Prompt(q.text, q.form) for about in pair for q in bank if q.about == str(about)]
        for pair in asked
    ]
    answers = np.array([a.p_yes for a in ask("demo:digits", pictures, prompts)])
    said = answers.reshape(len(pictures), 2, -1).mean(axis=2) > 0.5
    assert said[:, 0].mean() >= 0.9
    assert said[:, 1].mean() <= 0.1


def test_the_model_of_digits_counts_and_describes(scenes: tuple[list[Pixels], list[int]]) -> None:
    pictures, classes = scenes
    prompts = [
        [
            Prompt("Which digit is it?", "number"),
            Prompt("Describe the image.", "open"),
        ]
    ] * len(pictures)
    answers = ask("demo:digits", pictures, prompts)
    numbers = [answer.number for answer in answers[::2]]
    assert np.mean([number == code for number, code in zip(numbers, classes, strict=True)]) >= 0.85
    texts = [answer.text or "" for answer in answers[1::2]]
    named = [f"digit {code}" in text for text, code in zip(texts, classes, strict=True)]
    assert np.mean(named) >= 0.85


def test_the_text_image_model_is_small_and_names_the_digit_of_a_scene(
    scenes: tuple[list[Pixels], list[int]],
) -> None:
    folder = encoders.shipped_folder()
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 8_000_000
    facts = json.loads((folder / "held_out.json").read_text("utf-8"))
    assert all(row["asked"] > 0 and row["right"] > 0.5 for row in facts["sentences"].values())
    encoder = encoders.load(encoders.SHIPPED)
    assert isinstance(encoder, encoders.TextEncoder)
    assert encoder.id == "demo:clip"
    pictures, classes = scenes
    seen = encoder.encode(pictures)
    said = encoder.encode_text([f"a photo of the digit {code}" for code in range(10)])
    said /= np.linalg.norm(said, axis=1, keepdims=True)
    assert ((seen @ said.T).argmax(axis=1) == classes).mean() > 0.9


def test_it_answers_and_encodes_by_the_names_it_is_listed_under() -> None:
    assert "zero-shot:demo:clip" in offered()
    (row,) = (one for one in models.listed() if one["id"] == encoders.SHIPPED)
    assert row["present"]
    assert not row["default"]
    assert "toy of our own" in row["good_for"]
