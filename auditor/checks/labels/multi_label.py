"""Pictures that show more than their one label says: which further labels, and where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.checks import label_evidence
from auditor.checks.base import CheckContext, CheckSpec, Outcome, findings, metrics, param
from auditor.checks.label_heads import codes_among, folds_of, large_classes, rows_of, shuffled
from auditor.checks.label_inputs import Row, groups, in_order, labelled, unjudged
from auditor.checks.label_trust import trust_rows
from auditor.model import LABELS, CheckId, label_codes
from auditor.progress import part

if TYPE_CHECKING:
    from auditor.ml.label_maps import TopCells
    from auditor.ml.proposals import Crops, Judge, Proposals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

_Z = 1.645  # 90 % intervals
_WORTH_A_ROW = 0.5


@dataclass(frozen=True, slots=True)
class Params:
    false_share: float = param(
        0.2,
        "Share of the proposed labels that may be wrong by the check's own estimate: sets the "
        "least score of each class.",
        low=0,
        high=1,
    )
    least: float = param(
        0.5,
        "Probabilities without pictures: least score of a proposal. 1: both classes have half of "
        "what pictures of theirs usually have, or more; 0.5: a quarter.",
        low=0,
        high=1,
    )
    folds: int = param(5, "Folds of the cross-fitted heads.", low=2, high=10)
    reading: Literal["heads", "sentences"] = param(
        "heads",
        "How crops are read: by heads that learn from the set itself, or, with an encoder that "
        "reads sentences (open_clip, SigLIP), by which class's sentences they fit.",
    )
    thing: str = param("object", "sentences: what the classes are, as one word: bird, digit, dish.")
    mirrored: bool = param(
        False,
        "Look at each crop a second time, mirrored and a little closer: steadier for photographs, at "
        "twice the cost. Not for digits, letters or signs, which are others in a mirror.",
    )

    @property
    def crops(self) -> str:
        """The array that is read."""
        return "mirrored_crops" if self.mirrored else "crops"

    @property
    def unread(self) -> frozenset[str]:
        return frozenset({"crops", "mirrored_crops"}) - {self.crops}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found out about n samples, in the order of `table`."""

    table: pa.Table
    names: tuple[str, ...]
    given: Ints
    proposals: Proposals
    taken: Flags
    """(n, w) which of the proposals are made."""
    least: Floats
    """(K,) least score of a proposal, by class."""
    cells: dict[int, TopCells] = field(default_factory=dict)
    """Label maps of samples worth a look, by row; empty without crops."""
    trust: list[Row] = field(default_factory=list)
    """How well attached probabilities agree with the labels."""


class MultiLabel:
    spec: ClassVar[CheckSpec] = CheckSpec(
        id=CheckId("multi_label"),
        version=4,
        title="Multi-label reassessment",
        family="labels",
        scope="dataset",
        needs=frozenset({"label"}),
        one_of=("pred_probs", "crops", "mirrored_crops"),
        uses=frozenset({"pixel_hash", "phash", "group", "pred_probs", "class_texts"}),
        params=Params,
        on_request=True,
        cost="hours",
        about="Pictures that show a further class beside the one they are labelled with, and where.",
        sources=(
            "Anzaku et al. 2024: Re-assessing ImageNet, the single-label assumption",
            "Yun et al. 2021: Re-labeling ImageNet (label maps, section 3.1)",
            "Mueller et al. 2004: Bayesian false discovery rate (the thresholds)",
        ),
        cannot_see=(
            "classes that are not in the set's list",
            "two things in the same place, or one that is much smaller than a quarter of the picture",
            "from attached probabilities alone: where a class is, and whether two classes are both "
            "there or cannot be told apart",
            "samples that have several labels already, or a class of fewer than five samples",
        ),
    )

    def run(self, samples: pa.Table, ctx: CheckContext[Params]) -> Outcome:
        """One finding for each sample with one label, in sample_id order."""
        ctx.report(0, 1)
        table = labelled(samples)
        table = table.filter(pc.equal(pc.list_value_length(table["labels"]), 1))
        if not len(table):
            return Outcome()
        seen = _by_probabilities(table, ctx) or _by_sentences(table, ctx) or _by_crops(table, ctx)
        if seen is None:
            return Outcome(unjudged(table))
        rows = _findings(seen)
        left = pc.invert(pc.is_in(table["sample_id"], value_set=rows["sample_id"].combine_chunks()))
        every = in_order(pa.concat_tables([rows, unjudged(table.filter(left))]))
        ctx.report(1000, 1000)
        return Outcome(every, metrics(_numbers(seen) + seen.trust))


