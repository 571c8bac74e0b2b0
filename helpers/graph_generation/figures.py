"""The figures of notebook 06; each function draws one and returns it.

A *summary* is that of `metrics.summary`: a row per cell (model, rule, size, method,
temperature, amount), each metric in percent with ``_se``, ``_low`` and ``_high``, and
``chance`` of `metrics.with_chance`. The paper's numbers come as the readers of
`published` give them.
"""

from __future__ import annotations

from helpers.graph_generation.figures_distributions import (
    distributions,
    estimation_errors,
    slopes,
)
from helpers.graph_generation.figures_errors import constrained, why_invalid
from helpers.graph_generation.figures_molecules import (
    confusion,
    molecule_grid,
    molecule_shares,
    rectification_check,
)
from helpers.graph_generation.figures_published import (
    own_graphs,
    size_steps,
    valid_against_chance,
)
from helpers.graph_generation.figures_rules import copying, rules_by_method, vun
from helpers.graph_generation.figures_settings import models, sizes, temperature
from helpers.graph_generation.graph_drawing import graph_gallery

__all__ = [
    "confusion",
    "constrained",
    "copying",
    "distributions",
    "estimation_errors",
    "graph_gallery",
    "models",
    "molecule_grid",
    "molecule_shares",
    "own_graphs",
    "rectification_check",
    "rules_by_method",
    "size_steps",
    "sizes",
    "slopes",
    "temperature",
    "valid_against_chance",
    "vun",
    "why_invalid",
]
