"""A torch model as an encoder: batches, device, number type, and what to do when memory ends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from PIL import Image

from auditor.ml.encoders.base import Embeddings, Images

_BATCH = {"cpu": 16, "cuda": 256}

Prepare = Callable[[list[Image.Image]], torch.Tensor]
Forward = Callable[[torch.Tensor], torch.Tensor]
Tokenize = Callable[[Sequence[str]], torch.Tensor]


def fingerprint(files: dict[str, str], preprocessing: object, device: str) -> str:
    """Hash of the model's files, its preprocessing and the number type it runs in."""
    facts = {"files": files, "preprocessing": repr(preprocessing), "dtype": number_type(device)}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def number_type(device: str) -> str:
    return "bfloat16" if device.startswith("cuda") else "float32"


class TorchEncoder:
    """Runs `forward` over prepared batches. Not thread-safe."""

    def __init__(
        self,
        model_id: str,
        *,
        fingerprint: str,
        prepare: Prepare,
        forward: Forward,
        device: str,
        batch: int | None = None,
    ) -> None:
        self.id = model_id
        self.fingerprint = fingerprint
        self.batch = batch or _BATCH[torch.device(device).type]
        self._prepare = prepare
        self._forward = forward
        self._device = device
        self._dim: int | None = None

    @property
    def dim(self) -> int:
        if self._dim is None:
            self._dim = self.encode([np.zeros((64, 64, 3), np.uint8)]).shape[1]
        return self._dim

    def encode(self, images: Images) -> Embeddings:
        """Embeddings (n, dim) float32 of RGB images (height, width, 3) uint8 of any sizes."""
        if not len(images):
            return np.empty((0, self.dim), np.float32)
        parts: list[Embeddings] = []
        start = 0
        while start < len(images):
            chosen = images[start : start + self.batch]
            rows = self._attempt(self._prepare([Image.fromarray(image) for image in chosen]))
            if rows is None:
                continue  # again, with the smaller batch
            parts.append(rows)
            start += len(chosen)
        return np.concatenate(parts)

    def _attempt(self, prepared: torch.Tensor) -> Embeddings | None:
        """The embeddings, or None after halving the batch because memory ran out."""
        try:
            return run(self._forward, prepared, self._device)
        except torch.OutOfMemoryError:
            if self.batch == 1:
                raise
            self.batch = max(1, min(self.batch, len(prepared)) // 2)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return None


class TorchTextEncoder(TorchEncoder):
    """The same, for a model that also places sentences."""

    def __init__(
        self, model_id: str, *, tokenize: Tokenize, forward_text: Forward, **image: Any
    ) -> None:
        super().__init__(model_id, **image)
        self._tokenize = tokenize
        self._forward_text = forward_text

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Embeddings (n, dim) float32 of sentences."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        return run(self._forward_text, self._tokenize(texts), self._device)


@torch.inference_mode()
def run(forward: Forward, batch: torch.Tensor, device: str) -> Embeddings:
    """`forward` of the batch on the device, in the number type that suits it."""
    kind = torch.device(device).type
    context: AbstractContextManager[Any] = (
        torch.autocast(kind, torch.bfloat16) if kind == "cuda" else nullcontext()
    )
    with context:
        rows = forward(batch.to(device))
    values: Embeddings = rows.float().cpu().numpy()
    return values
