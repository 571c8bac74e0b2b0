"""Probabilities that mean what they say: corrected odds, and a rolling correction."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from helpers.spot_tuning.revocation_features import DAY, HORIZON
from helpers.spot_tuning.revocation_samples import Samples

# Fewest past requests that say anything about the present base rate.
FEWEST = 50


def correct_odds(q: np.ndarray, training_prior: float, true_prior: float) -> np.ndarray:
    """Probabilities for the true share of revocations, shape as given.

    ``p / (1 - p) = q / (1 - q) * [true odds] / [training odds]``, where the odds of a
    prior are prior / (1 - prior). A network trained on as many revoked as kept
    requests (training prior 1/2) answers q; by Bayes' rule p is its answer at the
    true prior, as long as both classes look the same. That the paper corrects the
    odds is recalled; this form is our reconstruction.

    Raises
    ------
    ValueError
        If a prior is not strictly between 0 and 1.

    Examples
    --------
    >>> correct_odds(np.array([0.5]), training_prior=0.5, true_prior=0.1)
    array([0.1])
    """
    for name, prior in (("training", training_prior), ("true", true_prior)):
        if not 0 < prior < 1:
            raise ValueError(f"{name} prior is {prior}; allowed: between 0 and 1")
    return expit(logit(q) + logit(true_prior) - logit(training_prior))


def odds_offset(p: np.ndarray, labels: np.ndarray) -> float:
    """The b for which ``mean(expit(logit(p) + b))`` is the share of true labels.

    The share is taken as (k + 1/2) / (n + 1), so that b is finite without a positive.

    Raises
    ------
    ValueError
        If there is no label.
    """
    if not len(labels):
        raise ValueError("an offset needs at least one label")
    share = (np.count_nonzero(labels) + 0.5) / (len(labels) + 1)
    logits = _finite_logit(p)
    reach = float(np.abs(logits).max() + abs(logit(share)) + 1)
    return float(brentq(lambda b: expit(logits + b).mean() - share, -reach, reach))


def recalibrate(samples: Samples, p: np.ndarray, days: int = 7) -> np.ndarray:
    """Correct ``p`` by what the last days showed (ours), shape (n,).

    The base rate of revocations drifts. At the start of each day the odds are
    multiplied by exp(b), with b the :func:`odds_offset` of those samples whose hour
    ended before that day began and at most ``days`` days earlier; with fewer than
    :data:`FEWEST` of them b = 0. Labels are used only after their hour is over.

    Raises
    ------
    ValueError
        If ``p`` does not fit the samples.
    """
    p = np.asarray(p, dtype=float)
    if p.shape != samples.minutes.shape:
        raise ValueError(f"{len(samples)} samples, probabilities of shape {p.shape}")
    out = np.array(p)
    ended = samples.minutes + HORIZON
    for day in np.unique(samples.minutes // DAY):
        begin = day * DAY
        known = (ended <= begin) & (ended > begin - days * DAY)
        if np.count_nonzero(known) >= FEWEST:
            offset = odds_offset(p[known], samples.labels[known])
            today = samples.minutes // DAY == day
            out[today] = expit(_finite_logit(p[today]) + offset)
    return out


def _finite_logit(p: np.ndarray) -> np.ndarray:
    return logit(np.clip(p, 1e-9, 1 - 1e-9))
