"""The chapter's names in one place: ``from helpers.training_visualization import api``.

The modules behind them, one concept each, are what other programs should import.
"""

from __future__ import annotations

from helpers.processor_time import ProcessorTime
from helpers.training_visualization.attention import attention
from helpers.training_visualization.boundary_samples import BoundarySampler
from helpers.training_visualization.case_active_learning import active_study
from helpers.training_visualization.case_adversarial import adversarial_study
from helpers.training_visualization.case_noise import noise_study
from helpers.training_visualization.estimator import DVI
from helpers.training_visualization.explorer import film_strip, training_explorer
from helpers.training_visualization.film import Film
from helpers.training_visualization.heads import logits
from helpers.training_visualization.losses import curve, umap_gradient, umap_loss
from helpers.training_visualization.metrics import neighbor_preservation
from helpers.training_visualization.projection import evaluate, evaluate_time
from helpers.training_visualization.recorder import Recorder
from helpers.training_visualization.subjects import DigitsCNN, digits, seeded
from helpers.training_visualization.subjects_paper import train_paper

__all__ = [
    "DVI",
    "BoundarySampler",
    "DigitsCNN",
    "Film",
    "ProcessorTime",
    "Recorder",
    "active_study",
    "adversarial_study",
    "attention",
    "curve",
    "digits",
    "evaluate",
    "evaluate_time",
    "film_strip",
    "logits",
    "neighbor_preservation",
    "noise_study",
    "seeded",
    "train_paper",
    "training_explorer",
    "umap_gradient",
    "umap_loss",
]
