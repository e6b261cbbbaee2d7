"""transformers models: `hf:ORG/REPO@REVISION` from the hub's cache, or a folder.

The embedding is the model's own image feature (CLIP, SigLIP), else the class token after the last
layer, else the mean over places. No code of a repository is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from auditor.ml.encoders import hub, runner
from auditor.ml.encoders.base import Encoder, ModelFormatError, ModelId

_CLASS_TOKENS = ("cls_token", "class_embedding")


def repository(model: ModelId) -> str:
    return model.name


def load(model: ModelId, folder: Path, device: str) -> Encoder:
    """The encoder from files in `folder`. Raises ModelFormatError."""
    import transformers

    hub.require_file(folder, "config.json")
    hub.require_file(folder, "preprocessor_config.json")
    hub.weights(folder)
    with hub.offline():
        network = _network(folder).to(device).eval()
        processor = hub.from_pretrained(transformers.AutoImageProcessor, folder)
        tokenizer = _tokenizer(folder) if hasattr(network, "get_text_features") else None
    image: dict[str, Any] = {
        "fingerprint": runner.fingerprint(
            hub.hashes(str(model), folder), processor.to_dict(), device
        ),
        "prepare": lambda pictures: processor(images=pictures, return_tensors="pt")["pixel_values"],
        "forward": _feature(network),
        "device": device,
    }
    if tokenizer is None:
        return runner.TorchEncoder(str(model), **image)
    return runner.TorchTextEncoder(
        str(model),
        tokenize=_tokens(tokenizer),
        forward_text=lambda tokens: _pooled(network.get_text_features(input_ids=tokens)),
        **image,
    )


def _network(folder: Path) -> Any:
    import transformers

    network, report = hub.from_pretrained(
        transformers.AutoModel,
        folder,
        use_safetensors=True,
        output_loading_info=True,
        dtype=torch.float32,
    )
    # A pooler is often left out of a checkpoint; it is not used here.
    missing = sorted(name for name in report["missing_keys"] if "pooler" not in name)
    if missing:
        raise ModelFormatError(
            f"The weights in {folder} lack {len(missing)} parts of the model, first {missing[0]}."
        )
    return network


def _feature(network: Any) -> runner.Forward:
    if hasattr(network, "get_image_features"):
        return lambda pixels: _pooled(network.get_image_features(pixel_values=pixels))
    has_token = any(name.endswith(_CLASS_TOKENS) for name, _ in network.named_parameters())

    def forward(pixels: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = network(pixel_values=pixels).last_hidden_state
        if states.ndim == 4:
            return states.mean((2, 3))
        return states[:, 0] if has_token else states.mean(1)

    return forward


def _pooled(output: Any) -> torch.Tensor:
    """The vector itself: newer releases wrap it."""
    vector: torch.Tensor = output if isinstance(output, torch.Tensor) else output.pooler_output
    return vector


def _tokenizer(folder: Path) -> Any:
    import transformers

    try:
        return hub.from_pretrained(transformers.AutoTokenizer, folder)
    except (OSError, ValueError, ImportError):
        return None


def _tokens(tokenizer: Any) -> runner.Tokenize:
    def tokenize(texts: Sequence[str]) -> torch.Tensor:
        # To the full length: SigLIP was trained so, and CLIP's mask is causal.
        ready = tokenizer(list(texts), padding="max_length", truncation=True, return_tensors="pt")
        ids: torch.Tensor = ready["input_ids"]
        return ids

    return tokenize
