"""Labels that do not fit what a multimodal model sees: questions about each picture, and a verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.ask.judging import HALF, Judged, Vote, judge, vote
from auditor.ask.reliability import Answers, learn, posterior, ratios
from auditor.ask.rivals import rivals
from auditor.ask.tabled import numbered
from auditor.ask.witness import Shown
from auditor.checks.answerer import AnswererParams, question_rows, spoken_against
from auditor.checks.base import CheckContext, CheckSpec, Outcome, findings, metrics, param
from auditor.checks.label_inputs import Row
from auditor.model import CheckId

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_LEFT_OUT = 0.05
"""Share of pictures not asked about among those that the label check is compared on."""
_MARGIN = float(np.log(2))
"""Another class is suggested where it is at least twice as likely as the next."""


@dataclass(frozen=True, slots=True)
class Params(AnswererParams):
    ask: str = param(
        "all",
        "About which samples: all, or only those that the label check doubts or the multi-label check "
        "proposes further labels for, and a random share of the others, by which the errors among "
        "those never asked about are estimated.",
        choices=("all", "disputed"),
    )
    doubt: float = param(
        0.05, "disputed: samples whose p_error in the label check is so high.", low=0, high=1
    )
    audit_share: float = param(
        0.01, "Share of samples asked about whatever the label check says.", low=0, high=1
    )
    alternatives: int = param(
        3,
        "Other classes asked about where a label looks wrong, to suggest one: the likeliest; of a "
        "dozen classes all, where no label check has been run. And of the further labels that the "
        "multi-label check proposes, whose next run counts the answers.",
        low=0,
        high=20,
    )
    score: str = param(
        "likelihood",
        "likelihood: each question counts by its worth, which is learnt from the set. vote: the "
        "share of agreeing answers, as published.",
        choices=("likelihood", "vote"),
    )
    tie: str = param(
        "wrong", "vote: what as many answers for as against mean.", choices=("wrong", "right")
    )
    fuse: bool = param(True, "Let the label check's p_error count, where it has one.")


@dataclass(frozen=True, slots=True)
class Said:
    """The answers of the samples judged, in numbers."""

    ids: Ints
    given: npt.NDArray[np.object_]
    answers: Answers
    further: Answers
    """About classes that the picture seems to show beside its label: no wrong label's, so they say
    nothing of the questions or of the label."""
    about: npt.NDArray[np.object_]
    """Of each answer."""
    texts: npt.NDArray[np.object_]
    questions: list[tuple[str, str]]
    """(about, text) of each question."""
    kinds: Ints
    rules_out: Flags
    """Of each question, whether it rules another class out."""
    names: list[str]
    """The classes that questions are about, in order."""
    subjects: Ints
    """The place in `names` of the class that each question is about."""
    asked: Ints
    """Of each sample, how many questions about its label were put."""


class VisualLanguage:
    spec: ClassVar[CheckSpec] = CheckSpec(
        id=CheckId("visual_language"),
        version=4,
        title="Visual-linguistic check",
        family="labels",
        scope="dataset",
        needs=frozenset({"label", "answers"}),
        uses=frozenset({"label_errors", "further_answers"}),
        params=Params,
        on_request=True,
        cost="hours",
        device="gpu",
        about="Labels that do not fit what a multimodal model answers about the picture.",
        sources=(
            "Zhu et al. 2024: VDC, Versatile Data Cleanser (ICLR), system of the vote",
            "Dawid and Skene 1979: the worth of each question without true labels",
        ),
        cannot_see=(
            "clean-label poison: a trigger on a picture whose label fits",
            "classes that only an expert can tell apart, unless the bank asks an expert's questions",
            "what the model was trained on: it may know this data set by heart",
        ),
    )

    def run(self, samples: pa.Table, ctx: CheckContext[Params]) -> Outcome:
        """One finding for each labelled sample that was asked about; in sample_id order."""
        ctx.report(0, 1)
        table = ctx.table("answers")
        if table is None or not samples.num_rows:
            return Outcome()
        said = _said(samples.sort_by("sample_id"), table, ctx.table("further_answers"))
        if not len(said.ids):
            return Outcome()
        votes = vote(said.answers, len(said.ids))
        doubts = ctx.table("label_errors") if ctx.params.fuse else None
        p_label = _p_label(said.ids, doubts)
        judged = judge(
            said.answers,
            said.kinds,
            said.subjects,
            len(said.ids),
            ctx.seed,
            p_label,
            _class_shown(said, doubts),
        )
        ctx.report(1, 2)
        flagged = _flagged(judged.p_error, votes, ctx.params)
        suggested = _suggested(said, judged)
        quality = votes.score if ctx.params.score == "vote" else 1 - judged.p_error
        rows = findings(
            sample_id=pa.array(said.ids),
            quality=np.nan_to_num(quality, nan=1.0),
            flagged=flagged,
            p_error=judged.p_error,
            p_error_low=judged.low,
            p_error_high=judged.high,
            suggested=[[name] if name else None for name in suggested],
            evidence=_evidence(said, votes, judged, p_label),
        )
        ctx.report(2, 2)
        return Outcome(rows, metrics(_numbers(said, votes, judged, ctx.seed)))


def _said(samples: pa.Table, table: pa.Table, further: pa.Table | None) -> Said:
    """The samples with one label that were asked about, and their known answers."""
    aside = np.zeros(len(table), bool)
    if further is not None:
        aside = np.repeat([False, True], [len(table), len(further)])
        table = pa.concat_tables([table, further])
    table = table.append_column("aside", pa.array(aside))
    one = samples.filter(pc.equal(pc.list_value_length(samples["labels"]), 1))
    one = one.filter(pc.is_in(one["sample_id"], value_set=table["sample_id"].combine_chunks()))
    ids: Ints = one["sample_id"].to_numpy()
    given = np.array([labels[0] for labels in one["labels"].to_pylist()], object)
    table = table.filter(pc.is_in(table["sample_id"], value_set=pa.array(ids, pa.int64())))
    place = np.searchsorted(ids, table["sample_id"].to_numpy())
    about = np.array(table["about"].to_pylist(), object)
    texts = np.array(table["text"].to_pylist(), object)
    is_given = about == given[place] if len(about) else np.empty(0, bool)
    found = numbered(table)
    names = sorted({name for name, _ in found.questions})
    place_of = {name: i for i, name in enumerate(names)}
    subjects = np.array([place_of[name] for name, _ in found.questions], np.int64)
    agree = table["agree"].cast(pa.float64()).to_numpy()
    known, aside = ~np.isnan(agree), table["aside"].to_numpy()
    asked = np.bincount(place[is_given], minlength=len(ids))
    every = Answers(place, found.question, agree, is_given)
    counted = known & ~aside
    return Said(
        ids=ids,
        given=given,
        answers=every.of(counted),
        further=every.of(known & aside),
        about=about[counted],
        texts=texts[counted],
        questions=found.questions,
        kinds=found.kinds,
        rules_out=found.rules_out,
        names=names,
        subjects=subjects,
        asked=asked,
    )


def _p_label(ids: Ints, doubts: pa.Table | None) -> Floats:
    """The label check's p_error of each sample; NaN where it is not to count, or has none."""
    if doubts is None:
        return np.full(len(ids), np.nan)
    return _numbers_of(_rows_of(ids, doubts)["p_error"])


