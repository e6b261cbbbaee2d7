"""What the map shows: points, their kinds by a colouring, and which of them the list holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from auditor.model import Verdict
from auditor.session import Session, browsing
from auditor.session.browsing import Ids, View, quoted
from auditor.session.mapping import MapPoints
from ui.charts import palette
from ui.charts.base import checked, narrowed
from ui.charts.scatter import Kinds, Layer, Places


class Mode(StrEnum):
    """What the colours tell."""

    CLASS = "class"
    REVIEW = "review"
    P_ERROR = "p_error"


@dataclass(frozen=True, slots=True)
class Colouring:
    """A kind for each point of the map; kind 0 is everything else."""

    mode: Mode
    kinds: Kinds
    names: tuple[str, ...]
    """Of the kinds from 1: classes, or the words `flagged` and a verdict; none of shades."""

    def count(self, kind: int) -> int:
        return int(np.count_nonzero(self.kinds == kind))


@dataclass(frozen=True, slots=True)
class Scene:
    points: MapPoints
    colouring: Colouring
    listed: Layer
    """The points of the list."""
    outside: Layer
    """The others, drawn dim and beneath."""

    @property
    def layers(self) -> tuple[Layer, Layer]:
        return self.outside, self.listed

    def find(self, sample_ids: Ids) -> Places:
        """The points of those samples that are on the map."""
        return find(self.points.sample_ids, sample_ids)


def find(known: Ids, wanted: Ids) -> Places:
    """Where in `known` those of `wanted` stand that it holds."""
    if len(wanted) == 1:  # the sample in focus: no sorting for one
        return np.flatnonzero(known == wanted[0])
    return np.flatnonzero(np.isin(known, wanted))


def scene(points: MapPoints, colouring: Colouring, listed: Ids) -> Scene:
    inside = np.isin(points.sample_ids, listed)
    layers = [
        Layer(points.xy, colouring.kinds, np.flatnonzero(chosen)) for chosen in (inside, ~inside)
    ]
    return Scene(points, colouring, *layers)


def colour(session: Session, points: MapPoints, mode: Mode, view: View) -> Colouring:
    """Ask for the kinds of all points. Raises FilterError."""
    whole = replace(checked(View(check_id=view.check_id, as_of=view.as_of)), where="")
    if mode is Mode.P_ERROR:
        return _by_chance(session, points, whole)
    conditions = _classes(session, whole) if mode is Mode.CLASS else _states()
    kinds = np.zeros(len(points.sample_ids), np.uint8)
    for kind, condition in enumerate(conditions.values(), start=1):
        wanted = narrowed(whole, condition)
        ids = session.read(lambda db, wanted=wanted: browsing.ids(db, wanted))  # type: ignore[misc]
        kinds[find(points.sample_ids, ids)] = kind
    return Colouring(mode, kinds, tuple(conditions))


def _classes(session: Session, whole: View) -> dict[str, str]:
    """The largest classes and their conditions."""
    found = session.read(
        lambda db: browsing.facets(db, whole, "given_label", limit=palette.KINDS + 1)
    )
    names = [facet.value for facet in found if facet.value is not None][: palette.KINDS]
    return {name: f"given_label = {quoted(name)}" for name in names}


def _states() -> dict[str, str]:
    decided = {verdict.value: f"decision = {quoted(verdict.value)}" for verdict in Verdict}
    return {"flagged": "flagged and decision is null", **decided}


def _by_chance(session: Session, points: MapPoints, whole: View) -> Colouring:
    ids, values = session.read(lambda db: browsing.scores(db, whole, "p_error"))
    order = np.argsort(ids, kind="stable")
    places = find(points.sample_ids, ids)
    wanted = np.searchsorted(ids, points.sample_ids[places], sorter=order)
    shades = np.clip(values[order[wanted]] * palette.SHADES, 0, palette.SHADES - 1)
    kinds = np.zeros(len(points.sample_ids), np.uint8)
    kinds[places] = shades.astype(np.uint8) + 1
    return Colouring(Mode.P_ERROR, kinds, ())
