"""`transformers serve` in a process of its own, on loopback: a real OpenAI-compatible server."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_UP = re.compile(r"Uvicorn running on (http://127\.0\.0\.1:\d+)")
_COMMAND = "from transformers.cli.transformers import main; main()"

MISSING = [m for m in ("fastapi", "uvicorn", "openai") if importlib.util.find_spec(m) is None]
"""What it would need that is not installed."""


@contextmanager
def transformers_serve(folder: Path, *flags: str, threads: int = 1) -> Iterator[str]:
    """The server's base address, once it answers."""
    names = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"}
    options = ["--host", "127.0.0.1", "--port", "0", "--device", "cpu", *flags]
    process = subprocess.Popen(
        [sys.executable, "-c", _COMMAND, "serve", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | names,
    )
    assert process.stdout is not None
    told: deque[str] = deque(maxlen=40)
    try:
        for line in process.stdout:
            told.append(line)
            if found := _UP.search(line):
                break
        else:
            raise AssertionError("".join(told))
        # Whoever writes to a full pipe stops.
        reader = threading.Thread(target=lambda: told.extend(process.stdout or ()), daemon=True)
        reader.start()
        yield f"{found[1]}/v1"
    finally:
        process.kill()
        process.wait()
    reader.join()
    process.stdout.close()
