"""Answers beside their questions, as checks read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.ask.agreement import agreement
from auditor.ask.base import Answer, AnswerState, Question
from auditor.model import ASKED_SCHEMA


def asked_table(known: pa.Table, asked: Sequence[Question], classes: Sequence[str]) -> pa.Table:
    """ASKED_SCHEMA of `answers.known` rows."""
    places = known["question"].combine_chunks()
    agree = pa.array(_agreement(asked, known, classes), pa.float32(), from_pandas=True)
    facts = {
        name: pa.array([getattr(one, name) for one in asked], pa.string()).take(places)
        for name in ("text", "kind", "expected")
    }
    columns = {name: known[name] for name in ("sample_id", "about", "p_yes", "number", "reply")}
    columns |= {"state": known["state"], "by_person": known["by_person"]}
    return pa.table(
        {f.name: {**columns, **facts, "agree": agree}[f.name] for f in ASKED_SCHEMA}
    ).cast(ASKED_SCHEMA)


def _agreement(
    asked: Sequence[Question], known: pa.Table, classes: Sequence[str]
) -> npt.NDArray[np.float64]:
    """(n,) probability that each answer is the expected one; NaN where that is not known."""
    place: npt.NDArray[np.int64] = known["question"].to_numpy()
    p_yes = known["p_yes"].cast(pa.float64()).to_numpy().copy()
    expects_no = np.array([one.expected == "no" for one in asked], bool)
    agree: npt.NDArray[np.float64] = np.where(expects_no[place], 1 - p_yes, p_yes)
    in_words = np.array([one.form != "yes_no" for one in asked], bool)[place]
    for row in np.flatnonzero(in_words & known["state"].is_valid().to_numpy()):
        number, reply, state = (known[name][row].as_py() for name in ("number", "reply", "state"))
        said = Answer(state=AnswerState(state), number=number, text=reply)
        found = agreement(asked[place[row]], said, classes)
        agree[row] = np.nan if found is None else found
    return agree
