"""A trace that costs nothing: classes drift apart, each time with a linear head."""

from __future__ import annotations

import numpy as np

from helpers.training_visualization.boundary_samples import BoundarySampler
from helpers.training_visualization.heads import LinearHead, logits
from helpers.training_visualization.trace import Trace


def small_trace(
    checkpoints=4,
    samples=200,
    features=16,
    classes=4,
    boundary=30,
    test=40,
    seed=0,
    uneven=False,
):
    """Gaussian classes whose centres move away from 0; samples keep their own noise.

    Parameters
    ----------
    boundary : int
        Mixes of representations, 0 for a trace without boundary points.
    uneven : bool
        Three boundary points fewer at every further checkpoint.
    """
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, features))
    y = rng.integers(classes, size=samples + test)
    noise = rng.normal(size=(samples + test, features))
    train, held_out, heads, edges = [], [], [], []
    for t in range(checkpoints):
        spread = 0.5 + 1.5 * t / max(checkpoints - 1, 1)
        noise = 0.9 * noise + 0.3 * rng.normal(size=noise.shape)
        x = (spread * centres[y] + 0.6 * noise).astype(np.float32)
        weight = (spread * centres).astype(np.float32)
        head = LinearHead(weight, -0.5 * (weight**2).sum(axis=1))
        train.append(x[:samples])
        held_out.append(x[samples:])
        heads.append(head)
        if boundary:
            count = boundary - 3 * t * uneven
            mixes = BoundarySampler()(
                lambda z, head=head: logits(head, z), x[:samples], count, seed=t
            )
            edges.append(mixes.samples)
    return Trace(
        tuple(range(1, checkpoints + 1)),
        np.stack(train),
        tuple(heads),
        y[:samples],
        np.stack(held_out) if test else np.zeros((0, 0, 0), np.float32),
        y[samples:],
        tuple(edges),
    )
