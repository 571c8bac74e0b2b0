"""Samples on the decision boundary, made from pairs of real ones.

Two samples that the classifier puts into different classes are mixed,
``x = m x1 + (1 - m) x2``, and m is searched until the two highest logits are as good as
equal. The authors' released generator (its earlier attacks are not used by it) bisects
one pair after the other, see `one_by_one`. Here all pairs are searched together, by
false position: it asks for the logits where a straight line between both ends would
cross the boundary, and not at all within a pair whose prediction does not change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from helpers.training_visualization.heads import margin

Classifier = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class BoundarySamples:
    """Mixed samples on the boundary.

    Attributes
    ----------
    samples : np.ndarray
        Shape (m, ...), mixed inputs.
    parents : np.ndarray
        Shape (m, 2): indices of the samples that were mixed.
    shares : np.ndarray
        Shape (m,): share of the first parent.
    pairs : np.ndarray
        Shape (m, 2): classes of the parents, the first one's first. The two that tie
        may be others: on digits, in half of the samples, one is a third class.
    """

    samples: np.ndarray
    parents: np.ndarray
    shares: np.ndarray
    pairs: np.ndarray

    def __len__(self) -> int:
        return len(self.samples)


@dataclass(frozen=True)
class BoundarySampler:
    """Draws class pairs evenly, samples near their boundary, and mixes them there.

    Attributes
    ----------
    delta : float
        A sample is on the boundary if `margin` is below it (0.1 in the released code).
    lower : float
        Least share of the first parent, so that a mix stays close to a real sample
        (0.5 for MNIST, 0.6 for CIFAR-10 in the released code).
    passes : int
        Most forward passes per mix (8 in the released code).
    exploration : float
        Weight of a pair's past success against its deficit of samples, in [0, 1]
        (0.05 in the released code).
    rounds : int
        Most rounds of drawing; each draws twice what is still missing.
    """

    delta: float = 0.1
    lower: float = 0.5
    passes: int = 8
    exploration: float = 0.05
    rounds: int = 20

    def __post_init__(self) -> None:
        for name in ("delta", "lower", "exploration"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: 0 to 1")
        for name in ("passes", "rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: 1 or more")

    def __call__(
        self,
        classify: Classifier,
        x: np.ndarray,
        count: int,
        seed: int = 0,
        scores: np.ndarray | None = None,
    ) -> BoundarySamples:
        """Up to ``count`` boundary samples; fewer if the classifier allows no more.

        Parameters
        ----------
        classify : callable
            Samples (n, ...) to logits (n, classes).
        x : np.ndarray
            Real samples, shape (n, ...).
        scores : np.ndarray, optional
            Their logits, if known.

        Returns
        -------
        BoundarySamples
            None at all if only one class is predicted, as in the first epochs.
        """
        scores = classify(x) if scores is None else scores
        labels = scores.argmax(axis=1)
        classes = np.unique(labels)
        rng = np.random.default_rng(seed)
        pairs = np.array(
            [(a, b) for i, a in enumerate(classes) for b in classes[i + 1 :]], dtype=int
        ).reshape(-1, 2)
        found: list[tuple[np.ndarray, np.ndarray]] = []
        tally = PairTally(len(pairs), self.exploration)
        missing = count if len(pairs) else 0
        for _ in range(self.rounds):
            if missing <= 0:
                break
            # a pair is tried in both directions, so one draw makes up to two samples
            drawn = rng.choice(len(pairs), size=missing, p=tally.chances())
            first, second = _draw(rng, labels, scores, pairs[drawn])
            # direction after direction, so that a cut keeps as many of either
            both = np.stack([first, second, second, first], axis=1)
            parents, number = both.reshape(-1, 2), np.repeat(drawn, 2)
            shares, good = self.locate(classify, x, parents, scores)
            tally.add(number, good)
            keep = np.flatnonzero(good)[:missing]
            found.append((parents[keep], shares[keep]))
            missing -= len(keep)
        if not found:
            return BoundarySamples(
                x[:0], np.zeros((0, 2), int), np.zeros(0), np.zeros((0, 2), int)
            )
        parents, shares = (np.concatenate(part) for part in zip(*found, strict=True))
        return BoundarySamples(
            mix(x, parents, shares), parents, shares, labels[parents]
        )

    def locate(
        self,
        classify: Classifier,
        x: np.ndarray,
        parents: np.ndarray,
        scores: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Share of the first parent at the boundary, and whether it was reached.

        False position with Illinois' rule, until the margin is a fifth of ``delta``.

        Parameters
        ----------
        parents : np.ndarray
            Shape (m, 2), of two predicted classes each.
        scores : np.ndarray, optional
            Logits of ``x``, if known.

        Returns
        -------
        shares, good : np.ndarray
            Shapes (m,): in [``lower``, 1], and good where the margin of the mix is
            below ``delta``.
        """
        first = parents[:, 0]
        start = classify(x[first]) if scores is None else scores[first]
        own = start.argmax(axis=1)
        share = np.full(len(parents), self.lower)
        found = self._start(classify, x, parents)
        gap = margin(found)
        ends = np.stack([share, np.ones(len(parents))], axis=1)
        leads = np.stack([_lead(found, own), _lead(start, own)], axis=1)
        moved = np.full(len(parents), -1)  # the end that came nearer last
        rows = np.flatnonzero((leads[:, 0] < 0) & (gap > self.delta / 5))
        for _ in range(self.passes - 1):
            if not len(rows):
                break
            (low, high), (behind, ahead) = ends[rows].T, leads[rows].T
            at = low - behind * (high - low) / (ahead - behind)
            found = classify(mix(x, parents[rows], at))
            lead, near = _lead(found, own[rows]), margin(found)
            side = (lead > 0).astype(int)
            # an end that stays twice would stay for ever: its lead counts half
            stays = moved[rows] == side
            leads[rows[stays], 1 - side[stays]] /= 2
            ends[rows, side], leads[rows, side], moved[rows] = at, lead, side
            better = near < gap[rows]
            share[rows[better]], gap[rows[better]] = at[better], near[better]
            rows = rows[near > self.delta / 5]
        return share, gap < self.delta

    def _start(
        self, classify: Classifier, x: np.ndarray, parents: np.ndarray
    ) -> np.ndarray:
        """Logits of every pair's mix at ``lower``, shape (m, classes)."""
        back: np.ndarray | slice = slice(None)
        if self.lower == 0.5:  # the same mix in both directions: asked for once
            keys = parents.min(axis=1) * len(x) + parents.max(axis=1)
            _, kept, back = np.unique(keys, return_index=True, return_inverse=True)
            parents = parents[kept]
        return classify(mix(x, parents, np.full(len(parents), self.lower)))[back]


