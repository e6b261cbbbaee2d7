"""Two photographs in one picture: are they found, named and placed? Prints; `./run bench -s`."""

from __future__ import annotations

import io
import json
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from PIL import Image

from auditor.checks.base import Outcome
from auditor.checks.labels.multi_label import CHECK, Params
from auditor.ml.crops import LAYOUT, cut
from tests import label_world
from tests.bench import million, vdc_world
from tests.shared_data import shared

pytestmark = pytest.mark.bench

Pixels = npt.NDArray[np.uint8]
Encode = Callable[[list[Pixels]], npt.NDArray[np.float32]]
"""(n, D) features of RGB pictures of any sizes."""
Codes = npt.NDArray[np.int64]

PICTURES, SHARE = 3_000, 0.1


@dataclass(frozen=True)
class Composites:
    """Photographs, of which a tenth has another one beside it; the left one gives the label."""

    pictures: list[Pixels]
    left: Codes
    right: Codes
    """The class of the right half; of single photographs that of the left."""
    classes: Sequence[str]
    two: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "two", self.left != self.right)


def composed(images: list[Pixels], codes: Codes, classes: Sequence[str], *, squeezed: bool) -> Any:
    """Plant PatchML's idea: each pair is one picture, twice as wide or squeezed to the old width."""
    draw = np.random.default_rng(0)
    order = draw.permutation(len(images))
    kept, spare = order[:PICTURES], list(order[PICTURES:])
    right, pictures = codes[kept].copy(), [images[i] for i in kept]
    for place in draw.choice(len(kept), round(SHARE * len(kept)), replace=False):
        other = next(i for i in spare if codes[i] != right[place])
        spare.remove(other)
        pair = np.concatenate([pictures[place], images[other]], axis=1)
        if squeezed:
            side = pictures[place].shape[1]
            pair = np.asarray(Image.fromarray(pair).resize((side, side), Image.Resampling.BICUBIC))
        pictures[place], right[place] = pair, codes[other]
    return Composites(pictures, codes[kept], right, classes)


def photographs(name: str) -> tuple[list[Pixels], Codes, list[str]]:
    """CIFAR-10N's training photographs, which no model here has seen, or CIFAKE's real ones."""
    if name == "cifar10n":
        table, label = pq.read_table(shared("cifar10n/cifar10n.parquet")), "clean_label"
    else:
        table, label = pq.read_table(shared("cifake/cifake_test.parquet")), "label"
        table = table.filter(pc.equal(table["source"], "real"))
    table = table.slice(0, PICTURES + 600)
    cells = table["image"].to_pylist()
    images = [np.asarray(Image.open(io.BytesIO(one["bytes"])).convert("RGB")) for one in cells]
    names, codes = np.unique(np.array(table[label]), return_inverse=True)
    return images, codes.astype(np.int64), [str(name) for name in names]


def crops_of(pictures: list[Pixels], encode: Encode) -> npt.NDArray[np.float16]:
    parts = []
    for start in range(0, len(pictures), 50):
        seen = [one for picture in pictures[start : start + 50] for one in cut(picture)]
        parts.append(encode(seen).reshape(-1, encode_width(encode) * len(LAYOUT)))
    return np.concatenate(parts).astype(np.float16)


def encode_width(encode: Encode) -> int:
    return int(encode([np.zeros((32, 32, 3), np.uint8)]).shape[1])


@dataclass(frozen=True)
class Figures:
    recall: float
    right_label: float
    """Of the composites found, those whose first proposal is the other photograph's class."""
    right_half: float
    """Of all composites, those whose map has more of the other class right than left."""
    flagged: int
    precision: float
    share: tuple[float, float, float]


def measured(made: Composites, outcome: Outcome) -> Figures:
    rows = outcome.findings.to_pylist()
    quality = np.array([row["quality"] for row in rows])
    budget = np.argsort(quality, kind="stable")[: round(0.1 * len(quality))]
    flagged = np.array([row["flagged"] for row in rows])
    evidence = [json.loads(row["evidence"]) for row in rows]
    found = [i for i in np.flatnonzero(made.two & flagged) if "map" in evidence[i]]
    named = [evidence[i]["also"][0][0] == made.classes[made.right[i]] for i in found]
    placed = [_is_right(evidence[i]["map"], made.classes[made.right[i]]) for i in found]
    share = next(
        row
        for row in outcome.metrics.to_pylist()
        if (row["scope"], row["name"]) == ("set", "multi_label_share")
    )
    return Figures(
        recall=float(made.two[budget].sum() / made.two.sum()),
        right_label=float(np.mean(named)) if named else 0.0,
        right_half=float(np.mean(placed)) if placed else 0.0,
        flagged=int(flagged.sum()),
        precision=float(made.two[flagged].mean()) if flagged.any() else 0.0,
        share=(share["value"], share["low"], share["high"]),
    )


