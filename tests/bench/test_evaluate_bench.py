"""Ten models of ImageNet's size measured in one go. Prints figures; `./run bench -k test_evaluate_bench`."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.format import open_memmap

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

SAMPLES, CLASSES, MODELS, WRITTEN = 1_281_167, 1_000, 10, 3
PROGRAM = Path(__file__).parents[2] / "main.py"
FOLDER = Path(__file__).parents[2] / "build" / "bench" / "evaluate"
_BLOCK = 1 << 14


@pytest.fixture
def files() -> Iterator[list[Path]]:
    """Half-precision probabilities, 2.6 GB each; the other names are links. All gone afterwards.

    Ten files of their own would not stay in memory, and the disk would be measured.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    paths = [FOLDER / f"model{number}.npy" for number in range(MODELS)]
    try:
        for number, path in enumerate(paths):
            path.unlink(missing_ok=True)
            if number < WRITTEN:
                write(path, number)
            else:
                path.hardlink_to(paths[number % WRITTEN])
        yield paths
    finally:
        shutil.rmtree(FOLDER)


def write(path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    block = rng.random((_BLOCK, CLASSES), np.float32)
    block = (block / block.sum(axis=1, keepdims=True)).astype(np.float16)
    table = open_memmap(path, "w+", np.float16, (SAMPLES, CLASSES))
    for start in range(0, SAMPLES, _BLOCK):
        rows = min(_BLOCK, SAMPLES - start)
        table[start : start + rows] = block[rng.permutation(_BLOCK)[:rows]]
    table.flush()


def test_ten_files_of_imagenets_size(tmp_path: Path, files: list[Path]) -> None:
    rng = np.random.default_rng(1)
    count = 1 + (rng.random(SAMPLES) < 0.16) * rng.integers(1, 4, SAMPLES)
    sets = [rng.integers(0, CLASSES, k).tolist() for k in count]
    (tmp_path / "sets.json").write_text(json.dumps(sets))
    np.save(tmp_path / "given.npy", np.array([one[0] for one in sets]))
    command = [sys.executable, str(PROGRAM), "evaluate", str(tmp_path / "sets.json")]
    command += ["--given", str(tmp_path / "given.npy"), "--json", "--no-progress", "--predictions"]
    start = time.perf_counter()
    said = subprocess.check_output([*command, *map(str, files)])
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak, worked = used.ru_maxrss / 1024, used.ru_utime + used.ru_stime
    read = MODELS * SAMPLES * CLASSES * 2 / 1e9
    print(
        f"\n{MODELS} files of {SAMPLES:,} x {CLASSES:,} ({WRITTEN} of their own, the others links): "
        f"{seconds:.1f} s ({read / seconds:.2f} GB/s), {worked:.1f} s of processor time, most memory {peak:,.0f} MB"
    )
    assert len(json.loads(said)["models"]) == MODELS
