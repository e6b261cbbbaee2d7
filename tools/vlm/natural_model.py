"""The model of photographs: its tower learns ten classes, then its decoder to answer about them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from auditor.ask.bank import generate
from auditor.ask.base import Prompt
from vlm import answering, building, fitting, measuring, natural_questions, spoiling, wordings
from vlm.measuring import Trial

SHAPE = building.Shape(
    side=96, layers=(1, 2, 2, 1), channels=(48, 96, 192, 256), hidden=128, depth=3
)
BATCH = 128
HELD_OUT = 1_000

Codes = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much of everything; a model is decided by these, the pictures and the seed."""

    # Small pictures first: most of what there is to learn is learnt at half the price.
    tower: tuple[tuple[int, int, float], ...] = ((64, 7_500, 3e-3), (96, 2_500, 1e-3))
    """Side, steps and rate of each stage."""
    views: int = 5
    decoder_steps: int = 2_000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Pictures:
    """Images (n, 32, 32, 3) uint8, their classes (n,), and whether each is a photograph."""

    images: Pixels
    classes: Codes
    real: npt.NDArray[np.bool_]

    def take(self, rows: Codes) -> Pictures:
        return Pictures(self.images[rows], self.classes[rows], self.real[rows])


def read(file: Path, seed: int) -> tuple[Pictures, Pictures]:
    """(train, held out) of CIFAKE's test part, shuffled."""
    table = pq.read_table(file)
    blobs = (cell["bytes"] for cell in table["image"].to_pylist())
    images = np.stack([np.asarray(Image.open(io.BytesIO(blob)).convert("RGB")) for blob in blobs])
    classes = [natural_questions.CLASSES.index(name) for name in table["label"].to_pylist()]
    real = np.array(table["source"].to_pylist()) == "real"
    every = Pictures(images, np.array(classes), real)
    order = np.random.default_rng(seed).permutation(len(images))
    return every.take(order[HELD_OUT:]), every.take(order[:HELD_OUT])


class Namer(nn.Module):
    """Tower and a head for the ten classes."""

    def __init__(self, tower: Any) -> None:
        super().__init__()
        self.tower = tower
        self.head = nn.Linear(SHAPE.channels[-1], len(natural_questions.CLASSES))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        pooled = self.tower(pictures).last_hidden_state.mean((2, 3))
        named: torch.Tensor = self.head(functional.dropout(pooled, 0.2, self.training))
        return named


def train(data: Path, recipe: Recipe) -> tuple[Any, Any]:
    """The network and its processor."""
    torch.manual_seed(recipe.seed)
    words = building.tokenizer(wordings.words_of(natural_questions.texts()))
    network = building.model(SHAPE, words)
    pictures, _ = read(data, recipe.seed)
    train_tower(network.model.vision_tower, pictures, recipe)
    features, of = answering.views(
        network.model.vision_tower,
        pictures.images,
        _varied,
        recipe.views,
        SHAPE.side,
        recipe.seed + 1,
    )

    def ask(row: int, rng: np.random.Generator) -> answering.Pair:
        return natural_questions.pair(int(pictures.classes[row]), rng)

    lesson = answering.Lesson(recipe.decoder_steps, 2e-3, seed=recipe.seed)
    answering.teach(network, words, features, of, ask, lesson)
    return network.eval(), building.processor(SHAPE, words)


def train_tower(tower: Any, pictures: Pictures, recipe: Recipe) -> None:
    namer = Namer(tower).to(memory_format=torch.channels_last)
    rng, dice = np.random.default_rng(recipe.seed), torch.Generator().manual_seed(recipe.seed)
    # Photographs are what the model will be asked about: they come twice as often.
    often = np.where(pictures.real, 2.0, 1.0)
    often /= often.sum()
    for side, steps, rate in recipe.tower:

        def loss(_step: int, side: int = side) -> torch.Tensor:
            rows = rng.choice(len(often), BATCH, p=often)
            mixed, others, share = spoiling.pasted(_varied(pictures.images[rows], dice), dice)
            named = namer(fitting.as_seen(mixed, side)).float()
            truth = torch.from_numpy(pictures.classes[rows])
            own, other = (
                functional.cross_entropy(named, classes, label_smoothing=0.1, reduction="none")
                for classes in (truth, truth[others])
            )
            return ((1 - share) * own + share * other).mean()

        fitting.fit(namer, loss, steps, rate, name=f"tower {side}")


def _varied(images: Pixels, dice: torch.Generator) -> torch.Tensor:
    floats = spoiling.mirrored(fitting.as_floats(images), dice)
    return spoiling.hidden_squares(spoiling.spoiled(floats, dice, often=0.4), dice)


def measure(folder: Path, data: Path, seed: int) -> None:
    """Print and store how the folder's model answers about the pictures held out."""
    _, held = read(data, seed)
    rng = np.random.default_rng(seed)
    others = (held.classes + rng.integers(1, 10, len(held.classes))) % 10
    trials = [
        _trials(int(code), int(other), "photographs" if real else "generated")
        for code, other, real in zip(held.classes, others, held.real, strict=True)
    ]
    found = measuring.measured(folder, list(held.images), trials)
    print(measuring.shown(found))
    facts = {"trained_on": "19,000 pictures of CIFAKE's test part", "held_out": len(held.images)}
    measuring.store(folder, {**facts, "questions": found})


def _trials(code: int, other: int, source: str) -> list[Trial]:
    """The bank's questions about a picture's class and about one that it is not of."""
    names = natural_questions.CLASSES
    asked = ((code, "its class"), (other, "another class"))
    return [
        Trial(f"{source}, {kind}", Prompt(question.text, question.form), about == code)
        for about, kind in asked
        for question in generate(names)
        if question.about == names[about] and question.expected == "yes"
    ]
