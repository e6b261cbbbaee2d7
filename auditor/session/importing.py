"""Import: take in the source's rows, notice changed files, and pass once over the new bytes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor import address, formats
from auditor.formats.base import Understanding, to_json
from auditor.jobs.messages import TaskFailed
from auditor.jobs.pool import CancelledError, Handlers, Pool, Task
from auditor.model import MEDIA_SCHEMA, ChangeSet, Reason
from auditor.progress import Progress
from auditor.session import rates
from auditor.session.folder import ProjectFolder
from auditor.store import media, project, samples
from auditor.store.db import Store

log = logging.getLogger(__name__)

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
            report=lambda rows: self._have_read(rows, understood.samples),
        )
        self.store.write(reading).result()
        self.store.write(project.PutFact("source", to_json(understood))).result()
        self.store.write(project.PutFact("multi_label", understood.multi_label)).result()
        changed = self._notice_changed(understood.root)
        scanned = self.scan(understood)
        with self.store.reader() as db:
            unreadable = media.unreadable(db)
        return Imported(reading.counts, changed, scanned, unreadable)

    def _have_read(self, rows: int, total: int) -> None:
        if self.pool.cancel.is_set():
            raise CancelledError("stopped; nothing of this import is kept")
        self.progress("reading", min(rows, total), total)

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

        began, rows = self.pool.clock(), fair_rows(waiting.num_rows, self.pool.size)
        self.pool.run(
            shards(waiting, "auditor.jobs.tasks:scan", config, rows),
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
        rates.note(self.store, self.pool, rates.LOOKING, waiting.num_rows, rows, began)
        return int(waiting.num_rows)

    def _notice_changed(self, root: Path) -> int:
        """Have files scanned again whose size or time is not what it was."""
        with self.store.reader() as db:
            known = media.stamps(db)
        if not known.num_rows:
            return 0
        paths = known["path"].combine_chunks().dictionary_encode()
        found = np.array(
            [file_stamp(root / address.decode(path)) for path in paths.dictionary.to_pylist()],
            np.int64,
        )[paths.indices.to_numpy()]
        size, time = (
            pc.fill_null(known[name], -1).to_numpy() for name in ("byte_size", "mtime_ns")
        )
        is_file = known["row"].is_null().to_numpy()
        other = (found[:, 1] != time) | (is_file & (found[:, 0] != size))
        changed = known["sample_id"].to_numpy()[other].tolist()
        if changed:
            self.store.write(media.LookAgain(changed)).result()
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
    """Turn a job's exception into ours, with its traceback in the log."""
    log.error("a worker's job failed: %s", failure.traceback)
    raise TaskError(failure.error)


def worker_died(_task: Task) -> None:
    """For a task that is not halved: its worker died on every try."""
    raise TaskError(
        "its worker process died each time it was tried: see the log; is the memory full?"
    )


def file_stamp(path: Path) -> tuple[int, int]:
    """Size and time, by which a change is noticed; -1 where there is no such file."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return -1, -1
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
