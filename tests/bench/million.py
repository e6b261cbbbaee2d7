"""A project as large as ImageNet: 1,281,167 samples, findings, images and thumbnails, in a minute."""

from __future__ import annotations

import io
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from auditor import checks
from auditor.formats.base import Understanding, to_json
from auditor.model import ChangeSet
from auditor.session.folder import ProjectFolder
from auditor.store import migrations, project
from auditor.store.db import Connection, Store

SAMPLES, CLASSES, PICTURES = 1_281_167, 1_000, 20_000
SIDE = 96
FLAGGED, TOLD = 0.05, 20_000
"""Share of flagged samples, and how many have full evidence."""
NAMES = tuple(f"n{1440764 + 11 * i:08}" for i in range(CLASSES))
BUILT = Path(__file__).resolve().parents[2] / "build" / "bench" / "million.audit"
_VERSION = 2
"""Grows with what this module makes: an older project is made anew."""


def made() -> Path:
    """The project, made where it is not there yet. Nobody may change it: take `copy`."""
    mark = BUILT / "complete"
    # One of an older schema would be brought up to date by each that opens a copy.
    steps = sum(one.name.endswith(".sql") for one in resources.files(migrations).iterdir())
    wanted = f"{_VERSION}, schema {steps}"
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(BUILT, ignore_errors=True)
        build(BUILT)
        mark.write_text(wanted)
    return BUILT


def copy(folder: Path) -> Path:
    """A copy to decide in; it shares the thumbnails, which are only read."""
    original, target = ProjectFolder(made()), ProjectFolder(folder)
    target.make()
    shutil.copy2(original.database, target.database)
    target.thumbnails.symlink_to(original.thumbnails)
    return folder


def build(path: Path) -> None:
    folder = ProjectFolder(path)
    folder.make()
    lengths = _write_pack(folder.thumbnails)
    store = Store(folder.database)
    try:
        store.write(lambda db: _fill(db, lengths, path)).result()
    finally:
        store.close()


def _write_pack(pack: Path) -> pa.Table:
    """Every sample's own bytes, so that reading them reads the disk; the lengths of PICTURES."""
    pictures = [_picture(seed) for seed in range(PICTURES)]
    with pack.open("wb", buffering=1 << 22) as out:
        for i in range(SAMPLES):
            out.write(pictures[i % PICTURES])
    lengths = [len(picture) for picture in pictures]
    return pa.table({"place": np.arange(PICTURES), "length": pa.array(lengths, pa.int32())})


def _picture(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (7, 7, 3), dtype=np.uint8))
    sink = io.BytesIO()
    coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(sink, "JPEG", quality=85)
    return sink.getvalue()


def _fill(db: Connection, lengths: pa.Table, path: Path) -> ChangeSet:
    project.add_classes(db, NAMES)
    project.put(db, "data_version", 1)
    project.put(db, "multi_label", value=False)
    project.put(db, "source", to_json(_understood(path)))
    for statement in (_SAMPLE, _EXTRA, _RANK, _FINDING, "drop table ranked", _METRIC):
        db.execute(statement)
    version = checks.load("label_errors").spec.version
    db.execute(_RUN, [version])
    db.register("pictures", lengths)
    db.execute(_MEDIA)
    db.unregister("pictures")
    return ChangeSet(frozenset({"sample", "finding", "media", "run"}))


def _understood(path: Path) -> Understanding:
    return Understanding(
        format="folder",
        source=path.parent / "million",
        root=path.parent / "million",
        columns={},
        extra_columns={},
        label_separator=None,
        multi_label=False,
        classes=NAMES,
        samples=SAMPLES,
        splits={},
        problems=(),
        problem_count=0,
    )


def _chance(salt: int, of: str = "i") -> str:
    """SQL of a number in [0, 1) that looks like chance and is the same each time."""
    return f"(hash({of} * 16 + {salt}) % 1000003) / 1000003.0"


_NAME = "(select list(name order by class_id) from class)"
_GIVEN = f"(i * {CLASSES} // {SAMPLES})"
_SAMPLE = f"""
insert into sample
select i, coalesce(split, '') || '/' || given || '/' || given || '_' || i || '.JPEG', null, 0,
    [given], split, null, true
from (
    select i, names[{_GIVEN} + 1] as given, case when {_chance(1)} < 0.9 then 'train'
        when {_chance(1)} < 0.95 then 'val' else 'test' end as split
    from range({SAMPLES}) t(i), (select {_NAME} as names)
) order by i
"""
_EXTRA = f"""
alter table extra add column camera text;
alter table extra add column year integer;
insert into extra select i, 'camera ' || (hash(i) % 40), 1990 + hash(i + 7) % 30
from range({SAMPLES}) t(i) order by i
"""
_RANK = f"""
create temp table ranked as
select i, quality, row_number() over (order by quality, i) - 1 as place
from (select i, sqrt({_chance(2)})::float as quality from range({SAMPLES}) t(i))
"""
_FINDING = f"""
insert into finding
select 1, i, quality, place < {FLAGGED * SAMPLES}, p, greatest(p - 0.1, 0), least(p + 0.1, 1),
    [names[other + 1]], null,
    case when place < {TOLD} then
        '{{"margin":' || round(-p, 4) || ',"classes":[["' || names[other + 1] || '",0.7123],["'
        || names[given + 1] || '",0.1021]],"views":{{"suggested":["linear","neighbours"],"given":[]}},'
        || '"agree":2,"of":2,"neighbours_given":[' || greatest(i - 1, 0) || '],"neighbours_suggested":['
        || (other * {SAMPLES} // {CLASSES} + 1) || ']}}'
    else '{{"margin":' || round(quality, 4) || '}}' end
from (
    select *, {_GIVEN} as given, (1 - quality)::float as p,
        (({_GIVEN} + 1 + hash(i) % 7) % {CLASSES})::int as other
    from ranked
), (select {_NAME} as names) order by i
"""
_METRIC = f"""
insert into metric select 1, 'class', name, 'noise', 0.02 + {_chance(3, "class_id")} / 10, null, null
from class;
insert into metric values (1, 'set', '', 'estimated_errors', 60000, 55000, 66000)
"""
_RUN = """
insert into run values (1, 'million', 'label_errors', ?, '{}', '{}', 1, 'done', null,
    current_timestamp::timestamp, current_timestamp::timestamp, 600, 0)
"""
_MEDIA = f"""
insert into media by name
select i as sample_id, 40000 + hash(i) % 200000 as byte_size, 1700000000000000000 as mtime_ns,
    md5(i::text) || md5((i + 1)::text) as sha256, 'JPEG' as format, 'RGB' as mode,
    300 + hash(i) % 400 as width, 300 + hash(i + 1) % 400 as height, 1 as orientation, 1 as frames,
    md5((i + 2)::text) as pixel_hash, hash(i) as phash,
    {_chance(4)} as brightness, {_chance(5)} as brightness_low, {_chance(6)} as brightness_high,
    {_chance(7)} as contrast, {_chance(8)} as sharpness, {_chance(9)} as entropy,
    {_chance(10)} as saturation,
    (sum(length) over (order by i) - length)::bigint as thumbnail_start, length as thumbnail_length
from range({SAMPLES}) t(i) join pictures on place = i % {PICTURES} order by i
"""
