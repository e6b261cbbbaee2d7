"""Export: the source's own format with the decisions in it, and a record of every change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from auditor import formats, version
from auditor.formats.base import FileMode, Understanding
from auditor.model import Verdict
from auditor.progress import Progress, silent
from auditor.report import changes
from auditor.report.files import input_fingerprint, sha256_of
from auditor.session import soft_labels
from auditor.session.deciding import NOTE
from auditor.session.folder import ProjectFolder
from auditor.session.map_export import write_crop_safety, write_label_maps
from auditor.store import media, project, review, samples
from auditor.store.db import Connection, Store


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote, and what it could not."""

    out: Path
    files: int
    relabelled: int
    excluded: int
    renamed: int
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exporter:
    store: Store
    folder: ProjectFolder
    understood: Understanding
    progress: Progress = silent

    def export(self, out: Path, files: FileMode) -> Exported:
        """Write the cleaned data set to the new folder `out`; the originals are only read."""
        with self.store.reader() as db:
            edits, decisions = review.edits(db), review.decisions(db)
            counts = {"samples": samples.count(db), "classes": len(project.classes(db))}
            inputs = _inputs(db, self.understood)
        written = formats.by_id(self.understood.format).write(
            self.understood,
            edits,
            out,
            files=files,
            report=lambda done, total: self.progress("writing files", done, total),
        )
        records = list(_records(decisions))
        changes.write_jsonl(out / "changes.jsonl", records)
        changes.write_csv(out / "changes.csv", records)
        names = [str(f) for f in written.files] + ["changes.jsonl", "changes.csv"]
        if self._soft_labels(out / "soft_labels.parquet"):
            names.append("soft_labels.parquet")
        with self.store.reader() as db:
            if write_label_maps(db, out / "label_maps.parquet"):
                names.append("label_maps.parquet")
            if write_crop_safety(db, out / "crop_safety.csv"):
                names.append("crop_safety.csv")
        excluded = int(np.count_nonzero(edits["exclude"].to_numpy()))
        counts |= {"relabelled": edits.num_rows - excluded, "excluded": excluded}
        changes.write_manifest(
            out / "manifest.json",
            tool="Dataset Auditor",
            version=version.VERSION,
            project=self.folder.name,
            created=datetime.now(UTC),
            source=str(self.understood.source),
            inputs=inputs["files"],
            fingerprint=inputs["fingerprint"],
            counts=counts,
            files=names,
        )
        return Exported(
            out,
            len(names) + 1,
            counts["relabelled"],
            excluded,
            len(written.renamed),
            written.skipped,
        )

    def _soft_labels(self, target: Path) -> bool:
        with self.store.reader() as db:
            soft = soft_labels.read(db, self.folder.embeddings)
        if soft is None:
            return False
        changes.write_soft_labels(target, soft.table.select(["path", "row"]), soft, soft.classes)
        return True


def _records(decisions: pa.Table) -> Iterator[changes.ChangeRecord]:
    for row in decisions.to_pylist():
        out = row["verdict"] == Verdict.EXCLUDE
        yield changes.ChangeRecord(
            id=row["sample_id"],
            path=row["path"],
            row=row["row"],
            sha256=row["sha256"] or "",
            field="exclude" if out else "labels",
            old=False if out else tuple(row["given"]),
            new=True if out else tuple(row["labels"]),
            verdict=row["verdict"] or NOTE,
            reviewer=row["reviewer"],
            reason=row["title"],
            note=row["note"] or "",
            at=row["made_on"].replace(tzinfo=UTC),
            evidence_ref=row["check_id"] or "",
        )


def _inputs(db: Connection, understood: Understanding) -> dict[str, Any]:
    """SHA-256 of the manifest files the export starts from, and of all images together."""
    paths = [understood.source] if understood.source.is_file() else []
    return {
        "files": {path.name: sha256_of(path) for path in paths},
        "fingerprint": input_fingerprint(pa.array(media.hashes(db), pa.string())),
    }
