"""One way of fitting for all parts: AdamW, a one-cycle rate, averaged weights, bfloat16."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from vlm.building import MEAN, SPREAD

Loss = Callable[[int], torch.Tensor]
_AVERAGED = 0.998
_HAS_BFLOAT16 = "AVX512" in torch.backends.cpu.get_cpu_capability()
"""Elsewhere it is emulated, and slower than float32."""


def fit(
    parts: nn.Module, loss: Loss, steps: int, rate: float, *, decay: float = 0.05, name: str = ""
) -> None:
    """Minimise `loss(step)`, which draws its own batch; `parts` end with averaged weights."""
    optimizer = torch.optim.AdamW(_groups(parts, decay), lr=rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.15)
    average = copy.deepcopy(parts)
    began, seen = time.monotonic(), 0.0
    parts.train()
    for step in range(steps):
        with torch.autocast("cpu", torch.bfloat16, enabled=_HAS_BFLOAT16):
            value = loss(step)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parts.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        _follow(average, parts, min(_AVERAGED, (step + 1) / (step + 10)))
        seen = 0.98 * seen + 0.02 * float(value) if step else float(value)
        if step % 100 == 99:
            spent = time.monotonic() - began
            print(f"{name} step {step + 1}/{steps} loss {seen:.4f} {spent:.0f} s", flush=True)
    parts.load_state_dict(average.state_dict())
    parts.eval()


def _groups(parts: nn.Module, decay: float) -> Iterable[dict[str, Any]]:
    """Only matrices decay: not biases, nor the scales of norms."""
    every = [p for p in parts.parameters() if p.requires_grad]
    return (
        {"params": [p for p in every if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in every if p.ndim <= 1], "weight_decay": 0.0},
    )


@torch.no_grad()
def _follow(average: nn.Module, parts: nn.Module, kept: float) -> None:
    for mine, theirs in zip(average.parameters(), parts.parameters(), strict=True):
        mine.lerp_(theirs, 1 - kept)
    for mine, theirs in zip(average.buffers(), parts.buffers(), strict=True):
        mine.copy_(theirs)


def as_floats(images: Any) -> torch.Tensor:
    """(n, h, w, 3) uint8 as (n, 3, h, w) in 0..1."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def as_seen(images: torch.Tensor, side: int) -> torch.Tensor:
    """What the processor of a model folder makes of pictures in 0..1."""
    grown = functional.interpolate(images, (side, side), mode="bilinear", antialias=True)
    return ((grown - MEAN) / SPREAD).contiguous(memory_format=torch.channels_last)
