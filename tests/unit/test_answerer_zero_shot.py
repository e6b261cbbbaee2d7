"""An encoder of pictures and sentences answers yes/no questions by likeness, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auditor.ask import answerers, bank
from auditor.ask.answerers.zero_shot import LOGIT_SCALE, sentences
from auditor.ask.base import Answer, AnswerState, Prompt
from auditor.checks.base import Cancelled
from auditor.ml import encoders
from tests.answerer_world import pictures
from tests.unit.test_encoders_models import open_clip_folder

ELSE = "a photo of something else"


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a tiny random open_clip model."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    return f"open_clip:local-dir:{open_clip_folder(tmp_path / 'model')}"


@pytest.mark.parametrize(
    ("question", "yes", "no"),
    [
        ("Is there a cat in the image?", "a photo of a cat", ELSE),
        ("Is there an airplane in this picture?", "a photo of an airplane", ELSE),
        ("Are there any dogs visible in the photo?", "a photo of dogs", ELSE),
        ("Is there a stop sign?", "a photo of a stop sign", ELSE),
        ("Does the picture show a great white shark?", "a photo of a great white shark", ELSE),
        ("Is this a photo of a horse?", "a photo of a horse", ELSE),
        ("Is the main object a truck?", "a photo of a truck", ELSE),
        ("Can you see a ship in the image?", "a photo of a ship", ELSE),
        (
            "Does the animal have feathers?",
            "a photo of something with feathers",
            "a photo of something without feathers",
        ),
    ],
)
def test_a_question_becomes_two_sentences(question: str, yes: str, no: str) -> None:
    assert sentences(question) == (yes, no)


@pytest.mark.parametrize("classes", [("cat", "ice_cream", "n02123045_tabby_cat"), ("0", "7", "8")])
def test_every_question_of_our_english_templates_is_covered_and_names_its_class(
    classes: tuple[str, ...],
) -> None:
    for one in bank.generate(classes, per_class=9):
        found = sentences(one.text)
        assert found is not None, one.text
        named = max((n for n in map(bank.noun, classes) if n in one.text), key=len)
        assert found[0] in (
            f"a photo of {_article(named)} {named}",
            f'a photo of the number: "{named}"',
        )
        assert named not in found[1]


def _article(name: str) -> str:
    return "an" if name[0] in "aeiou" else "a"


@pytest.mark.parametrize(
    "question", ["Why is the sky blue?", "Is it alive?", "How many legs has it?", "", "cat"]
)
def test_a_question_that_no_rule_covers_becomes_none(question: str) -> None:
    assert sentences(question) is None


def test_the_probability_is_the_softmax_over_the_two_sentences(name: str) -> None:
    asked = [
        [Prompt("Is there a cat in the image?", "yes_no"), Prompt("Is it alive?", "yes_no")],
        [],
        [Prompt("How many cats are there?", "number"), Prompt("Is there a dog?", "yes_no")],
    ]
    given: dict[tuple[int, int], Answer] = {}
    who = answerers.load(f"zero-shot:{name}")
    images = pictures(3)
    who.answer(images, asked, lambda i, j, a: given.__setitem__((i, j), a), lambda d, t: None)
    assert set(given) == {(0, 0), (0, 1), (2, 0), (2, 1)}
    assert given[0, 1].state is given[2, 0].state is AnswerState.UNKNOWN
    encoder = encoders.load(name)
    assert isinstance(encoder, encoders.TextEncoder)
    for place, thing in {(0, 0): "a cat", (2, 1): "a dog"}.items():
        seen = encoder.encode([images[place[0]]])
        told = encoder.encode_text([f"a photo of {thing}", ELSE])
        cosines = (seen @ told.T)[0] / np.linalg.norm(seen) / np.linalg.norm(told, axis=1)
        odds = np.exp(LOGIT_SCALE * (cosines - cosines.max()))
        assert given[place].p_yes == pytest.approx(odds[0] / odds.sum(), abs=1e-4)
    assert who.forms == {"yes_no"}


def test_who_answers_is_told_apart_by_its_weights(name: str) -> None:
    who = answerers.load(f"zero-shot:{name}")
    assert who.id == f"zero-shot:{name}"
    assert who.fingerprint == answerers.load(f"zero-shot:{name}").fingerprint
    assert who.fingerprint != encoders.load(name).fingerprint


def test_cancelling_keeps_what_was_answered(name: str) -> None:
    kept: list[int] = []

    def report(done: int, total: int) -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        answerers.load(f"zero-shot:{name}").answer(
            pictures(1) * 70,
            [[Prompt("Is there a cat?", "yes_no")]] * 70,
            lambda i, j, a: kept.append(i),
            report,
        )
    assert kept == list(range(64))
