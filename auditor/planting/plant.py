"""Planting known trouble in a copy of a data set, and taking it out again."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor import formats
from auditor.formats.base import EDIT_SCHEMA, ImportOptions
from auditor.media.errors import ImageError
from auditor.media.source import ImageSource
from auditor.model import LABELS
from auditor.planting import plan, truth, write
from auditor.planting.base import Labels, Planting, PlantingError
from auditor.planting.truth import ORIGINALS, TRUTH_SCHEMA, Truth

Report = Callable[[int, int], None]


def plant(
    dataset: Path,
    out: Path,
    plantings: Sequence[Planting],
    *,
    seed: int = 0,
    options: ImportOptions | None = None,
    report: Report | None = None,
) -> Truth:
    """Write a planted copy of `dataset` to the new folder `out`, and the truth beside it.

    The original is never touched. The same seed plants the same. Raises PlantingError, FormatError.
    """
    understood = formats.understand(dataset, options or ImportOptions())
    form = formats.by_id(understood.format)
    samples = pa.concat_tables(
        [batch.select(["path", "row", "occurrence", "labels", "split"])
         for batch in form.read(understood)]
    )  # fmt: skip
    labels = plan.labels_of(samples, understood.classes)
    chosen = plan.choose(labels, plantings, plan.alone(samples), seed)
    source = ImageSource(understood.root, understood.columns.get("image"))
    try:
        fates = list(plan.events(samples, labels, chosen, source, seed, report or _silent))
    except ImageError as error:
        raise PlantingError(f"An image to change cannot be read: {error}") from error
    beside = truth.folder_beside(out)
    if beside.exists():
        raise PlantingError(f"{beside} is there already; plant into another folder.")
    new = {f.index: labels.classes[f.effect.code] for f in fates if f.effect.code is not None}
    written = form.write(understood, _edits(samples, new), out)
    target = write.target_for(understood, samples, new, written, out, seed)
    places = [target.add(fate) if fate.is_new else target.change(fate) for fate in fates]
    target.close()
    return _record(understood.source, samples, labels, new, fates, places, out)


def restore(out: Path, known: Truth | None = None) -> None:
    """Make the planted set the original again, byte for byte; the truth is kept.

    Raises PlantingError if there is no truth beside `out`.
    """
    known = known or truth.read(truth.folder_beside(out))
    for name in known.added:
        path = out / name
        path.unlink(missing_ok=True)
        for parent in path.parents:
            if parent == out or any(parent.iterdir()):
                break
            parent.rmdir()
    for name in known.kept:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(known.folder / ORIGINALS / name, out / name)


def _silent(_done: int, _total: int) -> None:
    """For callers that show nothing."""


def _edits(samples: pa.Table, new: dict[int, str]) -> pa.Table:
    rows = samples.select(["path", "row", "occurrence"]).take(pa.array(list(new), pa.int64()))
    return pa.table(
        {
            **{name: rows[name] for name in rows.column_names},
            "labels": pa.array([[label] for label in new.values()], LABELS),
            "exclude": pa.array([False] * len(new), pa.bool_()),
        }
    ).cast(EDIT_SCHEMA)


def _record(
    source: Path,
    samples: pa.Table,
    labels: Labels,
    new: dict[int, str],
    fates: Sequence[plan.Event],
    places: Sequence[write.Place],
    out: Path,
) -> Truth:
    """Write the truth, and the files as they were before."""
    folder = truth.folder_beside(out)
    added, kept = _keep(source, out, folder / ORIGINALS)
    rows = samples.select(["path", "row", "occurrence"]).to_pylist()

    def fact(fate: plan.Event, place: write.Place) -> dict[str, Any]:
        old, code = rows[fate.index], int(labels.codes[fate.index])
        true = labels.classes[code] if code >= 0 else None
        original = f"{ORIGINALS}/{old['path']}"
        keeps = not fate.is_new and (folder / original).is_file()
        return {
            **place._asdict(),
            "kind": fate.kind.id,
            "detail": fate.detail(old if fate.is_new else None),
            "given_label": true if fate.is_new else new.get(fate.index, true),
            "true_label": true,
            "original": original if keeps else None,
        }

    facts = [fact(fate, place) for fate, place in zip(fates, places, strict=True)]
    known = Truth(pa.Table.from_pylist(facts, TRUTH_SCHEMA), folder, added, kept)
    truth.write(known)
    return known


def _keep(source: Path, out: Path, originals: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Copy the files that differ from the original; say which are new, and which were kept."""
    before, after = _files(source), _files(out)
    root = source if source.is_dir() else source.parent
    if not source.is_dir():  # a manifest's images stand beside it
        before |= {name for name in after if (root / name).is_file()}
    kept = sorted(
        name
        for name in before
        if name not in after or not filecmp.cmp(root / name, out / name, shallow=False)
    )
    for name in kept:
        (originals / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, originals / name)
    return tuple(sorted(after - before)), tuple(kept)


def _files(place: Path) -> set[str]:
    if not place.is_dir():
        return {place.name}
    return {p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()}


__all__ = ["plant", "restore"]
