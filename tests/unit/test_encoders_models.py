"""Encoders with weights, on tiny random models of every family, from files alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from auditor.ml import encoders
from auditor.ml.encoders import hub, runner
from auditor.ml.encoders.base import parse

REVISION = "0" * 40


@pytest.fixture(autouse=True)
def own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache and our records are empty folders of this test's own."""
    from huggingface_hub import constants

    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    return cache


def pictures(count: int = 5) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (40 + i, 50, 3), dtype=np.uint8) for i in range(count)]


def open_clip_folder(folder: Path) -> Path:
    import open_clip
    from safetensors.torch import save_file

    torch.manual_seed(0)
    config = {
        "embed_dim": 24,
        "vision_cfg": {
            "image_size": 32,
            "layers": 1,
            "width": 32,
            "patch_size": 16,
            "head_width": 16,
        },
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 16,
            "heads": 2,
            "layers": 1,
        },
    }
    folder.mkdir(parents=True)
    preprocessing = {"mean": [0.5] * 3, "std": [0.25] * 3}
    settings = {"model_cfg": config, "preprocess_cfg": preprocessing}
    (folder / "open_clip_config.json").write_text(json.dumps(settings))
    save_file(open_clip.CLIP(**config).state_dict(), folder / "open_clip_model.safetensors")
    return folder


def timm_folder(folder: Path) -> Path:
    import timm
    from timm.models import save_for_hf

    torch.manual_seed(0)
    model = timm.create_model("test_vit", pretrained=False, num_classes=7)
    folder.mkdir(parents=True)
    save_for_hf(model, str(folder), safe_serialization=True)
    return folder


def vit_folder(folder: Path) -> Path:
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=20,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
        image_size=32,
        patch_size=16,
    )
    ViTModel(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def clip_folder(folder: Path) -> Path:
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

    torch.manual_seed(0)
    tower = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    config = CLIPConfig(
        vision_config={**tower, "image_size": 32, "patch_size": 16},
        text_config={**tower, "vocab_size": 50},
        projection_dim=12,
    )
    CLIPModel(config).save_pretrained(folder)
    CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    ).save_pretrained(folder)
    return folder


def cached(cache: Path, repo: str, make: Callable[[Path], Path]) -> Path:
    """A repository as the hub's cache lays it out."""
    home = cache / f"models--{repo.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(REVISION)
    (home / "blobs").mkdir()
    return make(home / "snapshots" / REVISION)


FAMILIES = [
    ("open_clip", open_clip_folder, 24),
    ("timm", timm_folder, 64),
    ("hf", vit_folder, 20),
    ("hf", clip_folder, 12),
]


@pytest.mark.parametrize(("family", "make", "dim"), FAMILIES)
def test_a_local_folder_loads_and_gives_the_same_embeddings_twice(
    family: str, make: Callable[[Path], Path], dim: int, tmp_path: Path
) -> None:
    name = f"{family}:local-dir:{make(tmp_path / 'model')}"
    first, second = encoders.load(name), encoders.load(name)
    rows = first.encode(pictures())
    assert rows.shape == (5, dim)
    assert rows.dtype == np.float32
    assert first.dim == dim
    np.testing.assert_array_equal(rows, second.encode(pictures()))
    np.testing.assert_allclose(rows[3:], first.encode(pictures()[3:]), atol=1e-5)
    assert np.ptp(rows, axis=0).max() > 0
    assert first.id == name
    assert first.fingerprint == second.fingerprint
    assert first.encode([]).shape == (0, dim)


def test_the_fingerprint_changes_with_weights_and_with_preprocessing(tmp_path: Path) -> None:
    folder = open_clip_folder(tmp_path / "model")
    name = f"open_clip:local-dir:{folder}"
    seen = {encoders.load(name).fingerprint}
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["preprocess_cfg"]["mean"] = [0.1] * 3
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    seen.add(encoders.load(name).fingerprint)
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "open_clip_model.safetensors")
    weights["visual.proj"] = weights["visual.proj"] + 1
    save_file(weights, folder / "open_clip_model.safetensors")
    seen.add(encoders.load(name).fingerprint)
    assert len(seen) == 3


