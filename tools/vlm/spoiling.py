"""What happens to pictures on their way, done at random to a batch: (n, 3, h, w) in 0..1."""

from __future__ import annotations

import torch
from torch.nn import functional

Batch = torch.Tensor


def spoiled(images: Batch, dice: torch.Generator, often: float = 1.0) -> Batch:
    """Moved and bent, then blurred, striped, overlaid, patched, brightened and made noisy."""
    out = _bent(images, dice)
    for change, share in (
        (_blurred, 0.2),
        (_striped, 0.15),
        (_overlaid, 0.2),
        (_patched, 0.3),
        (_lit, 0.5),
        (_noisy, 0.5),
    ):
        some = torch.rand(len(out), generator=dice) < share * often
        if some.any():
            out[some] = change(out[some], dice)
    return out.clamp_(0, 1)


def mirrored(images: Batch, dice: torch.Generator) -> Batch:
    """Half of them, left to right."""
    flipped = torch.rand(len(images), 1, 1, 1, generator=dice) < 0.5
    return torch.where(flipped, images.flip(3), images)


def hidden_squares(images: Batch, dice: torch.Generator) -> Batch:
    """A quarter of the side or so of each is grey somewhere (DeVries and Taylor 2017, cutout)."""
    _, _, height, width = images.shape
    side = max(1, height * 3 // 10)
    top, left = (
        torch.randint(-side // 2, edge - side // 2, (len(images), 1, 1), generator=dice)
        for edge in (height, width)
    )
    y, x = torch.arange(height)[None, :, None], torch.arange(width)[None, None, :]
    inside = (y >= top) & (y < top + side) & (x >= left) & (x < left + side)
    return images.masked_fill(inside[:, None], 0.5)


def pasted(images: Batch, dice: torch.Generator) -> tuple[Batch, Batch, Batch]:
    """A box of half the pictures is another's, as a further thing would be (Yun et al. 2019, CutMix).

    Returns the pictures, whose box each got (n,), and how much of it that is (n,).
    """
    count, _, height, width = images.shape
    others = torch.randperm(count, generator=dice)
    inside = torch.rand(count, 1, 1, generator=dice) < 0.5
    for dim, edge in ((1, height), (2, width)):
        extent, centre = torch.empty(2, count, 1, 1).uniform_(0, 1, generator=dice)
        half = (0.3 + 0.7 * extent) / 2
        place = (torch.arange(edge) + 0.5) / edge
        far = (place.reshape((-1, 1) if dim == 1 else (1, -1))[None] - centre).abs()
        inside = inside & (far < half)
    mixed = torch.where(inside[:, None], images[others], images)
    return mixed, others, inside.float().mean((1, 2))


def _uniform(count: int, low: float, high: float, dice: torch.Generator) -> Batch:
    return torch.empty(count, 1, 1, 1).uniform_(low, high, generator=dice)


def _bent(images: Batch, dice: torch.Generator) -> Batch:
    count, _, height, width = images.shape
    theta = torch.zeros(count, 2, 3)
    scale = _uniform(count, 0.9, 1.1, dice).flatten()
    angle = torch.empty(count).uniform_(-0.14, 0.14, generator=dice)
    theta[:, 0, 0] = theta[:, 1, 1] = scale * angle.cos()
    theta[:, 0, 1] = scale * angle.sin()
    theta[:, 1, 0] = -theta[:, 0, 1]
    theta[:, :, 2] = torch.empty(count, 2).uniform_(-0.08, 0.08, generator=dice)
    grid = functional.affine_grid(theta, [count, 3, height, width], align_corners=False)
    coarse = torch.randn(count, 2, 4, 4, generator=dice) * _uniform(count, 0, 0.05, dice)
    shift = functional.interpolate(coarse, (height, width), mode="bicubic")
    grid = grid + shift.permute(0, 2, 3, 1)
    moved: Batch = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    return moved


def _blurred(images: Batch, dice: torch.Generator) -> Batch:
    soft = functional.avg_pool2d(functional.pad(images, (1, 1, 1, 1), mode="reflect"), 3, 1)
    share = _uniform(len(images), 0.3, 1, dice)
    return images * (1 - share) + soft * share


def _striped(images: Batch, dice: torch.Generator) -> Batch:
    count, _, height, width = images.shape
    y = torch.linspace(0, 1, height)[:, None]
    x = torch.linspace(0, 1, width)[None, :]
    turn = _uniform(count, 0, 3.15, dice)
    wave = _uniform(count, 12, 90, dice) * (turn.cos() * x + turn.sin() * y)
    return images + _uniform(count, 0.02, 0.13, dice) * wave.sin()


def _overlaid(images: Batch, dice: torch.Generator) -> Batch:
    """A coarse or fine pattern of coloured noise mixed in."""
    side = int(torch.randint(8, 41, (1,), generator=dice))
    noise = torch.rand(len(images), 3, side, side, generator=dice)
    pattern = functional.interpolate(noise, images.shape[2:], mode="bilinear")
    share = _uniform(len(images), 0.05, 0.22, dice)
    return images * (1 - share) + pattern * share


def _patched(images: Batch, dice: torch.Generator) -> Batch:
    """A small plain, noisy or chequered square near an edge."""
    out = images.clone()
    height, width = images.shape[2:]
    for image in out:
        kind, size, where, along = (int(n) for n in torch.randint(0, 2**30, (4,), generator=dice))
        side = 4 + size % max(1, height // 8)
        cells = 1 + kind % 3 if kind % 4 else side
        colours = torch.rand(3, cells, cells, generator=dice)
        square = functional.interpolate(colours[None], (side, side), mode="nearest")[0]
        edge = along % (width - side)
        top, left = ((0, edge), (height - side, edge), (edge, 0), (edge, width - side))[where % 4]
        image[:, top : top + side, left : left + side] = square
    return out


def _lit(images: Batch, dice: torch.Generator) -> Batch:
    middle = images.mean((2, 3), keepdim=True)
    contrast = _uniform(len(images), 0.7, 1.25, dice)
    return (images - middle) * contrast + middle * _uniform(len(images), 0.8, 1.2, dice)


def _noisy(images: Batch, dice: torch.Generator) -> Batch:
    noise = torch.randn(images.shape, generator=dice)
    return images + noise * _uniform(len(images), 0.005, 0.05, dice)
