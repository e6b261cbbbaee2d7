"""How many threads torch uses for a piece of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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


def over_blocks(
    work: Callable[[slice], None], blocks: Sequence[slice], done: Callable[[slice], None]
) -> None:
    """Run `work` on blocks side by side, each in one thread, and tell of them in order.

    On a busy machine this loses less than operations that wait for each other's halves.
    What `done` raises ends the work after the blocks that are under way.
    """
    count = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))
    try:
        for block, _ in zip(blocks, pool.map(work, blocks), strict=True):
            done(block)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(count)
