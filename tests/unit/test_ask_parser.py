"""What replies say, as models write them; unknown is never a vote."""

# ruff: noqa: RUF001  (replies in many scripts)

# ruff: noqa: RUF001 - replies are written as models of other languages write them
from __future__ import annotations

import json

import pytest

from auditor.ask.base import Answer, AnswerState
from auditor.ask.parser import parse, parse_many

YES = [
    "yes",
    "Yes.",
    "YES",
    "yes!!!",
    "A: Yes.",
    "A: **Yes**",
    "Answer: yes",
    "**Answer:** Yes",
    "Answer : Yes, there is one.",
    "The answer is yes.",
    "The answer is: **Yes**.",
    "Final answer: Yes",
    "My answer is yes",
    "- Yes",
    "* Yes, a dog is visible.",
    "1. Yes",
    "1) Yes.",
    "> Yes",
    "### Yes",
    '"Yes"',
    "\u201cYes.\u201d",
    "`yes`",
    "(Yes)",
    "Yes, the image contains a dog.",
    "Yes - there is no doubt about it.",
    "Yes, there is no other animal.",
    "Yeah, I can see it.",
    "Yep",
    "Sure, here is the answer:\n\nYes.",
    "Certainly! Yes, it is a truck.",
    "Of course.\n\n\nYes",
    "\n\n  Yes\n",
    "Based on the image, yes, there is a dog.",
    "Q: Is there a dog in the image?\nA: Yes.",
    "Is there a dog in the image? Yes.",
    "Looking closely, I see fur and a tail. Answer: yes",
    "<think>No, wait. It has wheels.</think>Yes",
    "<answer>Yes</answer>",
    "Yes<|im_end|>",
    "\\boxed{Yes}",
    '{"answer": "yes"}',
    '{"Answer": "Yes."}',
    '{"answer": true, "reason": "no doubt"}',
    '```json\n{"answer": "yes"}\n```',
    'Here is the JSON:\n```\n{"answer": "Yes", "confidence": 0.9}\n```',
    '["yes"]',
    "true",
    "Correct.",
    "I think so.",
    "Definitely yes",
    "Probably yes",
    "y",
    "Ｙｅｓ",
    "Ja, auf dem Bild ist ein Hund.",
    "Die Antwort lautet: Ja.",
    "Oui.",
    "Oui, il y a un chien.",
    "Sí, hay un perro.",
    "Sì",
    "Sim, há um cachorro.",
    "Ja, er is een hond.",
    "Tak.",
    "Да, на изображении есть собака.",
    "是的，图中有一只狗。",
    "是",
    "对。",
    "はい、犬がいます。",
    "네, 있습니다.",
    "예.",
    "نعم، هناك كلب.",
    "हाँ, चित्र में एक कुत्ता है।",
    "Evet, bir köpek var.",
]
NO = [
    "no",
    "No.",
    "**No**",
    "__No__, it is a cat.",
    "No, only its eyes are visible",
    "No, I know snow when I see it.",
    "No dog is visible.",
    "No, there is not.",
    "A: No.",
    "Answer: no",
    "The answer is no, not yes in any way",
    "Nope",
    "Definitely not.",
    "Absolutely not!",
    "Of course not.",
    "Not at all.",
    "I don't think so.",
    "n",
    "False",
    '{"answer": "no"}',
    '{"answer": false}',
    '{"response": {"answer": "No."}}',
    "Sure! Here's my answer:\n- No",
    "I looked at it twice.\nFinal answer: **No**",
    "Nein, das ist eine Katze.",
    "Non, c'est un chat.",
    "No, es un gato.",
    "Não.",
    "Nee, dat is een kat.",
    "Nej, det är en katt.",
    "Nie, to kot.",
    "Нет.",
    "不是。",
    "没有。",
    "いいえ、猫です。",
    "아니요, 고양이입니다.",
    "لا، هذه قطة.",
    "नहीं।",
    "Hayır, bu bir kedi.",
    "HAYIR",
]
UNKNOWN = [
    "",
    "   \n\n ",
    "...",
    "eyes",
    "Eyes are visible.",
    "snow",
    "I know.",
    "not",
    "Noon.",
    "Yesterday",
    "Nobody",
    "None",
    "Norway",
    "nonsense",
    "Non-existent",
    "yes-or-no questions are hard",
    "yes and no",
    "Yes and no.",
    "Yes or no",
    "yes/no",
    "Yes/No?",
    "Yes, no.",
    "Yes. No.",
    "Yes. Wait, no.",
    "Maybe.",
    "Perhaps, yes",
    "It could be a dog.",
    "It might be.",
    "Not sure",
    "I'm not sure.",
    "No, I'm not sure.",
    "I am not certain, but yes is possible",
    "Unclear.",
    "It is hard to tell.",
    "I don't know",
    "No idea.",
    "No clue",
    "No. 5 is shown",
    "No doubt a dog lives here.",
    "Sure!",
    "Sure, here is the answer:",
    "There is a dog in the image.",
    "A dog.",
    "Yes at first.\nFinal answer: no",
    "Neither.",
    '{"answer": null}',
    '{"answer": "unknown"}',
    '{"yes": 0.2, "no": 0.8}',
    '["yes", "no"]',
    '{"answer": ',
    "<think>yes it is a dog, so",
    "Jein",
    "Vielleicht.",
    "Peut-être",
    "No sé.",
    "No estoy seguro",
    "Non lo so",
    "Não sei",
    "Nie wiem",
    "не знаю",
    "不知道",
    "不确定",
    "是不是狗",
    "有可能",
    "わかりません",
    "शायद",
]
REFUSED = [
    "I cannot help with that request.",
    "I can't assist with that.",
    "I'm sorry, but I can't identify people in images.",
    "As an AI, I cannot look at pictures.",
    "As an AI language model, yes or no is beyond me.",
    "I\u2019m sorry, but I am unable to answer.",
    "No, I can't help with that.",
    "Ich kann dabei leider nicht helfen.",
    "Je ne peux pas vous aider.",
    "No puedo ayudar con eso.",
    "我无法回答这个问题。",
]
NUMBERS = [
    ("3", 3),
    ("3.", 3),
    ("**3**", 3),
    ("Answer: 3", 3),
    ("There are 3 dogs.", 3),
    ("two digits", 2),
    ("Two.", 2),
    ("There are two dogs in the image.", 2),
    ("One of the dogs is brown, two in all", 2),
    ("I count 12 of them. One is brown.", 12),
    ("twenty-one", 21),
    ("1,000", 1000),
    ("1. 4", 4),
    ("1. Two dogs", 2),
    ("3 (three)", 3),
    ("3.0", 3),
    ("0", 0),
    ("zero", 0),
    ("None.", 0),
    ("There are no dogs.", 0),
    ("Sure, here is the answer:\n2", 2),
    ('{"answer": 2}', 2),
    ('{"count": "two"}', 2),
    ("zwei Hunde", 2),
    ("Il y a deux chiens.", 2),
    ("tres", 3),
    ("три", 3),
    ("三只", 3),
    ("3匹", 3),
    ("٣", 3),
    ("دو", None),
    ("दो", 2),
    ("eine", 1),
    ("2 or 3", None),
    ("2-3", None),
    ("between 2 and 5", None),
    ("3.5", None),
    ("-1", None),
    ("1/2", None),
    ("50%", None),
    ("at least 2", None),
    ("several", None),
    ("3 dogs and 2 cats", None),
    ("the 2nd", None),
    ("a 3d scene", None),
    ("No idea.", None),
    ("often", None),
    ("someone", None),
    ("", None),
    ('{"answer": true}', None),
    ("9" * 30, None),
]


