"""Writing the planted copy, in the format of the original."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from auditor import address
from auditor.formats.base import Understanding, Written
from auditor.planting.base import PlantingError
from auditor.planting.plan import Event


class Place(NamedTuple):
    """Where a sample of the planted set is."""

    path: str
    row: int | None
    occurrence: int


class Target(Protocol):
    """A planted copy in the making, after the labels have been written."""

    def change(self, event: Event) -> Place:
        """Put the event's image in place, and say where the sample is now."""

    def add(self, event: Event) -> Place:
        """Add the event's image as a new sample."""

    def close(self) -> None:
        """Write what waits; nothing follows."""


def target_for(
    understood: Understanding,
    samples: pa.Table,
    labels: Mapping[int, str],
    written: Written,
    out: Path,
    seed: int,
) -> Target:
    """How the planted set of that format is changed further.

    `labels`: of the samples that got another, by their position in `samples`.
    """
    rows = samples.select(["path", "row", "occurrence", "split", "labels"]).to_pylist()
    if understood.format == "folder":
        return _Folder(rows, labels, written, out, seed)
    if understood.format == "hf_parquet":
        return _Parquet(rows, understood, out, seed)
    return _Listed(rows, understood, out)


def _new_name(seed: int, event: Event, old: str) -> str:
    """A name that does not tell whose copy it is."""
    token = hashlib.sha256(f"{seed} {event.kind.id} {event.index}".encode()).hexdigest()[:12]
    return token + PurePosixPath(old).suffix


class _Folder:
    """Image folder: a label is the name of a folder."""

    def __init__(
        self,
        rows: Sequence[dict[str, Any]],
        labels: Mapping[int, str],
        written: Written,
        out: Path,
        seed: int,
    ) -> None:
        self._rows, self._labels = rows, labels
        self._renamed, self._out, self._seed = written.renamed, out, seed

    def change(self, event: Event) -> Place:
        row = self._rows[event.index]
        path = row["path"]
        if event.index in self._labels:
            moved = self._moved(row, self._labels[event.index], row["split"])
            path = self._renamed.get(path, moved)
        if event.effect.data is not None:
            _replace(self._out / address.decode(path), event.effect.data)
        return Place(path, None, 0)

    def add(self, event: Event) -> Place:
        row = self._rows[event.index]
        label = row["labels"][0] if row["labels"] else None
        parts = address.decode(self._moved(row, label, event.effect.split)).split("/")
        parts[-1] = _new_name(self._seed, event, parts[-1])
        path = "/".join(parts)
        _replace(self._out / path, event.effect.data)
        return Place(address.encode(path), None, 0)

    def close(self) -> None:
        pass

    @staticmethod
    def _moved(row: dict[str, Any], label: str | None, split: str | None) -> str:
        parts = address.decode(row["path"]).split("/")
        first = 0 if row["split"] is None else 1
        if first and split is not None:
            parts[0] = split
        if label is not None:
            parts[first] = address.decode(label)
        return address.encode("/".join(parts))


class _Parquet:
    """Hugging Face style Parquet: one shard at a time is rewritten at the end."""

    def __init__(
        self, rows: Sequence[dict[str, Any]], understood: Understanding, out: Path, seed: int
    ) -> None:
        self._rows, self._out, self._seed = rows, out, seed
        self._image = understood.columns["image"]
        self._split = understood.columns.get("split")
        self._data: dict[str, dict[int, bytes]] = {}
        self._new: dict[str, list[tuple[Event, str, int]]] = {}
        self._sizes: dict[str, int] = {}

    def change(self, event: Event) -> Place:
        row = self._rows[event.index]
        if event.effect.data is not None:
            self._data.setdefault(row["path"], {})[row["row"]] = event.effect.data
        return Place(row["path"], row["row"], 0)

    def add(self, event: Event) -> Place:
        row = self._rows[event.index]
        shard = row["path"]
        if self._split is None and event.effect.split != row["split"]:
            shard = next(r["path"] for r in self._rows if r["split"] == event.effect.split)
        waiting = self._new.setdefault(shard, [])
        waiting.append((event, row["path"], row["row"]))
        return Place(shard, self._size(shard) + len(waiting) - 1, 0)

    def _size(self, shard: str) -> int:
        if shard not in self._sizes:
            self._sizes[shard] = pq.read_metadata(self._out / address.decode(shard)).num_rows
        return self._sizes[shard]

    def close(self) -> None:
        # All additions are taken from the shards before any of these is changed.
        additions = {
            shard: [self._copy(event, source, row) for event, source, row in waiting]
            for shard, waiting in self._new.items()
        }
        for shard in sorted({*self._data, *additions}):
            path = self._out / address.decode(shard)
            table = self._changed(pq.read_table(path), self._data.get(shard, {}))
            parts = [table, *(new.cast(table.schema) for new in additions.get(shard, []))]
            pq.write_table(pa.concat_tables(parts), path)

    def _copy(self, event: Event, shard: str, row: int) -> pa.Table:
        one = pq.read_table(self._out / address.decode(shard)).slice(row, 1)
        data = event.effect.data
        if data is None:
            raise PlantingError(f"{event.kind.id} made no image.")
        copied = self._changed(one, {0: data}, _new_name(self._seed, event, ".jpg"))
        if self._split is not None:
            place = copied.schema.get_field_index(self._split)
            field = copied.schema.field(place)
            copied = copied.set_column(place, field, pa.array([event.effect.split], field.type))
        return copied

    def _changed(
        self, table: pa.Table, data: dict[int, bytes], name: str | None = None
    ) -> pa.Table:
        if not data:
            return table
        place = table.schema.get_field_index(self._image)
        field = table.schema.field(place)
        cells = table.column(place).to_pylist()
        for row, fresh in data.items():
            if isinstance(cells[row], dict):
                renamed = {"path": name} if name and cells[row].get("path") else {}
                cells[row] = {**cells[row], **renamed, "bytes": fresh}
            else:
                cells[row] = fresh
        return table.set_column(place, field, pa.array(cells, field.type))


class _Listed:
    """Manifests: their images are copied beside the planted manifest, by the same names."""

    def __init__(
        self, rows: Sequence[dict[str, Any]], understood: Understanding, out: Path
    ) -> None:
        self._rows, self._out = rows, out
        for path in {row["path"] for row in rows}:
            own = PurePosixPath(address.decode(path))
            source = understood.root / own
            if not own.is_absolute() and ".." not in own.parts and source.is_file():
                (out / own).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, out / own)

    def change(self, event: Event) -> Place:
        row = self._rows[event.index]
        if event.effect.data is not None:
            path = self._out / address.decode(row["path"])
            if not path.is_relative_to(self._out) or not path.is_file():
                raise PlantingError(
                    f"The image {row['path']} lies outside the set, so its copy cannot be changed; "
                    "only labels can be planted here."
                )
            _replace(path, event.effect.data)
        return Place(row["path"], row["row"], row["occurrence"])

    def add(self, event: Event) -> Place:
        raise PlantingError(
            f"{event.kind.id} adds samples, which is done to image folders and Parquet of images, "
            "not to manifests."
        )

    def close(self) -> None:
        pass


def _replace(path: Path, data: bytes | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data or b"")
