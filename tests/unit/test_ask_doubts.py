"""About which samples other classes are asked as well: those that the answers doubt."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from auditor.session.ask_plan import doubted

N, QUESTIONS = 1000, 6


def answers(*, marked_wrongly: int = 0) -> tuple[pa.Table, np.ndarray]:
    """Six questions about each label, of which one in ten is wrong; the first expect the wrong answer."""
    rng = np.random.default_rng(0)
    wrong = np.arange(N) % 10 == 0
    share = np.where(wrong[:, None], 0.05, 0.95)
    agree = np.where(rng.random((N, QUESTIONS)) < share, 0.98, 0.02)
    agree[:, :marked_wrongly] = 1 - agree[:, :marked_wrongly]
    sample, question = (one.ravel() for one in np.indices((N, QUESTIONS)))
    table = pa.table(
        {
            "sample_id": pa.array(sample + 5),
            "about": pa.array(np.full(len(sample), "cat")),
            "text": pa.array([f"question {i}" for i in question]),
            "kind": pa.array(np.full(len(sample), "specific")),
            "agree": pa.array(agree.ravel(), pa.float32()),
        }
    )
    return table, np.flatnonzero(wrong) + 5


@pytest.mark.parametrize("marked_wrongly", [0, 2])
def test_few_labels_are_doubted_even_where_two_questions_expect_the_wrong_answer(
    marked_wrongly: int,
) -> None:
    table, wrong = answers(marked_wrongly=marked_wrongly)
    found = doubted(table, 0.1).to_numpy()
    assert set(wrong) <= set(found)
    assert len(found) < 1.3 * len(wrong)


def test_a_label_that_most_answers_deny_is_doubted_though_nothing_could_be_learnt() -> None:
    table, _ = answers()
    table = table.slice(0, QUESTIONS)
    denied = table.set_column(4, "agree", pa.array(np.full(QUESTIONS, 0.2), pa.float32()))
    assert doubted(denied, 0.1).to_pylist() == [5]
    unknown = table.set_column(4, "agree", pa.nulls(QUESTIONS, pa.float32()))
    assert doubted(unknown, 0.1).to_pylist() == []
