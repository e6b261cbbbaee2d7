"""The cache of thumbnails: what is served first, what is given up, and what a failure does."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from ui.thumbnails import ThumbnailCache


def picture(side: int = 64, colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side // 2), colour).save(out, "PNG")
    return out.getvalue()


class Shelf:
    """A loader that can be held up, and that notes what it is asked for."""

    def __init__(self, side: int = 64) -> None:
        self.side = side
        self.asked: list[list[int]] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.fails = False

    def __call__(self, ids: list[int]) -> dict[int, bytes]:
        self.asked.append(list(ids))
        self.may_go.wait(10)
        if self.fails:
            raise OSError("the disk is gone")
        return {i: picture(self.side) for i in ids}

    @property
    def flat(self) -> list[int]:
        return [i for batch in self.asked for i in batch]


Make = Callable[..., ThumbnailCache]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def make(shelf: Shelf, qtbot: QtBot) -> Iterator[Make]:
    made: list[ThumbnailCache] = []

    def build(budget: int = 1 << 20) -> ThumbnailCache:
        made.append(ThumbnailCache(shelf, budget))
        return made[-1]

    yield build
    shelf.may_go.set()
    for cache in made:
        cache.close()


def fill(cache: ThumbnailCache, ids: list[int], qtbot: QtBot) -> None:
    for i in ids:
        cache.get(i)
    qtbot.waitUntil(lambda: all(cache.get(i) is not None for i in ids))


def hold_up(cache: ThumbnailCache, shelf: Shelf, qtbot: QtBot) -> None:
    """Keep both threads busy."""
    shelf.may_go.clear()
    for i in (-1, -2):
        cache.get(i)
        qtbot.waitUntil(lambda i=i: i in shelf.flat)  # type: ignore[misc]


def test_a_pixmap_comes_later_and_is_told_of(make: Make, qtbot: QtBot) -> None:
    cache = make()
    with qtbot.waitSignal(cache.ready) as told:
        assert cache.get(3) is None
    assert told.args == [3]
    pixmap = cache.get(3)
    assert pixmap is not None
    assert (pixmap.width(), pixmap.height()) == (64, 32)


def test_the_newest_wish_is_served_first(make: Make, shelf: Shelf, qtbot: QtBot) -> None:
    cache = make()
    hold_up(cache, shelf, qtbot)
    for i in range(5):
        cache.get(i)
    shelf.may_go.set()
    qtbot.waitUntil(lambda: 0 in shelf.flat)
    assert [i for i in shelf.flat if i >= 0] == [4, 3, 2, 1, 0]


def test_what_scrolled_away_is_not_read(make: Make, shelf: Shelf, qtbot: QtBot) -> None:
    cache = make()
    hold_up(cache, shelf, qtbot)
    cache.keep_only("gallery", [1, 2])
    for i in (1, 2):
        cache.get(i)
    cache.keep_only("gallery", [3])
    cache.get(3)
    shelf.may_go.set()
    qtbot.waitUntil(lambda: 3 in shelf.flat)
    assert not {1, 2} & set(shelf.flat)


def test_a_client_withdraws_its_own_wishes_only(make: Make, shelf: Shelf, qtbot: QtBot) -> None:
    cache = make()
    hold_up(cache, shelf, qtbot)
    cache.keep_only("gallery", [1, 2])
    cache.keep_only("wall", [2])
    for i in (1, 2, 7):
        cache.get(i)
    cache.keep_only("gallery", [])
    shelf.may_go.set()
    qtbot.waitUntil(lambda: {2, 7} <= set(shelf.flat))
    assert 1 not in shelf.flat


def test_what_comes_next_is_fetched_after_all_other_wishes(
    make: Make, shelf: Shelf, qtbot: QtBot
) -> None:
    cache = make()
    hold_up(cache, shelf, qtbot)
    cache.prefetch("gallery", [10, 11])
    cache.get(1)
    shelf.may_go.set()
    qtbot.waitUntil(lambda: 11 in shelf.flat)
    assert [i for i in shelf.flat if i >= 0] == [1, 10, 11]


def test_memory_stays_within_the_budget(make: Make, qtbot: QtBot) -> None:
    one = 64 * 32 * 4
    cache = make(budget=3 * one)
    for i in range(6):
        fill(cache, [i], qtbot)
    assert cache.used_bytes <= 3 * one
    assert cache.get(5) is not None
    assert cache.get(0) is None


def test_what_is_on_the_screen_is_never_dropped(make: Make, qtbot: QtBot) -> None:
    cache = make(budget=2 * 64 * 32 * 4)
    shown = [1, 2, 3, 4]
    cache.keep_only("gallery", shown)
    fill(cache, shown, qtbot)
    fill(cache, [9], qtbot)
    assert all(cache.get(i) is not None for i in shown)


def test_pixmaps_are_no_larger_than_the_largest_client_needs(
    make: Make, shelf: Shelf, qtbot: QtBot
) -> None:
    shelf.side = 256
    cache = make()
    cache.need("gallery", 100)
    cache.need("wall", 40)
    fill(cache, [1], qtbot)
    pixmap = cache.get(1)
    assert pixmap is not None
    assert (pixmap.width(), pixmap.height()) == (100, 50)


def test_small_pictures_are_enlarged_once_and_not_at_each_paint(
    make: Make, shelf: Shelf, qtbot: QtBot
) -> None:
    shelf.side = 32
    cache = make()
    cache.need("gallery", 144)
    fill(cache, [1], qtbot)
    pixmap = cache.get(1)
    assert pixmap is not None
    assert (pixmap.width(), pixmap.height()) == (144, 72)


def test_a_larger_need_shows_the_old_pixmap_until_the_larger_one_comes(
    make: Make, shelf: Shelf, qtbot: QtBot
) -> None:
    shelf.side = 256
    cache = make()
    cache.need("gallery", 100)
    fill(cache, [1], qtbot)
    assert cache.need("gallery", 200)
    with qtbot.waitSignal(cache.ready):
        old = cache.get(1)
    assert old is not None
    assert old.width() == 100
    new = cache.get(1)
    assert new is not None
    assert new.width() == 200


def test_forgotten_pictures_are_read_again(make: Make, shelf: Shelf, qtbot: QtBot) -> None:
    cache = make()
    fill(cache, [1], qtbot)
    shelf.side = 32
    cache.forget()
    with qtbot.waitSignal(cache.ready):
        assert cache.get(1) is not None
    pixmap = cache.get(1)
    assert pixmap is not None
    assert pixmap.width() == 32


def test_a_loader_that_fails_leaves_null_pixmaps_and_one_line_in_the_log(
    make: Make, shelf: Shelf, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    cache = make()
    shelf.fails = True
    with caplog.at_level(logging.ERROR):
        fill(cache, [1], qtbot)
        fill(cache, [2], qtbot)
    assert len(caplog.records) == 1
    pixmap = cache.get(1)
    assert pixmap is not None
    assert pixmap.isNull()
    shelf.fails = False
    fill(cache, [3], qtbot)
    good = cache.get(3)
    assert good is not None
    assert not good.isNull()


def test_after_closing_nothing_is_read(make: Make, shelf: Shelf) -> None:
    cache = make()
    cache.close()
    assert cache.get(1) is None
    assert shelf.asked == []
