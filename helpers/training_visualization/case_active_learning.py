"""Case study: where do the samples lie that active learning asks a label for?

A network is trained on few labels, three strategies pick more, and the map of the whole
pool shows what they pick: samples on the boundary, or samples that cover the pool.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers.cache import stage
from helpers.training_visualization.canvas import Canvas
from helpers.training_visualization.estimator import DVI
from helpers.training_visualization.heads import margin, softmax
from helpers.training_visualization.metrics import map_size
from helpers.training_visualization.subjects import digits, train_digits
from helpers.training_visualization.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

DELTA = 0.1  # margin below which a sample is on the network's own boundary
NEAREST = 5  # boundary points whose mean distance is reported


@dataclass(frozen=True)
class ActiveStudy:
    """One round of active learning on digits, and the map on which it is seen.

    Attributes
    ----------
    trace : Trace
        One checkpoint: the network trained on the first labels, all samples.
    labelled : np.ndarray
        Indices of the first labels.
    picks : dict of str to np.ndarray
        Indices that each strategy asks for, in its order.
    dvi : DVI
        Fitted to the one checkpoint.
    canvas : Canvas
        Of the map.
    table : pd.DataFrame
        See `active_study`; indexed by strategy, ``pool`` first.
    """

    trace: Trace
    labelled: np.ndarray
    picks: dict[str, np.ndarray]
    dvi: DVI
    canvas: Canvas
    table: pd.DataFrame

    @property
    def places(self) -> np.ndarray:
        """Places (n, 2) of all samples."""
        return self.dvi.places_[0]

    @property
    def pool(self) -> np.ndarray:
        """Indices of the samples without a label."""
        return np.setdiff1d(np.arange(len(self.trace.y)), self.labelled)


def random_picks(
    trace: Trace, labelled: np.ndarray, count: int, seed: int
) -> np.ndarray:
    """Any samples without a label, shape (count,)."""
    free = np.setdiff1d(np.arange(len(trace.y)), labelled)
    return np.random.default_rng(seed).choice(free, count, replace=False)


def least_confident(
    trace: Trace, labelled: np.ndarray, count: int, seed: int = 0
) -> np.ndarray:
    """Samples without a label whose predicted class is least probable.

    Probabilities are ranked as floats; the released code casts them to integers first,
    which leaves nothing to rank.
    """
    confidence = softmax(trace.train_scores[-1]).max(axis=1)
    confidence[labelled] = np.inf
    return np.argsort(confidence, kind="stable")[:count]


def coreset(
    trace: Trace, labelled: np.ndarray, count: int, seed: int = 0
) -> np.ndarray:
    """K-centre greedy: each pick is the farthest from all that is labelled or picked.

    Distances are Euclidean between the last checkpoint's representations.
    """
    x = trace.train[-1].astype(float)
    gap = np.full(len(x), np.inf)
    for index in labelled:
        gap = np.minimum(gap, np.linalg.norm(x - x[index], axis=1))
    picks = np.empty(count, dtype=int)
    for i in range(count):
        gap[labelled], gap[picks[:i]] = -1, -1  # a duplicate is no new label
        picks[i] = gap.argmax()
        gap = np.minimum(gap, np.linalg.norm(x - x[picks[i]], axis=1))
    return picks


Strategy = Callable[[Trace, np.ndarray, int, int], np.ndarray]
STRATEGIES: dict[str, Strategy] = {
    "random": random_picks,
    "least confidence": least_confident,
    "coreset": coreset,
}


def cover_radius(points: np.ndarray, centres: np.ndarray) -> float:
    """Greatest distance of any of the points (n, d) to the nearest of the centres."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=1).fit(centres)
    return float(search.kneighbors(points)[0].max())


@stage
def active_study(
    seed: int = 0,
    start: int = 100,
    count: int = 100,
    epochs: int = 100,
    first_steps: int = 1200,
) -> ActiveStudy:
    """Train on ``start`` labels, pick ``count`` more, look at them, train again.

    The table has one row per strategy, and one of the whole pool to compare with:

    - ``white``: share of picks on the canvas's white band; ``unsure``: share whose
      margin in the network is below `DELTA`.
    - ``boundary_distance``: mean distance to the 5 nearest boundary points on the map.
    - ``cover``: `cover_radius` of labels and picks on the map; ``cover_features``: of
      their representations, over the root mean square of those.
    - ``test``: test accuracy of a new network trained on labels and picks; the pool's
      is that of the first one, without picks.

    Distances on the map are in units of its standard deviation.

    Parameters
    ----------
    seed : int
        Of the first labels, the networks, the random picks and the map.
    start, count : int
        First labels and picks.
    epochs : int
        Of every training.
    first_steps : int
        Of `DVI`; half of its default.

    Raises
    ------
    ValueError
        If there are fewer samples than labels and picks together.
    """
    import pandas as pd

    total = len(digits().y)
    if start < 1 or count < 1 or start + count > total:
        raise ValueError(
            f"{start} labels and {count} picks; allowed: 1 or more of each, "
            f"{total} together"
        )
    labelled = np.sort(np.random.default_rng(seed).permutation(total)[:start])
    trace = _trained(seed, epochs, labelled)
    picks = {
        name: pick(trace, labelled, count, seed) for name, pick in STRATEGIES.items()
    }
    dvi = DVI(first_steps=first_steps, random_state=seed).fit_trace(trace)
    canvas = dvi.decision_canvas()
    pool = np.setdiff1d(np.arange(total), labelled)
    looks = _looks(trace, dvi, canvas)
    rows = {"pool": looks.iloc[pool].mean()}
    rows |= {name: looks.iloc[chosen].mean() for name, chosen in picks.items()}
    table = pd.DataFrame(rows).T
    z, x = dvi.places_[0] / map_size(dvi.places_[0]), trace.train[0]
    x = x / np.sqrt(np.square(x).mean())
    for name in table.index:
        known = np.concatenate([labelled, picks.get(name, labelled[:0])])
        table.loc[name, "cover"] = cover_radius(z, z[known])
        table.loc[name, "cover_features"] = cover_radius(x, x[known])
        after = trace if name == "pool" else _trained(seed, epochs, known)
        table.loc[name, "test"] = after.accuracy("test")[-1]
    return ActiveStudy(trace, labelled, picks, dvi, canvas, table)


def _trained(seed: int, epochs: int, chosen: np.ndarray) -> Trace:
    return train_digits(seed, epochs=epochs, checkpoints=(epochs,), train_on=chosen)


def _looks(trace: Trace, dvi: DVI, canvas: Canvas) -> pd.DataFrame:
    """Per sample what the table averages."""
    import pandas as pd
    from sklearn.neighbors import NearestNeighbors

    z, edge = dvi.places_[0], dvi.boundary_places_[0]
    near = NearestNeighbors(n_neighbors=min(NEAREST, len(edge))).fit(edge)
    return pd.DataFrame(
        {
            "white": canvas.on_boundary(z).astype(float),
            "unsure": (margin(trace.train_scores[0]) < DELTA).astype(float),
            "boundary_distance": near.kneighbors(z)[0].mean(axis=1) / map_size(z),
        }
    )
