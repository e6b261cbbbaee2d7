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
        version=1,
        title="Unreadable images",
        family="health",
        scope="shard",
        needs=frozenset({"reason", "detail"}),
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
        """One finding for each sample with a reason; its evidence repeats reason and detail."""
        total = len(samples)
        ctx.report(0, total)
        bad = samples.filter(pc.is_valid(samples["reason"]))
        ones = np.ones(len(bad), np.float32)
        pairs = zip(bad["reason"].to_pylist(), bad["detail"].to_pylist(), strict=True)
        evidence = [json.dumps({"reason": reason, "detail": detail}) for reason, detail in pairs]
        counts = pc.value_counts(bad["reason"]).to_pylist()
        rows = sorted((str(each["values"]), float(each["counts"])) for each in counts)
        ctx.report(total, total)
        return Outcome(
            findings(
                sample_id=bad["sample_id"].combine_chunks(),
                quality=ones * 0,
                flagged=ones.astype(bool),
                p_error=ones,
                p_error_low=ones,
                p_error_high=ones,
                evidence=evidence,
            ),
            metrics([("set", "", f"count_{name}", count, None, None) for name, count in rows]),
        )


CHECK = UnreadableImages()
