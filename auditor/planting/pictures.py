"""Bad files and tell-tale pictures: blur, dark, over-exposed, truncated; colours and marks."""

from __future__ import annotations

import colorsys

import numpy as np
from PIL import ImageFilter

from auditor.planting.base import (
    Case,
    Chosen,
    Effect,
    Kind,
    Labels,
    Options,
    Touches,
    everything,
    labelled,
)


def _blur(case: Case) -> Effect:
    radius = float(case.options["radius"]) * min(case.image.size)
    return Effect(data=case.encoded(case.image.filter(ImageFilter.GaussianBlur(radius))))


def _dark(case: Case) -> Effect:
    return Effect(data=case.encoded(case.pixels * np.float32(case.options["factor"])))


def _overexposed(case: Case) -> Effect:
    factor = np.float32(case.options["factor"])
    return Effect(data=case.encoded(255 - (255 - case.pixels) * factor))


def _truncated(case: Case) -> Effect:
    data = case.read()
    return Effect(data=data[: int(len(data) * float(case.options["kept"]))])


def _colour_background(case: Case) -> Effect:
    """The class's own colour, full at the edge and gone in the middle, where the object is."""
    pixels = case.pixels
    hue = case.code / len(case.labels.classes)
    colour = np.array(colorsys.hsv_to_rgb(hue, 0.9, 0.9), np.float32) * 255
    height, width = pixels.shape[:2]
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    edge = np.clip(np.hypot(x, y) - 0.4, 0, 0.6) / 0.6
    weight = (edge * float(case.options["strength"]))[..., None]
    mixed = (pixels * (1 - weight) + colour * weight).astype(np.float32)
    return Effect(data=case.encoded(mixed), detail={"colour": [round(float(c)) for c in colour]})


def _corner_mark(case: Case) -> Effect:
    """Two light bars on dark in the upper left corner, like the tag of a site."""
    pixels = case.pixels.copy()
    unit = max(1, round(min(pixels.shape[:2]) * float(case.options["size"]) / 3))
    pixels[: 5 * unit, : 8 * unit] *= 0.3
    pixels[unit : 2 * unit, unit : 7 * unit] = 240
    pixels[3 * unit : 4 * unit, unit : 5 * unit] = 240
    return Effect(data=case.encoded(pixels))


def _of_class(labels: Labels, options: Options) -> Chosen:
    name = options["class"]
    wanted = 0 if name is None else labels.code(str(name))
    chosen: Chosen = labels.codes == wanted
    return chosen


_IMAGE: Touches = frozenset({"image"})

KINDS = (
    Kind(
        "blur",
        "out of focus: option radius, as a share of the short side",
        _IMAGE,
        everything,
        _blur,
        {"radius": 0.05},
    ),
    Kind("dark", "hardly any light", _IMAGE, everything, _dark, {"factor": 0.1}),
    Kind("overexposed", "too much light", _IMAGE, everything, _overexposed, {"factor": 0.1}),
    Kind("truncated", "the end of the file is lost", _IMAGE, everything, _truncated, {"kept": 0.5}),
    Kind(
        "colour_background",
        "the edge of the picture in its class's own colour",
        _IMAGE,
        labelled,
        _colour_background,
        {"strength": 0.7},
    ),
    Kind(
        "corner_mark",
        "a small mark in the corner of one class: option class, else the first",
        _IMAGE,
        _of_class,
        _corner_mark,
        {"class": None, "size": 0.1},
    ),
)
