"""A classifier of molecules and its confusion matrix.

The paper judges generated molecules by "a GNN classifier" whose verdicts are hard
labels; all that its correction needs of it are two rates (Table 10). The classifier
here is logistic regression on substructure counts: seconds to train, and as fallible.
:mod:`.gin` has a graph network with the same two functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import pandas as pd
from rdkit.Chem import rdFingerprintGenerator

from helpers.graph_generation.molecules import molecule, nci_molecules
from helpers.graph_generation.properties import has_property
from helpers.names import unknown_name

KINDS = ("fingerprint", "gin")
_BITS, _RADIUS = 1024, 2


class Classifier(Protocol):
    """Anything that learns a property of molecules and scores others."""

    def fit(self, smiles: Sequence[str], truth: np.ndarray) -> Self: ...
    def scores(self, smiles: Sequence[str]) -> np.ndarray: ...


@dataclass(frozen=True)
class Confusion:
    """Counts of true and false positives and negatives.

    Examples
    --------
    Table 10 of the paper, on all molecules of ogbg-molhiv:

    >>> paper = Confusion(tp=810, fp=4145, tn=35539, fn=633)
    >>> round(paper.tpr, 4), round(paper.fpr, 4)
    (0.5613, 0.1045)
    """

    tp: int
    fp: int
    tn: int
    fn: int

    def __post_init__(self) -> None:
        if min(self.tp, self.fp, self.tn, self.fn) < 0:
            raise ValueError(f"negative counts in {self}; allowed: 0 or more")
        if not (self.positives and self.negatives):
            raise ValueError(
                f"{self.positives} molecules have the property and {self.negatives} "
                "lack it; allowed: at least one of either"
            )

    @property
    def positives(self) -> int:
        """Molecules that have the property."""
        return self.tp + self.fn

    @property
    def negatives(self) -> int:
        """Molecules that lack it."""
        return self.fp + self.tn

    @property
    def tpr(self) -> float:
        """True positive rate TP / (TP + FN)."""
        return self.tp / self.positives

    @property
    def fpr(self) -> float:
        """False positive rate FP / (FP + TN)."""
        return self.fp / self.negatives

    @property
    def precision(self) -> float:
        """TP / (TP + FP); nan if nothing is flagged."""
        flagged = self.tp + self.fp
        return self.tp / flagged if flagged else float("nan")

    @property
    def accuracy(self) -> float:
        """(TP + TN) / all."""
        return (self.tp + self.tn) / (self.positives + self.negatives)


def confusion(
    truth: Sequence[bool] | np.ndarray, flagged: Sequence[bool] | np.ndarray
) -> Confusion:
    """Confusion matrix of hard labels.

    Raises
    ------
    ValueError
        If the lengths differ or one class is absent.

    >>> confusion([True, True, False], [True, False, False])
    Confusion(tp=1, fp=0, tn=1, fn=1)
    """
    real, said = np.asarray(truth, dtype=bool), np.asarray(flagged, dtype=bool)
    if real.shape != said.shape:
        raise ValueError(f"{len(real)} truths for {len(said)} verdicts")
    return Confusion(
        tp=int((real & said).sum()),
        fp=int((~real & said).sum()),
        tn=int((~real & ~said).sum()),
        fn=int((real & ~said).sum()),
    )


def threshold_at(scores: np.ndarray, truth: np.ndarray, fpr: float) -> float:
    """The lowest threshold whose false positive rate is at most ``fpr``.

    A molecule is flagged if its score is *at least* the threshold.

    Raises
    ------
    ValueError
        If the rate is outside [0, 1) or nothing lacks the property.

    >>> threshold_at(np.array([.1, .2, .3, .9]), np.array([0, 0, 0, 1], bool), 1 / 3)
    0.3
    """
    negative = np.sort(np.asarray(scores)[~np.asarray(truth, dtype=bool)])[::-1]
    if not 0 <= fpr < 1 or not len(negative):
        raise ValueError(
            f"fpr is {fpr} with {len(negative)} molecules that lack the property; "
            "allowed: from 0 to below 1, with at least one"
        )
    allowed = int(fpr * len(negative) + 1e-9)
    lowest = negative[allowed]  # first score that must not be flagged
    above = np.asarray(scores)[np.asarray(scores) > lowest]
    return float(above.min()) if len(above) else float(np.nextafter(lowest, np.inf))


def roc_auc(truth: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve: how often a positive outscores a negative.

    >>> roc_auc(np.array([True, False, False]), np.array([.5, .5, .1]))
    0.75
    """
    from scipy.stats import rankdata

    truth = np.asarray(truth, dtype=bool)
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        raise ValueError("one class is absent; allowed: at least one molecule of each")
    ranks = rankdata(scores)[truth].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def substructures(smiles: Sequence[str]) -> np.ndarray:
    """Folded counts of Morgan environments, log(1 + count); shape (n, 1024)."""
    generator = rdFingerprintGenerator.GetMorganGenerator(_RADIUS, fpSize=_BITS)
    counts = [generator.GetCountFingerprintAsNumPy(molecule(s)) for s in smiles]
    return np.log1p(np.array(counts, dtype=np.float32).reshape(len(counts), _BITS))


