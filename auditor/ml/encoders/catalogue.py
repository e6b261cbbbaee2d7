"""Which encoders are worth having, which are here, and getting and checking them."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from pathlib import Path
from types import ModuleType
from typing import Any

from auditor.ml.encoders import hub
from auditor.ml.encoders.base import CLASSIC, ModelId, ModelMissingError, parse


@dataclass(frozen=True, slots=True)
class Entry:
    """A model the program knows by name; see resources/models.toml."""

    id: str
    repository: str
    dim: int
    million_parameters: int
    megabytes: int
    licence: str
    good_for: str


@cache
def catalogue() -> tuple[Entry, ...]:
    """The known models, the best default first."""
    text = resources.files("resources").joinpath("models.toml").read_text(encoding="utf-8")
    return tuple(Entry(**entry) for entry in tomllib.loads(text)["model"])


def present() -> tuple[str, ...]:
    """Ids of the models on this machine, the best default first. Opens no connection.

    The catalogue's order, then other models of the hub's cache; `classic` is always the last.
    """
    listed = [e for e in catalogue() if e.id != CLASSIC]
    known = [e.id for e in listed if _usable(hub.cached_folder(e.repository, None))]
    mine = {e.repository for e in listed}
    others = sorted(
        found for repo, folder in _cached() if repo not in mine and (found := _id(repo, folder))
    )
    return (*known, *others, CLASSIC)


def answering(under: Path | None = None) -> tuple[str, ...]:
    """Ids of the vision-language models in the hub's cache, or in the folders under one given.

    They answer questions and are no encoders. Opens no connection and loads no model.
    """
    if under is None:
        found = [(repo, folder) for repo, folder in _cached() if _answers(folder)]
        return tuple(sorted(f"hf:{repo}@{folder.name}" for repo, folder in found if "/" in repo))
    folders = [under, *(one for one in under.glob("*") if one.is_dir())]
    return tuple(sorted(f"hf:local-dir:{one.resolve()}" for one in folders if _answers(one)))


def _answers(folder: Path) -> bool:
    """Whether a folder holds a vision-language model: by what its configuration says of it."""
    return _is_vision_language(_facts(folder)) and any(
        (folder / name).is_file() for name in ("processor_config.json", "preprocessor_config.json")
    )


def _is_vision_language(facts: dict[str, Any] | None) -> bool:
    if facts is None or "vision_config" not in facts:
        return False
    makers = facts.get("architectures") or ()
    return any(str(one).endswith(("ForConditionalGeneration", "ForCausalLM")) for one in makers)


def default_encoder() -> str:
    """The id of the best model present."""
    return present()[0]


def folder_of(model: ModelId) -> Path:
    """Where the model's files are. Raises ModelMissingError, ModelIdError, ModelFormatError."""
    if model.folder is not None:
        if not model.folder.is_dir():
            raise ModelMissingError(f"{model}: there is no such folder. {_alternatives()}")
        return model.folder
    found = hub.cached_folder(_repository(model), model.revision)
    if found is None:
        raise ModelMissingError(
            f"{model} is not on this machine; `auditor models fetch {model}` downloads it. "
            + _alternatives()
        )
    return found


def _alternatives() -> str:
    return f"Present are: {', '.join(present())}."


def fetch(model_id: str) -> Path | None:
    """Download a model and record its hashes; None for what needs no files.

    The one way to the network. Raises ModelIdError, ModelFormatError, ModelMissingError.
    """
    model = parse(model_id)
    if model.family == CLASSIC or model.folder is not None:
        return model.folder
    folder = hub.download(_repository(model), model.revision)
    hub.weights(folder)
    if model.family == "open_clip":
        from auditor.ml.encoders import open_clip

        tokenizer = open_clip.tokenizer_repository(folder)
        if tokenizer is not None:
            hub.download(tokenizer, None)
    hub.hashes(str(model), folder)
    return folder


def verify(model_id: str) -> hub.Verification:
    """Compare a model's files with their hashes at the time they were fetched or first used."""
    model = parse(model_id)
    if model.family == CLASSIC:
        return hub.Verification({})
    return hub.verify(str(model), folder_of(model))


def family(model: ModelId) -> ModuleType:
    """The module that loads models of this kind. Their libraries are slow to import."""
    return import_module(f"auditor.ml.encoders.{model.family}")


def _repository(model: ModelId) -> str:
    for entry in catalogue():
        if entry.id == str(model):
            return entry.repository
    name: str = family(model).repository(model)
    return name


def _cached() -> list[tuple[str, Path]]:
    """Every model repository in the hub's cache, with the folder of its newest snapshot."""
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repos = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        return []
    return [
        (repo.repo_id, max(repo.revisions, key=lambda r: r.last_modified).snapshot_path)
        for repo in repos
        if repo.repo_type == "model" and repo.revisions
    ]


def _id(repo: str, folder: Path) -> str | None:
    """The id by which a cached repository can be used; None if it holds no such model."""
    facts = _facts(folder)
    if facts is None or _is_vision_language(facts):
        return None
    organisation, _, name = repo.partition("/")
    if organisation == "timm" and "architecture" in facts:
        return f"timm:{name}"
    if "model_type" in facts and (folder / "preprocessor_config.json").is_file() and name:
        return f"hf:{repo}@{folder.name}"
    return None


def _facts(folder: Path) -> dict[str, Any] | None:
    """What the configuration of a usable model says; None where there is none."""
    config = folder / "config.json"
    if not config.is_file() or not _usable(folder):
        return None
    try:
        found = json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _usable(folder: Path | None) -> bool:
    return folder is not None and any(folder.glob("*.safetensors"))
