"""Case study: does a map show noisy labels, before and after they are learned by heart?

The paper's reading is that a noisy sample first lies in the territory of its true class
and is later pulled into that of its noisy label. Here the second half is measured, not
assumed: a network may say the noisy label while the map still shows the true one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers.cache import stage
from helpers.names import unknown_name
from helpers.training_visualization.estimator import DVI
from helpers.training_visualization.heads import logits, softmax
from helpers.training_visualization.metrics import (
    boundary_preservation,
    inverse_projection,
    nearest,
    neighbor_preservation,
)
from helpers.training_visualization.subjects import (
    Split,
    digits,
    tangle,
    train_digits,
    train_tangle,
)
from helpers.training_visualization.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

SUBJECTS: dict[str, tuple[Callable[[], Split], Callable[..., Trace]]] = {
    "tangle": (tangle, train_tangle),
    "digits": (digits, train_digits),
}
CHECKPOINTS = {
    "tangle": (2, 20, 100, 300),
    "digits": (2, 10, 30, 60),
}
NEIGHBOURS = 15

Fit = tuple[int, float, int]
FITS: tuple[Fit, ...] = ((128, 5.0, 1200), (128, 5.0, 4000), (256, 5.0, 4000))


@dataclass(frozen=True)
class NoiseStudy:
    """A training on noisy labels with its maps.

    Attributes
    ----------
    subject : str
    trace : Trace
        ``trace.y`` are the noisy labels that were trained on.
    truth : np.ndarray
        Shape (n,), the true labels.
    dvi : DVI
        Fitted to the trace; the places are ``dvi.places_``.
    table : pd.DataFrame
        See `measures`.
    """

    subject: str
    trace: Trace
    truth: np.ndarray
    dvi: DVI
    table: pd.DataFrame

    @property
    def places(self) -> list[np.ndarray]:
        """Places (n, 2) of the training samples per checkpoint."""
        return self.dvi.places_

    @property
    def noisy(self) -> np.ndarray:
        """Whether each sample's label is wrong, shape (n,)."""
        return self.trace.y != self.truth

    @property
    def memorised(self) -> np.ndarray:
        """Noisy samples predicted as their noisy label, shape (checkpoints, n)."""
        return self.noisy & (self.trace.predictions == self.trace.y)


