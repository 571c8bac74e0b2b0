"""Measures of a run: completion times, quality, similarity, decay, stability.

The first group are the measures recorded by the authors' published engine; quality
is ours; stability is recalled, not verified (see :func:`stability`). Every function
of a :class:`~helpers.self_assembly.trace.Trace` works on runs made with
``record=False``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.self_assembly.trace import Trace

# the engine counts a run with at most this many empty cells as nearly complete
NEARLY = 3


def capacity(trace: Trace) -> int:
    """``min(n, |T|)``: target cells the agents at the end can fill at most."""
    return min(trace.n_agents, int(trace.target.sum()))


def missing(trace: Trace) -> int:
    """Cells that could be filled at the end and are not, ``min(n, |T|) - filled``."""
    return capacity(trace) - filled_curve(trace)[-1]


def filled_curve(trace: Trace) -> np.ndarray:
    """Occupied target cells per state, int array (steps + 1,).

    Counted against the target at the end of the run.
    """
    return int(trace.target.sum()) - np.asarray(trace.unoccupied, dtype=int)


def decay_curve(trace: Trace) -> np.ndarray:
    """``|U_t| / |T|``, the share of target cells without an agent, array (steps + 1,).

    Raises
    ------
    ValueError
        If the target is empty.
    """
    size = int(trace.target.sum())
    if size == 0:
        raise ValueError("the decay curve needs a target with at least one cell")
    return np.asarray(trace.unoccupied, dtype=float) / size


def relative_completion_time(trace: Trace) -> float:
    """Steps to completion; NaN when the run did not complete."""
    return float(trace.steps) if trace.completed else float("nan")


def absolute_completion_time(trace: Trace) -> float:
    """Processor seconds to completion, planning included; NaN without completion.

    The authors multiply the mean time of a step by the number of steps, which is
    the same sum, and count processor time summed over threads, too.
    """
    return trace.total_seconds if trace.completed else float("nan")


def nearly_complete(trace: Trace) -> bool:
    """True when at most three cells are missing (a complete run included)."""
    return missing(trace) <= NEARLY


def quality(trace: Trace) -> float:
    """``|T occupied| / min(n, |T|)``, 0 to 1; 1 when there was nothing to fill."""
    most = capacity(trace)
    return float(filled_curve(trace)[-1] / most) if most else 1.0


def similarity(target: np.ndarray, occupied: np.ndarray) -> float:
    """Cosine ``<T, A> / (|T| |A|)`` of two masks, 0 to 1; 1 only if they are equal.

    With ``|A| = |T|`` it equals the quality; with more or fewer agents it also charges
    for the agents outside or the cells left empty. 0 if just one mask is empty, 1 if
    both are.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    target, occupied = np.asarray(target, bool), np.asarray(occupied, bool)
    if target.shape != occupied.shape:
        raise ValueError(
            f"masks must have one shape, got {target.shape} and {occupied.shape}"
        )
    sizes = int(target.sum()) * int(occupied.sum())
    if sizes == 0:
        return float(target.sum() == occupied.sum())
    return float((target & occupied).sum() / np.sqrt(sizes))


def final_similarity(trace: Trace) -> float:
    """Similarity of the target and the cells occupied at the end."""
    occupied = np.zeros_like(trace.target, dtype=bool)
    occupied[tuple(np.asarray(trace.positions[-1]).T)] = True
    return similarity(trace.target, occupied)


def agents_moved(trace: Trace) -> np.ndarray:
    """Agents that changed cell in each step, int array (steps,)."""
    return np.asarray(trace.moved, dtype=int)


