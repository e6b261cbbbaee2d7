"""A small audit with hostile names in it, made the way the engine makes one."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pyarrow as pa
from PIL import Image

from auditor.checks import base
from auditor.checks.base import CheckSpec
from auditor.model import CheckId
from auditor.report import build, findings
from auditor.report.result import (
    Change,
    CheckResult,
    Configuration,
    Counts,
    Encoder,
    Input,
    Result,
    Tool,
    TruthRow,
    UnreadableSample,
    decisions,
)

SCRIPT = "<script>alert('x')</script>"
QUOTES = "\"'><img src=https://evil.example/x onerror=alert(1)>"
RIGHT_TO_LEFT = "\u05d7\u05ea\u05d5\u05dc"
OVERRIDE = "gpj.\u202egnp"
CONTROL = "bell\x07\x00"
FORMULA = "=cmd|'/c calc'!A1"
ODD_BYTES = "bytes:caf%E9%20%3C.jpg"

CLASSES = (SCRIPT, QUOTES, RIGHT_TO_LEFT, CONTROL, FORMULA)
PATHS = (
    f"train/{SCRIPT}/1.png",
    f"train/{QUOTES}.png",
    f"test/{RIGHT_TO_LEFT}/{OVERRIDE}",
    ODD_BYTES,
    "test/a b#c?d%20.png",
    "test/fine.png",
)


def spec(check_id: str = "label_errors", title: str = "Label errors") -> CheckSpec:
    return CheckSpec(
        id=CheckId(check_id),
        version=1,
        title=title,
        family="labels",
        scope="dataset",
        needs=frozenset({"label"}),
        cannot_see=("errors that everybody makes",),
        sources=("a paper",),
    )


def joined(rows: int = 6, flagged: int = 4) -> pa.Table:
    """Findings joined with their samples: the first `flagged` are flagged, the worst first."""
    count = range(rows)
    table = base.findings(
        sample_id=list(count),
        quality=[(i + 1) / (rows + 1) for i in count],
        flagged=[i < flagged for i in count],
        p_error=[max(0.0, 0.95 - i / 10) for i in count],
        p_error_low=[max(0.0, 0.9 - i / 10) for i in count],
        p_error_high=[min(1.0, 0.99 - i / 10) for i in count],
        suggested=[[CLASSES[(i + 1) % 5]] if i < flagged else None for i in count],
        related_id=[None] * rows,
        evidence=[
            json.dumps({"reason": QUOTES, "margin": -0.5, "neighbours_given": [1, 2]})
            for _ in count
        ],
    )
    samples = {
        "path": pa.array([PATHS[i % 6] if i < 6 else f"test/{i}.png" for i in count]),
        "row": pa.nulls(rows, pa.int64()),
        "occurrence": pa.array([0] * rows, pa.int32()),
        "sha256": pa.array([f"{i:064x}" for i in count]),
        "split": pa.array([None if i == 5 else ("train" if i < 2 else "test") for i in count]),
        "labels": pa.array([[CLASSES[i % 5]] for i in count], pa.list_(pa.string())),
    }
    for name, values in samples.items():
        table = table.append_column(name, values)
    return table


def checked(rows: int = 6, flagged: int = 4) -> CheckResult:
    metrics = base.metrics(
        [
            ("set", "", "estimated_errors", 5.0, 4.0, 7.0),
            ("set", "", "null_estimated_errors", 0.5, 0.0, 1.0),
            ("class", SCRIPT, "estimated_noise", 0.25, None, None),
            ("pair", json.dumps([SCRIPT, QUOTES]), "noise", 0.2, 0.1, 0.3),
        ]
    )
    return build.check_result(
        spec(),
        joined(rows, flagged),
        metrics,
        parameters={"folds": 5, "views": SCRIPT},
        about=f"Labels that {SCRIPT} doubts.",
    )


def unreadable() -> tuple[UnreadableSample, ...]:
    return (
        UnreadableSample(path=ODD_BYTES, reason="truncated", detail=SCRIPT),
        UnreadableSample(path=f"x/{QUOTES}", reason="missing"),
    )


def flagged_table(rows: int = 6, flagged: int = 4) -> pa.Table:
    """The findings file of `result`."""
    lost = unreadable()
    samples = pa.table(
        {
            "sample_id": [90 + i for i in range(len(lost))],
            "path": [item.path for item in lost],
            "reason": [item.reason for item in lost],
        }
    )
    return findings.concat(
        [
            findings.unreadable_rows(samples),
            findings.flagged_rows("label_errors", joined(rows, flagged)),
        ]
    )


def result(rows: int = 6, flagged: int = 4) -> Result:
    change = Change(
        path=PATHS[0], old=(SCRIPT,), new=(QUOTES,), verdict="accept", reviewer=f"mira {SCRIPT}"
    )
    return Result(
        tool=Tool(version="0.1.0", python="3.12", platform="Linux", libraries={"b": "2", "a": "1"}),
        project=f"digits {SCRIPT}",
        created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        configuration=Configuration(
            seed=7,
            device="cpu",
            encoder=Encoder(id="classic", fingerprint="f" * 64),
            checks=("label_errors", "votes"),
            command=f"auditor audit {QUOTES}",
        ),
        input=Input(source=f"/data/{SCRIPT}", format="folder", samples=rows, fingerprint="0" * 64),
        counts=Counts(
            samples=rows,
            labelled=rows,
            classes=5,
            splits={"train": 2, "test": rows - 2},
            unreadable={"truncated": 1, "missing": 1},
        ),
        timings={"label_errors": 1.5, "import": 0.25},
        checks=(
            build.not_run(spec("votes", "Votes"), "the set has no votes"),
            checked(rows, flagged),
        ),
        unreadable=unreadable(),
        decisions=decisions(
            {"keep": 1, "accept": 3}, {"mira": 4}, {"label_errors": (3, 4)}, (change,)
        ),
        truth=(
            TruthRow(kind="label_flip", planted=5, found=4, fixed=3, precision=1.0, recall=0.8),
        ),
    )


def thumbnail(side: int = 32, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (90, 120, 200)).save(out, kind)
    return out.getvalue()
