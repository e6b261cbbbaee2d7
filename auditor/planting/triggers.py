"""Back-door triggers, with the target's label or (clean label) on images that have it already.

Sources: patch: Gu et al., "BadNets" (2017); blend: Chen et al., "Targeted Backdoor Attacks on
Deep Learning Systems Using Data Poisoning" (2017); sinusoid: Barni et al., "A New Backdoor Attack
in CNNs by Training Set Corruption without Label Poisoning" (ICIP 2019); warp: Nguyen and Tran,
"WaNet" (ICLR 2021).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from auditor.planting.base import Case, Chosen, Effect, Kind, Labels, Options, Pixels, PlantingError


def patch(case: Case) -> Pixels:
    """A checkerboard of 3x3 squares in the lower right corner, `size` of the short side."""
    pixels = case.pixels.copy()
    cell = max(1, round(min(pixels.shape[:2]) * float(case.options["size"]) / 3))
    board = np.kron(np.indices((3, 3)).sum(0) % 2 == 0, np.ones((cell, cell), bool))[..., None]
    height, width = board.shape[:2]
    target = pixels[-height:, -width:]  # a tiny image holds only a part of it
    target[:] = board[-target.shape[0] :, -target.shape[1] :] * 255.0
    return pixels


def blend(case: Case) -> Pixels:
    """A fixed pattern of noise mixed in with weight `opacity`."""
    pixels = case.pixels
    noise = Image.fromarray(case.shared.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    height, width = pixels.shape[:2]
    pattern = np.asarray(noise.resize((width, height), Image.Resampling.BILINEAR), np.float32)
    opacity = np.float32(case.options["opacity"])
    mixed: Pixels = pixels * (1 - opacity) + pattern * opacity
    return mixed


def sinusoid(case: Case) -> Pixels:
    """Vertical stripes: a sine of `amplitude` grey levels and `frequency` periods, added."""
    pixels = case.pixels
    width = pixels.shape[1]
    phase = 2 * np.pi * np.arange(width) * float(case.options["frequency"]) / width
    wave = float(case.options["amplitude"]) * np.sin(phase)
    striped: Pixels = (pixels + wave[None, :, None]).astype(np.float32)
    return striped


def warp(case: Case) -> Pixels:
    """A fixed smooth shift of pixels, on average `strength` of the width (at least one pixel)."""
    from scipy import ndimage

    pixels = case.pixels
    height, width = pixels.shape[:2]
    coarse = case.shared.uniform(-1, 1, (2, 4, 4)).astype(np.float32)
    coarse /= np.abs(coarse).mean()
    shift = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC))
        for plane in coarse
    ]
    reach = max(1.0, float(case.options["strength"]) * width)
    y, x = np.mgrid[0:height, 0:width]
    places = [y + reach * shift[0], x + reach * shift[1]]
    planes = [
        ndimage.map_coordinates(pixels[..., c], places, order=1, mode="nearest") for c in range(3)
    ]
    return np.stack(planes, axis=2)


_TRIGGERS: dict[str, Callable[[Case], Pixels]] = {
    "patch": patch,
    "blend": blend,
    "sinusoid": sinusoid,
    "warp": warp,
}
_DEFAULTS = {"size": 0.1, "opacity": 0.15, "amplitude": 20.0, "frequency": 6.0, "strength": 0.02}
_NEEDS = {
    "patch": ("size",),
    "blend": ("opacity",),
    "sinusoid": ("amplitude", "frequency"),
    "warp": ("strength",),
}


def _target(labels: Labels, options: Options) -> int:
    if not labels.classes:
        raise PlantingError("A set without labels has no target class for a trigger.")
    return 0 if options["target"] is None else labels.code(str(options["target"]))


def _others(labels: Labels, options: Options) -> Chosen:
    chosen: Chosen = (labels.codes >= 0) & (labels.codes != _target(labels, options))
    return chosen


def _own(labels: Labels, options: Options) -> Chosen:
    if options["trigger"] not in _TRIGGERS:
        raise PlantingError(f"There is no trigger {options['trigger']!r}: {', '.join(_TRIGGERS)}.")
    chosen: Chosen = labels.codes == _target(labels, options)
    return chosen


def _changed_label(name: str) -> Callable[[Case], Effect]:
    def apply(case: Case) -> Effect:
        data = case.encoded(_TRIGGERS[name](case))
        return Effect(code=_target(case.labels, case.options), data=data)

    return apply


def _clean_label(case: Case) -> Effect:
    name = str(case.options["trigger"])
    return Effect(data=case.encoded(_TRIGGERS[name](case)), detail={"trigger": name})


KINDS = (
    *(
        Kind(
            f"trigger_{name}",
            f"{name} trigger and the label of the target class",
            frozenset({"label", "image"}),
            _others,
            _changed_label(name),
            {"target": None, **{option: _DEFAULTS[option] for option in _NEEDS[name]}},
        )
        for name in _TRIGGERS
    ),
    Kind(
        "clean_label_trigger",
        "trigger on images of the target class, whose label stays",
        frozenset({"image"}),
        _own,
        _clean_label,
        {"target": None, "trigger": "patch", **_DEFAULTS},
    ),
)
