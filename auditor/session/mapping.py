"""A map of the data set: two dimensions by PaCMAP, computed in a worker and kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.jobs.pool import Pool
from auditor.progress import Progress
from auditor.session.browsing import Ids
from auditor.session.folder import ProjectFolder
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


def points(db: Connection, folder: ProjectFolder) -> MapPoints | None:
    """The map there is; None until one was made."""
    raise NotImplementedError


def make(store: Store, folder: ProjectFolder, pool: Pool, progress: Progress) -> MapPoints:
    """Compute the map from the features there are, and keep it. Raises MapError, CancelledError."""
    raise NotImplementedError