def _class_shown(said: Said, doubts: pa.Table | None) -> Shown | None:
    """The classes that the label check sees in the pictures, as far as was asked whatever the label."""
    if doubts is None:
        return None
    found = _rows_of(said.ids, doubts)
    names = np.array(found["shows"].to_pylist(), object)
    place = {name: i for i, name in enumerate(said.names)}
    p = _numbers_of(found["p_shows"])
    asked = pc.is_in(doubts["sample_id"], value_set=pa.array(said.ids)).to_numpy()
    return Shown(
        np.array([place.get(name, -1) for name in names], np.int64),
        np.where(p <= _asked_up_to(_numbers_of(doubts["p_shows"]), asked), p, np.nan),
        names == said.given,
    )


def _asked_up_to(p_shows: Floats, asked: Flags) -> float:
    """How clearly pictures may show a class for nearly all such to have been asked about.

    Of clearer ones perhaps only those are asked about whose label is another: they must not count,
    or labels would seem to err more than they do.
    """
    order = np.argsort(p_shows, kind="stable")  # NaN last
    order = order[: int(np.isfinite(p_shows).sum())]
    left = np.cumsum(~asked[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(left <= _LEFT_OUT)
    return float(p_shows[order[enough[-1]]]) if len(enough) else -np.inf


def _rows_of(ids: Ints, doubts: pa.Table) -> pa.Table:
    """The label check's row of each sample; nulls for one that it has none of."""
    return doubts.take(pc.index_in(pa.array(ids), value_set=doubts["sample_id"].combine_chunks()))


def _numbers_of(column: pa.ChunkedArray) -> Floats:
    """NaN for null."""
    values: Floats = column.combine_chunks().cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values


def _flagged(p_error: Floats, votes: Vote, params: Params) -> Flags:
    if params.score == "likelihood":
        return (p_error > HALF) & (votes.known > 0)
    below: Flags = votes.score < HALF
    return below | votes.tie if params.tie == "wrong" else below


def _suggested(said: Said, judged: Judged) -> list[str | None]:
    """The other class that the answers speak for most clearly; None where none is clear."""
    found = rivals(said.answers, said.subjects, judged.learnt)
    suggested: list[str | None] = [None] * len(said.ids)
    for mine in _alike(found.sample):
        row = found.sample[mine[0]]
        order = mine[np.argsort(-found.ratio[mine], kind="stable")]
        others = [judged.ratio[row], *found.ratio[order[1:2]]]
        if found.ratio[order[0]] - max(others) >= _MARGIN:
            suggested[row] = said.names[found.subject[order[0]]]
    return suggested


def _alike(values: Ints) -> list[Ints]:
    """The places of equal values (k,), ascending, by value."""
    order = np.argsort(values, kind="stable")
    return np.split(order, 1 + np.flatnonzero(np.diff(values[order])))[: len(order)]


def _evidence(said: Said, votes: Vote, judged: Judged, p_label: Floats) -> list[str]:
    """JSON of each sample: the counts, the probabilities of both checks, what speaks against.

    And the log likelihood ratios of the label and of the other classes that were asked about.
    """
    heard = said.answers.turned(judged.learnt.backward)
    against = spoken_against(heard, heard.sample, said.texts)
    own, others = _shown(said, judged)
    return [
        _json(
            {
                "asked": int(said.asked[i]),
                "unknown": int(said.asked[i] - votes.known[i]),
                "vote": _rounded(votes.score[i]),
                "by_answers": _rounded(judged.by_answers[i]),
                "by_label_check": _rounded(p_label[i]),
                "against": against.get(i, []),
                "own": round(float(own[i]), 2),
                "others": others.get(i, []),
            }
        )
        for i in range(len(said.ids))
    ]


def _shown(said: Said, judged: Judged) -> tuple[Floats, dict[int, list[tuple[str, float]]]]:
    """How much the answers speak for the label being shown, and by sample for other classes.

    By the questions that ask for the class, without those that rule out another one: a picture
    that shows both fails these.
    """
    every = said.answers.beside(said.further)
    asking = every.of(~said.rules_out[every.question])
    own = ratios(asking.of(asking.is_given), judged.learnt, len(said.ids))
    found = rivals(asking, said.subjects, judged.learnt)
    others: dict[int, list[tuple[str, float]]] = {}
    for row, subject, ratio in zip(found.sample, found.subject, found.ratio, strict=True):
        others.setdefault(int(row), []).append((said.names[subject], round(float(ratio), 2)))
    return own, others


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _numbers(said: Said, votes: Vote, judged: Judged, seed: int) -> list[Row]:
    total, learnt = len(said.ids), judged.learnt
    known = int((votes.known > 0).sum())
    rows: list[Row] = [
        (
            "set",
            "",
            "estimated_errors",
            learnt.noise * known,
            judged.noise_low * known,
            judged.noise_high * known,
        ),
        ("set", "", "noise", learnt.noise, judged.noise_low, judged.noise_high),
        ("set", "", "tie_share", float(votes.tie.mean()), None, None),
        ("set", "", "unknown_share", _unknown(said, votes), None, None),
        ("set", "", "asked_samples", total, None, None),
        ("set", "", "null_flagged", _null_flagged(said, judged, seed), None, None),
    ]
    if (weights := judged.weights) is not None:
        rows += [
            ("set", "", "label_check_weight", weights.label, None, None),
            ("set", "", "answers_weight", weights.answers, None, None),
        ]
    rows += question_rows(said.questions, learnt, said.answers)
    for name in sorted(set(said.given)):
        mine = said.given == name
        rows.append(("class", str(name), "noise", float(judged.p_error[mine].mean()), None, None))
    return rows


def _unknown(said: Said, votes: Vote) -> float:
    return float(1 - votes.known.sum() / max(int(said.asked.sum()), 1))


def _null_flagged(said: Said, judged: Judged, seed: int) -> float:
    """Flags in a set whose labels are all right: each answer drawn from those to its question that
    came where the label is probably right."""
    own = said.answers.of(said.answers.is_given)
    rng = np.random.default_rng(seed)
    agree = own.agree.copy()
    for mine in _alike(own.question):
        share = 1 - judged.by_answers[own.sample[mine]]
        agree[mine] = rng.choice(own.agree[mine], len(mine), p=share / share.sum())
    null = Answers(own.sample, own.question, agree, own.is_given)
    learnt = learn(null, said.kinds)
    p_error = posterior(ratios(null, learnt, len(said.ids)), learnt.noise)
    return float((p_error > HALF).sum())


CHECK = VisualLanguage()
