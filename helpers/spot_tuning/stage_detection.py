"""Where the stages of a learning curve start.

A stage starts when the learning rate is lowered: the metric drops after a stretch in
which it hardly moved. Two ways to find it, both from past steps only: from the known
schedule, or from the curve alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def scheduled_starts(decay_steps: Sequence[int], steps: int) -> list[int]:
    """Steps done before each stage begun within ``steps`` steps of a known schedule.

    Decays after ``steps`` have not happened yet and are ignored, so a predictor that is
    given the whole schedule still does not look into the future.

    Raises
    ------
    ValueError
        If a decay step is below 1.

    Examples
    --------
    >>> scheduled_starts((15, 35), 34), scheduled_starts((15, 35), 35)
    ([0, 15], [0, 15, 35])
    """
    wrong = [step for step in decay_steps if step < 1]
    if wrong:
        raise ValueError(f"decay step {wrong[0]}; allowed: 1 or more")
    return [0, *sorted({int(step) for step in decay_steps if step <= steps})]


def detected_starts(
    metrics: Sequence[float] | np.ndarray,
    before: int = 10,
    after: int = 3,
    threshold: float = 5.0,
    ratio: float = 2.0,
    least: float = 0.01,
) -> list[int]:
    """Steps done before each stage that the curve alone gives away, from 0 on.

    The idea is recalled (a change rate much larger than in the preceding, nearly
    converged steps), its threshold unknown: this test is reconstructed. A line is
    fitted to ``before`` values and continued over the next ``after``; the mean of these
    must lie below the line by more than all of

    - ``threshold`` standard errors of that forecast, from the scatter about the line,
    - ``ratio`` times the line's own change over the same steps,
    - ``least`` of the level, so that smooth ripples do not count.

    A falling curve flattens, which puts it *above* the line. Of neighbouring hits the
    clearest is taken. While the new stage has fewer than ``after`` values, its start
    may be put too early. A stage shows only if the one before it is about as long as
    ``before``: an earlier drop in that window hides it.

    Parameters
    ----------
    metrics : sequence of float
        Shape (steps,), lower is better.

    Raises
    ------
    ValueError
        If ``before`` is below 3 or ``after`` below 1.

    Examples
    --------
    >>> detected_starts([2.0, 1.98, 1.99, 1.97] * 5 + [1.5, 1.4, 1.38, 1.37])
    [0, 20]
    """
    if before < 3 or after < 1:
        raise ValueError(
            f"windows of {before} and {after} values; allowed: before >= 3, after >= 1"
        )
    values = np.asarray(metrics, dtype=float)
    if len(values) < before + after:
        return [0]
    time = np.arange(before) - (before - 1) / 2
    spread = time @ time
    past = sliding_window_view(values, before)[:-after]
    level = past.mean(axis=1)
    slope = past @ time / spread
    misses = past - level[:, None] - slope[:, None] * time
    scatter = np.sqrt((misses**2).sum(axis=1) / (before - 2))

    ahead = (before + after) / 2  # from the middle of one window to the other's
    drop = level + slope * ahead
    drop -= sliding_window_view(values[before:], after).mean(axis=1)
    error = scatter * np.sqrt(1 / after + 1 / before + ahead**2 / spread)
    usual = np.abs(slope) * (after + 1) / 2
    least_drop = np.maximum(ratio * usual, least * np.abs(level))
    hits = np.flatnonzero((drop > threshold * error) & (drop > least_drop))
    if not len(hits):
        return [0]
    clarity = drop / np.maximum(error, np.finfo(float).tiny)
    groups = np.split(hits, np.flatnonzero(np.diff(hits) > after) + 1)
    return [0, *(int(group[clarity[group].argmax()]) + before for group in groups)]
