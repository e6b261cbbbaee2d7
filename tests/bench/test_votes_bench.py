"""Votes: published data merged, and two simulated reviewers. Prints figures; `./run bench -k test_votes_bench`."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import cohen_kappa_score

from auditor.formats import votes
from auditor.ml import consensus
from auditor.session import ballots, vote_counts
from auditor.session.ballots import Merged
from tests import reviewers

pytestmark = pytest.mark.bench

DATA = Path(__file__).parents[3] / "shared" / "data"
REAL, ERRORS = DATA / "reassessed-imagenet", DATA / "label-errors"
needs_data = pytest.mark.skipif(not REAL.exists(), reason="the shared data is not here")

Flags = npt.NDArray[np.bool_]


def _published() -> list[set[int]]:
    return [set(labels) for labels in json.loads((REAL / "real.json").read_text())]


def _image(path: str) -> int:
    """Place in real.json of ILSVRC2012_val_00000001.JPEG and so on."""
    return int(path.removesuffix(".JPEG")[-8:]) - 1


def _holds(paths: list[str], labels: list[str]) -> Flags:
    real = _published()
    pairs = zip(paths, labels, strict=True)
    return np.array([int(label) in real[_image(path)] for path, label in pairs])


@needs_data
def test_published_scores_at_0_8_are_the_published_label_sets() -> None:
    with np.load(REAL / "scores.npz", allow_pickle=False) as held:
        info, score = held["info"].astype(str), held["tensor"]
    real, taken = _published(), score > 0.8
    found: dict[str, set[int]] = {path: set() for path in info[:, 0]}
    for path, label in info[taken]:
        found[str(path)].add(int(label))
    equal = sum(labels == real[_image(path)] for path, labels in found.items())
    print(
        f"\nscores.npz > 0.8: {equal:,} of {len(found):,} rated images have exactly real.json's set"
    )
    assert equal == len(found) == 24_889


def _agreement(merged: Merged, truth: Flags) -> float:
    return float((merged.taken == truth).mean())


@needs_data
def test_raw_votes_merged_agree_with_the_published_labels() -> None:
    began = time.perf_counter()
    raw = votes.read(REAL / "raters.npz")
    gold, taught = votes.read(REAL / "golden.npz"), votes.read(REAL / "raters_golden.npz")
    read = time.perf_counter() - began
    merged = ballots.merge(raw, "dawid_skene", gold=gold, gold_votes=taught)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    asked = merged.ballot.asked
    truth = _holds(asked["path"].to_pylist(), asked["label"].to_pylist())
    ways = {
        "share of the votes > 0.5": ballots.merge(raw),
        "Dawid-Skene > 0.5": ballots.merge(raw, "dawid_skene"),
        "Dawid-Skene, threshold by gold": ballots.merge(raw, "dawid_skene", gold=gold),
        "  and gold answers known": merged,
    }
    print(
        f"\n{raw.num_rows:,} votes by {len(merged.ballot.annotators)} raters, {len(truth):,} pairs"
    )
    print(f"read {read:.1f} s, all {seconds:.1f} s, peak of this process {peak:,.0f} MB")
    for name, one in ways.items():
        print(f"{name:34} {_agreement(one, truth):.2%} (threshold {one.threshold:.3f})")
    print(_spread(merged, gold, truth))
    assert _agreement(merged, truth) >= 0.985


def _spread(merged: Merged, gold: object, truth: Flags) -> str:
    """How far the gold questions leave the threshold open: 200 draws of them with replacement."""
    asked = merged.ballot.asked
    known = _gold_of(gold)
    keys = list(zip(asked["path"].to_pylist(), asked["label"].to_pylist(), strict=True))
    places = np.array([n for n, key in enumerate(keys) if key in known])
    states = np.array([known[keys[n]] for n in places])
    draw = np.random.default_rng(0)
    cuts = []
    for _ in range(200):
        chosen = draw.integers(0, len(places), len(places))
        cuts.append(consensus.threshold(merged.score[places[chosen]], states[chosen]))
    agreement = [float(((merged.score > cut) == truth).mean()) for cut in cuts]
    low, high = np.quantile(cuts, [0.025, 0.975])
    worst, best = np.quantile(agreement, [0.025, 0.975])
    gold_right = float(((merged.score > merged.threshold)[places] == states).mean())
    return (
        f"gold: {len(places):,} questions, {gold_right:.2%} right; redrawn 200 times the threshold is"
        f" {low:.2f} to {high:.2f} and the agreement {worst:.2%} to {best:.2%} (95 %)"
    )


def _gold_of(gold: object) -> dict[tuple[str, str], bool]:
    merged = ballots.merge(gold)
    asked = merged.ballot.asked
    keys = zip(asked["path"].to_pylist(), asked["label"].to_pylist(), strict=True)
    return dict(zip(keys, merged.taken.tolist(), strict=True))


@needs_data
def test_published_verdicts_give_the_published_errors() -> None:
    for name, published in (("cifar10", 54), ("mnist", 15)):
        found = vote_counts.summary(votes.read(ERRORS / f"{name}_votes.json"))
        print(
            f"\n{name}: {found.errors} errors of {found.samples} (published {published}),", end=" "
        )
        print(f"outcomes {found.outcomes}, Fleiss' kappa {found.fleiss_kappa:.3f}")
        assert found.errors == published


@pytest.mark.parametrize("gold", [0, 200])
def test_two_simulated_reviewers(tmp_path: Path, gold: int) -> None:
    found: dict[str, list[float]] = {}
    for seed in range(5):
        folder = tmp_path / str(seed)
        folder.mkdir()
        trial = reviewers.study(folder, seed=seed, gold=gold)
        alone = {f"{name} alone": trial.right(said) for name, said in trial.said.items()}
        right = {way: trial.right(labels) for way, labels in trial.merged.items()}
        ours = vote_counts.summary(trial.votes).cohen_kappa["ann, bob"]
        wide = trial.votes.to_pandas().pivot_table(
            index=["sample_id", "label"], columns="annotator", values="answer", aggfunc="first"
        )
        theirs = cohen_kappa_score(*wide.dropna().to_numpy().T)
        figures = {"the given label": trial.right(trial.given), **alone, **right}
        for name, value in {**figures, "kappa, ours - scikit-learn's": ours - theirs}.items():
            found.setdefault(name, []).append(value)
        assert min(list(right.values())[:2]) > max(alone.values())
        assert ours == pytest.approx(theirs, abs=1e-12)
    print(f"\n2,000 samples and {gold} of gold, ten classes, 5 seeds (mean; lowest to highest):")
    for name, values in found.items():
        print(f"{name:34} {np.mean(values):.4f}; {min(values):.4f} to {max(values):.4f}")
