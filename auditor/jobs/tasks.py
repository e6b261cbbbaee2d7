"""What a worker can do: scan or show images, compute features, run a check. In workers only."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor import checks
from auditor.checks.base import parameters

Report = Callable[[int, int], None]
Tables = dict[str, pa.Table]

_BATCH = 64


class Kept:
    """What a worker keeps between tasks: one thing of each kind, such as the encoder."""

    def __init__(self) -> None:
        self._things: dict[str, tuple[Any, Any]] = {}

    def get(self, kind: str, key: Any, make: Callable[[], Any]) -> Any:
        known = self._things.get(kind)
        if known is None or known[0] != key:
            self._things.pop(kind, None)  # let go before the next is made: models are large
            self._things[kind] = known = (key, make())
        return known[1]


def scan(samples: pa.Table, config: Mapping[str, Any], report: Report, kept: Kept) -> Tables:
    """The one pass over the bytes: rows of MEDIA_SCHEMA."""
    from auditor.media.scan import scan as pass_over

    use_threads(1)
    return {"media": pass_over(samples, _source(config, kept), report)}


def _source(config: Mapping[str, Any], kept: Kept) -> Any:
    from auditor.media.source import ImageSource

    root, column = config["root"], config["image_column"]
    return kept.get("source", (root, column), lambda: ImageSource(Path(root), column))


def picture(samples: pa.Table, config: Mapping[str, Any], report: Report, kept: Kept) -> Tables:
    """One sample's picture for the eye: size as shown, RGB bytes, and its full size; or why not."""
    from auditor.media.decode import decode
    from auditor.media.errors import ImageError
    from auditor.media.thumbnail import at_most

    use_threads(1)
    (place,) = samples.to_pylist()
    names = ("width", "height", "rgb", "full_width", "full_height", "reason", "detail")
    row: dict[str, Any] = dict.fromkeys(names)
    try:
        whole = decode(_source(config, kept).read(place["path"], place["row"]).data)
    except ImageError as error:
        row |= {"reason": str(error.reason), "detail": error.detail}
    else:
        pixels = at_most(whole.pixels, config["longest"])
        height, width, _ = pixels.shape
        row |= {"width": width, "height": height, "rgb": pixels.tobytes()}
        row |= {"full_width": whole.facts.width, "full_height": whole.facts.height}
    report(1, 1)
    return {"picture": pa.table({name: [value] for name, value in row.items()})}


def describe_encoder(_: pa.Table, config: Mapping[str, Any], report: Report, kept: Kept) -> Tables:
    """Id, fingerprint and size of the encoder asked for, or of the best one here; whether it reads text."""
    from auditor.ml.encoders import TextEncoder

    encoder = _encoder(config, kept)
    report(1, 1)
    facts = {"id": encoder.id, "fingerprint": encoder.fingerprint, "dim": encoder.dim}
    facts["text"] = isinstance(encoder, TextEncoder)
    return {"encoder": pa.Table.from_pylist([facts])}


def embed(samples: pa.Table, config: Mapping[str, Any], report: Report, kept: Kept) -> Tables:
    """Features of the samples whose image can be read: sample_id, float32 values.

    For crops a row holds the features of each place of the layout, one after the other.
    """
    from auditor.ml import crops

    encoder, need = _encoder(config, kept), config.get("need")
    has_places = need in {"crops", "mirrored_crops"}
    wide = encoder.dim * (len(crops.LAYOUT) if has_places else 1)
    ids: list[int] = []
    values: list[npt.NDArray[np.float32]] = []
    total = samples.num_rows
    for start in range(0, total, _BATCH):
        report(start, total)
        batch = samples.slice(start, _BATCH)
        readable, images = pictures(batch, config, kept)
        if images:
            ids += readable
            if has_places:
                mirrored = need == "mirrored_crops"
                values.append(crops.features(images, encoder.encode, mirrored=mirrored))
            else:
                values.append(encoder.encode(images))
    report(total, total)
    stacked = np.concatenate(values) if values else np.empty((0, wide), np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(stacked.ravel()), wide)
    return {"features": pa.table({"sample_id": pa.array(ids, pa.int64()), "values": column})}


def embed_texts(texts: pa.Table, config: Mapping[str, Any], report: Report, kept: Kept) -> Tables:
    """The table with where the encoder puts each `text`: values. Raises ModelFormatError."""
    from auditor.ml.encoders import ModelFormatError, TextEncoder

    encoder = _encoder(config, kept)
    if not isinstance(encoder, TextEncoder):
        raise ModelFormatError(
            f"{encoder.id} reads no sentences: choose an open_clip or SigLIP encoder with its "
            "tokenizer, or reading=heads"
        )
    values = encoder.encode_text(texts["text"].to_pylist())
    report(1, 1)
    return {"texts": texts.append_column("values", pa.array(list(values)))}


def _encoder(config: Mapping[str, Any], kept: Kept) -> Any:
    from auditor.ml import encoders

    use_threads(config["threads"])
    name, where = config["encoder"], device(config["device"])
    return kept.get("encoder", (name, where), lambda: encoders.load(name, device=where))


