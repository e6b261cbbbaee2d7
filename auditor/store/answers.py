"""Answers about pictures, by the picture's content, the prompt and who answered: asked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from auditor.ask.base import Prompt
from auditor.model import ChangeSet
from auditor.store.db import NOW, Connection, arrow, first, insert

ANSWER_SCHEMA = pa.schema(
    [
        pa.field("pixel_hash", pa.string(), nullable=False),
        pa.field("prompt_key", pa.string(), nullable=False),
        # An AnswerState.
        pa.field("state", pa.string(), nullable=False),
        pa.field("p_yes", pa.float32()),
        pa.field("number", pa.int32()),
        pa.field("reply", pa.string()),
        pa.field("seconds", pa.float32()),
    ]
)

PERSON = "person:"
"""The fingerprint of a reviewer who answers begins so; a person's answer goes before a model's."""


@dataclass(frozen=True, slots=True)
class PutPrompts:
    """Keep what the keys of these prompts stand for."""

    prompts: Sequence[Prompt]

    def __call__(self, db: Connection) -> ChangeSet:
        rows = {one.key: one for one in self.prompts}
        table = pa.table(
            {
                "prompt_key": pa.array(list(rows), pa.string()),
                "form": pa.array([one.form for one in rows.values()], pa.string()),
                "text": pa.array([one.text for one in rows.values()], pa.string()),
            }
        )
        insert(
            db,
            "insert into prompt select * from incoming anti join"
            " (select prompt_key from prompt) using (prompt_key)",
            table,
        )
        return ChangeSet(frozenset())


@dataclass(frozen=True, slots=True)
class PutAnswers:
    """Keep answers (ANSWER_SCHEMA) of one answerer; what is known already stays as it is."""

    fingerprint: str
    answerer_id: str
    answers: pa.Table
    replace: bool = False
    """A person who answers again changed their mind; a model would only repeat itself."""

    def __call__(self, db: Connection) -> ChangeSet:
        db.execute(
            "insert or replace into answerer values (?, ?)", [self.fingerprint, self.answerer_id]
        )
        db.register("fresh", self.answers.select(["pixel_hash", "prompt_key"]))
        if self.replace:
            db.execute(
                "delete from answer where answerer = ? and (pixel_hash, prompt_key) in"
                " (select pixel_hash, prompt_key from fresh)",
                [self.fingerprint],
            )
        db.unregister("fresh")
        insert(
            db,
            "insert into answer select i.pixel_hash, i.prompt_key, ?, i.state, i.p_yes, i.number,"
            f" i.reply, i.seconds, {NOW}"
            " from (select distinct on (pixel_hash, prompt_key) * from incoming) i anti join"
            " (select pixel_hash, prompt_key from answer where answerer = ?"
            "  and pixel_hash in (select pixel_hash from incoming))"
            " using (pixel_hash, prompt_key)",
            self.answers,
            [self.fingerprint, self.fingerprint],
        )
        return ChangeSet(frozenset({"answer"}))


def missing(db: Connection, wanted: pa.Table, fingerprint: str) -> pa.Table:
    """Those (pixel_hash, prompt_key) of `wanted` that this answerer was never asked, each once.

    With a sample that has the picture: sample_id, pixel_hash, prompt_key; by sample.
    """
    return _over(
        db,
        wanted,
        "select min(sample_id) as sample_id, pixel_hash, prompt_key from incoming anti join"
        " (select pixel_hash, prompt_key from answer where answerer = ?) using (pixel_hash, prompt_key)"
        " group by pixel_hash, prompt_key order by 1, 3",
        [fingerprint],
    )


def known(db: Connection, wanted: pa.Table, fingerprint: str) -> pa.Table:
    """`wanted` with what was answered beside it: state, p_yes, number, reply, by_person.

    Null where nobody answered. What a person said goes before what the model said. In the order of
    `wanted`, which needs a column `place`.
    """
    return _over(
        db,
        wanted,
        "select w.*, coalesce(p.state, a.state) as state,"
        " case when p.state is null then a.p_yes else p.p_yes end as p_yes,"
        " case when p.state is null then a.number else p.number end as number,"
        " case when p.state is null then a.reply else p.reply end as reply,"
        " p.state is not null as by_person"
        " from incoming w left join (select * from answer where answerer = ?) a"
        " using (pixel_hash, prompt_key) left join (select distinct on (pixel_hash, prompt_key) *"
        "  from answer where starts_with(answerer, ?) order by answered_on desc) p"
        " using (pixel_hash, prompt_key) order by w.place",
        [fingerprint, PERSON],
    )


def _over(db: Connection, rows: pa.Table, query: str, values: Sequence[Any]) -> pa.Table:
    db.register("incoming", rows)
    found = arrow(db, query, values)
    db.unregister("incoming")
    return found


def count(db: Connection, fingerprint: str) -> int:
    """How many answers of this answerer are kept."""
    ((rows,),) = db.execute(
        "select count(*) from answer where answerer = ?", [fingerprint]
    ).fetchall()
    return int(rows)


def kept(db: Connection, answerer_id: str) -> tuple[str, int, int]:
    """Of the answerer with that id, as it is known best here: fingerprint, answers, unclear ones.

    ("", 0, 0) where it was never asked.
    """
    row = first(
        db,
        "select answerer, count(*), count(*) filter (state != 'answered') from answer"
        " where answerer in (select fingerprint from answerer where id = ?)"
        " group by 1 order by max(answered_on) desc limit 1",
        [answerer_id],
    )
    return (row[0], int(row[1]), int(row[2])) if row else ("", 0, 0)


def of_picture(db: Connection, sample_id: int, fingerprint: str) -> dict[str, dict[str, Any]]:
    """By prompt key, what was answered about a sample's picture; a person's answer goes first."""
    rows = arrow(
        db,
        "select prompt_key, state, p_yes, number, reply, answerer, starts_with(answerer, ?) as by_person"
        " from answer where pixel_hash = (select pixel_hash from media where sample_id = ?)"
        " and (answerer = ? or starts_with(answerer, ?)) order by by_person, answered_on",
        [PERSON, sample_id, fingerprint, PERSON],
    )
    return {row["prompt_key"]: row for row in rows.to_pylist()}


def pixel_hash(db: Connection, sample_id: int) -> str | None:
    """The hash of a sample's picture; None where it could not be read."""
    row = first(db, "select pixel_hash from media where sample_id = ?", [sample_id])
    return row[0] if row else None
