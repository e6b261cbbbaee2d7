"""The large picture of one sample: its thumbnail at once, then as many pixels as one looks at."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from auditor.model import ChangeSet
from auditor.session import Session
from auditor.session.errors import sentence
from auditor.session.pictures import PictureError
from ui.review.canvas import Canvas
from ui.review.layers import Layer, of_image, of_picture
from ui.workspace import Workspace

MOST = 8192
_LEAST = 512
_PATIENCE_MS = 500
_BUDGET = 48 << 20
"""Bytes of pictures kept for when one comes back, and for the next sample."""


class Loupe(Canvas):
    """Follows nothing by itself but changes of its sample's file; its owner says what to show."""

    def __init__(
        self, workspace: Workspace, parent: QWidget | None = None, *, most: int = MOST
    ) -> None:
        """`most` bounds the longest side in pixels, and so the memory."""
        super().__init__(parent)
        self.sample_id: int | None = None
        self.is_complete = False
        """Whether the picture itself is shown, not only its thumbnail."""
        self._workspace = workspace
        self._most = most
        self._asked = 0
        self._lane = f"loupe {id(self)}"
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(lambda: self.say(self.tr("Loading …")))
        self._held: OrderedDict[int, Layer] = OrderedDict()
        self.setAccessibleName(self.tr("Picture"))
        self.scaled.connect(self._sharpen)
        workspace.thumbnails.ready.connect(self._on_thumbnail)
        workspace.rows_changed.connect(self._on_change)

    def show_sample(self, sample_id: int | None) -> None:
        """Show all of it; None empties the loupe."""
        if sample_id != self.sample_id:
            self.sample_id = sample_id
            kept = () if sample_id is None else (sample_id,)
            self._workspace.thumbnails.keep_only(self._lane, kept)
            self._begin()

    def _begin(self) -> None:
        self.is_complete, self._asked = False, 0
        self.set_layers(())
        self._end_wait("")
        self.reset()
        if self.sample_id is None:
            return
        held = self._held.get(self.sample_id)
        if held is not None:
            self._take(self.sample_id, held)
        else:
            self._on_thumbnail(self.sample_id)
            self._ask(self.sample_id, self._fitting_side())

    def _ask(self, sample_id: int, side: int) -> None:
        self._asked = side
        self._patience.start()
        self._workspace.desk.ask(
            lambda session: _layer(session, sample_id, side),
            lambda layer: self._take(sample_id, layer),
            lambda error: self._fail(sample_id, error),
            lane=self._lane,
            owner=self,
            slow=True,
            urgent=True,
        )

    def _take(self, sample_id: int, layer: Layer) -> None:
        self._hold(sample_id, layer)
        if sample_id == self.sample_id:
            coarser = self.layers if self.is_complete else ()
            self.is_complete = True
            self._end_wait("")
            self.set_layers([*coarser, layer])
            self._prefetch()

    def _hold(self, sample_id: int, layer: Layer) -> None:
        """Keep it if it is no more than half of what may be kept; drop the oldest for it."""
        if layer.image.sizeInBytes() > _BUDGET // 2:
            return
        self._held[sample_id] = layer
        self._held.move_to_end(sample_id)
        while sum(one.image.sizeInBytes() for one in self._held.values()) > _BUDGET:
            self._held.popitem(last=False)

    def _fail(self, sample_id: int, error: Exception) -> None:
        if sample_id != self.sample_id:
            return
        why = str(error)
        why = why[:1].upper() + why[1:]
        if not isinstance(error, PictureError):
            why = self.tr("The picture cannot be shown: {why}").format(why=sentence(error))
        self._end_wait(why)
        self._prefetch()

    def _end_wait(self, words: str) -> None:
        self._patience.stop()
        self.say(words)

    def _sharpen(self) -> None:
        """Fetch more pixels when one looks closer than those at hand allow."""
        if not self.is_complete or self.sample_id is None:
            return
        finest = self.layers[-1]
        wanted = self._most if self.look.zoom > 1 else self._fitting_side()
        if finest.side < min(self.needed(), finest.full_side) and wanted > self._asked:
            self._ask(self.sample_id, wanted)

    def _fitting_side(self) -> int:
        """Enough for the widget; in powers of two, so that a larger one may do with the same."""
        wanted = round(max(self.width(), self.height()) * self.devicePixelRatioF())
        return min(max(_LEAST, 1 << (wanted - 1).bit_length()), self._most)

    def _prefetch(self) -> None:
        """Get the next sample's picture ready while this one is looked at."""
        place, ids = self._workspace.place(self.sample_id), self._workspace.ids
        if place is None or place + 1 >= len(ids) or int(ids[place + 1]) in self._held:
            return
        sample_id, side = int(ids[place + 1]), self._fitting_side()
        self._workspace.desk.ask(
            lambda session: _layer(session, sample_id, side),
            lambda layer: self._hold(sample_id, layer),
            lambda _error: None,  # it is said when one looks at it
            lane=f"{self._lane} next",
            owner=self,
            slow=True,
        )

    def _on_thumbnail(self, sample_id: int) -> None:
        if sample_id == self.sample_id and not self.is_complete:
            pixmap = self._workspace.thumbnails.get(sample_id)
            if pixmap is not None and not pixmap.isNull():
                self.set_layers([of_image(pixmap.toImage())])

    def _on_change(self, changes: ChangeSet) -> None:
        if not changes.touches("media", "sample"):
            return
        ids = changes.sample_ids
        for sample_id in list(self._held) if ids is None else ids:
            self._held.pop(sample_id, None)
        if self.sample_id is not None and (ids is None or self.sample_id in ids):
            self.is_complete = False  # what is shown stands in until the new one is there
            self._ask(self.sample_id, self._fitting_side())


def _layer(session: Session, sample_id: int, side: int) -> Layer:
    return of_picture(session.pictures.picture(sample_id, side))