def pictures(
    batch: pa.Table, config: Mapping[str, Any], kept: Kept
) -> tuple[list[int], list[npt.NDArray[np.uint8]]]:
    """Ids and RGB pixels of those samples whose image can be read."""
    from auditor.media.decode import decode
    from auditor.media.errors import ImageError

    source = _source(config, kept)
    readable, images = [], []
    for row in batch.select(["sample_id", "path", "row"]).to_pylist():
        try:
            images.append(decode(source.read(row["path"], row["row"]).data).pixels)
        except ImageError:  # it was readable at the import: the next one notices the change
            continue
        readable.append(row["sample_id"])
    return readable, images


def device(wanted: str) -> str:
    """The torch device for "auto", "cpu" or "cuda[:n]"."""
    import torch

    if wanted != "auto":
        return wanted
    return "cuda:0" if torch.cuda.is_available() else "cpu"


def similar(samples: pa.Table, config: Mapping[str, Any], report: Report, kept: Kept) -> Tables:
    """The `limit` of the samples that are most like one of them, itself first, or like a text."""
    from auditor.ml import likeness

    use_threads(1)  # the blocks are shared out instead
    ids: npt.NDArray[np.int64] = samples["sample_id"].to_numpy()
    features = np.load(config["array"], mmap_mode="r")
    like = config["sample_id"]
    query = _sentence(config, kept) if like is None else features[like].astype(np.float32)
    similarity = likeness.cosines(features, query, config["search_threads"], report)
    if like is not None:
        similarity[like] = np.inf  # before its copies
    best = ids[likeness.nearest(similarity[ids], config["limit"])]
    return {"similar": pa.table({"sample_id": best, "similarity": similarity[best].clip(-1, 1)})}


def _sentence(config: Mapping[str, Any], kept: Kept) -> npt.NDArray[np.float32]:
    """Where the text lies among the images. Raises ModelFormatError."""
    from auditor.ml.encoders import ModelFormatError, TextEncoder

    encoder = _encoder(config, kept)
    if not isinstance(encoder, TextEncoder):
        raise ModelFormatError(f"{encoder.id} cannot read text here: its tokenizer is missing")
    if encoder.fingerprint != config["fingerprint"]:
        raise ModelFormatError(
            f"{encoder.id} is not as it was when it looked at the images: run the audit again"
        )
    row: npt.NDArray[np.float32] = encoder.encode_text([config["text"]])[0]
    return row


def lay_out(samples: pa.Table, config: Mapping[str, Any], report: Report, _: Kept) -> Tables:
    """The map of the samples: sample_id, x, y."""
    from auditor.ml import layout

    use_threads(config["threads"])
    ids: npt.NDArray[np.int64] = samples["sample_id"].to_numpy()
    features = np.load(config["array"], mmap_mode="r")
    places = layout.lay_out(
        features, ids, seed=config["seed"], threads=config["threads"], report=report
    )
    return {"map": pa.table({"sample_id": ids, "x": places[:, 0], "y": places[:, 1]})}


class _Context:
    """A check's view of the world: see checks.base.CheckContext."""

    def __init__(self, config: Mapping[str, Any], samples: pa.Table, report: Report) -> None:
        self.params = parameters(checks.load(config["check_id"]).spec, config["params"])
        self.classes: tuple[str, ...] = tuple(config["classes"])
        self.multi_label: bool = config["multi_label"]
        self.seed: int = config["seed"]
        self.device: str = device(config["device"])
        self.report = report
        self._paths: Mapping[str, str] = config["arrays"]
        self._arrays: dict[str, npt.NDArray[Any]] = {}
        self._ids: npt.NDArray[np.int64] = samples["sample_id"].to_numpy()
        self._tables: Mapping[str, str] = config["tables"]

    def table(self, need: str) -> pa.Table | None:
        if need not in self._tables:
            return None
        with pa.memory_map(self._tables[need]) as file:
            return pa.ipc.open_file(file).read_all()

    def array(self, need: str) -> npt.NDArray[Any] | None:
        if need in self._paths and need not in self._arrays:
            self._arrays[need] = self._rows(self._paths[need])
        return self._arrays.get(need)

    def _rows(self, path: str) -> npt.NDArray[Any]:
        rows: npt.NDArray[Any] = np.load(path, mmap_mode="r")
        if len(rows) == len(self._ids) and np.array_equal(self._ids, np.arange(len(rows))):
            return rows
        return rows[self._ids]


def check(samples: pa.Table, config: Mapping[str, Any], report: Report, _: Kept) -> Tables:
    """Run one check over the samples."""
    use_threads(config["threads"])
    outcome = checks.load(config["check_id"]).run(samples, _Context(config, samples, report))
    return {"findings": outcome.findings, "metrics": outcome.metrics}


def use_threads(threads: int) -> None:
    """Share the cores: workers whose BLAS threads wait on each other are many times slower."""
    from threadpoolctl import threadpool_limits

    os.environ["OMP_NUM_THREADS"] = str(threads)  # for what is loaded later
    threadpool_limits(threads)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)


Job = Callable[[pa.Table, Mapping[str, Any], Report, Kept], Tables]


def load(name: str) -> Job:
    """The job of that name, `module:function`."""
    module, _, function = name.partition(":")
    job: Job = getattr(importlib.import_module(module), function)
    return job
