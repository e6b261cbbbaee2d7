"""Features without weights: oriented gradients, colour and texture. Always available."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn import functional

from auditor.ml.encoders import hog
from auditor.ml.encoders.base import CLASSIC, Embeddings, Images

SIDE = 64
"""Images are resized to so many pixels a side, without regard to their proportions."""

_VERSION = 1
"""Raise it when the values change: embeddings of another version do not compare."""

_BATCH = 64
_CELL = 8
_COLOUR_GRID = 4
_TEXTURE_GRID = 2
# The families' parts in a squared distance, before a head weighs the columns by itself.
_WEIGHTS = {"gradients": 1.0, "colour": 0.5, "texture": 0.5}


class Classic:
    """HOG at two scales (720), opponent colours (96) and local binary patterns (40)."""

    id = CLASSIC
    dim = 9 * 64 + 9 * 16 + 2 * 3 * _COLOUR_GRID**2 + 10 * _TEXTURE_GRID**2

    def __init__(self, device: str = "cpu") -> None:
        self._device = device

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"{CLASSIC} {_VERSION} {SIDE} float32".encode()).hexdigest()

    def encode(self, images: Images) -> Embeddings:
        """Embeddings (n, 856) float32 of RGB images (height, width, 3) uint8 of any sizes."""
        if not len(images):
            return np.empty((0, self.dim), np.float32)
        parts = [
            _features(_batch(images[start : start + _BATCH]).to(self._device)).cpu().numpy()
            for start in range(0, len(images), _BATCH)
        ]
        return np.concatenate(parts)


def _batch(images: Images) -> torch.Tensor:
    """(n, 3, 64, 64) float32 in 0..1."""
    pixels = np.stack([_resized(image) for image in images])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255


def _resized(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    if image.shape[:2] == (SIDE, SIDE):
        return image
    whole = Image.fromarray(image)
    return np.asarray(whole.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0))


@torch.inference_mode()
def _features(images: torch.Tensor) -> torch.Tensor:
    half = functional.avg_pool2d(images, 2)
    families = {
        "gradients": torch.cat([_gradients(images), _gradients(half)], 1),
        "colour": _colour(images),
        "texture": _texture(images),
    }
    return torch.cat([_WEIGHTS[name] * values for name, values in families.items()], 1)


def _gradients(images: torch.Tensor) -> torch.Tensor:
    return hog.descriptor(hog.cells(_smooth(images), _CELL))


def _smooth(images: torch.Tensor) -> torch.Tensor:
    """A Gaussian of half a pixel: enough against the noise of a sensor and of JPEG."""
    edge, middle = 0.1065, 0.7870
    wide = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    across = middle * wide[..., 1:-1] + edge * (wide[..., :-2] + wide[..., 2:])
    return middle * across[..., 1:-1, :] + edge * (across[..., :-2, :] + across[..., 2:, :])


def _colour(images: torch.Tensor) -> torch.Tensor:
    """Mean and spread of the three opponent colours in a grid of 4x4: (n, 96).

    Source: van de Sande et al., "Evaluating Color Descriptors" (PAMI 2010), equation 3.
    """
    red, green, blue = images.unbind(1)
    opponents = torch.stack(
        [
            (red - green) / 2**0.5,
            (red + green - 2 * blue) / 6**0.5,
            (red + green + blue) / 3**0.5,
        ],
        1,
    )
    mean = functional.adaptive_avg_pool2d(opponents, _COLOUR_GRID)
    square = functional.adaptive_avg_pool2d(opponents.square(), _COLOUR_GRID)
    spread = (square - mean.square()).clamp(min=0).sqrt()
    return torch.cat([mean.flatten(1), spread.flatten(1)], 1)


def _texture(images: torch.Tensor) -> torch.Tensor:
    """Square roots of the shares of rotation-invariant uniform binary patterns, 2x2: (n, 40).

    Source: Ojala et al., "Multiresolution Gray-Scale and Rotation Invariant Texture
    Classification with Local Binary Patterns" (PAMI 2002), with 8 neighbours on the square.
    """
    grey = images.mean(1)
    centre = grey[:, 1:-1, 1:-1] + 0.01  # a step of noise is no pattern
    ring = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
    size = grey.shape[-1]
    bits = torch.stack(
        [grey[:, 1 + y : size - 1 + y, 1 + x : size - 1 + x] >= centre for y, x in ring], 1
    )
    ones = bits.sum(1)
    changes = (bits ^ bits.roll(1, 1)).sum(1)
    pattern = torch.where(changes <= 2, ones, 9)
    maps = grey.new_zeros(len(grey), 10, *pattern.shape[1:])
    maps.scatter_(1, pattern.unsqueeze(1), 1.0)
    return functional.adaptive_avg_pool2d(maps, _TEXTURE_GRID).flatten(1).sqrt()
