"""What can be said of a source before it is understood, or where it could not be."""

from __future__ import annotations

from pathlib import Path

from auditor import formats


def format_titles() -> dict[str, str]:
    """Every format's id and what it is, in words; the order is that in which they are tried."""
    return formats.titles()


def column_names(source: Path, format_id: str | None) -> tuple[str, ...]:
    """The source's columns, none for a folder of images. Raises FormatError.

    The format is the one named, else the one the source looks like.
    """
    form = formats.detect(source) if format_id is None else formats.by_id(format_id)
    return form.column_names(source)
