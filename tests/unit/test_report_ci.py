"""What CI systems are given: JUnit, SARIF and a step summary, with hostile names in them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET

import pytest

from auditor.report import findings, gate, junit, sarif, summary
from auditor.report.result import Result
from tests.unit import report_sample as sample


def gated(flagged: int = 4) -> Result:
    audit = sample.result(flagged=flagged)
    rules = gate.parse_all(
        ["label_errors>1%", "label_errors>100", "votes>0"], [check.id for check in audit.checks]
    )
    outcome = gate.evaluate(rules, audit, sample.flagged_table(flagged=flagged))
    return audit.model_copy(update={"gate": outcome})


def parsed() -> ET.Element:
    return ET.fromstring(junit.render(gated()))  # noqa: S314 - our own text


def test_junit_has_a_case_for_each_check_and_split_and_each_rule() -> None:
    suite = parsed().find("testsuite")
    assert suite is not None
    cases = {
        (case.get("classname"), case.get("name")): [child.tag for child in case] for case in suite
    }
    assert cases == {
        ("auditor.labels.label_errors", "all"): [],
        ("auditor.labels.label_errors", "test"): ["failure"],
        ("auditor.labels.label_errors", "train"): ["failure"],
        ("auditor.labels.votes", "all"): ["skipped"],
        ("auditor.gate", "label_errors>1%"): ["failure"],
        ("auditor.gate", "label_errors>100"): [],
        ("auditor.gate", "votes>0"): ["error"],
    }
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7", "failures": "3", "errors": "1", "skipped": "1",
    }  # fmt: skip


def test_a_junit_failure_lists_the_worst_samples_of_its_split_as_text() -> None:
    failures = parsed().findall(".//failure[@type='label_errors']")
    test, train = (failure.text or "" for failure in failures)
    assert sample.SCRIPT in train
    assert sample.QUOTES in train
    assert sample.ODD_BYTES in test
    assert sample.ODD_BYTES not in train
    # XML has no way to hold the bell and the NUL of this class's name.
    assert "bell\ufffd\ufffd" in test


def test_sarif_has_its_required_parts_and_a_rule_for_each_result() -> None:
    log = json.loads(sarif.render(gated(), sample.flagged_table()))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    assert len(run["results"]) == 6
    for item in run["results"]:
        assert item["ruleId"] in rules
        assert item["level"] in ("error", "warning")
        assert item["message"]["text"]
        (location,) = item["locations"]
        address = location["physicalLocation"]["artifactLocation"]
        assert re.fullmatch(r"[A-Za-z0-9/._~%-]+", address["uri"])
        assert address["uriBaseId"] in run["originalUriBaseIds"]
        assert re.fullmatch("[0-9a-f]{64}", item["partialFingerprints"]["sample/v1"])


def test_sarif_fingerprints_differ_by_sample_and_stay_from_run_to_run() -> None:
    def prints() -> list[str]:
        run = json.loads(sarif.render(gated(), sample.flagged_table()))["runs"][0]
        return [item["partialFingerprints"]["sample/v1"] for item in run["results"]]

    assert len(set(prints())) == 6
    assert prints() == prints()


def test_sarif_calls_the_surely_wrong_errors_and_the_rest_warnings() -> None:
    run = json.loads(sarif.render(gated(), sample.flagged_table()))["runs"][0]
    levels = [
        (item["properties"]["p_error"], item["level"])
        for item in run["results"]
        if item["ruleId"] == "label_errors"
    ]
    assert [level for _, level in levels] == ["error", "warning", "warning", "warning"]
    assert levels == sorted(levels, reverse=True)


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a/b.png", "a/b.png"),
        ("a b#c?d%20.png", "a%20b%23c%3Fd%2520.png"),
        ("a:b.png", "a%3Ab.png"),
        ("bytes:caf%E9.jpg", "caf%E9.jpg"),
        ("bytes:/data/caf%E9.jpg", "file:///data/caf%E9.jpg"),
        ("/data/x y.png", "file:///data/x%20y.png"),
        ("C:\\data\\x y.png", "file:///C:/data/x%20y.png"),
    ],
)
def test_a_path_becomes_a_uri_that_says_the_same_bytes(path: str, uri: str) -> None:
    assert sarif.uri(path) == uri


def test_a_path_in_another_script_survives_as_bytes() -> None:
    assert unquote_to_bytes(sarif.uri(f"{sample.RIGHT_TO_LEFT}.png")).decode() == (
        f"{sample.RIGHT_TO_LEFT}.png"
    )


def test_the_summary_says_the_headline_and_no_name_in_it_is_markup() -> None:
    text = summary.render(gated())
    assert "We looked at 6 images. About 5 (4\u20137) labels look wrong; 4 are flagged." in text
    assert "### The gate did not pass" in text
    assert "<script" not in text
    assert "<img" not in text
    # The only HTML is ours.
    assert set(re.findall(r"<(/?\w+)", text)) == {"details", "/details", "summary", "/summary"}


def test_a_table_cell_of_the_summary_cannot_be_left() -> None:
    audit = sample.result()
    evil = "a | b\n\n# [x](http://evil.example) `c` *d*"
    named = audit.model_copy(update={"project": evil})
    title = summary.render(named).splitlines()[0]
    assert title == r"## Audit of a \| b \# \[x\](http\://evil.example) \`c\` \*d\*"


def test_the_findings_file_reads_back_in_a_fixed_order(tmp_path: Path) -> None:
    table = sample.flagged_table()
    reference = findings.write(table, tmp_path / "findings.parquet")
    assert findings.read(tmp_path / "findings.parquet").equals(table)
    assert (reference.path, reference.rows) == ("findings.parquet", 6)
    parts = [table.slice(3), table.slice(0, 3)]
    assert findings.concat(parts).equals(table)


def test_a_findings_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "findings.parquet"
    findings.write(sample.flagged_table().drop_columns(["sha256"]), path)
    with pytest.raises(findings.FindingsError, match="it has no sha256"):
        findings.read(path)
