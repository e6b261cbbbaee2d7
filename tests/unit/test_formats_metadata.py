"""Metadata folders, and which format a source is taken for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor import formats
from auditor.formats.base import EDIT_SCHEMA, FormatError, ImportOptions, from_json, to_json

GUESS = ImportOptions()


def _make(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def _read(source: Path) -> list[dict[str, Any]]:
    understood = formats.understand(source, GUESS)
    tables = formats.by_id(understood.format).read(understood)
    rows: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist()
    return rows


def test_a_metadata_file_in_each_split_folder(tmp_path: Path) -> None:
    files = {
        "train/metadata.csv": "file_name,label,age\na.png,cat,1\nsub/b.png,dog,2\n",
        "test/metadata.csv": "file_name,label,site\na.png,cat,x\n",
    }
    rows = _read(_make(tmp_path / "in", files))
    assert [(row["path"], row["split"], row["labels"]) for row in rows] == [
        ("test/a.png", "test", ["cat"]),
        ("train/a.png", "train", ["cat"]),
        ("train/sub/b.png", "train", ["dog"]),
    ]
    assert [(row["age"], row["site"]) for row in rows] == [(None, "x"), (1, None), (2, None)]


def test_an_edit_changes_only_the_file_it_belongs_to(tmp_path: Path) -> None:
    files = {
        "train/metadata.csv": "file_name,label\na.png,cat\n",
        "test/metadata.csv": "file_name,label\na.png,cat\nb.png,cat\n",
    }
    understood = formats.understand(_make(tmp_path / "in", files), GUESS)
    edits = [
        {"path": "train/a.png", "occurrence": 0, "labels": ["dog"], "exclude": False},
        {"path": "test/b.png", "occurrence": 0, "labels": [], "exclude": True},
    ]
    table = pa.Table.from_pylist(edits, EDIT_SCHEMA)
    formats.by_id("metadata_folder").write(understood, table, tmp_path / "out")
    assert {path: (tmp_path / "out" / path).read_text() for path in files} == {
        "train/metadata.csv": "file_name,label\na.png,dog\n",
        "test/metadata.csv": "file_name,label\na.png,cat\n",
    }


def test_a_column_typed_differently_in_two_files_is_text(tmp_path: Path) -> None:
    files = {
        "a/metadata.csv": "file_name,label,n\na.png,cat,1\n",
        "b/metadata.csv": "file_name,label,n\na.png,cat,one\n",
    }
    assert [row["n"] for row in _read(_make(tmp_path, files))] == ["1", "one"]


def test_images_no_record_names_are_reported(tmp_path: Path) -> None:
    files = {"metadata.csv": "file_name,label\na.png,cat\n", "a.png": "", "train/b.png": ""}
    understood = formats.understand(_make(tmp_path, files), GUESS)
    assert understood.samples == 1
    assert understood.problems == ("No record names the image train/b.png; ignored.",)


def test_folders_are_no_labels_and_that_is_said(tmp_path: Path) -> None:
    files = {"metadata.jsonl": '{"file_name": "cat/a.png", "caption": "x"}\n', "cat/a.png": ""}
    understood = formats.understand(_make(tmp_path, files), GUESS)
    assert understood.classes == ()
    assert any("--label-column" in problem for problem in understood.problems)


def test_a_parquet_of_metadata(tmp_path: Path) -> None:
    table = pa.table({"image_file_name": ["a.png"], "label": ["cat"]})
    pq.write_table(table, tmp_path / "metadata.parquet")
    (tmp_path / "a.png").touch()
    assert formats.detect(tmp_path).id == "metadata_folder"
    assert formats.understand(tmp_path, GUESS).columns["image"] == "image_file_name"


def test_two_metadata_files_in_one_folder_are_refused(tmp_path: Path) -> None:
    files = {"metadata.csv": "file_name\na.png\n", "metadata.jsonl": '{"file_name": "a.png"}\n'}
    with pytest.raises(FormatError, match="two metadata files"):
        formats.understand(_make(tmp_path, files), GUESS)


def test_the_named_format_is_taken_whatever_the_source_looks_like(tmp_path: Path) -> None:
    files = {"metadata.csv": "file_name,label\ncat/a.png,x\n", "cat/a.png": ""}
    _make(tmp_path, files)
    understood = formats.understand(tmp_path, ImportOptions(format="folder"))
    assert (understood.format, understood.classes) == ("folder", ("cat",))


def test_a_link_to_itself_does_not_hide_a_folder(tmp_path: Path) -> None:
    _make(tmp_path, {"cat/a.png": ""})
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert formats.understand(tmp_path, GUESS).samples == 1


def test_a_manifest_left_among_images_is_pointed_at(tmp_path: Path) -> None:
    _make(tmp_path, {"images/a.png": "", "labels.csv": "path,label\nimages/a.png,cat\n"})
    problems = formats.understand(tmp_path, GUESS).problems
    assert any("'labels.csv' is ignored; import it" in problem for problem in problems)


def test_a_missing_source_is_never_an_empty_set(tmp_path: Path) -> None:
    source = _make(tmp_path / "in", {"cat/a.png": ""})
    understood = formats.understand(source, GUESS)
    source.rename(tmp_path / "moved")
    with pytest.raises(FormatError, match="cannot be listed"):
        list(formats.by_id("folder").read(understood))


def test_sources_are_kept_as_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make(tmp_path / "in", {"cat/a.png": ""})
    monkeypatch.chdir(tmp_path)
    assert formats.understand(Path("in"), GUESS).source == tmp_path / "in"


def test_paths_that_are_no_utf8_survive_json(tmp_path: Path) -> None:
    source = _make(tmp_path / "caf\udce9", {"cat/a.png": ""})
    understood = formats.understand(source, GUESS)
    again = from_json(to_json(understood))
    assert again == understood
    assert to_json(understood).encode("utf-8")
    assert dataclasses.replace(again, root=tmp_path) != understood
