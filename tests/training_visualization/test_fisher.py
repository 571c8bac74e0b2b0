"""DeepView's distances against loops and scipy; what is refused."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from helpers.training_visualization.fisher import (
    discriminative_distances,
    fisher_distances,
    jensen_shannon,
    project_deepview,
)
from helpers.training_visualization.heads import logits, softmax
from helpers.training_visualization.projection import evaluate
from tests.training_visualization.small_traces import small_trace


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_jensen_shannon_agrees_with_scipy(seed, classes) -> None:
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.full(classes, 0.3), size=2)
    found = jensen_shannon(p, q)
    assert found == pytest.approx(jensenshannon(p, q) ** 2, abs=1e-9)
    assert 0 <= found <= np.log(2) + 1e-9
    assert jensen_shannon(p, p) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_distances_agree_with_a_loop(steps) -> None:
    trace = small_trace(samples=12, boundary=0)
    x, head = trace.train[-1], trace.heads[-1]
    found = discriminative_distances(x, head, steps)
    for i in range(12):
        for j in range(12):
            share = np.linspace(0, 1, steps + 2)[:, None]
            p = softmax(logits(head, x[i] + share * (x[j] - x[i])))
            parts = [jensenshannon(a, b) for a, b in pairwise(p.astype(float))]
            # float32 logits: the root of a tiny divergence is noise
            assert found[i, j] == pytest.approx(np.nansum(parts), abs=5e-3)
    mixed = fisher_distances(x, head, steps, 0.65)
    away = np.linalg.norm(x[:, None].astype(float) - x, axis=2)
    np.testing.assert_allclose(
        mixed, 0.65 * away / away.max() + 0.35 * found / found.max()
    )
    np.testing.assert_array_equal(mixed, mixed.T)
    assert not mixed.diagonal().any() and mixed.max() <= 1


def test_more_steps_see_a_class_in_between() -> None:
    trace = small_trace(samples=30, boundary=0)
    x, head = trace.train[-1], trace.heads[-1]
    coarse, fine = (discriminative_distances(x, head, s) for s in (0, 20))
    # the root of Jensen-Shannon is a metric, so a path is no shorter than its chord
    assert (fine >= coarse - 1e-3).all()


def test_the_weight_chooses_between_both_distances() -> None:
    trace = small_trace(samples=30, boundary=0)
    x, head = trace.train[-1], trace.heads[-1]
    away = np.linalg.norm(x[:, None].astype(float) - x, axis=2)
    np.testing.assert_allclose(fisher_distances(x, head, 2, 1.0), away / away.max())
    travelled = discriminative_distances(x, head, 2)
    np.testing.assert_allclose(
        fisher_distances(x, head, 2, 0.0), travelled / travelled.max()
    )
    same = np.repeat(x[:1], 3, axis=0)
    assert not fisher_distances(same, head).any()


def test_what_is_refused() -> None:
    trace = small_trace(samples=301, boundary=0)
    x, head = trace.train[0], trace.heads[0]
    with pytest.raises(ValueError, match="301 samples; allowed: 2 to 300"):
        fisher_distances(x, head)
    with pytest.raises(ValueError, match="choose a subset"):
        project_deepview(trace)
    with pytest.raises(ValueError, match="1 samples"):
        fisher_distances(x[:1], head)
    with pytest.raises(ValueError, match="steps is -1"):
        fisher_distances(x[:5], head, steps=-1)
    with pytest.raises(ValueError, match="weight is 2; allowed: 0 to 1"):
        fisher_distances(x[:5], head, weight=2)


def test_deepview_places_a_subset() -> None:
    part = small_trace(checkpoints=2, boundary=20).first(80, 0)
    found = project_deepview(part, n_epochs=80)
    assert [z.shape for z in found.train] == [(80, 2)] * 2
    assert [z.shape for z in found.boundary] == [(20, 2)] * 2
    table = evaluate(found, part, ks=(10,))
    assert (table.neighbors > 2 * 10**2 / 79).all() and table.ppr.isna().all()
