"""Real OpenAI-compatible servers in a process of their own, on loopback: `transformers serve`, vLLM."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_COMMAND = "from transformers.cli.transformers import main; main()"
# vLLM's linear layers on the CPU go through oneDNN, which takes no transposed input; the features
# of a convolutional encoder are such. A plugin is what vLLM loads in each of its processes.
_PLUGIN = {
    "torch_linear.py": "def register():\n    import vllm._custom_ops as o\n    o._supports_onednn = False\n",
    "torch_linear-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: torch-linear\nVersion: 1\n",
    "torch_linear-1.dist-info/entry_points.txt": (
        "[vllm.general_plugins]\ntorch_linear = torch_linear:register\n"
    ),
}
_VLLM_NAMES = {
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_NO_USAGE_STATS": "1",
}

MISSING = [m for m in ("fastapi", "uvicorn", "openai") if importlib.util.find_spec(m) is None]
"""What `transformers serve` would need that is not installed."""
VLLM_PYTHON = os.environ.get("AUDITOR_VLLM_PYTHON")
"""The Python of an environment that has vLLM's CPU build: vLLM ties itself to its own torch."""


@contextmanager
def transformers_serve(folder: Path, *flags: str, threads: int = 1) -> Iterator[str]:
    """The server's base address, once it answers."""
    options = ["--host", "127.0.0.1", "--port", "0", "--device", "cpu", *flags]
    command = [sys.executable, "-c", _COMMAND, "serve", str(folder), *options]
    up = re.compile(r"Uvicorn running on (http://127\.0\.0\.1:\d+)")
    with _served(command, {"OMP_NUM_THREADS": str(threads)}, up) as found:
        yield f"{found[1]}/v1"


@contextmanager
def vllm_serve(python: str, folder: Path, *flags: str, threads: int = 1) -> Iterator[str]:
    """The server's base address, once it answers."""
    with socket.socket() as any_free:
        any_free.bind(("127.0.0.1", 0))
        port = any_free.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", *flags]
    command = [python, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)]
    command += ["--enforce-eager", *options]
    with TemporaryDirectory() as plugins:
        for name, text in _PLUGIN.items():
            file = Path(plugins, name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        names = _VLLM_NAMES | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": plugins}
        with _served(command, names, re.compile("Application startup complete")):
            yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def _served(
    command: Sequence[str], names: dict[str, str], up: re.Pattern[str]
) -> Iterator[re.Match[str]]:
    """What the line says that tells that the server is up; killed in the end with all its own."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"} | names,
        start_new_session=True,
    )
    assert process.stdout is not None
    told: deque[str] = deque(maxlen=40)
    try:
        for line in process.stdout:
            told.append(line)
            if found := up.search(line):
                break
        else:
            raise AssertionError("".join(told))
        # Whoever writes to a full pipe stops.
        reader = threading.Thread(target=lambda: told.extend(process.stdout or ()), daemon=True)
        reader.start()
        yield found
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    reader.join()
    process.stdout.close()
