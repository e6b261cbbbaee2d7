"""Which samples each planting befalls, and what becomes of them: nothing is written here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.media.source import ImageSource
from auditor.planting import copies, flips, pictures, triggers
from auditor.planting.base import Case, Effect, Kind, Labels, Planting, PlantingError

KINDS: dict[str, Kind] = {
    kind.id: kind for module in (flips, triggers, copies, pictures) for kind in module.KINDS
}
"""Every kind, by id."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Event:
    """One sample's fate. `index` is its position in the set as read."""

    index: int
    kind: Kind
    code: int
    effect: Effect
    options: dict[str, Any]

    @property
    def is_new(self) -> bool:
        return "sample" in self.kind.touches

    def detail(self, of: dict[str, Any] | None) -> str:
        facts = {"options": self.options, **self.effect.detail, **({"of": of} if of else {})}
        return json.dumps(facts, sort_keys=True)


def labels_of(samples: pa.Table, classes: tuple[str, ...]) -> Labels:
    """What kinds choose by; samples with several labels count as without."""
    number = {name: code for code, name in enumerate(classes)}
    codes = [
        number.get(cell[0], -1) if len(cell) == 1 else -1 for cell in samples["labels"].to_pylist()
    ]
    return Labels(np.array(codes, np.int64), classes, tuple(samples["split"].to_pylist()))


def choose(labels: Labels, plantings: Sequence[Planting], alone: npt.NDArray[np.bool_],
           seed: int) -> list[tuple[Kind, dict[str, Any], Ints]]:  # fmt: skip
    """The samples of each planting: round(rate * eligible) of them, none twice unless asked.

    `alone` (n,) bool: samples whose image is no other sample's. Raises PlantingError where too
    few are left.
    """
    taken = np.zeros(len(labels.codes), bool)
    chosen = []
    for number, planting in enumerate(plantings):
        kind, options = _settled(planting)
        eligible = kind.eligible(labels, options)
        if kind.touches != {"label"}:
            eligible = eligible & alone
        count = round(planting.rate * int(eligible.sum()))
        free = np.flatnonzero(eligible if planting.overlap else eligible & ~taken)
        if count > len(free):
            raise PlantingError(
                f"{kind.id} at {planting.rate:g} needs {count} samples, and the plantings before "
                f"it leave {len(free)}; ask for less, or allow overlap."
            )
        rows = np.sort(np.random.default_rng([seed, number]).permutation(free)[:count])
        taken[rows] = True
        chosen.append((kind, options, rows))
    return chosen


def _settled(planting: Planting) -> tuple[Kind, dict[str, Any]]:
    kind = KINDS.get(planting.kind)
    if kind is None:
        raise PlantingError(f"There is no kind {planting.kind!r}; known are: {', '.join(KINDS)}.")
    if not 0 <= planting.rate <= 1:
        raise PlantingError(f"The rate of {kind.id} must be from 0 to 1, not {planting.rate:g}.")
    return kind, kind.settle(planting.options)


def events(
    samples: pa.Table,
    labels: Labels,
    chosen: Sequence[tuple[Kind, dict[str, Any], Ints]],
    source: ImageSource,
    seed: int,
    report: Callable[[int, int], None],
) -> Iterator[Event]:
    """The fate of every chosen sample. Raises PlantingError, ImageError."""
    place = samples.select(["path", "row"]).to_pylist()
    state = _State(labels.codes.copy(), {})
    total = sum(len(rows) for _, _, rows in chosen)
    done = 0
    for number, (kind, options, rows) in enumerate(chosen):
        for index in rows.tolist():
            case = Case(
                labels=labels,
                code=int(state.codes[index]),
                split=labels.splits[index],
                options=options,
                rng=np.random.default_rng([seed, number, index]),
                shared=np.random.default_rng([seed, number]),
                read=state.reader(index, source, place[index]),
            )
            event = Event(index, kind, case.code, kind.apply(case), options)
            state.note(event)
            yield event
            done += 1
            report(done, total)


@dataclass(slots=True)
class _State:
    """What earlier plantings made of the samples, for those that may overlap."""

    codes: Ints
    data: dict[int, bytes]

    def reader(self, index: int, source: ImageSource, place: dict[str, Any]) -> Callable[[], bytes]:
        if index in self.data:
            return lambda: self.data[index]
        return lambda: source.read(place["path"], place["row"]).data

    def note(self, event: Event) -> None:
        if event.is_new:
            return
        if event.effect.code is not None:
            self.codes[event.index] = event.effect.code
        if event.effect.data is not None:
            self.data[event.index] = event.effect.data


def alone(samples: pa.Table) -> npt.NDArray[np.bool_]:
    """(n,) bool: whether no other sample has the same image file and row."""
    keys = list(zip(samples["path"].to_pylist(), samples["row"].to_pylist(), strict=True))
    seen = Counter(keys)
    return np.array([seen[key] == 1 for key in keys], bool)
