"""Keep small torch operations on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

WORTH_SHARING = 300 * 300
"""Cells from which on a second thread pays."""


@contextmanager
def threads_for(cells: int) -> Iterator[None]:
    """One torch thread inside the block if the grid has few cells.

    Waking a second thread costs more than it gains there, and on a busy machine
    the waiting between threads made a step up to forty times slower (measured).
    """
    before = torch.get_num_threads()
    alone = cells < WORTH_SHARING and before > 1
    if alone:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if alone:
            torch.set_num_threads(before)
