"""The figures of notebook 02; each function draws one and returns it."""

from __future__ import annotations

from helpers.spot_tuning.figures_cost import (
    billing_regimes,
    cost_jct_plane,
    policy_ratios,
    theta_sweep,
)
from helpers.spot_tuning.figures_curves import prediction_errors, staged_curve
from helpers.spot_tuning.figures_market import (
    predictor_scores,
    price_anatomy,
    reliability,
    step_times,
)
from helpers.spot_tuning.figures_savings import (
    ablation,
    checkpoint_overhead,
    refund_anatomy,
)
from helpers.spot_tuning.figures_timeline import timeline

__all__ = [
    "ablation",
    "billing_regimes",
    "checkpoint_overhead",
    "cost_jct_plane",
    "policy_ratios",
    "prediction_errors",
    "predictor_scores",
    "price_anatomy",
    "refund_anatomy",
    "reliability",
    "staged_curve",
    "step_times",
    "theta_sweep",
    "timeline",
]