def test_preprocessing_is_the_models_own(tmp_path: Path) -> None:
    folder = open_clip_folder(tmp_path / "model")
    plain = encoders.load(f"open_clip:local-dir:{folder}").encode(pictures(1))
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["preprocess_cfg"]["std"] = [0.5] * 3
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    other = encoders.load(f"open_clip:local-dir:{folder}").encode(pictures(1))
    assert not np.allclose(plain, other, atol=1e-3)


def test_open_clip_places_sentences_in_the_space_of_images(tmp_path: Path) -> None:
    encoder = encoders.load(f"open_clip:local-dir:{open_clip_folder(tmp_path / 'model')}")
    assert isinstance(encoder, encoders.TextEncoder)
    rows = encoder.encode_text(["a dog", "a cat"])
    assert rows.shape == (2, encoder.dim)
    assert not np.allclose(rows[0], rows[1])
    assert not isinstance(encoders.load("classic"), encoders.TextEncoder)


@pytest.mark.parametrize("name", ["timm:vit_small_patch14_dinov2.lvd142m", "hf:org/repo@abc",
                                  "open_clip:ViT-B-32/laion2b_s34b_b79k"])  # fmt: skip
def test_a_missing_model_is_named_with_the_command_and_what_is_here(name: str) -> None:
    with pytest.raises(encoders.ModelMissingError) as told:
        encoders.load(name)
    sentence = str(told.value)
    assert name in sentence
    assert f"`auditor models fetch {name}`" in sentence
    assert "Present are: classic." in sentence


def test_models_in_the_hubs_cache_are_found_and_the_best_is_the_default(own_caches: Path) -> None:
    assert encoders.present() == ("classic",)
    assert encoders.default_encoder() == "classic"
    cached(own_caches, "org/tiny", vit_folder)
    cached(own_caches, "timm/test_vit.r160_in1k", timm_folder)
    known = "timm:vit_small_patch14_dinov2.lvd142m"
    cached(own_caches, "timm/vit_small_patch14_dinov2.lvd142m", timm_folder)
    wanted = (known, f"hf:org/tiny@{REVISION}", "timm:test_vit.r160_in1k", "classic")
    assert encoders.present() == wanted
    assert encoders.default_encoder() == known
    for name in wanted[:3]:
        assert encoders.load(name).encode(pictures(1)).shape[0] == 1


def test_a_registered_open_clip_tag_loads_with_the_tags_own_settings(
    own_caches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import open_clip
    from open_clip import factory, pretrained

    folder = cached(own_caches, "org/clip", open_clip_folder)
    config = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]
    monkeypatch.setitem(vars(factory)["_MODEL_CONFIGS"], "Tiny", config)
    tag = {"hf_hub": "org/clip/", "mean": (0.5,) * 3, "std": (0.25,) * 3, "quick_gelu": True}
    monkeypatch.setitem(vars(pretrained)["_PRETRAINED"], "Tiny", {"own": tag})
    assert "Tiny" in open_clip.list_models()
    by_tag = encoders.load("open_clip:Tiny/own").encode(pictures())
    by_folder = encoders.load(f"open_clip:local-dir:{folder}").encode(pictures())
    assert not np.allclose(by_tag, by_folder)  # quick GELU is the tag's, not the folder's
    tag["quick_gelu"] = False
    np.testing.assert_allclose(encoders.load("open_clip:Tiny/own").encode(pictures()), by_folder)
    with pytest.raises(encoders.ModelIdError, match="it knows: own"):
        encoders.load("open_clip:Tiny/other")


