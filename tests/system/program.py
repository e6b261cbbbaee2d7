"""Runs the real program in its own process, as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def run(
    *arguments: object, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`main.py ARGUMENTS`, with its output captured."""
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
        timeout=240,
    )


def ok(*arguments: object, cwd: Path | None = None) -> str:
    """Its stdout; fails the test where the exit code is not 0."""
    ended = run(*arguments, cwd=cwd)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def answer(*arguments: object, cwd: Path | None = None) -> Any:
    """What it prints with --json."""
    return json.loads(ok(*arguments, "--json", cwd=cwd))


def picture_folder(root: Path, classes: tuple[str, ...] = ("cat", "dog"), each: int = 3) -> Path:
    """An image folder of small PNGs; every image is another one."""
    rng = np.random.default_rng(0)
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for i in range(each):
            pixels = rng.integers(0, 120, (24, 32, 3)) + 100 * (number % 2)
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / f"{i}.png")
    return root
