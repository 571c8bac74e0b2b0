"""Measures of a run: completion times, quality, similarity, decay.

The first group are the measures recorded by the authors' published engine; quality
is ours. Every function of a :class:`~helpers.self_assembly.trace.Trace` works on
runs made with ``record=False``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

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
