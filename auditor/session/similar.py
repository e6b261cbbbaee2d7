"""More like this, and search by text: nearest samples by the features there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.session.browsing import Ids
from auditor.session.folder import ProjectFolder
from auditor.store.db import Connection, Store


class SearchError(RuntimeError):
    """The search cannot be done. Says what is missing and the way on."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Samples by similarity, the nearest first."""

    sample_ids: Ids
    similarity: npt.NDArray[np.float32]
    """Cosine."""


def can_search(db: Connection) -> bool:
    """Whether there are features to search by."""
    raise NotImplementedError


def can_search_text(db: Connection) -> bool:
    """Whether the encoder in use has a text tower."""
    raise NotImplementedError


class Searcher:
    """Works in a worker process; thread-safe, blocks."""

    def __init__(self, store: Store, folder: ProjectFolder) -> None:
        self._store, self._folder = store, folder

    def like(self, sample_id: int, limit: int = 1000) -> Ranked:
        """Raises SearchError."""
        raise NotImplementedError

    def text(self, words: str, limit: int = 1000) -> Ranked:
        """Raises SearchError."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
