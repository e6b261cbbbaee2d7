"""Captions that do not fit their pictures, and which phrase it is: answers about every phrase, judged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.ask.judging import HALF, Judged, judge
from auditor.ask.reliability import Answers
from auditor.checks.answerer import AnswererParams
from auditor.checks.base import CheckContext, CheckSpec, Outcome, findings, metrics, param
from auditor.checks.label_inputs import Row
from auditor.model import CheckId

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NAMED = 3
"""So many phrases that do not fit are named, and answers against them quoted."""


@dataclass(frozen=True, slots=True)
class Params(AnswererParams):
    caption_column: str = param("caption", "Column of the source that holds the captions.")


@dataclass(frozen=True, slots=True)
class Said:
    """Answers about phrases. A unit is a phrase of one sample's caption; units lie by sample."""

    ids: Ints
    phrases: list[str]
    """(units,)"""
    sample: Ints
    """(units,) its row in `ids`."""
    answers: Answers
    texts: npt.NDArray[np.object_]
    """Of each known answer, its question."""
    forms: list[tuple[str, str]]
    """(kind, opening words) of questions that are learnt about together."""
    asked: Ints
    """(units,)"""

    def heard(self) -> npt.NDArray[np.bool_]:
        """(units,) whether anything is known of it."""
        counts = np.bincount(self.answers.sample, minlength=len(self.phrases))
        known: npt.NDArray[np.bool_] = counts > 0
        return known


class CaptionFit:
    spec: ClassVar[CheckSpec] = CheckSpec(
        id=CheckId("caption_fit"),
        version=1,
        title="Captions that do not fit",
        family="labels",
        scope="dataset",
        needs=frozenset({"answers"}),
        params=Params,
        on_request=True,
        cost="hours",
        device="gpu",
        about="Captions of which a multimodal model says that a phrase is not in the picture.",
        sources=(
            "Zhu et al. 2024: VDC, Versatile Data Cleanser (ICLR), for questions about a text",
            "Dawid and Skene 1979: the worth of each form of question without true labels",
        ),
        cannot_see=(
            "what a caption leaves out",
            "names, moods, times and reasons: only what stands there as a thing, a number, a colour, "
            "a place or what one thing does with another is asked about",
            "captions in languages other than English, but as a whole",
        ),
    )

    def run(self, samples: pa.Table, ctx: CheckContext[Params]) -> Outcome:
        """One finding for each sample whose caption was asked about; in sample_id order.

        A phrase is judged by its answers, each form of question by its worth, which is learnt from
        the set. A caption is as likely wrong as its least fitting phrase.
        """
        ctx.report(0, 1)
        table = ctx.table("answers")
        if table is None or not samples.num_rows:
            return Outcome()
        said = _said(samples, table)
        if not len(said.ids):
            return Outcome()
        kinds = np.arange(len(said.forms))
        judged = judge(said.answers, kinds, len(said.phrases), ctx.seed)
        ctx.report(1, 2)
        p_unit = np.where(said.heard(), judged.p_error, np.nan)
        worst = _worst(said, p_unit)
        p_error = judged.p_error[worst]
        known = np.isfinite(p_unit[worst])
        rows = findings(
            sample_id=pa.array(said.ids),
            quality=np.where(known, 1 - p_error, 1.0),
            flagged=known & (p_error > HALF),
            p_error=p_error,
            p_error_low=judged.low[worst],
            p_error_high=judged.high[worst],
            evidence=_evidence(said, p_unit),
        )
        ctx.report(2, 2)
        return Outcome(rows, metrics(_numbers(said, judged, p_error, known)))


