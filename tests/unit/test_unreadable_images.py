"""The check that names every image nobody could read, end to end on real bad files."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from auditor import checks
from auditor.checks.base import Cancelled, NoParams, Outcome
from auditor.checks.health.unreadable_images import CHECK
from auditor.media.scan import scan
from auditor.media.source import ImageSource
from auditor.model import FINDING_SCHEMA, METRIC_SCHEMA, Reason
from tests.images import build_bad, samples, scene


class _Context:
    """All that the check asks of its surroundings."""

    params = NoParams()
    classes = ()
    multi_label = False
    seed = 0
    device = "cpu"

    def __init__(self, stop: bool = False) -> None:
        self._stop = stop

    def array(self, need: str) -> None:
        return None

    def table(self, need: str) -> pa.Table | None:
        return None

    def report(self, done: int, total: int) -> None:
        if self._stop:
            raise Cancelled


def _media(*reasons: str | None) -> pa.Table:
    return pa.table(
        {
            "sample_id": pa.array(range(7, 7 + len(reasons)), pa.int64()),
            "reason": pa.array(reasons, pa.string()),
            "detail": pa.array([reason and f"why: {reason}" for reason in reasons], pa.string()),
        }
    )


def _check(media: pa.Table) -> Outcome:
    outcome = CHECK.run(media, _Context())
    assert outcome.findings.schema.equals(FINDING_SCHEMA)
    assert outcome.metrics.schema.equals(METRIC_SCHEMA)
    return outcome


def test_it_is_found_by_its_id() -> None:
    assert checks.load("unreadable_images").spec.id == "unreadable_images"


def test_every_bad_file_is_found_and_no_sound_one(tmp_path: Path) -> None:
    bad = build_bad(tmp_path)
    scene(1).save(tmp_path / "sound.png")
    names = ["sound.png", *bad]
    media = scan(samples(names), ImageSource(tmp_path), lambda done, total: None)
    outcome = _check(media)
    found = {
        names[row["sample_id"] - 100]: json.loads(row["evidence"])["reason"]
        for row in outcome.findings.to_pylist()
        if row["flagged"]
    }
    assert found == bad
    measured_here = set(Reason) - {Reason.PERMISSION, Reason.KILLS_WORKER}
    assert set(found.values()) == measured_here  # the two others need processes of their own


def test_finding_is_certain_and_says_why() -> None:
    sound, row, _ = _check(_media(None, "empty", None)).findings.to_pylist()
    assert (sound["quality"], sound["flagged"], sound["p_error"]) == (1, False, None)
    assert row["sample_id"] == 8
    assert (row["quality"], row["flagged"], row["p_error"]) == (0, True, 1)
    assert json.loads(row["evidence"]) == {"reason": "empty", "detail": "why: empty"}


def test_reasons_are_counted() -> None:
    outcome = _check(_media("missing", None, "empty", "missing"))
    counts = {(row["scope"], row["name"]): row["value"] for row in outcome.metrics.to_pylist()}
    assert counts == {("set", "count_missing"): 2, ("set", "count_empty"): 1}


@pytest.mark.parametrize("media", [_media(), _media(None, None)], ids=["no sample", "all sound"])
def test_nothing_is_found_where_nothing_is_wrong(media: pa.Table) -> None:
    outcome = _check(media)
    assert outcome.findings.num_rows == media.num_rows  # each was judged
    assert not any(outcome.findings["flagged"].to_pylist())
    assert outcome.metrics.num_rows == 0


def test_it_stops_when_asked() -> None:
    with pytest.raises(Cancelled):
        CHECK.run(_media("empty"), _Context(stop=True))
