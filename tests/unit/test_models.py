from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.ask.answerers.ids import parse
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


def test_vision_language_models_are_listed_by_an_id_that_can_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "org/answers": ("SmolVLMForConditionalGeneration", {"vision_config": {}}),
        "org/speaks": ("T5ForConditionalGeneration", {}),
        "org/encodes": ("CLIPModel", {"vision_config": {}}),
    }
    for repo, (maker, more) in kinds.items():
        model_folder(
            tmp_path / "hub" / f"models--{repo.replace('/', '--')}" / "snapshots" / "abc",
            maker,
            more,
        )
    model_folder(tmp_path / "mine" / "small", *kinds["org/answers"])
    model_folder(tmp_path / "mine" / "other", *kinds["org/encodes"])
    rows = {row["id"]: row for row in models.listed(tmp_path / "mine")}
    asked = [name for name, row in rows.items() if "answers questions" in row["good_for"]]
    found = [name for name in asked if not name.startswith("demo:")]
    assert found == ["hf:org/answers@abc", f"hf:local-dir:{tmp_path / 'mine' / 'small'}"]
    assert all(str(parse(name)) == name for name in asked)
    # Who answers questions is no encoder, though the first by name.
    assert rows["hf:org/encodes@abc"]["default"]
    with pytest.raises(models.FolderError, match="is no folder"):
        models.listed(tmp_path / "nowhere")


def model_folder(folder: Path, maker: str, more: dict[str, Any]) -> None:
    folder.mkdir(parents=True)
    facts = {"model_type": "x", "architectures": [maker], **more}
    (folder / "config.json").write_text(json.dumps(facts))
    (folder / "preprocessor_config.json").write_text("{}")
    (folder / "model.safetensors").touch()
