"""What is asked about captions: read from a column of the source, each phrase of each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor.ask.base import Question
from auditor.ask.captions import questions_of
from auditor.session.ask_plan import Wanted, numbered
from auditor.store import project, samples
from auditor.store.db import Connection

COLUMN = "caption_column"
"""The project's fact that says which column's captions were asked about last."""


class CaptionsError(ValueError):
    """There are no captions to ask about. Says which columns there are."""


def column_of(params: Any) -> str:
    """The column of captions that a check's parameters name; "" for a check of labels."""
    return str(getattr(params, "caption_column", ""))


def read(db: Connection, column: str, sample_ids: pa.ChunkedArray) -> list[str]:
    """Each sample's caption, "" where it has none. Raises CaptionsError without such a column."""
    names = samples.extra_names(db)
    if column not in names:
        there = f"it has: {', '.join(names)}" if names else "it has none"
        raise CaptionsError(
            f"the source has no column {column!r} beside the labels ({there}); name the one with "
            "the captions (caption_fit.caption_column)"
        )
    found = samples.extra_column(db, column)
    place = pc.index_in(sample_ids, value_set=found["sample_id"].combine_chunks())
    values = found["value"].combine_chunks().take(place.combine_chunks())
    return ["" if value is None else str(value) for value in values.to_pylist()]


def of_sample(db: Connection, sample_id: int) -> tuple[Question, ...]:
    """The questions about one sample's caption, where captions were ever asked about."""
    column = project.fact(db, COLUMN)
    if column is None or column not in samples.extra_names(db):
        return ()
    ids = pa.chunked_array([pa.array([sample_id], pa.int64())])
    (caption,) = read(db, column, ids)
    return questions_of(caption)


def planned(table: pa.Table, captions: Sequence[str]) -> Wanted:
    """Every question about every caption; captions are those of the rows of `table`."""
    number: dict[Question, int] = {}
    known: dict[str, list[int]] = {}
    for caption in captions:
        if caption not in known:
            asked = questions_of(caption)
            known[caption] = [number.setdefault(one, len(number)) for one in asked]
    bank = tuple(number)
    lists = [known[caption] for caption in captions]
    rows = pa.array([row for row, places in enumerate(lists) for _ in places], pa.int64())
    chosen = pa.array([place for places in lists for place in places], pa.int64())
    abouts = pa.array([one.about for one in bank], pa.string())
    keys = pa.array([one.prompt.key for one in bank], pa.string())
    asked_of = {
        "sample_id": table["sample_id"].take(rows),
        "pixel_hash": table["pixel_hash"].take(rows),
        "about": abouts.take(chosen),
        "question": chosen,
        "prompt_key": keys.take(chosen),
    }
    return Wanted(numbered(pa.table(asked_of)), bank)


def about(db: Connection, sample_id: int, phrase: str, bank: Sequence[Question]) -> list[Question]:
    """Questions of yes or no about a class, a phrase of the sample's caption, or any other phrase."""
    known = [one for one in (*bank, *of_sample(db, sample_id)) if one.about == phrase]
    asked = [one for one in known or questions_of(phrase) if one.enabled and one.form == "yes_no"]
    return list(dict.fromkeys(asked))
