"""An encoder of pictures and sentences as an answerer: which of two sentences fits the picture more.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021.
Such a model knows no questions: a yes/no question is turned into a sentence that says so and one
that says otherwise, by the rules below. What they do not cover gets no answer.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from auditor.ask.answerers.ids import AnswererId
from auditor.ask.base import (
    Answer,
    AnswererError,
    AnswerState,
    Form,
    Keep,
    Pixels,
    Prompt,
    Report,
)
from auditor.ml import encoders

LOGIT_SCALE = 100.0
"""exp of the temperature at which CLIP's training stops letting it fall (section 2.5)."""
_PICTURES = 64

_THING = r"(?P<thing>.+?)"
_WHERE = (
    r"(?: (?:shown|visible|seen|present))?(?: in| on)? ?(?:this|the)? ?(?:image|picture|photo)?"
)
_SHOWN = r"(?:image|picture|photo)"
_A = r"(?P<thing>an? .+?)"
_DIGIT = r"(?P<thing>\d+)"
_ELSE = "a photo of something else"
# Questions -> (says so, says otherwise). The first that matches decides; "{}" is the thing.
_WORDINGS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        (
            rf"is the (?:main|large) digit in the image an? {_DIGIT}\?",
            rf"is this an image of the digit {_DIGIT}\?",
            rf"would most people read the main digit as an? {_DIGIT}\?",
            rf"does the image show an? {_DIGIT} as its main digit\?",
        ),
        'a photo of the number: "{}"',
        "a photo of another number",
    ),
    (
        (r'(?:does|is) "(?P<thing>.+)" (?:describe the image|a good caption for the image)\?',),
        "{}",
        _ELSE,
    ),
    (
        (
            rf"(?:is|are) there (?:any |some )?{_THING}{_WHERE}\?",
            rf"(?:does|do) (?:this|the) {_SHOWN} (?:show|contain|depict) {_THING}\?",
            rf"is (?:this|it) an? {_SHOWN} of {_A}\?",
            rf"is (?:this|it|the (?:main )?object(?: in (?:this|the) {_SHOWN})?) (?:a kind of )?{_A}\?",
            rf"would most people label (?:this|the) {_SHOWN} as {_THING}\?",
            rf"can you see {_THING}{_WHERE}\?",
        ),
        "a photo of {}",
        _ELSE,
    ),
    (
        (rf"(?:does|do) (?:it|the object|the animal) have {_THING}\?",),
        "a photo of something with {}",
        "a photo of something without {}",
    ),
)
_RULES: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), yes, no)
    for patterns, yes, no in _WORDINGS
    for pattern in patterns
)


def sentences(question: str) -> tuple[str, str] | None:
    """What the picture shows if yes, and if no; None for a question that no rule covers."""
    for pattern, yes, no in _RULES:
        found = pattern.fullmatch(question.strip())
        if found:
            thing = found["thing"].strip()
            return yes.format(thing), no.format(thing)
    return None


def load(answerer: AnswererId, device: str) -> ZeroShot:
    """The answerer of that encoder. Raises AnswererError if it places no sentences."""
    encoder = encoders.load(answerer.name, device=device)
    if not isinstance(encoder, encoders.TextEncoder):
        raise AnswererError(
            f"{answerer.name} places no sentences among pictures; take an open_clip or SigLIP model."
        )
    return ZeroShot(str(answerer), encoder)


class ZeroShot:
    """Answers yes/no questions by likeness; the rest stays unknown."""

    forms: frozenset[Form] = frozenset({"yes_no"})

    def __init__(self, answerer_id: str, encoder: encoders.TextEncoder) -> None:
        self.id = answerer_id
        self._encoder = encoder
        rules = [(pattern.pattern, yes, no) for pattern, yes, no in _RULES]
        facts = json.dumps([encoder.fingerprint, rules, LOGIT_SCALE])
        self.fingerprint = hashlib.sha256(facts.encode()).hexdigest()

    def answer(
        self,
        pictures: Sequence[Pixels],
        prompts: Sequence[Sequence[Prompt]],
        keep: Keep,
        report: Report,
    ) -> None:
        """See Answerer."""
        total = sum(len(mine) for mine in prompts)
        places = self._directions({prompt for mine in prompts for prompt in mine})
        done = 0
        report(done, total)
        asked = [i for i, mine in enumerate(prompts) if mine]
        for start in range(0, len(asked), _PICTURES):
            chosen = asked[start : start + _PICTURES]
            began = time.perf_counter()
            rows = _unit(self._encoder.encode([pictures[i] for i in chosen]))
            seconds = (time.perf_counter() - began) / sum(len(prompts[i]) for i in chosen)
            for i, row in zip(chosen, rows, strict=True):
                for j, prompt in enumerate(prompts[i]):
                    keep(i, j, _answer(row, places.get(prompt), seconds))
                done += len(prompts[i])
            report(done, total)

    def _directions(self, prompts: set[Prompt]) -> dict[Prompt, npt.NDArray[np.float32]]:
        """(dim,) per prompt that a rule covers: from "says otherwise" to "says so"."""
        pairs = {p: sentences(p.text) for p in prompts if p.form == "yes_no"}
        covered = {prompt: pair for prompt, pair in pairs.items() if pair is not None}
        texts = sorted({text for pair in covered.values() for text in pair})
        rows = dict(zip(texts, _unit(self._encoder.encode_text(texts)), strict=True))
        return {prompt: rows[yes] - rows[no] for prompt, (yes, no) in covered.items()}


def _answer(
    picture: npt.NDArray[np.float32], direction: npt.NDArray[np.float32] | None, seconds: float
) -> Answer:
    if direction is None:
        text = "(the question cannot be put as a sentence about the picture)"
        return Answer(state=AnswerState.UNKNOWN, text=text, seconds=seconds)
    # The softmax over two sentences is the logistic of their difference.
    margin = LOGIT_SCALE * float(picture @ direction)
    p_yes = float(1 / (1 + np.exp(-np.clip(margin, -50, 50))))
    return Answer(state=AnswerState.ANSWERED, p_yes=p_yes, seconds=seconds)


def _unit(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Rows of length one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: npt.NDArray[np.float32] = rows / np.maximum(lengths, 1e-12)
    return units
