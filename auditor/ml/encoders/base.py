"""What an encoder is, and how its one canonical id is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Images = Sequence[npt.NDArray[np.uint8]]
Embeddings = npt.NDArray[np.float32]
Family = Literal["classic", "open_clip", "timm", "hf"]

CLASSIC = "classic"
SHIPPED = "demo:clip"
"""The toy of open_clip's kind that comes with the program: it knows scenes of digits."""
_LOCAL = "local-dir:"
_FAMILIES: dict[str, Family] = {"open_clip": "open_clip", "timm": "timm", "hf": "hf"}
_EXAMPLES = (
    "classic, open_clip:ARCH/TAG, open_clip:local-dir:PATH, timm:NAME, timm:local-dir:PATH, "
    "hf:ORG/REPO@REVISION, hf:local-dir:PATH or demo:clip"
)


class ModelIdError(ValueError):
    """The id names no model that could exist. Shows how ids are written."""


class ModelMissingError(RuntimeError):
    """The model is not on this machine. Names it, how to fetch it, and what is here instead."""


class ModelFormatError(RuntimeError):
    """The model's files are here but will not be loaded. Says why."""


@runtime_checkable
class Encoder(Protocol):
    """Turns images into vectors whose distances mean likeness."""

    @property
    def id(self) -> str:
        """The canonical id."""

    @property
    def dim(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """Hash of weights, preprocessing and number type: equal only if embeddings compare."""

    def encode(self, images: Images) -> Embeddings:
        """Embeddings (n, dim) float32 of RGB images (height, width, 3) uint8 of any sizes."""


@runtime_checkable
class TextEncoder(Encoder, Protocol):
    """An encoder that places sentences in the same space as images."""

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Embeddings (n, dim) float32 of sentences."""


@dataclass(frozen=True, slots=True)
class ModelId:
    """An id, taken apart."""

    family: Family
    name: str
    """ARCH/TAG, a timm name, ORG/REPO, SHIPPED, or "" for `classic` and local folders."""
    revision: str | None = None
    folder: Path | None = None

    def __str__(self) -> str:
        if self.family == CLASSIC:
            return CLASSIC
        if self.name == SHIPPED:
            return SHIPPED
        if self.folder is not None:
            return f"{self.family}:{_LOCAL}{self.folder}"
        return f"{self.family}:{self.name}" + (f"@{self.revision}" if self.revision else "")


def parse(text: str) -> ModelId:
    """The id taken apart. Raises ModelIdError."""
    if text == CLASSIC:
        return ModelId("classic", "")
    if text == SHIPPED:
        return ModelId("open_clip", SHIPPED, folder=shipped_folder())
    family, _, rest = text.partition(":")
    kind = _FAMILIES.get(family)
    if not rest or kind is None:
        raise ModelIdError(f"{text!r} is no model id. Ids are written {_EXAMPLES}.")
    if rest.startswith(_LOCAL) and rest != _LOCAL:
        return ModelId(kind, "", folder=Path(rest.removeprefix(_LOCAL)))
    name, _, revision = rest.partition("@") if kind == "hf" else (rest, "", "")
    parts = name.split("/")
    if len(parts) != (1 if kind == "timm" else 2) or not all(parts):
        raise ModelIdError(f"{text!r} is no {family} model id. Ids are written {_EXAMPLES}.")
    return ModelId(kind, name, revision or None)


def shipped_folder() -> Path:
    """Where the shipped model's files are, if they came with this installation."""
    return Path(str(resources.files("resources"))) / "models" / SHIPPED.replace(":", "-")
