from __future__ import annotations

import numpy as np
import pytest
import torch

from auditor.ml import candidates as module
from auditor.ml import noise
from auditor.ml.candidates import KEPT, candidates, rank
from auditor.ml.sources import Attached, candidates_of


def table(classes: int, rows: int = 3000) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities (1, n, K), and given labels of which a tenth is wrong."""
    draw = np.random.default_rng(0)
    numbers = draw.dirichlet(np.full(classes, 0.05), rows).clip(1e-6)
    truth = (numbers.cumsum(axis=1) < draw.random((rows, 1))).sum(axis=1).clip(0, classes - 1)
    given = np.where(draw.random(rows) < 0.1, draw.integers(0, classes, rows), truth)
    return torch.from_numpy(numbers).float().log()[None], torch.from_numpy(given)


def test_a_few_classes_are_all_candidates() -> None:
    log, given = table(10, 50)
    seen = candidates(log, given)
    assert seen.log is log
    assert not seen.lumped
    assert (seen.place == given).all()


def test_of_many_classes_the_given_one_and_the_likeliest_are_kept_and_nothing_is_lost() -> None:
    log, given = table(200, 500)
    seen = candidates(log, given)
    index = torch.arange(500)
    assert (seen.codes[index, seen.place] == given).all()
    assert (seen.codes[:, 0] == log[0].argmax(dim=1))[given == seen.codes[:, 0]].all()
    assert seen.log.shape == (1, 500, KEPT + 1)
    total = (seen.log[0].exp() * seen.count).sum(dim=1)
    assert torch.allclose(total, torch.ones(500), atol=1e-3)


def test_a_streamed_table_gives_the_same_candidates() -> None:
    log, given = table(200, 500)
    probabilities = log[0].exp().numpy()
    whole = Attached(probabilities)
    ranked = whole.with_ranks(given.numpy(), lambda *_: None)
    assert ranked.ranked is not None
    rows = np.arange(100, 400)
    ours, theirs = (candidates_of(s, rows, given.numpy()[rows]) for s in (ranked, whole))
    assert torch.equal(ours.codes, theirs.codes)
    assert torch.equal(ours.place, theirs.place)
    assert torch.allclose(ours.log, theirs.log, atol=1e-5)


def test_the_lump_costs_the_noise_model_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    log, given = table(100)
    answers = []
    for kept in (KEPT, 90):
        monkeypatch.setattr(module, "KEPT", kept)
        seen = candidates(log, given)
        answers.append(noise.fit(seen, lambda: None).posterior(seen).p_error)
    few, nearly_all = answers
    assert np.corrcoef(few, nearly_all)[0, 1] > 0.99
    assert abs(few.sum() / nearly_all.sum() - 1) < 0.03


def test_ranks_are_read_for_chosen_rows_in_their_order() -> None:
    log, given = table(60, 100)
    probabilities = log[0].exp().numpy().astype(np.float16)
    rows = np.random.default_rng(1).permutation(100)[:40]
    found = rank(probabilities, given.numpy()[rows], rows, lambda *_: None)
    assert np.array_equal(found.own, probabilities[rows, given.numpy()[rows]].astype(np.float32))
    assert np.array_equal(found.values[:, 0], probabilities[rows].max(axis=1))
