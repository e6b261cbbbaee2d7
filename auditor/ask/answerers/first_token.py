"""What a model would say first: the probability of yes, or of each number, from one forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from auditor.ask.base import Answer, AnswerState

LEAST_MASS = 0.05
"""Below it the model is about to say something else, and the ratio of two rarities says nothing."""
_MARKS = " ▁ĠĊ\n\t.,!:;\"'*"
_HIGHEST = 20


class FirstToken:
    """Reads the distribution over the vocabulary of one tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        spelled: dict[str, list[int]] = {}
        # The whole vocabulary is looked through: "Yes", " yes", "YES" and "yes." all say yes.
        for token, index in tokenizer.get_vocab().items():
            spelled.setdefault(token.strip(_MARKS).casefold(), []).append(index)
        self._yes = spelled.get("yes", [])
        self._no = spelled.get("no", [])
        whole = _whole_numerals(tokenizer)
        self._numerals = {n: spelled.get(str(n), [index]) for n, index in whole.items()}

    @property
    def reads_yes_no(self) -> bool:
        """Yes and no are tokens of this vocabulary."""
        return bool(self._yes and self._no)

    @property
    def reads_numbers(self) -> bool:
        """No numeral's first token is another numeral, so the first token says the number."""
        return bool(self._numerals)

    def yes_no(self, probabilities: torch.Tensor, seconds: float) -> Answer:
        """P(yes) / (P(yes) + P(no)) from (vocabulary,) float32 probabilities."""
        yes = float(probabilities[self._yes].sum())
        no = float(probabilities[self._no].sum())
        if not yes + no >= LEAST_MASS:  # also where the model gave no numbers at all
            return self._unknown("yes and no", yes + no, probabilities, seconds)
        return Answer(state=AnswerState.ANSWERED, p_yes=yes / (yes + no), seconds=seconds)

    def number(self, probabilities: torch.Tensor, seconds: float) -> Answer:
        """The likeliest numeral from (vocabulary,) float32 probabilities."""
        mass = {n: float(probabilities[ids].sum()) for n, ids in self._numerals.items()}
        total = sum(mass.values())
        if not total >= LEAST_MASS:
            return self._unknown("the numbers", total, probabilities, seconds)
        best = max(mass, key=lambda n: mass[n])
        return Answer(state=AnswerState.ANSWERED, number=best, seconds=seconds)

    def _unknown(self, what: str, mass: float, all_of: torch.Tensor, seconds: float) -> Answer:
        if not torch.isfinite(all_of).all():
            text = "(the model gave no numbers)"
        else:
            likeliest = self._tokenizer.decode([int(all_of.argmax())])
            text = f"({what} have {mass:.1%} of the probability; likeliest: {likeliest!r})"
        return Answer(state=AnswerState.UNKNOWN, text=text, seconds=seconds)


def _whole_numerals(tokenizer: Any) -> dict[int, int]:
    """Numeral -> its token, for 0 to 20; empty if some numeral begins as another one does."""
    whole: dict[int, int] = {}
    beginnings: set[int] = set()
    for number in range(_HIGHEST + 1):
        ids = _visible(tokenizer, tokenizer.encode(str(number), add_special_tokens=False))
        if len(ids) == 1 and ids[0] != tokenizer.unk_token_id:
            whole[number] = ids[0]
        elif len(ids) > 1:
            beginnings.add(ids[0])
    return {} if beginnings & set(whole.values()) else whole


def _visible(tokenizer: Any, ids: Sequence[int]) -> list[int]:
    """Without a leading token that is only a space."""
    tokens = tokenizer.convert_ids_to_tokens(list(ids))
    return [i for i, token in zip(ids, tokens, strict=True) if token.strip(_MARKS)]
