"""Exact nearest neighbours by cosine similarity, in chunks that fit the device."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Report = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """The report of a caller that does not listen."""


def unit_rows(embeddings: npt.NDArray[Any]) -> torch.Tensor:
    """Rows scaled to length one, float32; a row of zeros stays zero."""
    return torch.nn.functional.normalize(torch.from_numpy(np.array(embeddings, np.float32)), dim=1)


def nearest(
    queries: torch.Tensor,
    references: torch.Tensor,
    k: int,
    *,
    query_groups: npt.NDArray[np.int64] | None = None,
    reference_groups: npt.NDArray[np.int64] | None = None,
    device: str = "cpu",
    chunk: int = 1024,
    report: Report = _silent,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The k most similar references of each query, best first: positions and cosines.

    Args: queries (Q, D) and references (R, D): rows of unit length. Where both group arrays are
    given, a reference of the query's own group (the query itself among them) is never returned.
    Returns two (Q, k) arrays; -1 and -inf where fewer than k are left.
    Where the accelerator's memory is short the chunk is halved.
    """
    indices = np.full((len(queries), k), -1, np.int64)
    cosines = np.full((len(queries), k), -np.inf, np.float32)
    target = references.to(device)
    exclude = None
    if query_groups is not None and reference_groups is not None:
        exclude = (torch.from_numpy(query_groups), torch.from_numpy(reference_groups).to(device))
    start, want = 0, min(k, len(references))
    while start < len(queries) and want:
        block = slice(start, start + chunk)
        try:
            best, where = _block(queries, target, block, want, exclude, device)
        except torch.cuda.OutOfMemoryError:
            if chunk == 1:
                raise
            chunk = max(1, chunk // 2)
            torch.cuda.empty_cache()
            continue
        where[best == -np.inf] = -1
        indices[block, :want], cosines[block, :want] = where, best
        start += chunk
        report(min(start, len(queries)), len(queries))
    return indices, cosines


def _shifted(report: Report, before: int, total: int, done: int, _: int) -> None:
    report(before + done, total)


def _block(
    queries: torch.Tensor,
    target: torch.Tensor,
    block: slice,
    want: int,
    exclude: tuple[torch.Tensor, torch.Tensor] | None,
    device: str,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    similar = queries[block].to(device) @ target.T
    if exclude is not None:
        similar.masked_fill_(exclude[0][block].to(device)[:, None] == exclude[1], -torch.inf)
    best, where = similar.topk(want, dim=1)
    return best.cpu().numpy(), where.cpu().numpy()


def nearest_of_class(
    units: torch.Tensor,
    rows: npt.NDArray[np.int64],
    wanted: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    k: int,
    *,
    device: str = "cpu",
    report: Report = _silent,
) -> npt.NDArray[np.int64]:
    """For row rows[i], the k most similar rows of class wanted[i] outside its own group.

    Args: units (N, D) of unit length; rows and wanted (Q,); codes and groups (N,).
    Returns (Q, k) row numbers, -1 where the class has too few.
    """
    answer = np.full((len(rows), k), -1, np.int64)
    done = 0
    for code in np.unique(wanted[wanted >= 0]):
        asking, members = np.flatnonzero(wanted == code), np.flatnonzero(codes == code)
        if len(members):
            found, _ = nearest(
                units[torch.from_numpy(rows[asking])],
                units[torch.from_numpy(members)],
                k,
                query_groups=groups[rows[asking]],
                reference_groups=groups[members],
                device=device,
                report=partial(_shifted, report, done, len(rows)),
            )
            answer[asking] = np.where(found >= 0, members[found], -1)
        done += len(asking)
        report(done, len(rows))
    return answer