def _lead(scores: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Logit of the class ``own`` (n,) less the highest of the others, shape (n,)."""
    rows = np.arange(len(scores))
    others = scores.T.astype(float, order="C")  # so few classes: quicker by column
    others[own, rows] = -np.inf
    return scores[rows, own] - others.max(axis=0)


def mix(x: np.ndarray, parents: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """``m x1 + (1 - m) x2`` for every pair, shape (m, ...), of floats."""
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(np.float32)  # a share of an integer type would be 0 or 1
    weight = shares.reshape(-1, *[1] * (x.ndim - 1)).astype(x.dtype)
    return weight * x[parents[:, 0]] + (1 - weight) * x[parents[:, 1]]


class PairTally:
    """How often each class pair was tried, and with what success."""

    def __init__(self, pairs: int, exploration: float) -> None:
        self.tried = np.zeros(pairs)
        self.made = np.zeros(pairs)
        self.exploration = exploration

    def add(self, number: np.ndarray, good: np.ndarray) -> None:
        self.tried += np.bincount(number, minlength=len(self.tried))
        self.made += np.bincount(number[good], minlength=len(self.tried))

    def chances(self) -> np.ndarray:
        """``lambda success + (1 - lambda) deficit``, each normalised; shape (pairs,).

        The deficit is what a pair lacks to the mean count; uniform if none lacks any.
        """
        n = len(self.tried)
        rate = np.divide(self.made, self.tried, out=np.ones(n), where=self.tried > 0)
        rate = rate / rate.sum() if rate.any() else np.full(n, 1 / n)
        lack = np.maximum(self.made.mean() - self.made, 0)
        lack = lack / lack.sum() if lack.any() else np.full(n, 1 / n)
        return self.exploration * rate + (1 - self.exploration) * lack


def _draw(
    rng: np.random.Generator, labels: np.ndarray, scores: np.ndarray, pairs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A sample of each class per pair, those near the pair's boundary more often.

    ``p ∝ 1 / (logit_own - logit_other + 1e-4)`` within a class.
    """
    chosen = np.zeros((len(pairs), 2), dtype=int)
    for own, other in {(int(a), int(b)) for a, b in pairs}:
        rows = np.flatnonzero((pairs == (own, other)).all(axis=1))
        for side, (mine, its) in enumerate(((own, other), (other, own))):
            members = np.flatnonzero(labels == mine)
            gap = scores[members, mine] - scores[members, its]
            p = 1.0 / (gap.astype(float) + 1e-4)
            chosen[rows, side] = rng.choice(members, size=len(rows), p=p / p.sum())
    return chosen[:, 0], chosen[:, 1]


def one_by_one(
    sampler: BoundarySampler,
    classify: Classifier,
    x: np.ndarray,
    parents: np.ndarray,
    scores: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """`BoundarySampler.locate` as the released code does it, for comparison.

    Pair after pair, a forward pass per mix: the bracket is halved until it and the
    margin are both below ``delta``.
    """
    shares, good = np.zeros(len(parents)), np.zeros(len(parents), bool)
    for at, pair in enumerate(parents):
        low, high = sampler.lower, 1.0
        for _ in range(sampler.passes):
            shares[at] = (low + high) / 2
            found = classify(mix(x, pair[None], shares[at : at + 1]))
            if found.argmax() == scores[pair[0]].argmax():
                high = shares[at]
            else:
                low = shares[at]
            good[at] = margin(found)[0] < sampler.delta and high - low < sampler.delta
            if good[at]:
                break
    return shares, good
