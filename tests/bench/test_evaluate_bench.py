"""Ten models of ImageNet's size measured in one go. Prints figures; `./run bench -k test_evaluate_bench`."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.format import open_memmap

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

SAMPLES, CLASSES, MODELS = 1_281_167, 1_000, 10
PROGRAM = Path(__file__).parents[2] / "main.py"
_BLOCK = 1 << 14


@pytest.fixture
def files(tmp_path: Path) -> Iterator[list[Path]]:
    """Half-precision probabilities; 2.6 GB each, all different, gone afterwards."""
    rng = np.random.default_rng(0)
    block = rng.random((_BLOCK, CLASSES), np.float32).astype(np.float16)
    paths = [tmp_path / f"model{number}.npy" for number in range(MODELS)]
    for number, path in enumerate(paths):
        table = open_memmap(path, "w+", np.float16, (SAMPLES, CLASSES))
        for start in range(0, SAMPLES, _BLOCK):
            rows = min(_BLOCK, SAMPLES - start)
            table[start : start + rows] = np.roll(block, number + start // _BLOCK, axis=1)[:rows]
        table.flush()
        del table
    yield paths
    for path in paths:
        path.unlink()


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
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    read = MODELS * SAMPLES * CLASSES * 2 / 1e9
    print(
        f"\n{MODELS} files of {SAMPLES:,} x {CLASSES:,}: {seconds:.1f} s ({read / seconds:.2f} GB/s), "
        f"most memory {peak:,.0f} MB"
    )
    assert len(json.loads(said)["models"]) == MODELS
