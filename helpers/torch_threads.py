"""PyTorch settings for networks so small that a second thread only costs time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def single_thread() -> Iterator[None]:
    """One torch thread: quicker for small networks, and sums keep their order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def flush_denormal() -> Iterator[None]:
    """Numbers below the normal range count as zero inside, as they do on a GPU.

    Dead units drive an optimiser's averages down there, where a processor is tenfold
    slower. Left switched off, which is torch's default: it cannot be asked for.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
