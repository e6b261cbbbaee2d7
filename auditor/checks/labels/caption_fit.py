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

from auditor.ask.judging import HALF
from auditor.ask.phrase_judging import Captions, Judged, judge
from auditor.ask.reliability import Answers
from auditor.checks.answerer import AnswererParams, question_rows, spoken_against
from auditor.checks.base import CheckContext, CheckSpec, Outcome, findings, metrics, param
from auditor.checks.label_inputs import Row
from auditor.model import CheckId

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_LEAST = 0.1
"""A phrase is named where it is so likely the wrong one."""
_NAMED = 3
"""So many phrases that do not fit are named."""


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


class CaptionFit:
    spec: ClassVar[CheckSpec] = CheckSpec(
        id=CheckId("caption_fit"),
        version=2,
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

        That a phrase is wrong explains every answer about it and about all that is said with it.
        """
        ctx.report(0, 1)
        table = ctx.table("answers")
        if table is None or not samples.num_rows:
            return Outcome()
        said = _said(samples, table)
        if not len(said.ids):
            return Outcome()
        captions = Captions.of(said.sample, said.phrases, len(said.ids))
        judged = judge(said.answers, len(said.forms), captions)
        ctx.report(1, 2)
        known = np.bincount(said.sample[said.answers.sample], minlength=len(said.ids)) > 0
        rows = findings(
            sample_id=pa.array(said.ids),
            quality=np.where(known, 1 - judged.p_error, 1.0),
            flagged=known & (judged.p_error > HALF),
            p_error=judged.p_error,
            p_error_low=judged.low,
            p_error_high=judged.high,
            evidence=_evidence(said, judged),
        )
        ctx.report(2, 2)
        return Outcome(rows, metrics(_numbers(said, judged, known)))


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


def _evidence(said: Said, judged: Judged) -> list[str]:
    """JSON of each sample: the phrases that are likely wrong, and the answers that speak for it."""
    answers = said.answers.turned(judged.learnt.backward)
    against = spoken_against(answers, said.sample[answers.sample], said.texts)
    unknown = said.asked - np.bincount(answers.sample, minlength=len(said.phrases))
    starts = np.searchsorted(said.sample, np.arange(len(said.ids) + 1))
    found = []
    for sample, (start, end) in enumerate(pairwise(starts)):
        share = judged.by_phrase[start:end]
        order = np.argsort(-share, kind="stable")[:_NAMED]
        named = [u for u in order if share[u] >= _LEAST]
        facts = {
            "phrases": [[said.phrases[start + u], round(float(share[u]), 4)] for u in named],
            "asked": int(said.asked[start:end].sum()),
            "unknown": int(unknown[start:end].sum()),
            "against": against.get(sample, []),
        }
        found.append(json.dumps(facts, ensure_ascii=False, separators=(",", ":")))
    return found


def _numbers(said: Said, judged: Judged, known: npt.NDArray[np.bool_]) -> list[Row]:
    asked, heard = int(said.asked.sum()), len(said.answers.sample)
    rows: list[Row] = [
        ("set", "", "estimated_errors", judged.noise * int(known.sum()), None, None),
        ("set", "", "noise", judged.noise, None, None),
        ("set", "", "unknown_share", 1 - heard / max(asked, 1), None, None),
        ("set", "", "asked_samples", len(said.ids), None, None),
    ]
    return rows + question_rows(said.forms, judged.learnt, said.answers)


CHECK = CaptionFit()
