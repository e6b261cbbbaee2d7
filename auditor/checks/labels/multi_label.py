"""Pictures that show more than their one label says: which further labels, and where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.checks import further_answers, label_evidence
from auditor.checks.base import CheckContext, CheckSpec, Outcome, findings, metrics, param
from auditor.checks.label_heads import codes_among, folds_of, large_classes, rows_of, shuffled
from auditor.checks.label_inputs import Row, groups, in_order, labelled, unjudged
from auditor.checks.label_trust import trust_rows
from auditor.checks.proposal_evidence import Seen, evidence, suggested
from auditor.model import CheckId, label_codes
from auditor.progress import part

if TYPE_CHECKING:
    from auditor.ml.answered_proposals import Answered
    from auditor.ml.crop_views import CropViews
    from auditor.ml.label_maps import TopCells
    from auditor.ml.proposals import Judge, Proposals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

_Z = 1.645  # 90 % intervals
_WORTH_A_ROW = 0.5
_EVEN = 0.5


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
        "How crops are read: by heads and by clusters of crops that look alike, which learn from the "
        "set itself, or, with an encoder that reads sentences (open_clip, SigLIP), by which class's "
        "sentences they fit.",
    )
    thing: str = param("object", "sentences: what the classes are, as one word: bird, digit, dish.")
    mirrored: bool = param(
        False,
        "Look at each crop a second time, mirrored and a little closer: steadier for photographs, at "
        "twice the cost. Not for digits, letters or signs, which are others in a mirror.",
    )
    answers: bool = param(
        True,
        "Let what the visual-linguistic check was answered about further classes count, where it was.",
    )

    @property
    def crops(self) -> str:
        """The array that is read."""
        return "mirrored_crops" if self.mirrored else "crops"

    @property
    def unread(self) -> frozenset[str]:
        crops = frozenset({"crops", "mirrored_crops"}) - {self.crops}
        return crops if self.answers else crops | {further_answers.NEED}


class MultiLabel:
    spec: ClassVar[CheckSpec] = CheckSpec(
        id=CheckId("multi_label"),
        version=4,
        title="Multi-label reassessment",
        family="labels",
        scope="dataset",
        needs=frozenset({"label"}),
        one_of=("pred_probs", "crops", "mirrored_crops"),
        uses=frozenset(
            {"pixel_hash", "phash", "group", "pred_probs", "class_texts", further_answers.NEED}
        ),
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
    # Whether two classes are both there or cannot be told apart, these scores do not say.
    found, asked = _with_answers(found, chosen, ctx.classes, ctx, surest=_EVEN)
    least = np.full(len(ctx.classes), np.float32(ctx.params.least))
    taken = found.scores >= least[found.codes]
    source, related = Attached(probabilities, rows), np.arange(len(given))
    trust = trust_rows(source, given, related, ctx.classes, ctx.seed)
    return Seen(chosen, ctx.classes, given, found, taken, least, asked=asked, trust=trust)


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
    found, asked = _with_answers(found, chosen, ctx.classes, ctx)
    least = proposals.thresholds(found, len(ctx.classes), ctx.params.false_share)
    taken = found.scores >= least[found.codes]
    worst = _worst(found, taken)
    cells = {int(row): top(reader.maps(vectors(np.array([row])))[0]) for row in worst}
    names = (*ctx.classes, label_evidence.NO_CLASS)
    return Seen(chosen, names, given, found, taken, least, cells, asked=asked)


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
        judge = proposals.learn(
            views, given, len(names), partial(ctx.report, 600, 1000), views.drawing
        )
        report = part(ctx.report, 0.6, 0.95)
        found = proposals.propose(judge, views, given, report)
        found, asked = _with_answers(found, chosen, names, ctx)
        least = proposals.thresholds(found, len(names), ctx.params.false_share)
        taken = found.scores >= least[found.codes]
        cells, alike = _looked_at(judge, views, found, _worst(found, taken), ctx)
    return Seen(chosen, names, given, found, taken, least, cells, alike, asked)


def _with_answers(
    found: Proposals,
    chosen: pa.Table,
    names: tuple[str, ...],
    ctx: CheckContext[Params],
    **how: float,
) -> tuple[Proposals, Answered | None]:
    """The proposals with what a multimodal model was answered about the samples in `chosen`."""
    from auditor.ml.answered_proposals import answered

    said = further_answers.further_answers(
        ctx.table(further_answers.NEED), chosen["sample_id"].to_numpy(), names
    )
    return (found, None) if said is None else (answered(found, said, **how), said)


def _worst(found: Proposals, taken: Flags) -> Ints:
    """The flagged samples that get full evidence."""
    flagged = np.flatnonzero(taken.any(axis=1))
    order = np.argsort(-found.shown[flagged], kind="stable")
    return np.sort(flagged[order[: label_evidence.FULL_ROWS]])


def _looked_at(
    judge: Judge, views: CropViews, found: Proposals, rows: Ints, ctx: CheckContext[Params]
) -> tuple[dict[int, TopCells], Floats]:
    """Label maps of rows, and of which classes' pictures parts like the proposals' places are."""
    from auditor.ml.label_maps import top
    from auditor.ml.proposals import BLOCK_ROWS

    cells: dict[int, TopCells] = {}
    alike = np.full(found.codes.shape, np.nan, np.float32)
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        seen = views(block)
        cells |= {int(row): top(one) for row, one in zip(block, judge.maps(seen), strict=True)}
        alike[block] = views.alike(seen, found.codes[block], found.places[block])
        ctx.report(950, 1000)
    return cells, alike


def _findings(seen: Seen) -> pa.Table:
    flagged = np.asarray(seen.taken.any(axis=1), bool)
    return findings(
        sample_id=seen.table["sample_id"].combine_chunks(),
        quality=(1 - seen.proposals.shown).clip(0, 1),
        flagged=flagged,
        suggested=suggested(seen, flagged),
        evidence=evidence(seen, flagged),
    )


def _numbers(seen: Seen) -> list[Row]:
    found = seen.proposals
    shown = found.shown.astype(np.float64)
    made = int(seen.taken.sum())
    rows: list[Row] = [
        ("set", "", "proposals", made, None, None),
        ("set", "", "proposed_share", float(seen.taken.any(axis=1).mean()), None, None),
        ("set", "", "asked_about", len(np.unique(seen.asked.row)) if seen.asked else 0, None, None),
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
