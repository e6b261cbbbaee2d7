"""Image folders: what counts as class, split and sample, and where files go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from auditor import address, formats
from auditor.formats.base import EDIT_SCHEMA, FileMode, FormatError, ImportOptions, Written
from auditor.formats.output import whole_file
from auditor.formats.understanding import batched


def _make(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(os.fsencode(path))
    return root


def _read(root: Path) -> dict[str, tuple[str | None, list[str]]]:
    understood = formats.understand(root, ImportOptions())
    tables = formats.by_id("folder").read(understood)
    rows = pa.concat_tables(tables).to_pylist()
    return {row["path"]: (row["split"], row["labels"]) for row in rows}


def _write(root: Path, out: Path, *edits: dict[str, Any], files: FileMode = "copy") -> Written:
    understood = formats.understand(root, ImportOptions())
    table = pa.Table.from_pylist(list(edits), EDIT_SCHEMA)
    return formats.by_id("folder").write(understood, table, out, files=files)


def _edit(path: str, *labels: str, exclude: bool = False) -> dict[str, Any]:
    return {"path": path, "row": None, "occurrence": 0, "labels": list(labels), "exclude": exclude}


def _files(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if not p.is_dir())


def test_split_class_and_folders_below(tmp_path: Path) -> None:
    paths = ("train/cat/a.jpg", "train/cat/x/y/b.JPG", "val/cat/c.png", "val/d.png", "test/e/f.gif")
    assert _read(_make(tmp_path, *paths)) == {
        "test/e/f.gif": ("test", ["e"]),
        "train/cat/a.jpg": ("train", ["cat"]),
        "train/cat/x/y/b.JPG": ("train", ["cat"]),
        "val/d.png": ("val", []),
        "val/cat/c.png": ("val", ["cat"]),
    }


def test_one_folder_named_like_a_split_among_classes_is_a_class(tmp_path: Path) -> None:
    _make(tmp_path, "train/a.jpg", "bus/b.jpg", "car/c.jpg")
    assert _read(tmp_path)["train/a.jpg"] == (None, ["train"])
    assert any("read as class" in p for p in formats.understand(tmp_path, ImportOptions()).problems)


def test_two_folders_named_like_splits_are_splits_whatever_else_there_is(tmp_path: Path) -> None:
    _make(tmp_path, "train/cat/a.jpg", "test/cat/b.jpg", "extra/c.jpg")
    assert _read(tmp_path)["train/cat/a.jpg"] == ("train", ["cat"])
    assert _read(tmp_path)["extra/c.jpg"] == (None, ["extra"])


def test_a_flat_folder_is_unlabelled(tmp_path: Path) -> None:
    _make(tmp_path, "a.jpg")
    assert _read(tmp_path) == {"a.jpg": (None, [])}
    assert formats.understand(tmp_path, ImportOptions()).classes == ()


def test_numbers_are_ordered_by_value_and_names_by_alphabet(tmp_path: Path) -> None:
    _make(tmp_path / "n", *(f"{n}/a.png" for n in (10, 9, 100, 1)))
    _make(tmp_path / "t", *(f"{n}/a.png" for n in ("10", "9", "b", "a")))
    numbers = formats.understand(tmp_path / "n", ImportOptions()).classes
    names = formats.understand(tmp_path / "t", ImportOptions()).classes
    assert (numbers, names) == (("1", "9", "10", "100"), ("10", "9", "a", "b"))


def test_hidden_files_are_left_out_and_odd_ones_reported(tmp_path: Path) -> None:
    _make(tmp_path, "c/a.jpg", "c/.hidden.jpg", ".git/b.jpg", "README.md", "c/data.npy")
    understood = formats.understand(tmp_path, ImportOptions())
    assert understood.samples == 1
    named = [problem for problem in understood.problems if "extension" in problem]
    assert named == ["The file 'c/data.npy' has no image's extension; ignored."]


def test_names_that_are_no_utf8_survive(tmp_path: Path) -> None:
    _make(tmp_path / "in", "caf\udce9/b\udcff.jpg", "bytes:x/a.jpg", "x/c.jpg")
    found = _read(tmp_path / "in")
    assert found["bytes:caf%E9/b%FF.jpg"] == (None, ["bytes:caf%E9"])
    assert found[address.encode("bytes:x/a.jpg")] == (None, [address.encode("bytes:x")])
    _write(tmp_path / "in", tmp_path / "out", _edit("x/c.jpg", "bytes:caf%E9"))
    assert _files(tmp_path / "out") == ["bytes:x/a.jpg", "caf\udce9/b\udcff.jpg", "caf\udce9/c.jpg"]


def test_links_are_read_and_loops_end(tmp_path: Path) -> None:
    root = _make(tmp_path / "in", "a/1.jpg", "b/2.jpg")
    (root / "a" / "up").symlink_to(root)
    (root / "b" / "a").symlink_to(root / "a")
    (root / "a" / "self.jpg").symlink_to(root / "a" / "self.jpg")
    (root / "a" / "link.jpg").symlink_to(root / "b" / "2.jpg")
    understood = formats.understand(root, ImportOptions())
    assert {"a/1.jpg", "a/link.jpg", "a/self.jpg", "b/2.jpg", "b/a/1.jpg"} <= set(_read(root))
    assert sum("leads back" in problem for problem in understood.problems) == 2
    written = _write(root, tmp_path / "out", files="copy")
    assert written.skipped == ("a/self.jpg", "b/a/self.jpg")
    assert (tmp_path / "out" / "a" / "link.jpg").read_bytes() == b"b/2.jpg"
    assert not (tmp_path / "out" / "a" / "link.jpg").is_symlink()


def test_folders_that_link_to_each_other_do_not_explode(tmp_path: Path) -> None:
    names = [f"d{number}" for number in range(9)]
    _make(tmp_path, *(f"{name}/x.jpg" for name in names))
    for name in names:
        for other in names:
            if other != name:
                (tmp_path / name / other).symlink_to(tmp_path / other)
    assert formats.understand(tmp_path, ImportOptions()).samples <= 9 * 17


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    _make(tmp_path, "c/a.jpg")
    os.mkfifo(tmp_path / "c" / "pipe.jpg")
    understood = formats.understand(tmp_path, ImportOptions())
    assert understood.samples == 1
    assert any("pipe.jpg" in problem for problem in understood.problems)


def test_thirteen_thousand_files_come_in_order(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    for number in range(13_000):
        (tmp_path / "c" / f"{number:05}.jpg").touch()
    found = list(_read(tmp_path))
    assert found == [f"c/{number:05}.jpg" for number in range(13_000)]


def test_batches_hold_every_item_once() -> None:
    assert list(batched(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batched(range(4), 2)) == [[0, 1], [2, 3]]
    assert list(batched([], 2)) == []


def test_a_relabelled_file_moves_within_its_split(tmp_path: Path) -> None:
    root = _make(tmp_path / "in", "train/cat/x/1.jpg", "train/dog/2.jpg", "val/3.jpg")
    edits = [_edit("train/cat/x/1.jpg", "new"), _edit("train/dog/2.jpg"), _edit("val/3.jpg", "dog")]
    _write(root, tmp_path / "out", *edits)
    assert _files(tmp_path / "out") == ["train/2.jpg", "train/new/x/1.jpg", "val/dog/3.jpg"]
    assert (tmp_path / "out" / "train/new/x/1.jpg").read_bytes() == b"train/cat/x/1.jpg"


def test_a_taken_name_gets_a_number_and_is_recorded(tmp_path: Path) -> None:
    root = _make(tmp_path / "in", "a/1.jpg", "b/1.JPG", "c/1.jpg", "a/1-2.jpg")
    written = _write(root, tmp_path / "out", _edit("b/1.JPG", "a"), _edit("c/1.jpg", "a"))
    assert written.renamed == {"b/1.JPG": "a/1-3.JPG", "c/1.jpg": "a/1-4.jpg"}
    assert _files(tmp_path / "out") == ["a/1-2.jpg", "a/1-3.JPG", "a/1-4.jpg", "a/1.jpg"]
    assert sorted(map(str, written.files)) == _files(tmp_path / "out")
    assert (tmp_path / "out" / "a/1.jpg").read_bytes() == b"a/1.jpg"


@pytest.mark.parametrize("label", ["", "a/b", "..", ".hidden", "nul\0"])
def test_a_class_that_cannot_name_a_folder_is_refused(tmp_path: Path, label: str) -> None:
    root = _make(tmp_path / "in", "a/1.jpg")
    with pytest.raises(FormatError, match="cannot name a folder"):
        _write(root, tmp_path / "out", _edit("a/1.jpg", label))
    assert not (tmp_path / "out").exists()


def test_files_can_be_linked(tmp_path: Path) -> None:
    root = _make(tmp_path / "in", "a/1.jpg")
    _write(root, tmp_path / "soft", files="symlink")
    _write(root, tmp_path / "hard", files="hardlink")
    assert (tmp_path / "soft/a/1.jpg").readlink() == root / "a/1.jpg"
    assert (tmp_path / "hard/a/1.jpg").samefile(root / "a/1.jpg")
    assert not (tmp_path / "hard/a/1.jpg").is_symlink()


def test_a_hard_link_is_of_the_file_a_link_leads_to(tmp_path: Path) -> None:
    root = _make(tmp_path / "in", "a/1.jpg")
    (root / "a/2.jpg").symlink_to(root / "a/1.jpg")
    _write(root, tmp_path / "out", files="hardlink")
    assert not (tmp_path / "out/a/2.jpg").is_symlink()
    assert (tmp_path / "out/a/2.jpg").samefile(root / "a/1.jpg")


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    target = tmp_path / "out" / "a.txt"

    def break_off() -> None:
        with whole_file(target) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert list(target.parent.iterdir()) == []


def test_never_writes_into_its_source(tmp_path: Path) -> None:
    root = _make(tmp_path, "a/1.jpg")
    with pytest.raises(FormatError, match="inside the data set"):
        _write(root, root / "out")


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        (ImportOptions(label_column="x"), "--label-column"),
        (ImportOptions(label_separator=";"), "--label-separator"),
    ],
)
def test_columns_of_a_folder_are_refused(tmp_path: Path, options: ImportOptions, flag: str) -> None:
    with pytest.raises(FormatError, match=flag):
        formats.understand(_make(tmp_path, "a/1.jpg"), options)


def test_a_folder_without_images_says_so(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(FormatError, match="no image file"):
        formats.understand(tmp_path, ImportOptions())
    with pytest.raises(FormatError, match="does not exist"):
        formats.understand(tmp_path / "b", ImportOptions())
    with pytest.raises(FormatError, match="known are: hf_parquet"):
        formats.understand(tmp_path, ImportOptions(format="zip"))


def test_photos_are_an_unlabelled_set() -> None:
    photos = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "photos"
    if not photos.exists():
        pytest.skip("the shared photographs are not here")
    assert formats.understand(photos, ImportOptions()).samples == 200
