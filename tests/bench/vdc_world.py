"""CIFAR images with noise of known kinds, and every check on one encoder, for the benches of asking."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from auditor.ask.answerers import folder_of, load, parse
from auditor.ask.bank import generate
from auditor.ask.base import Answer
from auditor.formats.base import ImportOptions
from auditor.ml.knn import nearest, unit_rows
from auditor.planting import published
from auditor.session import AuditOptions, Session, understand
from auditor.session.folder import ProjectFolder
from tests.shared_data import shared

MODEL = "demo:natural"

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def demo_model() -> None:
    from auditor.ask.base import AnswererError

    try:
        folder_of(parse(MODEL))
    except AnswererError as error:
        pytest.skip(str(error))


@dataclass(frozen=True)
class Cifar:
    """The 10,000 training images of CIFAR-10N."""

    table: pa.Table

    @cached_property
    def truth(self) -> npt.NDArray[np.str_]:
        return np.array(self.table["clean_label"])

    @cached_property
    def classes(self) -> list[str]:
        return sorted(set(self.truth.tolist()))

    @cached_property
    def pixels(self) -> list[npt.NDArray[np.uint8]]:
        cells = self.table["image"].to_pylist()
        return [np.asarray(Image.open(io.BytesIO(one["bytes"])).convert("RGB")) for one in cells]

    @cached_property
    def poisoned_rows(self) -> Codes:
        """Of these images, the rows that the published index file names."""
        text = shared("vdc/cifar10_poison_indices.json").read_text("utf-8")
        chosen = published.poison_indices(text, per_class=500)
        return np.flatnonzero(np.isin(np.array(self.table["cifar_index"]), chosen))


def cifar() -> Cifar:
    return Cifar(pq.read_table(shared("cifar10n/cifar10n.parquet")))


def with_patch(pixels: npt.NDArray[np.uint8]) -> bytes:
    """The picture with a chequered square of 3 pixels in its corner, as a PNG."""
    marked = pixels.copy()
    marked[-4:-1, -4:-1] = (255 * (np.indices((3, 3)).sum(0) % 2))[..., None].astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(marked).save(buffer, "PNG")
    return buffer.getvalue()


@torch.inference_mode()
def tower_features(pixels: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float32]:
    """(n, d) mean patch features of the answering model's own vision tower."""
    library: Any = import_module("transformers")
    folder = str(folder_of(parse(MODEL)))
    processor = library.AutoProcessor.from_pretrained(folder, local_files_only=True)
    model = library.AutoModelForImageTextToText.from_pretrained(folder, local_files_only=True)
    tower, parts = model.model.vision_tower.eval(), []
    for start in range(0, len(pixels), 250):
        images = [Image.fromarray(one) for one in pixels[start : start + 250]]
        seen = processor.image_processor(images=images, return_tensors="pt")["pixel_values"]
        parts.append(tower(seen).last_hidden_state.mean((2, 3)).numpy())
    return np.concatenate(parts)


def zero_shot(pixels: list[npt.NDArray[np.uint8]], classes: list[str]) -> Floats:
    """(n, classes) share of each class by the model alone, which is told no label."""
    asked = [one for one in generate(classes) if one.text.startswith("Is this an image of")]
    prompts = [one.prompt for one in asked]
    table = np.zeros((len(pixels), len(classes)))

    def keep(picture: int, place: int, given: Answer) -> None:
        table[picture, place] = given.p_yes if given.p_yes is not None else 0.5

    load(MODEL).answer(pixels, [prompts] * len(pixels), keep, lambda _done, _all: None)
    shares: Floats = table / table.sum(axis=1, keepdims=True)
    return shares


def knn_vote(vectors: npt.NDArray[np.float32], given: npt.NDArray[Any], k: int = 10) -> Floats:
    """(n,) share of the k nearest others that have the sample's label (SimiFeat-V's score)."""
    rows, alone = unit_rows(vectors), np.arange(len(vectors))
    near, _ = nearest(rows, rows, k, query_groups=alone, reference_groups=alone)
    shares: Floats = (given[near] == given[:, None]).mean(axis=1)
    return shares


def project(at: Path, source: Path, label: str) -> Session:
    session = Session(ProjectFolder(at))
    session.import_source(understand(source, ImportOptions(label_column=label)))
    return session


def audit(session: Session, check: str, **values: object) -> None:
    options = AuditOptions(checks=[check], parameters={check: values}, device="cpu")
    (end,) = session.audit(options)
    assert end.state == "done", end


def attach(session: Session, at: Path, vectors: npt.NDArray[np.float32]) -> None:
    np.save(at, vectors)
    session.attach("embedding", at)
