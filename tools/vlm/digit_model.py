"""The model of digits: its tower learns to read scenes, then its decoder to answer about them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from auditor.ask.bank import generate
from auditor.ask.base import Prompt
from vlm import (
    answering,
    building,
    digit_questions,
    digit_scenes,
    fitting,
    measuring,
    spoiling,
    wordings,
)
from vlm.digit_scenes import Scenes
from vlm.measuring import Trial

SHAPE = building.Shape(
    side=96, layers=(1, 1, 1, 1), channels=(32, 64, 128, 192), hidden=128, depth=3
)
BATCH = 128
HELD_OUT = 2_000


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much of everything; a model is decided by these."""

    scenes: int = 40_000
    tower_steps: int = 2_600
    views: int = 4
    """Times every scene is spoiled anew for the decoder."""
    decoder_steps: int = 2_500
    broad_steps: int = 1_500
    workers: int = 2
    seed: int = 0


class Heads(nn.Module):
    """What the tower must tell: main and second digit, colours."""

    def __init__(self, channels: int, places: int) -> None:
        super().__init__()
        self.main = nn.Linear(channels, 10)
        self.second = nn.Linear(channels * places, 11)
        self.colour = nn.Linear(channels, 4)

    def forward(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        pooled = functional.dropout(seen.mean((2, 3)), 0.2, self.training)
        return self.main(pooled), self.second(seen.flatten(1)), self.colour(pooled)


class Reader(nn.Module):
    """Tower and heads together."""

    def __init__(self, tower: Any) -> None:
        super().__init__()
        self.tower = tower
        self.heads = Heads(SHAPE.channels[-1], SHAPE.picture_tokens)

    def forward(self, pictures: torch.Tensor) -> Any:
        return self.heads(self.tower(pictures).last_hidden_state)


def train(recipe: Recipe) -> tuple[Any, Any]:
    """The network and its processor."""
    torch.manual_seed(recipe.seed)
    words = building.tokenizer(wordings.words_of(digit_questions.texts()))
    network = building.model(SHAPE, words)
    scenes = digit_scenes.varied(recipe.scenes, recipe.seed, recipe.workers)
    print(f"{len(scenes)} scenes", flush=True)
    train_tower(network.model.vision_tower, scenes, recipe)
    seen = answering.views(
        network.model.vision_tower,
        scenes.images,
        _varied,
        recipe.views,
        SHAPE.side,
        recipe.seed + 1,
    )

    teach(network, words, scenes, seen, recipe)
    return network.eval(), building.processor(SHAPE, words)


def teach(network: Any, words: Any, scenes: Scenes, seen: answering.Seen, recipe: Recipe) -> None:
    """The decoder first learns what label checks ask, then everything else as well."""
    for turn, (steps, rate, weights) in enumerate(
        (
            (recipe.decoder_steps, 2e-3, digit_questions.MOSTLY_MAIN),
            (recipe.broad_steps, 1e-3, digit_questions.BROADLY),
            (recipe.broad_steps, 1e-3, digit_questions.FINELY),
        )
    ):
        ask = partial(digit_questions.pair, scenes, weights=weights)
        lesson = answering.Lesson(steps, rate, seed=recipe.seed + turn)
        answering.teach(network, words, *seen, ask, lesson)


def train_tower(tower: Any, scenes: Scenes, recipe: Recipe) -> Reader:
    reader = Reader(tower).to(memory_format=torch.channels_last)
    rng, dice = np.random.default_rng(recipe.seed), torch.Generator().manual_seed(recipe.seed)

    def loss(_step: int) -> torch.Tensor:
        rows = rng.integers(len(scenes), size=BATCH)
        images = fitting.as_seen(_varied(scenes.images[rows], dice), SHAPE.side)
        return _reading_loss(reader(images), scenes, rows)

    fitting.fit(reader, loss, recipe.tower_steps, 3e-3, name="tower")
    return reader


def _varied(images: answering.Pixels, dice: torch.Generator) -> torch.Tensor:
    return spoiling.spoiled(fitting.as_floats(images), dice)


def _reading_loss(said: Any, scenes: Scenes, rows: npt.NDArray[np.int64]) -> torch.Tensor:
    main, second, colour = (part.float() for part in said)
    background = torch.from_numpy(scenes.background[rows]) / 128 - 1
    lighter = torch.from_numpy(scenes.lighter[rows]).float()
    return (
        functional.cross_entropy(main, torch.from_numpy(scenes.main[rows]), label_smoothing=0.05)
        + 0.5 * functional.cross_entropy(second, torch.from_numpy(scenes.second[rows] + 1))
        + 0.3 * functional.mse_loss(colour[:, :3], background)
        + 0.2 * functional.binary_cross_entropy_with_logits(colour[:, 3], lighter)
    )


def measure(folder: Path, seed: int) -> None:
    """Print and store how the folder's model answers about scenes of the demo's own digits."""
    scenes = digit_scenes.unseen(HELD_OUT, seed + 77)
    rng = np.random.default_rng(seed)
    trials = [
        [*_of_class(scenes, row, rng), *_of_scene(scenes, row, rng)] for row in range(HELD_OUT)
    ]
    found = measuring.measured(folder, list(scenes.images), trials)
    print(measuring.shown(found))
    facts = {"trained_on": "scenes of 360 digits that the demo never shows, drawn and typeset ones"}
    measuring.store(folder, {**facts, "held_out": HELD_OUT, "questions": found})


def _of_class(scenes: Scenes, row: int, rng: np.random.Generator) -> list[Trial]:
    """The bank's questions about the main digit and about one that it is not."""
    main = int(scenes.main[row])
    asked = ((main, "its class"), (int((main + rng.integers(1, 10)) % 10), "another class"))
    bank = generate([str(code) for code in range(10)])
    return [
        Trial(kind, Prompt(question.text, question.form), code == main)
        for code, kind in asked
        for question in bank
        if question.about == str(code) and question.expected == "yes"
    ]


def _of_scene(scenes: Scenes, row: int, rng: np.random.Generator) -> list[Trial]:
    main, two = int(scenes.main[row]), bool(scenes.second[row] >= 0)
    asked = [
        ("how many digits", "How many digits are in the image?", 1 + two),
        ("a second digit", "Is there a second digit in the image?", two),
        ("colour", "Is the digit lighter than the background?", bool(scenes.lighter[row])),
    ]
    stroke = wordings.one_of(tuple(digit_questions.STROKES), rng)
    true, false = digit_questions.STROKES[stroke]
    if str(main) in true + false:
        asked.append(("strokes", stroke, str(main) in true))
    if two:
        text = f"Is there a {scenes.second[row]} in the image?"
        asked.append(("presence of the small one", text, True))
    return [
        Trial(kind, Prompt(text, "yes_no" if isinstance(truth, bool) else "number"), truth)
        for kind, text, truth in asked
    ]