def _cases() -> list[tuple[str, AnswerState, float | None]]:
    return [
        *((one, AnswerState.ANSWERED, 1.0) for one in YES),
        *((one, AnswerState.ANSWERED, 0.0) for one in NO),
        *((one, AnswerState.UNKNOWN, None) for one in UNKNOWN),
        *((one, AnswerState.REFUSED, None) for one in REFUSED),
    ]


@pytest.mark.parametrize(("reply", "state", "p_yes"), _cases())
def test_a_reply_says_yes_no_or_nothing(
    reply: str, state: AnswerState, p_yes: float | None
) -> None:
    answer = parse(reply, "yes_no")
    assert (answer.state, answer.p_yes) == (state, p_yes)
    assert answer.text == reply.strip()


@pytest.mark.parametrize(("reply", "number"), NUMBERS)
def test_a_reply_states_one_number_or_none(reply: str, number: int | None) -> None:
    answer = parse(reply, "number")
    assert answer.number == number
    assert (answer.state is AnswerState.ANSWERED) == (number is not None)
    assert answer.p_yes is None


def test_an_open_reply_is_kept_as_it_is() -> None:
    assert parse("A Brown dog.", "open") == Answer(state=AnswerState.ANSWERED, text="A Brown dog.")
    assert parse('{"answer": "A Brown dog"}', "open").text == "A Brown dog"
    assert parse(" ", "open").state is AnswerState.UNKNOWN
    assert parse("I don't know.", "open").state is AnswerState.UNKNOWN
    assert parse("I'm sorry, but I can't help with that.", "open").state is AnswerState.REFUSED


def said(reply: str, n: int) -> str:
    """One letter an answer."""
    letters = {1.0: "y", 0.0: "n", None: "?"}
    return "".join(letters[one.p_yes] for one in parse_many(reply, n, "yes_no"))


