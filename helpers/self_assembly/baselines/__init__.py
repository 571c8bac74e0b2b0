"""Baselines of the paper's comparison, and lower bounds on the number of steps."""

from __future__ import annotations

from collections.abc import Callable

from helpers.self_assembly.baselines.distance_transform import run_distance_transform
from helpers.self_assembly.baselines.edge_following import run_edge_following
from helpers.self_assembly.baselines.hungarian import run_hungarian
from helpers.self_assembly.baselines.lower_bounds import (
    bottleneck_bound,
    nearest_agent_bound,
)
from helpers.self_assembly.baselines.optimal_distance import run_optimal_distance
from helpers.self_assembly.baselines.packed_start import edge_following_start
from helpers.self_assembly.baselines.tswap import run_tswap
from helpers.self_assembly.trace import Trace

BASELINES: dict[str, Callable[..., Trace]] = {
    "HUN": run_hungarian,
    "OPT-D": run_optimal_distance,
    "TSWAP": run_tswap,
    "DUD": run_distance_transform,
    "Edge following": run_edge_following,
}

__all__ = [
    "BASELINES",
    "bottleneck_bound",
    "edge_following_start",
    "nearest_agent_bound",
    "run_distance_transform",
    "run_edge_following",
    "run_hungarian",
    "run_optimal_distance",
    "run_tswap",
]
