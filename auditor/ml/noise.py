"""A model of how given labels came about, fitted to out-of-sample probabilities without truth.

The views say how likely each class is for an image; a given label is the true class, or an error.
Errors are likelier for some classes and for images that are hard, and go to classes that the
image resembles. Fitting that model by maximum likelihood gives each label's probability of being
wrong, the temperature of each view, and the weight of each view in the average.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from auditor.ml.candidates import ALL_UP_TO, Candidates

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

RESEMBLANCE = 0.2
"""How strongly errors go to the classes that an image resembles: the power of its probability.

0: only the pair of classes matters. It is set, not fitted: on clean labels a free power would
explain the classifier's own errors as label errors."""
RESEMBLANCE_RANGE = (0.1, 0.3)
"""The range over which the intervals let it vary."""

CLEAR = 0.95
"""Mean probability of the likeliest class where classes are taken to be clear: see `fit`."""

_ROWS = 20_000  # enough for the model's few numbers
_STEEPEST = 64.0
_FLOOR = 1e-12
_TINY = 1e-4


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed about n samples and their c candidates."""

    classes: Floats
    """(n, c) probability of each class from the image alone: averaged, temperature applied."""
    p_error: Floats
    """(n,) probability that the given label is wrong."""
    true: Floats
    """(n, c) probability of each class from the image and its given label."""


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Fitted numbers: see the module. Tensors on the CPU, float32."""

    weights: torch.Tensor
    """(M,) exponent of each view in the product of views; 1 view: the inverse temperature."""
    rate: torch.Tensor
    """(K,) log-odds of an error for an image of that true class and of middling difficulty."""
    slope: torch.Tensor
    """() what the log-odds gain from the easiest image to the hardest."""
    pairs: torch.Tensor
    """(K, K) log-preference for a wrong label (column) given the true class (row); () if lumped."""
    confidences: torch.Tensor
    """Sorted confidences of the fitted rows: difficulty is the rank among them."""
    resemblance: float = RESEMBLANCE

    @property
    def temperature(self) -> float:
        """The divisor of the mean log-probability of the views."""
        return 1 / max(float(self.weights.sum()), 1e-6)

    def posterior(self, seen: Candidates) -> Posterior:
        """Beliefs about samples; of a lump, what is believed of each of its classes."""
        with torch.no_grad():
            classes, right, wrong = self.parts(seen, self.difficulty(seen))
            total = (right + wrong.sum(dim=1)).clamp_min(_FLOOR)
            p_error = (wrong.sum(dim=1) / total).clamp(0, 1)
            true = wrong / total[:, None] / seen.count
            true.scatter_(1, seen.place[:, None], (right / total)[:, None])
        return Posterior((classes / seen.count).numpy(), p_error.numpy(), true.numpy())

    def averaged(self, log_probabilities: torch.Tensor) -> torch.Tensor:
        """Probabilities (n, K) of all classes from the image alone."""
        return torch.einsum("mnk,m->nk", log_probabilities, self.weights).softmax(dim=1)

    def parts(
        self, seen: Candidates, difficulty: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Class probabilities (n, c), P(given and right) (n,), P(given and wrong, true=k) (n, c).

        A lump has the sum of its classes', which err as often as the mean of all.
        """
        place, count = seen.place[:, None], seen.count
        each = torch.einsum("mnk,m->nk", seen.log, self.weights)
        classes = (each + count.log()).softmax(dim=1)
        odds = torch.cat([self.rate, self.rate.mean()[None]])[seen.codes]
        rate = torch.sigmoid(odds + self.slope * difficulty[:, None])
        right = (classes * (1 - rate)).gather(1, place)[:, 0]
        like = (classes / count + _TINY) ** self.resemblance
        own = like.gather(1, place)
        if seen.lumped:  # no pair is preferred: the others' sum is the norm
            share = own / ((like * count).sum(dim=1, keepdim=True) - like)
        else:
            prefer = self._preferences()
            share = prefer[:, seen.place].T * own / (like @ prefer.T + _FLOOR)
        # Zero for the given class: that is no error.
        return classes, right, (classes * rate * share).scatter(1, place, 0.0)

    def evidence(self, seen: Candidates, difficulty: torch.Tensor) -> torch.Tensor:
        """(n,) log-likelihood of each given label."""
        _, right, wrong = self.parts(seen, difficulty)
        return torch.log(right + wrong.sum(dim=1) + _FLOOR)

    def _preferences(self) -> torch.Tensor:
        same = torch.eye(len(self.rate), dtype=torch.bool)
        return self.pairs.masked_fill(same, -torch.inf).softmax(dim=1)

    def difficulty(self, seen: Candidates) -> torch.Tensor:
        """From -1/2 (most confident) to 1/2: rank (n,) among the fitted rows."""
        rank = torch.searchsorted(self.confidences, confidence(seen))
        return 0.5 - rank / max(len(self.confidences), 1)


def confidence(seen: Candidates) -> torch.Tensor:
    """Largest mean log-probability (n,) of the views."""
    return seen.log.mean(dim=0).amax(dim=1).contiguous()


def fit(
    seen: Candidates,
    report: Callable[[], None],
    *,
    start: NoiseModel | None = None,
    resemblance: float = RESEMBLANCE,
    multiplicity: torch.Tensor | None = None,
    clear: bool = False,
) -> NoiseModel:
    """The most likely model of samples' out-of-sample log-probabilities and given classes.

    Fits on all the rows it gets: pass a part of them (`fitting_rows`). `multiplicity` (n,)
    repeats rows, for the bootstrap. Each number has a normal prior worth about one observation.
    `clear`: take the likeliest class for the true one and fit the errors alone, views weighing the
    same. Where two labels in five of each class are another's, views that learnt from them are as
    torn as between classes that overlap, and nothing in their probabilities tells which it is.
    """
    model = replace(start or _start(seen), resemblance=resemblance)
    if clear:
        model = _cleared(model, seen)
    difficulty = model.difficulty(seen)
    count = torch.ones(len(difficulty)) if multiplicity is None else multiplicity
    log_weights = torch.log(model.weights).requires_grad_(not clear)
    free = [model.rate.clone().requires_grad_(), model.slope.clone().requires_grad_()]
    if not seen.lumped:
        free.append(model.pairs.clone().requires_grad_())
    optimiser = torch.optim.LBFGS(
        free if clear else [log_weights, *free],
        max_iter=60,
        tolerance_grad=1e-6,
        tolerance_change=1e-7,
        line_search_fn="strong_wolfe",
    )

    def current() -> NoiseModel:
        pairs = free[2] if len(free) > 2 else model.pairs
        return replace(model, weights=log_weights.exp(), rate=free[0], slope=free[1], pairs=pairs)

    def loss() -> torch.Tensor:
        report()
        optimiser.zero_grad()
        now = current()
        evidence = now.evidence(seen, difficulty)
        value = (
            _prior(now, log_weights, model) - (count * evidence).sum()
        ) / count.sum().clamp_min(1)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    done = current()
    return replace(
        done,
        weights=done.weights.detach(),
        rate=done.rate.detach(),
        slope=done.slope.detach(),
        pairs=done.pairs.detach(),
    )


def _prior(now: NoiseModel, log_weights: torch.Tensor, model: NoiseModel) -> torch.Tensor:
    """Minus the log of the priors: rates alike, slope about 1, no preferred pairs."""
    spread = (now.rate - now.rate.mean()).square().sum()
    level = (now.rate.mean() + 3).square() / 8
    total: torch.Tensor = (
        (spread + (now.slope - 1).square() + now.pairs.square().sum() / len(now.rate)) / 2
        + level
        + (log_weights + np.log(len(model.weights))).square().sum() / 8
    )
    return total


def _start(seen: Candidates) -> NoiseModel:
    kinds, classes = len(seen.log), seen.classes
    return NoiseModel(
        weights=torch.full((kinds,), 1 / kinds),
        rate=torch.full((classes,), -2.0),
        slope=torch.tensor(1.0),
        pairs=torch.zeros(classes, classes) if classes <= ALL_UP_TO else torch.zeros(()),
        confidences=confidence(seen).sort().values,
    )


def _cleared(model: NoiseModel, seen: Candidates) -> NoiseModel:
    """With weights by which the likeliest class has a probability of `CLEAR` in the mean."""
    mean = seen.log.mean(dim=0) + seen.count.log()
    low, high = 1.0, _STEEPEST
    for _ in range(20):
        middle = (low * high) ** 0.5
        sure = (mean * middle).softmax(dim=1).amax(dim=1).mean()
        low, high = (middle, high) if sure < CLEAR else (low, middle)
    return replace(model, weights=torch.full_like(model.weights, middle / len(seen.log)))


def fitting_rows(rows: int, limit: int = _ROWS) -> Ints:
    """Rows to fit on: all, or `limit` evenly spaced (their order must mean nothing)."""
    return np.unique(np.linspace(0, rows - 1, min(rows, limit)).astype(np.int64))


def plausible(
    model: NoiseModel,
    seen: Candidates,
    seed: int,
    report: Callable[[], None],
) -> list[NoiseModel]:
    """Models that could as well be true: bootstrap refits, and the ends of the resemblance range.

    The spread of what they say is the interval: it holds the doubt of the sample's size and
    of the one assumption that the data cannot settle.
    """
    models = [fit(seen, report, start=model, resemblance=end) for end in RESEMBLANCE_RANGE]
    draw = np.random.default_rng(seed)
    for _ in range(4):
        drawn = torch.from_numpy(draw.poisson(1.0, len(seen.place)).astype(np.float32))
        models.append(fit(seen, report, start=model, multiplicity=drawn))
    return models


__all__: list[Any] = [
    "RESEMBLANCE",
    "NoiseModel",
    "Posterior",
    "confidence",
    "fit",
    "fitting_rows",
    "plausible",
]
