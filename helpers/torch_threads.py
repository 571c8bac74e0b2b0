"""PyTorch settings for networks so small that a second thread only costs time."""

from __future__ import annotations

import ctypes
import functools
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


@functools.cache
def keep_freed_memory() -> bool:
    """The C library keeps the memory of tensors that are gone, for the next ones.

    glibc gives large blocks back to the system, so that every layer's output is mapped
    and zeroed anew: on activations of some megabytes a tenth of a training step's time
    and a fifth of an evaluation's. It holds for the whole process, to its end.

    Returns
    -------
    bool
        Whether the C library could be told; False where it is another one.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    trim, mapped = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h, in bytes
    return bool(mallopt(trim, 2**30) and mallopt(mapped, 2**25))
