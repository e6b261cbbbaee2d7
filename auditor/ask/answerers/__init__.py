"""Answerers by one canonical id; nothing is downloaded."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from auditor.ask.answerers.ids import AnswererId, AnswererIdError, parse
from auditor.ask.answerers.options import ServerOptions
from auditor.ask.base import Answerer, AnswererError


def load(
    answerer_id: str, *, device: str = "cpu", options: ServerOptions | None = None
) -> Answerer:
    """The answerer of that id, from files on this machine or at its server's address.

    `options` are for servers only. Raises AnswererError; AnswererIdError for an id of no known form.
    """
    # Named here: whoever only reads ids needs no torch and no HTTP client.
    from auditor.ml.encoders.base import ModelFormatError, ModelIdError, ModelMissingError

    found = parse(answerer_id)
    try:
        return _load(found, device, options or ServerOptions())
    except (ModelIdError, ModelMissingError, ModelFormatError) as error:
        raise AnswererError(str(error)) from error


def _load(found: AnswererId, device: str, options: ServerOptions) -> Answerer:
    match found.kind:
        case "hf" | "demo":
            from auditor.ask.answerers import vision_language

            return vision_language.load(str(found), folder_of(found), device)
        case "server":
            from auditor.ask.answerers.server import Server

            return Server(found, options)
        case "zero-shot":
            from auditor.ask.answerers.zero_shot import load as load_zero_shot

            return load_zero_shot(found, device)
        case "person":
            raise AnswererError("A person is asked in the window; no model answers for them.")


def folder_of(found: AnswererId) -> Path:
    """Where the files of a local model are. Raises AnswererError, ModelMissingError."""
    from auditor.ml.encoders.base import ModelId
    from auditor.ml.encoders.catalogue import folder_of as place

    if found.kind == "demo":
        folder = Path(str(resources.files("resources"))) / "models" / f"demo-{found.name}"
        if not folder.is_dir():
            raise AnswererError(f"{found} is missing from this installation; install it again.")
        return folder
    return place(ModelId("hf", found.name, found.revision, found.folder))


__all__ = [
    "AnswererId",
    "AnswererIdError",
    "ServerOptions",
    "folder_of",
    "load",
    "parse",
]
