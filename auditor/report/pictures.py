"""Thumbnails as data URIs for the one-file report, within a budget of bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image

from auditor.report.result import Result

SMALL_SIDE = 96
PIXELATED_BELOW = 80
BUDGET = 24 * 2**20
NEIGHBOURS_SHOWN = 4
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


@dataclass(frozen=True, slots=True)
class Picture:
    """An image element's facts."""

    uri: str
    width: int
    height: int

    @property
    def tiny(self) -> bool:
        return max(self.width, self.height) < PIXELATED_BELOW


def wanted(result: Result) -> tuple[int, ...]:
    """The sample ids whose thumbnails the report can show, in ascending order."""
    ids: set[int] = set()
    for check in result.checks:
        for finding in check.top:
            ids.add(finding.sample_id)
            ids.update(finding.neighbours_given[:NEIGHBOURS_SHOWN])
            ids.update(finding.neighbours_suggested[:NEIGHBOURS_SHOWN])
            if finding.related_id is not None:
                ids.add(finding.related_id)
    return tuple(sorted(ids))


@dataclass(slots=True)
class Album:
    """Hands out pictures until the budget is spent; after that, samples have none.

    `thumbnails` are the store's own small JPEG or PNG files, never a user's file.
    """

    thumbnails: Mapping[int, bytes]
    budget: int = BUDGET
    spent: int = 0
    left_out: int = 0
    _small: dict[int, Picture | None] = field(default_factory=dict)

    def large(self, sample_id: int) -> Picture | None:
        return self._take(self.thumbnails.get(sample_id), shrink=False)

    def small(self, sample_id: int) -> Picture | None:
        """At most SMALL_SIDE pixels a side; made once, embedded each time it is shown."""
        if sample_id not in self._small:
            self._small[sample_id] = self._take(self.thumbnails.get(sample_id), shrink=True)
            return self._small[sample_id]
        known = self._small[sample_id]
        return self._charge(known) if known else None

    def _take(self, data: bytes | None, *, shrink: bool) -> Picture | None:
        picture = _picture(data, shrink=shrink) if data else None
        return self._charge(picture) if picture else None

    def _charge(self, picture: Picture) -> Picture | None:
        if self.spent + len(picture.uri) > self.budget:
            self.left_out += 1
            return None
        self.spent += len(picture.uri)
        return picture


def _picture(data: bytes, *, shrink: bool) -> Picture | None:
    try:
        with Image.open(io.BytesIO(data), formats=tuple(MEDIA_TYPES)) as image:
            if shrink and max(image.size) > SMALL_SIDE:
                return _shrunk(image)
            return _encoded(data, str(image.format), image.size)
    except OSError:
        return None


def _shrunk(image: Image.Image) -> Picture:
    small = image.convert("RGB")
    small.thumbnail((SMALL_SIDE, SMALL_SIDE))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    return _encoded(out.getvalue(), "JPEG", small.size)


def _encoded(data: bytes, kind: str, size: tuple[int, int]) -> Picture:
    text = base64.b64encode(data).decode("ascii")
    return Picture(f"data:{MEDIA_TYPES[kind]};base64,{text}", *size)