def noisy_labels(y: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    """Labels of which the same share of every class is replaced by another class.

    Symmetric noise: each of the other classes is as likely; never the true label, so
    that ``noisy_labels(y, ...) != y`` tells which ones are wrong.

    Parameters
    ----------
    y : np.ndarray
        Shape (n,), class numbers.
    share : float
        In [0, 1]; rounded to whole samples per class.
    seed : int
        Of the choice.

    Raises
    ------
    ValueError
        If the share is out of range or there are fewer than two classes.
    """
    y = np.asarray(y)
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; allowed: 0 to 1")
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(f"{len(classes)} classes; allowed: 2 or more")
    rng = np.random.default_rng(seed)
    labels = y.copy()
    for place, own in enumerate(classes):
        members = np.flatnonzero(y == own)
        wrong = rng.choice(members, round(share * len(members)), replace=False)
        # a step of 1 to C - 1 round the classes never returns to the own one
        step = rng.integers(1, len(classes), len(wrong))
        labels[wrong] = classes[(place + step) % len(classes)]
    return labels


@stage
def noise_study(
    seed: int = 0,
    subject: str = "tangle",
    share: float = 0.1,
    checkpoints: Sequence[int] | None = None,
    first_steps: int = 1200,
    steps: int = 600,
) -> NoiseStudy:
    """Train on noisy labels, fit the maps, and measure both.

    Parameters
    ----------
    seed : int
        Of the noise, the network and the maps.
    subject : {"tangle", "digits"}
    share : float
        Of every class's labels that are made wrong.
    checkpoints : sequence of int, optional
        Recorded epochs, the last one ends the training; `CHECKPOINTS` by default,
        at whose end the tangle is learned by heart and most digits are.
    first_steps, steps : int
        Of `DVI`; half of its defaults.

    Raises
    ------
    ValueError
        If the subject is unknown, or as `noisy_labels`.
    """
    split, train = _subject(subject)
    marks = tuple(CHECKPOINTS[subject] if checkpoints is None else checkpoints)
    truth = split().y
    labels = noisy_labels(truth, share, seed)
    trace = train(seed, epochs=marks[-1], checkpoints=marks, labels=labels)
    dvi = DVI(first_steps=first_steps, steps=steps, random_state=seed)
    dvi.fit_trace(trace)
    return NoiseStudy(subject, trace, truth, dvi, measures(trace, truth, dvi))


@stage
def capacity_study(
    seed: int = 0,
    subject: str = "tangle",
    share: float = 0.1,
    epoch: int | None = None,
    fits: Sequence[Fit] = FITS,
) -> pd.DataFrame:
    """Is it the map's size that keeps it from showing what is learned by heart?

    The last checkpoint alone is fitted several times, without a predecessor. Columns
    are those of `measures`, one row per fit, and width, recon_weight, steps,
    ``ppr_test`` (of the test samples), and neighbors and boundary of `metrics`.

    Parameters
    ----------
    seed, subject, share
        See `noise_study`.
    epoch : int, optional
        Length of the training; that of `noise_study` by default.
    fits : sequence of tuple
        Width of the hidden layers, weight of the reconstruction, and steps.
    """
    import pandas as pd

    split, train = _subject(subject)
    last = CHECKPOINTS[subject][-1] if epoch is None else epoch
    truth = split().y
    trace = train(
        seed,
        epochs=last,
        checkpoints=(last,),
        labels=noisy_labels(truth, share, seed),
    )
    x, test, head = trace.train[0], trace.test[0], trace.heads[0]
    tables = []
    for width, weight, steps in fits:
        dvi = DVI(
            hidden=(width,) * 3,
            recon_weight=weight,
            first_steps=steps,
            random_state=seed,
        ).fit_trace(trace)
        back = dvi.inverse_transform(dvi.transform(test))
        z, edge, edge_z = dvi.places_[0], dvi.boundary_[0], dvi.boundary_places_[0]
        table = measures(trace, truth, dvi)
        table["width"], table["recon_weight"], table["steps"] = width, weight, steps
        table["ppr_test"] = inverse_projection(test, back, head)["ppr"]
        table["neighbors"] = neighbor_preservation(x, z)
        table["boundary"] = boundary_preservation(x, z, edge, edge_z)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def measures(trace: Trace, truth: np.ndarray, dvi: DVI) -> pd.DataFrame:
    """What network and map make of the noisy samples, one row per checkpoint.

    Columns:

    - ``says_noisy``, ``says_true``: share of noisy samples that the network predicts
      as their noisy label and as their true one; ``test``: accuracy on test samples.
    - ``shows_noisy``, ``shows_true``: share of noisy samples whose place lies in the
      territory of either, that is whose place's pre-image is classified so.
    - ``shows_memorised``: ``shows_noisy`` of those that the network has memorised,
      which is also the share of them that the map shows as predicted.
    - ``ppr``, ``ppr_clean``, ``ppr_noisy``: prediction preserving rate of all, clean
      and noisy samples.
    - ``near_noisy``, ``near_true``: share of a noisy sample's 15 nearest
      representations that are labelled as it is, and as it should be; ``beside_noisy``,
      ``beside_true``: the same of its 15 nearest places. A territory may be an island
      under a single sample that has not moved towards its noisy label at all.
    - ``auc_centre``, ``auc_near``, ``auc_loss``: how well noisy and clean samples are
      told apart by the distance to the centre (median) of the own label on the map,
      by the share of the 15 nearest places with another label, and by the loss;
      ``auc_near_features``: as ``auc_near``, of representations, without any map.

    Shares and rates are NaN where there is no sample to count.
    """
    import pandas as pd

    y, noisy = trace.y, trace.y != truth
    rows = []
    for t, epoch in enumerate(trace.epochs):
        x, head, z = trace.train[t], trace.heads[t], dvi.places_[t]
        back = dvi.inverse_transform(z, epoch)
        says, shows = trace.predictions[t], logits(head, back).argmax(axis=1)
        memorised = noisy & (says == y)
        rates = inverse_projection(
            x, back, head, {"clean": ~noisy, "noisy": noisy, "memorised": memorised}
        )
        ppr = {name: group["ppr"] for name, group in rates.items()}  # type: ignore[index]
        k = min(NEIGHBOURS, len(x) - 1)
        near, close = y[nearest(x, None, k)], y[nearest(z, None, k)]
        loss = -np.log(np.maximum(_own(softmax(trace.train_scores[t]), y), 1e-30))
        rows.append(
            {
                "epoch": epoch,
                "says_noisy": _mean(says == y, noisy),
                "says_true": _mean(says == truth, noisy),
                "test": trace.accuracy("test")[t],
                "shows_noisy": _mean(shows == y, noisy),
                "shows_true": _mean(shows == truth, noisy),
                "shows_memorised": ppr["memorised"],
                "ppr": ppr["all"],
                "ppr_clean": ppr["clean"],
                "ppr_noisy": ppr["noisy"],
                "near_noisy": _mean(near == y[:, None], noisy),
                "near_true": _mean(near == truth[:, None], noisy),
                "beside_noisy": _mean(close == y[:, None], noisy),
                "beside_true": _mean(close == truth[:, None], noisy),
                "auc_centre": _auc(noisy, centre_distance(z, y)),
                "auc_near": _auc(noisy, (close != y[:, None]).mean(axis=1)),
                "auc_near_features": _auc(noisy, (near != y[:, None]).mean(axis=1)),
                "auc_loss": _auc(noisy, loss),
            }
        )
    return pd.DataFrame(rows)


def centre_distance(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance of each place (n, 2) to the median place of its label, shape (n,)."""
    out = np.zeros(len(z))
    for label in np.unique(y):
        own = y == label
        out[own] = np.linalg.norm(z[own] - np.median(z[own], axis=0), axis=1)
    return out


def _subject(name: str) -> tuple[Callable[[], Split], Callable[..., Trace]]:
    if name not in SUBJECTS:
        raise unknown_name("subject", name, list(SUBJECTS))
    return SUBJECTS[name]


def _own(table: np.ndarray, y: np.ndarray) -> np.ndarray:
    return table[np.arange(len(y)), y]


def _mean(found: np.ndarray, of: np.ndarray) -> float:
    chosen = found[of]
    return float(chosen.mean()) if chosen.size else float("nan")


def _auc(positive: np.ndarray, score: np.ndarray) -> float:
    """Chance that a positive scores above a negative; NaN if one kind is missing."""
    from sklearn.metrics import roc_auc_score

    if positive.all() or not positive.any():
        return float("nan")
    return float(roc_auc_score(positive, score))
