"""Real data that stand beside a developer's checkout; nobody else has them."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared(part: str) -> Path:
    """A file or folder of them; the test is skipped where it is not here."""
    path = DATA / part
    if not path.exists():
        pytest.skip(f"{part} is not beside this checkout")
    return path
