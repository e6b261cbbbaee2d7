"""Audit: work out what the checks need, compute it once, run them, keep what is done."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.checks.base import CheckSpec
from auditor.formats.base import Understanding
from auditor.jobs.journal import JournalBusyError
from auditor.jobs.pool import CancelledError, Handlers, Pool, Task
from auditor.model import FINDING_SCHEMA, MEDIA_SCHEMA, METRIC_SCHEMA, ChangeSet
from auditor.progress import Progress
from auditor.session import class_sentences, needs, other_findings, rates
from auditor.session.asking import Asker
from auditor.session.folder import ProjectFolder
from auditor.session.importing import (
    SHARD,
    TaskError,
    fair_rows,
    raise_failure,
    shards,
    worker_died,
)
from auditor.session.needs import AuditOptions, Ready
from auditor.store import project, runs, samples
from auditor.store.db import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckEnd:
    """How one check ended: done, reused (nothing had changed), skipped or failed."""

    check_id: str
    state: str
    seconds: float = 0.0
    message: str | None = None


@dataclass(slots=True)
class _ShardSaver:
    """Saves a shard in one transaction, also where it was halved to find a killing sample."""

    store: Store
    run_id: int
    left: dict[int, int]
    """Shard number -> samples of it that have not ended."""
    parts: dict[int, list[tuple[pa.Table, pa.Table]]] = field(default_factory=dict)
    writes: list[Future[ChangeSet]] = field(default_factory=list)

    def add(self, task: Task, findings: pa.Table, metrics: pa.Table) -> None:
        parts = self.parts.setdefault(task.number, [])
        parts.append((findings, metrics))
        self.left[task.number] -= task.rows
        if self.left[task.number] == 0:
            whole = [pa.concat_tables(tables) for tables in zip(*parts, strict=True)]
            save = runs.SaveShard(self.run_id, task.number, *whole)
            self.writes.append(self.store.write(save))
            del self.parts[task.number]

    def lose(self, task: Task) -> None:
        """The sample that kills the worker has no finding of this check; the rest goes on."""
        log.warning("sample %s kills the worker", task.samples["sample_id"].to_pylist())
        self.add(task, FINDING_SCHEMA.empty_table(), METRIC_SCHEMA.empty_table())

    def finish(self) -> None:
        for write in self.writes:
            write.result()


@dataclass(frozen=True, slots=True)
class Auditor:
    store: Store
    folder: ProjectFolder
    pool: Pool
    understood: Understanding
    progress: Progress
    options: AuditOptions

    def run(self) -> list[CheckEnd]:
        """Run the checks one after the other. Raises ParameterError, UnknownCheckError, CancelledError."""
        chosen = needs.chosen(self.options)
        ready = self._prepare([spec for spec, _ in chosen])
        return [self._run_one(spec, params, ready) for spec, params in chosen]

    def _prepare(self, specs: Sequence[CheckSpec]) -> dict[str, Ready]:
        with self.store.reader() as db:
            ready = needs.attached(db, self.folder.embeddings)
        for name in needs.to_compute(specs, ready):
            ready[name] = self._embed(name)
        return ready

    def _embed(self, name: str) -> Ready:
        """Features of every readable image, of which those already there are kept."""
        facts = self._encoder_facts()
        key, wide = needs.features_key(facts), facts["dim"] * needs.COMPUTED[name].places
        features = needs.features(self.folder.embeddings, key, name)
        with self.store.reader() as db:
            readable = samples.readable(db)
            rows = samples.next_id(db)
        features.prepare(rows, wide)
        missing = features.pending(readable["pixel_hash"], readable["sample_id"].to_numpy())
        self.store.write(project.PutFact("encoder", facts)).result()
        self.store.write(project.PutFact(f"encoder:{facts['id']}", facts)).result()
        all_ids = readable["sample_id"].to_numpy()

        def keep(_task: Task, tables: Mapping[str, pa.Table]) -> None:
            found = tables["features"]
            ids = found["sample_id"].to_numpy()
            values = found["values"].combine_chunks().flatten().to_numpy().reshape(-1, wide)
            places = np.searchsorted(all_ids, ids)
            features.put(ids, values, readable["pixel_hash"].take(pa.array(places)))

        began, rows = self.pool.clock(), fair_rows(len(missing), self.pool.size)
        self.pool.run(
            shards(
                readable.take(pa.array(missing)),
                "auditor.jobs.tasks:embed",
                {**self._encoder_config(), "need": name},
                rows,
            ),
            Handlers(
                done=keep,
                lost=lambda _task: None,
                failed=raise_failure,
                progress=lambda done, total: self.progress(
                    rates.stage(facts["id"], name), done, total
                ),
            ),
            total=len(missing),
            workers=1 if self.options.device.startswith("cuda") else None,
        )
        work = rates.of_features(facts["id"], self.options, name)
        rates.note(self.store, self.pool, work, len(missing), rows, began)
        lost = frozenset(all_ids[features.pending(readable["pixel_hash"], all_ids)].tolist())
        if lost:
            log.warning("%d images could not be read any more: %s", len(lost), sorted(lost)[:20])
            key += "-" + hashlib.sha256(repr(sorted(lost)).encode()).hexdigest()[:16]
        gone = lost and len(lost) == len(all_ids)
        flaw = f"no image can be read any more in {self.understood.root}: import it again"
        return Ready(features.path, key, flaw=flaw if gone else None, without=lost)

    def _encoder_config(self) -> dict[str, Any]:
        return {
            "encoder": self.options.encoder,
            "device": self.options.device,
            "root": str(self.understood.root),
            "image_column": self.understood.columns.get("image"),
            "threads": 1,
        }

    def _encoder_facts(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        nothing = pa.table({"sample_id": pa.array([], pa.int64())})
        self.pool.run(
            [
                Task(
                    "auditor.jobs.tasks:describe_encoder",
                    nothing,
                    self._encoder_config(),
                    may_halve=False,
                )
            ],
            Handlers(
                done=lambda _task, tables: found.update(tables["encoder"].to_pylist()[0]),
                lost=worker_died,
                failed=raise_failure,
            ),
            total=0,
        )
        return found

    def _run_one(self, spec: CheckSpec, params: Any, ready: Mapping[str, Ready]) -> CheckEnd:
        lacking = needs.lacking(spec, ready) or needs.unnamed(spec, params)
        if lacking:
            return CheckEnd(spec.id, "skipped", message=lacking)
        try:
            used = {**needs.used(spec, ready), **self._tables(spec, params)}
        except (TaskError, JournalBusyError) as error:
            return CheckEnd(spec.id, "failed", message=_why_failed(spec, error))
        with self.store.reader() as db:
            identity = needs.identity(db, spec, params, used, self.options)
        known = runs.ReuseRun(identity)
        self.store.write(known).result()
        if known.found:
            return CheckEnd(spec.id, "reused")
        started = self.pool.clock()
        run = runs.StartRun(identity)
        self.store.write(run).result()
        state, message = "failed", None
        try:
            self._run_shards(spec, params, used, run.run_id)
            state, message = "done", _left_out(used)
        except CancelledError:
            state = "cancelled"
            raise
        except TaskError as error:
            message = str(error)
        finally:
            seconds = self.pool.clock() - started
            self.store.write(runs.EndRun(run.run_id, state, seconds, message)).result()
        return CheckEnd(spec.id, state, seconds, message)

    def _tables(self, spec: CheckSpec, params: Any) -> dict[str, Ready]:
        """What the check reads beside arrays: answers about the pictures, another check's findings."""
        found: dict[str, Ready] = {}
        if "answers" in needs.names(spec):
            asker = Asker(
                self.store, self.folder, self.pool, self.understood, self.progress, self.options
            )
            found |= asker.prepare(params)
        with self.store.reader() as db:
            found |= other_findings.ready(db, spec, self.folder.answers)
        if class_sentences.NEED in spec.uses and params.reading == "sentences":
            with self.store.reader() as db:
                classes = project.classes(db)
            found[class_sentences.NEED] = class_sentences.class_texts(
                self.pool, self._encoder_config(), classes, params.thing, self.folder.answers
            )
        return found

    def _run_shards(
        self, spec: CheckSpec, params: Any, used: Mapping[str, Ready], run_id: int
    ) -> None:
        table, classes, multi_label = self._samples(spec, used)
        whole = spec.scope == "dataset"
        rows = max(1, table.num_rows) if whole else SHARD
        config = {
            "check_id": spec.id,
            "params": {name: getattr(params, name) for name in params.__dataclass_fields__},
            "classes": list(classes),
            "multi_label": multi_label,
            "seed": self.options.seed,
            "device": self.options.device,
            "arrays": _paths(used, ".npy"),
            "tables": _paths(used, ".arrow"),
            "threads": self.pool.size if whole else 1,
        }
        with self.store.reader() as db:
            done = runs.done_shards(db, run_id)
        tasks = [
            t
            for t in shards(table, "auditor.jobs.tasks:check", config, rows)
            if t.number not in done
        ]
        saver = _ShardSaver(self.store, run_id, {t.number: t.rows for t in tasks})
        self.pool.run(
            [replace(task, may_halve=not whole) for task in tasks],
            Handlers(
                done=lambda task, tables: saver.add(task, tables["findings"], tables["metrics"]),
                lost=worker_died if whole else saver.lose,
                failed=raise_failure,
                progress=lambda d, t: self.progress(spec.title, d, t),
            ),
            total=sum(task.rows for task in tasks),
        )
        saver.finish()

    def _samples(
        self, spec: CheckSpec, used: Mapping[str, Ready]
    ) -> tuple[pa.Table, tuple[str, ...], bool]:
        columns = [n for n in MEDIA_SCHEMA.names if n in needs.names(spec) and n != "sample_id"]
        # A row of computed features exists only for images that could be read.
        where = "m.pixel_hash is not null" if used.keys() & needs.COMPUTED.keys() else "true"
        with self.store.reader() as db:
            table = samples.read(db, columns, where=where)
            classes, multi_label = project.classes(db), samples.multi_label(db)
        if without := frozenset[int]().union(*(one.without for one in used.values())):
            known = pc.is_in(table["sample_id"], value_set=pa.array(sorted(without), pa.int64()))
            table = table.filter(pc.invert(known))
        return table, classes, multi_label


def _paths(used: Mapping[str, Ready], suffix: str) -> dict[str, str]:
    return {name: str(one.path) for name, one in used.items() if one.path.suffix == suffix}


def _why_failed(spec: CheckSpec, error: Exception) -> str:
    """What failed, and that answers are kept where it does not say so itself."""
    message = str(error)
    if "answers" not in needs.names(spec) or "kept" in message:
        return message
    return f"{message.removesuffix('.')}. What was answered is kept."


def _left_out(used: Mapping[str, Ready]) -> str | None:
    """What is to be said of a check that could not see all it should."""
    lost = len(frozenset[int]().union(*(one.without for one in used.values())))
    return (
        f"{lost:,} of the images cannot be read any more: import the data set again"
        if lost
        else None
    )
