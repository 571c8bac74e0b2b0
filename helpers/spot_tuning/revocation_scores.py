"""How good are predicted probabilities? Ranking, calibration and hits."""

from __future__ import annotations

import numpy as np
import pandas as pd

# A test part with fewer revoked, or fewer kept, requests is not scored.
MINIMUM = 20
MEASURES = ("auc", "brier", "log_loss", "accuracy", "f1")


def score(
    labels: np.ndarray, p: np.ndarray, minimum: int = MINIMUM
) -> dict[str, float | int | bool]:
    """Measures of probabilities ``p`` against what happened.

    AUC: chance that a revoked request is ranked above a kept one, 0.5 for a constant.
    Brier: mean (p - label)^2, and log loss: mean -log p(label); both lower is better
    and both punish wrong probabilities. Accuracy and F1 at p > 0.5, as the paper
    reports (recalled): with few revocations they say little.

    Parameters
    ----------
    labels : np.ndarray
        Shape (n,), bool.
    p : np.ndarray
        Shape (n,), in [0, 1].
    minimum : int
        With fewer positives or negatives the measures are NaN and ``degenerate`` is
        True: an AUC from two positives is no measurement.

    Returns
    -------
    dict
        auc, brier, log_loss, accuracy, f1, positives, negatives, degenerate.

    Raises
    ------
    ValueError
        If lengths differ or a probability is outside [0, 1].
    """
    labels, p = _checked(labels, p)
    positives = int(np.count_nonzero(labels))
    negatives = len(labels) - positives
    out: dict[str, float | int | bool] = dict.fromkeys(MEASURES, float("nan"))
    out |= {"positives": positives, "negatives": negatives}
    out["degenerate"] = min(positives, negatives) < max(1, minimum)
    if out["degenerate"]:
        return out
    from sklearn import metrics

    hit = p > 0.5
    return out | {
        "auc": float(metrics.roc_auc_score(labels, p)),
        "brier": float(metrics.brier_score_loss(labels, p)),
        "log_loss": float(metrics.log_loss(labels, np.clip(p, 1e-6, 1 - 1e-6))),
        "accuracy": float(metrics.accuracy_score(labels, hit)),
        "f1": float(metrics.f1_score(labels, hit, zero_division=0.0)),
    }


def reliability(labels: np.ndarray, p: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """Reliability curve: in each bin of p, what was predicted and what happened.

    Returns
    -------
    DataFrame
        One row per bin of equal width: low, high, count, predicted (mean p), observed
        (share revoked); the last two NaN in empty bins. A calibrated predictor has
        predicted = observed up to chance.

    Raises
    ------
    ValueError
        If there is no bin, lengths differ or a probability is outside [0, 1].
    """
    labels, p = _checked(labels, p)
    if bins < 1:
        raise ValueError(f"bins is {bins}; allowed: 1 or more")
    edges = np.linspace(0, 1, bins + 1)
    bin_of = np.minimum((p * bins).astype(int), bins - 1)
    count = np.bincount(bin_of, minlength=bins)
    filled = np.where(count, count, np.nan)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "count": count,
            "predicted": np.bincount(bin_of, p, bins) / filled,
            "observed": np.bincount(bin_of, labels, bins) / filled,
        }
    )


def _checked(labels: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels, p = np.asarray(labels, dtype=bool), np.asarray(p, dtype=float)
    if labels.shape != p.shape or labels.ndim != 1:
        raise ValueError(f"labels have shape {labels.shape}, probabilities {p.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities must be numbers from 0 to 1")
    return labels, p
