"""Forward passes of a vision-language model: a first one with the picture, then more of the text."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

Inputs = Mapping[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class State:
    """Where the model stands after some tokens of each row."""

    logits: torch.Tensor
    """(rows, vocabulary) float32: of the next token."""
    cache: Any
    mask: torch.Tensor
    """(rows, tokens so far): 0 for padding."""
    deltas: torch.Tensor | None
    """(rows, 1): what is added to positions where a picture takes fewer positions than tokens."""

    def repeated(self, times: int) -> State:
        """Each row `times` times, one after the other. This state stays as it is."""
        cache = copy.copy(self.cache)
        cache.layers = [copy.copy(layer) for layer in self.cache.layers]
        cache.batch_repeat_interleave(times)
        return replace(
            self,
            cache=cache,
            mask=self.mask.repeat_interleave(times, 0),
            deltas=None if self.deltas is None else self.deltas.repeat_interleave(times, 0),
        )


class Network:
    """The forward passes of one model. Rows are padded on the left."""

    def __init__(self, model: Any, device: str) -> None:
        self.model = model
        self.device = device
        accepted = inspect.signature(model.forward).parameters
        self._last = {"logits_to_keep": 1} if "logits_to_keep" in accepted else {}
        self._takes_positions = "position_ids" in accepted
        self._inner = getattr(model, "model", model)
        # Qwen's and GLM's kind place a picture's tokens on a grid, and tell how far that went.
        self._grid = hasattr(self._inner, "get_rope_index")

    def first(self, inputs: Inputs) -> State:
        """Read prompts with their pictures: what a processor gives, padded on the left."""
        ready = {name: self._placed(value) for name, value in inputs.items()}
        mask = ready["attention_mask"]
        if self._takes_positions and not self._grid:
            ready["position_ids"] = _positions(mask, mask.shape[1])
        output = self.model(**ready, **self._last, use_cache=True)
        deltas = None
        if self._grid:
            found = getattr(output, "rope_deltas", None)
            deltas = self._inner.rope_deltas if found is None else found
        return State(_last_logits(output), getattr(output, "past_key_values", None), mask, deltas)

    def extend(self, state: State, ids: torch.Tensor, mask: torch.Tensor) -> State:
        """Read on: `ids` and `mask` are (rows, tokens). Takes over the state's cache."""
        seen = torch.cat([state.mask, mask.to(self.device)], 1)
        positions = _positions(seen, ids.shape[1])
        if state.deltas is not None:
            positions = (positions + state.deltas.to(positions))[None].expand(3, -1, -1)
        output = self.model(
            input_ids=ids.to(self.device),
            attention_mask=seen,
            position_ids=positions,
            past_key_values=state.cache,
            use_cache=True,
            **self._last,
        )
        return replace(state, logits=_last_logits(output), cache=output.past_key_values, mask=seen)

    def greedy(self, state: State, tokens: int, ends: Sequence[int]) -> torch.Tensor:
        """The likeliest continuation, (rows, at most `tokens`); after an end, only ends."""
        stops = torch.tensor(list(ends), device=state.logits.device)
        over = torch.zeros(len(state.logits), dtype=torch.bool, device=state.logits.device)
        said: list[torch.Tensor] = []
        for count in range(1, tokens + 1):
            chosen = state.logits.argmax(-1)
            if len(stops):
                chosen = torch.where(over, stops[0], chosen)
                over |= torch.isin(chosen, stops)
            said.append(chosen)
            if bool(over.all()) or count == tokens:
                break
            state = self.extend(state, chosen[:, None], torch.ones_like(state.mask[:, :1]))
        return torch.stack(said, 1)

    def _placed(self, value: torch.Tensor) -> torch.Tensor:
        if value.is_floating_point():
            return value.to(self.device, self.model.dtype)
        return value.to(self.device)


def _positions(mask: torch.Tensor, tokens: int) -> torch.Tensor:
    """Positions of the last `tokens` places, counting only those that are no padding."""
    return (mask.long().cumsum(1) - 1).clamp_min(0)[:, -tokens:]


def _last_logits(output: Any) -> torch.Tensor:
    logits: torch.Tensor = output.logits[:, -1].float()
    return logits