class FingerprintClassifier:
    """Logistic regression on substructure counts.

    Parameters
    ----------
    strength : float
        Inverse of the ridge penalty.
    """

    def __init__(self, strength: float = 0.1) -> None:
        from sklearn.linear_model import LogisticRegression

        self._model = LogisticRegression(C=strength, solver="lbfgs", max_iter=500)

    def fit(self, smiles: Sequence[str], truth: np.ndarray) -> Self:
        """Learn from molecules; returns itself."""
        self._model.fit(substructures(smiles), np.asarray(truth, dtype=bool))
        return self

    def scores(self, smiles: Sequence[str]) -> np.ndarray:
        """Estimated probability of the property, shape (n,)."""
        if not len(smiles):
            return np.empty(0)
        return np.asarray(self._model.predict_proba(substructures(smiles))[:, 1])


@dataclass(frozen=True)
class Judge:
    """A trained classifier at an operating point, with its confusion matrices.

    Attributes
    ----------
    name : str
        The property.
    classifier : Classifier
    threshold : float
        Scores of at least so much are flagged.
    train, held_out : Confusion
        On molecules of the scaffolds it learnt from, and of others.
    auc : float
        Area under the ROC curve on the held-out scaffolds.
    """

    name: str
    classifier: Classifier
    threshold: float
    train: Confusion
    held_out: Confusion
    auc: float

    def flagged(self, smiles: Sequence[str]) -> np.ndarray:
        """Hard labels, bool array (n,)."""
        return self.classifier.scores(smiles) >= self.threshold

    def table(self) -> pd.DataFrame:
        """Columns part, tp, fp, tn, fn, tpr, fpr, precision, accuracy."""
        parts = {"train": self.train, "held out": self.held_out}
        return pd.DataFrame(
            {
                "part": part,
                **{key: getattr(c, key) for key in ("tp", "fp", "tn", "fn")},
                **{
                    key: getattr(c, key)
                    for key in ("tpr", "fpr", "precision", "accuracy")
                },
            }
            for part, c in parts.items()
        )


def judge(
    name: str, fpr: float = 0.10445, *, kind: str = "fingerprint", seed: int = 0
) -> Judge:
    """Train a classifier of a property and set it to a false positive rate.

    Half of the held-out scaffolds' molecules (every other one) set the threshold, the
    other half give the held-out confusion matrix and AUC.

    Parameters
    ----------
    name : str
        Key of `helpers.graph_generation.properties.PROPERTIES`.
    fpr : float
        The paper's operating point by default (Table 10).
    kind : {"fingerprint", "gin"}
        The second is a graph network as in the paper: better, and ten times slower.
    seed : int
        Of the network.

    Raises
    ------
    ValueError
        For an unknown property or kind, or a rate out of range.
    """
    if kind not in KINDS:
        raise unknown_name("classifier", kind, KINDS)
    frame = nci_molecules()
    truth = has_property(name, frame["smiles"].tolist())
    train = (frame["part"] == "train").to_numpy()
    model: Classifier = FingerprintClassifier()
    if kind == "gin":
        from helpers.graph_generation.gin import GinClassifier

        model = GinClassifier(seed=seed)
    model.fit(frame.loc[train, "smiles"].tolist(), truth[train])
    scores = model.scores(frame["smiles"].tolist())
    others = np.flatnonzero(~train)
    tune, test = others[::2], others[1::2]
    threshold = threshold_at(scores[tune], truth[tune], fpr)
    flagged = scores >= threshold
    return Judge(
        name,
        model,
        threshold,
        confusion(truth[train], flagged[train]),
        confusion(truth[test], flagged[test]),
        roc_auc(truth[test], scores[test]),
    )
