"""Typed settings: one frozen dataclass per section, TOML on disk, unknown keys refused."""

from __future__ import annotations

import dataclasses
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from platformdirs import user_config_path

THEMES = ("system", "light", "dark")


class SettingsError(ValueError):
    """The settings file says something we cannot use. Names the file and the key."""


@dataclass(frozen=True, slots=True)
class AppearanceSettings:
    theme: str = "system"
    language: str = ""
    """A language code; "" follows the system."""

    def __post_init__(self) -> None:
        _require(self.theme in THEMES, f"theme must be one of {', '.join(THEMES)}")


@dataclass(frozen=True, slots=True)
class GallerySettings:
    thumbnail_px: int = 144
    cache_mb: int = 128
    """Memory for decoded thumbnails."""

    def __post_init__(self) -> None:
        _require(32 <= self.thumbnail_px <= 512, "thumbnail_px must be 32 to 512")
        _require(16 <= self.cache_mb <= 4096, "cache_mb must be 16 to 4096")


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    auto_advance: bool = True
    reviewer: str = ""
    """The name that decisions carry; "" is the system's user."""
    confirm_above: int = 1
    """Ask with a preview where one action decides about more samples than this."""

    def __post_init__(self) -> None:
        _require(self.confirm_above >= 1, "confirm_above must be at least 1")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    workers: int = 0
    """Worker processes; 0 is one per core."""
    device: str = "auto"
    memory_mb: int = 256
    """What the project's database may hold in memory while a window is open."""

    def __post_init__(self) -> None:
        _require(0 <= self.workers <= 256, "workers must be 0 to 256")
        _require(64 <= self.memory_mb <= 1 << 20, f"memory_mb must be 64 to {1 << 20}")


@dataclass(frozen=True, slots=True)
class Settings:
    appearance: AppearanceSettings = field(default_factory=AppearanceSettings)
    gallery: GallerySettings = field(default_factory=GallerySettings)
    review: ReviewSettings = field(default_factory=ReviewSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Shortcuts by command id, where they are not the default ones."""


def default_path() -> Path:
    """Where the user's settings lie; AUDITOR_SETTINGS names another file."""
    named = os.environ.get("AUDITOR_SETTINGS")
    return Path(named) if named else user_config_path("dataset-auditor") / "settings.toml"


def load(path: Path) -> Settings:
    """Read the file if there is one; every value it leaves out has its default."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    sections: dict[str, Any] = {}
    known = get_type_hints(Settings)
    for name, values in document.items():
        if name not in known or not isinstance(values, dict):
            raise SettingsError(f"{path}: there is no section [{name}]")
        if name == "keys":
            sections[name] = _keys(path, values)
        else:
            sections[name] = _read(path, name, known[name], values)
    return Settings(**sections)


def save(path: Path, settings: Settings) -> None:
    """Write every value; a crash leaves the old file or the new one."""
    lines: list[str] = []
    for name, section in (
        (f.name, getattr(settings, f.name)) for f in dataclasses.fields(settings)
    ):
        lines.append(f"[{name}]")
        values = section if name == "keys" else dataclasses.asdict(section)
        lines += [f"{_toml(key)} = {_toml(value)}" for key, value in values.items()] + [""]
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write("\n".join(lines))
            file.flush()
            os.fsync(file.fileno())  # else a crash of the system may leave an empty file
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _read(path: Path, name: str, section: type[Any], values: Mapping[str, Any]) -> Any:
    known = get_type_hints(section)
    for key, value in values.items():
        place = f"{path}: {name}.{key}"
        if key not in known:
            raise SettingsError(f"{place}: there is no such setting")
        if type(value) is not known[key]:  # true is no number, though Python takes it for one
            raise SettingsError(f"{place} must be {known[key].__name__}, not {value!r}")
    try:
        return section(**values)
    except ValueError as error:
        raise SettingsError(f"{path}: {name}.{error}") from None


def _keys(path: Path, values: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    for command, keys in values.items():
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise SettingsError(f"{path}: keys.{command} must be a list of shortcuts")
    return {command: tuple(keys) for command, keys in values.items()}


def _toml(value: Any) -> str:
    # JSON's texts, numbers, booleans and lists of texts are TOML's, but for one character; its
    # escapes of two halves for one character are not, so nothing is escaped that need not be.
    text = json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)
