"""Votes as numbers: what was asked, who answered, and what the answers say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.formats.votes import OF_LABEL
from auditor.ml import consensus

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SAMPLE = ("path", "row", "sample_id")
METHODS = ("majority", "dawid_skene")


class VotingError(ValueError):
    """The votes do not allow what was asked of them."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """Votes no, maybe, yes about single labels of samples."""

    asked: pa.Table
    """One row per question: path, row, sample_id, label; in the order in which they first come."""
    sample: Ints
    """Number of each question's sample, from 0."""
    votes: consensus.Votes
    annotators: tuple[str, ...]
    is_named: bool
    """Whether every vote tells whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Per question of a ballot: the score that the label holds, and whether it is taken."""

    ballot: Ballot
    score: Floats
    threshold: float
    quality: dict[str, float]
    """Chance that an annotator's answer is right, as the method sees it; by the annotator's name."""
    taken: Flags


def ballot(votes: pa.Table) -> Ballot:
    """VOTE_SCHEMA as numbers; a four-way answer counts as an answer about each of its two labels."""
    plain = about_labels(votes)
    keys, first = groups(plain, (*SAMPLE, "label"))
    samples, _ = groups(plain.take(first), SAMPLE)
    names, who = coded(plain["annotator"])
    _, answer = coded(plain["answer"], OF_LABEL)
    return Ballot(
        asked=plain.select([*SAMPLE, "label"]).take(first),
        sample=samples,
        votes=consensus.Votes(
            annotator=who,
            question=keys,
            answer=answer,
            annotators=len(names),
            questions=len(first),
            speaks=consensus.NO_MAYBE_YES,
        ),
        annotators=tuple(names),
        is_named=plain["annotator"].null_count == 0,
    )


def about_labels(votes: pa.Table) -> pa.Table:
    """Four-way answers as two answers each; the others as they are."""
    in_pairs = pc.is_valid(votes["suggested"])
    pairs = votes.filter(in_pairs)
    parts = [votes.filter(pc.invert(in_pairs))]
    for label, holding in (("label", ["given", "both"]), ("suggested", ["suggested", "both"])):
        holds = pc.is_in(pairs["answer"], pa.array(holding))
        part = pairs.set_column(pairs.schema.get_field_index("label"), "label", pairs[label])
        said = pc.if_else(holds, "yes", "no")
        parts.append(part.set_column(part.schema.get_field_index("answer"), "answer", said))
    return pa.concat_tables(parts, promote_options="permissive").drop_columns("suggested")


