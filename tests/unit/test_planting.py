"""Planting: at the asked rate, under a seed, without touching the original, and reversibly."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, UnidentifiedImageError

from auditor import formats
from auditor.formats.base import ImportOptions
from auditor.planting import truth
from auditor.planting.base import Planting, PlantingError
from auditor.planting.plan import KINDS
from auditor.planting.plant import plant, restore

CLASSES = ("cat", "dog", "emu")


def picture(number: int, kind: str = "JPEG") -> bytes:
    rng = np.random.default_rng(number)
    smooth = Image.fromarray(rng.integers(40, 200, (6, 6, 3), dtype=np.uint8)).resize((48, 40))
    buffer = io.BytesIO()
    smooth.save(buffer, kind)
    return buffer.getvalue()


def folder_set(root: Path, count: int = 60) -> Path:
    for number in range(count):
        split = "test" if number % 5 == 4 else "train"
        path = (
            root
            / split
            / CLASSES[number % 3]
            / f"{number:03}.{'png' if number % 7 == 0 else 'jpg'}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number, "PNG" if number % 7 == 0 else "JPEG"))
    return root


def parquet_set(root: Path, count: int = 60) -> Path:
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    root.mkdir(parents=True)
    for split, rows in (("train", range(count - 12)), ("test", range(count - 12, count))):
        table = pa.table(
            {
                "image": pa.array([{"bytes": picture(n), "path": f"{n}.jpg"} for n in rows], image),
                "label": [CLASSES[n % 3] for n in rows],
                "patient": [n // 2 for n in rows],
            }
        )
        pq.write_table(table, root / f"{split}-00000-of-00001.parquet")
    return root


def manifest_set(root: Path, count: int = 30) -> Path:
    root.mkdir(parents=True)
    with (root / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "label"])
        for number in range(count):
            (root / f"{number}.jpg").write_bytes(picture(number))
            writer.writerow([f"{number}.jpg", CLASSES[number % 3]])
    return root / "labels.csv"


MAKERS = {"folder": folder_set, "hf_parquet": parquet_set}


def hashes(root: Path) -> dict[str, str]:
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in root.rglob("*")
        if p.is_file()
    }


def read(source: Path) -> list[dict[str, object]]:
    understood = formats.understand(source, ImportOptions())
    tables = list(formats.by_id(understood.format).read(understood))
    return list(pa.concat_tables(tables).to_pylist())


def image_of(out: Path, row: dict[str, object]) -> bytes:
    path = out / str(row["path"])
    if row["row"] is None:
        return path.read_bytes()
    cell = pq.read_table(path)["image"][row["row"]].as_py()
    return bytes(cell["bytes"])


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("form", sorted(MAKERS))
def test_every_kind_hits_its_rate_spares_the_original_and_can_be_undone(
    form: str, kind: str, tmp_path: Path
) -> None:
    source = MAKERS[form](tmp_path / "set")
    before, samples = hashes(source), len(read(source))
    known = plant(source, tmp_path / "out", [Planting(kind, 0.25)], seed=3)
    eligible = {
        "flip_pair": 40,
        "leak": 48,
        "corner_mark": 20,
        "clean_label_trigger": 20,
        **dict.fromkeys(("trigger_patch", "trigger_blend", "trigger_sinusoid", "trigger_warp"), 40),
    }.get(kind, 60)
    assert hashes(source) == before
    assert known.table.num_rows == round(0.25 * eligible)
    planted = {(row["path"], row["row"]): row for row in read(tmp_path / "out")}
    for row in known.table.to_pylist():
        found = planted[row["path"], row["row"]]
        assert found["labels"] == [row["given_label"]]
        assert (row["given_label"] != row["true_label"]) == ("label" in KINDS[kind].touches)
    added = known.table.num_rows if "sample" in KINDS[kind].touches else 0
    assert len(planted) == samples + added
    restore(tmp_path / "out")
    assert hashes(tmp_path / "out") == before


@pytest.mark.parametrize("kind", sorted(k.id for k in KINDS.values() if "image" in k.touches))
def test_a_kind_that_changes_images_changes_those_and_no_others(kind: str, tmp_path: Path) -> None:
    source = folder_set(tmp_path / "set")
    known = plant(source, tmp_path / "out", [Planting(kind, 0.5)], seed=1)
    for row in known.table.to_pylist():
        original = known.folder / row["original"]
        assert (tmp_path / "out" / row["path"]).read_bytes() != original.read_bytes()
    touched = {row["original"].removeprefix("originals/") for row in known.table.to_pylist()}
    assert set(known.kept) == touched


def test_images_are_what_the_kind_says(tmp_path: Path) -> None:
    source = folder_set(tmp_path / "set")
    kinds = ("blur", "dark", "overexposed", "truncated")
    known = plant(source, tmp_path / "out", [Planting(kind, 0.1) for kind in kinds])
    for row in known.table.to_pylist():
        data = (tmp_path / "out" / row["path"]).read_bytes()
        old = np.asarray(Image.open(known.folder / row["original"]).convert("RGB"), float)
        if row["kind"] == "truncated":
            with pytest.raises((OSError, SyntaxError, UnidentifiedImageError)):
                Image.open(io.BytesIO(data)).load()
            continue
        new = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), float)
        if row["kind"] == "dark":
            assert new.mean() < 0.15 * old.mean()
        elif row["kind"] == "overexposed":
            assert new.mean() > 225
        else:
            steepest = [np.abs(np.diff(image, axis=1)).max() for image in (old, new)]
            assert steepest[1] < steepest[0]


def test_a_patch_is_in_the_lower_right_corner_and_the_rest_is_untouched(tmp_path: Path) -> None:
    source = tmp_path / "set"
    for name in ("a", "b"):
        (source / name).mkdir(parents=True)
        (source / name / "1.png").write_bytes(picture(5, "PNG"))
    known = plant(source, tmp_path / "out", [Planting("trigger_patch", 1.0, {"target": "a"})])
    row = known.table.to_pylist()[0]
    assert row["path"] == "a/1-2.png"  # the class has a 1.png of its own
    new = np.asarray(Image.open(tmp_path / "out" / row["path"]))
    old = np.asarray(Image.open(source / "b" / "1.png"))
    changed = np.argwhere((new != old).any(axis=2))
    assert changed.min(0).tolist() >= [37, 45]
    assert set(np.unique(new[37:, 45:])) == {0, 255}


def test_triggers_of_one_planting_are_the_same_on_every_image(tmp_path: Path) -> None:
    source = tmp_path / "set"
    for name in "abc":
        (source / name).mkdir(parents=True)
        (source / name / "1.png").write_bytes(picture(ord(name), "PNG"))
    options = {"target": "a", "opacity": 1.0}
    known = plant(source, tmp_path / "out", [Planting("trigger_blend", 1.0, options)])
    images = [image_of(tmp_path / "out", row) for row in known.table.to_pylist()]
    assert len(images) == 2
    assert images[0] == images[1]


@pytest.mark.parametrize("form", sorted(MAKERS))
def test_copies_hold_the_bytes_of_the_sample_they_name(form: str, tmp_path: Path) -> None:
    source = MAKERS[form](tmp_path / "set")
    out = tmp_path / "out"
    known = plant(source, out, [Planting("exact_copy", 0.1), Planting("leak", 0.1)])
    splits = {(row["path"], row["row"]): row["split"] for row in read(out)}
    for row in known.table.to_pylist():
        of = json.loads(row["detail"])["of"]
        assert image_of(out, row) == image_of(source, of)
        assert image_of(out, row) == image_of(out, of)
        wanted = "test" if row["kind"] == "leak" else splits[of["path"], of["row"]]
        assert splits[row["path"], row["row"]] == wanted
        if row["kind"] == "leak":
            assert splits[of["path"], of["row"]] == "train"


def test_labels_flip_as_each_kind_says(tmp_path: Path) -> None:
    source = folder_set(tmp_path / "set")

    def flips(planting: Planting, name: str) -> Counter[tuple[str, str]]:
        table = plant(source, tmp_path / name, [planting]).table
        return Counter(
            zip(table["true_label"].to_pylist(), table["given_label"].to_pylist(), strict=True)
        )

    assert len(flips(Planting("flip_symmetric", 1.0), "a")) == 6
    around = {("cat", "dog"): 20, ("dog", "emu"): 20, ("emu", "cat"): 20}
    assert flips(Planting("flip_asymmetric", 1.0), "b") == around
    mapped = Planting("flip_asymmetric", 0.5, {"map": {"emu": "dog"}})
    assert flips(mapped, "c") == {("emu", "dog"): 10}
    pair = flips(Planting("flip_pair", 1.0, {"classes": "dog:emu"}), "d")
    assert pair == {("dog", "emu"): 20, ("emu", "dog"): 20}


def test_no_sample_is_hit_twice_unless_asked(tmp_path: Path) -> None:
    source = folder_set(tmp_path / "set")
    plantings = [
        Planting("flip_symmetric", 0.4),
        Planting("dark", 0.3),
        Planting("exact_copy", 0.3),
    ]
    table = plant(source, tmp_path / "a", plantings).table
    hit = [json.loads(row["detail"]).get("of", row)["path"] for row in table.to_pylist()]
    assert len(set(hit)) == len(hit) == 60
    with pytest.raises(PlantingError, match="allow overlap"):
        plant(source, tmp_path / "b", [*plantings, Planting("blur", 0.1)])
    both = [Planting("flip_symmetric", 1.0), Planting("dark", 1.0, overlap=True)]
    known = plant(source, tmp_path / "c", both)
    assert known.counts() == {"flip_symmetric": 60, "dark": 60}
    found = {row["path"]: row["labels"] for row in read(tmp_path / "c")}
    for row in known.table.to_pylist():
        assert found[row["path"]] == [row["given_label"]]
        assert np.asarray(Image.open(tmp_path / "c" / row["path"])).mean() < 30
    restore(tmp_path / "c")
    assert hashes(tmp_path / "c") == hashes(source)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rate=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_the_same_seed_plants_the_same(
    rate: float, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("seeded")
    source = folder_set(root / "set", 12)
    plantings = [Planting("flip_symmetric", rate / 2), Planting("trigger_warp", rate / 4)]
    first, second = (plant(source, root / name, plantings, seed=seed) for name in "ab")
    assert first.table == second.table
    assert hashes(root / "a") == hashes(root / "b")
    assert first.counts().get("flip_symmetric", 0) == round(rate / 2 * 12)


def test_another_seed_plants_elsewhere(tmp_path: Path) -> None:
    source = folder_set(tmp_path / "set")
    paths = [
        set(plant(source, tmp_path / str(seed), [Planting("dark", 0.2)], seed=seed)
            .table["path"].to_pylist())
        for seed in (0, 1)
    ]  # fmt: skip
    assert paths[0] != paths[1]


def test_a_manifest_takes_labels_and_pictures_but_no_new_samples(tmp_path: Path) -> None:
    source = manifest_set(tmp_path / "set")
    before = hashes(source.parent)
    plantings = [Planting("flip_symmetric", 0.2), Planting("dark", 0.1)]
    known = plant(source, tmp_path / "out", plantings)
    assert hashes(source.parent) == before
    assert known.counts() == {"flip_symmetric": 6, "dark": 3}
    found = {row["path"]: row for row in read(tmp_path / "out" / "labels.csv")}
    for row in known.table.to_pylist():
        assert found[row["path"]]["labels"] == [row["given_label"]]
    restore(tmp_path / "out")
    assert hashes(tmp_path / "out") == before
    with pytest.raises(PlantingError, match="not to manifests"):
        plant(source, tmp_path / "more", [Planting("exact_copy", 0.1)])


def test_the_truth_reads_back_as_it_was_written(tmp_path: Path) -> None:
    known = plant(folder_set(tmp_path / "set"), tmp_path / "out", [Planting("flip_symmetric", 0.1)])
    assert truth.read(known.folder) == known
    assert truth.read(known.path).table == known.table
    with pytest.raises(PlantingError, match="no truth file"):
        truth.read(tmp_path / "set")


@pytest.mark.parametrize(
    ("planting", "sentence"),
    [
        (Planting("rot", 0.1), "There is no kind 'rot'"),
        (Planting("dark", 1.5), "must be from 0 to 1"),
        (Planting("dark", 0.1, {"shade": 1}), "dark has no option 'shade'; it has: factor"),
        (Planting("trigger_patch", 0.1, {"target": "cow"}), "There is no class 'cow'"),
        (Planting("leak", 0.1, {"to": "val"}), "There are no splits"),
        (Planting("flip_pair", 0.1, {"classes": "cat:cat"}), "two different classes"),
        (Planting("clean_label_trigger", 0.1, {"trigger": "gong"}), "There is no trigger 'gong'"),
    ],
)
def test_what_cannot_be_planted_is_refused_before_anything_is_written(
    planting: Planting, sentence: str, tmp_path: Path
) -> None:
    source = folder_set(tmp_path / "set", 15)
    with pytest.raises(PlantingError, match=sentence):
        plant(source, tmp_path / "out", [planting])
    assert not (tmp_path / "out").exists()