BATCHES = [
    ("1. Yes\n2. No\n3. Yes", 3, "yny"),
    ("1) Yes.\n2) No.\n3) Yes.", 3, "yny"),
    ("1. Yes 2. No 3. Yes", 3, "yny"),
    ("**1.** Yes\n**2.** No", 2, "yn"),
    ("Q1: Is it a dog?\nA1: Yes\nQ2: Is it a cat?\nA2: No.", 2, "yn"),
    ("Question 1: yes\nQuestion 2: no", 2, "yn"),
    ("Q: Is it a dog? A: Yes. Q: Is it a cat? A: No.", 2, "yn"),
    ("Q: Is it a dog?\nA: Yes.\n\nQ: Is it a cat?\nA: No.", 2, "yn"),
    ("1. Is it a dog? Yes.\n2. Is it a cat? No.", 2, "yn"),
    ("1. Q: Is it a dog?\n   A: Yes.\n2. Q: Is it a cat?\n   A: No.", 2, "yn"),
    ("Yes\nNo\nYes", 3, "yny"),
    ("yes, no, yes", 3, "yny"),
    ("Here are the answers:\n\n1. Yes\n\n2. No", 2, "yn"),
    ("Here are the answers:\nYes\n\nNo", 2, "yn"),
    ('["yes", "no", null]', 3, "yn?"),
    ('{"1": "yes", "3": "no"}', 3, "y?n"),
    ('{"answers": ["yes", "no"]}', 2, "yn"),
    ('{"answers": [{"question": 2, "answer": "no"}, {"question": 1, "answer": "yes"}]}', 2, "yn"),
    ('```json\n[{"answer": true}, {"answer": false}]\n```', 2, "yn"),
    ("1. Yes\n3. No", 3, "y?n"),
    ("2. No\n1. Yes", 2, "yn"),
    ("0. Yes\n1. No", 2, "yn"),
    ("0. Yes\n1. No", 3, "???"),
    ("1. Yes\n1. No\n2. Yes", 2, "?y"),
    ("1. Yes\n2. Maybe\n3. No\n7. Yes", 3, "y?n"),
    ("Yes\nNo", 3, "???"),
    ('["yes", "no"]', 3, "???"),
    ("A: Yes. A: No.", 3, "???"),
    ("nothing of use", 3, "???"),
    ("", 2, "??"),
]


@pytest.mark.parametrize(("reply", "n", "expected"), BATCHES)
def test_answers_to_several_questions_stay_at_their_places(
    reply: str, n: int, expected: str
) -> None:
    assert said(reply, n) == expected


def test_numbers_are_read_in_a_batch_as_well() -> None:
    answers = parse_many("1. 3\n2. two\n4. 0", 4, "number")
    assert [one.number for one in answers] == [3, 2, None, 0]


# What the released package of VDC does wrong (specification, 23.4), on our code.


def test_failure_3_a_word_inside_a_word_is_no_answer() -> None:
    assert parse("No, only its eyes are visible", "yes_no").p_yes == 0.0
    for reply in ("Only its eyes are visible", "know", "snow", "not this"):
        assert parse(reply, "yes_no").state is AnswerState.UNKNOWN


def test_failure_4_preambles_and_blank_lines_break_nothing() -> None:
    assert said("Sure, here are the answers:\n\n1. Yes\n\n\n2. No\n", 2) == "yn"


def test_failure_5_a_missing_answer_shifts_no_other() -> None:
    assert said("1. Yes\n3. No", 3) == "y?n"
    assert said("Yes\nNo", 3) == "???"
    missing = parse_many("1. Yes\n3. No", 3, "yes_no")[1]
    assert missing.state is AnswerState.UNKNOWN


def test_failure_6_a_reply_of_nothing_is_unknown_and_not_a_no() -> None:
    answers = parse_many("I like pictures.", 3, "yes_no")
    assert [one.state for one in answers] == [AnswerState.UNKNOWN] * 3
    assert parse_many("", 0, "yes_no") == []


def test_failure_7_labels_full_stops_and_pairs_on_two_lines_are_read() -> None:
    assert parse("A: Yes.", "yes_no").p_yes == 1.0
    assert said("1. Q: Is it A: a dog?\nA: Yes.\n2. Q: Is it a cat?\nA: No.", 2) == "yn"


def test_a_refusal_of_all_is_told_apart_from_silence() -> None:
    answers = parse_many("I'm sorry, but I can't help with that.", 2, "yes_no")
    assert [one.state for one in answers] == [AnswerState.REFUSED] * 2


@pytest.mark.parametrize(
    "reply", ["[" * 5000, "```" * 999, "answer: " * 5000, "\0", "🐶", "((((no"]
)
def test_any_text_is_taken(reply: str) -> None:
    for answer in (parse(reply, "yes_no"), *parse_many(reply, 3, "number")):
        assert json.dumps(answer.p_yes) in ("null", "0.0")
