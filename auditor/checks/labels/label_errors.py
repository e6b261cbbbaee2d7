"""Given labels that look wrong: confident learning on out-of-sample class probabilities."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.checks import label_evidence
from auditor.checks.base import CheckContext, CheckSpec, Outcome, findings, metrics, param
from auditor.model import CheckId, label_codes

if TYPE_CHECKING:
    from auditor.ml.judging import Judgement, Source

Ints = npt.NDArray[np.int64]
Row = tuple[str, str, str, float, float | None, float | None]

RULES = (
    "auto",
    "p_error",
    "low_normalized_margin",
    "low_self_confidence",
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
)
CLEANLAB_DEFAULT = {"auto": "prune_by_noise_rate", "p_error": "prune_by_noise_rate"}
"""For sets of labels, whose p_error is not known: the rule of cleanlab's multi-label function."""
FEWEST = 5
"""A class with fewer samples cannot be judged by heads that are fitted to the others."""
_WORTH_A_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Params:
    filter: str = param(
        "auto",
        "Which labels are flagged: p_error = more likely wrong than right; the others are "
        "cleanlab's rules. auto: low_normalized_margin for attached probabilities, p_error else.",
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
        version=1,
        title="Label errors",
        family="labels",
        scope="dataset",
        needs=frozenset({"label"}),
        one_of=("pred_probs", "embedding"),
        uses=frozenset({"pixel_hash", "phash", "group", "embedding", "pred_probs"}),
        params=Params,
        cost="minutes",
        sources=(
            "Northcutt, Jiang, Chuang 2021: Confident Learning (JAIR 70), and cleanlab 2.9",
            "Northcutt, Athalye, Mueller 2021: Pervasive Label Errors in Test Sets",
            "Guo et al. 2017: On Calibration of Modern Neural Networks (temperature)",
        ),
        cannot_see=(
            "errors that the features repeat: the same mistake made for most images of a kind",
            "which of two labels is right: a flag is a reason to look, and in published studies "
            "one in five to one in two flagged labels was wrong",
            "in a class of fewer than five samples, or a set of one class",
        ),
    )

    def run(self, samples: pa.Table, ctx: CheckContext[Params]) -> Outcome:
        """One finding for each labelled sample, in sample_id order; metrics as in the spec."""
        ctx.report(0, 1)
        table = _labelled(samples)
        if not len(table):
            return Outcome()
        if ctx.multi_label:
            return _multi_label(table, ctx)
        return _single_label(table, ctx)


def _single_label(table: pa.Table, ctx: CheckContext[Params]) -> Outcome:
    from auditor.ml import threads

    codes = label_codes(table["labels"], ctx.classes)
    kept, names = _judgeable(codes, ctx)
    if not kept.any():
        return Outcome(_unjudged(table))
    embedding = ctx.array("embedding")
    width = max(len(names), 0 if embedding is None else embedding.shape[1])
    with threads.for_elements(int(kept.sum()) * width):
        judged = _prepare(table, codes, kept, names, ctx)
        return Outcome(_unjudged(table)) if judged is None else _outcome(table, ~kept, judged, ctx)


def _labelled(samples: pa.Table) -> pa.Table:
    place = pa.array(np.arange(len(samples)))
    table = samples.append_column("place", place)
    table = table.filter(pc.greater(pc.list_value_length(table["labels"]), 0))
    return table.sort_by("sample_id")


def _wants(ctx: CheckContext[Params]) -> tuple[bool, bool]:
    """Whether to use attached probabilities, and whether to fit heads."""
    attached, embedded = (ctx.array(n) is not None for n in ("pred_probs", "embedding"))
    choice = ctx.params.views
    use = attached and (choice in ("auto", "attached", "both") or not embedded)
    fit = embedded and (choice in ("fitted", "both") or not use)
    return use, fit


def _judgeable(
    codes: Ints, ctx: CheckContext[Params]
) -> tuple[npt.NDArray[np.bool_], tuple[str, ...]]:
    """Which samples can be judged, and the classes they are judged among."""
    known = codes >= 0
    use, fit = _wants(ctx)
    if not (use or fit) or len(ctx.classes) < 2:
        return np.zeros(len(codes), bool), ()
    if use:
        return known, ctx.classes
    count = np.bincount(codes[known], minlength=len(ctx.classes))
    large = count >= FEWEST
    if large.sum() < 2:
        return np.zeros(len(codes), bool), ()
    names = tuple(name for name, enough in zip(ctx.classes, large, strict=True) if enough)
    return known & large[codes], names


