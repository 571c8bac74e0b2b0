"""The figures of notebook 03; each function draws one and returns it."""

from __future__ import annotations

from helpers.training_visualization.figures_cases import (
    active_bars,
    adversarial_places,
    noise_curves,
)
from helpers.training_visualization.figures_learning import (
    boundary_examples,
    learning,
)
from helpers.training_visualization.figures_properties import (
    ablation,
    property_by_epoch,
    property_summary,
    time_plane,
)

__all__ = [
    "ablation",
    "active_bars",
    "adversarial_places",
    "boundary_examples",
    "learning",
    "noise_curves",
    "property_by_epoch",
    "property_summary",
    "time_plane",
]
