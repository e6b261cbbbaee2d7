"""Simulated reviewers: people who err at a known rate, answering real packets of a real project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.session import Session, ballots
from auditor.session.folder import ProjectFolder
from auditor.session.packet_contents import PacketOptions
from auditor.session.packets import MergedPackets, Packets, Reviewing
from auditor.session.votes import Voting
from tests import tables

CLASSES = tuple("abcdefghij")
ERRS = {"ann": 0.10, "bob": 0.15}
"""How often each names a class that is not the true one."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One study: what was true and given (n,), what each reviewer said, what the votes make of it."""

    truth: npt.NDArray[np.str_]
    given: npt.NDArray[np.str_]
    said: dict[str, npt.NDArray[np.str_]]
    merged: dict[str, list[list[str]]]
    """By way of merging, one label a sample: the labels of each sample."""
    packets: MergedPackets
    votes: pa.Table

    def right(self, labels: npt.NDArray[np.str_] | list[list[str]]) -> float:
        """Share of samples with exactly the true label."""
        pairs = zip(labels, self.truth, strict=True)
        return float(np.mean([[t] == (x if isinstance(x, list) else [x]) for x, t in pairs]))


def study(
    folder: Path, samples: int = 2000, noise: float = 0.10, seed: int = 0, gold: int = 0
) -> Trial:
    """Two blind packets over all samples of a project whose labels are wrong at rate `noise`.

    `gold` more samples, which a person has decided rightly, are mixed in.
    """
    draw = np.random.default_rng(seed)
    truth = draw.choice(CLASSES, samples + gold)
    given = _erring(truth, noise, draw)
    said = {name: _erring(truth, rate, draw) for name, rate in ERRS.items()}
    options = {"count": samples, "gold": gold, "is_blind": True, "seed": seed}
    with Session(ProjectFolder(folder / "s.audit"), workers=1) as session:
        tables.import_rows(session.store, tables.samples(given.tolist()), CLASSES)
        _decide(session, truth, samples)
        packets = Packets(session.store, session.folder)
        paths = [folder / f"{name}.packet" for name in said]
        for (name, labels), path in zip(said.items(), paths, strict=True):
            packets.make(path, PacketOptions(reviewer=name, **options))  # type: ignore[arg-type]
            held = Reviewing.open(path)
            for one in held.manifest.items:
                held.put(one.item, [str(labels[one.sample_id])])
            held.save()
        done = packets.merge(paths)
        voting = Voting(session.store, session.folder)
        merged = {
            "majority, with the given label": _labels(voting, "majority", True, samples),
            "Dawid-Skene, with the given label": _labels(voting, "dawid_skene", True, samples),
            "Dawid-Skene, the two alone": _labels(voting, "dawid_skene", False, samples),
        }
        votes = voting.all()
    alone = {name: labels[:samples] for name, labels in said.items()}
    return Trial(truth[:samples], given[:samples], alone, merged, done, votes)


def _decide(session: Session, truth: npt.NDArray[np.str_], first: int) -> None:
    """Settle the samples from `first` on as a person would who is always right."""
    parts = [tables.decisions([i], "relabel", str(truth[i])) for i in range(first, len(truth))]
    if parts:
        session.decide(pa.concat_tables(parts), "gold")


def _erring(
    truth: npt.NDArray[np.str_], rate: float, draw: np.random.Generator
) -> npt.NDArray[np.str_]:
    codes = np.searchsorted(CLASSES, truth)
    other = (codes + draw.integers(1, len(CLASSES), len(codes))) % len(CLASSES)
    return np.array(CLASSES)[np.where(draw.random(len(codes)) < rate, other, codes)]


def _labels(voting: Voting, method: str, with_given: bool, samples: int) -> list[list[str]]:
    sets = ballots.label_sets(ballots.one_each(voting.merged(method, with_given=with_given)))
    found: list[list[str]] = [[] for _ in range(samples)]
    for row in sets.to_pylist():
        if row["sample_id"] < samples:
            found[row["sample_id"]] = row["labels"]
    return found
