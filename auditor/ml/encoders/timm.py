"""timm models: `timm:NAME` from the hub's cache, or a folder with config.json and safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from auditor.ml.encoders import hub, runner
from auditor.ml.encoders.base import Encoder, ModelFormatError, ModelId

_WEIGHTS = "model.safetensors"


def repository(model: ModelId) -> str:
    """The hub's repository of a timm name: all of them are kept under one organisation."""
    return f"timm/{model.name}"


def load(model: ModelId, folder: Path, device: str) -> Encoder:
    """The encoder from files in `folder`, without its classifier. Raises ModelFormatError."""
    import timm
    from timm.data import config, transforms_factory

    hub.require_file(folder, "config.json")
    if _WEIGHTS not in {path.name for path in hub.weights(folder)}:
        raise ModelFormatError(f"{folder} has no {_WEIGHTS}, the name that timm gives its weights.")
    with hub.offline():
        network = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)
    network = network.to(device).eval()
    settings: dict[str, Any] = config.resolve_model_data_config(network)  # type: ignore[no-untyped-call]
    transform = transforms_factory.create_transform(**settings, is_training=False)
    return runner.TorchEncoder(
        str(model),
        fingerprint=runner.fingerprint(hub.hashes(str(model), folder), settings, device),
        prepare=lambda pictures: torch.stack([transform(picture) for picture in pictures]),
        forward=network,
        device=device,
    )
