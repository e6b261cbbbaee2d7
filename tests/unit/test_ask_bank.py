"""The bank of questions: from templates, merged with what people wrote, and as CSV both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.ask.agreement import agreement
from auditor.ask.bank import BankError, generate, merged, noun, read_csv, validate, write_csv
from auditor.ask.base import Answer, AnswerState, Kind, Question

PETS = ("cat", "dog", "great_white_shark")
PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "vdc"


def test_each_class_is_asked_for_what_it_shows_and_for_one_thing_it_must_not() -> None:
    bank = generate(PETS, confusable={"cat": ["dog"]})
    of_cat = [one for one in bank if one.about == "cat"]
    assert len(of_cat) == 6
    assert [one.expected for one in of_cat] == ["yes"] * 5 + ["no"]
    assert of_cat[0].text == "Is there a cat in the image?"
    assert of_cat[-1].text == "Is the main object in the image a dog?"
    validate(bank, PETS)


def test_a_model_that_says_yes_to_all_fails_the_negative_question() -> None:
    yes = Answer(state=AnswerState.ANSWERED, p_yes=1.0)
    said = [agreement(one, yes, PETS) for one in generate(PETS) if one.about == "dog"]
    assert said == [1.0] * 5 + [0.0]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("n01440764_tench", "tench"),
        ("great_white_shark", "great white shark"),
        ("3", "3"),
        ("_", "_"),
    ],
)
def test_a_class_is_named_as_it_stands_in_a_sentence(name: str, said: str) -> None:
    assert noun(name) == said


def test_digits_are_asked_about_as_digits() -> None:
    assert generate([str(d) for d in range(10)])[0].text == "Is the main digit in the image a 0?"
    assert "an 8?" in generate([str(d) for d in range(10)])[8 * 6].text


def test_german_has_templates_and_a_language_without_any_is_named() -> None:
    assert "Bild" in generate(PETS, language="de")[0].text
    with pytest.raises(BankError, match="there are: en, de"):
        generate(PETS, language="xx")


def test_what_a_person_wrote_or_locked_survives_a_new_set_of_questions() -> None:
    own = Question(
        about="cat", text="Has it whiskers?", expected="yes", kind=Kind.SPECIFIC, source="human"
    )
    locked = Question(
        about="dog", text="Does it bark?", expected="yes", kind=Kind.SPECIFIC, locked=True
    )
    old = (*generate(PETS, language="de"), own, locked)
    new = merged(old, generate(PETS))
    assert {own, locked} <= set(new)
    assert not any("Bild" in one.text for one in new)
    assert merged(new, generate(PETS)) == new


def test_the_bank_comes_back_from_its_csv_as_it_was() -> None:
    bank = generate(PETS)
    back = read_csv(write_csv(bank), PETS)
    assert [(o.about, o.text, o.expected, o.kind, o.enabled) for o in back] == [
        (o.about, o.text, o.expected, o.kind, o.enabled) for o in bank
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n1,2\n", "line 1: there is no column question"),
        ("label,question,answer\nbird,Is it?,yes\n", "line 2: there is no class 'bird'"),
        ("label,question,answer\ncat,Is it?,perhaps\n", "expects yes or no"),
        ("label,question,answer\ncat,,yes\n", "the question is empty"),
        ("label,question,answer\ncat,Is it?,yes\ncat,Is it?,yes\n", "is there twice"),
        ("label,question,answer,kind\ncat,Is it?,yes,odd\n", "line 2: kind is one of"),
    ],
)
def test_a_flaw_in_the_file_is_named(text: str, why: str) -> None:
    with pytest.raises(BankError, match=why):
        read_csv(text, PETS)


def test_the_published_bank_is_read() -> None:
    if not PUBLISHED.is_dir():
        pytest.skip("the published question bank is not beside this checkout")
    classes = [
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ]
    specific = read_csv((PUBLISHED / "cifar10_questions_specific.csv").read_text(), classes)
    general = read_csv((PUBLISHED / "cifar10_questions_common.csv").read_text(), classes)
    assert len(specific) == 40
    assert all(one.expected == "yes" and one.kind is Kind.SPECIFIC for one in specific)
    assert len(general) == 20
    assert {one.kind for one in general} == {Kind.GENERAL}


def description(text: str, label: str) -> float | None:
    asked = Question(about=label, text="Describe it.", expected=label, kind=Kind.GENERAL)
    return agreement(asked, Answer(state=AnswerState.ANSWERED, text=text), PETS)


def test_a_description_agrees_where_it_names_the_whole_label() -> None:
    assert description("Two cats on a sofa.", "cat") == 1.0
    assert description("A white dog on the beach.", "great_white_shark") == 0.0
    assert description("A great white shark.", "great_white_shark") == 1.0
    assert description("A catalogue on a table.", "cat") is None


@pytest.mark.parametrize("state", [AnswerState.UNKNOWN, AnswerState.REFUSED])
def test_an_unclear_answer_or_a_refusal_says_nothing(state: AnswerState) -> None:
    asked = generate(PETS)[0]
    assert agreement(asked, Answer(state=state, p_yes=0.9), PETS) is None


def test_a_count_agrees_with_its_number_only() -> None:
    asked = Question(about="cat", text="How many legs?", expected="4", kind=Kind.COUNT)
    said = [
        agreement(asked, Answer(state=AnswerState.ANSWERED, number=n), PETS) for n in (4, 3, None)
    ]
    assert said == [1.0, 0.0, None]
