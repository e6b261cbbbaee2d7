"""Image folder: `[split/]class/.../file`, or images without classes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from auditor import address
from auditor.formats.base import (
    FileMode,
    Format,
    FormatError,
    ImportOptions,
    Report,
    Understanding,
    Written,
    unheard,
)
from auditor.formats.output import Edit, Edits, place_file, prepare
from auditor.formats.understanding import (
    SPLITS,
    Problems,
    batched,
    note_lookalikes,
    order_classes,
    sample_table,
)
from auditor.formats.walk import Folder, is_folder, is_image, subfolders, walk
from auditor.model import LABELS

_Row = tuple[str, tuple[str, ...], str | None]
"""Address, labels, split."""


class _Place(NamedTuple):
    """What a folder says about the images in it."""

    split: str | None
    label: str | None
    below: tuple[str, ...]
    """Names of the folders between the class and the file."""


class ImageFolder:
    """Folders are classes; the first may be splits."""

    id = "folder"
    title = "image folder: [split/]class/file"
    rank = 90

    def recognises(self, source: Path) -> bool:
        if not source.is_dir():
            return False
        with os.scandir(source) as entries:
            return any(is_image(entry.name) or is_folder(entry) for entry in entries)

    def column_names(self, source: Path) -> tuple[str, ...]:
        del source
        return ()

    def understand(self, source: Path, options: ImportOptions) -> Understanding:
        _refuse_columns(options)
        if not source.is_dir():
            raise FormatError(f"{source} is not a folder.")
        problems = Problems()
        split_first = _split_first(source, problems)
        classes: Counter[str] = Counter()
        splits: Counter[str] = Counter()
        samples = 0
        for folder in walk(source, problems):
            place = _place(folder.parts, split_first)
            samples += len(folder.images)
            if place.split is not None:
                splits[place.split] += len(folder.images)
            if place.label is not None:
                classes[place.label] += len(folder.images)
        if not samples:
            raise FormatError(f"There is no image file in {source}.")
        _note_classes(classes, samples, problems)
        return Understanding(
            format=self.id,
            source=source,
            root=source,
            columns={},
            extra_columns={},
            label_separator=None,
            multi_label=False,
            classes=order_classes(classes),
            samples=samples,
            splits=dict(splits),
            problems=tuple(problems.first),
            problem_count=problems.count,
        )

    def read(self, understood: Understanding) -> Iterator[pa.Table]:
        for rows in batched(_rows(understood.root)):
            yield _table(rows)

    def write(
        self,
        understood: Understanding,
        edits: pa.Table,
        out: Path,
        *,
        files: FileMode = "copy",
        report: Report = unheard,
    ) -> Written:
        """New tree; a relabelled file moves to its new class's folder, same split.

        Files that are no samples are left behind.
        """
        root = understood.root
        wanted = Edits(edits)
        wanted.require_single_label("a folder", "export another format or settle on one each.")
        stay, move = _plan(walk(root, Problems()), wanted, _split_first(root, Problems()))
        wanted.require_all_taken()
        taken = {target.casefold() for target in stay}
        targets = {path: path for path in stay}
        for path, target in move.items():
            targets[path] = free = _free_name(target, taken)
            taken.add(free.casefold())
        prepare(out, outside=root)
        return _lay_out(root, targets, move, out, files, report)


FORMAT: Format = ImageFolder()


def _refuse_columns(options: ImportOptions) -> None:
    given = ("image_column", "label_column", "split_column", "group_column", "label_separator")
    for name in given:
        if getattr(options, name) is not None:
            flag = name.replace("_", "-")
            raise FormatError(f"An image folder has no columns: leave --{flag} out.")


def _split_first(root: Path, problems: Problems) -> bool:
    """Whether the first folders are splits: all of them, or two at least.

    One alone among others is a class: trains are a popular subject.
    """
    try:
        names = subfolders(root)
    except OSError as error:
        raise FormatError(f"{root} cannot be listed: {error.strerror}.") from error
    splits = [name for name in names if name.casefold() in SPLITS]
    if splits and len(splits) < len(names):
        kind = "class" if len(splits) == 1 else "split"
        problems.add(
            f"Only {', '.join(map(repr, splits))} of {len(names)} folders are named like a split; "
            f"read as {kind}."
        )
    return len(splits) > 1 or 0 < len(splits) == len(names)


def _place(parts: tuple[str, ...], split_first: bool) -> _Place:
    split = None
    if split_first and parts and parts[0].casefold() in SPLITS:
        split, parts = parts[0], parts[1:]
    if not parts:
        return _Place(split, None, ())
    return _Place(split, address.encode(parts[0]), parts[1:])


def _note_classes(classes: Counter[str], samples: int, problems: Problems) -> None:
    note_lookalikes(sorted(classes), problems)
    if not classes:
        problems.add("No image lies in a class folder: the set is read as unlabelled.")
        return
    if len(classes) == 1:
        problems.add(
            f"Every labelled image is of the one class {next(iter(classes))!r}; if that folder "
            "holds the class folders, import it instead."
        )
    if unlabelled := samples - classes.total():
        problems.add(f"{unlabelled} images lie in no class folder: read as unlabelled.", unlabelled)


def _joined(parts: tuple[str, ...], name: str) -> str:
    return "/".join((*parts, name))


def _rows(root: Path) -> Iterator[_Row]:
    split_first = _split_first(root, Problems())
    for folder in walk(root, Problems()):
        place = _place(folder.parts, split_first)
        for name in folder.images:
            yield address.encode(_joined(folder.parts, name)), _labels(place), place.split


def _table(rows: list[_Row]) -> pa.Table:
    path, labels, split = zip(*rows, strict=True)
    return sample_table(
        pa.array(path, pa.string()), pa.array(labels, LABELS), split=pa.array(split, pa.string())
    )


def _plan(
    folders: Iterator[Folder], edits: Edits, split_first: bool
) -> tuple[list[str], dict[str, str]]:
    """Paths that stay, and path -> wished path of those that move; excluded ones are in neither."""
    stay: list[str] = []
    move: dict[str, str] = {}
    for folder in folders:
        place = _place(folder.parts, split_first)
        for name in folder.images:
            path = _joined(folder.parts, name)
            edit = edits.take(address.encode(path))
            if edit is None or (not edit.exclude and edit.labels == _labels(place)):
                stay.append(path)
            elif not edit.exclude:
                move[path] = _joined(_new_parts(place, edit), name)
    return stay, move


def _labels(place: _Place) -> tuple[str, ...]:
    return () if place.label is None else (place.label,)


def _new_parts(place: _Place, edit: Edit) -> tuple[str, ...]:
    split = () if place.split is None else (place.split,)
    if not edit.labels:  # below its split it would be of the class of that name
        return split
    return (*split, _folder_name(edit.labels[0]), *place.below)


def _folder_name(label: str) -> str:
    name = address.decode(label)
    separators = {"/", "\0", os.sep, os.altsep} - {None}
    if not name or name.startswith(".") or any(mark in name for mark in separators if mark):
        raise FormatError(f"The class {label!r} cannot name a folder; export another format.")
    return name


def _free_name(wished: str, taken: set[str]) -> str:
    """Names that differ in case only clash on some file systems."""
    stem, suffix = os.path.splitext(wished)  # noqa: PTH122
    tries = chain([wished], (f"{stem}-{number}{suffix}" for number in range(2, len(taken) + 3)))
    return next(name for name in tries if name.casefold() not in taken)


def _lay_out(
    root: Path,
    targets: dict[str, str],
    wished: dict[str, str],
    out: Path,
    mode: FileMode,
    report: Report,
) -> Written:
    written: list[Path] = []
    skipped: list[str] = []
    renamed: dict[str, str] = {}
    for done, (path, target) in enumerate(targets.items(), 1):
        report(done, len(targets))
        try:
            with (root / path).open("rb"):
                pass
        except OSError:  # a missing or locked image was a finding already; the rest goes on
            skipped.append(address.encode(path))
            continue
        place_file(root / path, out / target, mode)
        written.append(Path(target))
        if wished.get(path, target) != target:
            renamed[address.encode(path)] = address.encode(target)
    return Written(files=tuple(written), renamed=renamed, skipped=tuple(skipped))
