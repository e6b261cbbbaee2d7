"""The demo data set."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from auditor import formats
from auditor.formats.base import ImportOptions
from auditor.planting import demo


def files(root: Path) -> dict[str, str]:
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in root.rglob("*.jpg")
    }


def test_the_same_seed_composes_the_same_bytes(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    written = demo.compose_demo(tmp_path / "a", 5, 60, lambda d, t: told.append((d, t)))
    demo.compose_demo(tmp_path / "b", 5, 60)
    demo.compose_demo(tmp_path / "c", 6, 60)
    assert files(tmp_path / "a") == files(tmp_path / "b") != files(tmp_path / "c")
    assert {path.as_posix() for path in written} == set(files(tmp_path / "a"))
    assert told[-1] == (60, 60)


def test_it_is_an_image_folder_of_balanced_classes_in_two_splits(tmp_path: Path) -> None:
    demo.compose_demo(tmp_path / "demo", samples=200)
    understood = formats.understand(tmp_path / "demo", ImportOptions())
    assert understood.format == "folder"
    assert understood.classes == tuple("0123456789")
    assert understood.splits == {"train": 160, "test": 40}
    assert not understood.problems
    counted = Counter(path.split("/")[1] for path in files(tmp_path / "demo"))
    assert set(counted.values()) == {20}
    with Image.open(next((tmp_path / "demo").rglob("*.jpg"))) as image:
        assert (image.size, image.mode, image.format) == ((64, 64), "RGB", "JPEG")


def test_no_digit_serves_in_two_parts_and_a_fifth_in_none() -> None:
    parts = (demo.TRAIN_DIGITS, demo.TEST_DIGITS, demo.HELD_OUT_DIGITS)
    covered = [position for part in parts for position in part]
    assert covered == list(range(1797))
    images, classes = demo.digits(demo.HELD_OUT_DIGITS)
    assert images.shape == (360, 8, 8)
    assert images.max() == 255
    assert set(classes.tolist()) == set(range(10))


def test_a_digit_drawn_at_the_side_stays_there() -> None:
    images, _ = demo.digits(demo.TRAIN_DIGITS)
    place = demo.Placed(56, 32, 14)
    second = demo._mask(images[1], place, np.random.default_rng(0))  # noqa: SLF001
    assert second[:, 46:].sum() == second.sum() > 0


def test_backgrounds_and_inks_vary() -> None:
    images, _ = demo.digits(demo.TRAIN_DIGITS)
    rng = np.random.default_rng(0)
    corners = np.array([demo.compose(images[0], None, rng).pixels[0, 0] for _ in range(50)])
    assert corners.std(axis=0).min() > 30
