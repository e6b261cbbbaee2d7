"""Every format, through the same assertions: what goes in comes out, but for what was decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from auditor import formats
from auditor.formats.base import EDIT_SCHEMA, FormatError, ImportOptions, from_json, to_json
from auditor.model import SAMPLE_SCHEMA

ODD_LABELS = ["no", "null", "1.0", "=cmd", "<script>", "caf\u00e9", "cafe\u0301", "NaN", "no", "no"]
"""Each must stay the text it is; one class has one image."""

GUESS = ImportOptions()


def _image(path: Path, shade: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), (shade % 256, 90, 90)).save(path)


def _folder(root: Path) -> Path:
    for number, label in enumerate(ODD_LABELS):
        _image(root / "set" / ("train", "test")[number % 2] / label / f"{number}.png", number)
    return root / "set"


def _rows(root: Path) -> list[dict[str, Any]]:
    rows = [
        {"file_name": f"i/{number}.png", "label": label, "age": number, "split": "train"}
        for number, label in enumerate(ODD_LABELS)
    ]
    for number, row in enumerate(rows):
        _image(root / str(row["file_name"]), number)
    return rows


def _csv_text(rows: list[dict[str, Any]]) -> str:
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    return "\r\n".join(lines) + "\r\n"


def _csv(root: Path) -> Path:
    (root / "list.csv").write_bytes(_csv_text(_rows(root)).encode("utf-8-sig"))
    return root / "list.csv"


def _jsonl(root: Path) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in _rows(root))
    (root / "list.jsonl").write_text(text, encoding="utf-8")
    return root / "list.jsonl"


def _parquet(root: Path) -> Path:
    pq.write_table(pa.Table.from_pylist(_rows(root)), root / "list.parquet", row_group_size=4)
    return root / "list.parquet"


def _metadata_csv(root: Path) -> Path:
    source = root / "set"
    (source / "train").mkdir(parents=True)
    text = _csv_text(_rows(source / "train"))
    (source / "train" / "metadata.csv").write_bytes(text.encode())
    return source


def _metadata_jsonl(root: Path) -> Path:
    source = root / "set"
    source.mkdir()
    _jsonl(source).rename(source / "metadata.jsonl")
    return source


def _images_table(labels: list[str], start: int = 0) -> pa.Table:
    """Labels as numbers of a ClassLabel, as Hugging Face's library writes them."""
    names = sorted(set(ODD_LABELS))
    info = {"features": {"label": {"names": names, "_type": "ClassLabel"}}}
    table = pa.table(
        {
            "image": [{"bytes": bytes([start, n]), "path": f"{n}.png"} for n in range(len(labels))],
            "label": pa.array([names.index(label) for label in labels], pa.int64()),
            "age": range(len(labels)),
        }
    )
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": info}), "by": "us"})


def _hf_file(root: Path) -> Path:
    path = root / "images.parquet"
    pq.write_table(_images_table(ODD_LABELS), path, row_group_size=4, compression="zstd")
    return path


def _hf_shards(root: Path) -> Path:
    (root / "set" / "data").mkdir(parents=True)
    for number, labels in enumerate((ODD_LABELS[:6], ODD_LABELS[6:])):
        path = root / "set" / "data" / f"train-0000{number}-of-00002.parquet"
        pq.write_table(_images_table(labels, number), path)
    return root / "set"


SOURCES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "folder": ("folder", _folder),
    "csv": ("table", _csv),
    "jsonl": ("table", _jsonl),
    "parquet": ("table", _parquet),
    "metadata-csv": ("metadata_folder", _metadata_csv),
    "metadata-jsonl": ("metadata_folder", _metadata_jsonl),
    "hf-file": ("hf_parquet", _hf_file),
    "hf-shards": ("hf_parquet", _hf_shards),
}