def groups(table: pa.Table, columns: Sequence[str]) -> tuple[Ints, Ints]:
    """Number of each row's group of equal values, in order of appearance, and each group's first row."""
    codes = [coded(table[name]) for name in columns]
    wide = reduce(
        lambda key, part: _dense(key * (len(part[0]) + 1) + part[1] + 1),
        codes,
        np.zeros(table.num_rows, np.int64),
    )
    _, first, group = np.unique(wide, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[group], first[order]


def _dense(keys: Ints) -> Ints:
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def coded(column: pa.ChunkedArray, values: Sequence[str] = ()) -> tuple[list[Any], Ints]:
    """The distinct values, or those asked for, and each row's index into them; -1 for null."""
    if values:
        found = pc.index_in(column, value_set=pa.array(values))
        return list(values), pc.fill_null(found, -1).to_numpy().astype(np.int64)
    encoded = column.combine_chunks().dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return encoded.dictionary.to_pylist(), codes.astype(np.int64)


def merge(
    votes: pa.Table,
    method: str = "majority",
    *,
    gold: pa.Table | None = None,
    gold_votes: pa.Table | None = None,
    known: Mapping[int, Sequence[str]] | None = None,
    threshold: float | None = None,
) -> Merged:
    """What the votes say of each label asked about.

    `gold` are experts' votes: the threshold (0.5 where there are none) is the cut that decides most
    of their questions rightly. `gold_votes` are the annotators' further votes about those: they teach
    how each of them errs, as do the votes about samples (by id) whose labels are `known`. Raises VotingError.
    """
    if method not in METHODS:
        raise VotingError(
            f"votes are merged by {', '.join(METHODS)} or, in a project, cleanlab; not by {method!r}"
        )
    cast = ballot(votes)
    truth = _truth(gold) if gold is not None else {}
    if method == "majority":
        score, quality = consensus.shares(cast.votes)[:, 1], dict[str, float]()
    else:
        score, quality = _dawid_skene(cast, truth, gold_votes, known or {})
    if threshold is None:
        threshold = _threshold(cast, score, truth) if truth else 0.5
    return Merged(
        ballot=cast, score=score, threshold=threshold, quality=quality, taken=score > threshold
    )


def one_each(merged: Merged) -> Merged:
    """The same where exactly one label of a sample holds: the likeliest of those that anybody named.

    The score becomes the label's chance among all asked about, from their chances as independent
    ones: p/(1-p) over the sum of these. A tie, and a sample of which nobody named a label, is left
    without any.
    """
    cast = merged.ballot
    chance = np.clip(merged.score, 1e-9, 1 - 1e-9)
    odds = chance / (1 - chance)
    score = odds / np.bincount(cast.sample, odds)[cast.sample]
    said = np.flatnonzero(cast.votes.answer != OF_LABEL.index("no"))
    named = np.zeros(len(score), bool)
    named[cast.votes.question[said]] = True
    best = np.full(int(cast.sample.max()) + 1, -np.inf)
    np.maximum.at(best, cast.sample, np.where(named, score, -np.inf))
    is_best = named & (score >= best[cast.sample] - 1e-9)
    alone = np.bincount(cast.sample, is_best)[cast.sample] == 1
    return replace(merged, score=score, taken=is_best & alone)


def disputed(cast: Ballot) -> Flags:
    """Questions (n,) whose votes are not all the same answer."""
    low = np.full(cast.votes.questions, len(OF_LABEL))
    high = np.full(cast.votes.questions, -1)
    np.minimum.at(low, cast.votes.question, cast.votes.answer)
    np.maximum.at(high, cast.votes.question, cast.votes.answer)
    return low < high


def _dawid_skene(
    cast: Ballot,
    truth: dict[Any, bool],
    gold_votes: pa.Table | None,
    labels: Mapping[int, Sequence[str]],
) -> tuple[Floats, dict[str, float]]:
    if not cast.is_named:
        raise VotingError(
            "Dawid-Skene weighs each annotator, and these votes do not tell whose they are:"
            " merge them by majority"
        )
    votes, known, names = cast.votes, _known(cast, labels), cast.annotators
    if gold_votes is not None and truth:
        votes, more, names = _with_gold(cast, ballot(gold_votes), truth)
        known = consensus.Known(
            np.concatenate([known.question, more.question]),
            np.concatenate([known.state, more.state]),
        )
    fit = consensus.dawid_skene(votes, known)
    quality = consensus.quality(fit, votes.speaks)
    score = fit.posterior[: cast.votes.questions, 1]
    return score, dict(zip(names, quality.tolist(), strict=True))


def _known(cast: Ballot, labels: Mapping[int, Sequence[str]]) -> consensus.Known:
    pairs = zip(cast.asked["sample_id"].to_pylist(), cast.asked["label"].to_pylist(), strict=True)
    return _pairs([(n, name in labels[i]) for n, (i, name) in enumerate(pairs) if i in labels])


def _with_gold(
    cast: Ballot, gold: Ballot, truth: dict[Any, bool]
) -> tuple[consensus.Votes, consensus.Known, tuple[str, ...]]:
    """The votes and, after their questions, those about gold, whose states are known."""
    names = tuple(dict.fromkeys((*cast.annotators, *gold.annotators)))
    place = {name: number for number, name in enumerate(names)}
    own = np.array([place[name] for name in gold.annotators], np.int64)
    votes = consensus.Votes(
        annotator=np.concatenate([cast.votes.annotator, own[gold.votes.annotator]]),
        question=np.concatenate([cast.votes.question, cast.votes.questions + gold.votes.question]),
        answer=np.concatenate([cast.votes.answer, gold.votes.answer]),
        annotators=len(names),
        questions=cast.votes.questions + gold.votes.questions,
        speaks=cast.votes.speaks,
    )
    known = _in(truth, gold)
    return votes, replace(known, question=cast.votes.questions + known.question), names


def by_cleanlab(
    cast: Ballot, pred_probs: npt.NDArray[Any], classes: Sequence[str], threshold: float
) -> Merged:
    """One label a sample by cleanlab's consensus of single labels and a model's probabilities.

    `pred_probs` (N, classes) has a row per sample id. An annotator chose a class where it is the only
    one they said yes to. A question's score is the consensus' quality where its label is that, else 0.
    """
    from auditor.ml import multiannotator

    if not cast.is_named:
        raise VotingError(
            "cleanlab weighs each annotator, and these votes do not tell whose they are"
        )
    chosen = _choices(cast, classes)
    voted = np.flatnonzero(~np.isnan(chosen).all(1))
    voting = np.flatnonzero(~np.isnan(chosen).all(0))
    if len(voting) < 2:
        raise VotingError("cleanlab merges the votes of two annotators or more")
    ids = np.empty(len(chosen), np.int64)
    ids[cast.sample] = cast.asked["sample_id"].to_numpy()
    found = multiannotator.consensus(
        chosen[np.ix_(voted, voting)], np.asarray(pred_probs[ids[voted]], np.float64)
    )
    label, sure = np.full(len(chosen), -1), np.zeros(len(chosen))
    label[voted], sure[voted] = found.label, found.quality
    _, own = coded(cast.asked["label"], classes)
    names = [cast.annotators[i] for i in voting]
    score = np.where(own == label[cast.sample], sure[cast.sample], 0.0)
    return Merged(
        ballot=cast,
        score=score,
        threshold=threshold,
        taken=score > threshold,
        quality=dict(zip(names, found.annotator_quality.tolist(), strict=True)),
    )


def _choices(cast: Ballot, classes: Sequence[str]) -> Floats:
    """Class that each annotator chose for each sample (samples, annotators); nan for none or several."""
    _, label = coded(cast.asked["label"], classes)
    says_yes = cast.votes.answer == OF_LABEL.index("yes")
    who, asked = cast.votes.annotator[says_yes], cast.votes.question[says_yes]
    sample = cast.sample[asked]
    chosen = np.full((int(cast.sample.max()) + 1, len(cast.annotators)), np.nan)
    several = np.zeros(chosen.shape, np.int64)
    np.add.at(several, (sample, who), 1)
    chosen[sample, who] = label[asked]
    chosen[(several != 1) | (chosen < 0)] = np.nan
    return chosen


def _truth(gold: pa.Table) -> dict[Any, bool]:
    """By question: whether most experts' votes say that the label holds."""
    cast = ballot(gold)
    share = consensus.shares(cast.votes)[:, 1]
    return dict(zip(_keys(cast.asked), (share > 0.5).tolist(), strict=True))


def _threshold(cast: Ballot, score: Floats, truth: dict[Any, bool]) -> float:
    known = _in(truth, cast)
    if not len(known.question):
        raise VotingError("no gold question is among the votes' questions")
    return consensus.threshold(score[known.question], known.state.astype(bool))


def _in(truth: dict[Any, bool], cast: Ballot) -> consensus.Known:
    """Those of a ballot's questions whose truth is known."""
    return _pairs([(n, truth[key]) for n, key in enumerate(_keys(cast.asked)) if key in truth])


def _pairs(found: list[tuple[int, bool]]) -> consensus.Known:
    places, states = np.array(found, np.int64).reshape(-1, 2).T
    return consensus.Known(places, states)


def _keys(asked: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(asked[name].to_pylist() for name in asked.column_names), strict=True))


