"""One picture of the map, drawn by whichever thread has time for it."""

from __future__ import annotations

from dataclasses import dataclass

from ui.charts.map_scene import Scene
from ui.charts.scatter import FEW, Inks, Layer, Raster, Sight

_DIM = 0.28
_AROUND = 1.25
"""So much wider and higher than the view, so that a moved picture has no bare edges at once."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to draw. Inks are chosen on the Qt thread, which knows the scheme."""

    scene: Scene
    selection: Layer | None
    sight: Sight
    """Of the view, in its pixels."""
    ratio: float
    """Of the screen's pixels to those."""
    inks: Inks
    dim: Inks
    halo: Inks


def draw(order: Order) -> Raster:
    """Points outside of the list beneath, those of the list over them, selected ones marked."""
    around = order.sight.around(_AROUND)
    outside, listed = (layer.within(around.box) for layer in order.scene.layers)
    crowd = len(outside.x) + len(listed.x)
    is_few = crowd <= FEW
    # Shapes are drawn as fine as the screen is; for dust, its finest pixels are not worth it.
    ratio = order.ratio if is_few else 1.0
    raster = Raster(around.times(ratio))
    selected = order.selection.within(around.box) if order.selection is not None else None
    raster.put(outside, order.dim.times(ratio), crowd=crowd, strength=_DIM)
    if selected is not None and is_few:
        raster.put(selected, order.halo.times(ratio), crowd=crowd)
    raster.put(listed, order.inks.times(ratio), crowd=crowd)
    if selected is not None and not is_few:
        raster.put(selected, order.halo, crowd=FEW + 1)
    return raster
