"""Train the small text-image model that ships with the auditor, and measure it.

    python tools/train_demo_clip.py

An open_clip model of about three million parameters that knows scenes of digits: a toy that makes
zero-shot answers, text search and label maps run without a download.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import torch
import typer

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(Path(__file__).parent), str(ROOT)]

from clip import measuring, model, views  # noqa: E402

FOLDER = ROOT / "resources" / "models" / "demo-clip"
RECIPE = model.Recipe()


def main(
    out: Annotated[Path, typer.Option(help="Folder of the model.")] = FOLDER,
    seed: int = 0,
    scenes: int = RECIPE.scenes,
    steps: int = RECIPE.steps,
    threads: int = 2,
) -> None:
    """Scenes made of the digits that the demo never shows."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    recipe = model.Recipe(seed, scenes, steps)
    words = model.tokenizer()
    settings = model.config(words)
    network = model.built(settings)
    print(f"{sum(p.numel() for p in network.parameters()):,} parameters", flush=True)
    seen = views.varied(recipe.scenes, seed, threads)
    print(f"{len(seen.images):,} views", flush=True)
    model.teach(network, words, seen, recipe)
    model.save(network, words, settings, out)
    measuring.measure(out, seed)


if __name__ == "__main__":
    typer.run(main)