def _said(samples: pa.Table, table: pa.Table) -> Said:
    table = table.filter(
        pc.is_in(table["sample_id"], value_set=samples["sample_id"].combine_chunks())
    )
    ids, row = np.unique(table["sample_id"].to_numpy(), return_inverse=True)
    abouts, about = np.unique(np.array(table["about"].to_pylist(), str), return_inverse=True)
    cells, unit = np.unique(row * max(len(abouts), 1) + about, return_inverse=True)
    sample, code = np.divmod(cells, max(len(abouts), 1))
    texts = np.array(table["text"].to_pylist(), object)
    opened = [" ".join(text.split()[:2]) for text in texts]
    each = list(zip(table["kind"].to_pylist(), opened, strict=True))
    forms = sorted(set(each))
    number = {form: place for place, form in enumerate(forms)}
    form = np.array([number[one] for one in each], np.int64)
    agree = table["agree"].cast(pa.float64()).to_numpy()
    known = ~np.isnan(agree)
    answers = Answers(unit[known], form[known], agree[known], np.ones(int(known.sum()), bool))
    asked = np.bincount(unit, minlength=len(cells))
    phrases = [str(abouts[i]) for i in code]
    return Said(ids, phrases, sample, answers, texts[known], forms, asked)


def _worst(said: Said, p_unit: Floats) -> Ints:
    """(samples,) the unit of each that fits least; one that nothing is known of, where that is all."""
    order = np.lexsort((np.nan_to_num(p_unit, nan=-1.0), said.sample))
    last = np.searchsorted(said.sample[order], np.arange(len(said.ids)), side="right") - 1
    worst: Ints = order[last]
    return worst


def _evidence(said: Said, p_unit: Floats) -> list[str]:
    """JSON of each sample: the phrases that do not fit, the shortest first, and what speaks for it."""
    answers = said.answers
    misfit = np.nan_to_num(p_unit) > HALF
    against: dict[int, list[str]] = {}
    speaking = np.flatnonzero((answers.agree < HALF) & misfit[answers.sample])
    for place in speaking[np.argsort(answers.agree[speaking], kind="stable")]:
        against.setdefault(int(answers.sample[place]), []).append(str(said.texts[place]))
    known = np.bincount(answers.sample, minlength=len(said.phrases))
    starts = np.searchsorted(said.sample, np.arange(len(said.ids) + 1))
    found = []
    for start, end in pairwise(starts):
        # What is said of a thing that is not there is wrong as well: the thing itself is the cause.
        wrong = sorted(
            (unit for unit in range(start, end) if misfit[unit]),
            key=lambda unit: (len(said.phrases[unit].split()), -p_unit[unit]),
        )
        facts = {
            "phrases": [[said.phrases[u], round(float(p_unit[u]), 4)] for u in wrong[:_NAMED]],
            "asked": int(said.asked[start:end].sum()),
            "unknown": int((said.asked - known)[start:end].sum()),
            "against": [text for unit in wrong for text in against.get(unit, ())][:_NAMED],
        }
        found.append(json.dumps(facts, ensure_ascii=False, separators=(",", ":")))
    return found


def _numbers(
    said: Said, judged: Judged, p_error: Floats, known: npt.NDArray[np.bool_]
) -> list[Row]:
    expected = float(p_error[known].sum())
    asked, heard = int(said.asked.sum()), len(said.answers.sample)
    rows: list[Row] = [
        ("set", "", "estimated_errors", expected, None, None),
        ("set", "", "noise", expected / max(int(known.sum()), 1), None, None),
        ("set", "", "phrase_noise", judged.learnt.noise, judged.noise_low, judged.noise_high),
        ("set", "", "unknown_share", 1 - heard / max(asked, 1), None, None),
        ("set", "", "asked_samples", len(said.ids), None, None),
    ]
    counts = np.bincount(said.answers.question, minlength=len(said.forms))
    for place, form in enumerate(said.forms):
        key = json.dumps(form, ensure_ascii=False)
        rows += [
            ("question", key, "agrees_if_right", float(judged.learnt.if_right[place]), None, None),
            ("question", key, "agrees_if_wrong", float(judged.learnt.if_wrong[place]), None, None),
            ("question", key, "answers", float(counts[place]), None, None),
            ("question", key, "used", float(judged.learnt.used[place]), None, None),
        ]
    return rows


CHECK = CaptionFit()
