"""The features there are to compare samples by: the user's own, else those computed last."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from auditor.session import needs
from auditor.session.browsing import Ids
from auditor.session.folder import ProjectFolder
from auditor.store import arrays, project, samples
from auditor.store.db import Connection

MISSING = (
    "there are no features yet to compare images by: run the check for label errors, which"
    " computes them, or bring your own with `auditor attach`"
)


class NoVectorsError(LookupError):
    """There are no features, or they do not fit. Says the way on."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """A memory-mapped array with a row per sample id."""

    path: Path
    identity: str
    """Differs where any row does, or which samples there are."""
    encoder: dict[str, Any] | None
    """Facts of the encoder that computed them; None of the user's own."""


def are_there(db: Connection) -> bool:
    """Whether there is anything to compare by, without looking at it."""
    return bool(arrays.attached(db, "embedding") or project.fact(db, "encoder"))


def newest(db: Connection, folder: ProjectFolder) -> Vectors:
    """The user's own features, else the newest computed ones. Raises NoVectorsError."""
    if own := arrays.attached(db, "embedding"):
        if flaw := arrays.flaw(db, "embedding"):
            raise NoVectorsError(flaw)
        path, content, encoder = folder.embeddings / own["file"], own["sha256"], None
    else:
        encoder = project.fact(db, "encoder")
        if encoder is None:
            raise NoVectorsError(MISSING)
        features = needs.features(folder.embeddings, needs.features_key(encoder))
        path, content = features.path, features.digest()
    if not path.exists():
        raise NoVectorsError(MISSING)
    facts = f"{path.name} {content} {project.data_version(db)}"
    return Vectors(path, hashlib.sha256(facts.encode()).hexdigest()[:16], encoder)


def sample_ids(db: Connection, folder: ProjectFolder, vectors: Vectors) -> Ids:
    """Present samples that have a row, in id order. Raises NoVectorsError where none has."""
    if vectors.encoder is None:
        without = (arrays.attached(db, "embedding") or {}).get("without", ())
        present: Ids = samples.read(db)["sample_id"].to_numpy()
        ids = np.setdiff1d(present, np.asarray(without, np.int64), assume_unique=True)
    else:
        features = needs.features(folder.embeddings, needs.features_key(vectors.encoder))
        readable = samples.readable(db)
        every: Ids = readable["sample_id"].to_numpy()
        ids = np.delete(every, features.pending(readable["pixel_hash"], every))
    if not len(ids):
        raise NoVectorsError(MISSING)
    return ids
