"""Questions of stored answers are counted in order, one about two classes as two."""

from __future__ import annotations

import pyarrow as pa

from auditor.ask.tabled import numbered


def test_questions_are_counted_in_order_with_their_kinds() -> None:
    found = numbered(
        pa.table(
            {
                "about": ["bee", "ant", "bee", "ant", "ant"],
                "text": [
                    "Is it alive?",
                    "Is it alive?",
                    "Is it a cow?",
                    "Is it small?",
                    "Is it alive?",
                ],
                "kind": ["general", "general", "negative", "specific", "general"],
            }
        )
    )
    assert found.questions == [
        ("ant", "Is it alive?"),
        ("ant", "Is it small?"),
        ("bee", "Is it a cow?"),
        ("bee", "Is it alive?"),
    ]
    assert found.question.tolist() == [3, 0, 2, 1, 0]
    assert found.kinds[0] == found.kinds[3]
    assert len(set(found.kinds.tolist())) == 3
    assert found.rules_out.tolist() == [False, False, True, False]


def test_no_answers_have_no_questions() -> None:
    strings = pa.array([], pa.string())
    found = numbered(pa.table({"about": strings, "text": strings, "kind": strings}))
    assert found.questions == []
    assert len(found.question) == len(found.kinds) == len(found.rules_out) == 0