def _prepare(
    table: pa.Table,
    codes: Ints,
    kept: npt.NDArray[np.bool_],
    names: tuple[str, ...],
    ctx: CheckContext[Params],
) -> Judged | None:
    from auditor.ml.folds import seeded_hash
    from auditor.ml.judging import Attached, Stacked

    use, fit = _wants(ctx)
    rows = np.flatnonzero(kept)
    if fit:  # in an order that means nothing, so that any part of the rows is a fair sample
        ids = table["sample_id"].to_numpy()[rows]
        rows = rows[np.argsort(seeded_hash(ids, ctx.seed), kind="stable")]
    chosen = table.take(pa.array(rows))
    given = np.searchsorted(np.flatnonzero(np.isin(ctx.classes, names)), codes[rows])
    embedding, probabilities = ctx.array("embedding"), ctx.array("pred_probs")
    places = chosen["place"].to_numpy()
    groups = _groups(chosen, copies=embedding is not None)
    sources: list[Source] = []
    if use and probabilities is not None:
        whole = len(places) == len(probabilities) and bool((np.diff(places) == 1).all())
        sources.append(Attached(probabilities, None if whole else places))
    vectors = None
    if fit and embedding is not None:
        vectors = embedding[places]
        fitted = _fit(vectors, chosen, given, groups, len(names), ctx)
        if fitted is None:
            return None
        sources.append(fitted)
    source = sources[0] if len(sources) == 1 else Stacked(tuple(sources))
    return Judged(chosen, given, source, names, embedding, groups)


def _fit(
    vectors: npt.NDArray[Any],
    chosen: pa.Table,
    given: Ints,
    groups: Ints,
    classes: int,
    ctx: CheckContext[Params],
) -> Source | None:
    from auditor.ml.cross_fit import cross_fit
    from auditor.ml.folds import assign_folds

    ids = chosen["sample_id"].to_numpy()
    folds = assign_folds(given, groups, ctx.params.folds, ctx.seed, ids)
    used, folds = np.unique(folds, return_inverse=True)
    if len(used) < 2:  # all samples are copies of one another, or of one group
        return None
    report = _part(ctx.report, 0.0, 0.7)
    return cross_fit(vectors, given, folds, groups, classes, device=ctx.device, report=report)


def _part(
    report: Callable[[int, int], None], start: float, end: float
) -> Callable[[int, int], None]:
    """A report whose 0..total is the part from `start` to `end` of the whole."""

    def inner(done: int, total: int) -> None:
        report(int(1000 * (start + (end - start) * done / max(total, 1))), 1000)

    return inner


def _outcome(
    table: pa.Table, left: npt.NDArray[np.bool_], judged: Judged, ctx: CheckContext[Params]
) -> Outcome:
    from auditor.ml.judging import BAYES, Attached, judge

    rule = ctx.params.filter
    if rule == "auto":
        rule = "low_normalized_margin" if isinstance(judged.source, Attached) else BAYES
    verdict = judge(judged.source, judged.given, rule, ctx.seed, _part(ctx.report, 0.7, 0.9))
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
    every = pa.concat_tables([rows, _unjudged(table.filter(pa.array(left)))]).sort_by("sample_id")
    ctx.report(1000, 1000)
    return Outcome(every, metrics(_numbers(judged, verdict)))


def _suggested(codes: Ints, names: tuple[str, ...]) -> pa.Array:
    each = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string()))
    return pa.ListArray.from_arrays(
        pa.array(np.arange(len(codes) + 1, dtype=np.int32)), each.cast(pa.string())
    )


def _unjudged(table: pa.Table) -> pa.Table:
    rows = len(table)
    return findings(
        sample_id=table["sample_id"].combine_chunks(),
        quality=np.ones(rows, np.float32),
        flagged=np.zeros(rows, bool),
        evidence=label_evidence.reason_only("too few samples or classes to judge this label", rows),
    )


def _evidence(judged: Judged, verdict: Judgement, ctx: CheckContext[Params]) -> pa.Array:
    doubtful = np.flatnonzero(verdict.flagged | (verdict.p_error >= _WORTH_A_LOOK))
    worst = np.lexsort((verdict.quality[doubtful], ~verdict.flagged[doubtful]))
    rows = np.sort(doubtful[worst[: label_evidence.FULL_ROWS]])
    plain = label_evidence.margins_only(verdict.margin)
    if not len(rows):
        return plain
    full = _full(judged, verdict, rows, ctx)
    texts = full.texts(
        verdict.margin[rows],
        judged.given[rows],
        verdict.alternative[rows],
        judged.names,
        judged.source.names,
    )
    mask = np.zeros(len(plain), bool)
    mask[rows] = True
    return pc.replace_with_mask(plain, pa.array(mask), pa.array(list(texts), pa.string()))


