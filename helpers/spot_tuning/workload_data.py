"""Data of the default workloads: what scikit-learn ships, and generated problems.

Nothing is downloaded. A seed chooses rows or draws a problem, and which rows are
kept for validation; all settings of one seed see the same data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from helpers.spot_tuning.workload_state import DATA, generator

VALIDATION = 0.25  # share of the rows


@dataclass(frozen=True)
class Split:
    """Rows to train on and rows to measure on.

    Attributes
    ----------
    x, x_val : np.ndarray
        Shape (rows, features) or (rows, channels, height, width).
    y, y_val : np.ndarray
        Shape (rows,): classes 0, 1, ... for classification, numbers for regression.
    """

    x: np.ndarray
    y: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray


def split(x: np.ndarray, y: np.ndarray, seed: int, share: float = VALIDATION) -> Split:
    """Keep a random ``share`` of the rows for validation."""
    order = generator(seed, DATA).permutation(len(x))
    val, train = np.split(order, [round(share * len(x))])
    return Split(x[train], y[train], x[val], y[val])


def standardised(data: Split, *, target: bool = False) -> Split:
    """Mean 0 and deviation 1 per feature, measured on the training rows only.

    Constant features become 0. With ``target`` the target is scaled too.
    """

    def scale(train: np.ndarray, val: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, deviation = train.mean(axis=0), train.std(axis=0)
        deviation = np.where(deviation > 0, deviation, 1.0)
        return (train - mean) / deviation, (val - mean) / deviation

    x, x_val = scale(data.x, data.x_val)
    y, y_val = scale(data.y, data.y_val) if target else (data.y, data.y_val)
    return Split(x, y, x_val, y_val)


@lru_cache(maxsize=4)
def digits(seed: int) -> Split:
    """Handwritten digits, 1797 rows of 64 pixels, ten classes."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return standardised(split(x, y, seed))


@lru_cache(maxsize=4)
def digit_images(seed: int) -> Split:
    """The same digits as images, shape (rows, 1, 8, 8), float32.

    One mean and one deviation, 4.9 and 6.0 of 16 grey levels, for all pixels.
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return split(((x - 4.9) / 6.0).astype(np.float32).reshape(-1, 1, 8, 8), y, seed)


@lru_cache(maxsize=4)
def correlated_regression(
    seed: int, rows: int = 4000, features: int = 48, decay: float = 0.75
) -> Split:
    """Linear regression whose features are correlated; scaled target.

    Deviations along hidden directions j = 1, 2, ... fall as ``j^-decay`` and are
    mixed by a rotation, so gradient descent first fits the strong directions and
    slows down. A fifth of the target's variance is noise.
    """
    rng = generator(seed, DATA)
    scales = np.arange(1, features + 1) ** -decay
    rotation, _ = np.linalg.qr(rng.standard_normal((features, features)))
    hidden = rng.standard_normal((rows, features)) * scales
    target = hidden @ (rng.standard_normal(features) * scales**-0.5)
    target = 2 * target / target.std() + rng.standard_normal(rows)
    return standardised(split(hidden @ rotation.T, target, seed), target=True)


@lru_cache(maxsize=4)
def two_classes(seed: int, rows: int = 4000) -> Split:
    """Two classes of three clusters each in 16 dimensions: no plane separates them."""
    from sklearn.datasets import make_classification

    x, y = make_classification(
        n_samples=rows,
        n_features=16,
        n_informative=8,
        n_redundant=4,
        n_clusters_per_class=3,
        class_sep=1.2,
        flip_y=0.02,
        random_state=seed,
    )
    return standardised(split(x, y, seed))


@lru_cache(maxsize=4)
def friedman(seed: int, rows: int = 12288) -> Split:
    """Friedman's first regression problem with unit noise, 10 features.

    Enough rows for the paper's subsamples of 1/64 and 1/128 (recalled).
    """
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(n_samples=rows, n_features=10, noise=1.0, random_state=seed)
    return split(x, y, seed, share=1 / 6)
