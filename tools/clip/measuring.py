"""How often the saved model is right about scenes of the demo's own digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from vlm import measuring

from auditor.ml import encoders
from auditor.ml.encoders.base import TextEncoder
from auditor.planting.scoring import wilson
from clip import views

HELD_OUT = 2_000
_PROMPTS = ('a photo of the number: "{}"', "the digit {}", "a photo of a {}")


def measure(folder: Path, seed: int) -> None:
    """Print and store the share of scenes whose main digit the likeliest sentence names."""
    encoder = encoders.load(f"open_clip:local-dir:{folder}")
    if not isinstance(encoder, TextEncoder):
        raise TypeError(f"{folder} places no sentences")
    scenes = views.unseen(HELD_OUT, seed + 77)
    pictures = _unit(encoder.encode(list(scenes.images)))
    found = {}
    for prompt in _PROMPTS:
        texts = _unit(encoder.encode_text([prompt.format(code) for code in range(10)]))
        right = (pictures @ texts.T).argmax(axis=1) == scenes.first
        share = wilson(int(right.sum()), len(right))
        parts = {"right": share.value, "low": share.low, "high": share.high}
        found[prompt] = {k: round(v or 0.0, 4) for k, v in parts.items()} | {"asked": len(right)}
    print(measuring.shown(found))
    facts = {"trained_on": "scenes of 360 digits that the demo never shows, drawn and typeset ones"}
    measuring.store(folder, {**facts, "held_out": HELD_OUT, "sentences": found})


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
