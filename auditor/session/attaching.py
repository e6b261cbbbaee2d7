"""Bring-your-own arrays: embeddings and probabilities, checked before they are believed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.model import label_codes
from auditor.progress import Progress
from auditor.session.folder import ProjectFolder
from auditor.store import arrays, project, samples
from auditor.store.db import Store

_SHUFFLES = 20
_PROBED = 2_000


class ArrayError(ValueError):
    """The array does not fit the data set. Says how."""


@dataclass(frozen=True, slots=True)
class Attached:
    """What was taken in, with a warning where the row order looks wrong."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    warning: str | None


@dataclass(frozen=True, slots=True)
class Attacher:
    store: Store
    folder: ProjectFolder
    progress: Progress

    def attach(self, name: str, source: Path, order: Path | None = None) -> Attached:
        """Check and copy an array; `order` lists a path or sample id per row. Raises ArrayError."""
        array = _open(source)
        with self.store.reader() as db:
            ends, classes = samples.next_id(db), project.classes(db)
            one_each = name == "pred_probs" and not samples.multi_label(db)
            table = samples.read(db)
            before = arrays.attached(db, name)
        ids = table["sample_id"].to_numpy()
        _check_shape(name, array, len(classes))
        positions = _positions(order, table, len(array)) if order else None
        if positions is None:
            positions = _in_import_order(name, array, ids, ends)
        target, digest = self._copy(name, array, positions, ids, ends, one_each)
        without = np.setdiff1d(np.arange(ends), ids).tolist()
        shape = (ends, array.shape[1])
        facts = arrays.Attach(
            name, target, shape=shape, digest=digest, source=str(source), without=without
        )
        self.store.write(facts).result()
        if before and before["file"] != target.name:
            (self.folder.embeddings / before["file"]).unlink(missing_ok=True)
        codes = label_codes(table["labels"], classes)
        warning = _order_warning(name, np.load(target, mmap_mode="r"), ids, codes)
        return Attached(name, array.shape, str(array.dtype), warning)

    def _copy(
        self,
        name: str,
        array: npt.NDArray[Any],
        positions: npt.NDArray[np.int64],
        ids: npt.NDArray[np.int64],
        ends: int,
        one_each: bool,
    ) -> tuple[Path, str]:
        """Write the rows in the project's order, under the SHA-256 of their values."""
        kept = np.dtype(np.float16 if array.dtype == np.float16 else np.float32)
        unfinished = self.folder.embeddings / f"attached-{name}.new"
        shape = (ends, array.shape[1])
        out = arrays.create(unfinished, shape, kept)
        digest = hashlib.sha256(str(shape).encode())
        try:
            for block in arrays.blocks(len(ids)):
                values = np.asarray(array[positions[block]])
                _check_values(name, values, positions[block], one_each)
                out[ids[block]] = values
                digest.update(ids[block].tobytes())
                digest.update(out[ids[block]].data)
                self.progress(f"attaching {name}", block.stop, len(ids))
            out.flush()
            del out  # some systems rename no file that is mapped
            # A name of its own, so that no crash pairs these values with another array's facts.
            target = self.folder.embeddings / f"attached-{name}-{digest.hexdigest()[:16]}.npy"
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        return target, digest.hexdigest()


