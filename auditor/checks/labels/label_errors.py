"""Given labels that look wrong: confident learning on out-of-sample class probabilities."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.checks import label_evidence
from auditor.checks.base import CheckContext, CheckSpec, Outcome, findings, metrics, param
from auditor.checks.label_heads import codes_among, folds_of, large_classes, rows_of, shuffled
from auditor.checks.label_inputs import (
    SEPARABLE,
    Row,
    groups,
    in_order,
    labelled,
    unjudged,
    wants,
)
from auditor.checks.label_sets import judge_label_sets
from auditor.checks.label_trust import trust_rows
from auditor.ml.rules import FILTERS
from auditor.model import CheckId, label_codes
from auditor.progress import part

if TYPE_CHECKING:
    from auditor.ml.judging import Judgement
    from auditor.ml.sources import Source

Ints = npt.NDArray[np.int64]

RULES = ("auto", "p_error", *FILTERS)
_WORTH_A_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Params:
    filter: str = param(
        "auto",
        "Which labels are flagged: p_error = more likely wrong than right; the others are "
        "cleanlab's rules. auto: low_normalized_margin for attached probabilities, p_error else; "
        "where the features hardly part the classes, only what every view agrees on and the low "
        "end of p_error's interval bears out.",
        choices=RULES,
    )
    views: str = param(
        "auto",
        "Probabilities to use: attached ones, heads fitted to the embeddings, or both. "
        "auto: attached ones where there are any.",
        choices=("auto", "attached", "fitted", "both"),
    )
    folds: int = param(5, "Folds of the cross-fitted heads.", low=2, high=10)
    neighbours: int = param(5, "Nearest samples shown of each class.", low=0, high=50)


@dataclass(frozen=True, slots=True)
class Judged:
    """The samples that get a verdict, in the order that the numbers below have."""

    table: pa.Table
    given: Ints
    source: Source
    names: tuple[str, ...]
    embeddings: npt.NDArray[Any] | None
    groups: Ints


class LabelErrors:
    spec: ClassVar[CheckSpec] = CheckSpec(
        id=CheckId("label_errors"),
        version=4,
        title="Label errors",
        family="labels",
        scope="dataset",
        needs=frozenset({"label"}),
        one_of=("pred_probs", "embedding"),
        uses=frozenset({"pixel_hash", "phash", "group", "embedding", "pred_probs"}),
        params=Params,
        cost="minutes",
        about="Samples whose given label is likely wrong, and the label that fits better.",
        sources=(
            "Northcutt, Jiang, Chuang 2021: Confident Learning (JAIR 70), and cleanlab 2.9",
            "Northcutt, Athalye, Mueller 2021: Pervasive Label Errors in Test Sets",
            "Guo et al. 2017: On Calibration of Modern Neural Networks (temperature)",
        ),
        cannot_see=(
            "errors that the features repeat: the same mistake made for most images of a kind",
            "which of two labels is right: a flag is a reason to look, and in published studies "
            "one in five to one in two flagged labels was wrong",
            "whether a label is wrong or an image hard, where the features hardly part the classes: "
            "see the metric separability",
            "in a class of fewer than five samples, or a set of one class",
        ),
    )

    def run(self, samples: pa.Table, ctx: CheckContext[Params]) -> Outcome:
        """One finding for each labelled sample, in sample_id order; metrics as in the spec."""
        ctx.report(0, 1)
        table = labelled(samples)
        if not len(table):
            return Outcome()
        if ctx.multi_label:
            return judge_label_sets(table, ctx)
        return _single_label(table, ctx)


def _single_label(table: pa.Table, ctx: CheckContext[Params]) -> Outcome:
    from auditor.ml import threads

    codes = label_codes(table["labels"], ctx.classes)
    kept, names = _judgeable(codes, ctx)
    if not kept.any():
        return Outcome(unjudged(table))
    embedding = ctx.array("embedding")
    width = max(len(names), 0 if embedding is None else embedding.shape[1])
    with threads.for_elements(int(kept.sum()) * width):
        judged = _prepare(table, codes, kept, names, ctx)
        return Outcome(unjudged(table)) if judged is None else _outcome(table, ~kept, judged, ctx)


def _judgeable(
    codes: Ints, ctx: CheckContext[Params]
) -> tuple[npt.NDArray[np.bool_], tuple[str, ...]]:
    """Which samples can be judged, and the classes they are judged among."""
    known = codes >= 0
    use, fit = wants(ctx)
    if not (use or fit) or len(ctx.classes) < 2:
        return np.zeros(len(codes), bool), ()
    if use:
        return known, ctx.classes
    return large_classes(codes, ctx.classes)


def _prepare(
    table: pa.Table,
    codes: Ints,
    kept: npt.NDArray[np.bool_],
    names: tuple[str, ...],
    ctx: CheckContext[Params],
) -> Judged | None:
    from auditor.ml.cross_fit import cross_fit
    from auditor.ml.sources import Attached, Stacked

    use, fit = wants(ctx)
    rows = np.flatnonzero(kept)
    if fit:
        rows = shuffled(rows, table, ctx.seed)
    chosen = table.take(pa.array(rows))
    given = codes_among(codes[rows], ctx.classes, names)
    embedding, probabilities = ctx.array("embedding"), ctx.array("pred_probs")
    places = chosen["place"].to_numpy()
    related = groups(chosen, copies=embedding is not None)
    sources: list[Source] = []
    if use and probabilities is not None:
        sources.append(Attached(probabilities, rows_of(places, probabilities)))
    vectors = None
    if fit and embedding is not None:
        vectors = embedding[places]
        folds = folds_of(given, related, chosen["sample_id"].to_numpy(), ctx)
        if folds is None:
            return None
        report, device = part(ctx.report, 0.0, 0.7), ctx.device
        sources.append(
            cross_fit(vectors, given, folds, related, len(names), device=device, report=report)
        )
    source = sources[0] if len(sources) == 1 else Stacked(tuple(sources))
    return Judged(chosen, given, source, names, embedding, related)


def _outcome(
    table: pa.Table, left: npt.NDArray[np.bool_], judged: Judged, ctx: CheckContext[Params]
) -> Outcome:
    from auditor.ml.judging import judge

    verdict = judge(
        judged.source,
        judged.given,
        ctx.params.filter,
        ctx.seed,
        part(ctx.report, 0.7, 0.88),
        separable=SEPARABLE,
    )
    rows = findings(
        sample_id=judged.table["sample_id"].combine_chunks(),
        quality=verdict.quality,
        flagged=verdict.flagged,
        p_error=verdict.p_error,
        p_error_low=verdict.p_error_low,
        p_error_high=verdict.p_error_high,
        suggested=_suggested(verdict.suggested, judged.names),
        evidence=_evidence(judged, verdict, ctx),
    )
    every = in_order(pa.concat_tables([rows, unjudged(table.filter(pa.array(left)))]))
    related, names = judged.groups, judged.names
    trust = trust_rows(judged.source, judged.given, related, names, ctx.seed)
    ctx.report(1000, 1000)
    return Outcome(every, metrics(_numbers(judged, verdict) + trust))


def _suggested(codes: Ints, names: tuple[str, ...]) -> pa.Array:
    each = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string()))
    return pa.ListArray.from_arrays(
        pa.array(np.arange(len(codes) + 1, dtype=np.int32)), each.cast(pa.string())
    )


def _evidence(judged: Judged, verdict: Judgement, ctx: CheckContext[Params]) -> pa.Array:
    from auditor.ml.judging import explain

    doubtful = np.flatnonzero(verdict.flagged | (verdict.p_error >= _WORTH_A_LOOK))
    worst = np.lexsort((verdict.quality[doubtful], ~verdict.flagged[doubtful]))
    rows = np.sort(doubtful[worst[: label_evidence.FULL_ROWS]])
    plain = label_evidence.by_the_image(
        verdict.margin, verdict.shown, verdict.p_shown, judged.names
    )
    if not len(rows):
        return plain
    explained = explain(
        judged.source,
        verdict.model,
        judged.given,
        rows,
        min(label_evidence.TOP_CLASSES, len(judged.names)),
        part(ctx.report, 0.88, 0.9),
    )
    near, far = _neighbours(judged, verdict, rows, ctx)
    full = label_evidence.FullEvidence(
        rows,
        explained.classes,
        explained.probabilities,
        explained.choices,
        neighbours_given=near,
        neighbours_suggested=far,
    )
    texts = full.texts(
        plain.take(pa.array(rows)).to_pylist(),
        judged.given[rows],
        verdict.alternative[rows],
        judged.names,
        judged.source.names,
    )
    mask = np.zeros(len(plain), bool)
    mask[rows] = True
    return pc.replace_with_mask(plain, pa.array(mask), pa.array(list(texts), pa.string()))


def _neighbours(
    judged: Judged, verdict: Judgement, rows: Ints, ctx: CheckContext[Params]
) -> tuple[Ints, Ints]:
    """sample_ids of the nearest samples of the given and of the suggested class."""
    from auditor.ml.knn import nearest_of_class, unit_rows

    count = ctx.params.neighbours
    none = np.full((len(rows), count), -1, np.int64)
    if judged.embeddings is None or not count:
        return none, none
    units = unit_rows(judged.embeddings[judged.table["place"].to_numpy()])
    ids = judged.table["sample_id"].to_numpy()
    answers = []
    for turn, wanted in enumerate((judged.given[rows], verdict.alternative[rows])):
        found = nearest_of_class(
            units,
            rows,
            wanted,
            judged.given,
            judged.groups,
            count,
            device=ctx.device,
            report=part(ctx.report, 0.9 + 0.05 * turn, 0.95 + 0.05 * turn),
        )
        answers.append(np.where(found >= 0, ids[found], -1))
    return answers[0], answers[1]


def _numbers(judged: Judged, verdict: Judgement) -> list[Row]:
    total, errors, null = len(judged.given), verdict.errors, verdict.null
    rows: list[Row] = [
        ("set", "", "estimated_errors", errors.value, errors.low, min(errors.high, total)),
        ("set", "", "noise", errors.value / total, errors.low / total, min(errors.high / total, 1)),
        ("set", "", "agreement", verdict.agreement, None, None),
        ("set", "", "separability", verdict.separability, None, None),
        ("set", "", "temperature", verdict.model.temperature, None, None),
        ("set", "", "null_estimated_errors", null.estimated, None, None),
        ("set", "", "null_flagged", null.flagged, None, None),
    ]
    given = verdict.joint.sum(axis=1)
    wrong = verdict.joint - np.diag(verdict.joint.diagonal())
    for code in np.flatnonzero(given):
        share = float(wrong[code].sum() / given[code])
        rows.append(("class", judged.names[code], "noise", share, None, None))
    # A pair worth a row: at least half a sample expected in it.
    for code, other in np.argwhere(wrong >= 0.5):
        key = json.dumps([judged.names[code], judged.names[other]], ensure_ascii=False)
        share = float(wrong[code, other] / given[code])
        rows.append(("pair", key, "noise", share, None, None))
    return rows


CHECK = LabelErrors()
