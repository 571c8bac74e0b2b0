"""Gradient-boosted regression trees: our boosting loop around scikit-learn's trees.

A checkpoint holds the trees as plain arrays. Predictions are added up again from
them in the same order, which gives the same numbers to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from helpers.spot_tuning.workload_data import Split
from helpers.spot_tuning.workload_state import Trial, TrialKey

_FIELDS = ("left", "right", "feature", "threshold", "value")


@dataclass(frozen=True)
class Tree:
    """A binary regression tree; node 0 is the root.

    Attributes
    ----------
    left, right : np.ndarray
        Children of each node, -1 at a leaf.
    feature, threshold : np.ndarray
        A row goes left where ``x[feature] <= threshold``.
    value : np.ndarray
        Prediction of each node.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Values for rows of float32 features, shape (rows,).

        All rows go down one level at a time; a row that has reached a leaf stays.
        """
        node = np.zeros(len(x), dtype=np.intp)
        rows = np.arange(len(x))
        while len(rows := rows[self.left[node[rows]] >= 0]):
            at = node[rows]
            goes_left = x[rows, self.feature[at]] <= self.threshold[at]
            node[rows] = np.where(goes_left, self.left[at], self.right[at])
        return self.value[node]


def fit_tree(x: np.ndarray, y: np.ndarray, depth: int, seed: int) -> Tree:
    """Least-squares tree of at most ``depth`` levels, grown by scikit-learn.

    ``seed`` decides between splits that are equally good.
    """
    from sklearn.tree import DecisionTreeRegressor

    grown = DecisionTreeRegressor(max_depth=depth, random_state=seed).fit(x, y).tree_
    return Tree(
        grown.children_left,
        grown.children_right,
        grown.feature,
        grown.threshold,
        grown.value[:, 0, 0],
    )


class BoostingTrial(Trial):
    """Stochastic gradient boosting with squared error; one step is one tree.

    .. math:: F_0 = \\bar y, \\quad F_{k+1} = F_k + \\eta \\, h_k

    where the tree h_k is fitted to the residuals ``y - F_k`` of a random subsample
    (Friedman, Stochastic gradient boosting, 2002).

    Parameters
    ----------
    key : TrialKey
    data : Split
    rate : float
        eta.
    subsample : float
        Share of the training rows per tree, drawn without replacement.
    depth : int
    """

    def __init__(
        self, key: TrialKey, data: Split, *, rate: float, subsample: float, depth: int
    ) -> None:
        super().__init__(key)
        self._x, self._x_val = (x.astype(np.float32) for x in (data.x, data.x_val))
        self._data, self._rate, self._depth = data, rate, depth
        self._rows = max(1, round(subsample * len(data.x)))
        self._start([])

    def _start(self, trees: Sequence[Tree]) -> None:
        mean = self._data.y.mean()
        self._fitted = np.full(len(self._x), mean)
        self._fitted_val = np.full(len(self._x_val), mean)
        self._trees: list[Tree] = []
        for tree in trees:
            self._add(tree)

    def _add(self, tree: Tree) -> None:
        self._trees.append(tree)
        self._fitted += self._rate * tree.predict(self._x)
        self._fitted_val += self._rate * tree.predict(self._x_val)

    def _update(self) -> None:
        rows = self._rng.choice(len(self._x), self._rows, replace=False)
        residual = self._data.y[rows] - self._fitted[rows]
        seed = int(self._rng.integers(2**31))
        self._add(fit_tree(self._x[rows], residual, self._depth, seed))

    def _metric(self) -> float:
        return float(((self._fitted_val - self._data.y_val) ** 2).mean())

    def _arrays(self) -> dict[str, np.ndarray]:
        sizes = np.array([len(tree.left) for tree in self._trees], dtype=np.int64)
        empty = np.zeros(0)
        joined = {
            name: np.concatenate(
                [getattr(tree, name) for tree in self._trees] or [empty]
            )
            for name in _FIELDS
        }
        return {"sizes": sizes, **joined}

    def _set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        cuts = np.cumsum(arrays["sizes"])[:-1]
        parts = zip(*(np.split(arrays[name], cuts) for name in _FIELDS), strict=True)
        self._start([Tree(*part) for part in parts] if len(arrays["sizes"]) else [])


def boosting_seconds(
    features: int, rows: int, rows_tree: int, rows_val: int, depth: int
) -> float:
    """Declared seconds of one step (one tree) on one core.

    Sorting ``rows_tree`` values of every feature on each level, and sending every
    row down the tree, at 10^8 comparisons per second, plus 1 ms per tree for
    calling scikit-learn at all.
    """
    fit = features * depth * rows_tree * np.log2(max(2, rows_tree))
    return float((fit + depth * (rows + rows_val)) / 1e8 + 1e-3)
