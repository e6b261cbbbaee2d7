"""Jobs that die as a native decoder would, raise, hang, or never notice a wish to stop."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.jobs import tasks


def crash(
    samples: pa.Table, config: Mapping[str, Any], report: tasks.Report, _: tasks.Kept
) -> tasks.Tables:
    """Dies on sample 13, raises on 17, works slowly on 20, is deaf on 21."""
    ids = samples["sample_id"].to_pylist()
    if 13 in ids:
        os.kill(os.getpid(), signal.SIGKILL)
    if 17 in ids:
        raise ValueError("seventeen")
    for step in range(600 if 20 in ids else 1):
        report(step, 600)
        time.sleep(0.05 if 20 in ids else 0)
    if 21 in ids:
        time.sleep(60)
    return {"seen": samples}


def steps(
    samples: pa.Table, config: Mapping[str, Any], report: tasks.Report, _: tasks.Kept
) -> tasks.Tables:
    """Adds a byte to a file at each of its steps, and reports."""
    for step in range(config["steps"]):
        with Path(config["file"]).open("ab") as file:
            file.write(b".")
        report(step, config["steps"])
        time.sleep(0.02)
    return {"seen": samples}
