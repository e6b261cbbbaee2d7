"""What is to be asked about which sample: the bank's questions of its label, and of other classes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.ask import tabled
from auditor.ask.base import Prompt, Question
from auditor.ask.judging import HALF
from auditor.ask.reliability import Answers, learn, posterior, ratios
from auditor.ml.seeded import seeded_hash

Flags = npt.NDArray[np.bool_]

_SMALL = 12
"""Of so few classes any other may be asked about where no check says which are likely."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows of what is to be asked: sample_id, pixel_hash, about, question, prompt_key, place.

    `question` counts in `questions`.
    """

    table: pa.Table
    questions: tuple[Question, ...]

    @property
    def prompts(self) -> dict[str, Prompt]:
        return {one.prompt.key: one.prompt for one in self.questions}

    def beside(self, other: Wanted) -> Wanted:
        """Both, each row once. Both count their questions alike."""
        rows = pa.concat_tables([self.table.drop(["place"]), other.table.drop(["place"])])
        rows = rows.group_by(_ROW, use_threads=False).aggregate([])
        return Wanted(
            numbered(rows.sort_by([("sample_id", "ascending"), ("question", "ascending")])),
            self.questions,
        )

    def without(self, other: Wanted) -> Wanted:
        """What is not in the other plan. Both count their questions alike."""
        key = ["sample_id", "question"]
        rows = self.table.drop(["place"]).join(other.table.select(key), key, join_type="left anti")
        return Wanted(numbered(rows.sort_by([(name, "ascending") for name in key])), self.questions)


_ROW = ["sample_id", "pixel_hash", "about", "question", "prompt_key"]


def of_labels(samples: pa.Table, abouts: pa.Array, bank: Sequence[Question]) -> Wanted:
    """Each sample's questions about one class: `abouts` names it, null for none."""
    by_class = _by_class(bank)
    pairs = pa.table(
        {
            "sample_id": samples["sample_id"],
            "pixel_hash": samples["pixel_hash"],
            "about": abouts,
        }
    )
    rows = pairs.join(by_class, "about", join_type="inner").select(_ROW)
    return Wanted(
        numbered(rows.sort_by([("sample_id", "ascending"), ("question", "ascending")])),
        tuple(bank),
    )


def _by_class(bank: Sequence[Question]) -> pa.Table:
    used = [(i, one) for i, one in enumerate(bank) if one.enabled]
    return pa.table(
        {
            "about": pa.array([one.about for _, one in used], pa.string()),
            "question": pa.array([i for i, _ in used], pa.int64()),
            "prompt_key": pa.array([one.prompt.key for _, one in used], pa.string()),
        }
    )


def numbered(rows: pa.Table) -> pa.Table:
    """With the column `place`: where each row lies."""
    return rows.append_column("place", pa.array(np.arange(rows.num_rows)))


def alternatives(
    given: Sequence[str | None],
    likely: Sequence[Sequence[str]],
    classes: Sequence[str],
    count: int,
) -> list[list[str]]:
    """Other classes to be asked about each sample: the `count` likeliest.

    Where none is known to be likely, every class of a small set: one of them is the true one.
    """
    spare: Sequence[str] = classes if len(classes) <= _SMALL else ()
    found = []
    for own, ranked in zip(given, likely, strict=True):
        likeliest = [name for name in ranked if name != own][:count]
        found.append(likeliest or [name for name in spare if name != own])
    return found


def of_alternatives(
    samples: pa.Table, others: Iterable[Sequence[str]], bank: Sequence[Question]
) -> Wanted:
    """The same questions about each of a sample's other classes."""
    lists = list(others)
    repeated = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    names = pa.array([name for one in lists for name in one], pa.string())
    return of_labels(samples.take(pa.array(repeated, pa.int64())), names, bank)


def at_random(ids: npt.NDArray[np.int64], share: float, seed: int) -> Flags:
    """A seeded share of the samples, the same however the rows lie."""
    drawn: Flags = seeded_hash(ids, seed).astype(np.float64) / 2.0**64 < share
    return drawn


def doubted(answers: pa.Table, least: float) -> pa.Array:
    """Ids of samples whose label is wrong with probability `least` or more by the answers about it.

    Or of which fewer than half of the answers agree, however little these seem to be worth.
    """
    known = answers.filter(pc.is_valid(answers["agree"]))
    if not known.num_rows:
        return pa.array([], pa.int64())
    ids, place = np.unique(known["sample_id"].to_numpy(), return_inverse=True)
    found = tabled.numbered(known)
    agree = known["agree"].cast(pa.float64()).to_numpy()
    said = Answers(place, found.question, agree, np.ones(len(place), bool))
    learnt = learn(said, found.kinds)
    p_error = posterior(ratios(said, learnt, len(ids)), learnt.noise)
    mean = np.bincount(place, weights=agree) / np.bincount(place)
    return pa.array(ids[(p_error >= least) | (mean < HALF)])
