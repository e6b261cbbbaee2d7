"""What goes into a review packet: which samples, what is asked about them, their pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.formats import packet as files
from auditor.formats.packet import Item, PacketError
from auditor.model import Verdict
from auditor.report import words
from auditor.store import media, project, review, runs, samples, votes
from auditor.store.db import Connection

_CANDIDATES = 4
"""Labels that each item asks about, where the project has so many classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketOptions:
    reviewer: str
    check_id: str | None = None
    """Hand out what this check flags, the most suspicious first; None is any sample."""
    count: int = 200
    is_blind: bool = False
    """Tell neither the label that is given nor the one that is suggested."""
    gold: int = 0
    """So many samples that a person has decided are mixed in, to see how well the reviewer does."""
    seed: int = 0


def chosen(db: Connection, options: PacketOptions, draw: np.random.Generator) -> list[int]:
    """Samples without a standing decision whose image can be read."""
    unread = samples.read(db, where="m.reason is not null")["sample_id"]
    if options.check_id is None:
        rows = _open(review.label_lists(db), unread)
        ids = draw.permutation(rows["sample_id"].to_numpy()).tolist()
    else:
        rows = runs.findings(db, options.check_id, only_flagged=True)
        ids = _open(rows, unread).sort_by("quality")["sample_id"].to_pylist()
    if not ids:
        of = f" flagged by {options.check_id}" if options.check_id else ""
        raise PacketError(f"there is no undecided sample{of} to hand out")
    return list(ids[: options.count])


def _open(rows: pa.Table, unread: pa.ChunkedArray) -> pa.Table:
    undecided = pc.equal(pc.fill_null(rows["verdict"], Verdict.DEFER), Verdict.DEFER)
    readable = pc.invert(pc.is_in(rows["sample_id"], value_set=unread))
    return rows.filter(pc.and_(undecided, readable))


def gold(
    db: Connection, options: PacketOptions, taken: set[int], draw: np.random.Generator
) -> dict[int, list[str]]:
    """Judged samples and their labels."""
    if not options.gold:
        return {}
    judged = [row for row in votes.judged(db).to_pylist() if row["sample_id"] not in taken]
    if len(judged) < options.gold:
        raise PacketError(
            f"--gold {options.gold}: a person has decided {len(judged)} samples that could be gold;"
            " decide more first, or ask for fewer"
        )
    places = draw.permutation(len(judged))[: options.gold]
    return {judged[i]["sample_id"]: judged[i]["labels"] for i in places}


def items(
    db: Connection,
    ids: Sequence[int],
    packet_id: str,
    options: PacketOptions,
    draw: np.random.Generator,
) -> list[Item]:
    """An item per sample, in the ids' order, without pictures yet."""
    now = {row["sample_id"]: row for row in votes.labels_now(db, ids).to_pylist()}
    found = _found(db, options.check_id, ids)
    classes = project.classes(db)
    order = {name: place for place, name in enumerate(classes)}
    asking = []
    for number, sample_id in enumerate(ids, 1):
        row = now[sample_id]
        suggested, ranked = found.get(sample_id, ((), ()))
        asked = _candidates((*row["labels"], *row["given"], *suggested), ranked, classes, draw)
        if options.is_blind:
            asked = tuple(sorted(asked, key=lambda name: order.get(name, len(order))))
        asking.append(
            Item(
                item=str(number),
                sample_id=sample_id,
                path=None if options.is_blind else row["path"],
                row=None if options.is_blind else row["row"],
                candidates=asked,
                given=None if options.is_blind else tuple(row["given"]),
                suggested=None if options.is_blind else suggested,
                state=state(packet_id, row),
                picture=None,
                picture_sha256=None,
            )
        )
    return asking


def _found(
    db: Connection, check_id: str | None, ids: Sequence[int]
) -> Mapping[int, tuple[tuple[str, ...], tuple[str, ...]]]:
    """By sample: what the check suggests, and its classes from the likeliest."""
    if check_id is None:
        return {}
    rows = runs.findings(db, check_id).select(["sample_id", "suggested", "evidence"])
    wanted = rows.filter(pc.is_in(rows["sample_id"], value_set=pa.array(ids, pa.int64())))
    return {
        row["sample_id"]: (tuple(row["suggested"] or ()), _ranked(row["evidence"]))
        for row in wanted.to_pylist()
    }


def _ranked(evidence: str | None) -> tuple[str, ...]:
    classes = words.evidence_of(evidence).get("classes")
    return tuple(str(one[0]) for one in classes) if isinstance(classes, list) else ()


def _candidates(
    certain: Iterable[str],
    ranked: Sequence[str],
    classes: Sequence[str],
    draw: np.random.Generator,
) -> tuple[str, ...]:
    """Labels to ask about: all certain ones, then likely ones, then any, so that none stands alone."""
    asked = dict.fromkeys(certain)
    for name in (*ranked, *(classes[i] for i in draw.permutation(len(classes))[:16])):
        if len(asked) >= _CANDIDATES:
            break
        asked[name] = None
    return tuple(asked)


def state(packet_id: str, row: Mapping[str, Any]) -> str:
    """The hash of a sample as store.votes.labels_now gives it."""
    labels = None if row["excluded"] else row["labels"]
    return files.state_of(packet_id, labels, row["sha256"])


def with_pictures(
    db: Connection, pack: Path, asking: Sequence[Item]
) -> tuple[list[Item], dict[str, bytes]]:
    """The items with their thumbnails' names and hashes, and the thumbnails by name."""
    found = media.thumbnails(db, pack, [item.sample_id for item in asking]) if pack.exists() else {}
    known, pictures = [], {}
    for item in asking:
        data = found.get(item.sample_id)
        if data is not None:
            name = f"pictures/{item.item}.{'png' if data.startswith(_PNG) else 'jpg'}"
            pictures[name] = data
            item = replace(item, picture=name, picture_sha256=files.sha256_of(data))
        known.append(item)
    return known, pictures


_PNG = b"\x89PNG"
