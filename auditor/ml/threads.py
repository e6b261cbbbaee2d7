"""How many threads torch uses for a piece of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_SMALL = 2_000_000


@contextmanager
def for_elements(count: int) -> Iterator[None]:
    """One thread within, where tensors have fewer than two million elements.

    Thousands of small steps are not helped by more threads, and on a busy machine they lose
    most of their time waiting for each other (measured: 20 times slower).
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1 if count < _SMALL else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