def steps_until(trace: Trace, share: float = 0.99) -> float:
    """First step after which ``share`` of ``min(n, |T|)`` is filled; NaN if never.

    Raises
    ------
    ValueError
        If ``share`` is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, got {share!r}")
    # the slack keeps e.g. .99 * 100 from rounding up to one more cell
    reached = filled_curve(trace) >= share * capacity(trace) - 1e-9
    return float(reached.argmax()) if reached.any() else float("nan")


def summarise(
    traces: Iterable[Trace], labels: Sequence[Mapping[str, object]] | None = None
) -> pd.DataFrame:
    """Tidy table, one row per run.

    Parameters
    ----------
    traces : iterable of Trace
    labels : sequence of mappings, optional
        Extra columns for each run (shape, category, seed, width ...); put first.

    Returns
    -------
    DataFrame
        method, n_agents, target_cells, completed, steps, completion_steps,
        completion_seconds, missing, nearly_complete, quality, similarity, steps_99,
        seconds_per_step, planning_seconds, moved_per_step, steps_per_sqrt_n.
        ``steps`` are the steps run (the cap for stalled runs), ``completion_steps``
        is NaN for those.

    Raises
    ------
    ValueError
        If there is not exactly one label per run, or a label hides a measure.
    """
    rows = [
        {
            "method": trace.method,
            "n_agents": trace.n_agents,
            "target_cells": int(trace.target.sum()),
            "completed": trace.completed,
            "steps": trace.steps,
            "completion_steps": relative_completion_time(trace),
            "completion_seconds": absolute_completion_time(trace),
            "missing": missing(trace),
            "nearly_complete": nearly_complete(trace),
            "quality": quality(trace),
            "similarity": final_similarity(trace),
            "steps_99": steps_until(trace, 0.99),
            "seconds_per_step": float(
                np.mean(trace.seconds) if trace.seconds else np.nan
            ),
            "planning_seconds": trace.planning_seconds,
            "moved_per_step": float(np.mean(trace.moved) if trace.moved else np.nan),
            "steps_per_sqrt_n": relative_completion_time(trace)
            / np.sqrt(max(1, trace.n_agents)),
        }
        for trace in traces
    ]
    measures = pd.DataFrame(rows)
    if labels is None:
        return measures
    if len(labels) != len(rows):
        raise ValueError(f"{len(rows)} runs need as many labels, got {len(labels)}")
    extra = pd.DataFrame([dict(label) for label in labels])
    hidden = sorted(set(extra.columns) & set(measures.columns))
    if hidden:
        raise ValueError(f"labels must not be named like measures: {hidden}")
    return pd.concat([extra, measures], axis=1)


def stability(
    runs: pd.DataFrame, by: str = "shape", value: str = "completion_steps"
) -> pd.DataFrame:
    """Dispersion of a measure over repeated runs and over shapes.

    That the paper judges stability by such dispersion is recalled; its formula is
    not known, so this is the coefficient of variation (standard deviation with
    n - 1, over the mean). NaN values (runs that did not complete) are left out and
    their share is shown.

    Returns
    -------
    DataFrame
        One row per shape (mean, std, variation, runs, left_out) and a last row
        "over shapes": the same of the shapes' means.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    for column in (by, value):
        if column not in runs:
            raise ValueError(
                f"no column {column!r}; the table has {', '.join(map(str, runs))}"
            )
    grouped = runs.groupby(by, sort=False)[value]
    means = grouped.mean()
    over_shapes = pd.DataFrame(
        {"mean": means.mean(), "std": means.std(), "runs": len(means)},
        index=["over shapes"],
    )
    over_shapes["left_out"] = means.isna().mean()
    per_shape = pd.DataFrame(
        {"mean": means, "std": grouped.std(), "runs": grouped.size()}
    )
    per_shape["left_out"] = 1 - grouped.count() / per_shape["runs"]
    table = pd.concat([per_shape, over_shapes])
    table.insert(2, "variation", table["std"] / table["mean"])
    table.index.name = by
    return table


def bootstrap_interval(
    values: Sequence[float] | np.ndarray,
    level: float = 0.95,
    seed: int = 0,
    statistic: Callable[..., np.ndarray] = np.mean,
    resamples: int = 4000,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a statistic.

    Parameters
    ----------
    values : sequence of float
        At least two finite numbers.
    statistic : callable
        Takes an array and ``axis``; the mean by default.

    Returns
    -------
    (low, high)
        The (1 - level)/2 and (1 + level)/2 quantiles over the resamples. With few
        values the interval is too narrow: 5 values of a normal distribution give
        about 83 % coverage for the mean at level .95.

    Raises
    ------
    ValueError
        Fewer than two values, values that are not finite, or a level outside (0, 1).
    """
    sample = np.asarray(values, dtype=float)
    if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
        raise ValueError(
            "a bootstrap interval needs at least two finite values, "
            f"got {sample.tolist()}"
        )
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level!r}")
    drawn = np.random.default_rng(seed).integers(
        len(sample), size=(resamples, len(sample))
    )
    over = statistic(sample[drawn], axis=1)
    low, high = np.quantile(over, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
