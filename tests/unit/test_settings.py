"""Settings on disk: what is read, what is refused by name, and what a save leaves."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import settings
from auditor.settings import (
    THEMES,
    AppearanceSettings,
    EngineSettings,
    GallerySettings,
    ReviewSettings,
    Settings,
    SettingsError,
)

TEXT = st.text(max_size=30)
ANY = st.builds(
    Settings,
    appearance=st.builds(AppearanceSettings, theme=st.sampled_from(THEMES), language=TEXT),
    gallery=st.builds(
        GallerySettings, thumbnail_px=st.integers(32, 512), cache_mb=st.integers(16, 4096)
    ),
    review=st.builds(
        ReviewSettings,
        auto_advance=st.booleans(),
        reviewer=TEXT,
        confirm_above=st.integers(1, 2**40),
    ),
    engine=st.builds(
        EngineSettings,
        workers=st.integers(0, 256),
        device=TEXT,
        memory_mb=st.integers(64, 1 << 20),
    ),
    keys=st.dictionaries(TEXT, st.lists(TEXT, max_size=3).map(tuple), max_size=5),
)


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


@given(chosen=ANY)
def test_what_is_saved_is_loaded(chosen: Settings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new" / "settings.toml"
        settings.save(path, chosen)
        assert settings.load(path) == chosen
        assert [one.name for one in path.parent.iterdir()] == ["settings.toml"]


def test_without_a_file_all_is_default(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "none.toml") == Settings()


def test_what_the_file_leaves_out_is_default(tmp_path: Path) -> None:
    path = written(tmp_path, '[appearance]\ntheme = "dark"\n')
    expected = Settings(appearance=AppearanceSettings(theme="dark"))
    assert settings.load(path) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[galery]\n", r"\[galery\]"),
        ("theme = 'dark'\n", "theme"),
        ("keys = 3\n", "keys"),
        ("[gallery]\nthumbnails = 3\n", "gallery.thumbnails"),
        ("[gallery]\ncache_mb = '128'\n", "gallery.cache_mb must be int, not '128'"),
        ("[gallery]\ncache_mb = true\n", "gallery.cache_mb must be int"),
        ("[review]\nauto_advance = 1\n", "review.auto_advance must be bool"),
        ("[gallery]\ncache_mb = 1\n", "gallery.cache_mb must be 16 to 4096"),
        ("[appearance]\ntheme = 'neon'\n", "appearance.theme must be one of"),
        ("[engine]\nworkers = -1\n", "engine.workers must be 0 to 256"),
        ("[keys]\nundo = 'Ctrl+Z'\n", "keys.undo must be a list"),
        ("[keys]\nundo = [1]\n", "keys.undo must be a list"),
        ("[gallery\n", "line 1"),
    ],
)
def test_what_cannot_be_used_is_refused_with_file_and_key(
    tmp_path: Path, text: str, said: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError, match=said) as refused:
        settings.load(path)
    assert str(path) in str(refused.value)


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"settings\.toml"):
        settings.load(path)


def test_a_save_keeps_nothing_else(tmp_path: Path) -> None:
    path = written(tmp_path, "# by hand\n[gallery]\ncache_mb = 64\n[keys]\nundo = ['U']\n")
    settings.save(path, Settings())
    assert settings.load(path) == Settings()
    assert "by hand" not in path.read_text(encoding="utf-8")


def test_a_save_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.toml"
    settings.save(path, Settings())

    def fail(*_: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Path, "replace", fail)
    other = dataclasses.replace(Settings(), gallery=GallerySettings(cache_mb=64))
    with pytest.raises(OSError, match="full"):
        settings.save(path, other)
    assert settings.load(path) == Settings()
    assert list(tmp_path.iterdir()) == [path]


def test_the_environment_names_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDITOR_SETTINGS", str(tmp_path / "mine.toml"))
    assert settings.default_path() == tmp_path / "mine.toml"
