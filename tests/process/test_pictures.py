"""Pictures for the eye, decoded in a real worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from auditor.formats.base import ImportOptions
from auditor.session import Session, understand
from auditor.session.folder import ProjectFolder
from auditor.session.pictures import Picture, PictureError, Pictures
from tests import images

pytestmark = pytest.mark.process


def project_of(files: dict[str, bytes], folder: Path) -> Session:
    """A session whose samples are the files, in the order of their names."""
    source = folder / "source"
    for name, data in files.items():
        (source / "a").mkdir(parents=True, exist_ok=True)
        (source / "a" / name).write_bytes(data)
    session = Session(ProjectFolder(folder / "p.audit"), workers=1)
    session.import_source(understand(source, ImportOptions()))
    return session


def png(pixels: np.ndarray) -> bytes:
    return images.packed(Image.fromarray(pixels), "PNG", compress_level=1)


def turned() -> bytes:
    """Stored 40 x 20, shown 20 x 40: EXIF says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return images.packed(images.scene(1, 40, 20), "JPEG", exif=exif)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    files = {
        "0.png": png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)),
        "1.jpg": turned(),
        "2.png": png(np.zeros((10, 8), np.uint8))[:-20],
        "3.png": png(np.full((300, 600, 3), 77, np.uint8)),
        "4.txt.png": b"just words",
        "5.png": png(np.full((6000, 6000), 257 * 100, np.uint16)),
    }
    made = project_of(files, tmp_path_factory.mktemp("pictures"))
    with made:
        yield made


def pixels(picture: Picture) -> np.ndarray:
    return np.frombuffer(picture.rgb, np.uint8).reshape(picture.height, picture.width, 3)


def test_a_picture_has_the_file_s_own_pixels(session: Session) -> None:
    shown = session.pictures.picture(0)
    assert np.array_equal(pixels(shown), np.arange(48).reshape(4, 4, 3))
    assert (shown.full_width, shown.full_height) == (4, 4)


def test_a_picture_is_turned_as_its_exif_says(session: Session) -> None:
    shown = session.pictures.picture(1)
    assert (shown.width, shown.height) == (20, 40)
    assert (shown.full_width, shown.full_height) == (20, 40)


def test_a_picture_is_scaled_down_to_the_longest_side_and_says_how_large_it_was(
    session: Session,
) -> None:
    shown = session.pictures.picture(3, longest=100)
    assert (shown.width, shown.height) == (100, 50)
    assert (shown.full_width, shown.full_height) == (600, 300)
    assert (pixels(shown) == 77).all()


@pytest.mark.parametrize(
    ("sample_id", "sentence"),
    [(2, "cut short"), (4, "no image"), (99, "has no sample 99")],
)
def test_what_cannot_be_shown_says_why(session: Session, sample_id: int, sentence: str) -> None:
    with pytest.raises(PictureError, match=sentence):
        session.pictures.picture(sample_id)


def test_a_very_large_picture_of_16_bits_is_shown(session: Session) -> None:
    shown = session.pictures.picture(5)
    assert (shown.width, shown.height) == (6000, 6000)
    assert (pixels(shown)[::500, ::500] == 100).all()


def test_going_back_asks_no_worker_until_the_file_changes(tmp_path: Path) -> None:
    with project_of({"0.png": png(np.zeros((4, 4, 3), np.uint8))}, tmp_path) as session:
        first = session.pictures.picture(0)
        assert session.pictures.picture(0) is first
        (tmp_path / "source/a/0.png").write_bytes(png(np.ones((9, 9, 3), np.uint8)))
        assert session.pictures.picture(0).width == 9


def test_rows_of_a_parquet_file_are_shown(tmp_path: Path) -> None:
    cells = [{"bytes": png(np.full((4, 4, 3), i, np.uint8)), "path": None} for i in range(3)]
    pq.write_table(pa.table({"image": cells, "label": ["a", "b", "a"]}), tmp_path / "t.parquet")
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as session:
        session.import_source(understand(tmp_path / "t.parquet", ImportOptions()))
        assert [pixels(session.pictures.picture(i))[0, 0, 0] for i in (2, 0, 1)] == [2, 0, 1]


def test_a_worker_that_died_is_replaced_and_closing_ends_it(session: Session) -> None:
    before = set(active_children())
    own = Pictures(session.store)
    own.picture(0)
    (worker,) = set(active_children()) - before
    worker.kill()
    worker.join()
    assert own.picture(3).width == 600
    assert len(set(active_children()) - before) == 1
    own.close()
    assert not set(active_children()) - before


def test_a_picture_whose_worker_dies_each_time_is_told_of_and_the_next_is_shown(
    session: Session,
) -> None:
    before, over = set(active_children()), threading.Event()
    own = Pictures(session.store)

    def kill_all() -> None:
        while not over.wait(0.01):
            for worker in set(active_children()) - before:
                worker.kill()

    killer = threading.Thread(target=kill_all)
    killer.start()
    with pytest.raises(PictureError, match="ends the program"):
        own.picture(5)
    over.set()
    killer.join()
    assert own.picture(3).width == 600
    own.close()


def test_a_closed_project_shows_nothing_more(session: Session) -> None:
    own = Pictures(session.store)
    own.close()
    with pytest.raises(PictureError, match="closed"):
        own.picture(0)
