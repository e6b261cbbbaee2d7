"""Token rows of many questions about one picture, and what they have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from auditor.ask.answerers.network import Inputs

COLUMNS = 16
"""Questions of one picture that are read at once: each needs a copy of the picture's cache."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The prompts of one picture as tokens, the picture's own included."""

    tokens: tuple[tuple[int, ...], ...]
    shared: int
    """Leading tokens that all have: at least through the picture, never all of one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Question `column` of picture `picture` of a batch."""

    picture: int
    column: int
    wanted: bool = True
    """False for what only fills up the block."""


def split(expanded: Sequence[int], texts: Sequence[Sequence[int]], placeholder: int) -> Rows | None:
    """The rows of one picture; None where its tokens do not simply stand for the placeholder.

    `expanded` is the processor's row for the first text, `texts` are all texts with the
    placeholder as it was written.
    """
    if any(list(text).count(placeholder) != 1 for text in texts):
        return None
    first = list(texts[0])
    before, after = first.index(placeholder), len(first) - first.index(placeholder) - 1
    end = len(expanded) - after
    if list(expanded[:before]) != first[:before] or list(expanded[end:]) != first[before + 1 :]:
        return None
    picture = tuple(expanded[before:end])
    rows = []
    for text in texts:
        at = list(text).index(placeholder)
        rows.append((*text[:at], *picture, *text[at + 1 :]))
    shared = _common(rows)
    return Rows(tuple(rows), shared) if shared >= before + len(picture) else None


def _common(rows: Sequence[tuple[int, ...]]) -> int:
    """Leading tokens that all rows have, but at least one less than the shortest row has."""
    most = min(len(row) for row in rows) - 1
    for place in range(most):
        if len({row[place] for row in rows}) > 1:
            return place
    return most


def prefix(inputs: Inputs, rows: Sequence[Rows], pad: int) -> dict[str, torch.Tensor]:
    """`inputs`, cut to what each picture's rows share. Whatever is not by token stays."""
    width = max(row.shared for row in rows)
    cut: dict[str, torch.Tensor] = {}
    lengths = inputs["attention_mask"].sum(1).tolist()
    for name, value in inputs.items():
        if value.shape != inputs["input_ids"].shape:
            cut[name] = value
            continue
        filler = pad if name == "input_ids" else 0
        cut[name] = value.new_full((len(rows), width), filler)
        for i, (row, length) in enumerate(zip(rows, lengths, strict=True)):
            start = value.shape[1] - int(length)
            cut[name][i, width - row.shared :] = value[i, start : start + row.shared]
    return cut


def padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask (rows, longest), padded on the left."""
    width = max(len(row) for row in rows)
    ids = torch.tensor([[pad] * (width - len(row)) + list(row) for row in rows])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
    return ids, mask


def blocks(spoken: Sequence[Sequence[bool]]) -> Iterator[list[Place]]:
    """Places in blocks of equally many per picture, those answered in words apart from the rest.

    `spoken` says of each question of each picture whether a reply in words is needed.
    """
    for kind in (False, True):
        columns = [[j for j, s in enumerate(row) if s is kind] for row in spoken]
        most = max(len(row) for row in columns)
        for start in range(0, most, COLUMNS):
            width = min(COLUMNS, most - start)
            block: list[Place] = []
            for i, row in enumerate(columns):
                chosen = row[start : start + width]
                block += [Place(i, j) for j in chosen]
                block += [Place(i, 0, wanted=False)] * (width - len(chosen))
            yield block
