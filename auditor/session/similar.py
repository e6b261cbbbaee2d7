"""More like this, and search by text: nearest samples by the features there are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.session import vectors
from auditor.session.browsing import Ids
from auditor.session.folder import ProjectFolder
from auditor.session.vectors import NoVectorsError, Vectors
from auditor.session.warm import WarmWorker, WarmWorkerError
from auditor.store import arrays, project
from auditor.store.db import Connection, Store, StoreClosedError


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
    return vectors.are_there(db)


def can_search_text(db: Connection) -> bool:
    """Whether the encoder in use has a text tower."""
    if arrays.attached(db, "embedding"):
        return False
    return bool((project.fact(db, "encoder") or {}).get("text"))


class Searcher:
    """Works in a worker process of its own; thread-safe, blocks."""

    def __init__(self, store: Store, folder: ProjectFolder) -> None:
        self._store, self._folder = store, folder
        self._worker = WarmWorker()
        self._known: tuple[str, Ids] | None = None

    def like(self, sample_id: int, limit: int = 1000) -> Ranked:
        """The sample itself, then what is most like it. Raises SearchError."""
        found, ids = self._vectors()
        place = int(np.searchsorted(ids, sample_id))
        if place == len(ids) or ids[place] != sample_id:
            raise SearchError(
                "this image cannot be compared, for it has no features: it could not be read, or"
                " came after the last audit (run it again)"
            )
        return self._search(found, ids, limit, sample_id=sample_id)

    def text(self, words: str, limit: int = 1000) -> Ranked:
        """The images that fit the words best. Raises SearchError."""
        found, ids = self._vectors()
        if not words.strip():
            raise SearchError("write what to look for, for example: a dog in the snow")
        with self._store.reader() as db:
            reads = can_search_text(db)
        if found.encoder is None or not reads:
            raise SearchError(
                "the features in use cannot be searched by text: run an audit with a model that"
                " reads text too, such as open_clip (`auditor models list`)"
            )
        return self._search(found, ids, limit, text=words.strip())

    def close(self) -> None:
        """End the worker, whatever it is at."""
        self._worker.close()

    def _vectors(self) -> tuple[Vectors, Ids]:
        """The features there are, and whose; kept as long as they stay the same."""
        try:
            with self._store.reader() as db:
                found, known = vectors.newest(db, self._folder), self._known
                if known is None or known[0] != found.identity:
                    known = found.identity, vectors.sample_ids(db, self._folder, found)
                    self._known = known
        except (NoVectorsError, StoreClosedError) as error:
            raise SearchError(str(error)) from None
        return found, known[1]

    def _search(
        self,
        found: Vectors,
        ids: Ids,
        limit: int,
        *,
        sample_id: int | None = None,
        text: str | None = None,
    ) -> Ranked:
        config = {
            "array": str(found.path),
            "sample_id": sample_id,
            "text": text,
            "limit": limit,
            "search_threads": os.cpu_count() or 1,
            **(self._encoder_config(found.encoder) if found.encoder else {}),
        }
        try:
            answer = self._worker.ask(
                "auditor.jobs.tasks:similar", pa.table({"sample_id": ids}), config
            )["similar"]
        except WarmWorkerError as error:
            raise SearchError(str(error)) from None
        return Ranked(answer["sample_id"].to_numpy(), answer["similarity"].to_numpy())

    def _encoder_config(self, encoder: Mapping[str, Any]) -> dict[str, Any]:
        """As in the audit: on another device it would run in another number type."""
        with self._store.reader() as db:
            device = (project.fact(db, "audit") or {}).get("device", "auto")
        return {
            "encoder": encoder["id"],
            "fingerprint": encoder["fingerprint"],
            "device": device,
            "threads": 1,
        }
