"""Quality statistics and the perceptual hash, for a batch of images of one size at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from auditor.model import QUALITY_STATISTICS

_LEVELS = np.arange(256, dtype=np.float64)
_ROWS = 64
SHARPNESS_FLOOR = -6.0
"""Sharpness of an image without any edge, or less than three pixels wide or high."""

# The 64 lowest frequencies but the mean: (v, u) by u + v, ties by v.
_FREQUENCIES = sorted(
    ((v, u) for v in range(11) for u in range(11) if v + u > 0), key=lambda f: (f[0] + f[1], f[0])
)[:64]
_V, _U = (np.array(axis) for axis in zip(*_FREQUENCIES, strict=True))
_WEIGHTS = np.uint64(1) << np.arange(64, dtype=np.uint64)


def planes(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(n, h, w, 3) uint8 pixels by channel, (3, n, h, w): NumPy is several times as fast on them."""
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))


def grey(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Luma of (3, n, h, w) uint8 RGB planes: (n, h, w) uint8. Source: ITU-R BT.601."""
    luma = rgb[0].astype(np.uint32)
    luma *= 19595  # parts of 65536, as in Pillow
    for plane, weight in ((rgb[1], 38470), (rgb[2], 7471)):
        luma += np.multiply(plane, weight, dtype=np.uint32)
    luma += 32768
    luma >>= 16
    grey_levels: npt.NDArray[np.uint8] = luma.astype(np.uint8)
    return grey_levels


def quality(rgb: npt.NDArray[np.uint8], luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Statistics of (3, n, h, w) uint8 RGB planes and their (n, h, w) luma: (n, 7) float32.

    Columns as in model.QUALITY_STATISTICS. brightness: mean luma; brightness_low and _high: its
    5th and 95th percentile; contrast: its standard deviation, all over 255; sharpness: log10 of
    the variance of the Laplacian of luma / 255, -6 to about 1.2; entropy: bits of its histogram,
    0 to 8; saturation: mean of HSV's. All sums are of whole numbers: a row's values do not depend on
    the rows beside it. Ideas: CleanVision; Pech-Pacheco et al. 2000 (variance of the Laplacian).
    """
    count, size = len(luma), luma[0].size
    offsets = (np.arange(count, dtype=np.int32) * 256)[:, None]
    flat = luma.reshape(count, size)
    histogram = np.bincount((flat + offsets).ravel(), minlength=count * 256).reshape(count, 256)
    share = histogram / size
    mean = share @ _LEVELS
    spread = np.sqrt(np.maximum(share @ _LEVELS**2 - mean**2, 0))
    cumulated = np.cumsum(histogram, axis=1)
    low, high = (np.argmax(cumulated >= part * size, axis=1) for part in (0.05, 0.95))
    logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
    columns = {
        "brightness": mean / 255,
        "brightness_low": low / 255,
        "brightness_high": high / 255,
        "contrast": spread / 255,
        "sharpness": _sharpness(luma),
        "entropy": -(share * logs).sum(axis=1),
        "saturation": _saturation(rgb),
    }
    return np.stack([columns[name] for name in QUALITY_STATISTICS], axis=1).astype(np.float32)


def perceptual_hash(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """64-bit perceptual hash of (n, h, w) uint8 luma: (n,) uint64; compare by Hamming distance.

    Bit i is set where the i-th lowest frequency of the cosine transform, without the mean, lies
    above the median of the 64. Taken at the image's own size: the low frequencies of a scaled
    copy are the same. An image of one colour hashes to 0. Source: Zauner, Implementation and
    Benchmarking of Perceptual Image Hash Functions, 2010, section 3.2.1.
    """
    _, height, width = luma.shape
    levels, across = luma.astype(np.float32), _cosines(width).T
    # A stack of small products, not one large matrix: BLAS spreads a large one over threads that
    # wait longer than they work, and its rounding would depend on the images beside.
    rows = [levels[:, at : at + _ROWS] @ across for at in range(0, height, _ROWS)]
    waves = _cosines(height) @ np.concatenate(rows, axis=1)
    values = waves[:, _V, _U]
    middle = np.median(values, axis=1, keepdims=True)
    bits = values > middle + 1e-3  # rounding errors of an empty image are no content
    hashes: npt.NDArray[np.uint64] = bits.astype(np.uint64) @ _WEIGHTS
    return hashes


@lru_cache(maxsize=64)
def _cosines(size: int) -> npt.NDArray[np.float32]:
    """The first 11 basis vectors of the cosine transform (type II) of a length, as means.

    Zero for the frequencies that a length under 11 does not have.
    """
    waves, places = np.arange(11)[:, None], (np.arange(size) + 0.5) / size
    basis = np.where(waves < size, np.cos(np.pi * waves * places) / size, 0)
    return basis.astype(np.float32)


def _sharpness(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    count, height, width = luma.shape
    if min(height, width) < 3:
        return np.full(count, SHARPNESS_FLOOR)
    wide = luma.astype(np.int16)
    laplacian = 4 * wide[:, 1:-1, 1:-1]
    laplacian -= wide[:, :-2, 1:-1]
    laplacian -= wide[:, 2:, 1:-1]
    laplacian -= wide[:, 1:-1, :-2]
    laplacian -= wide[:, 1:-1, 2:]
    flat = laplacian.reshape(count, -1).astype(np.float64)  # whole numbers: the sums are exact
    total, squares = flat.sum(axis=1), np.einsum("ij,ij->i", flat, flat)
    size = flat.shape[1]
    variance = (squares / size - (total / size) ** 2) / 255**2
    sharpness: npt.NDArray[np.float64] = np.log10(np.maximum(variance, 0) + 10**SHARPNESS_FLOOR)
    return sharpness


def _saturation(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    most = np.maximum(np.maximum(rgb[0], rgb[1]), rgb[2])
    least = np.minimum(np.minimum(rgb[0], rgb[1]), rgb[2])
    share = np.divide(most - least, np.maximum(most, 1), dtype=np.float32)
    share *= 65536
    flat = np.rint(share, out=share).reshape(len(share), -1)  # whole numbers: the sum is exact
    mean: npt.NDArray[np.float64] = flat.sum(axis=1, dtype=np.float64) / (flat.shape[1] * 65536)
    return mean
