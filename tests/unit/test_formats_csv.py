"""CSV manifests: every byte that no decision concerns comes back."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor import formats
from auditor.formats.base import EDIT_SCHEMA, FormatError, ImportOptions, Understanding

TEXT = st.text(
    st.sampled_from('",\r\n; a') | st.characters(codec="utf-8", exclude_characters="\0"), max_size=6
)
PLAIN = TEXT.map(lambda text: "".join(c for c in text if c not in '",\r\n;|\t\ufeff') or "x")


@st.composite
def cells(draw: st.DrawFn) -> str:
    """One cell as someone may have written it: bare, quoted, with odd ends."""
    style = draw(st.sampled_from(["bare", "quoted", "tail", "inner"]))
    if style == "bare":
        return draw(PLAIN)
    if style == "inner":
        return f'{draw(PLAIN)}"{draw(PLAIN)}'
    quoted = '"' + draw(TEXT).replace('"', '""') + '"'
    return quoted + (draw(PLAIN) if style == "tail" else "")


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """A CSV in three pieces: up to the record of 0.png, that record, and what follows.

    It has a path, a label and a note column, in an order of its own, and blank lines.
    """
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    order = draw(st.permutations(["path", "label", "note"]))
    pieces = [",".join(order) + end]
    for number in range(draw(st.integers(1, 5))):
        record = {"path": f"{number}.png", "label": draw(cells()), "note": draw(cells())}
        pieces.append(",".join(record[name] for name in order) + end)
        pieces.append(end * draw(st.integers(0, 1)))
    mark = draw(st.sampled_from(["", "\ufeff"]))
    head, record_0, *rest = pieces
    if not (tail := "".join(rest)):
        record_0 = draw(st.sampled_from([record_0, record_0.removesuffix(end)]))
    return (mark + head).encode(), record_0.encode(), tail.encode()


def _parsed(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def _understand(path: Path, **options: Any) -> Understanding:
    return formats.understand(path, ImportOptions(**options))


def _read(understood: Understanding) -> list[dict[str, Any]]:
    tables = formats.by_id(understood.format).read(understood)
    rows: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist()
    return rows


def _write(understood: Understanding, out: Path, *edits: dict[str, Any]) -> bytes:
    table = pa.Table.from_pylist(list(edits), EDIT_SCHEMA)
    formats.by_id(understood.format).write(understood, table, out)
    return (out / understood.source.name).read_bytes()


def _edit(path: str, *labels: str, occurrence: int = 0, exclude: bool = False) -> dict[str, Any]:
    return {
        "path": path,
        "row": None,
        "occurrence": occurrence,
        "labels": list(labels),
        "exclude": exclude,
    }


def _source(folder: Path, data: bytes | str, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pieces=files(), label=st.one_of(st.sampled_from(["=cmd", "no", 'a"b', "a,b", "a\nb"]), PLAIN)
)
def test_an_edit_changes_its_own_cell_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, pieces: tuple[bytes, bytes, bytes], label: str
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    head, record, tail = pieces
    source = _source(folder, head + record + tail)
    understood = _understand(source, label_column="label", label_separator="")
    assert _write(understood, folder / "same") == head + record + tail
    written = _write(understood, folder / "one", _edit("0.png", label))
    assert written.startswith(head)
    assert written.endswith(tail)
    changed = _parsed(written[len(head) : len(written) - len(tail)])
    expected = _parsed(record)
    expected[0][_parsed(head)[0].index("label")] = label
    assert changed == expected
    dropped = _write(understood, folder / "none", _edit("0.png", exclude=True))
    assert dropped == head + tail


def test_the_mark_the_quotes_and_the_line_ends_stay(tmp_path: Path) -> None:
    data = '\ufeffid;"path";label\r\n007;"a.png";"cat"\r\n\r\n8;b.png;dog\r\n'
    understood = _understand(_source(tmp_path, data))
    written = _write(understood, tmp_path / "out", _edit("a.png", "dog"), _edit("b.png", "x;y"))
    expected = data.replace('"cat"', '"dog"').replace(";dog\r\n", ';"x;y"\r\n')
    assert written.decode() == expected


def test_quotes_and_delimiters_inside_quotes_end_no_cell(tmp_path: Path) -> None:
    text = 'path,note,label\na.png,"x"",y""\n,"\'",cat\n'
    written = _write(_understand(_source(tmp_path, text)), tmp_path / "out", _edit("a.png", "dog"))
    assert written.decode() == text.replace("cat", "dog")


def test_labels_stay_text_and_only_an_empty_cell_is_unlabelled(tmp_path: Path) -> None:
    labels = ["no", "null", "1.0", "=cmd", "NaN", "", '""', "01", "None"]
    text = "path,label\n" + "".join(f"{n}.png,{label}\n" for n, label in enumerate(labels))
    understood = _understand(_source(tmp_path, text))
    expected = [[label] if label not in {"", '""'} else [] for label in labels]
    assert [row["labels"] for row in _read(understood)] == expected
    assert any("2 records have an empty label" in problem for problem in understood.problems)


def test_extra_columns_get_the_type_they_sort_by(tmp_path: Path) -> None:
    text = (
        "path,label,age,score,code,seen,ok,Path,mix\n"
        "a.png,x,9,0.5,007,2024-01-02,true,p,1\n"
        "b.png,x,10,,008,2024-01-03 10:00:00,False,q,one\n"
    )
    understood = _understand(_source(tmp_path, text))
    assert understood.extra_columns == {
        "age": "int64",
        "score": "double",
        "code": "string",
        "seen": "timestamp[us]",
        "ok": "bool",
        "Path_": "string",
        "mix": "string",
    }
    assert [row["age"] for row in _read(understood)] == [9, 10]


def test_a_path_listed_again_is_another_occurrence(tmp_path: Path) -> None:
    text = "path,label\na.png,x\nb.png,x\n./a.png,y\na.png,z\n"
    understood = _understand(_source(tmp_path, text))
    rows = [(row["path"], row["occurrence"]) for row in _read(understood)]
    assert rows == [("a.png", 0), ("b.png", 0), ("a.png", 1), ("a.png", 2)]
    written = _write(understood, tmp_path / "out", _edit("a.png", "NEW", occurrence=1))
    assert written.decode() == text.replace(",y", ",NEW")


def test_columns_are_guessed_and_can_be_overridden(tmp_path: Path) -> None:
    text = "id,Image Path,Category,subset,patient_id,source\n1,a.png,cat,val,p1,web\n"
    source = _source(tmp_path, text)
    assert _understand(source).columns == {
        "image": "Image Path",
        "label": "Category",
        "split": "subset",
        "group": "patient_id",
    }
    other = _understand(source, label_column="source", group_column="id", split_column="category")
    assert other.columns["label"] == "source"
    assert (other.columns["group"], other.columns["split"]) == ("id", "Category")
    with pytest.raises(FormatError, match="there are id, Image Path"):
        _understand(source, label_column="nothing")


def test_several_possible_labels_are_an_error_that_lists_them(tmp_path: Path) -> None:
    source = _source(tmp_path, "path,fine_label,coarse_label\na.png,x,y\n")
    with pytest.raises(FormatError, match=r"fine_label, coarse_label.*--label-column"):
        _understand(source)
    assert _understand(source, label_column="fine_label").classes == ("x",)


@pytest.mark.parametrize(
    ("labels", "separator", "first"),
    [
        (["a;b", "a", "b", "b;a"], ";", ["a", "b"]),
        (["a|b", "a", "b"], "|", ["a", "b"]),
        (['["a", "b"]', "[]"], "json", ["a", "b"]),
        (["['a', 'b']", "['b']"], "python", ["a", "b"]),
        (["animal|cat", "animal|dog", "animal|bird"], None, ["animal|cat"]),
        (["shirt;top", "dress"], None, ["shirt;top"]),
        (["a;b", "a"], None, ["a;b"]),
    ],
)
def test_several_labels_in_a_cell_are_guessed_with_care(
    tmp_path: Path, labels: list[str], separator: str | None, first: list[str]
) -> None:
    quoted = ['"' + label.replace('"', '""') + '"' for label in labels]
    text = "path,label\n" + "".join(f"{n}.png,{cell}\n" for n, cell in enumerate(quoted))
    understood = _understand(_source(tmp_path, text))
    assert understood.label_separator == separator
    assert understood.multi_label == (separator is not None)
    assert _read(understood)[0]["labels"] == first
    _write(understood, tmp_path / "out", _edit("1.png", *first))
    again = _understand(tmp_path / "out" / "list.csv", label_separator=separator or "")
    assert _read(again)[1]["labels"] == first


def test_an_edit_to_the_same_labels_leaves_the_cell_as_it_is(tmp_path: Path) -> None:
    text = "path,label\na.png,x; y;x\nb.png,y\n"
    understood = _understand(_source(tmp_path, text), label_separator=";")
    assert _read(understood)[0]["labels"] == ["x", "y"]
    assert _write(understood, tmp_path / "out", _edit("a.png", "x", "y")).decode() == text


def test_extra_columns_that_differ_in_case_are_told_apart(tmp_path: Path) -> None:
    text = "path,label,Age,age,sample_id\na.png,x,1,2,3\n"
    understood = _understand(_source(tmp_path, text))
    assert list(understood.extra_columns) == ["Age", "age_", "sample_id_"]


def test_a_separator_inside_a_new_label_is_refused(tmp_path: Path) -> None:
    understood = _understand(_source(tmp_path, "path,label\na.png,x;y\n"), label_separator=";")
    with pytest.raises(FormatError, match="separator"):
        _write(understood, tmp_path / "out", _edit("a.png", "p;q", "r"))
    assert not (tmp_path / "out").exists()


def test_bytes_that_are_no_utf8_are_kept(tmp_path: Path) -> None:
    data = b"path,label\ncaf\xe9.png,caf\xe9\nb.png,dog\n"
    (tmp_path / "caf\udce9.png").touch()
    (tmp_path / "b.png").touch()
    understood = _understand(_source(tmp_path, data))
    assert [row["path"] for row in _read(understood)] == ["bytes:caf%E9.png", "b.png"]
    assert understood.classes == ("caf\u00e9", "dog")
    assert [p for p in understood.problems if "not in" in p] == []
    assert any("not UTF-8" in problem for problem in understood.problems)
    written = _write(understood, tmp_path / "out", _edit("b.png", "caf\u00e9"))
    assert written == data.replace(b"dog", b"caf\xe9")
    with pytest.raises(FormatError, match="Latin-1"):
        _write(understood, tmp_path / "other", _edit("b.png", "\u65e5"))
    assert not (tmp_path / "other").exists()


def test_problems_name_the_place(tmp_path: Path) -> None:
    text = 'path,label\na.png,x\n,y\nb.png\nc.png,Cat\nd.png,cat,1\na.png,"x\n'
    problems = _understand(_source(tmp_path, text)).problems
    for sign in (
        "2 records of list.csv have not 2 cells like the header, first record 3",
        "1 records name no image, first record 2",
        "1 records name an image that was listed before",
        "'Cat' and 'cat' differ only",
        "The image a.png is not in",
        "never closed",
    ):
        assert any(sign in problem for problem in problems), sign


@pytest.mark.parametrize(
    ("data", "sign"),
    [
        (b"", "empty"),
        ("path,label\na.png,x\n".encode("utf-16"), "UTF-16"),
        (b"a.png,cat\nb.png,dog\n", "first line must name the columns"),
        (b"path,label\n", "names no image"),
    ],
)
def test_a_file_that_is_no_manifest_says_why(tmp_path: Path, data: bytes, sign: str) -> None:
    with pytest.raises(FormatError, match=sign):
        _understand(_source(tmp_path, data))


def test_images_are_looked_up_where_the_user_says(tmp_path: Path) -> None:
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "a.png").touch()
    understood = _understand(_source(tmp_path, "path,label\na.png,x\n"), images=tmp_path / "img")
    assert understood.root == tmp_path / "img"
    assert understood.problem_count == 0


def test_json_lines_change_in_one_value_only(tmp_path: Path) -> None:
    text = (
        '{"path":"a.png",  "label" : 1.0, "x": {"label": "no"}}\n\n'
        '{"label":null,"path":"b.png"}\r\n'
        '{"path": "c.png"}\n'
    )
    understood = _understand(_source(tmp_path, text, "list.jsonl"))
    assert [row["labels"] for row in _read(understood)] == [["1.0"], [], []]
    out = tmp_path / "out"
    edits = [_edit("a.png", "=cmd"), _edit("b.png", "1.0"), _edit("c.png", "2")]
    written = _write(understood, out, *edits).decode()
    assert written == (
        '{"path":"a.png",  "label" : "=cmd", "x": {"label": "no"}}\n\n'
        '{"label":1.0,"path":"b.png"}\r\n'
        '{"path": "c.png", "label": 2}\n'
    )


def test_the_last_of_equal_keys_counts_in_json(tmp_path: Path) -> None:
    text = '{"path": "a.png", "label": "x", "label": "y"}\n'
    understood = _understand(_source(tmp_path, text, "list.jsonl"))
    written = _write(understood, tmp_path / "out", _edit("a.png", "z")).decode()
    assert written == text.replace('"y"', '"z"')


def test_json_lines_may_hold_lists(tmp_path: Path) -> None:
    text = '{"path":"a.png","labels":["x","y"]}\n{"path":"b.png","labels":[]}\n'
    understood = _understand(_source(tmp_path, text, "list.jsonl"))
    assert understood.multi_label
    assert [row["labels"] for row in _read(understood)] == [["x", "y"], []]
    written = _write(understood, tmp_path / "out", _edit("b.png", "y", "z")).decode()
    assert written == text.replace("[]", '["y", "z"]')