def _full(
    judged: Judged, verdict: Judgement, rows: Ints, ctx: CheckContext[Params]
) -> label_evidence.FullEvidence:
    import torch

    wide = min(label_evidence.TOP_CLASSES, len(judged.names))
    classes, chances, choices = [], [], []
    for start in range(0, len(rows), 1000):
        block = rows[start : start + 1000]
        views = judged.source.log_probabilities(block)
        belief = verdict.model.posterior(views, torch.from_numpy(judged.given[block]))
        order = np.argsort(-belief.true, axis=1, kind="stable")[:, :wide]
        classes.append(order)
        chances.append(np.take_along_axis(belief.true, order, axis=1))
        choices.append(views.argmax(dim=2).T.numpy())
        ctx.report(900, 1000)
    near, far = _neighbours(judged, verdict, rows, ctx)
    return label_evidence.FullEvidence(
        rows,
        np.concatenate(classes),
        np.concatenate(chances),
        np.concatenate(choices),
        neighbours_given=near,
        neighbours_suggested=far,
    )


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
    for part, wanted in enumerate((judged.given[rows], verdict.alternative[rows])):
        found = nearest_of_class(
            units,
            rows,
            wanted,
            judged.given,
            judged.groups,
            count,
            device=ctx.device,
            report=_part(ctx.report, 0.9 + 0.05 * part, 0.95 + 0.05 * part),
        )
        answers.append(np.where(found >= 0, ids[found], -1))
    return answers[0], answers[1]


def _numbers(judged: Judged, verdict: Judgement) -> list[Row]:
    total, errors, null = len(judged.given), verdict.errors, verdict.null
    rows: list[Row] = [
        ("set", "", "estimated_errors", errors.value, errors.low, min(errors.high, total)),
        ("set", "", "noise", errors.value / total, errors.low / total, min(errors.high / total, 1)),
        ("set", "", "agreement", verdict.agreement, None, None),
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


def _multi_label(table: pa.Table, ctx: CheckContext[Params]) -> Outcome:
    """Sets of labels, by cleanlab's functions: class by class, present or not."""
    from auditor.ml.multi_label import judge_sets

    codes = [[ctx.classes.index(x) for x in labels] for labels in table["labels"].to_pylist()]
    probabilities = _set_probabilities(table, codes, ctx)
    if probabilities is None:
        return Outcome(_unjudged(table))
    verdict = judge_sets(
        probabilities, codes, CLEANLAB_DEFAULT.get(ctx.params.filter, ctx.params.filter)
    )
    ctx.report(1000, 1000)
    names = np.array(ctx.classes, dtype=object)
    rows = findings(
        sample_id=table["sample_id"].combine_chunks(),
        quality=verdict.quality,
        flagged=verdict.flagged,
        suggested=[list(names[np.flatnonzero(row)]) for row in verdict.suggested],
        evidence=list(
            label_evidence.doubted_classes(verdict.suggested, probabilities, codes, ctx.classes)
        ),
    )
    flagged = float(verdict.flagged.sum())
    numbers: list[Row] = [("set", "", "flagged_sets", flagged, None, None)]
    share = verdict.wrong.mean(axis=0)
    numbers += [
        ("class", name, "noise", float(share[k]), None, None) for k, name in enumerate(ctx.classes)
    ]
    return Outcome(rows, metrics(numbers))


def _set_probabilities(
    table: pa.Table, codes: list[list[int]], ctx: CheckContext[Params]
) -> npt.NDArray[np.float32] | None:
    """Attached or cross-fitted probability of each class by itself; None: cannot be had."""
    from auditor.ml.folds import assign_folds
    from auditor.ml.multi_label import cross_fit_sets, indicator

    use, _ = _wants(ctx)
    attached, embedding = ctx.array("pred_probs"), ctx.array("embedding")
    places, ids = (table[name].to_numpy() for name in ("place", "sample_id"))
    if use and attached is not None:
        return np.asarray(attached[places], np.float32)
    present = indicator(codes, len(ctx.classes))
    if embedding is None or len(table) < 2 * FEWEST or len(ctx.classes) < 2:
        return None
    # Strata by each sample's rarest class: common ones spread by themselves.
    rarity = np.where(present, present.sum(axis=0), len(table) + 1)
    folds = assign_folds(
        rarity.argmin(axis=1), _groups(table, True), ctx.params.folds, ctx.seed, ids
    )
    used, folds = np.unique(folds, return_inverse=True)
    if len(used) < 2:
        return None
    report = _part(ctx.report, 0.0, 0.9)
    return cross_fit_sets(embedding[places], present, folds, device=ctx.device, report=report)


def _groups(table: pa.Table, copies: bool) -> Ints:
    """Samples of one group or copies of one image share a number; else each has its own."""
    from auditor.ml.folds import sample_groups

    if not copies:
        return np.arange(len(table))
    keys = [table[name] for name in ("group", "pixel_hash") if name in table.column_names]
    phash = table["phash"] if "phash" in table.column_names else None
    return sample_groups(len(table), keys, phash)


CHECK = LabelErrors()
