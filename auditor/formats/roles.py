"""Which column is the image, the label, the split, the group: by name, unless the user says so."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.formats.base import FormatError, ImportOptions
from auditor.formats.records.base import shown_columns
from auditor.formats.understanding import Problems

IMAGE_NAMES = (
    *("path", "image_path", "img_path", "file_path", "filepath", "relative_path", "relpath"),
    *("file_name", "filename", "image_file", "image_filename", "image_name", "image", "img"),
    *("image_url", "file", "photo", "picture"),
)
_LABEL_NAMES = (
    *("class", "class_name", "classname", "category", "category_name", "target", "tag", "tags"),
    *("y", "species", "diagnosis"),
)
_LABEL_PART = re.compile(r"(^|[_\W])(label|class|category|target)(s|es)?\d*($|[_\W])")
_SPLIT_NAMES = ("split", "subset", "partition", "fold", "dataset_split")
_GROUP_NAMES = (
    *("group", "group_id", "patient", "patient_id", "patientid", "subject", "subject_id"),
    *("video", "video_id", "source_id"),
)
"""Not `source`: more often the origin of half the set than the maker of a few samples."""


def named(names: Sequence[str], wanted: str, flag: str) -> str:
    """The column the user named, whatever its case. Raises FormatError with those there are."""
    if wanted in names:
        return wanted
    alike = [name for name in names if name.casefold() == wanted.casefold()]
    if len(alike) == 1:
        return alike[0]
    raise FormatError(
        f"There is no column {wanted!r} for {flag}; there are {shown_columns(names)}."
    )


def first_known(names: Sequence[str], known: Sequence[str]) -> str | None:
    """The column that stands first among the known names."""
    by_name = {_key(name): name for name in reversed(names)}
    return next((by_name[name] for name in known if name in by_name), None)


def guess_label(names: Sequence[str], declared: Sequence[str], problems: Problems) -> str | None:
    """The label column. Raises FormatError where several could be meant.

    `declared` are columns whose type says that they hold a class.
    """
    for group in (["label"], ["labels"]):
        if exact := first_known(names, group):
            return exact
    known = [name for name in names if _key(name) in _LABEL_NAMES]
    alike = [name for name in names if name in declared or _LABEL_PART.search(_key(name))]
    candidates = known or alike
    if len(candidates) > 1:
        raise FormatError(
            f"Several columns could be the label: {', '.join(candidates)}. "
            "Name the one that is meant with --label-column."
        )
    if not candidates:
        problems.add(
            f"No label column among {shown_columns(names)}: the set is read as unlabelled. "
            "Name one with --label-column."
        )
        return None
    return candidates[0]


def guess_roles(
    names: Sequence[str],
    image: str,
    options: ImportOptions,
    declared: Sequence[str],
    problems: Problems,
) -> dict[str, str]:
    """Role -> column for image, label, split and group; a role without a column is left out."""
    chosen: dict[str, str | None] = {"image": image}

    def free() -> list[str]:
        return [name for name in names if name not in chosen.values()]

    if options.label_column is not None:
        chosen["label"] = named(names, options.label_column, "--label-column")
    for role, wanted, known in (
        ("split", options.split_column, _SPLIT_NAMES),
        ("group", options.group_column, _GROUP_NAMES),
    ):
        if wanted is not None:
            chosen[role] = named(names, wanted, f"--{role}-column")
        else:
            chosen[role] = first_known(free(), known)
    if "label" not in chosen:
        chosen["label"] = guess_label(free(), declared, problems)
    return {
        role: column
        for role in ("image", "label", "split", "group")
        if (column := chosen[role]) is not None
    }


def _key(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().casefold())
