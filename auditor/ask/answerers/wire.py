"""What is sent to an OpenAI-compatible server, and what its replies say."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from PIL import Image

from auditor.ask.answerers.prompting import TOKENS, wording
from auditor.ask.base import Answer, AnswerState, Form, Pixels, Prompt
from auditor.ask.parser import parse

_LOSSLESS_SIDE = 256
_LEAST_MASS = 0.05
MANY, FEW = 20, 5
"""Alternatives of a token that are listed: as many as the interface allows, and as some servers do."""
_MARKS = " \n\t.,!:;\"'*`▁Ġ"
_PICTURE = "<<the picture>>"


class Way(StrEnum):
    """How an answer is asked for. Servers differ; which way one takes is found out."""

    LOGPROBS = "logprobs"
    """A chat reply with the probabilities of its first tokens."""
    FIRST = "first"
    """The same cut after one token, where a reply has shown that it begins with yes or no."""
    DECISION = "decision"
    """The typed-decision endpoint of `transformers serve`: P(yes) from one forward pass.

    That server takes `logprobs` and returns none, so its chat replies would be words only.
    """
    WORDS = "words"
    """A chat reply in words, which the parser reads."""
    BARE = "bare"
    """The same with nothing that a reasoning model refuses: no temperature, no seed."""


_PROBABILITIES = (Way.LOGPROBS, Way.FIRST)

WAYS: Mapping[Form, tuple[Way, ...]] = {
    "yes_no": (Way.LOGPROBS, Way.DECISION, Way.WORDS, Way.BARE),
    "number": (Way.WORDS, Way.BARE),
    "open": (Way.WORDS, Way.BARE),
}
"""In which order ways are tried."""


class GarbageError(ValueError):
    """The reply is not what such a server sends."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be sent."""

    data: str
    """Base64."""
    kind: str
    """png or jpeg."""

    @property
    def url(self) -> str:
        return f"data:image/{self.kind};base64,{self.data}"


def packed(pixels: Pixels, longest_side: int) -> Picture:
    """The picture, at most so many pixels wide and high; small ones without loss."""
    image = Image.fromarray(pixels)
    image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    kind = "png" if max(image.size) <= _LOSSLESS_SIDE else "jpeg"
    buffer = io.BytesIO()
    image.save(buffer, kind, **({"quality": 92} if kind == "jpeg" else {}))
    return Picture(base64.b64encode(buffer.getvalue()).decode(), kind)


def path(way: Way) -> str:
    return "/systemone" if way is Way.DECISION else "/chat/completions"


def body(
    way: Way, model: str, prompt: Prompt, picture: Picture, listed: int = MANY
) -> dict[str, Any]:
    """The request, as JSON; of each token `listed` alternatives are wanted, where the way has any."""
    if way is Way.DECISION:
        asset = {"type": "image", "format": picture.kind, "data_base64": picture.data}
        return {
            "model": model,
            "state": _PICTURE,
            "questions": {"question": {"type": "noul", "instructions": prompt.text}},
            "assets": {_PICTURE: asset},
        }
    content = [
        {"type": "image_url", "image_url": {"url": picture.url}},
        {"type": "text", "text": wording(prompt)},
    ]
    request: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": content}]}
    return request | _settings(way, TOKENS[prompt.form], listed)


def text_body(model: str, text: str, tokens: int) -> dict[str, Any]:
    """A request without a picture, as JSON."""
    request = {"model": model, "messages": [{"role": "user", "content": text}]}
    return request | _settings(Way.WORDS, tokens)


def _settings(way: Way, tokens: int, listed: int = MANY) -> dict[str, Any]:
    if way is Way.BARE:
        # Such models think before they speak, within the same count.
        return {"max_completion_tokens": 2000 + tokens}
    count = 1 if way is Way.FIRST else tokens
    plain: dict[str, Any] = {"max_tokens": count, "temperature": 0, "seed": 0}
    return plain | ({"logprobs": True, "top_logprobs": listed} if way in _PROBABILITIES else {})


def read(way: Way, payload: Any, prompt: Prompt) -> tuple[Answer, Way | None]:
    """The answer in a reply, and the way to ask from now on. Raises GarbageError.

    None for the way: this one did not give what it is for.
    """
    if way is Way.DECISION:
        return _decision(payload), way
    choice = _choice(payload)
    content = _reply(choice)
    spoken = parse(content, prompt.form)
    if way not in _PROBABILITIES:
        return spoken, way
    listed = choice.get("logprobs")
    tokens = listed.get("content") if isinstance(listed, Mapping) else None
    if not isinstance(tokens, list) or not tokens:
        return spoken, None
    for next_way, shown in ((Way.FIRST, tokens[:1]), (Way.LOGPROBS, tokens)):
        p_yes = _p_yes(shown)
        if p_yes is not None:
            return Answer(state=AnswerState.ANSWERED, p_yes=p_yes, text=content), next_way
    return spoken, None if way is Way.FIRST else way


def reply_text(payload: Any) -> str:
    """The words of a chat reply. Raises GarbageError."""
    return _reply(_choice(payload))


def unreadable(why: str) -> Answer:
    """What a reply that cannot be read says: nothing."""
    return Answer(state=AnswerState.UNKNOWN, text=f"({why})")


def _choice(payload: Any) -> Mapping[str, Any]:
    match payload:
        case {"choices": [{"message": {}}, *_]}:
            choice: Mapping[str, Any] = payload["choices"][0]
            return choice
    raise GarbageError("the reply has no message")


def _reply(choice: Mapping[str, Any]) -> str:
    content = choice["message"].get("content")
    if choice["message"].get("refusal"):
        return str(choice["message"]["refusal"])
    if isinstance(content, list):  # parts, as some servers send them
        content = "".join(str(p.get("text", "")) for p in content if isinstance(p, Mapping))
    return content.strip() if isinstance(content, str) else ""


def _decision(payload: Any) -> Answer:
    match payload:
        case {"answers": {"question": {"noul": float() | int() as p_yes}}} if 0 <= p_yes <= 1:
            return Answer(state=AnswerState.ANSWERED, p_yes=float(p_yes))
    raise GarbageError("the reply has no decision")


def _p_yes(tokens: Sequence[Any]) -> float | None:
    """P(yes) / (P(yes) + P(no)) at the first token that is a word; None if it is another word."""
    for token in tokens:
        mass = {"yes": 0.0, "no": 0.0}
        for spelled, logprob in _candidates(token):
            if spelled in mass:
                mass[spelled] += math.exp(min(0.0, logprob))
        both = mass["yes"] + mass["no"]
        if both >= _LEAST_MASS:
            return mass["yes"] / both
        if _spelled(token):
            return None
    return None


def _candidates(token: Any) -> list[tuple[str, float]]:
    """The likeliest tokens at one place, the chosen one among them."""
    listed = token.get("top_logprobs") if isinstance(token, Mapping) else None
    found: dict[str, tuple[str, float]] = {}
    for entry in [token, *(listed if isinstance(listed, list) else [])]:
        match entry:
            case {"token": str() as text, "logprob": float() | int() as logprob}:
                found[text] = (text.strip(_MARKS).casefold(), float(logprob))
    return list(found.values())


def _spelled(token: Any) -> str:
    match token:
        case {"token": str() as text}:
            return text.strip(_MARKS)
    return ""
