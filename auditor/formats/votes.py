"""Files of votes: a table with a row per vote, published counts per sample, tensors of raters."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from auditor.formats.output import whole_file
from auditor.model import VOTE_SCHEMA

OF_LABEL = ("no", "maybe", "yes")
"""Answers about one label of a sample."""
OF_PAIR = ("given", "suggested", "both", "neither")
"""Answers to the four-way question about the given and the suggested label."""

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
    except (UnicodeDecodeError, json.JSONDecodeError, pa.ArrowException) as error:
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
        texts = votes.set_column(
            votes.schema.get_field_index("made_on"),
            "made_on",
            pc.strftime(votes["made_on"], format="%Y-%m-%dT%H:%M:%SZ"),
        )
        if kind == ".csv":
            pa_csv.write_csv(texts, partial)
            return
        with partial.open("w", encoding="utf-8") as out:
            out.writelines(
                json.dumps(record, ensure_ascii=False) + "\n"
                for batch in texts.to_batches(max_chunksize=10_000)
                for record in batch.to_pylist()
            )


def _from_csv(path: Path) -> pa.Table:
    texts = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(VOTE_SCHEMA.names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    parsed = pa_csv.ParseOptions(newlines_in_values=True)
    return _checked(path, pa_csv.read_csv(path, parse_options=parsed, convert_options=texts))


def _from_parquet(path: Path) -> pa.Table:
    return _checked(path, pq.read_table(path))


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


def _from_records(path: Path, records: Sequence[Any]) -> pa.Table:
    for number, one in enumerate(records, 1):
        if not isinstance(one, dict):
            raise VoteFileError(
                f"{path.name}, record {number}: it is no record of names and values"
            )
    texts = {
        name: pa.array([None if (v := one.get(name)) is None else str(v) for one in records])
        for name in VOTE_SCHEMA.names
    }
    return _checked(path, pa.table({k: v.cast(pa.string()) for k, v in texts.items()}))


def _checked(path: Path, table: pa.Table) -> pa.Table:
    """A table of any types as VOTE_SCHEMA. Raises VoteFileError at its first bad record."""
    found = {name: _texts(table, name) for name in VOTE_SCHEMA.names if name != "made_on"}
    unnamed = pc.and_(pc.is_null(found["path"]), pc.is_null(found["sample_id"]))
    lacking = pc.or_(pc.is_null(found["label"]), unnamed)
    _refuse(path, lacking, "it needs a label, and a path or a sample_id")
    for name in ("row", "sample_id"):
        is_number = pc.match_substring_regex(found[name], r"^\d{1,18}$")
        strange = pc.invert(pc.fill_null(is_number, True))
        _refuse(path, strange, f"{name} {{}} is no whole number", found[name])
        found[name] = found[name].cast(pa.int64())
    found["answer"] = _answers(path, found["answer"], pc.is_valid(found["suggested"]))
    columns = {**found, "made_on": _moments(path, table)}
    return pa.table({name: columns[name] for name in VOTE_SCHEMA.names}, schema=VOTE_SCHEMA)


def _refuse(
    path: Path, bad: pa.ChunkedArray, why: str, values: pa.ChunkedArray | None = None
) -> None:
    """Raise VoteFileError at the first bad record; `{}` in `why` is its value."""
    place = pc.index(bad, True).as_py()
    if place >= 0:
        value = "" if values is None else repr(values[place].as_py())
        raise VoteFileError(f"{path.name}, record {place + 1}: {why.replace('{}', value)}")


def _texts(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        return pa.chunked_array([pa.nulls(table.num_rows, pa.string())])
    texts = table[name].cast(pa.string())
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _answers(path: Path, texts: pa.ChunkedArray, in_pairs: pa.ChunkedArray) -> pa.ChunkedArray:
    """The answers by their own names; where a record gives none, its label is one that fits."""
    said = pc.utf8_lower(pc.fill_null(texts, "yes"))
    other = pc.index_in(said, value_set=pa.array(list(_OTHER_NAMES)))
    said = pc.coalesce(pa.array(list(_OTHER_NAMES.values())).take(other), said)
    for asked, allowed in ((in_pairs, OF_PAIR), (pc.invert(in_pairs), OF_LABEL)):
        strange = pc.and_(asked, pc.invert(pc.is_in(said, value_set=pa.array(allowed))))
        _refuse(path, strange, f"the answer {{}} is none of {', '.join(allowed)}", said)
    return said


def _moments(path: Path, table: pa.Table) -> pa.ChunkedArray:
    """Times in UTC; those without a zone are."""
    if "made_on" in table.column_names and pa.types.is_timestamp(table["made_on"].type):
        return table["made_on"].cast(pa.timestamp("us"))
    texts = _texts(table, "made_on").combine_chunks().dictionary_encode()
    moments: list[datetime | None] = []
    for number, text in enumerate(texts.dictionary.to_pylist()):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            why = "made_on {} is no time such as 2026-01-02T03:04:05Z"
            _refuse(path, pc.equal(texts.indices, number), why, texts)
        else:
            moments.append(moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment)
    return pa.chunked_array([pa.array(moments, pa.timestamp("us")).take(texts.indices)])


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
