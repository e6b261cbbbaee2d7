"""How long work takes per sample: as noted here, else as measured elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field

from auditor.jobs.pool import Pool
from auditor.progress import Progress
from auditor.session.background import Background
from auditor.session.needs import COMPUTED, AuditOptions
from auditor.store import project
from auditor.store.db import Connection, Store

_FEWEST = 64
"""Of fewer samples, the start of the workers is most of the time."""

LOOKING = "looking"


@dataclass(frozen=True, slots=True)
class Rate:
    """What some work took."""

    samples: int
    seconds: float
    workers: int

    def seconds_for(self, samples: int, workers: int) -> float:
        return self.seconds * self.workers / self.samples * samples / workers


# docs/benchmarks.md: two processes over photographs of about 500 x 375; one over 10,000 samples
# of 64 values; 1,281,167 rows of 1,000 probabilities; the classic features; findings in shards.
MEASURED = {
    LOOKING: Rate(450, 1.0, 2),
    "features:classic": Rate(243, 1.0, 1),
    "label_errors:embedding": Rate(10_000, 10.0, 1),
    "label_errors:pred_probs": Rate(1_000_000, 7.0, 1),
    "unreadable_images": Rate(327_000, 1.0, 1),
}
STARTS = {True: 8.0, False: 3.0}
"""Seconds until two workers have loaded what they need, whether that holds the model libraries."""


@dataclass
class StartWatch:
    """A progress that notes how long the workers of an audit took to start, where they had to.

    That is the time in which a stage had done nothing yet, before its first sample.
    """

    jobs: Background
    tell: Progress
    light: Collection[str]
    """Stages that need no model library."""
    _since: float = field(init=False)
    _stage: str = field(default="", init=False)
    _spent: float = field(default=0.0, init=False)
    _worked: set[str] = field(default_factory=set, init=False)
    _was_cold: bool = field(init=False)

    def __post_init__(self) -> None:
        self._since, self._was_cold = self.jobs.clock(), not self.jobs.has_workers

    def report(self, stage: str, done: int, total: int) -> None:
        """Pass it on."""
        if stage != self._stage:
            # What begins has waited since the stage before ended; the first, since the start.
            self._stage = stage
            self._since = self._since if not self._worked else self.jobs.clock()
        if done and stage not in self._worked:
            self._worked.add(stage)
            self._spent += self.jobs.clock() - self._since
        self.tell(stage, done, total)

    def note(self, store: Store) -> None:
        """Keep it, where workers were started and did something."""
        if self._was_cold and self._worked:
            heavy = bool(self._worked - set(self.light))
            store.write(project.PutFact(_start_key(heavy), self._spent)).result()


def start(db: Connection, *, heavy: bool) -> float:
    """Seconds until workers that are not there yet are at work: as noted here, else elsewhere."""
    noted_here: float | None = project.fact(db, _start_key(heavy))
    return STARTS[heavy] if noted_here is None else noted_here


def _start_key(heavy: bool) -> str:
    return f"start:{'models' if heavy else 'plain'}"


def of_features(encoder: str, options: AuditOptions, name: str = "embedding") -> str:
    """The name under which the rate of this encoder is kept, for that array."""
    return f"{COMPUTED[name].stage}:{encoder}:{options.device}"


def stage(encoder: str, name: str) -> str:
    """What the computing of that array is called while it goes on."""
    return f"{COMPUTED[name].title} ({encoder})"


def noted(db: Connection, work: str) -> Rate | None:
    """What the work took here the last time."""
    facts = project.fact(db, f"rate:{work}")
    return Rate(**facts) if facts else None


def note(store: Store, pool: Pool, work: str, samples: int, shard: int, since: float) -> None:
    """Keep what the work took since that time of the pool's clock."""
    if samples >= _FEWEST:
        rate = Rate(samples, pool.clock() - since, min(pool.size, -(-samples // shard)))
        store.write(project.PutFact(f"rate:{work}", asdict(rate))).result()
