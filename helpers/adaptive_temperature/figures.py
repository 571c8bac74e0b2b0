"""The figures of notebook 05; each function draws one and returns it.

A *summary* has a row a sampler: columns world, split, sampler, rule, a, b, top_p; hot,
distinct and valid as shares; and for each k ``pass@k``, ``pass@k low`` and ``pass@k
high``, shares as well. All figures show percent.
"""

from __future__ import annotations

from helpers.adaptive_temperature.figures_errors import authors_samples, error_shift
from helpers.adaptive_temperature.figures_losses import (
    loss_by_class,
    loss_by_depth,
    loss_by_node,
    loss_by_position,
    loss_distributions,
)
from helpers.adaptive_temperature.figures_samplers import (
    differences,
    diversity,
    pass_at_k_curves,
    variants,
    worlds,
)
from helpers.adaptive_temperature.figures_temperature import (
    adapt_grid,
    temperature_curve,
)

__all__ = [
    "adapt_grid",
    "authors_samples",
    "differences",
    "diversity",
    "error_shift",
    "loss_by_class",
    "loss_by_depth",
    "loss_by_node",
    "loss_by_position",
    "loss_distributions",
    "pass_at_k_curves",
    "temperature_curve",
    "variants",
    "worlds",
]