def _open(source: Path) -> npt.NDArray[Any]:
    try:
        array = np.load(source, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise ArrayError(f"there is no file {source}") from None
    except (ValueError, OSError) as error:
        raise ArrayError(f"{source} is not a NumPy .npy file of numbers: {error}") from None
    if not isinstance(array, np.ndarray):
        raise ArrayError(f"{source} holds several arrays: save the one wanted with numpy.save")
    if array.dtype.kind not in "fiu":
        raise ArrayError(f"{source} holds {array.dtype}, not numbers")
    return array


def _check_shape(name: str, array: npt.NDArray[Any], classes: int) -> None:
    if array.ndim != 2:
        raise ArrayError(f"{name} has {array.ndim} dimensions; it must be samples x values")
    if name == "pred_probs" and array.shape[1] != classes:
        raise ArrayError(
            f"pred_probs has {array.shape[1]:,} columns, the project {classes:,} classes: one column per"
            " class, in the order that `auditor import --dry-run` prints"
        )


def _in_import_order(
    name: str, array: npt.NDArray[Any], ids: npt.NDArray[np.int64], ends: int
) -> npt.NDArray[np.int64]:
    """The row of each sample: a row per present sample, or also for those that left the source."""
    if len(array) == len(ids):
        return np.arange(len(ids))
    if len(array) == ends:
        return ids
    raise ArrayError(
        f"{name} has {len(array):,} rows, the project {len(ids):,} samples: one row per sample, in import"
        " order (`auditor findings --all` lists it), or say which is which with --order"
    )


def _check_values(
    name: str, values: npt.NDArray[Any], rows: npt.NDArray[np.int64], sums_to_one: bool
) -> None:
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        raise ArrayError(
            f"{name} has a value that is not a number in row {rows[np.argmin(finite)]:,}"
        )
    if name != "pred_probs":
        return
    wide = values.astype(np.float32, copy=False)
    outside = ((wide < -1e-4) | (wide > 1 + 1e-3)).any(axis=1)
    if outside.any():
        raise ArrayError(f"pred_probs has a value outside 0…1 in row {rows[np.argmax(outside)]:,}")
    if not sums_to_one:
        return
    sums = wide.sum(axis=1, dtype=np.float64)
    wrong = np.abs(sums - 1) > 0.02  # float16 of a thousand classes sums to within a hundredth
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ArrayError(f"pred_probs sums to {sums[row]:.3f}, not 1, in row {rows[row]:,}")


def _positions(order: Path, table: Any, rows: int) -> npt.NDArray[np.int64]:
    """The row in the user's array of each present sample. Raises ArrayError."""
    lines = order.read_text(encoding="utf-8-sig").splitlines()
    if len(lines) != rows:
        raise ArrayError(f"{order} has {len(lines):,} lines, the array {rows:,} rows: one per row")
    ids = table["sample_id"].to_pylist()
    paths = zip(table["path"].to_pylist(), table["row"].to_pylist(), ids, strict=True)
    known = {str(i): place for place, i in enumerate(ids)}
    known |= {path: place for place, (path, row, _) in enumerate(paths) if row is None}
    found = np.full(len(ids), -1, np.int64)
    for position, line in enumerate(lines):
        if line not in known:
            raise ArrayError(f"{order}, line {position + 1}: the project has no sample {line!r}")
        found[known[line]] = position
    if (found < 0).any():
        raise ArrayError(f"{order} does not name sample {ids[np.argmin(found)]:,}")
    return found


def _order_warning(
    name: str, array: npt.NDArray[Any], ids: npt.NDArray[np.int64], codes: npt.NDArray[np.int64]
) -> str | None:
    """A sentence where labels and rows agree no better than shuffled ones do."""
    rng = np.random.default_rng(0)
    labelled = np.flatnonzero(codes >= 0)
    probed = np.sort(rng.permutation(labelled)[:_PROBED])
    labels = codes[probed]
    if len(probed) < 50 or len(np.unique(labels)) < 2:
        return None
    rows = np.asarray(array[ids[probed]], np.float32)
    guesses = rows.argmax(axis=1) if name == "pred_probs" else labels[_nearest(rows)]
    agreement = float((guesses == labels).mean())
    by_chance = [float((guesses == rng.permutation(labels)).mean()) for _ in range(_SHUFFLES)]
    if agreement > max(by_chance):
        return None
    return (
        f"{name} agrees with the labels on {agreement:.0%} of {len(probed):,} samples, no better than"
        f" shuffled rows ({max(by_chance):.0%}): are the rows in import order?"
    )


def _nearest(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    likeness = unit @ unit.T
    np.fill_diagonal(likeness, -np.inf)
    nearest: npt.NDArray[np.int64] = likeness.argmax(axis=1)
    return nearest
