"""Captions are taken apart into phrases, and each is asked about: what is so, and what must not be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.ask.answerers.zero_shot import sentences
from auditor.ask.base import Kind
from auditor.ask.captions import questions_of
from auditor.ask.phrases import phrases


def asked(caption: str) -> dict[str, str]:
    return {one.text: one.expected for one in questions_of(caption)}


@pytest.mark.parametrize(
    ("caption", "found"),
    [
        (
            "A brown dog sitting on a red sofa.",
            ["a brown dog", "a red sofa", "a brown dog sitting on a red sofa"],
        ),
        ("Three cats and two dogs", ["three cats", "two dogs"]),
        ("a photo of a man riding a horse", ["a man", "a horse", "a man riding a horse"]),
        ("A close-up of a plate of food", ["a plate of food"]),
        ("a dog running", ["a dog", "a dog running"]),
        ("a tall tree in the background", ["a tall tree", "a tall tree in the background"]),
        (
            "A man wearing a hat holding a cup",
            ["a man", "a hat", "a cup", "a man wearing a hat", "a man holding a cup"],
        ),
        ("the building", ["the building"]),
        ("the digit 7 in red", ["the digit 7", "the digit 7 in red"]),
        ("!?", []),
        ("", []),
    ],
)
def test_a_caption_is_taken_apart_into_things_and_what_is_said_of_them(
    caption: str, found: list[str]
) -> None:
    assert [one.text for one in phrases(caption)] == found


def test_a_thing_is_asked_about_with_its_number_and_its_colour() -> None:
    found = asked("Three brown dogs")
    assert found["Are there three brown dogs in the image?"] == "yes"
    assert found["How many brown dogs are in the image?"] == "3"
    assert found["Are there 5 brown dogs in the image?"] == "no"
    assert found["Are the dogs brown?"] == "yes"
    assert found["Are the dogs blue?"] == "no"


def test_a_place_is_asked_about_with_the_one_opposite() -> None:
    found = asked("a ball in the top left corner")
    assert found["Is there a ball in the top left corner of the image?"] == "yes"
    assert found["Is there a ball in the bottom left corner of the image?"] == "no"


def test_the_whole_is_asked_about_and_every_question_names_its_phrase() -> None:
    bank = questions_of("A man riding a horse.")
    assert [one.about for one in bank[:2]] == ["A man riding a horse."] * 2
    assert {one.about for one in bank[2:]} == {"a man", "a horse", "a man riding a horse"}
    assert bank == questions_of("A  man riding\na horse.")


@pytest.mark.parametrize(
    ("caption", "question"),
    [
        ("the old man", "Is there an old man in the image?"),
        ("his dogs", "Are there dogs in the image?"),
        ("a group of people", "Is there a group of people in the image?"),
        ("people", "Are there people in the image?"),
        ("one bus", "Is there one bus in the image?"),
        ("a glass", "Is there a glass in the image?"),
    ],
)
def test_a_question_is_a_sentence(caption: str, question: str) -> None:
    assert question in asked(caption)


def test_questions_with_the_answer_no_are_negative_and_counts_are_counts() -> None:
    kinds = {one.expected: one.kind for one in questions_of("two red cars on the left")}
    assert kinds == {"yes": Kind.SPECIFIC, "no": Kind.NEGATIVE, "2": Kind.COUNT}


def test_a_caption_is_weighed_by_likeness_too() -> None:
    of = {one.text: sentences(one.text) for one in questions_of("a brown dog on a sofa")}
    assert of['Does "a brown dog on a sofa" describe the image?'] == (
        "a brown dog on a sofa",
        "a photo of something else",
    )
    assert of["Is there a brown dog on a sofa in the image?"] is not None


@settings(max_examples=60)
@given(st.text(max_size=80) | st.lists(st.sampled_from(
    ["a", "the", "two", "red", "of", "on", "dog", "left", "running", "with", ",", "is", "in front"]
), max_size=14).map(" ".join))  # fmt: skip
def test_any_caption_is_taken(caption: str) -> None:
    bank = questions_of(caption)
    assert len({one.text for one in bank}) == len(bank)
    assert all(one.text.endswith("?") and one.about for one in bank)
