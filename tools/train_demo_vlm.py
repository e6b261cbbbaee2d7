"""Train the small vision-language models that ship with the auditor, and measure them.

    python tools/train_demo_vlm.py digits      reads scenes of digits (demo:digits)
    python tools/train_demo_vlm.py natural     reads small photographs (demo:natural)

A model is a folder as any other of transformers: a FastVLM of one to four million parameters with a
tokenizer of its own. They are toys that make the visual-linguistic check run without a download.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import torch
import typer

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(Path(__file__).parent), str(ROOT)]

from vlm import building, digit_model, natural_model  # noqa: E402

MODELS = ROOT / "resources" / "models"
app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def digits(
    out: Annotated[Path, typer.Option(help="Folder of the model.")] = MODELS / "demo-digits",
    seed: int = 0,
    threads: int = 2,
) -> None:
    """Scenes made of the digits that the demo never shows."""
    torch.set_num_threads(threads)
    building.save(*digit_model.train(digit_model.Recipe(seed=seed)), out)
    digit_model.measure(out, seed)


@app.command()
def natural(
    data: Annotated[Path, typer.Option(help="cifake_test.parquet")],
    out: Annotated[Path, typer.Option(help="Folder of the model.")] = MODELS / "demo-natural",
    seed: int = 0,
    threads: int = 2,
) -> None:
    """CIFAKE's photographs and pictures of ten classes."""
    torch.set_num_threads(threads)
    building.save(*natural_model.train(data, natural_model.Recipe(seed=seed)), out)
    natural_model.measure(out, data, seed)


if __name__ == "__main__":
    app()