def _by_probabilities(table: pa.Table, ctx: CheckContext[Params]) -> Seen | None:
    """From attached probabilities alone; None where there are none, or fewer than two classes."""
    from auditor.ml.proposals import from_probabilities
    from auditor.ml.sources import Attached

    probabilities = ctx.array("pred_probs")
    codes = label_codes(table["labels"], ctx.classes)
    if probabilities is None or len(ctx.classes) < 2 or not (codes >= 0).any():
        return None
    kept = codes >= 0
    chosen = table if kept.all() else table.filter(pa.array(kept))
    places = chosen["place"].to_numpy()
    given, rows = codes[kept], rows_of(places, probabilities)
    found = from_probabilities(probabilities, rows, given, ctx.report)
    least = np.full(len(ctx.classes), np.float32(ctx.params.least))
    taken = found.scores >= least[found.codes]
    source, related = Attached(probabilities, rows), np.arange(len(given))
    trust = trust_rows(source, given, related, ctx.classes, ctx.seed)
    return Seen(chosen, ctx.classes, given, found, taken, least, trust=trust)


def _by_sentences(table: pa.Table, ctx: CheckContext[Params]) -> Seen | None:
    """From crops, read by the encoder's own sentences; None without these."""
    from auditor.ml import proposals, sentence_proposals
    from auditor.ml.label_maps import top

    crops, texts = ctx.array(ctx.params.crops), ctx.table("class_texts")
    codes = label_codes(table["labels"], ctx.classes)
    if crops is None or texts is None or len(ctx.classes) < 2 or not (codes >= 0).any():
        return None
    rows = shuffled(np.flatnonzero(codes >= 0), table, ctx.seed)
    chosen, given = table.take(pa.array(rows)), codes[rows]
    vectors = partial(_vectors, crops, chosen["place"].to_numpy())
    sentences = np.stack(texts["values"].to_numpy())
    reader = sentence_proposals.Reader.of(sentences, texts["about"].to_numpy(), len(ctx.classes))
    reader = reader.fitted(vectors, given)
    found = sentence_proposals.propose(reader, vectors, given, part(ctx.report, 0.0, 0.95))
    least = proposals.thresholds(found, len(ctx.classes), ctx.params.false_share)
    taken = found.scores >= least[found.codes]
    worst = _worst(found, taken)
    cells = {int(row): top(reader.maps(vectors(np.array([row])))[0]) for row in worst}
    return Seen(chosen, (*ctx.classes, label_evidence.NO_CLASS), given, found, taken, least, cells)


def _vectors(crops: npt.NDArray[Any], places: Ints, rows: Ints) -> npt.NDArray[Any]:
    """(n, C, D) features of the layout's crops; `places` are the rows' in the array."""
    from auditor.ml.crops import LAYOUT

    found: npt.NDArray[Any] = crops[places[rows]].reshape(len(rows), len(LAYOUT), -1)
    return found


def _by_crops(table: pa.Table, ctx: CheckContext[Params]) -> Seen | None:
    """From crops, judged by views that saw nothing of their picture; None where none can learn."""
    from auditor.ml import crop_views, proposals, threads

    crops = ctx.array(ctx.params.crops)
    codes = label_codes(table["labels"], ctx.classes)
    kept, names = large_classes(codes, ctx.classes)
    if crops is None or not kept.any():
        return None
    rows = shuffled(np.flatnonzero(kept), table, ctx.seed)
    chosen = table.take(pa.array(rows))
    given = codes_among(codes[rows], ctx.classes, names)
    related, ids = groups(chosen, copies=True), chosen["sample_id"].to_numpy()
    folds = folds_of(given, related, ids, ctx)
    if folds is None:
        return None
    with threads.for_elements(len(rows) * max(crops.shape[1], len(names))):
        views = crop_views.learn(
            partial(_vectors, crops, chosen["place"].to_numpy()),
            given,
            folds,
            related,
            len(names),
            seed=ctx.seed,
            device=ctx.device,
            report=part(ctx.report, 0.0, 0.6),
        )
        judge = proposals.learn(views, given, len(names), partial(ctx.report, 600, 1000))
        report = part(ctx.report, 0.6, 0.95)
        found = proposals.propose(judge, views, given, report)
        least = proposals.thresholds(found, len(names), ctx.params.false_share)
        taken = found.scores >= least[found.codes]
        cells = _cells(judge, views, _worst(found, taken), ctx)
    return Seen(chosen, names, given, found, taken, least, cells)


def _worst(found: Proposals, taken: Flags) -> Ints:
    """The flagged samples that get full evidence."""
    flagged = np.flatnonzero(taken.any(axis=1))
    order = np.argsort(-found.shown[flagged], kind="stable")
    return np.sort(flagged[order[: label_evidence.FULL_ROWS]])


def _cells(
    judge: Judge, views: Crops, rows: Ints, ctx: CheckContext[Params]
) -> dict[int, TopCells]:
    from auditor.ml.label_maps import top
    from auditor.ml.proposals import BLOCK_ROWS

    found: dict[int, TopCells] = {}
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        maps = judge.maps(views(block))
        found |= {int(row): top(one) for row, one in zip(block, maps, strict=True)}
        ctx.report(950, 1000)
    return found


def _findings(seen: Seen) -> pa.Table:
    flagged = np.asarray(seen.taken.any(axis=1), bool)
    return findings(
        sample_id=seen.table["sample_id"].combine_chunks(),
        quality=(1 - seen.proposals.shown).clip(0, 1),
        flagged=flagged,
        suggested=_suggested(seen, flagged),
        evidence=_evidence(seen, flagged),
    )


