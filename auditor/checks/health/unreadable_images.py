"""Images that could not be read, each with its reason."""

from __future__ import annotations

import json
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.checks.base import CheckContext, CheckSpec, NoParams, Outcome, findings, metrics
from auditor.model import CheckId


class UnreadableImages:
    spec: ClassVar[CheckSpec] = CheckSpec(
        id=CheckId("unreadable_images"),
        version=2,
        title="Unreadable images",
        family="health",
        scope="shard",
        needs=frozenset({"reason", "detail"}),
        about="Image files that are damaged, empty or no images at all, each with its reason.",
        sources=(
            "JPEG: ITU-T T.81; warnings of libjpeg-turbo where it had to invent pixels",
            "PNG Specification, third edition: chunk layout and check sums",
            "Pillow: header, frames and decoding of every other format",
        ),
        cannot_see=(
            "damage that still decodes without a warning: formats without check sums, such as "
            "BMP, and JPEG files with stray bytes between segments",
            "damage in any frame of an animation but the first",
            "images that are whole but show nothing: see the quality checks",
        ),
    )

    def run(self, samples: pa.Table, ctx: CheckContext[NoParams]) -> Outcome:
        """A finding for each sample, flagged where there is a reason; its evidence says which."""
        total = len(samples)
        ctx.report(0, total)
        bad = samples["reason"].is_valid()
        surely = pc.if_else(bad, np.float32(1), None).combine_chunks()
        pairs = zip(samples["reason"].to_pylist(), samples["detail"].to_pylist(), strict=True)
        evidence = [
            json.dumps({"reason": reason, "detail": detail}) if reason else None
            for reason, detail in pairs
        ]
        counts = pc.value_counts(samples["reason"].drop_null()).to_pylist()
        rows = sorted((str(each["values"]), float(each["counts"])) for each in counts)
        ctx.report(total, total)
        return Outcome(
            findings(
                sample_id=samples["sample_id"].combine_chunks(),
                quality=pc.if_else(bad, np.float32(0), np.float32(1)).combine_chunks(),
                flagged=bad.combine_chunks(),
                p_error=surely,
                p_error_low=surely,
                p_error_high=surely,
                evidence=evidence,
            ),
            metrics([("set", "", f"count_{name}", count, None, None) for name, count in rows]),
        )


CHECK = UnreadableImages()
