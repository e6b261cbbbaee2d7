"""How long work takes per sample: as noted here, else as measured elsewhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from auditor.jobs.pool import Pool
from auditor.session.needs import AuditOptions
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


def of_features(encoder: str, options: AuditOptions) -> str:
    """The name under which the rate of this encoder is kept."""
    return f"features:{encoder}:{options.device}"


def noted(db: Connection, work: str) -> Rate | None:
    """What the work took here the last time."""
    facts = project.fact(db, f"rate:{work}")
    return Rate(**facts) if facts else None


def note(store: Store, pool: Pool, work: str, samples: int, shard: int, since: float) -> None:
    """Keep what the work took since that time of the pool's clock."""
    if samples >= _FEWEST:
        rate = Rate(samples, pool.clock() - since, min(pool.size, -(-samples // shard)))
        store.write(project.PutFact(f"rate:{work}", asdict(rate))).result()
