"""Models as the front ends show them; nothing here loads torch or opens a connection but `fetch`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auditor.ml import encoders
from auditor.session import answerers


class FolderError(ValueError):
    """There is no such folder."""


def listed(under: Path | None = None) -> list[dict[str, Any]]:
    """The known models and those found here: id, present, dim, licence, megabytes, good_for.

    With those that answer questions, of the hub's cache and of the folders under `under`. Raises
    FolderError where that is none.
    """
    if under is not None and not under.is_dir():
        raise FolderError(f"{under} is no folder: name one that holds folders of models")
    answering = [one for one in answerers.offered() if one.startswith(("hf:", "demo:"))]
    answering += encoders.answering(under) if under else ()
    return [*_encoders(), *(_answering(one) for one in dict.fromkeys(answering))]


def _answering(model: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("dim", "megabytes", "licence"))
    use = "answers questions about pictures: visual_language, caption_fit"
    return {"id": model, "present": True, "default": False, **nothing, "good_for": use}


def _encoders() -> list[dict[str, Any]]:
    here = encoders.present()
    known = {entry.id: entry for entry in encoders.catalogue()}
    found = [
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
    return found + ([_shipped()] if encoders.shipped_folder().is_dir() else [])


def _shipped() -> dict[str, Any]:
    size = sum(file.stat().st_size for file in encoders.shipped_folder().iterdir())
    return {
        "id": encoders.SHIPPED,
        "present": True,
        "default": False,
        "dim": None,
        "megabytes": round(size / 1e6),
        "licence": "Apache-2.0",
        "good_for": "a toy of our own that knows scenes of digits; also places sentences",
    }


def fetch(model: str) -> str:
    """Download a model; says where it is. Raises ModelIdError, ModelMissingError, ModelFormatError."""
    folder = encoders.fetch(model)
    return f"{model}: {folder}" if folder else f"{model} needs no files"


def verify(model: str) -> tuple[bool, str]:
    """Whether a model's files are those it was first used with, and a line per file."""
    found = encoders.verify(model)
    lines = [f"{file}: {state}" for file, state in found.checked.items()]
    return found.ok, "\n".join(lines) or f"{model} has no files to verify"
