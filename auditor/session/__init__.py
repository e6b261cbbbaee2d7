"""The one façade both front ends use: open, import, audit, review, query, export, close."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
import pyarrow as pa

from auditor import checks, formats
from auditor.formats.base import FileMode, ImportOptions, Understanding, from_json
from auditor.jobs.pool import CancelledError, Pool
from auditor.model import Verdict
from auditor.progress import Progress, silent
from auditor.report import gate
from auditor.report.result import ExitCode, Result
from auditor.session import deciding, mapping, resuming
from auditor.session.asking import Asker
from auditor.session.attaching import Attached, Attacher
from auditor.session.auditing import Auditor, CheckEnd
from auditor.session.background import Background
from auditor.session.browsing import Ids
from auditor.session.exporting import Exported, Exporter
from auditor.session.folder import ProjectFolder, default_for, whole_or_gone
from auditor.session.importing import Imported, Importer
from auditor.session.interview import Interview
from auditor.session.log import ProjectLog
from auditor.session.mapping import MapPoints
from auditor.session.needs import AuditOptions
from auditor.session.pictures import Pictures
from auditor.session.results import Reporter, Wanted
from auditor.session.similar import Searcher
from auditor.store import bulk, media, project, review, runs, samples
from auditor.store.db import Connection, Store

T = TypeVar("T")

_POLITE = 5
"""Niceness of the workers: the window, and whatever else the user does, come first."""


class EmptyProjectError(RuntimeError):
    """The project has no imported data set yet."""


class Session:
    """One open project: the owner of its file and of the worker processes."""

    def __init__(
        self,
        folder: ProjectFolder,
        *,
        workers: int | None = None,
        progress: Progress = silent,
        memory_mb: int | None = None,
    ) -> None:
        folder.make()
        self.folder = folder
        self.reviewer = ""
        """Who decides; "" is the system's user."""
        self.progress = progress
        self.cancel = threading.Event()
        self._pool = Pool(workers or os.cpu_count() or 1, self.cancel, niceness=_POLITE)
        log_file = folder.logs / "auditor.log"
        self._log = _log_to(log_file)
        try:
            self.store = Store(folder.database, memory_mb=memory_mb)
        except BaseException:
            _end_log(self._log)
            raise
        # Of these, nothing runs until it is used.
        self.jobs = Background(self._pool, log_file)
        self.pictures = Pictures(self.store)
        self.searcher = Searcher(self.store, folder)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        workers: int | None = None,
        progress: Progress = silent,
        memory_mb: int | None = None,
    ) -> Self:
        """Open an existing project. Raises NotAProjectError, StoreLockedError, StoreDamagedError."""
        folder = ProjectFolder(path)
        folder.require()
        return cls(folder, workers=workers, progress=progress, memory_mb=memory_mb)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop what runs and the workers, and let go of the file."""
        with contextlib.ExitStack() as last_first:
            last_first.callback(_end_log, self._log)
            last_first.callback(self.store.close)
            last_first.callback(self._pool.close)
            last_first.callback(self.pictures.close)
            last_first.callback(self.searcher.close)
            last_first.callback(self.jobs.close)

    def read(self, query: Callable[[Connection], T]) -> T:
        """Run one of the store's queries with a cursor of this thread."""
        with self.store.reader() as db:
            return query(db)

    # the data set

    def import_source(
        self, understood: Understanding, progress: Progress | None = None
    ) -> Imported:
        """Take in a source, or its news; computed things of unchanged samples are kept."""
        return self._importer(progress).take_in(understood)

    def _importer(self, progress: Progress | None) -> Importer:
        return Importer(self.store, self.folder, self._pool, progress or self.progress)

    @property
    def understood(self) -> Understanding:
        """The source as it was understood at the import. Raises EmptyProjectError."""
        facts = self.read(lambda db: project.fact(db, "source"))
        if facts is None:
            raise EmptyProjectError(
                f"{self.folder.path} holds no data set yet: `auditor import SOURCE`"
            )
        return from_json(facts)

    def attach(
        self,
        name: str,
        source: Path,
        order: Path | None = None,
        progress: Progress | None = None,
    ) -> Attached:
        """Bring your own "embedding" or "pred_probs". Raises ArrayError, CancelledError."""
        heeding = self._heeding(progress)
        return Attacher(self.store, self.folder, heeding).attach(name, source, order)

    # audits

    def audit(self, options: AuditOptions, progress: Progress | None = None) -> list[CheckEnd]:
        """Run checks; what is done is not done again. Raises CancelledError, ParameterError."""
        understood = self.understood
        with resuming.known(self.store, self.jobs, options, progress or self.progress) as tell:
            self._importer(tell).scan(understood)
            facts = {"seed": options.seed, "device": options.device}
            self.store.write(project.PutFact("audit", facts)).result()
            return Auditor(self.store, self.folder, self._pool, understood, tell, options).run()

    @property
    def interview(self) -> Interview:
        """Questions about the pictures and their answers."""
        return self.interviewing(self.progress)

    def interviewing(self, progress: Progress) -> Interview:
        """The same, for a job that tells how far it is."""

        def asker(options: AuditOptions) -> Asker:
            return Asker(self.store, self.folder, self._pool, self.understood, progress, options)

        return Interview(self.store, asker, lambda: self.who)

    def findings(self, check_id: str, *, only_flagged: bool = True) -> pa.Table:
        """The newest findings of a check, in sample_id order."""
        return self.read(lambda db: runs.findings(db, check_id, only_flagged=only_flagged))

    def has_run(self, check_id: str) -> bool:
        """Whether the check has a finished run."""
        return self.read(lambda db: runs.latest(db, check_id)) is not None

    def is_stale(self, check_id: str) -> bool:
        """Whether the data set, or the check itself, changed after the check's newest run."""
        run = self.read(lambda db: runs.latest(db, check_id))
        if run is None:
            return False
        now = self.read(project.data_version), checks.load(check_id).spec.version
        return (run.data_version, run.version) != now

    # review

    @property
    def who(self) -> str:
        """Under whose name decisions are kept."""
        return self.reviewer or review.this_user()

    def decide(self, decisions: pa.Table, title: str, *, by_rule: bool = False) -> int:
        """Record decisions as one undoable step; returns how many samples it changed."""
        reviewer = self.who + (review.BY_RULE if by_rule else "")
        step = review.Decide(decisions, title, reviewer)
        self.store.write(step).result()
        return step.touched

    def decide_by_rule(
        self, text: str, check_id: str = "label_errors", note: str | None = None
    ) -> int:
        """Apply a rule such as "accept where p_error > 0.95". Raises RuleError, FilterError."""
        rule = deciding.parse_rule(text)
        decisions = self.read(lambda db: deciding.from_rule(db, rule, check_id, note))
        return self.decide(decisions, text, by_rule=True)

    def decide_by_patch(self, path: Path) -> int:
        """Apply a patch file. Raises PatchError."""
        decisions = self.read(lambda db: deciding.from_patch(db, path))
        return self.decide(decisions, f"Apply {path.name}")

    def decide_on(
        self,
        sample_ids: Ids,
        verdict: Verdict | None,
        *,
        labels: Sequence[str] | None = None,
        check_id: str | None = None,
        note: str | None = None,
        title: str | None = None,
    ) -> int:
        """One step about many samples: `accept` takes each one's suggestion, None clears.

        `labels` belongs to `relabel`. Notes stay unless one is given; "" removes them. Samples
        that the check suggests nothing for are left out of `accept`. Returns how many changed.
        """
        choice = bulk.Choice(
            verdict=verdict,
            labels=None if labels is None else tuple(labels),
            check_id=check_id,
            note=note,
        )
        step = bulk.DecideAlike(np.asarray(sample_ids, np.int64), choice, self.who, title)
        self.store.write(step).result()
        return step.touched

    def decide_together(
        self,
        parts: Mapping[Verdict, Sequence[int]],
        title: str,
        *,
        check_id: str | None = None,
    ) -> int:
        """One step about several lists of samples, a verdict each; none is relabel."""
        chosen = [
            (np.array(ids, np.int64), bulk.Choice(verdict=verdict, check_id=check_id))
            for verdict, ids in parts.items()
        ]
        step = bulk.DecideTogether(chosen, title, self.who)
        self.store.write(step).result()
        return step.touched

    def annotate(self, sample_ids: Ids, note: str) -> int:
        """Set the note ("" removes it) and leave the decision as it is."""
        step = bulk.Annotate(np.asarray(sample_ids, np.int64), note, self.who)
        self.store.write(step).result()
        return step.touched

    def undo(self) -> tuple[str, int]:
        """Take back the newest standing step: its title and how many samples changed."""
        step = review.Undo(self.who)
        self.store.write(step).result()
        return step.title, step.touched

    def redo(self) -> tuple[str, int]:
        """Do again what was undone last."""
        step = review.Redo(self.who)
        self.store.write(step).result()
        return step.title, step.touched

    # the map

    def map_points(self) -> MapPoints | None:
        """The map that was made last, or None."""
        return self.read(lambda db: mapping.points(db, self.folder))

    def make_map(self, progress: Progress = silent) -> MapPoints:
        """Compute the map. Raises MapError, CancelledError."""
        return mapping.make(self.store, self.folder, self._pool, progress)

    # results

    def export(
        self, out: Path, files: FileMode = "copy", progress: Progress | None = None
    ) -> Exported:
        """Write the cleaned data set, in the source's format, to the new folder `out`.

        Raises ExportError, FormatError, CancelledError; then nothing is left in `out`.
        """
        heeding = self._heeding(progress)
        with whole_or_gone(out):
            return Exporter(self.store, self.folder, self.understood, heeding).export(out, files)

    def report(
        self, out: Path, wanted: Wanted, ended: Sequence[CheckEnd] = ()
    ) -> tuple[Result, ExitCode]:
        """Write result.json, findings.parquet and report.html into `out`; the gate's exit code."""
        whole = Reporter(self.store, self.folder, self.understood).write(out, wanted, ended)
        return whole, gate.exit_code(whole)

    def thumbnails(self, sample_ids: list[int]) -> dict[int, bytes]:
        """Encoded pictures by sample id."""
        return self.read(lambda db: media.thumbnails(db, self.folder.thumbnails, sample_ids))

    def _heeding(self, progress: Progress | None) -> Progress:
        """For work outside the pool: the progress, which stops it where the user cancelled."""
        tell = progress or self.progress

        def report(stage: str, done: int, total: int) -> None:
            tell(stage, done, total)
            if self.cancel.is_set():
                raise CancelledError("stopped; nothing of it was kept")

        return report

    def true_labels(self, column: str) -> pa.Table:
        """An extra column of the source: sample_id and value."""
        return self.read(lambda db: samples.extra_column(db, column))


def understand(source: Path, options: ImportOptions) -> Understanding:
    """Explain a source without taking it in. Raises FormatError."""
    absolute = Path(os.path.abspath(source))  # noqa: PTH100  resolve() would follow links
    return formats.understand(absolute, options)


def project_for(source: Path, wanted: Path | None) -> ProjectFolder:
    """The project folder that the user named, or NAME.audit after the source."""
    return ProjectFolder(wanted) if wanted else default_for(source)


def _log_to(path: Path) -> logging.Handler:
    handler = ProjectLog(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("auditor").addHandler(handler)
    return handler


def _end_log(handler: logging.Handler) -> None:
    logging.getLogger("auditor").removeHandler(handler)
    handler.close()


__all__ = [
    "Attached",
    "AuditOptions",
    "CheckEnd",
    "EmptyProjectError",
    "Exported",
    "ImportOptions",
    "Imported",
    "Session",
    "Understanding",
    "Wanted",
    "project_for",
    "understand",
]
