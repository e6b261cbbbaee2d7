"""What the window asks of the engine, on 1,281,167 samples: lists, rows, counts and decisions.

Prints wall time, and processor time of all threads, which hardly feels other load.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from auditor.model import Verdict
from auditor.session import Session, browsing
from auditor.session.browsing import View
from tests.bench import million

CHECK, WINDOW, MEMORY_MB = "label_errors", 256, 256

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = million.copy(tmp_path_factory.mktemp("million") / "million.audit")
    with Session.open(folder, workers=1, memory_mb=MEMORY_MB) as opened:
        yield opened


def measure(what: str, times: int, bar_ms: int, act: Callable[[], object]) -> None:
    """Run it so often, and print the median and the 95th percentile in milliseconds."""
    took = []
    for _ in range(times):
        wall, processor = time.perf_counter(), time.process_time()
        act()
        took.append((time.perf_counter() - wall, time.process_time() - processor))
    (wall50, cpu50), (wall95, cpu95) = np.percentile(np.array(took) * 1e3, (50, 95), axis=0)
    print(
        f"{what:44} wall {wall50:6.0f} p95 {wall95:6.0f} | processor {cpu50:6.0f} p95 {cpu95:6.0f}"
        f" | bar {bar_ms} ms",
        flush=True,
    )


def print_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print(f"memory of this process: {pages * 4096 >> 20} MiB", flush=True)


VIEWS = {
    "all, by p_error": View(check_id=CHECK, sort="p_error", descending=True),
    "all, by quality": View(check_id=CHECK, sort="quality"),
    "flagged, by p_error": View(check_id=CHECK, where="flagged", sort="p_error", descending=True),
    "one class and p_error > 0.8": View(
        check_id=CHECK,
        where="label = 'n01440764' and p_error > 0.8",
        sort="p_error",
        descending=True,
    ),
    "p_error > 0.2, by p_error": View(
        check_id=CHECK, where="p_error > 0.2", sort="p_error", descending=True
    ),
    "unseen of a split, by quality": View(
        check_id=CHECK, where="split = 'val' and state = 'unseen'", sort="quality"
    ),
    "path contains, by quality": View(check_id=CHECK, where="path contains '4076'", sort="quality"),
    "camera and width, by year": View(
        check_id=CHECK, where="camera = 'camera 7' and width > 500", sort="year"
    ),
    "all, by path": View(check_id=CHECK, sort="path"),
}


def test_lists_rows_and_counts_of_a_million(session: Session) -> None:
    chance = np.random.default_rng(0)

    def first_cells(view: View) -> None:
        with session.store.reader() as db:
            found = browsing.ids(db, view)
            assert (
                len(browsing.rows(db, view, found[:WINDOW].tolist())) == min(WINDOW, len(found)) > 0
            )

    print()
    for name, view in VIEWS.items():
        measure(f"first cells: {name}", 15, 300, lambda view=view: first_cells(view))  # type: ignore[misc]
    whole = VIEWS["all, by quality"]
    scattered = chance.integers(0, million.SAMPLES, (40, WINDOW))
    places = iter(scattered)
    measure(
        "rows of 256 scattered samples",
        len(scattered),
        25,
        lambda: session.read(lambda db: browsing.rows(db, whole, next(places).tolist())),
    )
    for name in ("all, by quality", "flagged, by p_error"):
        view = VIEWS[name]
        measure(
            f"tally: {name}",
            15,
            300,
            lambda view=view: session.read(lambda db: browsing.tally(db, view)),  # type: ignore[misc]
        )
    print_memory()


def test_decisions_among_a_million(session: Session) -> None:
    chance = np.random.default_rng(1)
    many = chance.choice(million.SAMPLES, 100_000, replace=False)

    def decide_one() -> None:
        sample = chance.integers(0, million.SAMPLES, 1)
        session.decide_on(sample, Verdict.EXCLUDE, check_id=CHECK)

    print()
    measure("one decision", 100, 40, decide_one)
    for verdict in (Verdict.ACCEPT, Verdict.KEEP):
        measure(
            f"{verdict} 100,000",
            1,
            2_000,
            lambda verdict=verdict: session.decide_on(many, verdict, check_id=CHECK),  # type: ignore[misc]
        )
    measure("one decision after 200,000", 200, 40, decide_one)
    session.decide_on(many, Verdict.DEFER, check_id=CHECK)
    measure("undo of 100,000", 1, 2_000, session.undo)
    measure("redo of 100,000", 1, 2_000, session.redo)
    print_memory()
