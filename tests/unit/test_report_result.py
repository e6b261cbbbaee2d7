"""result.json: what it holds, that it survives the trip, and that its schema says the same."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pyarrow as pa
import pytest
from pydantic import ValidationError

from auditor.checks import base
from auditor.report import build, files
from auditor.report import result as results
from auditor.report.result import Metric, Result, ResultError
from tests.unit import report_sample as sample


def test_a_result_reads_back_as_it_was_written(tmp_path: Path) -> None:
    audit = sample.result()
    results.write(audit, tmp_path / "result.json")
    assert results.read(tmp_path / "result.json") == audit


def test_the_printed_schema_accepts_a_real_result_and_nothing_beside_it() -> None:
    schema = results.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    data = json.loads(results.dumps(sample.result()))
    validator.validate(data)
    data["counts"]["surprise"] = 1
    assert not validator.is_valid(data)


def test_an_unknown_field_is_refused() -> None:
    data = json.loads(results.dumps(sample.result()))
    data["checks"][0]["surprise"] = 1
    with pytest.raises(ValidationError, match="surprise"):
        Result.model_validate_json(json.dumps(data))


def test_the_order_in_which_checks_and_names_came_does_not_show() -> None:
    audit = sample.result()
    turned = Result.model_validate(
        {
            **audit.model_dump(),
            "checks": tuple(reversed(audit.checks)),
            "timings": dict(reversed(audit.timings.items())),
        }
    )
    assert results.dumps(turned) == results.dumps(audit)
    assert [check.id for check in audit.checks] == ["label_errors", "votes"]


def test_numbers_are_rounded_and_never_nan() -> None:
    metric = Metric(name="x", value=0.8999999761581421, low=float("nan"), high=float("inf"))
    assert (metric.value, metric.low, metric.high) == (0.9, None, None)


def test_a_name_with_odd_bytes_is_written_as_escapes(tmp_path: Path) -> None:
    odd = "caf\udce9"
    audit = sample.result()
    source = audit.input.model_dump() | {"source": odd}
    named = Result.model_validate({**audit.model_dump(), "project": odd, "input": source})
    assert (named.project, named.input.source) == (r"caf\udce9", r"caf\udce9")
    results.write(named, tmp_path / "result.json")
    assert results.read(tmp_path / "result.json") == named


def test_of_very_many_pairs_the_most_flagged_are_kept_and_all_are_counted() -> None:
    rows = 3 * build.TOP_PAIRS
    table = sample.joined(rows, rows)
    at = table.column_names.index("suggested")
    # The first class pair twice, every other one once.
    suggested = pa.array([[f"c{max(0, i - 5)}"] for i in range(rows)])
    table = table.set_column(at, "suggested", suggested)
    check = build.check_result(sample.spec(), table, base.metrics([]), parameters={})
    assert check.pair_total == len({(i % 5, max(0, i - 5)) for i in range(rows)})
    assert len(check.pairs) == build.TOP_PAIRS
    assert (check.pairs[0].flagged, check.pairs[0].given) == (2, sample.CLASSES[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "has schema version None"),
        ('{"schema_version": "9.0"}', r"'9\.0', and this version of the program reads '1\.0'"),
        ('{"schema_version": "1.0"}', "is not a result: tool"),
    ],
)
def test_a_file_that_is_no_result_is_named_with_its_fault(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "old.json").write_text(text)
    with pytest.raises(ResultError, match=words):
        results.read(tmp_path / "old.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"none\.json cannot be read"):
        results.read(tmp_path / "none.json")


def test_a_checks_tables_become_its_counts_tables_and_worst_samples() -> None:
    check = sample.checked()
    assert (check.judged, check.flagged) == (6, 4)
    assert check.share_flagged == pytest.approx(2 / 3, rel=1e-5)
    assert [f.sample_id for f in check.top] == [0, 1, 2, 3]
    assert check.top[0].given == (sample.SCRIPT,)
    assert check.top[0].suggested == (sample.QUOTES,)
    said = "by the image alone another class leads the given one by 50.0 %"
    assert check.top[0].reason == f"{sample.QUOTES} · {said}"
    assert check.top[0].neighbours_given == (1, 2)
    assert [(s.split, s.judged, s.flagged) for s in check.splits] == [
        ("", 1, 0), ("test", 3, 2), ("train", 2, 2),
    ]  # fmt: skip
    first = next(row for row in check.classes if row.name == sample.SCRIPT)
    assert (first.samples, first.flagged, first.metrics[0].value) == (2, 1, 0.25)
    pair = next(row for row in check.pairs if row.given == sample.SCRIPT)
    assert (pair.suggested, pair.flagged, pair.metrics[0].high) == (sample.QUOTES, 1, 0.3)
    assert [m.name for m in check.metrics] == ["estimated_errors"]
    assert [(m.name, m.value) for m in check.null_baseline] == [("estimated_errors", 0.5)]
    assert check.histogram is not None
    assert (sum(check.histogram.counts), sum(check.histogram.flagged)) == (6, 4)
    assert check.histogram.score == "p_error"


def test_only_the_worst_are_listed_and_the_count_stays_true() -> None:
    check = build.check_result(
        sample.spec(), sample.joined(), base.metrics([]), parameters={}, top=2
    )
    assert ([f.sample_id for f in check.top], check.flagged) == ([0, 1], 4)


def test_without_probabilities_quality_ranks_and_is_drawn() -> None:
    table = sample.joined()
    at = table.column_names.index("p_error")
    table = table.set_column(at, "p_error", pa.nulls(6, pa.float32()))
    check = build.check_result(sample.spec(), table, base.metrics([]), parameters={})
    assert [f.sample_id for f in check.top] == [0, 1, 2, 3]
    assert check.histogram is not None
    assert check.histogram.score == "quality"


def test_a_check_with_nothing_to_judge_has_an_empty_result() -> None:
    check = build.check_result(
        sample.spec(), sample.joined().slice(0, 0), base.metrics([]), parameters={}
    )
    assert (check.status, check.judged, check.share_flagged, check.histogram) == (
        "info",
        0,
        None,
        None,
    )


def test_several_labels_count_in_each_class_and_in_no_pair() -> None:
    table = sample.joined(2, 1)
    at = table.column_names.index("labels")
    table = table.set_column(at, "labels", pa.array([["a", "b"], ["b"]]))
    check = build.check_result(sample.spec(), table, base.metrics([]), parameters={})
    assert [(row.name, row.samples, row.flagged) for row in check.classes] == [
        ("a", 1, 1),
        ("b", 2, 1),
    ]
    assert check.pairs == ()


def test_the_fingerprint_is_of_the_set_and_not_of_its_order() -> None:
    one = files.input_fingerprint(pa.array(["b", None, "a"]))
    assert one == files.input_fingerprint(pa.chunked_array([["a"], ["b", None]]))
    assert one != files.input_fingerprint(pa.array(["b", "a"]))
    assert one != files.input_fingerprint(pa.array(["b", "a", "a"]))


def test_the_precision_of_reviewed_flags_has_wilsons_interval() -> None:
    metric = results.precision_so_far(8, 10)
    assert metric is not None
    assert metric.value == 0.8
    assert metric.low == pytest.approx(0.4902, abs=1e-4)
    assert metric.high == pytest.approx(0.9433, abs=1e-4)
    assert results.precision_so_far(0, 0) is None


def test_a_writer_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    files.write_text(path, "old")

    def fail() -> None:
        with files.replacing(path) as temporary:
            temporary.write_text("half of the n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.json"]
