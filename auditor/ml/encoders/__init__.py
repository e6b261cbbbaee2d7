"""Encoders by one canonical id; nothing is downloaded but by `fetch`."""

from __future__ import annotations

from auditor.ml.encoders.base import (
    SHIPPED,
    Encoder,
    ModelFormatError,
    ModelIdError,
    ModelMissingError,
    TextEncoder,
    parse,
    shipped_folder,
)
from auditor.ml.encoders.catalogue import (
    Entry,
    answering,
    catalogue,
    default_encoder,
    family,
    fetch,
    folder_of,
    present,
    verify,
)


def load(name: str | None = None, *, device: str = "cpu") -> Encoder:
    """The encoder of that id, or the best one present, from files on this machine only.

    Raises ModelIdError, ModelMissingError, ModelFormatError.
    """
    model = parse(name or default_encoder())
    if model.family == "classic":
        from auditor.ml.encoders.classic import Classic

        return Classic(device)
    folder = folder_of(model)
    encoder: Encoder = family(model).load(model, folder, device)
    return encoder


__all__ = [
    "SHIPPED",
    "Encoder",
    "Entry",
    "ModelFormatError",
    "ModelIdError",
    "ModelMissingError",
    "TextEncoder",
    "answering",
    "catalogue",
    "default_encoder",
    "fetch",
    "load",
    "present",
    "shipped_folder",
    "verify",
]
