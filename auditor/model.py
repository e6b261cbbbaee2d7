"""Value types and Arrow schemas every layer shares. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NewType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

SampleId = NewType("SampleId", int)
CheckId = NewType("CheckId", str)

LABELS = pa.list_(pa.string())
"""Given labels of a sample: none (unlabelled), one, or several (multi-label)."""

SAMPLE_SCHEMA = pa.schema(
    [
        # POSIX path relative to the data set's root, or absolute; see formats.address for odd bytes.
        pa.field("path", pa.string(), nullable=False),
        # Row inside `path` where that is a Parquet file of images; null for an image file.
        pa.field("row", pa.int64()),
        # 0 but where a manifest lists the same path again: 1, 2, ... in its order.
        pa.field("occurrence", pa.int32(), nullable=False),
        pa.field("labels", LABELS, nullable=False),
        pa.field("split", pa.string()),
        # Samples of one patient, video or source: never on both sides of a fold.
        pa.field("group", pa.string()),
    ]
)
"""What a reader yields, followed by any extra columns of the source under their own names."""

QUALITY_STATISTICS = (
    "brightness",
    "brightness_low",
    "brightness_high",
    "contrast",
    "sharpness",
    "entropy",
    "saturation",
)

MEDIA_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.int64(), nullable=False),
        # A Reason when the image could not be read; then the other columns may be null.
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("byte_size", pa.int64()),
        pa.field("mtime_ns", pa.int64()),
        pa.field("sha256", pa.string()),
        pa.field("format", pa.string()),
        pa.field("mode", pa.string()),
        # As shown, after the EXIF orientation is applied.
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("orientation", pa.int8()),
        pa.field("frames", pa.int32()),
        # 128-bit hash (hex) of the RGB pixels as shown: equal for re-encoded lossless copies.
        pa.field("pixel_hash", pa.string()),
        pa.field("phash", pa.uint64()),
        *(pa.field(name, pa.float32()) for name in QUALITY_STATISTICS),
        # JPEG or PNG of at most 256 pixels a side; the store packs them.
        pa.field("thumbnail", pa.binary()),
    ]
)
"""What the one pass over an image's bytes yields."""

FINDING_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.int64(), nullable=False),
        # 0.0 = surely wrong, 1.0 = surely fine: cleanlab's direction, kept everywhere.
        pa.field("quality", pa.float32(), nullable=False),
        pa.field("flagged", pa.bool_(), nullable=False),
        # Calibrated probability that the sample is wrong, with its interval.
        pa.field("p_error", pa.float32()),
        pa.field("p_error_low", pa.float32()),
        pa.field("p_error_high", pa.float32()),
        pa.field("suggested", LABELS),
        pa.field("related_id", pa.int64()),
        pa.field("evidence", pa.string()),
    ]
)
"""A check's rows about samples. `evidence` is a short JSON object."""

METRIC_SCHEMA = pa.schema(
    [
        # set | class | pair | group
        pa.field("scope", pa.string(), nullable=False),
        # "" for the set, the class name, "given -> suggested" as a JSON list for a pair.
        pa.field("key", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
    ]
)

VOTE_SCHEMA = pa.schema(
    [
        # The sample, by path (and row) or by id.
        pa.field("path", pa.string()),
        pa.field("row", pa.int64()),
        pa.field("sample_id", pa.int64()),
        # The label that was asked about; in the four-way question the given one.
        pa.field("label", pa.string(), nullable=False),
        # Only in the four-way question.
        pa.field("suggested", pa.string()),
        pa.field("answer", pa.string(), nullable=False),
        # Null where the file does not tell who voted.
        pa.field("annotator", pa.string()),
        # UTC; null where the file does not tell when.
        pa.field("made_on", pa.timestamp("us")),
        pa.field("note", pa.string()),
    ]
)
"""One row per vote, as files hold it."""

ASKED_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.int64(), nullable=False),
        # The class that the question is about, the given or another one.
        pa.field("about", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        # general | specific | negative | count
        pa.field("kind", pa.string(), nullable=False),
        pa.field("expected", pa.string(), nullable=False),
        # Probability that the answer is the expected one; null where nobody answered, or not clearly.
        pa.field("agree", pa.float32()),
        # The answer itself; null state: it was not asked.
        pa.field("state", pa.string()),
        pa.field("p_yes", pa.float32()),
        pa.field("number", pa.int32()),
        pa.field("reply", pa.string()),
        pa.field("by_person", pa.bool_()),
    ]
)
"""What was asked about samples and what was answered: the table "answers" that checks may read."""


DOUBTS_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.int64(), nullable=False),
        pa.field("p_error", pa.float32()),
        # The class that the picture shows by its features alone, and that class's probability.
        pa.field("shows", pa.string()),
        pa.field("p_shows", pa.float64()),
    ]
)
"""What the label check found: the table "label_errors" that checks may read."""


FURTHER_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.int64(), nullable=False),
        # Log likelihood ratio of the label being shown to its not being shown, by the answers that
        # ask for it.
        pa.field("own", pa.float64(), nullable=False),
        # Other classes that were asked about, and the same of each of them.
        pa.field("names", LABELS, nullable=False),
        pa.field("ratios", pa.list_(pa.float64()), nullable=False),
    ]
)
"""What answers say of classes beside the given one: the table "visual_language" that checks may read."""


class Reason(StrEnum):
    """Why an image could not be read."""

    MISSING = "missing"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    NOT_AN_IMAGE = "not_an_image"
    BOMB = "decompression_bomb"
    UNSUPPORTED_MODE = "unsupported_mode"
    SYMLINK_LOOP = "symlink_loop"
    PERMISSION = "permission_denied"
    KILLS_WORKER = "kills_worker"
    UNREADABLE = "unreadable"


class Verdict(StrEnum):
    """What a person decided about a sample."""

    ACCEPT = "accept"
    KEEP = "keep"
    RELABEL = "relabel"
    EXCLUDE = "exclude"
    DEFER = "defer"


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What one committed transaction altered, so that views can decide to refresh."""

    tables: frozenset[str]
    sample_ids: tuple[SampleId, ...] | None = None
    """None means any row of those tables may differ."""

    def touches(self, *tables: str) -> bool:
        return not self.tables.isdisjoint(tables)


def label_codes(
    labels: pa.ChunkedArray | pa.Array, classes: Sequence[str]
) -> npt.NDArray[np.int64]:
    """Class index of each single-label sample; -1 where it has no label or one not in `classes`."""
    chunk = labels.combine_chunks() if isinstance(labels, pa.ChunkedArray) else labels
    first = pc.list_element(pc.if_else(pc.equal(pc.list_value_length(chunk), 0), None, chunk), 0)
    codes = pc.index_in(first, value_set=pa.array(classes, pa.string()))
    filled: npt.NDArray[Any] = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False)
    return filled.astype(np.int64)
