"""A worker process of one's own, for questions that must not wait for an audit."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from auditor.jobs.pool import CancelledError, Handlers, Pool, Task, WorkersKeepDyingError
from auditor.session.importing import TaskError, raise_failure


class WarmWorkerError(RuntimeError):
    """The job was not done. Says why in a sentence."""


class WorkerDiedError(WarmWorkerError):
    """The job ended its process each time it was tried."""


class WarmWorker:
    """Started at the first question and kept until `close`. Thread-safe; questions wait in turn."""

    def __init__(self) -> None:
        self._pool = Pool(1)
        self._turn = threading.Lock()
        self._closed = False

    def ask(self, job: str, samples: pa.Table, config: Mapping[str, Any]) -> Mapping[str, pa.Table]:
        """What the job of that name answers; see jobs.tasks. Raises WarmWorkerError; blocks."""
        answers: dict[str, pa.Table] = {}
        task = Task(job, samples, config, may_halve=False)
        handlers = Handlers(
            done=lambda _task, tables: answers.update(tables), lost=_died, failed=raise_failure
        )
        with self._turn:
            if self._closed:
                raise WarmWorkerError("the project is closed")
            try:
                self._pool.run([task], handlers, total=task.rows)
            except CancelledError:
                raise WarmWorkerError("the project is closed") from None
            except (TaskError, WorkersKeepDyingError) as error:
                raise WarmWorkerError(str(error)) from None
        return answers

    def close(self) -> None:
        """End the worker, whatever it is at."""
        self._closed = True
        self._pool.cancel.set()
        with self._turn:
            self._pool.close()


def _died(_task: Task) -> None:
    raise WorkerDiedError(
        "the process that worked on it died each time: see the log; is the memory full?"
    )
