"""What `estimator.DVI` accepts: parameters, checkpoints, heads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_array

from helpers.names import unknown_name
from helpers.training_visualization.complex import SAMPLINGS

if TYPE_CHECKING:
    from helpers.training_visualization.estimator import DVI

LEAST = 3  # samples of a checkpoint


def check_parameters(dvi: DVI) -> None:
    """ValueError for a parameter out of range."""
    ranges: dict[str, tuple[float, float]] = {
        "n_neighbors": (2, np.inf),
        "boundary": (0, 1),
        "recon_weight": (0, np.inf),
        "temporal_weight": (0, np.inf),
        "first_steps": (1, np.inf),
        "steps": (1, np.inf),
        "batch_size": (4, np.inf),
        "negatives": (1, np.inf),
    }
    for name, (low, high) in ranges.items():
        value = getattr(dvi, name)
        if not low <= value <= high:
            most = f" to {high:g}" if np.isfinite(high) else " or more"
            raise ValueError(f"{name} is {value}; allowed: {low:g}{most}")
    if not dvi.learning_rate > 0:
        raise ValueError(f"learning_rate is {dvi.learning_rate}; allowed: above 0")
    if dvi.attention is not None and not dvi.attention > 0:
        raise ValueError(f"attention is {dvi.attention}; allowed: above 0, or None")
    seed = dvi.random_state
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"random_state is {seed!r}; allowed: an int, 0 or more")
    if dvi.edge_sampling not in SAMPLINGS:
        raise unknown_name("edge sampling", dvi.edge_sampling, SAMPLINGS)


def checkpoints(X: Sequence[np.ndarray] | np.ndarray) -> list[np.ndarray]:
    """Representations per checkpoint; ValueError unless all have the same shape."""
    if isinstance(X, np.ndarray) and X.ndim != 3:
        raise ValueError(
            f"X has shape {X.shape}; allowed: (checkpoints, samples, features), or a "
            "sequence of (samples, features)"
        )
    listed = [np.asarray(x) for x in X]
    if not listed:
        raise ValueError("X has no checkpoint")
    for number, x in enumerate(listed):
        if x.shape != listed[0].shape:
            raise ValueError(
                f"checkpoint {number} has shape {x.shape}, the first one "
                f"{listed[0].shape}; bring the same samples and features each time"
            )
    return listed


def labels(epochs: Sequence[int] | None, count: int) -> list[int]:
    """The checkpoints' labels; ValueError unless one each, ascending from 0 on."""
    if epochs is None:
        return list(range(count))
    listed = [int(e) for e in epochs]
    if len(listed) != count:
        raise ValueError(f"{len(listed)} epochs, but {count} checkpoints")
    if listed[0] < 0 or any(b <= a for a, b in pairwise(listed)):
        raise ValueError(f"epochs are {listed}; allowed: ascending, 0 or more")
    return listed


def checkpoint(X: np.ndarray, epoch: int, dvi: DVI) -> np.ndarray:
    """One checkpoint as float32, checked against those already fitted."""
    x = check_array(
        X,
        dtype=np.float32,
        copy=True,  # kept: the caller may use its array again
        ensure_min_samples=LEAST,
        input_name=f"the representations of epoch {epoch}",
        estimator=dvi,
    )
    if epoch < 0:
        raise ValueError(f"epoch is {epoch}; allowed: 0 or more")
    if dvi.epochs_:
        expected = (dvi.n_samples_, dvi.n_features_in_)
        if x.shape != expected:
            raise ValueError(
                f"epoch {epoch} has shape {x.shape}, the ones before {expected}; bring "
                "the same samples and features at every checkpoint"
            )
        if epoch <= dvi.epochs_[-1]:
            raise ValueError(
                f"epoch {epoch} does not come after {dvi.epochs_[-1]}, the last one"
            )
    return x


def rows(X: np.ndarray, features: int, owner: str, name: str = "X") -> np.ndarray:
    """Rows as float32; ValueError unless finite and of that many features."""
    x = check_array(X, dtype=np.float32, copy=True, ensure_min_samples=0)
    if x.shape[1] != features:
        raise ValueError(
            f"{name} has {x.shape[1]} features, but {owner} is expecting {features} "
            "features as input"
        )
    return x


def per_checkpoint(
    value: Any, count: int, name: str, *, shared: bool = True
) -> list[Any]:
    """One value per checkpoint; a single callable stands for all of them."""
    if value is None or (shared and callable(value)):
        return [value] * count
    listed = list(value)
    if len(listed) != count:
        raise ValueError(f"{len(listed)} values of {name}, but {count} checkpoints")
    return listed
