"""Parquet: labels change, everything else is stored as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor import formats
from auditor.formats.base import EDIT_SCHEMA, FormatError, ImportOptions, Understanding
from auditor.formats.understanding import BATCH

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


def _images(count: int) -> pa.Array:
    return pa.array([{"bytes": bytes([n % 256]) * 9, "path": f"{n}.png"} for n in range(count)])


def _features(**features: Any) -> dict[str, str]:
    return {"huggingface": json.dumps({"info": {"features": features}}), "kept": "yes"}


def _understand(source: Path, **options: Any) -> Understanding:
    return formats.understand(source, ImportOptions(**options))


def _read(understood: Understanding) -> pa.Table:
    return pa.concat_tables(formats.by_id(understood.format).read(understood))


def _write(understood: Understanding, out: Path, *edits: dict[str, Any]) -> Path:
    table = pa.Table.from_pylist(list(edits), EDIT_SCHEMA)
    formats.by_id(understood.format).write(understood, table, out)
    return out / understood.source.name


def _edit(path: str, row: int | None, *labels: str, exclude: bool = False) -> dict[str, Any]:
    return {"path": path, "row": row, "occurrence": 0, "labels": list(labels), "exclude": exclude}


def _storage(path: Path) -> list[Any]:
    metadata = pq.ParquetFile(path).metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    return [
        [
            (column.path_in_schema, column.compression, column.has_dictionary_page)
            for column in map(group.column, range(metadata.num_columns))
        ]
        for group in groups
    ]


def test_schema_metadata_row_groups_and_compression_stay(tmp_path: Path) -> None:
    label = pa.array(["cat", "dog"] * 5).dictionary_encode()
    table = pa.table({"image": _images(10), "label": label, "weight": pa.array([0.5] * 10)})
    table = table.replace_schema_metadata({"kept": "yes"})
    codecs = {"image.bytes": "none", "image.path": "zstd", "label": "gzip", "weight": "snappy"}
    source = tmp_path / "a.parquet"
    pq.write_table(table, source, 4, compression=codecs, use_dictionary=["label"])
    out = _write(
        _understand(source),
        tmp_path / "out",
        _edit("a.parquet", 5, "cat"),
        _edit("a.parquet", 0, exclude=True),
    )
    written = pq.read_table(out)
    labels = label.to_pylist()
    labels[5] = "cat"
    assert written.schema.equals(pq.read_schema(source), check_metadata=True)
    assert written["label"].to_pylist() == labels[1:]
    assert written.drop_columns("label").equals(table.drop_columns("label").slice(1))
    assert _storage(out) == _storage(source)
    sizes = [pq.ParquetFile(out).metadata.row_group(n).num_rows for n in range(3)]
    assert sizes == [3, 4, 2]


@pytest.mark.parametrize(
    "feature",
    [
        {"names": ["no", "yes"], "_type": "ClassLabel"},
        {"names": ["no", "yes"], "num_classes": 2, "_type": "ClassLabel"},
    ],
)
def test_class_numbers_are_names_and_a_new_name_is_declared(
    tmp_path: Path, feature: dict[str, Any]
) -> None:
    table = pa.table({"image": _images(4), "label": pa.array([0, 1, -1, None], pa.int64())})
    (tmp_path / "in").mkdir()
    for number in range(2):
        path = tmp_path / "in" / f"train-0000{number}-of-00002.parquet"
        pq.write_table(table.replace_schema_metadata(_features(label=feature)), path)
    understood = _understand(tmp_path / "in")
    assert understood.classes == ("no", "yes")
    assert understood.splits == {"train": 8}
    assert _read(understood)["labels"].to_pylist()[:4] == [["no"], ["yes"], [], []]
    edits = [
        _edit("train-00001-of-00002.parquet", 0, "maybe"),
        _edit("train-00001-of-00002.parquet", 2, "yes"),
    ]
    _write(understood, tmp_path / "out", *edits)
    first, second = sorted((tmp_path / "out").iterdir())
    assert pq.read_table(first).equals(table)
    assert pq.read_table(second)["label"].to_pylist() == [2, 1, 1, None]
    again = _understand(tmp_path / "out")
    assert again.classes == ("no", "yes", "maybe")
    info = json.loads(pq.read_schema(first).metadata[b"huggingface"])["info"]["features"]["label"]
    assert info.get("num_classes", 3) == 3
    assert pq.read_schema(first).metadata[b"kept"] == b"yes"


def test_lists_of_classes_are_several_labels(tmp_path: Path) -> None:
    feature = {"feature": {"names": ["a", "b"], "_type": "ClassLabel"}, "_type": "Sequence"}
    labels = pa.array([[0, 1], [], None, [1]], pa.list_(pa.int64()))
    table = pa.table({"image": _images(4), "labels": labels})
    source = tmp_path / "a.parquet"
    pq.write_table(table.replace_schema_metadata(_features(labels=feature)), source)
    understood = _understand(source)
    assert understood.multi_label
    assert _read(understood)["labels"].to_pylist() == [["a", "b"], [], [], ["b"]]
    out = _write(understood, tmp_path / "out", _edit("a.parquet", 1, "b", "c"))
    assert pq.read_table(out)["labels"].to_pylist() == [[0, 1], [1, 2], None, [1]]


@pytest.mark.parametrize(
    ("values", "texts", "edit", "stored"),
    [
        (pa.array([1.0, 2.5]), ["1.0", "2.5"], "2.5", 2.5),
        (pa.array([1, 2], pa.uint8()), ["1", "2"], "2", 2),
        (pa.array([True, False]), ["true", "false"], "false", False),
        (pa.array(["null", "=cmd"], pa.large_string()), ["null", "=cmd"], "=cmd", "=cmd"),
    ],
)
def test_labels_of_any_plain_type_are_text_and_go_back_as_they_were(
    tmp_path: Path, values: pa.Array, texts: list[str], edit: str, stored: object
) -> None:
    source = tmp_path / "a.parquet"
    pq.write_table(pa.table({"image": _images(2), "label": values}), source)
    understood = _understand(source)
    assert _read(understood)["labels"].to_pylist() == [[text] for text in texts]
    out = _write(understood, tmp_path / "out", _edit("a.parquet", 0, edit))
    assert pq.read_table(out)["label"].to_pylist()[0] == stored
    assert pq.read_schema(out) == pq.read_schema(source)


def test_a_label_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a.parquet"
    pq.write_table(pa.table({"image": _images(1), "label": [1]}), source)
    with pytest.raises(FormatError, match="'cat' does not fit a column of type int64"):
        _write(_understand(source), tmp_path / "out", _edit("a.parquet", 0, "cat"))
    assert not (tmp_path / "out").exists()


def test_rows_are_counted_over_row_groups(tmp_path: Path) -> None:
    source = tmp_path / "a.parquet"
    labels = [str(n) for n in range(10)]
    pq.write_table(pa.table({"image": _images(10), "label": labels}), source, row_group_size=3)
    found = _read(_understand(source))
    assert found["row"].to_pylist() == list(range(10))
    assert found["labels"].to_pylist() == [[label] for label in labels]
    assert _understand(source).classes == tuple(labels)


def test_rows_are_counted_over_batches(tmp_path: Path) -> None:
    source, count = tmp_path / "a.parquet", BATCH + 5
    pq.write_table(pa.table({"image": [b"x"] * count, "label": ["a"] * count}), source)
    found = _read(_understand(source))
    assert found["row"].to_pylist() == list(range(count))


def test_rows_without_any_other_column_are_unlabelled(tmp_path: Path) -> None:
    source = tmp_path / "a.parquet"
    pq.write_table(pa.table({"image": _images(3)}), source)
    understood = _understand(source)
    assert (understood.samples, understood.classes) == (3, ())
    assert _read(understood)["row"].to_pylist() == [0, 1, 2]


def test_splits_come_from_names_folders_or_a_column(tmp_path: Path) -> None:
    table = pa.table({"image": _images(1), "label": ["a"]})
    for name in (
        "train_and/test/0000.parquet",
        "data/validation-00000-of-00001.parquet",
        "rest.parquet",
    ):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, tmp_path / "in" / name)
    assert _understand(tmp_path / "in").splits == {"validation": 1, "test": 1}
    pq.write_table(table.append_column("split", pa.array(["dev"])), tmp_path / "test.parquet")
    assert _understand(tmp_path / "test.parquet").splits == {"dev": 1}


def test_plain_bytes_are_images_too(tmp_path: Path) -> None:
    source = tmp_path / "a.parquet"
    masks = pa.array([b"m"])
    pq.write_table(pa.table({"img": pa.array([b"x"]), "mask": masks, "label": ["a"]}), source)
    understood = _understand(source)
    assert understood.columns == {"image": "img", "label": "label"}
    assert understood.extra_columns == {}
    with pytest.raises(FormatError, match="not image bytes"):
        _understand(source, format="hf_parquet", image_column="label")


def test_shards_that_do_not_agree_are_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"image": _images(1), "label": ["a"]}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"image": _images(1), "label": [1]}), tmp_path / "1.parquet")
    with pytest.raises(FormatError, match=r"1\.parquet"):
        _understand(tmp_path)


def test_a_broken_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(FormatError, match="cannot be read as Parquet"):
        _understand(tmp_path / "a.parquet")


def test_manifest_with_list_column_keeps_its_types(tmp_path: Path) -> None:
    labels = pa.array([["a"], ["a", "b"], None], pa.list_(pa.string()))
    paths = [f"{n}.png" for n in range(3)]
    table = pa.table({"path": paths, "labels": labels, "vector": [[0.5, 1.0]] * 3, "n": [1, 2, 3]})
    source = tmp_path / "list.parquet"
    pq.write_table(table, source)
    understood = _understand(source)
    assert (understood.format, understood.multi_label) == ("table", True)
    assert understood.extra_columns == {"n": "int64"}
    out = _write(understood, tmp_path / "out", _edit("2.png", None, "b", "c"))
    expected = [["a"], ["a", "b"], ["b", "c"]]
    assert pq.read_table(out)["labels"].to_pylist() == expected
    assert pq.read_table(out).drop_columns("labels").equals(table.drop_columns("labels"))


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
def test_real_cifar_asks_which_of_its_labels_is_meant(tmp_path: Path) -> None:
    source = SHARED / "cifar10n" / "cifar10n.parquet"
    candidates = "clean_label, aggre_label, worse_label, random_label1, random_label2"
    with pytest.raises(FormatError, match=f"{candidates}.*--label-column"):
        _understand(source)
    understood = _understand(source, label_column="aggre_label")
    before = pq.read_table(source)
    old = before["aggre_label"][7].as_py()
    new = next(name for name in understood.classes if name != old)
    out = _write(understood, tmp_path / "out", _edit("cifar10n.parquet", 7, new))
    after = pq.read_table(out)
    assert after.schema.equals(before.schema, check_metadata=True)
    assert after.drop_columns("aggre_label").equals(before.drop_columns("aggre_label"))
    differ = [
        row
        for row, pair in enumerate(
            zip(before["aggre_label"].to_pylist(), after["aggre_label"].to_pylist(), strict=True)
        )
        if pair[0] != pair[1]
    ]
    assert differ == [7]
    assert _storage(out) == _storage(source)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
def test_real_test_set_is_understood_without_help() -> None:
    understood = _understand(SHARED / "label-errors" / "cifar10_test.parquet")
    assert understood.columns == {"image": "image", "label": "label"}
    assert understood.extra_columns == {"background_colour_group": "int16"}
    assert (understood.samples, len(understood.classes)) == (10_000, 10)


def test_a_row_that_is_not_there_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a.parquet"
    pq.write_table(pa.table({"image": _images(2), "label": ["a", "b"]}), source)
    with pytest.raises(FormatError, match=r"a\.parquet, row 2"):
        _write(_understand(source), tmp_path / "out", _edit("a.parquet", 2, "a"))


def test_files_of_other_writers_keep_what_arrow_would_change(tmp_path: Path) -> None:
    source = tmp_path / "a.parquet"
    taken = pa.array([1, 2], pa.timestamp("ns"))
    table = pa.table({"image": _images(2), "label": ["a", "b"], "taken": taken})
    pq.write_table(table, source, store_schema=False, use_deprecated_int96_timestamps=True)
    out = _write(_understand(source), tmp_path / "out", _edit("a.parquet", 0, "b"))
    before, after = pq.ParquetFile(source), pq.ParquetFile(out)
    assert after.schema.equals(before.schema)
    assert after.metadata.metadata == before.metadata.metadata
    assert after.read().drop_columns("label").equals(before.read().drop_columns("label"))
    before.close()
    after.close()
