"""Speed of the one pass over the bytes, against CleanVision on the same files in the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.media.scan import scan
from auditor.media.source import ImageSource
from tests.images import packed, samples, scene

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
PROCESSES, RUNS, SMALL_IMAGES = 2, 3, 5_000

# In a process of its own, as it starts others by fork. Listing and importing are not counted.
_CLEANVISION = """
import os, sys, time, warnings
warnings.simplefilter("ignore")
from cleanvision import Imagelab
if __name__ == "__main__":
    lab = Imagelab(data_path=sys.argv[1], verbose=False)
    start, cpu = time.perf_counter(), sum(os.times()[:4])
    lab.find_issues(verbose=False)
    print("seconds", time.perf_counter() - start, sum(os.times()[:4]) - cpu)
"""

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]


def _silent(done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Took:
    """Seconds by the clock and of all processors together: the latter hardly feel other load."""

    clock: float
    processor: float


def _scan_shard(root: Path, names: list[str]) -> float:
    start = time.process_time()
    table = scan(samples(names), ImageSource(root), _silent)
    assert table["reason"].null_count == len(names)
    return time.process_time() - start


@pytest.fixture
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as workers:
        yield workers


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """5,000 JPEG files of 32 x 32 pixels."""
    source = DATA / "cifake" / "cifake_test.parquet"
    if not source.exists():
        pytest.skip("the shared data is not here")
    folder = tmp_path_factory.mktemp("small")
    images = pq.read_table(source, columns=["image"])["image"].slice(0, SMALL_IMAGES)
    for i, image in enumerate(images.to_pylist()):
        (folder / f"{i:05}.jpg").write_bytes(image["bytes"])
    return folder


@pytest.fixture(scope="module")
def photos() -> Path:
    folder = DATA / "photos"
    if not folder.exists():
        pytest.skip("the shared data is not here")
    return folder


def _ours(pool: ProcessPoolExecutor, root: Path, names: list[str], shard: int) -> _Took:
    start = time.perf_counter()
    shards = [names[i : i + shard] for i in range(0, len(names), shard)]
    processor = sum(pool.map(_scan_shard, [root] * len(shards), shards))
    return _Took(time.perf_counter() - start, processor)


def _theirs(root: Path) -> _Took:
    command = [sys.executable, "-c", _CLEANVISION, str(root)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return _Took(*map(float, output.split("seconds")[-1].split()))


def _compare(pool: ProcessPoolExecutor, root: Path, shard: int, bar: float, rate: int) -> None:
    names = sorted(path.name for path in root.iterdir())
    _ours(pool, root, names[: PROCESSES * 50], 50)  # warm both workers
    pairs = [(_ours(pool, root, names, shard), _theirs(root)) for _ in range(RUNS)]
    for kind in ("clock", "processor"):
        times = [(getattr(ours, kind), getattr(theirs, kind)) for ours, theirs in pairs]
        ours, theirs = (
            len(names) / statistics.median(column) for column in zip(*times, strict=True)
        )
        ratios = [b / a for a, b in times]
        print(
            f"\n{root.name} by {kind}: {len(names):,} images; ours {ours:,.0f}/s, CleanVision "
            f"{theirs:,.0f}/s; ratio {statistics.median(ratios):.1f} of "
            f"{', '.join(f'{ratio:.1f}' for ratio in ratios)}"
        )
    print(f"bars: ratio {bar}, and {rate:,}/s by the clock on two free cores")
    assert statistics.median(theirs.clock / ours.clock for ours, theirs in pairs) >= bar


def test_small_jpegs_are_scanned_seven_times_as_fast_as_by_cleanvision(
    pool: ProcessPoolExecutor, small: Path
) -> None:
    _compare(pool, small, shard=500, bar=7, rate=3_000)


def test_photos_are_scanned_five_times_as_fast_as_by_cleanvision(
    pool: ProcessPoolExecutor, photos: Path
) -> None:
    _compare(pool, photos, shard=20, bar=5, rate=500)


def test_one_huge_row_group_is_read_as_fast_as_many(tmp_path: Path) -> None:
    """100,000 rows of 2 KB in order, in shards: the reader may not begin again at each."""
    count, shard = 100_000, 5_000
    image = packed(scene(1, 32, 32), "JPEG").ljust(1_992, b"\0")
    table = pa.table({"image": [image + i.to_bytes(8, "little") for i in range(count)]})
    seconds = {}
    for group in (1_000, count):
        name = f"{group}.parquet"
        pq.write_table(table, tmp_path / name, row_group_size=group, compression="none")
        source = ImageSource(tmp_path, "image")
        start = time.perf_counter()
        for first in range(0, count, shard):
            for row in range(first, first + shard):
                source.read(name, row)
        seconds[group] = time.perf_counter() - start
    ratio = seconds[count] / seconds[1_000]
    print(f"\nrows/s: {', '.join(f'{g}: {count / s:,.0f}' for g, s in seconds.items())}")
    assert ratio < 2
