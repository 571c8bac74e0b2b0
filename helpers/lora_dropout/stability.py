r"""The paper's stability argument on a problem where every quantity can be computed.

LoRA Dropout enters the theory as weighted L2, ``lambda (2p - p^2) |theta - theta0|^2``
(section 4.1). For logistic regression with that penalty, leave-one-out refits are exact
and the Hessian is known, so proposition 4.2 can be checked. No dropout is run: the
check is of the surrogate that the theorem is about.

What the argument does not see: that masks come as rows and columns, that they change at
every step, or how the remainder of a Taylor expansion grows with the distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.lora_dropout.sparsity import dropped_share


def stability_bound(
    lipschitz: float, curvature: float, strength: float, p: float, n: int
) -> float:
    r"""Proposition 4.2: ``2 eta^2 / ((Lambda_min + 2 lambda (2p - p^2)) n)``.

    Parameters
    ----------
    lipschitz : float
        eta, of the loss of one example in the parameters.
    curvature : float
        Lambda_min, smallest eigenvalue of the Hessian of the mean loss.
    strength : float
        lambda.
    p : float
        Drop probability.
    n : int
        Training examples.

    Raises
    ------
    ValueError
        If there is no curvature at all, so that the bound is infinite, or n is below 1.
    """
    if n < 1:
        raise ValueError(f"n is {n}; allowed: 1 or more")
    total = curvature + 2 * strength * dropped_share(p)
    if not total > 0:
        raise ValueError(
            f"curvature {curvature} and penalty {strength} at p = {p} add up to "
            f"{total}; allowed: more than 0"
        )
    return 2 * lipschitz**2 / (total * n)


def stability_term(beta: float, *, n: int, delta: float, loss_range: float) -> float:
    r"""Lemma 4.3: ``sqrt((C^2 + 12 C n beta) / (2 n delta))``.

    With probability 1 - delta the expected loss exceeds the training loss by no more.

    Parameters
    ----------
    beta : float
        Pointwise hypothesis stability.
    loss_range : float
        C, the largest loss of an example.
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta is {delta}; allowed: between 0 and 1")
    return float(
        np.sqrt((loss_range**2 + 12 * loss_range * n * beta) / (2 * n * delta))
    )


def generalisation_term(
    p: float,
    *,
    n: int,
    delta: float,
    loss_range: float,
    lipschitz: float,
    curvature: float,
    strength: float,
) -> float:
    r"""Theorem 4.4: the gap between expected and training loss that the bound allows.

    .. math:: \sqrt{\frac{C^2 + 24 C \eta^2 / (\Lambda_{min} + 2\lambda(2p - p^2))}
              {2 n \delta}}

    It falls with p, while the training loss rises: the argument for a best p inside.
    Arguments as in `stability_bound` and `stability_term`.
    """
    beta = stability_bound(lipschitz, curvature, strength, p, n)
    return stability_term(beta, n=n, delta=delta, loss_range=loss_range)


@dataclass(frozen=True)
class Stability:
    """One drop probability: what was found, and what the paper's bound allows.

    Attributes
    ----------
    p : float
    stability : float
        Mean over i of ``|l(x_i; theta without i) - l(x_i; theta)|`` (definition 4.1).
    bound : float
        Proposition 4.2 with the two constants below.
    gap : float
        Test loss minus training loss.
    train_loss : float
    lipschitz : float
        Largest gradient of an example's loss between any refit and the full fit.
    curvature : float
        Smallest eigenvalue of the mean loss's Hessian at the full fit.
    """

    p: float
    stability: float
    bound: float
    gap: float
    train_loss: float
    lipschitz: float
    curvature: float


def logistic_problem(n: int, features: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian features (n, d) and labels of 0 and 1 drawn from a logistic model."""
    weights = np.random.default_rng(seed).normal(size=features)
    draw = np.random.default_rng((seed, n))
    x = draw.normal(size=(n, features))
    return x, (draw.random(n) < _sigmoid(x @ weights)).astype(float)


def fit_logistic(
    x: np.ndarray, y: np.ndarray, penalty: float, counted: np.ndarray
) -> np.ndarray:
    """Minimisers of ``mean loss + penalty |theta|^2``, one for each row of ``counted``.

    Newton's method on all of them at once, until the steps are rounding errors.

    Parameters
    ----------
    x, y : np.ndarray
        Features (n, d), labels of 0 and 1 (n,).
    penalty : float
        ``lambda (2p - p^2)``.
    counted : np.ndarray
        Weights of the examples in each fit, shape (k, n).

    Returns
    -------
    np.ndarray
        Shape (k, d).

    Raises
    ------
    ValueError
        If it does not converge: classes that a plane divides, without a penalty.
    """
    theta = np.zeros((len(counted), x.shape[1]))
    weight = counted / counted.sum(axis=1, keepdims=True)
    ridge = 2 * penalty * np.eye(x.shape[1])
    for _ in range(60):
        chance = _sigmoid(theta @ x.T)
        slope = (weight * (chance - y)) @ x + 2 * penalty * theta
        bend = np.einsum("kn,ni,nj->kij", weight * chance * (1 - chance), x, x)
        try:
            step = np.linalg.solve(bend + ridge, slope[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:  # so far out that no curvature is left
            break
        # far from the minimum a full step may overshoot
        length = np.linalg.norm(step, axis=1, keepdims=True)
        theta -= step * np.minimum(1, 2 / np.maximum(length, 1e-300))
        if length.max() < 1e-10:
            return theta
    raise ValueError(
        "no minimum was found: without a penalty there is none where a plane divides "
        "the classes; allowed: p or strength above 0, or more examples"
    )


def logistic_stability(
    p: float,
    *,
    n: int = 60,
    features: int = 8,
    strength: float = 0.05,
    seed: int = 0,
    test_size: int = 20_000,
) -> Stability:
    """Exact leave-one-out stability beside the paper's bound.

    Parameters
    ----------
    p : float
        Drop probability, in [0, 1]; 0 is no penalty.
    n, features : int
        Size of the training set.
    strength : float
        lambda.
    seed : int
        Of the problem; the same for every p.
    """
    x, y = logistic_problem(n, features, seed)
    penalty = strength * dropped_share(p)
    full = fit_logistic(x, y, penalty, np.ones((1, n)))[0]
    without = fit_logistic(x, y, penalty, 1 - np.eye(n))
    before, after = _losses(x, y, full), np.diag(_losses(x, y, without))
    # (sigmoid - y) moves one way along a segment, so its ends hold the largest gradient
    slopes = np.abs(_sigmoid(np.stack([full, *without]) @ x.T) - y)
    lipschitz = float((slopes * np.linalg.norm(x, axis=1)).max())
    chance = _sigmoid(x @ full)
    hessian = (x * (chance * (1 - chance))[:, None]).T @ x / n
    curvature = float(np.linalg.eigvalsh(hessian)[0])
    fresh, truth = logistic_problem(test_size, features, seed)
    return Stability(
        p=p,
        stability=float(np.abs(after - before).mean()),
        bound=stability_bound(lipschitz, curvature, strength, p, n),
        gap=float(_losses(fresh, truth, full).mean() - before.mean()),
        train_loss=float(before.mean()),
        lipschitz=lipschitz,
        curvature=curvature,
    )


def _sigmoid(scores: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * scores))


def _losses(x: np.ndarray, y: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Loss of every example, shape (n,), or (k, n) for k parameter vectors."""
    scores = theta @ x.T
    return np.logaddexp(0, scores) - y * scores
