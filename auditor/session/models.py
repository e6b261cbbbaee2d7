"""Models as the front ends show them; nothing here loads torch or opens a connection but `fetch`."""

from __future__ import annotations

from typing import Any

from auditor.ml import encoders


def listed() -> list[dict[str, Any]]:
    """The known models and those found here: id, present, dim, licence, megabytes, good_for."""
    here = encoders.present()
    known = {entry.id: entry for entry in encoders.catalogue()}
    return [
        {
            "id": model,
            "present": model in here,
            "default": model == here[0],
            "dim": known[model].dim if model in known else None,
            "megabytes": known[model].megabytes if model in known else None,
            "licence": known[model].licence if model in known else None,
            "good_for": known[model].good_for if model in known else "found in the model cache",
        }
        for model in (*known, *(m for m in here if m not in known))
    ]


def fetch(model: str) -> str:
    """Download a model; says where it is. Raises ModelIdError, ModelMissingError, ModelFormatError."""
    folder = encoders.fetch(model)
    return f"{model}: {folder}" if folder else f"{model} needs no files"


def verify(model: str) -> tuple[bool, str]:
    """Whether a model's files are those it was first used with, and a line per file."""
    found = encoders.verify(model)
    lines = [f"{file}: {state}" for file, state in found.checked.items()]
    return found.ok, "\n".join(lines) or f"{model} has no files to verify"
