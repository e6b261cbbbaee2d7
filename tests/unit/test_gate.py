"""The gate: what its rules mean, what it refuses, and what a baseline forgives."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from auditor.report import findings, gate
from auditor.report import result as results
from auditor.report.gate import Baseline, GateSpecError
from auditor.report.result import ExitCode, RuleOutcome
from tests.unit import report_sample as sample

KNOWN = ("label_errors", "exact_duplicates", "votes")


def measure(
    text: str, rows: int = 6, flagged: int = 4, baseline: Baseline | None = None
) -> RuleOutcome:
    rules = gate.parse_all([text], KNOWN)
    outcome = gate.evaluate(
        rules, sample.result(rows, flagged), sample.flagged_table(rows, flagged), baseline
    )
    return outcome.rules[0]


@pytest.mark.parametrize(
    ("text", "measured", "status"),
    [
        ("label_errors>0", 4, "failed"),
        ("label_errors>3", 4, "failed"),
        ("label_errors>4", 4, "passed"),
        ("label_errors>=4", 4, "failed"),
        ("label_errors>=5", 4, "passed"),
        ("label_errors>1%", 66.6667, "failed"),
        ("label_errors>66.6%", 66.6667, "failed"),
        ("label_errors>66.7%", 66.6667, "passed"),
        ("label_errors>100%", 66.6667, "passed"),
        ("  label_errors  >  3  ", 4, "failed"),
        ("label_errors>3e0", 4, "failed"),
        ("label_errors.p_error>0.9:count>0", 1, "failed"),
        ("label_errors.p_error>0.9:count>1", 1, "passed"),
        ("label_errors.p_error>90%:count>0", 1, "failed"),
        ("label_errors.p_error>0.95:count>0", 0, "passed"),
        ("label_errors.p_error>=0.95:count>0", 1, "failed"),
        ("label_errors.p_error<0.7:count>0", 1, "failed"),
        ("label_errors.p_error>0.8:count>33%", 33.3333, "failed"),
        ("label_errors.quality<0.3:count>1", 2, "failed"),
        ("p_error>0.8:count>1", 2, "failed"),
        ("p_error>0.8:count>2", 2, "passed"),
        ("label_errors.estimated_errors>4", 5, "failed"),
        ("label_errors.estimated_errors>5", 5, "passed"),
        ("label_errors.estimated_errors<6", 5, "failed"),
        ("unreadable_images>0", 2, "failed"),
        ("unreadable_images>2", 2, "passed"),
        ("unreadable_images>33%", 33.3333, "failed"),
        ("unreadable_images.missing>0", 1, "failed"),
        ("unreadable_images.empty>0", 0, "passed"),
        ("votes>0", None, "not_measured"),
        ("exact_duplicates>0", None, "not_measured"),
        ("label_errors.no_such_number>0", None, "not_measured"),
    ],
)
def test_a_rule_fails_exactly_when_what_it_says_is_true(
    text: str, measured: float | None, status: str
) -> None:
    outcome = measure(text)
    assert outcome.measured == measured
    assert outcome.status == status


@pytest.mark.parametrize(
    "text",
    [
        "",
        "label_errors",
        "label_errors>",
        ">5",
        "label_errors=5",
        "label_errors==5",
        "label_errors>five",
        "label_errors>-1",
        "label_errors>1%%",
        "label_errors>5 and more",
        "label_errors<5",
        "label_errors>=0",
        "label_errors>101%",
        "label_errors.p_error>0.9",
        "p_error>0.9",
        "label_errors.p_error>0.9:",
        "label_errors.p_error>0.9:sum>5",
        "label_errors.p_error>0.9:count<5",
        "label_errors.margin>0.9:count>5",
        "label_errors.p_error>0.9:count>5:count>6",
        "label_errors.estimated_errors>5%",
        "count>5",
        "label_error>1%",
        "label_errors>1,,",
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(GateSpecError) as caught:
        gate.parse_all([text], KNOWN)
    assert repr(text) in str(caught.value) or "''" in str(caught.value)


def test_an_unknown_check_is_answered_with_the_known_ones_and_the_nearest() -> None:
    with pytest.raises(GateSpecError, match="did you mean label_errors") as caught:
        gate.parse("label_error>1%", KNOWN)
    for name in (*KNOWN, "unreadable_images"):
        assert name in str(caught.value)


def test_several_rules_come_from_several_options_and_from_one_with_commas() -> None:
    rules = gate.parse_all(["label_errors>1%, votes>0", "exact_duplicates>0"], KNOWN)
    assert [rule.text for rule in rules] == ["label_errors>1%", "votes>0", "exact_duplicates>0"]


def test_the_gate_passes_only_if_every_rule_did() -> None:
    audit, flagged = sample.result(), sample.flagged_table()
    rules = gate.parse_all(["label_errors>100", "unreadable_images>100"], KNOWN)
    assert gate.evaluate(rules, audit, flagged).passed
    rules = gate.parse_all(["label_errors>100", "unreadable_images>0"], KNOWN)
    assert not gate.evaluate(rules, audit, flagged).passed


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["label_errors>0", "votes>0"], ExitCode.GATE_FAILED),
        (["label_errors>100"], ExitCode.INCOMPLETE),  # votes was skipped
    ],
)
def test_a_failed_rule_outranks_an_incomplete_audit(texts: list[str], code: ExitCode) -> None:
    audit = sample.result()
    outcome = gate.evaluate(gate.parse_all(texts, KNOWN), audit, sample.flagged_table())
    assert gate.exit_code(audit.model_copy(update={"gate": outcome})) is code


def test_a_complete_audit_without_a_failed_rule_exits_with_nought() -> None:
    audit = sample.result()
    complete = audit.model_copy(update={"checks": audit.checks[:1]})
    assert gate.exit_code(complete) is ExitCode.OK
    outcome = gate.evaluate(gate.parse_all(["votes>0"], KNOWN), complete, sample.flagged_table())
    asked = complete.model_copy(update={"gate": outcome})
    assert gate.exit_code(asked) is ExitCode.INCOMPLETE


def test_the_exit_codes_are_the_documented_ones() -> None:
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 130]


# -- baseline


def baseline(
    folder: Path, rows: int = 6, flagged: int = 4, *, table: pa.Table | None = None
) -> Baseline:
    """An older audit as it lies on the disk, read back."""
    kept = sample.flagged_table(rows, flagged) if table is None else table
    reference = findings.write(kept, folder / "findings.parquet")
    old = sample.result(rows, flagged).model_copy(update={"findings": reference})
    results.write(old, folder / "old.json")
    return gate.read_baseline(folder / "old.json")


def test_what_the_baseline_had_flagged_does_not_count(tmp_path: Path) -> None:
    outcome = measure("label_errors>0", baseline=baseline(tmp_path))
    assert (outcome.measured, outcome.status) == (0, "passed")


def test_only_what_is_new_counts_and_its_share_is_of_all_judged(tmp_path: Path) -> None:
    old = baseline(tmp_path, flagged=3)
    assert measure("label_errors>0", flagged=5, baseline=old).measured == 2
    assert measure("label_errors>1%", flagged=5, baseline=old).measured == pytest.approx(33.3333)


def test_a_finding_that_went_away_does_not_make_room_for_a_new_one(tmp_path: Path) -> None:
    table = sample.flagged_table()
    other = table.filter(pc.not_equal(table["sample_id"], pa.scalar(0)))
    outcome = measure("label_errors>0", flagged=3, baseline=baseline(tmp_path, table=other))
    assert outcome.measured == 1


def test_other_bytes_at_the_same_place_are_new(tmp_path: Path) -> None:
    table = sample.flagged_table()
    at = table.column_names.index("sha256")
    changed = pa.array(["e" * 64] * table.num_rows)
    outcome = measure(
        "label_errors>0",
        baseline=baseline(tmp_path, table=table.set_column(at, table.schema.field(at), changed)),
    )
    assert outcome.measured == 4


def test_a_baseline_without_hashes_still_knows_its_samples(tmp_path: Path) -> None:
    table = sample.flagged_table()
    at = table.column_names.index("sha256")
    unknown = pa.nulls(table.num_rows, pa.string())
    outcome = measure(
        "label_errors>0",
        baseline=baseline(tmp_path, table=table.set_column(at, table.schema.field(at), unknown)),
    )
    assert outcome.measured == 0


def test_a_sample_that_meets_the_condition_only_now_is_worse(tmp_path: Path) -> None:
    table = sample.flagged_table()
    at = table.column_names.index("p_error")
    doubtful = pa.array([0.5] * table.num_rows, pa.float32())
    old = baseline(tmp_path, table=table.set_column(at, table.schema.field(at), doubtful))
    assert measure("label_errors.p_error>0.8:count>0", baseline=old).measured == 2
    assert measure("label_errors>0", baseline=old).measured == 0


def test_another_row_of_the_same_file_is_another_sample(tmp_path: Path) -> None:
    table = sample.flagged_table()
    at = table.column_names.index("row")
    rows = pa.array(list(range(table.num_rows)), pa.int64())
    old = baseline(tmp_path, table=table.set_column(at, table.schema.field(at), rows))
    assert measure("label_errors>0", baseline=old).measured == 4


@pytest.mark.parametrize(("was", "status"), [(4.0, "failed"), (5.0, "passed"), (9.0, "passed")])
def test_a_number_fails_only_beyond_its_limit_and_its_old_value(
    tmp_path: Path, was: float, status: str
) -> None:
    old = baseline(tmp_path)
    check = old.result.checks[0]
    metric = check.metrics[0].model_copy(update={"value": was})
    then = old.result.model_copy(
        update={"checks": (check.model_copy(update={"metrics": (metric,)}),)}
    )
    outcome = measure(
        "label_errors.estimated_errors>1", baseline=Baseline("old.json", then, old.findings)
    )
    assert outcome.status == status


def test_without_its_findings_file_a_baseline_is_compared_by_number(tmp_path: Path) -> None:
    results.write(sample.result(flagged=3), tmp_path / "old.json")
    old = gate.read_baseline(tmp_path / "old.json")
    outcome = measure("label_errors>0", flagged=5, baseline=old)
    assert outcome.measured == 2
    assert "by number only" in outcome.words
    assert measure("label_errors>0", flagged=1, baseline=old).measured == 0
    assert measure("unreadable_images>0", baseline=old).measured == 0
    with pytest.raises(GateSpecError, match=r"keep findings\.parquet beside old\.json"):
        measure("label_errors.p_error>0.5:count>0", baseline=old)


def test_a_broken_findings_file_beside_the_baseline_is_named(tmp_path: Path) -> None:
    results.write(sample.result(), tmp_path / "old.json")
    (tmp_path / "findings.parquet").write_bytes(b"not parquet")
    with pytest.raises(GateSpecError, match=r"the baseline's .*findings\.parquet"):
        gate.read_baseline(tmp_path / "old.json")
