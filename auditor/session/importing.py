"""Import: take in the source's rows, notice changed files, and pass once over the new bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor import address, formats
from auditor.formats.base import Understanding, to_json
from auditor.jobs.messages import TaskFailed
from auditor.jobs.pool import Handlers, Pool, Task
from auditor.model import MEDIA_SCHEMA, ChangeSet, Reason
from auditor.progress import Progress
from auditor.session.folder import ProjectFolder
from auditor.store import media, project, samples
from auditor.store.db import Store

SHARD = 512


class TaskError(RuntimeError):
    """A worker's job raised; the message is the job's own, the traceback is in the log."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    counts: samples.ImportCounts
    changed_files: int
    scanned: int
    unreadable: dict[str, int]


@dataclass(frozen=True, slots=True)
class Importer:
    store: Store
    folder: ProjectFolder
    pool: Pool
    progress: Progress

    def take_in(self, understood: Understanding) -> Imported:
        """Import the whole source; what an earlier, cut short import did is not done again."""
        reading = samples.ImportSamples(
            batches=formats.by_id(understood.format).read(understood),
            classes=understood.classes,
            report=lambda rows: self.progress(
                "reading", min(rows, understood.samples), understood.samples
            ),
        )
        self.store.write(reading).result()
        self.store.write(project.PutFact("source", to_json(understood))).result()
        self.store.write(project.PutFact("multi_label", understood.multi_label)).result()
        changed = self._forget_changed(understood.root)
        scanned = self.scan(understood)
        with self.store.reader() as db:
            unreadable = media.unreadable(db)
        return Imported(reading.counts, changed, scanned, unreadable)

    def scan(self, understood: Understanding) -> int:
        """Pass over the bytes of the samples that have not been looked at; returns how many."""
        with self.store.reader() as db:
            waiting = media.unscanned(db)
        config = {"root": str(understood.root), "image_column": understood.columns.get("image")}
        writes: list[Future[ChangeSet]] = []

        def save(rows: pa.Table) -> None:
            writes.append(self.store.write(media.SaveMedia(rows, self.folder.thumbnails)))
            if len(writes) > 8:  # the disk is slower than the workers: wait for it
                writes.pop(0).result()

        self.pool.run(
            shards(
                waiting,
                "auditor.jobs.tasks:scan",
                config,
                fair_rows(waiting.num_rows, self.pool.size),
            ),
            Handlers(
                done=lambda _task, tables: save(tables["media"]),
                lost=lambda task: save(_killing(task.samples)),
                failed=raise_failure,
                progress=lambda done, total: self.progress("looking at images", done, total),
            ),
            total=waiting.num_rows,
        )
        for write in writes:
            write.result()
        return int(waiting.num_rows)

    def _forget_changed(self, root: Path) -> int:
        """Have files scanned again whose size or time is not what it was."""
        with self.store.reader() as db:
            known = media.stamps(db)
        times: dict[str, tuple[int | None, int | None]] = {}
        changed = []
        for row in known.to_pylist():
            path = row["path"]
            if path not in times:
                times[path] = _stamp(root / address.decode(path))
            size, time = times[path]
            if time != row["mtime_ns"] or (row["row"] is None and size != row["byte_size"]):
                changed.append(row["sample_id"])
        if changed:
            self.store.write(media.Forget(changed)).result()
        return len(changed)


def shards(
    table: pa.Table, job: str, config: Mapping[str, Any], rows: int = SHARD
) -> Iterator[Task]:
    """Tasks of `rows` samples each, in order."""
    return (
        Task(job, table.slice(start, rows), config, number=start // rows)
        for start in range(0, table.num_rows, rows)
    )


def fair_rows(total: int, workers: int) -> int:
    """Shard rows that keep every worker busy to the end, also on a small data set."""
    return max(16, min(SHARD, -(-total // (4 * workers))))


def raise_failure(_task: Task, failure: TaskFailed) -> None:
    """Turn a job's exception into ours."""
    raise TaskError(failure.error) from RuntimeError(failure.traceback)


def _stamp(path: Path) -> tuple[int | None, int | None]:
    try:
        facts = path.stat()
    except OSError:
        return None, None
    return facts.st_size, facts.st_mtime_ns


def _killing(one: pa.Table) -> pa.Table:
    rows = one.num_rows
    known = {
        "sample_id": one["sample_id"],
        "reason": [Reason.KILLS_WORKER.value] * rows,
        "detail": ["decoding this image ends the process"] * rows,
    }
    return pa.table(
        {f.name: known.get(f.name, pa.nulls(rows, f.type)) for f in MEDIA_SCHEMA},
        schema=MEDIA_SCHEMA,
    )
