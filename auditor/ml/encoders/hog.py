"""Histograms of oriented gradients, for a batch of images at once.

Source: Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection" (CVPR 2005), with
the compact form of the block normalisation of Felzenszwalb et al. (PAMI 2010, section 6.2): each
cell is kept once, as the mean of its four normalised copies.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

ORIENTATIONS = 9
_CLIP = 0.2
_EPSILON = 1e-4


def gradients(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Central differences of the channel that changes most, at each pixel; zero at the border.

    Takes (n, channels, h, w) float; returns dx and dy, each (n, h, w).
    """
    dx, dy = torch.zeros_like(images), torch.zeros_like(images)
    dx[..., 1:-1] = images[..., 2:] - images[..., :-2]
    dy[..., 1:-1, :] = images[..., 2:, :] - images[..., :-2, :]
    strongest = (dx * dx + dy * dy).argmax(1, keepdim=True)
    return dx.gather(1, strongest).squeeze(1), dy.gather(1, strongest).squeeze(1)


def cells(images: torch.Tensor, side: int, *, shared: bool = True) -> torch.Tensor:
    """Gradient magnitude by unsigned orientation in cells of `side` pixels.

    Takes (n, channels, h, w) float, h and w multiples of `side`; returns (n, 9, h/side, w/side),
    per pixel. If `shared`, a gradient is divided between the two nearest orientations and the
    four nearest cells, so that a small move changes little; else it counts for one of each.
    """
    dx, dy = gradients(images)
    magnitude = torch.hypot(dx, dy)
    place = torch.remainder(torch.atan2(dy, dx), math.pi) * (ORIENTATIONS / math.pi)
    if shared:
        maps = _two_orientations(place - 0.5, magnitude)
        down, across = (_share(size, side).to(images) for size in images.shape[-2:])
        return down.T @ (maps @ across)
    maps = magnitude.new_zeros(len(images), ORIENTATIONS, *magnitude.shape[1:])
    nearest = place.long().clamp(max=ORIENTATIONS - 1)
    maps.scatter_(1, nearest.unsqueeze(1), magnitude.unsqueeze(1))
    return functional.avg_pool2d(maps, side)


def _two_orientations(place: torch.Tensor, magnitude: torch.Tensor) -> torch.Tensor:
    low = torch.floor(place)
    high_part = (place - low) * magnitude
    first = torch.remainder(low, ORIENTATIONS).long()
    second = torch.where(first == ORIENTATIONS - 1, 0, first + 1)
    maps = magnitude.new_zeros(len(place), ORIENTATIONS, *place.shape[1:])
    maps.scatter_(1, first.unsqueeze(1), (magnitude - high_part).unsqueeze(1))
    # The two are never the same orientation, so nothing is overwritten.
    maps.scatter_(1, second.unsqueeze(1), high_part.unsqueeze(1))
    return maps


def _share(size: int, side: int) -> torch.Tensor:
    """(size, size/side): how much of each pixel each cell gets, falling linearly to its neighbour's
    centre.
    """
    pixel = torch.arange(size) + 0.5
    centre = (torch.arange(size // side) + 0.5) * side
    return (1 - (pixel[:, None] - centre[None, :]).abs() / side).clamp(min=0) / side


def descriptor(cell_maps: torch.Tensor) -> torch.Tensor:
    """Each cell, normalised by each of the four blocks of 2x2 cells around it, clipped, averaged.

    Takes (n, orientations, rows, columns); returns (n, orientations * rows * columns).
    """
    rows, columns = cell_maps.shape[-2:]
    energy = cell_maps.square().sum(1, keepdim=True)
    around = functional.pad(energy, (1, 1, 1, 1), mode="replicate")
    block = functional.avg_pool2d(around, 2, 1) * 4
    scale = torch.rsqrt(block + _EPSILON**2)
    total = torch.zeros_like(cell_maps)
    for down in (0, 1):
        for across in (0, 1):
            part = scale[..., down : down + rows, across : across + columns]
            total += (cell_maps * part).clamp(max=_CLIP)
    return (total / 4).flatten(1)
