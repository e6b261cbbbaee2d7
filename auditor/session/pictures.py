"""Full pictures for the eye. Users' files are decoded in a worker process only."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.store.db import Store


class PictureError(RuntimeError):
    """The picture cannot be shown. Says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels as shown, EXIF orientation applied."""

    width: int
    height: int
    rgb: bytes
    """width x height x 3."""
    full_width: int
    full_height: int
    """Of the file; larger than width and height where it was scaled down."""


class Pictures:
    """Decodes in one warm worker of its own, so that an audit does not hold the eye up.

    Thread-safe; calls wait for one another.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def picture(self, sample_id: int, longest: int = 8192) -> Picture:
        """The picture, at most `longest` pixels a side. Raises PictureError; blocks."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