def _is_right(found: dict[str, Any], name: str) -> bool:
    """Whether the map shows the class more in its right half than in its left one."""
    if name not in found["classes"]:
        return False
    cells = np.array(found["cells"])
    shown = np.where(cells[:, :, ::2] == found["classes"].index(name), cells[:, :, 1::2], 0)
    columns = shown.sum(axis=(0, 2))
    return bool(columns[2:].sum() > columns[:2].sum())


def judged(made: Composites, crops: npt.NDArray[np.float16]) -> Outcome:
    table = label_world.samples([made.classes[k] for k in made.left])
    world = label_world.World(made.classes, {"crops": crops}, Params())  # type: ignore[arg-type]
    return CHECK.run(table, world)  # type: ignore[arg-type]


@pytest.mark.parametrize("squeezed", [False, True], ids=["beside", "squeezed"])
@pytest.mark.parametrize("name", ["cifar10n", "cifake"])
def test_two_photographs_side_by_side(name: str, squeezed: bool) -> None:
    vdc_world.demo_model()
    made = composed(*photographs(name), squeezed=squeezed)
    began = time.perf_counter()
    crops = crops_of(made.pictures, vdc_world.tower_features)
    encoded = time.perf_counter() - began
    figures = measured(made, judged(made, crops))
    print(f"\n{name}, {'squeezed' if squeezed else 'beside each other'}: {figures}")
    print(f"  {encoded:.0f} s to encode, {time.perf_counter() - began - encoded:.0f} s to judge")
    assert pa.types.is_floating(pa.from_numpy_dtype(crops.dtype))


def _peak_gb() -> float:
    """Peak of this process's own memory; the mapped file's pages, which can be let go, included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def test_proposals_stream_from_as_many_probabilities_as_imagenet_has(tmp_path: Path) -> None:
    rows, classes = million.SAMPLES, million.CLASSES
    file = tmp_path / "probabilities.npy"
    try:
        truth = _written(file, rows, classes)
        before, began = _peak_gb(), time.perf_counter()
        table = np.load(file, mmap_mode="r")
        samples = pa.table(
            {
                "sample_id": pa.array(np.arange(rows)),
                "labels": pa.ListArray.from_arrays(
                    pa.array(np.arange(rows + 1, dtype=np.int32)),
                    pa.DictionaryArray.from_arrays(
                        pa.array(truth, pa.int32()), pa.array(million.NAMES)
                    ).cast(pa.string()),
                ),
            }
        )
        world = label_world.World(million.NAMES, {"pred_probs": table}, Params())  # type: ignore[arg-type]
        outcome = CHECK.run(samples, world)  # type: ignore[arg-type]
        spent = time.perf_counter() - began
    finally:
        file.unlink(missing_ok=True)
    flagged = pc.sum(outcome.findings["flagged"]).as_py()
    print(
        f"\n{rows:,} x {classes:,} float16: {spent:.0f} s, {flagged:,} flagged, peak"
        f" {_peak_gb():.1f} GB of which {before:.1f} GB before (the file is"
        f" {2 * rows * classes / 1e9:.1f} GB)"
    )
    assert _peak_gb() < 6


def _written(file: Path, rows: int, classes: int) -> Codes:
    """Probabilities of which a tenth are shared by two classes; the given ones."""
    draw = np.random.default_rng(0)
    table = np.lib.format.open_memmap(file, mode="w+", dtype=np.float16, shape=(rows, classes))
    given = np.sort(draw.integers(0, classes, rows))
    rest = (draw.dirichlet(np.ones(classes), 1_000) / 5).astype(np.float16)
    for start in range(0, rows, 20_000):
        own = given[start : start + 20_000]
        block, row = rest[draw.integers(0, 1_000, len(own))], np.arange(len(own))
        two = draw.random(len(own)) < SHARE
        other = (own + draw.integers(1, classes, len(own))) % classes
        block[row, own] += np.where(two, 0.4, 0.8).astype(np.float16)
        block[row[two], other[two]] += np.float16(0.4)
        table[start : start + len(own)] = block
    table.flush()
    return given
