from __future__ import annotations

from pathlib import Path

import pytest

from auditor.session import models


@pytest.fixture(autouse=True)
def _no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / "hub"))


def test_the_one_without_weights_is_always_there() -> None:
    rows = {row["id"]: row for row in models.listed()}
    assert rows["classic"]["present"]
    assert sum(row["default"] for row in rows.values()) == 1
    assert all(row["present"] for row in rows.values() if row["default"])
    assert any(not row["present"] and row["licence"] for row in rows.values())


def test_it_needs_no_files_to_fetch_or_verify() -> None:
    assert "needs no files" in models.fetch("classic")
    good, text = models.verify("classic")
    assert good
    assert "no files" in text
