"""Full pictures for the eye. Users' files are decoded in a worker process only."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from auditor import address
from auditor.formats.base import from_json
from auditor.jobs.messages import TaskFailed
from auditor.jobs.pool import CancelledError, Handlers, Pool, Task, WorkersKeepDyingError
from auditor.model import Reason
from auditor.report import words
from auditor.session.importing import TaskError, file_stamp, raise_failure
from auditor.store import project, samples
from auditor.store.db import Store, StoreClosedError

_KEPT = 8
_KEPT_BYTES = 128 << 20
_CLOSED = "the project is closed"


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
        self._pool = Pool(1)
        self._turn = threading.Lock()
        self._kept = _Kept()
        self._closed = False

    def picture(self, sample_id: int, longest: int = 8192) -> Picture:
        """The picture, at most `longest` pixels a side. Raises PictureError; blocks."""
        place = self._place(sample_id, longest)
        if known := self._kept.get(place):
            return known
        with self._turn:
            found = self._kept.get(place) or self._decoded(place)
        self._kept.put(place, found)
        return found

    def close(self) -> None:
        """End the worker, whatever it is at."""
        self._closed = True
        self._pool.cancel.set()
        with self._turn:
            self._pool.close()

    def _place(self, sample_id: int, longest: int) -> _Place:
        try:
            with self._store.reader() as db:
                source, place = project.fact(db, "source"), samples.place(db, sample_id)
        except StoreClosedError:
            raise PictureError(_CLOSED) from None
        if source is None or place is None:
            raise PictureError(f"the project has no sample {sample_id}")
        understood, (path, row) = from_json(source), place
        stamp = file_stamp(understood.root / address.decode(path))
        column = understood.columns.get("image")
        return _Place(str(understood.root), column, path, row, stamp, longest)

    def _decoded(self, place: _Place) -> Picture:
        if self._closed:
            raise PictureError(_CLOSED)
        answer: dict[str, Any] = {}
        try:
            self._pool.run([_task(place)], _into(answer), total=1)
        except CancelledError:
            raise PictureError(_CLOSED) from None
        except (TaskError, WorkersKeepDyingError) as error:
            raise PictureError(str(error)) from None
        if reason := answer.pop("reason"):
            detail = answer["detail"]
            sentence = words.unreadable(reason)
            raise PictureError(f"{sentence}: {detail}" if detail else sentence)
        del answer["detail"]
        return Picture(**answer)


def _task(place: _Place) -> Task:
    sample = pa.table({"path": [place.path], "row": pa.array([place.row], pa.int64())})
    config = {"root": place.root, "image_column": place.column, "longest": place.longest}
    return Task("auditor.jobs.tasks:picture", sample, config, may_halve=False)


def _into(answer: dict[str, Any]) -> Handlers:
    def take(_task: Task, tables: Mapping[str, pa.Table]) -> None:
        answer.update(tables["picture"].to_pylist()[0])

    def lose(_task: Task) -> None:
        answer.update(reason=Reason.KILLS_WORKER.value, detail=None)

    def fail(task: Task, failure: TaskFailed) -> None:
        raise_failure(task, failure)

    return Handlers(done=take, lost=lose, failed=fail)
