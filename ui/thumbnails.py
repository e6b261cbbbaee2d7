"""Pixmaps for what is on the screen, newest wish first."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

log = logging.getLogger(__name__)

Loader = Callable[[list[int]], dict[int, bytes]]

_THREADS = 2
_BATCH, _BATCH_AHEAD = 32, 8
"""Read at once; few of what may be shown next, so that what is shown need not wait behind it."""
_WHOLE = 1 << 30
"""No scaling: pixmaps have all the pixels there are."""
_ENLARGED = 256
"""Up to this side small pictures are enlarged here, and not at each paint."""


@dataclass(frozen=True, slots=True)
class _Held:
    pixmap: QPixmap
    size: int
    """In bytes."""
    side: int
    """It was scaled for cells of so many pixels."""
    age: int


class ThumbnailCache(QObject):
    """Hands out a pixmap or None, at once. Reading and decoding happen off the Qt thread.

    The thumbnails are pictures that we wrote ourselves: users' files are decoded in a worker
    process only. A sample without one, or whose picture cannot be read, gets a null pixmap.
    Several panels use one cache; each is a client under a name of its own.
    """

    ready = Signal(int)
    """A sample id whose pixmap `get` now returns."""
    _loaded = Signal(object)

    def __init__(self, loader: Loader, budget_bytes: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loader = loader
        self._budget = budget_bytes
        self._used = 0
        self._age = 0
        self._sides: dict[str, int] = {}
        self._kept: dict[str, frozenset[int]] = {}
        self._pixmaps: OrderedDict[int, _Held] = OrderedDict()
        self._lock = threading.Lock()
        self._wanted: OrderedDict[int, bool] = OrderedDict()
        """The newest last; whether it is on the screen now, not only ahead of it."""
        self._loading: set[int] = set()
        self._running = 0
        self._has_failed = False
        self._is_closed = False
        self._threads = ThreadPoolExecutor(_THREADS, "thumbnails")
        self._loaded.connect(self._keep, Qt.ConnectionType.QueuedConnection)

    @property
    def used_bytes(self) -> int:
        return self._used

    def get(self, sample_id: int) -> QPixmap | None:
        """The pixmap, or None and `ready` later."""
        held = self._pixmaps.get(sample_id)
        if held is None:
            self._wish((sample_id,), newest=True)
            return None
        self._pixmaps.move_to_end(sample_id)
        if not self._is_fresh(held):
            self._wish((sample_id,), newest=True)
        return held.pixmap

    def need(self, client: str, side: int) -> bool:
        """Say how large a client draws, in device pixels; whether other pixmaps are wanted now.

        They fit the largest need; while nobody says anything, they have all the pixels there are.
        """
        before = self._side()
        self._sides[client] = side
        return before != self._side()

    def keep_only(self, client: str, sample_ids: Iterable[int]) -> None:
        """What the client shows now: its wishes for anything else are withdrawn."""
        now = frozenset(sample_ids)
        before, self._kept[client] = self._kept.get(client, frozenset()), now
        gone = before - self._shown()
        with self._lock:
            for sample_id in gone & self._wanted.keys():
                del self._wanted[sample_id]

    def prefetch(self, client: str, sample_ids: Iterable[int]) -> None:
        """Load what the client may show next, after all other wishes and as far as there is room."""
        side = self._side()
        room = self._budget // (4 * min(side, 256) ** 2) - len(self._shown())
        ahead = [i for i in sample_ids if i not in self._pixmaps][: max(room, 0)]
        self._kept[client] = self._kept.get(client, frozenset()) | frozenset(ahead)
        self._wish(ahead, newest=False)

    def forget(self) -> None:
        """Read everything anew: files changed. Until then the old pixmaps stand in."""
        self._age += 1

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._wanted.clear()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _side(self) -> int:
        return max(self._sides.values(), default=_WHOLE)

    def _is_fresh(self, held: _Held) -> bool:
        return held.age == self._age and held.side == self._side()

    def _shown(self) -> frozenset[int]:
        return frozenset[int]().union(*self._kept.values())

    def _wish(self, sample_ids: Collection[int], *, newest: bool) -> None:
        with self._lock:
            if self._is_closed:
                return
            for sample_id in sample_ids:
                if sample_id not in self._loading:
                    is_new = sample_id not in self._wanted
                    self._wanted[sample_id] = newest or self._wanted.get(sample_id, False)
                    if newest or is_new:
                        self._wanted.move_to_end(sample_id, last=newest)
            if self._wanted and self._running < _THREADS:
                self._running += 1
                self._threads.submit(self._serve, self._side(), self._age)

    def _next(self) -> list[int]:
        with self._lock:
            is_urgent = any(self._wanted.values())
            count = min(_BATCH if is_urgent else _BATCH_AHEAD, len(self._wanted))
            batch = [self._wanted.popitem()[0] for _ in range(count)]
            self._loading.update(batch)
            if not batch:
                self._running -= 1
            return batch

    def _serve(self, side: int, age: int) -> None:
        while batch := self._next():
            pictures = self._read(batch)
            self._loaded.emit([(i, _decoded(pictures.get(i, b""), side), side, age) for i in batch])

    def _read(self, batch: list[int]) -> dict[int, bytes]:
        try:
            return self._loader(batch)
        except Exception:  # the border of this thread: cells show that there is no picture
            if not self._has_failed:
                log.exception("thumbnails cannot be read; this is said once")
            self._has_failed = True
            return {}

    @Slot(object)
    def _keep(self, images: list[tuple[int, QImage, int, int]]) -> None:
        with self._lock:
            self._loading.difference_update(i for i, *_ in images)
        for sample_id, image, side, age in images:
            self._drop(sample_id)
            held = _Held(QPixmap.fromImage(image), image.sizeInBytes(), side, age)
            self._pixmaps[sample_id] = held
            self._used += held.size
        self._shrink(self._shown() | {i for i, *_ in images})
        for sample_id, *_ in images:
            self.ready.emit(sample_id)

    def _shrink(self, needed: frozenset[int]) -> None:
        """Drop what was looked at longest ago, but nothing that would be asked for at once again."""
        if self._used <= self._budget:
            return
        for sample_id in [i for i in self._pixmaps if i not in needed]:
            if self._used <= self._budget:
                return
            self._drop(sample_id)

    def _drop(self, sample_id: int) -> None:
        held = self._pixmaps.pop(sample_id, None)
        if held is not None:
            self._used -= held.size


def _decoded(data: bytes, side: int) -> QImage:
    """The picture, scaled to fit, in the format that the screen draws fastest."""
    image = QImage.fromData(data) if data else QImage()
    if image.isNull():
        return image
    longest = max(image.width(), image.height())
    if longest > side or longest < side <= _ENLARGED:
        image = image.scaled(
            side,
            side,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    formats = QImage.Format
    wanted = (
        formats.Format_ARGB32_Premultiplied if image.hasAlphaChannel() else formats.Format_RGB32
    )
    return image.convertToFormat(wanted)
