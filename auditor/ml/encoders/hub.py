"""Model files on this machine: where they are, what they hash to, and the one way to fetch more."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from auditor.ml.encoders.base import ModelFormatError, ModelMissingError

_PATTERNS = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verification:
    """What comparing a model's files with their records gave."""

    checked: dict[str, str]
    """File -> "same", "changed", "new" (no record until now) or "gone"."""

    @property
    def ok(self) -> bool:
        return not {"changed", "gone"} & set(self.checked.values())


def cached_folder(repo: str, revision: str | None) -> Path | None:
    """The folder of that repository in the hub's cache, or None. Opens no connection."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repo, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None


def download(repo: str, revision: str | None) -> Path:
    """Fetch the repository's safetensors and settings: the only function that uses the network.

    Raises ModelMissingError where the hub cannot be reached or has no such repository.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(_PATTERNS)))
    except OfflineModeIsEnabled as error:
        raise ModelMissingError(
            f"{repo} cannot be fetched while HF_HUB_OFFLINE is set; unset it and try again."
        ) from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelMissingError(f"{repo} could not be fetched: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__


def from_pretrained(kind: Any, folder: Path, **options: Any) -> Any:
    """A part of transformers from files alone: no connection, no code of theirs, no bar of its own."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return kind.from_pretrained(
        str(folder), local_files_only=True, trust_remote_code=False, **options
    )


@contextmanager
def offline() -> Iterator[None]:
    """Within, no library asks the hub for anything.

    Some loaders look for optional files (tokenizers, templates) and have no argument against it.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def weights(folder: Path) -> tuple[Path, ...]:
    """The folder's safetensors files. Raises ModelFormatError if it has only other weights."""
    found = tuple(sorted(folder.glob("*.safetensors")))
    if found:
        return found
    others = [p.name for p in sorted(folder.glob("*")) if p.suffix in (".bin", ".pt", ".pth")]
    if others:
        raise ModelFormatError(
            f"{folder} has its weights in {others[0]}, which may run code when it is loaded; only "
            "safetensors are read. Convert the file, or take another model."
        )
    raise ModelFormatError(f"{folder} has no safetensors file.")


def require_file(folder: Path, name: str) -> Path:
    """That file of the model's folder. Raises ModelFormatError if it is not there."""
    path = folder / name
    if not path.is_file():
        raise ModelFormatError(f"{folder} has no {name}, so it is no model that can be read.")
    return path


def hashes(model_id: str, folder: Path) -> dict[str, str]:
    """Name -> sha256 of the files the model is made of; recorded, and read anew if they change."""
    known = _record(model_id)
    fresh: dict[str, list[str | int]] = {}
    for path in _files(folder):
        facts = path.stat()
        old = known.get(path.name)
        if old is not None and old[1:] == [facts.st_size, facts.st_mtime_ns]:
            fresh[path.name] = old
        else:
            digest = _blob_name(path) or _sha256(path)
            fresh[path.name] = [digest, facts.st_size, facts.st_mtime_ns]
    if fresh != known:
        _write_record(model_id, fresh)
    return {name: str(entry[0]) for name, entry in fresh.items()}


def verify(model_id: str, folder: Path) -> Verification:
    """Read every file again and compare with what was recorded when it was fetched or first used.

    A file that the hub's cache names by its hash is compared with that name.
    """
    known = _record(model_id)
    checked = dict.fromkeys(known, "gone")
    for path in _files(folder):
        expected = _blob_name(path) or (known[path.name][0] if path.name in known else None)
        if expected is None:
            checked[path.name] = "new"
        else:
            checked[path.name] = "same" if _sha256(path) == expected else "changed"
    if not known:
        hashes(model_id, folder)
    return Verification(dict(sorted(checked.items())))


def _files(folder: Path) -> list[Path]:
    return sorted(
        p for p in folder.iterdir() if p.is_file() and p.suffix in (".json", ".safetensors")
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _blob_name(path: Path) -> str | None:
    """The sha256 by which the hub's cache names a large file; None for any other file."""
    name = path.resolve().name
    return name if path.is_symlink() and _SHA256.fullmatch(name) else None


def _record_path(model_id: str) -> Path:
    name = hashlib.sha256(model_id.encode(errors="surrogateescape")).hexdigest()[:24]
    return platformdirs.user_cache_path("dataset-auditor") / "models" / f"{name}.json"


def _record(model_id: str) -> dict[str, list[str | int]]:
    try:
        text = _record_path(model_id).read_text(encoding="utf-8")
        record: dict[str, list[str | int]] = json.loads(text)["files"]
    except (OSError, ValueError, KeyError):
        return {}
    return record


def _write_record(model_id: str, files: dict[str, list[str | int]]) -> None:
    path = _record_path(model_id)
    text = json.dumps({"id": model_id, "files": files}, indent=1)
    partial = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError:  # a read-only home: hashes are read anew each time
        partial.unlink(missing_ok=True)
