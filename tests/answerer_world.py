"""Tiny vision-language models of real families with random weights, as model folders."""

# ruff: noqa: S106  (the names of tokens are no passwords)

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from auditor.ask.base import Pixels, Prompt

WORDS = (
    "Is there a cat or a dog in the picture? Answer Yes or No only. yes no Yes No YES NO "
    "How many wheels has it? Answer with a number in digits only. What is shown? "
    "Answer in one short sentence.\nYes\nNo\nYes\nNo\n0 1 2 3 4 5 6 7 8 9 user assistant system"
)
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}IMAGE{% else %}{{ c['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    # Wide enough that random weights say different things of different prompts.
    "initializer_range": 0.3,
}
_VISION = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
    "initializer_range": 0.3,
}


def pictures(count: int, *, sizes: bool = True) -> list[Pixels]:
    rng = np.random.default_rng(0)
    return [
        rng.integers(0, 256, (40 + 9 * i * sizes, 60 - 5 * i * sizes, 3), dtype=np.uint8)
        for i in range(count)
    ]


def yes_no(*things: str) -> list[Prompt]:
    return [Prompt(f"Is there a {thing} in the picture?", "yes_no") for thing in things]


def tokenizer(words: str = WORDS, **names: str) -> Any:
    """A byte-level tokenizer of a few hundred tokens; yes, no and single digits are whole."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    plain.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", *dict.fromkeys(names.values())]
    plain.train_from_iterator(
        [words] * 4,
        trainers.BpeTrainer(
            vocab_size=420,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return import_module("transformers").PreTrainedTokenizerFast(
        tokenizer_object=plain,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="<|im_end|>",
        extra_special_tokens=names,
    )


def _library() -> Any:
    """transformers, with random weights that are the same each time."""
    torch.manual_seed(0)
    return import_module("transformers")


def _save(model: Any, processor: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def llava(folder: Path, **changes: Any) -> Path:
    t = _library()
    words = tokenizer(image_token="<image>")
    vision = _VISION | changes.get("vision", {})
    side = vision["image_size"]
    config = t.LlavaConfig(
        text_config=t.LlamaConfig(vocab_size=len(words), **(_TEXT | changes.get("text", {}))),
        vision_config=t.CLIPVisionConfig(**vision),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
    )
    processor = t.LlavaProcessor(
        image_processor=t.CLIPImageProcessor(
            size={"shortest_edge": side}, crop_size={"height": side, "width": side}
        ),
        tokenizer=words,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=changes.get("template", TEMPLATE.replace("IMAGE", "<image>")),
    )
    return _save(t.LlavaForConditionalGeneration(config).eval(), processor, folder)


def smolvlm(folder: Path) -> Path:
    t = _library()
    words = tokenizer(
        image_token="<image>",
        fake_image_token="<fake_token_around_image>",
        global_image_token="<global-img>",
        end_of_utterance_token="<end_of_utterance>",
        video_token="<video>",
    )
    config = t.SmolVLMConfig(
        text_config=t.LlamaConfig(vocab_size=len(words), **_TEXT),
        vision_config={**_VISION, "model_type": "smolvlm_vision"},
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=words.pad_token_id,
    )
    processor = t.SmolVLMProcessor(
        image_processor=t.SmolVLMImageProcessor(
            size={"longest_edge": 64}, max_image_size={"longest_edge": 32}, do_image_splitting=True
        ),
        tokenizer=words,
        video_processor=t.SmolVLMVideoProcessor(),
        image_seq_len=4,
        chat_template=TEMPLATE.replace("IMAGE", "<image>"),
    )
    return _save(t.SmolVLMForConditionalGeneration(config).eval(), processor, folder)


def _qwen(folder: Path, family: str) -> Path:
    t = _library()
    vision: dict[str, Any] = {"depth": 2, "num_heads": 4, "patch_size": 4, "hidden_size": 32}
    if family == "Qwen2VL":
        vision |= {"embed_dim": 32, "mlp_ratio": 2}
    else:
        vision |= {
            "intermediate_size": 48,
            "out_hidden_size": 32,
            "fullatt_block_indexes": [1],
            "window_size": 16,
        }
    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 1e4}
    config, processor = qwen_parts(
        family, _TEXT | {"rope_parameters": rope}, vision, (16 * 16, 48 * 48)
    )
    model = getattr(t, f"{family}ForConditionalGeneration")(config)
    return _save(model.eval(), processor, folder)


def qwen_parts(
    family: str, text: dict[str, Any], vision: dict[str, Any], pixels: tuple[int, int]
) -> tuple[Any, Any]:
    """Configuration and processor of a model of Qwen's kind; `pixels` are least and most."""
    t = _library()
    words = tokenizer(
        image_token="<|image_pad|>",
        video_token="<|video_pad|>",
        vision_bos_token="<|vision_start|>",
        vision_eos_token="<|vision_end|>",
    )
    ends = {"bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id}
    marks = {"image_token_id": "image_pad", "video_token_id": "video_pad"}
    marks |= {"vision_start_token_id": "vision_start", "vision_end_token_id": "vision_end"}
    config = getattr(t, f"{family}Config")(
        text_config={"vocab_size": len(words), **ends, **text},
        vision_config={**vision, "spatial_merge_size": 2},
        **{name: words.convert_tokens_to_ids(f"<|{mark}|>") for name, mark in marks.items()},
    )
    patch = {"patch_size": vision["patch_size"], "merge_size": 2}
    size = {"shortest_edge": pixels[0], "longest_edge": pixels[1]}
    processor = getattr(t, f"{family}Processor")(
        image_processor=t.Qwen2VLImageProcessor(size=size, **patch),
        tokenizer=words,
        video_processor=t.Qwen2VLVideoProcessor(**patch),
        chat_template=TEMPLATE.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>"),
    )
    return config, processor


def qwen2_vl(folder: Path) -> Path:
    return _qwen(folder, "Qwen2VL")


def qwen2_5_vl(folder: Path) -> Path:
    return _qwen(folder, "Qwen2_5_VL")


def internvl(folder: Path) -> Path:
    t = _library()
    words = tokenizer(
        start_image_token="<img>",
        end_image_token="</img>",
        context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )
    config = t.InternVLConfig(
        text_config=t.Qwen2Config(vocab_size=len(words), **_TEXT),
        vision_config={
            **{k: v for k, v in _VISION.items() if k not in ("image_size", "patch_size")},
            "model_type": "internvl_vision",
            "image_size": [32, 32],
            "patch_size": [8, 8],
        },
        image_token_id=words.convert_tokens_to_ids("<IMG_CONTEXT>"),
        downsample_ratio=0.5,
    )
    processor = t.InternVLProcessor(
        image_processor=t.GotOcr2ImageProcessor(
            size={"height": 32, "width": 32}, crop_to_patches=True, min_patches=1, max_patches=3
        ),
        tokenizer=words,
        video_processor=t.InternVLVideoProcessor(size={"height": 32, "width": 32}),
        image_seq_length=4,
        chat_template=TEMPLATE.replace("IMAGE", "<IMG_CONTEXT>"),
    )
    return _save(t.InternVLForConditionalGeneration(config).eval(), processor, folder)


def paligemma(folder: Path) -> Path:
    t = _library()
    words = tokenizer(image_token="<image>")
    processor = t.PaliGemmaProcessor(
        image_processor=_sized(t.SiglipImageProcessor(size={"height": 32, "width": 32})),
        tokenizer=words,
    )
    config = t.PaliGemmaConfig(
        text_config=t.GemmaConfig(vocab_size=len(words), head_dim=8, **_TEXT),
        vision_config=t.SiglipVisionConfig(**_VISION, projection_dim=32),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        projection_dim=32,
    )
    return _save(t.PaliGemmaForConditionalGeneration(config).eval(), processor, folder)


def _sized(image_processor: Any) -> Any:
    image_processor.image_seq_length = 16
    return image_processor


def fast_vlm(folder: Path) -> Path:
    t = _library()
    words = tokenizer(image_token="<image>")
    config = t.FastVlmConfig(
        text_config={**_TEXT, "model_type": "qwen2", "vocab_size": len(words)},
        vision_config={
            "model_type": "timm_wrapper",
            "architecture": "fastvit_t8",
            "do_pooling": True,
            "global_pool": "avg",
            "hidden_size": 768,
            "model_args": {"inference_mode": True},
        },
        image_token_id=words.convert_tokens_to_ids("<image>"),
    )
    processor = t.LlavaProcessor(
        image_processor=t.CLIPImageProcessor(
            size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64}
        ),
        tokenizer=words,
        patch_size=32,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE.replace("IMAGE", "<image>"),
    )
    return _save(t.FastVlmForConditionalGeneration(config).eval(), processor, folder)


FAMILIES: dict[str, Callable[[Path], Path]] = {
    "llava": llava,
    "smolvlm": smolvlm,
    "qwen2_vl": qwen2_vl,
    "qwen2_5_vl": qwen2_5_vl,
    "internvl": internvl,
    "paligemma": paligemma,
    "fast_vlm": fast_vlm,
}
