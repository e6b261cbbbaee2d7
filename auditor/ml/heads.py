"""Three views of the same embeddings: a linear head, a Gaussian discriminant, nearest neighbours.

Each is fitted on some rows, with a weight for each, and gives log-probabilities of other rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from auditor.ml.knn import nearest, unit_rows

Ints = npt.NDArray[np.int64]
Report = Callable[[int, int], None]

RIDGE = 5e-3
"""Weight of the squared norm in the linear head, on standardised embeddings."""
_STEPS = 40
_SHRINK = 0.05
_NEIGHBOURS = 50
_RESERVE = 3  # as many candidates for each neighbour: most folds may be held out
_REFERENCES = 50_000  # beyond, neighbours are looked for among so many rows


def power_normalised(embeddings: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Signed square roots: a few large activations no longer outweigh the others.

    Source: Perronnin, Sanchez, Mensink 2010, "Improving the Fisher Kernel" (section 3).
    """
    table = np.array(embeddings, np.float32)
    return np.copysign(np.sqrt(np.abs(table)), table)


class Fitted(Protocol):
    """A view after fitting: log-probabilities (n, K) of rows of the data."""

    def __call__(self, rows: torch.Tensor, /) -> torch.Tensor: ...


class View(Protocol):
    """A way to learn classes from embeddings."""

    @property
    def name(self) -> str: ...

    def fit(self, rows: torch.Tensor, weights: torch.Tensor) -> Fitted:
        """Learn from `rows`, each counting as much as its weight in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Data:
    """Embeddings (N, D), power-normalised and standardised, and given codes (N,), on one device."""

    embeddings: torch.Tensor
    codes: torch.Tensor
    classes: int
    centre: torch.Tensor
    scale: torch.Tensor
    """(D,) what is taken off, and what the rest is multiplied by."""

    @classmethod
    def of(cls, embeddings: npt.NDArray[Any], codes: Ints, classes: int, device: str) -> Data:
        table = torch.from_numpy(power_normalised(embeddings)).to(device)
        spread, centre = torch.std_mean(table, dim=0, correction=0)
        scale = 1 / torch.where(spread > 1e-6, spread, torch.inf)
        table = (table - centre) * scale
        return cls(table, torch.from_numpy(codes).to(device), classes, centre, scale)

    def alike(self, vectors: npt.NDArray[Any]) -> torch.Tensor:
        """Other embeddings (n, D) on the same scale, on the same device."""
        table = torch.from_numpy(power_normalised(vectors)).to(self.centre.device)
        return (table - self.centre) * self.scale

    def log_prior(self, rows: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Log share of each class among the rows, with half a sample added to each."""
        count = torch.zeros(self.classes, device=weights.device)
        count.index_add_(0, self.codes[rows], weights)
        return torch.log((count + 0.5) / (count.sum() + 0.5 * self.classes))


