"""Seconds per step of every (instance type, trial): measured, or estimated.

The paper starts from ``M[i][h] = c / vCPU(i)``, speed proportional to the cores, and
overwrites entries as they are measured (recalled). What c is, is not known; here it is
the seconds per step on one core, as a first run on the user's own machine gives them.
Training scales worse than that, so entries never measured stay optimistic and every
trial tries every type: ``"per-pair"``. ``"rank-1"`` (ours) shares what one trial
measured with all the others: ``log M[i][h] = log c + a_i + b_h``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from helpers.names import unknown_name
from helpers.spot_tuning.instances import instance

MatrixRule = Literal["per-pair", "rank-1"]
RULES = ("per-pair", "rank-1")
PULL = 1e-6  # of b towards 0, in measurements
Measured = Mapping[tuple[str, str], float]


def step_seconds(
    measured: Measured,
    trial: str,
    types: Sequence[str],
    one_core: float,
    rule: MatrixRule = "per-pair",
) -> np.ndarray:
    """Seconds per step of one trial on each type, shape (types,).

    Parameters
    ----------
    measured : mapping of (type, trial) to float
        What has been measured so far.
    trial : str
    types : sequence of str
    one_core : float
        The constant c: seconds per step on one core, about right for the workload.
    rule : {"per-pair", "rank-1"}

    Raises
    ------
    ValueError
        If the rule or a type is unknown.
    """
    if rule == "per-pair":
        guess = [one_core / instance(k).vcpu for k in types]
    elif rule == "rank-1":
        guess = _rank_one(measured, trial, types, one_core)
    else:
        raise unknown_name("matrix rule", rule, RULES)
    return np.array(
        [measured.get((k, trial), g) for k, g in zip(types, guess, strict=True)]
    )


def _rank_one(
    measured: Measured, trial: str, types: Sequence[str], one_core: float
) -> list[float]:
    level = math.log(one_core)
    kind_effect, trial_effect, slope = _law(tuple(measured.items()), level)
    base = level + trial_effect.get(trial, 0.0)
    return [
        math.exp(base + kind_effect.get(k, slope * math.log(instance(k).vcpu)))
        for k in types
    ]


@lru_cache(maxsize=64)  # many trials ask between two measurements
def _law(
    measured: tuple[tuple[tuple[str, str], float], ...], level: float
) -> tuple[dict[str, float], dict[str, float], float]:
    """Least squares for ``log M = log c + a_i + b_h``; returns a, b and the slope.

    ``b`` is pulled to 0 by next to nothing, which fixes what measurements leave open:
    the mean trial takes c on one core. Types that nobody measured lie on the power of
    the cores that fits ``a``, between -1 (where it starts) and 0.
    """
    if not measured:
        return {}, {}, -1.0
    kinds, trials = zip(*(pair for pair, _ in measured), strict=True)
    rows = {kind: i for i, kind in enumerate(sorted(set(kinds)))}
    columns = {trial: j for j, trial in enumerate(sorted(set(trials)))}
    logs = np.zeros((len(rows), len(columns)))
    seen = np.zeros_like(logs)
    for (kind, trial), seconds in measured:
        logs[rows[kind], columns[trial]] = math.log(seconds) - level
        seen[rows[kind], columns[trial]] = 1.0
    # Normal equations with b eliminated: one unknown per type.
    weight = 1.0 / (seen.sum(axis=0) + PULL)
    shared = seen * weight
    left = np.diag(seen.sum(axis=1)) - shared @ seen.T
    a = np.linalg.solve(left, logs.sum(axis=1) - shared @ logs.sum(axis=0))
    b = weight * (logs.sum(axis=0) - a @ seen)
    size = np.log([float(instance(kind).vcpu) for kind in rows])
    slope = float(a @ size / (size @ size)) if size.any() else -1.0
    return (
        dict(zip(rows, a.tolist(), strict=True)),
        dict(zip(columns, b.tolist(), strict=True)),
        min(max(slope, -1.0), 0.0),
    )
