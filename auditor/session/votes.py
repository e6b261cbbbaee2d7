"""Annotators' votes of a project: taking in, handing out, merging, deciding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.formats import votes as files
from auditor.model import VOTE_SCHEMA, Verdict
from auditor.session import ballots
from auditor.session.ballots import Ballot, Merged, VotingError
from auditor.session.folder import ProjectFolder
from auditor.store import arrays, project, samples, votes
from auditor.store.db import Connection, Store
from auditor.store.review import DECISION_SCHEMA

GIVEN = "the given label"
"""Annotator under whose name the data set's own label votes."""

Order = Literal["disputed", "wrong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A sample that annotators answered differently about."""

    sample_id: int
    path: str
    labels: tuple[str, ...]
    """As they stand."""
    merged: tuple[str, ...]
    """What the votes say together."""
    disputed: float
    """0: all agree on every label; 1: as many for as against the most disputed one."""
    p_wrong: float
    """Chance that the labels that stand are not those that hold, taking labels for independent."""
    votes: int


@dataclass(frozen=True, slots=True)
class Voting:
    store: Store
    folder: ProjectFolder

    def take_in(self, path: Path, annotator: str | None = None) -> tuple[int, int]:
        """Add a file's votes; returns how many it holds and how many of them are new.

        Raises VoteFileError, and VotingError where it names a sample that the project has not.
        """
        found = files.read(path, annotator)
        with self.store.reader() as db:
            rows = _own(db, found, path)
        step = votes.CastVotes(rows, path.name)
        self.store.write(step).result()
        return found.num_rows, step.added

    def all(self) -> pa.Table:
        """The votes that count, as model.VOTE_SCHEMA. Raises VotingError where there are none."""
        with self.store.reader() as db:
            found = votes.standing(db)
        if not found.num_rows:
            raise VotingError("the project has no votes yet: `auditor votes import PROJECT FILE`")
        return found.cast(VOTE_SCHEMA)

    def complete(self) -> pa.Table:
        """The votes that count, with the "no" that a packet's reviewer gave by naming other labels."""
        found = self.all()
        with self.store.reader() as db:
            return pa.concat_tables([found, votes.implied(db).cast(VOTE_SCHEMA)])

    def history(self, sample_id: int) -> list[dict[str, Any]]:
        """Every vote about a sample, also those that count no more, oldest first, with its source."""
        with self.store.reader() as db:
            rows: list[dict[str, Any]] = votes.history(db, sample_id).to_pylist()
        return rows

    def export(self, path: Path) -> int:
        """Write the votes that count; returns how many. Raises VoteFileError."""
        found = self.all()
        files.write(found, path)
        return int(found.num_rows)

    def merged(
        self,
        method: str = "majority",
        *,
        with_given: bool = False,
        gold: pa.Table | None = None,
        gold_votes: pa.Table | None = None,
        threshold: float | None = None,
    ) -> Merged:
        """The project's votes merged; `with_given` lets the data set's label vote beside the people.

        See ballots.merge; "cleanlab" weighs them with the attached probabilities and takes one label
        a sample. Gold items of packets teach Dawid-Skene how each annotator errs. Raises VotingError.
        """
        cast = self.complete()
        if with_given:
            cast = pa.concat_tables([cast, self._given(cast)])
        if method == "cleanlab":
            return self._by_cleanlab(ballots.ballot(cast), threshold)
        with self.store.reader() as db:
            known = votes.gold(db)
        return ballots.merge(
            cast, method, gold=gold, gold_votes=gold_votes, known=known, threshold=threshold
        )

    def _by_cleanlab(self, cast: Ballot, threshold: float | None) -> Merged:
        with self.store.reader() as db:
            facts, classes = arrays.attached(db, "pred_probs"), project.classes(db)
            flaw = arrays.flaw(db, "pred_probs")
        if facts is None or flaw:
            raise VotingError(
                flaw or "cleanlab weighs votes with probabilities: bring them by `auditor attach`"
            )
        probabilities = np.load(self.folder.embeddings / facts["file"], mmap_mode="r")
        return ballots.by_cleanlab(cast, probabilities, classes, threshold or 0.0)

    def _given(self, cast: pa.Table) -> pa.Table:
        """A vote of the given label about each question that was asked."""
        asked = ballots.ballot(cast).asked
        given = {row["sample_id"]: set(row["given"]) for row in self._now(asked["sample_id"])}
        pairs = zip(asked["sample_id"].to_pylist(), asked["label"].to_pylist(), strict=True)
        said = ["yes" if label in given[sample_id] else "no" for sample_id, label in pairs]
        columns = {"answer": pa.array(said), "annotator": pa.array([GIVEN] * len(said))}
        rows = {name: asked[name] for name in asked.column_names} | columns
        return pa.table(
            {f.name: rows.get(f.name, pa.nulls(len(said), f.type)) for f in VOTE_SCHEMA},
            schema=VOTE_SCHEMA,
        )

    def decisions(self, merged: Merged, *, at_least: int = 1) -> pa.Table:
        """What the merged votes decide, as DECISION_SCHEMA: keep, relabel, or defer where no label fits.

        Samples with fewer than `at_least` annotators are left alone.
        """
        sets = ballots.label_sets(merged)
        voters = ballots.voters(merged.ballot)
        now = {row["sample_id"]: row for row in self._now(sets["sample_id"])}
        rows = [
            _decision(row["sample_id"], row["labels"], now[row["sample_id"]]["labels"])
            for row, count in zip(sets.to_pylist(), voters.tolist(), strict=True)
            if count >= at_least
        ]
        return pa.Table.from_pylist(rows, schema=DECISION_SCHEMA)

    def conflicts(
        self, merged: Merged, order: Order = "disputed", limit: int | None = None
    ) -> list[Conflict]:
        """Samples whose annotators differ (`disputed`), or all by the chance that they are wrong."""
        table, owner = ballots.scored(merged), merged.ballot.sample
        sets = ballots.label_sets(merged)
        now = {row["sample_id"]: row for row in self._now(sets["sample_id"])}
        standing = [now[i]["labels"] for i in sets["sample_id"].to_pylist()]
        named = zip(owner.tolist(), table["label"].to_pylist(), strict=True)
        holds = np.array([label in standing[sample] for sample, label in named])
        score = table["score"].to_numpy()
        right = np.log(np.maximum(np.where(holds, score, 1 - score), 1e-12))
        wrong = 1 - np.exp(np.bincount(owner, right))
        disputed = np.zeros(sets.num_rows)
        np.maximum.at(disputed, owner, table["disputed"].to_numpy())
        first, second = (disputed, wrong) if order == "disputed" else (wrong, disputed)
        ranked = np.lexsort((np.arange(len(first)), -second, -first))
        chosen = [int(i) for i in ranked if order == "wrong" or disputed[i] > 0][:limit]
        listed = zip(chosen, sets.take(pa.array(chosen, pa.int64())).to_pylist(), strict=True)
        return [
            Conflict(
                sample_id=row["sample_id"],
                path=row["path"],
                labels=tuple(standing[place]),
                merged=tuple(row["labels"]),
                disputed=float(disputed[place]),
                p_wrong=float(wrong[place]),
                votes=row["votes"],
            )
            for place, row in listed
        ]

    def _now(self, sample_ids: pa.ChunkedArray) -> list[dict[str, Any]]:
        with self.store.reader() as db:
            found = votes.labels_now(db, pc.unique(sample_ids).to_pylist())
        rows: list[dict[str, Any]] = found.to_pylist()
        return rows


def _decision(sample_id: int, labels: Sequence[str], now: Sequence[str]) -> dict[str, Any]:
    if set(labels) == set(now):
        return {"sample_id": sample_id, "verdict": Verdict.KEEP}
    if not labels:
        note = "no label that was asked about fits"
        return {"sample_id": sample_id, "verdict": Verdict.DEFER, "note": note}
    kept = [label for label in now if label in labels]
    new = [label for label in labels if label not in kept]
    return {"sample_id": sample_id, "verdict": Verdict.RELABEL, "labels": [*kept, *new]}


def _own(db: Connection, found: pa.Table, path: Path) -> pa.Table:
    """The votes with the project's own sample ids, as store.votes.OWN_SCHEMA."""
    ids = samples.find(db, found.select(samples.KEY_SCHEMA.names))
    if ids.null_count:
        place = pc.index(pc.is_null(ids), True).as_py()
        row = found.slice(place, 1).to_pylist()[0]
        name = f"sample {row['sample_id']}" if row["path"] is None else row["path"]
        raise VotingError(
            f"{path.name}, vote {place + 1}: the project has no {name}; nothing was taken in"
        )
    columns = {name: found[name] for name in votes.OWN_SCHEMA.names if name != "sample_id"}
    return pa.table({"sample_id": ids, **columns}, schema=votes.OWN_SCHEMA)