@pytest.mark.parametrize(("family", "make", "dim"), FAMILIES[:3])
def test_weights_that_may_run_code_are_refused(
    family: str, make: Callable[[Path], Path], dim: int, tmp_path: Path
) -> None:
    folder = make(tmp_path / "model")
    weights = next(folder.glob("*.safetensors"))
    torch.save({}, folder / "pytorch_model.bin")
    weights.unlink()
    with pytest.raises(encoders.ModelFormatError, match="only safetensors are read"):
        encoders.load(f"{family}:local-dir:{folder}")


def test_weights_that_lack_a_part_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = vit_folder(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    gone = next(name for name in weights if "layernorm" in name)
    del weights[gone]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(encoders.ModelFormatError, match="lack 1 parts"):
        encoders.load(f"hf:local-dir:{folder}")


def test_verify_notices_a_changed_file(tmp_path: Path) -> None:
    folder = timm_folder(tmp_path / "model")
    name = f"timm:local-dir:{folder}"
    assert set(encoders.verify(name).checked.values()) == {"new"}
    assert set(encoders.verify(name).checked.values()) == {"same"}
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    found = encoders.verify(name)
    assert found.checked["model.safetensors"] == "changed"
    assert not found.ok
    weights.unlink()
    assert encoders.verify(name).checked["model.safetensors"] == "gone"


def test_memory_running_out_halves_the_batch_for_good() -> None:
    sizes: list[int] = []

    def forward(batch: torch.Tensor) -> torch.Tensor:
        sizes.append(len(batch))
        if len(batch) > 3:
            raise torch.OutOfMemoryError
        return batch.flatten(1).mean(1, keepdim=True)

    def prepare(images: list[Image.Image]) -> torch.Tensor:
        return torch.stack([torch.from_numpy(np.array(image)).float() for image in images])

    encoder = runner.TorchEncoder(
        "x",
        fingerprint="x",
        prepare=prepare,
        forward=forward,
        device="cpu",
        batch=12,
    )
    images = [np.full((2, 2, 3), value, np.uint8) for value in range(10)]
    np.testing.assert_allclose(encoder.encode(images)[:, 0], np.arange(10))
    assert sizes == [10, 5, 2, 2, 2, 2, 2]
    assert encoder.batch == 2


@pytest.mark.parametrize("text", ["", "clip", "timm:", "timm:a/b", "open_clip:ViT-B-32", "hf:repo",
                                  "open_clip:local-dir:", "tensorflow:x"])  # fmt: skip
def test_an_id_of_no_known_form_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(encoders.ModelIdError, match="Ids are written classic"):
        parse(text)


@pytest.mark.parametrize("text", ["classic", "timm:resnet50.a1_in1k", "hf:a/b", "hf:a/b@c",
                                  "open_clip:ViT-B-32/tag", "open_clip:local-dir:/a b/c"])  # fmt: skip
def test_an_id_is_written_as_it_was_read(text: str) -> None:
    assert str(parse(text)) == text


def test_the_catalogue_agrees_with_the_libraries() -> None:
    import open_clip
    import timm

    for entry in encoders.catalogue():
        model = parse(entry.id)
        if model.family == "open_clip":
            arch, tag = model.name.split("/")
            assert open_clip.get_pretrained_cfg(arch, tag)["hf_hub"] == f"{entry.repository}/"
            assert open_clip.get_model_config(arch)["embed_dim"] == entry.dim
        elif model.family == "timm":
            assert timm.is_model_pretrained(model.name), entry.id
    assert encoders.catalogue()[-1].dim == encoders.load("classic").dim


def test_fetching_is_refused_by_name_while_the_hub_is_offline() -> None:
    with hub.offline(), pytest.raises(encoders.ModelMissingError, match="HF_HUB_OFFLINE"):
        encoders.fetch("hf:org/repo")


def test_a_fetched_folder_needs_no_fetching(tmp_path: Path) -> None:
    folder = timm_folder(tmp_path / "model")
    assert encoders.fetch(f"timm:local-dir:{folder}") == folder
    assert encoders.fetch("classic") is None
    shutil.rmtree(folder)
    with pytest.raises(encoders.ModelMissingError, match="no such folder"):
        encoders.load(f"timm:local-dir:{folder}")
