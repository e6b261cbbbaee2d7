"""Answers as they are stored, in numbers: the questions counted, and grouped by kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.ask.base import Kind

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_BETWEEN = "\0"


@dataclass(frozen=True, slots=True)
class Numbered:
    """The q questions of k answers."""

    question: Ints
    """(k,) place of each answer's question."""
    questions: list[tuple[str, str]]
    """(about, text) of each, in order."""
    kinds: Ints
    """(q,) equal for questions of one kind."""
    rules_out: Flags
    """(q,) whether it rules another class out."""


def numbered(answers: pa.Table) -> Numbered:
    """Count the questions of answers with the columns about, text and kind, none null."""
    both = pc.binary_join_element_wise(answers["about"], answers["text"], _BETWEEN)
    place, texts = _coded(both)
    kind, names = _coded(answers["kind"])
    kinds = np.zeros(len(texts), np.int64)
    kinds[place] = kind
    rules_out = np.array([name == Kind.NEGATIVE for name in names], bool)
    pairs = (text.split(_BETWEEN, 1) for text in texts)
    return Numbered(place, [(about, text) for about, text in pairs], kinds, rules_out[kinds])


def _coded(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Each value's place among the values in order, and these."""
    encoded = column.combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    order = sorted(range(len(values)), key=values.__getitem__)
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values))
    places: Ints = rank[encoded.indices.to_numpy()]
    return places, [values[i] for i in order]