def _suggested(seen: Seen, flagged: Flags) -> pa.Array:
    """The given label and those proposed, for flagged samples."""
    rows = np.flatnonzero(flagged)
    sets: list[list[str]] = [
        [
            seen.names[seen.given[i]],
            *(seen.names[k] for k in seen.proposals.codes[i, seen.taken[i]]),
        ]
        for i in rows
    ]
    return _placed(pa.array(sets, LABELS), pa.nulls(len(flagged), LABELS), rows)


def _evidence(seen: Seen, flagged: Flags) -> pa.Array:
    rows = np.flatnonzero(flagged)
    texts = pa.array(list(_texts(seen, rows)), pa.string())
    plain = pa.nulls(len(flagged), pa.string())
    if not np.isnan(seen.proposals.support).any():
        share = np.round(seen.proposals.support.astype(np.float64), 4)
        text = pc.cast(pa.array(share), pa.string())
        plain = pc.binary_join_element_wise('{"support":', text, "}", "")
    return _placed(texts, plain, rows)


def _placed(few: pa.Array, every: pa.Array, rows: Ints) -> pa.Array:
    """`every` with `few` at `rows`."""
    place = np.arange(len(every))
    place[rows] = len(every) + np.arange(len(rows))
    return pa.concat_arrays([every, few]).take(pa.array(place))


def _texts(seen: Seen, rows: Ints) -> Iterator[str]:
    """JSON of flagged samples: the further labels with score and place, support, label map."""
    from auditor.ml.crops import words
    from auditor.ml.proposals import PLACES

    found = seen.proposals
    for i in rows:
        facts: dict[str, Any] = {"also": [], "boxes": []}
        for j in np.flatnonzero(seen.taken[i]):
            place, score = int(found.places[i, j]), round(float(found.scores[i, j]), 4)
            said = words(PLACES[place]) if place >= 0 else None
            facts["also"].append([seen.names[found.codes[i, j]], score, said])
            facts["boxes"].append(PLACES[place] if place >= 0 else None)
        if np.isfinite(found.support[i]):
            facts["support"] = round(float(found.support[i]), 4)
        if int(i) in seen.cells:
            facts["map"] = _compact(seen.cells[int(i)], seen.names)
        yield json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def _compact(cells: TopCells, names: tuple[str, ...]) -> dict[str, Any]:
    """Classes, and of each line and cell pairs of (place in classes, per cent), likeliest first."""
    used = np.unique(cells.codes)
    place = np.searchsorted(used, cells.codes)
    percent = np.rint(100 * cells.values.astype(np.float32)).astype(np.int64)
    pairs = np.stack([place, percent], axis=-1)
    return {
        "classes": [names[k] for k in used],
        "cells": pairs.reshape(*pairs.shape[:2], -1).tolist(),
    }


def _numbers(seen: Seen) -> list[Row]:
    found = seen.proposals
    shown = found.shown.astype(np.float64)
    made = int(seen.taken.sum())
    rows: list[Row] = [
        ("set", "", "proposals", made, None, None),
        ("set", "", "proposed_share", float(seen.taken.any(axis=1).mean()), None, None),
    ]
    if np.isnan(found.support).any():
        return rows + _pairs(seen, seen.taken.astype(np.float64))
    wrong = float((1 - found.scores[seen.taken]).mean()) if made else 0.0
    rows += [
        ("set", "", "multi_label_share", *_share(shown)),
        ("set", "", "estimated_false_share", wrong, None, None),
        ("set", "", "given_label_support_share", float(found.support.mean()), None, None),
    ]
    for code, name in enumerate(seen.names):
        mine = seen.given == code
        if mine.any():
            rows.append(("class", name, "multi_label_share", *_share(shown[mine])))
            rows.append(("class", name, "least_score", float(min(seen.least[code], 1)), None, None))
    return rows + _pairs(seen, found.scores.astype(np.float64))


def _share(chances: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Expected share with its 90 % interval: chance alone, were the scores right."""
    share = float(chances.mean())
    doubt = _Z * float(np.sqrt((chances * (1 - chances)).sum())) / len(chances)
    return share, max(0.0, share - doubt), min(1.0, share + doubt)


def _pairs(seen: Seen, weight: npt.NDArray[np.float64]) -> list[Row]:
    """Expected number of pictures with that given label and that further one."""
    classes = len(seen.names)
    cell = seen.given[:, None] * classes + seen.proposals.codes
    cells, place = np.unique(cell, return_inverse=True)
    sums = np.bincount(place.ravel(), np.where(seen.taken, weight, 0).ravel(), len(cells))
    rows: list[Row] = []
    for at in np.flatnonzero(sums >= _WORTH_A_ROW):
        given, other = divmod(int(cells[at]), classes)
        key = json.dumps([seen.names[given], seen.names[other]], ensure_ascii=False)
        rows.append(("pair", key, "together", float(sums[at]), None, None))
    return rows


CHECK = MultiLabel()
