"""How well a vision-language model of 3 billion parameters uses a CUDA device.

    python -m tests.bench.cuda_answerers            on a machine with a CUDA device
    python -m tests.bench.cuda_answerers --tiny     anywhere: shows only that the script runs

Builds Qwen2.5-VL-3B's configuration with random weights and a small tokenizer of its own, on the
device; nothing is downloaded. What the weights say is noise, how long they take is not.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from auditor.ask.answerers.vision_language import VisionLanguage
from auditor.ask.base import Pixels
from tests import answerer_world as world

# bf16 without sparsity, from the makers' data sheets.
PEAKS = {"H200": 989.4, "H100": 989.4, "A100": 311.8, "L40S": 362.0, "L4": 121.0, "4090": 165.2}
TEXT = {
    "hidden_size": 2048,
    "intermediate_size": 11008,
    "num_hidden_layers": 36,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
    "rope_parameters": {"rope_type": "default", "mrope_section": [16, 24, 24], "rope_theta": 1e6},
}
VISION = {
    "depth": 32,
    "hidden_size": 1280,
    "intermediate_size": 3420,
    "num_heads": 16,
    "patch_size": 14,
    "out_hidden_size": 2048,
    "window_size": 112,
    "fullatt_block_indexes": [7, 15, 23, 31],
}
TINY_TEXT = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e4},
}
TINY_VISION = VISION | {
    "depth": 2,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_heads": 4,
    "out_hidden_size": 64,
    "fullatt_block_indexes": [1],
}
QUESTIONS = world.yes_no("cat", "dog", "wheel", "wing", "tree", "person")


@dataclass
class Clock:
    """Seconds inside the model's forward passes."""

    device: str
    seconds: float = 0.0
    _began: list[float] = field(default_factory=list)

    def watch(self, model: Any) -> None:
        model.register_forward_pre_hook(lambda *_: self._began.append(self._now()))
        model.register_forward_hook(lambda *_: self._end())

    def _end(self) -> None:
        self.seconds += self._now() - self._began.pop()

    def _now(self) -> float:
        if self.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


def build(device: str, *, tiny: bool) -> VisionLanguage:
    side = 448
    config, processor = world.qwen_parts(
        "Qwen2_5_VL",
        TINY_TEXT if tiny else TEXT,
        TINY_VISION if tiny else VISION,
        (side * side // 4, side * side),
    )
    torch.manual_seed(0)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    library = import_module("transformers")
    with torch.device(device):
        model = library.AutoModelForImageTextToText.from_config(config, dtype=dtype)
    return VisionLanguage("hf:local-dir:random", model.eval(), processor, {}, device)


def pictures(count: int) -> list[Pixels]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (448, 448, 3), dtype=np.uint8) for _ in range(count)]


def ask(who: VisionLanguage, images: list[Pixels]) -> float:
    """Seconds for all questions about all pictures."""
    answered = 0

    def keep(*_: object) -> None:
        nonlocal answered
        answered += 1

    began = time.perf_counter()
    who.answer(images, [QUESTIONS] * len(images), keep, lambda *_: None)
    seconds = time.perf_counter() - began
    assert answered == len(images) * len(QUESTIONS)
    return seconds


@contextmanager
def counted() -> Iterator[FlopCounterMode]:
    with FlopCounterMode(display=False) as counter:
        yield counter


def peak_tflops(name: str) -> float | None:
    return next((peak for part, peak in PEAKS.items() if part in name), None)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tiny", action="store_true", help="a model of a few thousand parameters")
    options.add_argument("--pictures", type=int, default=256)
    options.add_argument("--batch", type=int, default=32)
    options.add_argument("--peak-tflops", type=float, help="the device's bf16 peak, if not known")
    chosen = options.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not chosen.tiny:
        options.error("this machine has no CUDA device; --tiny shows that the script runs")
    report(chosen, device)


def report(chosen: argparse.Namespace, device: str) -> None:
    who = build(device, tiny=chosen.tiny)
    who.batch = chosen.batch
    images = pictures(8 if chosen.tiny else chosen.pictures)
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    model = who._network.model  # noqa: SLF001
    print(f"{name}, torch {torch.__version__}, {model.dtype}")
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} million parameters")
    ask(who, images[: who.batch])  # chooses kernels, finds out whether sharing is allowed
    part = images[: who.batch]
    with counted() as counter:
        ask(who, part)
    flops = counter.get_total_flops() / len(part)
    clock = Clock(device)
    clock.watch(model)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = ask(who, images)
    print(f"shares the picture: {who.shares}; {who.batch} pictures at once")
    print(f"{len(images) / seconds:.2f} pictures/s, {len(QUESTIONS)} questions each")
    print(f"{len(images) * len(QUESTIONS) / seconds:.2f} questions/s")
    print(f"{clock.seconds / seconds:.0%} of the time in the model's passes")
    print(f"{flops / 1e9:.2f} GFLOP per picture (matrix products and attention, counted)")
    if device == "cuda":
        print(f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB at most")
    peak = chosen.peak_tflops or peak_tflops(name)
    if peak:
        passes = flops * len(images) / clock.seconds / 1e12
        whole = flops * len(images) / seconds / 1e12
        print(f"{passes:.1f} TFLOP/s in the passes: {passes / peak:.1%} of {peak} (aim 40%)")
        print(f"{whole:.1f} TFLOP/s with preparing pictures: {whole / peak:.1%}")
    else:
        print("The peak of this device is not known here: --peak-tflops")


if __name__ == "__main__":
    with torch.inference_mode():
        main()
