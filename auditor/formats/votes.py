"""Files of votes: a table with a row per vote, published counts per sample, tensors of raters."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.formats.output import whole_file

OF_LABEL = ("no", "maybe", "yes")
"""Answers about one label of a sample."""
OF_PAIR = ("given", "suggested", "both", "neither")
"""Answers to the four-way question about the given and the suggested label."""

VOTE_SCHEMA = pa.schema(
    [
        # The sample, by path (and row) or by id.
        pa.field("path", pa.string()),
        pa.field("row", pa.int64()),
        pa.field("sample_id", pa.int64()),
        # The label that was asked about; in the four-way question the given one.
        pa.field("label", pa.string(), nullable=False),
        # Only in the four-way question.
        pa.field("suggested", pa.string()),
        pa.field("answer", pa.string(), nullable=False),
        # Null where the file does not tell who voted.
        pa.field("annotator", pa.string()),
        # UTC; null where the file does not tell when.
        pa.field("made_on", pa.timestamp("us")),
        pa.field("note", pa.string()),
    ]
)
"""One row per vote."""

_OTHER_NAMES = {"guessed": "suggested", "1": "yes", "0": "no", "true": "yes", "false": "no"}


class VoteFileError(ValueError):
    """The file holds no votes that can be read. Names the file and the record."""


def read(path: Path, annotator: str | None = None) -> pa.Table:
    """Votes of a file, as VOTE_SCHEMA; `annotator` is who voted where the file does not tell.

    CSV, JSON lines and Parquet hold a record per vote under the schema's names. JSON may also hold a
    list of `{id, given_original_label_name, our_guessed_label_name, mturk: {answer: count}}`, NPZ
    a `tensor` (raters, questions, 3) of 0 and 1 with `info` (path, label) and rater `ids`.
    Raises VoteFileError.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise VoteFileError(f"{path.name}: votes are read from {', '.join(sorted(_READERS))}")
    try:
        table = reader(path)
    except FileNotFoundError:
        raise VoteFileError(f"there is no file {path}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error, pa.ArrowException) as error:
        raise VoteFileError(f"{path.name} cannot be read: {error}") from None
    if not table.num_rows:
        raise VoteFileError(f"{path.name} holds no votes")
    if annotator is not None:
        who = pc.fill_null(table["annotator"], annotator)
        table = table.set_column(table.schema.get_field_index("annotator"), "annotator", who)
    return table


def write(votes: pa.Table, path: Path) -> None:
    """Write VOTE_SCHEMA as CSV, JSON lines or Parquet, by the file's ending. Raises VoteFileError."""
    kind = path.suffix.lower()
    if kind not in {".csv", ".jsonl", ".parquet"}:
        raise VoteFileError(f"{path.name}: votes are written as .csv, .jsonl or .parquet")
    with whole_file(path) as partial:
        if kind == ".parquet":
            pq.write_table(votes, partial, compression="zstd")
            return
        with partial.open("w", encoding="utf-8", newline="") as out:
            records = [_plain(record) for record in votes.to_pylist()]
            if kind == ".csv":
                rows = csv.DictWriter(out, votes.schema.names)
                rows.writeheader()
                rows.writerows(records)
            else:
                out.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in records)


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    made_on = record["made_on"]
    return {**record, "made_on": made_on.isoformat() + "Z" if made_on else None}


def _from_csv(path: Path) -> pa.Table:
    text = path.read_text(encoding="utf-8-sig")
    return _from_records(path, csv.DictReader(io.StringIO(text, newline=""), strict=True))


def _from_json_lines(path: Path) -> pa.Table:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return _from_records(path, [json.loads(line) for line in lines if line.strip()])


def _from_json(path: Path) -> pa.Table:
    found = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(found, list):
        raise VoteFileError(f"{path.name} is no list of records")
    if found and isinstance(found[0], dict) and "mturk" in found[0]:
        return _from_counts(path, found)
    return _from_records(path, found)


def _from_parquet(path: Path) -> pa.Table:
    return _from_records(path, pq.read_table(path).to_pylist())


def _from_records(path: Path, records: Iterable[Any]) -> pa.Table:
    votes = [_vote(one, f"{path.name}, record {n}") for n, one in enumerate(records, 1)]
    return pa.Table.from_pylist(votes, schema=VOTE_SCHEMA)


def _vote(record: Any, place: str) -> dict[str, Any]:
    if not isinstance(record, Mapping):
        raise VoteFileError(f"{place}: it is no record of names and values")
    values = {name: _text(record.get(name)) for name in VOTE_SCHEMA.names}
    if values["label"] is None or (values["path"] is None and values["sample_id"] is None):
        raise VoteFileError(f"{place}: it needs a label, and a path or a sample_id")
    said = (values["answer"] or "yes").lower()
    answer = _OTHER_NAMES.get(said, said)
    allowed = OF_LABEL if values["suggested"] is None else OF_PAIR
    if answer not in allowed:
        raise VoteFileError(f"{place}: the answer {said!r} is none of {', '.join(allowed)}")
    try:
        numbers = {k: None if (v := values[k]) is None else int(v) for k in ("row", "sample_id")}
        made_on = _moment(record.get("made_on"))
    except ValueError as error:
        raise VoteFileError(f"{place}: {error}") from None
    return {**values, **numbers, "answer": answer, "made_on": made_on}


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _moment(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _from_counts(path: Path, records: Sequence[Any]) -> pa.Table:
    """The published verdicts of label errors: how many workers chose each of four answers."""
    votes: list[dict[str, Any]] = []
    for number, record in enumerate(records, 1):
        try:
            asked = {
                "sample_id": int(record["id"]),
                "label": str(record["given_original_label_name"]),
                "suggested": str(record["our_guessed_label_name"]),
            }
            for said, count in record["mturk"].items():
                answer = OF_PAIR[OF_PAIR.index(_OTHER_NAMES.get(said, said))]
                votes += [{**asked, "answer": answer}] * int(count)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise VoteFileError(
                f"{path.name}, record {number} has no counts of votes: {error}"
            ) from None
    return pa.Table.from_pylist(votes, schema=VOTE_SCHEMA)


def _from_tensor(path: Path) -> pa.Table:
    """Raters' answers no, maybe, yes as ones of a tensor (raters, questions, 3)."""
    try:
        with np.load(path, allow_pickle=False) as held:
            info, ids = held["info"], held["ids"]
            rater, question, answer = np.nonzero(held["tensor"])
        paths, labels = pa.array(info[:, 0].astype(str)), pa.array(info[:, 1].astype(str))
        answers = pa.array(OF_LABEL).take(answer)
        raters = pa.array([str(one) for one in ids.tolist()]).take(rater)
        columns = {"path": paths.take(question), "label": labels.take(question)}
    except (KeyError, ValueError, IndexError, zipfile.BadZipFile) as error:
        raise VoteFileError(
            f"{path.name} holds no tensor (raters, questions, 3) with info and ids: {error}"
        ) from None
    given = {**columns, "answer": answers, "annotator": raters}
    return pa.table(
        {f.name: given.get(f.name, pa.nulls(len(answer), f.type)) for f in VOTE_SCHEMA},
        schema=VOTE_SCHEMA,
    )


_READERS: dict[str, Callable[[Path], pa.Table]] = {
    ".csv": _from_csv,
    ".json": _from_json,
    ".jsonl": _from_json_lines,
    ".ndjson": _from_json_lines,
    ".npz": _from_tensor,
    ".parquet": _from_parquet,
}
