"""open_clip models: `open_clip:ARCH/TAG` from the hub's cache, or a folder on this machine.

A folder holds `open_clip_config.json` (`model_cfg`, `preprocess_cfg`) and safetensors weights,
as open_clip's own `local-dir:` schema has it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from auditor.ml.encoders import hub, runner
from auditor.ml.encoders.base import Encoder, ModelFormatError, ModelId, ModelIdError

_CONFIG = "open_clip_config.json"
_WEIGHTS = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "model.safetensors",
)
_TAG_PREPROCESSING = ("mean", "std", "interpolation", "resize_mode")


def repository(model: ModelId) -> str:
    """The hub's repository of ARCH/TAG. Raises ModelIdError, ModelFormatError."""
    import open_clip

    arch, tag = model.name.split("/")
    facts = open_clip.get_pretrained_cfg(arch, tag)
    if not facts:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(arch))
        raise ModelIdError(
            f"open_clip knows no weights {tag!r} of {arch!r}; "
            + (f"it knows: {tags}." if tags else "it knows no such architecture either.")
        )
    place = facts.get("hf_hub", "")
    if not place:
        raise ModelFormatError(
            f"open_clip offers {model.name} only as a checkpoint that is not safetensors."
        )
    return str(place).rpartition("/")[0]


def load(model: ModelId, folder: Path, device: str) -> Encoder:
    """The encoder from files in `folder`. Raises ModelFormatError."""
    import open_clip
    from open_clip import transform

    checkpoint = _checkpoint(folder)
    with hub.offline():
        if model.folder is not None:
            hub.require_file(folder, _CONFIG)
            name = f"local-dir:{folder}"
            network = open_clip.create_model(name, precision="fp32", require_pretrained=True)
        else:
            name = model.name.split("/")[0]
            network = _from_registry(model, checkpoint)
        tokenizer = _tokenizer(name)
    network = network.to(device).eval()
    settings = network.visual.preprocess_cfg
    prepare = transform.image_transform_v2(transform.PreprocessCfg(**settings), is_train=False)
    image: dict[str, Any] = {
        "fingerprint": runner.fingerprint(hub.hashes(str(model), folder), settings, device),
        "prepare": lambda pictures: torch.stack([prepare(picture) for picture in pictures]),
        "forward": network.encode_image,
        "device": device,
    }
    if tokenizer is None:
        return runner.TorchEncoder(str(model), **image)
    return runner.TorchTextEncoder(
        str(model),
        tokenize=lambda texts: tokenizer(list(texts)),
        forward_text=network.encode_text,
        **image,
    )


def _from_registry(model: ModelId, checkpoint: Path) -> Any:
    import open_clip

    arch, tag = model.name.split("/")
    facts = open_clip.get_pretrained_cfg(arch, tag)
    return open_clip.create_model(
        arch,
        pretrained=str(checkpoint),
        precision="fp32",
        require_pretrained=True,
        # Given a file, open_clip forgets what it knows of the tag.
        force_quick_gelu=bool(facts.get("quick_gelu", False)),
        force_preprocess_cfg={k: facts[k] for k in _TAG_PREPROCESSING if k in facts},
    )


def _checkpoint(folder: Path) -> Path:
    """The weights that open_clip takes: the first of its own names, else the only file."""
    found = {path.name: path for path in hub.weights(folder)}
    for name in _WEIGHTS:
        if name in found:
            return found[name]
    if len(found) == 1:
        return next(iter(found.values()))
    raise ModelFormatError(f"{folder} has several safetensors files, and none is {_WEIGHTS[0]}.")


def _tokenizer(name: str) -> Any:
    """The model's tokenizer, or None where its files are not on this machine."""
    import open_clip

    try:
        return open_clip.get_tokenizer(name)
    except (OSError, ValueError, ImportError):
        return None


def tokenizer_repository(folder: Path) -> str | None:
    """The repository its tokenizer comes from, if that is one of the hub's."""
    path = folder / _CONFIG
    if not path.is_file():
        return None
    text = json.loads(path.read_text(encoding="utf-8")).get("model_cfg", {}).get("text_cfg", {})
    name = text.get("hf_tokenizer_name")
    return str(name) if name else None
