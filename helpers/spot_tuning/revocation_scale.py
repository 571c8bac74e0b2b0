"""One encoding of records and max price for every trained predictor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SMALLEST_DELTA = 1e-6  # USD; a max price at or below the present price counts as this


@dataclass(frozen=True)
class InputScale:
    """Turns features and deltas into numbers of mean 0 and variance 1 (ours).

    Prices and the time since the last change span orders of magnitude and enter as
    logarithms. The max price enters as log delta = log(max price - price): a small
    model cannot be expected to find a difference of 1e-5 USD between two prices.

    Attributes
    ----------
    mean, std : np.ndarray
        Shape (7,): of the six features and the delta, in the training samples only.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, records: np.ndarray, deltas: np.ndarray) -> InputScale:
        """Mean and deviation of present records (n, 6) and deltas (n,)."""
        columns = np.column_stack([_log_features(records), _log_delta(deltas)])
        std = columns.std(axis=0)
        # a column that never changes (one fixed delta, say) becomes 0
        return cls(columns.mean(axis=0), np.where(std > 1e-9, std, 1.0))

    def records(self, records: np.ndarray) -> np.ndarray:
        """Scaled features, float32, shape (..., 6) as given."""
        scaled = (_log_features(records) - self.mean[:-1]) / self.std[:-1]
        return scaled.astype(np.float32)

    def deltas(self, deltas: np.ndarray) -> np.ndarray:
        """Scaled deltas, float32, shape (n,) as given."""
        scaled = (_log_delta(deltas) - self.mean[-1]) / self.std[-1]
        return scaled.astype(np.float32)

    def inputs(self, records: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """Both side by side, float32, shape (n, 7)."""
        return np.column_stack([self.records(records), self.deltas(deltas)])


def _log_features(records: np.ndarray) -> np.ndarray:
    out = np.array(records, dtype=float)
    out[..., :2] = np.log(out[..., :2])  # price, mean price
    out[..., 3] = np.log1p(out[..., 3])  # minutes since change
    return out


def _log_delta(deltas: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(deltas, SMALLEST_DELTA))
