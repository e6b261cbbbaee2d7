"""Pixmaps for what is on the screen, newest wish first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

Loader = Callable[[list[int]], dict[int, bytes]]

_BATCH = 16


class ThumbnailCache(QObject):
    """Hands out a pixmap or None, at once. Reading and decoding happen off the Qt thread.

    The thumbnails are pictures that we wrote ourselves: users' files are decoded in a worker
    process only. A sample without one gets a null pixmap.
    """

    ready = Signal(int)
    """A sample id whose pixmap `get` now returns."""
    _loaded = Signal(object)

    def __init__(self, loader: Loader, budget_bytes: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loader = loader
        self._budget = budget_bytes
        self._used = 0
        self._pixmaps: OrderedDict[int, tuple[QPixmap, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._wanted: OrderedDict[int, None] = OrderedDict()
        self._loading: set[int] = set()
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="thumbnails")
        self._loaded.connect(self._keep, Qt.ConnectionType.QueuedConnection)

    def get(self, sample_id: int) -> QPixmap | None:
        """The pixmap, or None and `ready` later."""
        if sample_id in self._pixmaps:
            self._pixmaps.move_to_end(sample_id)
            return self._pixmaps[sample_id][0]
        with self._lock:
            if sample_id not in self._loading:
                is_new = sample_id not in self._wanted
                self._wanted[sample_id] = None
                self._wanted.move_to_end(sample_id)
                if is_new:
                    self._threads.submit(self._load_newest)
        return None

    def keep_only(self, visible: Iterable[int]) -> None:
        """Drop wishes for cells that scrolled away before they were served."""
        on_screen = set(visible)
        with self._lock:
            for sample_id in [wish for wish in self._wanted if wish not in on_screen]:
                del self._wanted[sample_id]

    def forget(self) -> None:
        """Read everything anew: files changed."""
        self._pixmaps.clear()
        self._used = 0

    def close(self) -> None:
        self.keep_only(())
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _load_newest(self) -> None:
        with self._lock:
            batch = [self._wanted.popitem()[0] for _ in range(min(_BATCH, len(self._wanted)))]
            self._loading.update(batch)
        if batch:
            pictures = self._loader(batch)
            self._loaded.emit([(i, QImage.fromData(pictures.get(i, b""))) for i in batch])

    @Slot(object)
    def _keep(self, images: list[tuple[int, QImage]]) -> None:
        for sample_id, image in images:
            with self._lock:
                self._loading.discard(sample_id)
            self._pixmaps[sample_id] = (QPixmap.fromImage(image), image.sizeInBytes())
            self._used += image.sizeInBytes()
            while self._used > self._budget and len(self._pixmaps) > 1:
                _, (_, size) = self._pixmaps.popitem(last=False)
                self._used -= size
            self.ready.emit(sample_id)
