"""How a question is put to a model: one wording for all, and the turn around it."""

from __future__ import annotations

import hashlib
from typing import Any

from auditor.ask.base import Form, Prompt

INSTRUCTIONS: dict[Form, str] = {
    # The wording of the typed-decision endpoint as well: a model answers both ways alike.
    "yes_no": "Answer Yes or No only.",
    "number": "Answer with a number in digits only.",
    "open": "Answer in one short sentence.",
}
TOKENS: dict[Form, int] = {"yes_no": 8, "number": 8, "open": 40}
"""Tokens a reply may have."""

# What the models of a family saw in training, for folders that came without a chat template.
_BARE = "{image}\n{wording}\nAnswer:"
_FAMILIES = {
    "llava": "USER: {image}\n{wording} ASSISTANT:",
    "vipllava": "USER: {image}\n{wording} ASSISTANT:",
    "idefics2": "User:{image}{wording}<end_of_utterance>\nAssistant:",
    "idefics3": "User:{image}{wording}<end_of_utterance>\nAssistant:",
    "smolvlm": "User:{image}{wording}<end_of_utterance>\nAssistant:",
    "paligemma": "{image}answer en {question}",
    "blip": "Question: {wording} Answer:",
    "blip-2": "Question: {wording} Answer:",
    "instructblip": "{wording}",
    "git": "{question}",
}


def wording(prompt: Prompt) -> str:
    """The question with the form of answer that is wanted."""
    return f"{prompt.text}\n{INSTRUCTIONS[prompt.form]}"


def version() -> str:
    """Hash of all wordings here: another wording is another answerer."""
    facts = repr((sorted(INSTRUCTIONS.items()), sorted(TOKENS.items()), _BARE, _FAMILIES))
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def render(processor: Any, family: str, prompt: Prompt) -> str:
    """The whole text for a local model, with its placeholder of the picture.

    By the folder's own chat template; without one, in the manner of the family.
    """
    template = getattr(processor, "chat_template", None)
    safe = Prompt(_without_control_tokens(processor, prompt.text), prompt.form)
    if template is None:
        image = getattr(processor, "image_token", "<image>")
        layout = _FAMILIES.get(family, _BARE)
        return layout.format(image=image, wording=wording(safe), question=safe.text)
    content = [{"type": "image"}, {"type": "text", "text": wording(safe)}]
    text: str = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        tokenize=False,
        add_generation_prompt=True,
        # The first token shall be the answer; a template that knows no thinking takes no such word.
        **({"enable_thinking": False} if "enable_thinking" in str(template) else {}),
    )
    return text


def _without_control_tokens(processor: Any, text: str) -> str:
    """A class may be called anything, also "<image>": it must not count as a picture."""
    tokenizer = getattr(processor, "tokenizer", processor)
    marks = {*tokenizer.all_special_tokens, getattr(processor, "image_token", "<image>")}
    for mark in sorted(marks, key=len, reverse=True):
        text = text.replace(mark, " ")
    return text
