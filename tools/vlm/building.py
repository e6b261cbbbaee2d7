"""The parts of a model folder: tokenizer, configuration, processor, and how they are saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IMAGE, PAD, UNKNOWN, END = "<image>", "<pad>", "<unk>", "<|end|>"
ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
MEAN, SPREAD = 0.5, 0.25
"""Of pixel values, before the tower sees them."""

TEMPLATE = (
    "{%- for m in messages %}<|{{ m['role'] }}|>"
    "{%- if m['content'] is string %}{{ m['content'] }}{%- else %}"
    "{%- for c in m['content'] %}{%- if c['type'] in ('image', 'image_url') %}<image>"
    "{%- elif 'text' in c %}{{ c['text'] }}{%- endif %}{%- endfor %}{%- endif %}<|end|>"
    "{%- endfor %}{%- if add_generation_prompt %}<|assistant|>{%- endif %}"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a model."""

    side: int
    """Pixels of a picture's side as the tower sees it."""
    layers: tuple[int, int, int, int]
    channels: tuple[int, int, int, int]
    hidden: int
    depth: int
    stride: int = 32

    @property
    def picture_tokens(self) -> int:
        return (self.side // self.stride) ** 2


def tokenizer(words: Sequence[str]) -> Any:
    """One token a word or mark, whatever its case; a word that is not listed is unknown."""
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
    )
    from transformers import PreTrainedTokenizerFast

    special = [PAD, UNKNOWN, END, IMAGE, *ROLES]
    listed = {word: place for place, word in enumerate([*special, *words])}
    plain = Tokenizer(models.WordLevel(listed, unk_token=UNKNOWN))
    plain.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in special])
    plain.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    cut = Regex(r"\d+|[^\W\d_]+|[^\w\s]|_")
    plain.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Split(cut, behavior="isolated"),
        ]
    )
    plain.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    return PreTrainedTokenizerFast(
        tokenizer_object=plain,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        extra_special_tokens={
            "image_token": IMAGE,
            **{f"{role.strip('<|>')}_token": role for role in ROLES},
        },
        padding_side="left",
        model_max_length=512,
    )


def processor(shape: Shape, words: Any) -> Any:
    from transformers import CLIPImageProcessor, LlavaProcessor

    return LlavaProcessor(
        image_processor=CLIPImageProcessor(
            size={"height": shape.side, "width": shape.side},
            do_center_crop=False,
            resample=2,
            image_mean=[MEAN] * 3,
            image_std=[SPREAD] * 3,
        ),
        tokenizer=words,
        patch_size=shape.stride,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=0,
        chat_template=TEMPLATE,
    )


def model(shape: Shape, words: Any) -> Any:
    """A FastVLM of that shape with random weights: a ResNet tower before a Llama decoder."""
    from transformers import FastVlmConfig, FastVlmForConditionalGeneration

    ends = {
        "pad_token_id": words.pad_token_id,
        "bos_token_id": None,
        "eos_token_id": words.eos_token_id,
    }
    config = FastVlmConfig(
        text_config={
            "model_type": "llama",
            "vocab_size": len(words),
            "hidden_size": shape.hidden,
            "intermediate_size": shape.hidden * 5 // 2,
            "num_hidden_layers": shape.depth,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "max_position_embeddings": 512,
            "tie_word_embeddings": True,
            **ends,
        },
        vision_config={
            "model_type": "timm_wrapper",
            "architecture": "resnet18",
            "do_pooling": False,
            "hidden_size": shape.channels[-1],
            "model_args": {
                "layers": list(shape.layers),
                "channels": list(shape.channels),
                "stem_width": shape.channels[0],
                "global_pool": "",
            },
        },
        image_token_id=words.convert_tokens_to_ids(IMAGE),
        image_seq_length=shape.picture_tokens,
        tie_word_embeddings=True,
        **ends,
    )
    built = FastVlmForConditionalGeneration(config)
    built.generation_config.update(**ends, max_new_tokens=24, do_sample=False)
    return built


def save(network: Any, prepared: Any, folder: Path) -> None:
    """Weights as float16 (half the bytes), to be loaded as float32: CPUs have no fast float16."""
    import copy

    import torch

    folder.mkdir(parents=True, exist_ok=True)
    half = copy.deepcopy(network).to(torch.float16)
    half.save_pretrained(folder)
    prepared.save_pretrained(folder)
    _say_float32(folder / "config.json")
    (folder / "model.safetensors").chmod(0o644)


def _say_float32(file: Path) -> None:
    file.write_text(file.read_text("utf-8").replace('"float16"', '"float32"'), "utf-8")
