"""Questions that a language model writes are read whatever form they come in."""

from __future__ import annotations

import pytest

from auditor.ask import answerers
from auditor.ask.answerers.server import Server
from auditor.ask.base import AnswererError, Kind
from auditor.ask.generate import ask_for_questions, read_questions
from tests.answer_server import Body, Handler, question, serving

WINGS, TAIL = "Does it have wings?", "Is there a tail?"
BOTH = [(WINGS, "yes"), (TAIL, "no")]


@pytest.mark.parametrize(
    "reply",
    [
        '[{"question": "Does it have wings?", "expected": "yes"}, '
        '{"question": "Is there a tail?", "expected": "no"}]',
        'Sure! Here you are:\n```json\n[{"question": "Does it have wings?", "expected": "Yes"},\n'
        '{"question": "Is there a tail?", "expected": "No."}]\n```\nShall I write more?',
        '{"questions": [{"question": "Does it have wings?", "answer": true}, '
        '{"question": "Is there a tail?", "answer": false}]}',
        '{"question": "Does it have wings?", "expected": "yes"}\n'
        '{"question": "Is there a tail?", "expected": "no"}',
        '[{"question": "Does it have wings?", "expected": "yes"}, '
        '{"question": "Is there a tail?", "expected": "no"}, {"question": "Is it cu',
        "1. Does it have wings? Yes\n2. Is there a tail? No",
        "1) Does it have wings? (yes)\n\n2) Is there a tail? (no)",
        "Here are the questions:\n- Does it have wings? - Yes.\n- Is there a tail? - No.",
        "* **Does it have wings?** Expected: yes\n* **Is there a tail?** Expected answer: no",
        "Q1: Does it have wings?\nA: Yes\nQ2: Is there a tail?\nA: No",
        "1. Does it have wings?\n   Answer: yes\n2. Is there a tail?\n   Answer: no\n",
        'Question: "Does it have wings?" [yes]\nQuestion: "Is there a tail?" [no]',
        "Does it have wings?\nIs there a tail? No\nDoes it have wings?",
        "Would you like more?\nDoes it have wings? yes\nIs there a tail? no",
    ],
)
def test_questions_are_read_in_every_form(reply: str) -> None:
    found = read_questions(reply, "airplane")
    assert [(q.text, q.expected) for q in found] == BOTH
    assert [q.kind for q in found] == [Kind.SPECIFIC, Kind.NEGATIVE]
    assert {(q.about, q.source, q.form) for q in found} == {("airplane", "llm", "yes_no")}


@pytest.mark.parametrize("reply", ["", "I cannot help with that.", "[]", "[1, [2]]", "[[[[", "{}"])
def test_a_reply_without_questions_holds_none(reply: str) -> None:
    assert read_questions(reply, "cat") == ()


def test_a_server_is_asked_once_for_a_class_by_name() -> None:
    def script(handler: Handler, body: Body) -> None:
        handler.say("1. Does it have wings? yes\n2. Is there a tail? no\n3. Is it big?")

    with serving(script) as server:
        who = answerers.load(server.id)
        assert isinstance(who, Server)
        found = ask_for_questions(who, 'air "plane"', 2)
    assert [(q.text, q.expected) for q in found] == BOTH
    assert len(server.seen) == 1
    assert '\\"plane\\"' in question(server.seen[0][2])
    assert server.seen[0][2]["max_tokens"] > 150


@pytest.mark.parametrize(
    ("status", "text", "told"),
    [(200, "No.", "holds no yes/no question; it said: No."), (400, "odd", "gave no answer")],
)
def test_no_questions_is_told_with_the_way_on(status: int, text: str, told: str) -> None:
    def script(handler: Handler, body: Body) -> None:
        if status == 200:
            handler.say(text)
        else:
            handler.reply(text, status)

    with serving(script) as server:
        who = answerers.load(server.id)
        assert isinstance(who, Server)
        with pytest.raises(AnswererError, match=told):
            ask_for_questions(who, "cat")