@pytest.fixture(params=SOURCES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    form, build = SOURCES[request.param]
    (tmp_path / "in").mkdir()
    return form, build(tmp_path / "in")


def _read(source: Path, options: ImportOptions = GUESS) -> list[dict[str, Any]]:
    understood = formats.understand(source, options)
    tables = list(formats.by_id(understood.format).read(understood))
    rows: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist()
    return rows


def _write(source: Path, out: Path, edits: list[dict[str, Any]]) -> Path:
    understood = formats.understand(source, GUESS)
    table = pa.Table.from_pylist(edits, EDIT_SCHEMA)
    formats.by_id(understood.format).write(understood, table, out)
    return _beside_images(source, out)


def _beside_images(source: Path, out: Path) -> Path:
    """What was written, as a source to import."""
    return out / source.name if source.is_file() else out


def _edit(row: dict[str, Any], labels: list[str], *, exclude: bool = False) -> dict[str, Any]:
    key = {name: row[name] for name in ("path", "row", "occurrence")}
    return {**key, "labels": labels, "exclude": exclude}


def _hashes(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _content(rows: list[dict[str, Any]], *, but: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in but} for row in rows]


def test_every_format_has_a_sample_here() -> None:
    assert set(formats.names()) == {form for form, _ in SOURCES.values()}
    assert all(formats.by_id(name).id == name for name in formats.names())


def test_recognises_its_own(case: tuple[str, Path]) -> None:
    form, source = case
    assert formats.detect(source).id == form


def test_reads_what_it_understood(case: tuple[str, Path]) -> None:
    _, source = case
    understood = formats.understand(source, GUESS)
    rows = _read(source)
    assert understood.samples == len(rows) == len(ODD_LABELS)
    assert set(understood.classes) == set(ODD_LABELS)
    assert sorted(label for row in rows for label in row["labels"]) == sorted(ODD_LABELS)
    assert sum(understood.splits.values()) == sum(row["split"] is not None for row in rows)
    extra = tuple(understood.extra_columns)
    assert tuple(rows[0]) == (*SAMPLE_SCHEMA.names, *extra)
    keys = [(row["path"], row["row"], row["occurrence"]) for row in rows]
    assert len(set(keys)) == len(rows)


def test_names_the_columns_that_it_gave_a_role(case: tuple[str, Path]) -> None:
    name, source = case
    form = formats.by_id(name)
    found = set(form.understand(source, GUESS).columns.values())
    assert found <= set(form.column_names(source))


def test_batches_have_the_sample_schema(case: tuple[str, Path]) -> None:
    _, source = case
    understood = formats.understand(source, GUESS)
    for table in formats.by_id(understood.format).read(understood):
        assert pa.schema(list(table.schema)[: len(SAMPLE_SCHEMA)]) == SAMPLE_SCHEMA
        types = {name: str(table.schema.field(name).type) for name in understood.extra_columns}
        assert types == understood.extra_columns


def test_understanding_survives_json(case: tuple[str, Path]) -> None:
    _, source = case
    understood = formats.understand(source, GUESS)
    assert from_json(to_json(understood)) == understood


def test_without_edits_comes_out_byte_for_byte(case: tuple[str, Path], tmp_path: Path) -> None:
    _, source = case
    _write(source, tmp_path / "out", [])
    before = _hashes(source if source.is_dir() else source.parent)
    after = _hashes(tmp_path / "out")
    assert after
    assert after.items() <= before.items()


def test_one_relabel_changes_one_sample(case: tuple[str, Path], tmp_path: Path) -> None:
    form, source = case
    before = _read(source)
    written = _write(source, tmp_path / "out", [_edit(before[3], ["null"])])
    after = _read(written)
    moved = ("path",) if form == "folder" else ()
    expected = [dict(row) for row in before]
    expected[3]["labels"] = ["null"]
    order = sorted(map(str, _content(expected, but=moved)))
    assert sorted(map(str, _content(after, but=moved))) == order
    if form != "folder":
        assert after == expected


def test_new_class_can_be_written(case: tuple[str, Path], tmp_path: Path) -> None:
    _, source = case
    written = _write(source, tmp_path / "out", [_edit(_read(source)[0], ['new, "class"'])])
    labels = [label for row in _read(written) for label in row["labels"]]
    assert labels.count('new, "class"') == 1
    assert len(labels) == len(ODD_LABELS)


def test_one_exclusion_drops_one_sample(case: tuple[str, Path], tmp_path: Path) -> None:
    form, source = case
    before = _read(source)
    written = _write(source, tmp_path / "out", [_edit(before[3], [], exclude=True)])
    renumbered = ("row",) if form == "hf_parquet" else ()
    kept = [*before[:3], *before[4:]]
    assert _content(_read(written), but=renumbered) == _content(kept, but=renumbered)


def test_source_is_never_touched(case: tuple[str, Path], tmp_path: Path) -> None:
    _, source = case
    before = _hashes(tmp_path / "in")
    rows = _read(source)
    _write(source, tmp_path / "out", [_edit(rows[0], ["no"]), _edit(rows[1], [], exclude=True)])
    assert _hashes(tmp_path / "in") == before


def test_refuses_a_folder_that_is_not_empty(case: tuple[str, Path], tmp_path: Path) -> None:
    _, source = case
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(FormatError, match="not empty"):
        _write(source, tmp_path / "out", [])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_refuses_an_edit_of_a_sample_that_is_gone(case: tuple[str, Path], tmp_path: Path) -> None:
    _, source = case
    gone = {**_read(source)[0], "path": "gone.png"}
    with pytest.raises(FormatError, match=r"gone\.png"):
        _write(source, tmp_path / "out", [_edit(gone, ["no"])])
    assert not (tmp_path / "out").exists()


def test_refuses_two_labels_where_one_fits(case: tuple[str, Path], tmp_path: Path) -> None:
    _, source = case
    with pytest.raises(FormatError, match="1 samples have more than one label"):
        _write(source, tmp_path / "out", [_edit(_read(source)[0], ["no", "null"])])
    assert not (tmp_path / "out").exists()
