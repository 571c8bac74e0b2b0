"""The chapter's names in one place: ``from helpers.spot_tuning import api as spot``.

The modules behind them, one concept each, are what other programs should import.
"""

from __future__ import annotations

from helpers.spot_tuning.bench import repetitions, start_times
from helpers.spot_tuning.billing import REGIMES
from helpers.spot_tuning.curve_selection import (
    error_difference,
    prediction_errors,
    selection,
)
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.early_curve import fit_stage
from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.explorer import TuningLab, spot_explorer
from helpers.spot_tuning.final_metric import predictors_for
from helpers.spot_tuning.instances import cheapest, instance
from helpers.spot_tuning.job import JobState, TrialState
from helpers.spot_tuning.machinery import Machinery
from helpers.spot_tuning.orchestrator import SpotTune
from helpers.spot_tuning.other_markets import (
    jobs_elsewhere,
    policy_variants,
    real_market,
)
from helpers.spot_tuning.paired_ratios import (
    best_ratios,
    geometric,
    ratio_per_repetition,
)
from helpers.spot_tuning.price_generator import generate_market
from helpers.spot_tuning.price_statistics import anatomy_table, spike_hours
from helpers.spot_tuning.provisioning import Delta, Provisioner
from helpers.spot_tuning.revocation_comparison import (
    METHODS,
    pooled_reliability,
    predict_all,
    score_all,
    score_difference,
)
from helpers.spot_tuning.revocation_decisions import decision_costs
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_models import SplitLSTM
from helpers.spot_tuning.revocation_predictors import HazardPredictor
from helpers.spot_tuning.revocation_runs import trained_predictors
from helpers.spot_tuning.revocation_samples import SplitPlan
from helpers.spot_tuning.simulator import simulate
from helpers.spot_tuning.workload_training import train_all
from helpers.spot_tuning.workloads import WORKLOADS, workload

__all__ = [
    "METHODS",
    "REGIMES",
    "WORKLOADS",
    "Delta",
    "DeltaRule",
    "EarlyShutdown",
    "HazardPredictor",
    "JobState",
    "LearningCurves",
    "Machinery",
    "Provisioner",
    "SplitLSTM",
    "SplitPlan",
    "SpotTune",
    "TrialState",
    "TuningLab",
    "anatomy_table",
    "best_ratios",
    "cheapest",
    "decision_costs",
    "error_difference",
    "fit_stage",
    "generate_market",
    "geometric",
    "instance",
    "jobs_elsewhere",
    "policy_variants",
    "pooled_reliability",
    "predict_all",
    "prediction_errors",
    "predictors_for",
    "ratio_per_repetition",
    "real_market",
    "repetitions",
    "score_all",
    "score_difference",
    "selection",
    "simulate",
    "spike_hours",
    "spot_explorer",
    "start_times",
    "train_all",
    "trained_predictors",
    "workload",
]
