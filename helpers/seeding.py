"""Global random generators that start from a seed for a while."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Generators of Python, numpy and torch start from ``seed``, and are given back.

    For libraries that draw from them and take no generator of their own, such as peft's
    initial weights and transformers' Trainer.

    Examples
    --------
    >>> with seeded(3):
    ...     first = random.random(), float(torch.rand(()))
    >>> with seeded(3):
    ...     again = random.random(), float(torch.rand(()))
    >>> first == again
    True
    """
    python = random.getstate()
    numpy = np.random.get_state()  # noqa: NPY002  # libraries read the global one
    with torch.random.fork_rng():
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


@contextmanager
def torch_seeded(seed: int) -> Iterator[None]:
    """torch's generator on the processor starts from ``seed``, and is given back.

    For initial weights and dropout of a network that is made and trained there; those
    of a GPU are left alone.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
