"""Reading and writing data sets: one module per format, found by walking this package."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

from auditor.formats.base import Format, FormatError, ImportOptions, Understanding


def names() -> tuple[str, ...]:
    """The ids of all formats, in the order they are tried."""
    return tuple(_formats())


def by_id(format_id: str) -> Format:
    """The format of that id. Raises FormatError with the known ones."""
    try:
        return _formats()[format_id]
    except KeyError:
        known = ", ".join(names())
        raise FormatError(f"There is no format {format_id!r}; known are: {known}.") from None


def titles() -> dict[str, str]:
    """What each format is, in words, by its id."""
    return {name: form.title for name, form in _formats().items()}


def detect(source: Path) -> Format:
    """The format the source looks like. Raises FormatError if it looks like none."""
    if not source.exists():
        raise FormatError(f"{source} does not exist.")
    for form in _formats().values():
        if form.recognises(source):
            return form
    titles = "; ".join(form.title for form in _formats().values())
    raise FormatError(f"{source} is no data set known here. Known are: {titles}.")


def understand(source: Path, options: ImportOptions) -> Understanding:
    """Explain the source as the format named in the options, else as the one it looks like."""
    source = source.absolute()  # a project is opened from anywhere
    if options.images is not None:
        options = replace(options, images=options.images.absolute())
    form = detect(source) if options.format is None else by_id(options.format)
    return form.understand(source, options)


@cache
def _formats() -> dict[str, Format]:
    modules = (
        import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
        if not found.ispkg
    )
    forms: list[Format] = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return {form.id: form for form in sorted(forms, key=lambda form: (form.rank, form.id))}
