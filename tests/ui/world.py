"""A small real project for the window's tests: digits, some labels wrong, one file broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from auditor.session import AuditOptions, ImportOptions, Session, understand
from auditor.session.folder import ProjectFolder

CLASSES = ("three", "seven", "zero")
PER_CLASS = 80
WRONG = 9
"""Samples whose label is another class's, three of each class."""


def make(folder: Path) -> Path:
    """Import and audit `folder`/digits for real; returns the project's path."""
    _write_images(folder / "digits")
    project = folder / "digits.audit"
    with Session(ProjectFolder(project)) as session:
        session.import_source(understand(folder / "digits", ImportOptions()))
        session.audit(AuditOptions(encoder="classic"))
    return project


def _write_images(root: Path) -> None:
    digits = load_digits()
    for place, (name, digit) in enumerate(zip(CLASSES, (3, 7, 0), strict=True)):
        images = digits.images[digits.target == digit][:PER_CLASS]
        for number, image in enumerate(images):
            wrong = number < WRONG // 3
            label = CLASSES[(place + 1) % 3] if wrong else name
            target = root / label / f"{name}-{number:03}{'-wrong' if wrong else ''}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            pixels = (255 - image / 16 * 255).astype(np.uint8)
            Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC).save(target)
    (root / "zero" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
