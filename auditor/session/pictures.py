"""Full pictures for the eye. Users' files are decoded in a worker process only."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import pyarrow as pa

from auditor import address
from auditor.formats.base import from_json
from auditor.model import Reason
from auditor.report import words
from auditor.session.importing import file_stamp
from auditor.session.warm import WarmWorker, WarmWorkerError, WorkerDiedError
from auditor.store import project, samples
from auditor.store.db import Store, StoreClosedError

_KEPT = 8
_KEPT_BYTES = 128 << 20


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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a picture is, and what would tell that it changed."""

    root: str
    column: str | None
    path: str
    row: int | None
    stamp: tuple[int, int]
    longest: int


class _Kept:
    """The pictures seen last, at most so many and so many bytes: going back is instant."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[_Place, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, place: _Place) -> Picture | None:
        with self._lock:
            if place in self._pictures:
                self._pictures.move_to_end(place)
            return self._pictures.get(place)

    def put(self, place: _Place, picture: Picture) -> None:
        with self._lock:
            self._pictures[place] = picture
            while len(self._pictures) > _KEPT or self._bytes() > _KEPT_BYTES:
                self._pictures.popitem(last=False)

    def _bytes(self) -> int:
        return sum(len(picture.rgb) for picture in self._pictures.values())


class Pictures:
    """Decodes in one warm worker of its own, so that an audit does not hold the eye up.

    Thread-safe; calls that must decode wait for one another.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._worker = WarmWorker()
        self._kept = _Kept()

    def picture(self, sample_id: int, longest: int = 8192) -> Picture:
        """The picture, at most `longest` pixels a side. Raises PictureError; blocks."""
        place = self._place(sample_id, longest)
        known = self._kept.get(place)
        if known is None:
            known = self._decoded(place)
            self._kept.put(place, known)
        return known

    def close(self) -> None:
        """End the worker, whatever it is at."""
        self._worker.close()

    def _place(self, sample_id: int, longest: int) -> _Place:
        try:
            with self._store.reader() as db:
                source, place = project.fact(db, "source"), samples.place(db, sample_id)
        except StoreClosedError as error:
            raise PictureError(str(error)) from None
        if source is None or place is None:
            raise PictureError(f"the project has no sample {sample_id}")
        understood, (path, row) = from_json(source), place
        stamp = file_stamp(understood.root / address.decode(path))
        column = understood.columns.get("image")
        return _Place(str(understood.root), column, path, row, stamp, longest)

    def _decoded(self, place: _Place) -> Picture:
        sample = pa.table({"path": [place.path], "row": pa.array([place.row], pa.int64())})
        config = {"root": place.root, "image_column": place.column, "longest": place.longest}
        try:
            answer = self._worker.ask("auditor.jobs.tasks:picture", sample, config)
        except WorkerDiedError:
            raise PictureError(words.unreadable(Reason.KILLS_WORKER)) from None
        except WarmWorkerError as error:
            raise PictureError(str(error)) from None
        (found,) = answer["picture"].to_pylist()
        reason, detail = found.pop("reason"), found.pop("detail")
        if reason:
            sentence = words.unreadable(reason)
            raise PictureError(f"{sentence}: {detail}" if detail else sentence)
        return Picture(**found)
