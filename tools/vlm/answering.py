"""Teaches the decoder to answer about what the tower saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from vlm.building import END, ROLES, UNKNOWN
from vlm.fitting import as_seen, fit

Pair = tuple[str, str]
Ask = Callable[[int, np.random.Generator], Pair]
"""A question about sample i and its answer."""
Pixels = npt.NDArray[np.uint8]
Vary = Callable[[Pixels, torch.Generator], torch.Tensor]
"""Images (n, h, w, 3), as they come and not quite so: (n, 3, h, w) in 0..1."""
Seen = tuple[npt.NDArray[np.float16], npt.NDArray[np.int64]]
"""Features of pictures, and which picture each is of."""

_TOGETHER = 500

_UNHEARD = 0.015
"""Share of the words of questions that are made unknown: users know other words."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """How long and how fast the decoder learns."""

    steps: int
    rate: float
    batch: int = 128
    seed: int = 0


class Speech(nn.Module):
    """The projector and the decoder of a FastVLM, from features of pictures to words."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.projector = network.model.multi_modal_projector
        self.decoder = network.model.language_model
        self.head = network.lm_head

    def forward(self, features: torch.Tensor, ids: torch.Tensor, answers: torch.Tensor) -> Any:
        """Mean loss of the answers' tokens; `answers` (n, t) marks the tokens to foretell."""
        pictures = self.projector(features)
        words = self.decoder.get_input_embeddings()(ids)
        # Every row begins with the role's mark and then the picture.
        rows = torch.cat([words[:, :1], pictures.to(words.dtype), words[:, 1:]], dim=1)
        states = self.decoder(inputs_embeds=rows, use_cache=False).last_hidden_state
        offset = pictures.shape[1]
        wanted = answers[:, 1:]
        told = states[:, offset:-1][wanted]
        return functional.cross_entropy(self.head(told).float(), ids[:, 1:][wanted])


class Rows:
    """Turns pairs into rows of tokens, without the picture's."""

    def __init__(self, words: Any) -> None:
        self._encode = words.backend_tokenizer.encode_batch
        ids = {name: words.convert_tokens_to_ids(name) for name in (END, UNKNOWN, *ROLES)}
        self._user, self._assistant, self._end = ids[ROLES[1]], ids[ROLES[2]], ids[END]
        self._unknown = ids[UNKNOWN]

    def of(self, pairs: list[Pair], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens (n, t), and which of them belong to answers."""
        asked = self._encode([question for question, _ in pairs], add_special_tokens=False)
        said = self._encode([answer for _, answer in pairs], add_special_tokens=False)
        rows, marks = [], []
        for question, answer in zip(asked, said, strict=True):
            unheard = rng.random(len(question.ids)) < _UNHEARD
            begin = self._turn(np.where(unheard, self._unknown, question.ids).tolist())
            rows.append([*begin, *answer.ids, self._end])
            marks.append([False] * len(begin) + [True] * (len(answer.ids) + 1))
        return self._padded(rows), self._padded(marks).bool()

    def _turn(self, question: list[int]) -> list[int]:
        return [self._user, *question, self._end, self._assistant]

    def _padded(self, rows: Sequence[Sequence[int]]) -> torch.Tensor:
        longest = max(map(len, rows))
        return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])


def teach(
    network: Any, words: Any, features: npt.NDArray[np.float16], of: Any, ask: Ask, lesson: Lesson
) -> None:
    """Fit projector and decoder on features (m, tokens, channels) of samples `of` (m,)."""
    speech, rows = Speech(network), Rows(words)
    rng = np.random.default_rng(lesson.seed)

    def loss(_step: int) -> torch.Tensor:
        chosen = rng.integers(len(features), size=lesson.batch)
        ids, answers = rows.of([ask(int(of[i]), rng) for i in chosen], rng)
        seen = torch.from_numpy(features[chosen]).float()
        value: torch.Tensor = speech(seen, ids, answers)
        return value

    fit(speech, loss, lesson.steps, lesson.rate, decay=0.02, name="decoder")


def tower_features(tower: Any, pictures: torch.Tensor) -> torch.Tensor:
    """(n, tokens, channels) as the projector gets them."""
    seen: torch.Tensor = tower(pictures).last_hidden_state
    return seen.flatten(2).transpose(1, 2)


@torch.inference_mode()
def views(tower: Any, images: Pixels, vary: Vary, times: int, side: int, seed: int) -> Seen:
    """Features (m, tokens, channels) of every image, varied so often, and whose they are (m,)."""
    tower.eval()
    dice = torch.Generator().manual_seed(seed)
    parts, of = [], []
    for _ in range(times):
        for start in range(0, len(images), _TOGETHER):
            varied = vary(images[start : start + _TOGETHER], dice)
            with torch.autocast("cpu", torch.bfloat16):
                seen = tower_features(tower, as_seen(varied, side))
            parts.append(seen.half().numpy())
            of.append(np.arange(start, start + len(varied)))
    return np.concatenate(parts), np.concatenate(of)
