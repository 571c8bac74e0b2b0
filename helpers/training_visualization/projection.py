"""A method's maps of a trace, and the four properties of each map."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from helpers.training_visualization import metrics
from helpers.training_visualization.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

    from helpers.training_visualization.estimator import DVI


@dataclass(frozen=True)
class Projection:
    """Where a method puts every sample at every checkpoint.

    Attributes
    ----------
    name : str
        Of the method, as in `helpers.style.METHODS`.
    train : list of np.ndarray
        Places (n, 2) per checkpoint.
    test, boundary : list of np.ndarray
        Places of test samples and boundary points; empty if the method cannot place
        samples that it was not fitted to.
    train_back, test_back : list of np.ndarray
        Inverse projections (n, features); empty if there is no inverse.
    seconds : list of float
        Processor time of the fit, per checkpoint.
    """

    name: str
    train: list[np.ndarray]
    test: list[np.ndarray] = field(default_factory=list)
    boundary: list[np.ndarray] = field(default_factory=list)
    train_back: list[np.ndarray] = field(default_factory=list)
    test_back: list[np.ndarray] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def project_maps(dvi: DVI, trace: Trace, name: str) -> Projection:
    """All places and inverse projections of a trace on the maps of its epochs."""
    maps = {
        split: [
            dvi.transform(x, e)
            for e, x in zip(trace.epochs, getattr(trace, split), strict=False)
        ]
        for split in ("train", "test", "boundary")
    }
    backs = {
        f"{split}_back": [
            dvi.inverse_transform(z, e)
            for e, z in zip(trace.epochs, maps[split], strict=False)
        ]
        for split in ("train", "test")
    }
    return Projection(name, **maps, **backs, seconds=list(dvi.fit_seconds_))


def evaluate(
    projection: Projection, trace: Trace, ks: tuple[int, ...] = (10, 15, 20)
) -> pd.DataFrame:
    """The properties of every map, one row per checkpoint, split and k.

    Columns method, epoch, split, k, neighbors, boundary, ppr, confidence_difference;
    NaN where the method cannot do it or there are too few points. Neighbours of the
    test split are those among training and test samples together, as in the released
    evaluation.
    """
    import pandas as pd

    rows = []
    for t, epoch in enumerate(trace.epochs):
        for split in ("train", "test"):
            places = getattr(projection, split)
            if not places or not len(places[t]):
                continue
            high, low = getattr(trace, split)[t], places[t]
            together = high, low
            if split == "test":
                together = (
                    np.concatenate([trace.train[t], high]),
                    np.concatenate([projection.train[t], low]),
                )
            back = getattr(projection, f"{split}_back")
            inverse = (
                metrics.inverse_projection(high, back[t], trace.heads[t])
                if back
                else {"ppr": np.nan, "confidence_difference": np.nan}
            )
            for k in ks:
                near = edge = np.nan
                if len(together[0]) > k:
                    near = metrics.neighbor_preservation(*together, k)
                if projection.boundary and len(projection.boundary[t]) >= k:
                    edge = metrics.boundary_preservation(
                        high, low, trace.boundary[t], projection.boundary[t], k
                    )
                rows.append(
                    {
                        "method": projection.name,
                        "epoch": epoch,
                        "split": split,
                        "k": k,
                        "neighbors": near,
                        "boundary": edge,
                        **inverse,
                    }
                )
    return pd.DataFrame(rows)


def evaluate_time(
    projection: Projection, trace: Trace, k: int = 15, split: str = "train"
) -> dict[str, float | str]:
    """Temporal correlation, relative movement and seconds of a method, one row.

    ``null`` is the 5 % quantile of the correlation when the order of the transitions
    means nothing: only below it does a correlation say something. All but the seconds
    are NaN with fewer than three checkpoints, or of a split that has no places.
    """
    places = getattr(projection, split)
    row: dict[str, float | str] = {
        "method": projection.name,
        "split": split,
        "temporal": np.nan,
        "null": np.nan,
        "movement": np.nan,
        "seconds": float(np.mean(projection.seconds)) if projection.seconds else np.nan,
    }
    if not places or len(trace) < 3:
        return row
    rates = metrics.transition_rates(getattr(trace, split), k)
    null = metrics.temporal_null(rates, metrics.displacements(places))
    return row | {
        "temporal": metrics.temporal_preservation(
            getattr(trace, split), places, k, rates=rates
        ),
        "null": float(np.quantile(null, 0.05)),
        "movement": metrics.relative_movement(places),
    }
