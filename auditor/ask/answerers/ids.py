"""Who may answer, and how the one canonical id of an answerer is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auditor.ask.base import AnswererError

AnswererKind = Literal["hf", "demo", "server", "zero-shot", "person"]

DEMOS = ("digits", "natural")
_LOCAL = "local-dir:"
_FORMS = (
    "hf:ORG/REPO@REVISION, hf:local-dir:PATH, demo:digits, demo:natural, server:URL#MODEL "
    "(server:http://127.0.0.1:8000/v1#qwen2-vl), zero-shot:ENCODER "
    "(zero-shot:open_clip:ViT-B-32/laion2b_s34b_b79k) or person"
)


class AnswererIdError(AnswererError):
    """The id names nobody who could answer. Shows how ids are written."""

    def __init__(self, text: str, why: str = "names nobody who can answer") -> None:
        super().__init__(f"{text!r} {why}. Ids are written {_FORMS}.")


@dataclass(frozen=True, slots=True)
class AnswererId:
    """An id, taken apart."""

    kind: AnswererKind
    name: str = ""
    """ORG/REPO, the demo's name, the server's model or the encoder's id."""
    revision: str | None = None
    folder: Path | None = None
    url: str = ""
    """The server's base address, without a slash at its end."""

    def __str__(self) -> str:
        if self.kind == "person":
            return "person"
        if self.kind == "server":
            return f"server:{self.url}#{self.name}"
        if self.folder is not None:
            return f"{self.kind}:{_LOCAL}{self.folder}"
        return f"{self.kind}:{self.name}" + (f"@{self.revision}" if self.revision else "")


def parse(text: str) -> AnswererId:
    """The id taken apart. Raises AnswererIdError."""
    if text == "person":
        return AnswererId("person")
    kind, _, rest = text.partition(":")
    if not rest:
        raise AnswererIdError(text)
    match kind:
        case "hf":
            return _model(text, rest)
        case "demo" if rest in DEMOS:
            return AnswererId("demo", rest)
        case "server":
            return _server(text, rest)
        case "zero-shot":
            return AnswererId("zero-shot", rest)
    raise AnswererIdError(text)


def _model(text: str, rest: str) -> AnswererId:
    if rest.startswith(_LOCAL) and rest != _LOCAL:
        return AnswererId("hf", folder=Path(rest.removeprefix(_LOCAL)))
    name, _, revision = rest.partition("@")
    parts = name.split("/")
    if len(parts) != 2 or not all(parts):
        raise AnswererIdError(text)
    return AnswererId("hf", name, revision or None)


def _server(text: str, rest: str) -> AnswererId:
    url, _, model = rest.partition("#")
    scheme, _, place = url.partition("://")
    if scheme not in ("http", "https") or not place.strip("/") or not model:
        raise AnswererIdError(text)
    if "@" in place.split("/")[0]:
        # The id is stored with the project and shown; a key belongs into the keyring.
        hidden = f"server:{scheme}://...@{place.rpartition('@')[2]}#{model}"
        raise AnswererIdError(hidden, "has a password in its address, which is not taken")
    return AnswererId("server", model, url=url.rstrip("/"))
