"""What a plan assumes where a project has run nothing yet: see auditor.session.rates."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from auditor import checks
from auditor.jobs import tasks
from auditor.media.decode import decode
from auditor.ml import encoders
from tests.contract.context import Context
from tests.images import packed, scene

pytestmark = pytest.mark.bench
RUNS, IMAGES, ROWS = 3, 200, 512 * 100


def seconds(work: Callable[[], object]) -> float:
    """The median of some runs, after one that loads what is loaded once."""
    work()
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def test_classic_features(capsys: pytest.CaptureFixture[str]) -> None:
    files = [packed(scene(seed, 500, 375), "JPEG") for seed in range(IMAGES)]
    encoder = encoders.load("classic")
    tasks.use_threads(1)  # as a worker does
    rate = IMAGES / seconds(lambda: encoder.encode([decode(file).pixels for file in files]))
    with capsys.disabled():
        print(f"\nclassic features, one process, 500 x 375: {rate:,.0f} images/s")


def test_unreadable_images(capsys: pytest.CaptureFixture[str]) -> None:
    check = checks.load("unreadable_images")
    table = pa.table(
        {
            "sample_id": np.arange(ROWS),
            "reason": pa.nulls(ROWS, pa.string()),
            "detail": pa.nulls(ROWS, pa.string()),
        }
    )
    context = Context(check.spec.params())

    def work() -> None:
        for start in range(0, ROWS, 512):
            check.run(table.slice(start, 512), context)

    with capsys.disabled():
        print(f"\nunreadable images, one process: {ROWS / seconds(work):,.0f} samples/s")