@dataclass(frozen=True, slots=True)
class Affine:
    """Classes parted by planes: it can judge any vector, not the data's rows alone."""

    data: Data
    slope: torch.Tensor
    offset: torch.Tensor

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return self.of(self.data.embeddings[rows])

    def of(self, vectors: torch.Tensor) -> torch.Tensor:
        """Log-probabilities (n, K) of vectors (n, D) on the data's scale."""
        return torch.log_softmax(vectors @ self.slope + self.offset, dim=1)


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Linear discriminant: one Gaussian per class with a common, shrunken covariance.

    Source: Friedman 1989, "Regularized Discriminant Analysis", with the identity as target.
    """

    data: Data
    name: str = "gaussian"

    def fit(self, rows: torch.Tensor, weights: torch.Tensor) -> Affine:
        x, codes = self.data.embeddings[rows], self.data.codes[rows]
        total = weights.sum().clamp_min(1e-6)
        count = torch.zeros(self.data.classes, device=x.device).index_add_(0, codes, weights)
        sums = torch.zeros(self.data.classes, x.shape[1], device=x.device)
        sums.index_add_(0, codes, x * weights[:, None])
        means = sums / count.clamp_min(1e-6)[:, None]
        scatter = (x * weights[:, None]).T @ x - (means * count[:, None]).T @ means
        # Few rows for many columns need more shrinkage.
        shrink = _SHRINK + (1 - _SHRINK) * x.shape[1] / (x.shape[1] + float(total))
        level = torch.trace(scatter) / x.shape[1] / total + 1e-6
        eye = torch.eye(x.shape[1], device=x.device)
        slope = torch.linalg.solve((1 - shrink) * scatter / total + shrink * level * eye, means.T)
        offset = self.data.log_prior(rows, weights) - (means.T * slope).sum(dim=0) / 2
        return Affine(self.data, slope, offset)


@dataclass(frozen=True, slots=True)
class Linear:
    """Multinomial logistic regression with a ridge, by L-BFGS from the Gaussian's answer."""

    data: Data
    report: Callable[[], None]
    ridge: float = RIDGE
    name: str = "linear"

    def fit(self, rows: torch.Tensor, weights: torch.Tensor) -> Affine:
        start = Gaussian(self.data).fit(rows, weights)
        x, codes = self.data.embeddings[rows], self.data.codes[rows]
        share = weights / weights.sum().clamp_min(1e-6)
        slope = (start.slope / 2).contiguous().requires_grad_()
        offset = (start.offset / 2).requires_grad_()
        optimiser = torch.optim.LBFGS(
            [slope, offset],
            max_iter=_STEPS,
            tolerance_grad=1e-5,
            tolerance_change=1e-7,
            line_search_fn="strong_wolfe",
        )

        def loss() -> torch.Tensor:
            self.report()
            optimiser.zero_grad()
            each = functional.cross_entropy(x @ slope + offset, codes, reduction="none")
            value = (share * each).sum() + self.ridge / 2 * slope.square().sum()
            value.backward()  # type: ignore[no-untyped-call]
            return value

        optimiser.step(loss)  # type: ignore[no-untyped-call]
        return Affine(self.data, slope.detach(), offset.detach())


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Weighted vote of the 50 nearest rows by cosine; `found` are the candidates of every row."""

    data: Data
    found: torch.Tensor
    name: str = "neighbours"

    @classmethod
    def of(
        cls, data: Data, embeddings: npt.NDArray[Any], groups: Ints, device: str, report: Report
    ) -> Neighbours:
        units = unit_rows(power_normalised(embeddings))
        # Evenly spaced rows: the caller has put them in an order that means nothing.
        references = np.unique(
            np.linspace(0, len(units) - 1, min(len(units), _REFERENCES)).astype(np.int64)
        )
        found, _ = nearest(
            units,
            units[torch.from_numpy(references)],
            _NEIGHBOURS * _RESERVE,
            query_groups=groups,
            reference_groups=groups[references],
            device=device,
            report=report,
        )
        found = np.where(found >= 0, references[found], -1)
        return cls(data, torch.from_numpy(found).to(device))

    def fit(self, rows: torch.Tensor, weights: torch.Tensor) -> Fitted:
        everyone = torch.full((len(self.data.codes) + 1,), -1.0, device=weights.device)
        everyone[rows] = weights
        prior = 2 * torch.exp(self.data.log_prior(rows, weights))

        def vote(asked: torch.Tensor) -> torch.Tensor:
            found = self.found[asked]
            weight = everyone[found]  # position -1 is the last: not allowed either
            allowed = (weight >= 0) & (torch.cumsum(weight >= 0, dim=1) <= _NEIGHBOURS)
            votes = torch.zeros(len(asked), self.data.classes, device=weights.device)
            votes.scatter_add_(
                1, self.data.codes[found.clamp_min(0)], torch.where(allowed, weight, 0)
            )
            return torch.log((votes + prior) / (votes.sum(dim=1, keepdim=True) + 2))

        return vote
