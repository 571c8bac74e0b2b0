"""The figures of notebook 04; each function draws one and returns it."""

from __future__ import annotations

from helpers.lora_dropout.figures_calibration import reliability
from helpers.lora_dropout.figures_learning import ece_curve, loss_curves
from helpers.lora_dropout.figures_scores import ablation, budget, method_scores
from helpers.lora_dropout.figures_sweeps import cost, member_sweep, probability_sweep
from helpers.lora_dropout.figures_theory import mask_patterns, stability

__all__ = [
    "ablation",
    "budget",
    "cost",
    "ece_curve",
    "loss_curves",
    "mask_patterns",
    "member_sweep",
    "method_scores",
    "probability_sweep",
    "reliability",
    "stability",
]
