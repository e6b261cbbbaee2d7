"""A CLIP of open_clip's own kind, small: how it is built, taught and saved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional
from vlm import building, fitting, spoiling

from clip import sentences
from clip.views import Views

BATCH = 128
_WIDE, _DIGITS = 128, 10
_LENGTH = 20
SIDE = 64


@dataclass(frozen=True, slots=True)
class Recipe:
    seed: int = 0
    scenes: int = 30_000
    steps: int = 10_000
    rate: float = 2e-3


def tokenizer() -> Any:
    """One token a word; the end has the largest number, as CLIP's text tower looks for it."""
    words = building.tokenizer(sentences.words())
    words.add_special_tokens({"eos_token": "<|stop|>"})
    words.backend_tokenizer.post_processor = _ends_with(words.eos_token, words.eos_token_id)
    words.padding_side = "right"
    return words


def _ends_with(token: str, number: int) -> Any:
    from tokenizers.processors import TemplateProcessing

    return TemplateProcessing(single=f"$A {token}", special_tokens=[(token, number)])


def config(words: Any) -> dict[str, Any]:
    """open_clip's `model_cfg`."""
    return {
        "embed_dim": _WIDE,
        "vision_cfg": {"image_size": SIDE, "layers": [1, 1, 1, 1], "width": 16, "patch_size": None},
        "text_cfg": {
            "context_length": _LENGTH,
            "vocab_size": len(words),
            "hf_tokenizer_name": "demo-clip",
            "tokenizer_kwargs": {"clean": "whitespace"},
            "width": 128,
            "heads": 4,
            "layers": 2,
        },
    }


def built(settings: dict[str, Any]) -> Any:
    from open_clip.model import CLIP

    text = {k: v for k, v in settings["text_cfg"].items() if k not in _OF_TOKENIZER}
    return CLIP(settings["embed_dim"], settings["vision_cfg"], text)


_OF_TOKENIZER = ("hf_tokenizer_name", "tokenizer_kwargs")


class Taught(nn.Module):
    """The model, and two heads that read digits off its picture vectors while it learns.

    They shorten the way to vectors in which digits lie apart; what is saved has none.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.first = nn.Linear(_WIDE, _DIGITS + 1)
        self.second = nn.Linear(_WIDE, _DIGITS + 1)


def teach(network: Any, words: Any, views: Views, recipe: Recipe) -> None:
    """Views and sentences that mean the same come together, in both directions (Radford 2021).

    Several views of a batch show the same: each counts as right (Yang et al. 2022, UniCL).
    """
    rng, dice = np.random.default_rng(recipe.seed), torch.Generator().manual_seed(recipe.seed)
    taught = Taught(network).to(memory_format=torch.channels_last)
    digits = [torch.from_numpy(codes % (_DIGITS + 1)) for codes in (views.first, views.second)]

    def loss(_step: int) -> torch.Tensor:
        rows = rng.integers(len(views.images), size=BATCH)
        said, means = _said(views, rows, rng)
        pictures = spoiling.spoiled(fitting.as_floats(views.images[rows]), dice, often=0.5)
        image = network.encode_image(fitting.as_seen(pictures, SIDE)).float()
        text = network.encode_text(_tokens(words, said), normalize=True).float()
        scale = network.logit_scale.exp().clamp(max=100)
        logits = scale * functional.normalize(image, dim=1) @ text.T
        right = torch.from_numpy(_same(views, rows, means))
        across = (_against(logits, right) + _against(logits.T, right.T)) / 2
        first, second = (codes[rows] for codes in digits)
        read = functional.cross_entropy(taught.first(image), first)
        read = read + 0.5 * functional.cross_entropy(taught.second(image), second)
        return across + read

    fitting.fit(taught, loss, recipe.steps, recipe.rate, name="clip")


def _against(logits: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    wanted = right / right.sum(dim=1, keepdim=True).clamp_min(1)
    some = right.any(dim=1)
    return functional.cross_entropy(logits[some], wanted[some])


Meanings = npt.NDArray[np.int64]


def _said(
    views: Views, rows: npt.NDArray[np.int64], rng: np.random.Generator
) -> tuple[list[str], Meanings]:
    """A sentence a view, and what it says: (n, 2) digits, -1 for none, -2 for any."""
    said, means = [], []
    for row in rows:
        first, second = int(views.first[row]), int(views.second[row])
        if first >= 0 and rng.random() < 0.05:
            said.append(sentences.ANY[int(rng.integers(len(sentences.ANY)))])
            means.append((-2, -2))
            continue
        told = second if rng.random() < 0.7 else -1
        said.append(sentences.one_of(first, told, rng))
        means.append((first, told if _names_two(said[-1]) else -1))
    return said, np.array(means)


def _names_two(text: str) -> bool:
    named = [w.strip('",:') for w in text.split()]
    return sum(w in sentences.NAMES or w.isdigit() for w in named) > 1


def _same(views: Views, rows: npt.NDArray[np.int64], means: Meanings) -> npt.NDArray[np.float32]:
    """(views, sentences) whether a sentence is right for a view."""
    first, second = views.first[rows][:, None], views.second[rows][:, None]
    said_first, said_second = means[:, 0][None], means[:, 1][None]
    one = (said_second == -1) & (first == said_first)
    two = (said_second >= 0) & (first == said_first) & (second == said_second)
    everything = (said_first == -2) & (first >= 0)
    return (one | two | everything).astype(np.float32)


def _tokens(words: Any, said: list[str]) -> torch.Tensor:
    found: torch.Tensor = words(
        said, padding="max_length", max_length=_LENGTH, truncation=True, return_tensors="pt"
    )["input_ids"]
    return found


def save(network: Any, words: Any, settings: dict[str, Any], folder: Path) -> None:
    """A folder that open_clip opens as local-dir; weights as float16: half the bytes."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: value.half() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }
    save_file(
        {name: value.contiguous() for name, value in weights.items()},
        folder / "open_clip_model.safetensors",
    )
    seen = {
        "mean": [building.MEAN] * 3,
        "std": [building.SPREAD] * 3,
        "interpolation": "bilinear",
        "resize_mode": "squash",
    }
    text = json.dumps({"model_cfg": settings, "preprocess_cfg": seen}, indent=1)
    (folder / "open_clip_config.json").write_text(text + "\n", "utf-8")
    words.save_pretrained(folder)
    (folder / "open_clip_model.safetensors").chmod(0o644)