def label_sets(merged: Merged) -> pa.Table:
    """One row per sample: path, row, sample_id, labels (those taken, in the order asked), votes."""
    asked, samples = merged.ballot.asked, merged.ballot.sample
    _, first = np.unique(samples, return_index=True)
    labels: list[list[str]] = [[] for _ in first]
    names = asked["label"].to_pylist()
    for question in np.flatnonzero(merged.taken):
        labels[samples[question]].append(names[question])
    voted = np.bincount(merged.ballot.votes.question, minlength=len(samples))
    return (
        asked.select(SAMPLE)
        .take(first)
        .append_column("labels", pa.array(labels, pa.list_(pa.string())))
        .append_column("votes", pa.array(np.bincount(samples, voted).astype(np.int64)))
    )


def voters(cast: Ballot) -> Ints:
    """Annotators of each sample (samples,); of unnamed votes, the most about one of its questions."""
    if cast.is_named:
        pairs = cast.sample[cast.votes.question] * cast.votes.annotators + cast.votes.annotator
        return np.bincount(np.unique(pairs) // cast.votes.annotators).astype(np.int64)
    most = np.zeros(int(cast.sample.max()) + 1, np.int64)
    np.maximum.at(most, cast.sample, np.bincount(cast.votes.question))
    return most


def scored(merged: Merged) -> pa.Table:
    """One row per question: path, row, sample_id, label, score, taken, votes, disputed (0 to 1)."""
    cast = merged.ballot
    share = consensus.shares(cast.votes)[:, 1]
    return (
        cast.asked.append_column("score", pa.array(merged.score))
        .append_column("taken", pa.array(merged.taken))
        .append_column(
            "votes", pa.array(np.bincount(cast.votes.question, minlength=cast.votes.questions))
        )
        .append_column("disputed", pa.array(1 - np.abs(2 * share - 1)))
    )
