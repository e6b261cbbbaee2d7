"""What a kind of planted trouble is, and what it is told about a sample."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.float32]
Chosen = npt.NDArray[np.bool_]
Options = Mapping[str, Any]
Touches = frozenset[Literal["label", "image", "sample"]]

_QUALITY: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "BMP": {},
    "TIFF": {},
}


class PlantingError(ValueError):
    """The trouble asked for cannot be planted in this set. Says why, and what would work."""


@dataclass(frozen=True, slots=True)
class Planting:
    """So much of one kind: `rate` of the samples it can befall."""

    kind: str
    rate: float
    options: Options = field(default_factory=dict)
    overlap: bool = False
    """Whether it may befall samples that another planting has already befallen."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What a kind chooses samples by."""

    codes: npt.NDArray[np.int64]
    """Index of each sample's one label in `classes`; -1 where it has none, or several."""
    classes: tuple[str, ...]
    splits: tuple[str | None, ...]

    def code(self, name: str) -> int:
        """The index of a class. Raises PlantingError if there is none of that name."""
        if name not in self.classes:
            known = ", ".join(self.classes[:20])
            raise PlantingError(f"There is no class {name!r}; the classes are: {known}.")
        return self.classes.index(name)


@dataclass(frozen=True)
class Case:
    """One chosen sample, and all that may be used to change it."""

    labels: Labels
    code: int
    split: str | None
    options: Options
    rng: np.random.Generator
    """This sample's own."""
    shared: np.random.Generator
    """Begins anew for each sample, the same for all samples of a planting."""
    read: Callable[[], bytes]

    @cached_property
    def image(self) -> Image.Image:
        """The picture as stored, in RGB. Raises PlantingError if it cannot be read."""
        try:
            with Image.open(io.BytesIO(self.read())) as opened:
                self._format.append(opened.format or "PNG")
                return opened.convert("RGB")
        except (OSError, ValueError) as error:
            raise PlantingError(f"An image to change cannot be read: {error}") from error

    @cached_property
    def _format(self) -> list[str]:
        return []

    @property
    def pixels(self) -> Pixels:
        """(height, width, 3) float32 in 0..255."""
        return np.asarray(self.image, np.float32)

    def encoded(self, picture: Image.Image | Pixels) -> bytes:
        """The picture in the file format of the sample, as nearly without loss as that can."""
        if not isinstance(picture, Image.Image):
            whole = np.clip(np.round(picture), 0, 255).astype(np.uint8)
            picture = Image.fromarray(whole)
        _ = self.image
        kind = self._format[0]
        if kind not in _QUALITY:
            raise PlantingError(f"Images in {kind} cannot be written; only {', '.join(_QUALITY)}.")
        buffer = io.BytesIO()
        picture.save(buffer, kind, **_QUALITY[kind])
        return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of the sample: None means as it was."""

    code: int | None = None
    data: bytes | None = None
    split: str | None = None
    """Of a new sample, where it goes."""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of trouble. `sample` in `touches` means that a new sample is made of the chosen one."""

    id: str
    title: str
    touches: Touches
    eligible: Callable[[Labels, Options], Chosen]
    apply: Callable[[Case], Effect]
    options: Options = field(default_factory=dict)
    """Every option with its default; None means that it follows from the set."""

    def settle(self, given: Options) -> dict[str, Any]:
        """All options. Raises PlantingError for one that the kind does not have."""
        unknown = sorted(set(given) - set(self.options))
        if unknown:
            known = ", ".join(sorted(self.options)) or "none"
            raise PlantingError(f"{self.id} has no option {unknown[0]!r}; it has: {known}.")
        return {**self.options, **given}


def labelled(labels: Labels, _: Options) -> Chosen:
    """Samples with exactly one label."""
    return labels.codes >= 0


def everything(labels: Labels, _: Options) -> Chosen:
    return np.ones(len(labels.codes), bool)
