"""A map of the data set: two dimensions by PaCMAP, computed in a worker and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.jobs.pool import Handlers, Pool, Task
from auditor.progress import Progress
from auditor.report.files import replacing
from auditor.session import vectors
from auditor.session.browsing import Ids
from auditor.session.folder import ProjectFolder
from auditor.session.importing import TaskError, raise_failure
from auditor.session.vectors import NoVectorsError, Vectors
from auditor.store import project
from auditor.store.db import Connection, Store


class MapError(RuntimeError):
    """There can be no map. Says what is missing and the way on."""


@dataclass(frozen=True, slots=True)
class MapPoints:
    """Where each sample lies."""

    sample_ids: Ids
    xy: npt.NDArray[np.float32]
    """(n, 2), each axis within [-1, 1]."""
    stale: bool
    """Samples or features changed since it was made."""


_FACT = "map"
_SEED = 0
_LAYOUT = np.dtype([("sample_id", "<i8"), ("x", "<f4"), ("y", "<f4")])


def points(db: Connection, folder: ProjectFolder) -> MapPoints | None:
    """The map there is; None until one was made."""
    facts = project.fact(db, _FACT)
    path = folder.embeddings / facts["file"] if facts else None
    if path is None or not path.exists():
        return None
    rows = np.load(path)
    try:
        now = vectors.newest(db, folder).identity
    except NoVectorsError:
        now = ""
    return _points(rows, stale=facts["vectors"] != now)


def make(store: Store, folder: ProjectFolder, pool: Pool, progress: Progress) -> MapPoints:
    """Compute the map from the features there are, and keep it. Raises MapError, CancelledError."""
    try:
        with store.reader() as db:
            found = vectors.newest(db, folder)
            ids = vectors.sample_ids(db, folder, found)
    except NoVectorsError as error:
        raise MapError(str(error)) from None
    rows = _computed(found, ids, pool, progress)
    target = folder.embeddings / f"map-{found.identity}.npy"
    with replacing(target) as temporary, temporary.open("wb") as file:
        np.save(file, rows, allow_pickle=False)
    store.write(project.PutFact(_FACT, {"file": target.name, "vectors": found.identity})).result()
    for old in folder.embeddings.glob("map-*.npy"):
        if old != target:
            old.unlink(missing_ok=True)
    return _points(rows, stale=False)


def _computed(found: Vectors, ids: Ids, pool: Pool, progress: Progress) -> npt.NDArray[np.void]:
    rows = np.empty(len(ids), _LAYOUT)

    def keep(_task: Task, tables: Mapping[str, pa.Table]) -> None:
        for name in _LAYOUT.names or ():
            rows[name] = tables["map"][name].to_numpy()

    config = {"array": str(found.path), "seed": _SEED, "threads": pool.size}
    task = Task("auditor.jobs.tasks:lay_out", pa.table({"sample_id": ids}), config, may_halve=False)
    handlers = Handlers(
        done=keep,
        lost=_lost,
        failed=raise_failure,
        progress=lambda done, total: progress("map", done, total),
    )
    try:
        pool.run([task], handlers, total=len(ids))
    except TaskError as error:
        raise MapError(str(error)) from None
    return rows


def _lost(_task: Task) -> None:
    raise MapError("the process that made the map died each time: see the log; is the memory full?")


def _points(rows: npt.NDArray[np.void], *, stale: bool) -> MapPoints:
    return MapPoints(
        rows["sample_id"].copy(), np.stack([rows["x"], rows["y"]], axis=1), stale=stale
    )
