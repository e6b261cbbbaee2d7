"""Where a key leads in a grid."""

from __future__ import annotations

from PySide6.QtCore import Qt

Key = Qt.Key


def target(key: int, place: int, count: int, columns: int, page_rows: int) -> int | None:
    """The place that a key leads to, of `count` in a grid; None for keys that do not move."""
    last = count - 1
    steps = {
        Key.Key_Left: -1,
        Key.Key_Right: 1,
        Key.Key_Up: -columns,
        Key.Key_Down: columns,
        Key.Key_PageUp: -columns * page_rows,
        Key.Key_PageDown: columns * page_rows,
        Key.Key_Home: -count,
        Key.Key_End: count,
    }
    by = steps.get(Key(key))
    if by is None:
        return None
    stays = (key == Key.Key_Up and place < columns) or (
        key == Key.Key_Down and place // columns == last // columns
    )
    return place if stays else min(max(place + by, 0), last)
