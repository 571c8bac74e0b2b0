"""Losses against double loops and autograd; batches against the whole complex."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.training_visualization import fitting
from helpers.training_visualization.autoencoder import Autoencoder
from helpers.training_visualization.batches import Batches
from helpers.training_visualization.complex import Edges
from helpers.training_visualization.fitting import FitSettings, fit_checkpoint
from helpers.training_visualization.losses import (
    CLIP,
    curve,
    reconstruction_loss,
    temporal_loss,
    umap_gradient,
    umap_loss,
)


def places(seed, size, spread=1.0):
    rng = np.random.default_rng(seed)
    z = torch.from_numpy(spread * rng.normal(size=(size, 2)))
    weights = rng.exponential(size=(size, size)) * (rng.random((size, size)) < 0.4)
    weights = torch.from_numpy(weights + weights.T).fill_diagonal_(0)
    return z, weights


def apart(squares, ab):
    """Probability that two places are apart, clipped."""
    a, b = ab
    q = 1 / (1 + a * max(squares, 1e-12) ** b)
    return q, max(1 - q, CLIP)


def test_curve_is_umaps_own() -> None:
    from umap.umap_ import find_ab_params

    for spread, least in ((1.0, 0.1), (1.5, 0.3)):
        assert curve(spread, least) == pytest.approx(find_ab_params(spread, least))


@pytest.mark.parametrize("negatives", [1, 5])
@pytest.mark.parametrize("ab", [None, (1.2, 0.7)])
def test_umap_loss_against_a_double_loop(negatives, ab) -> None:
    z, weights = places(0, 9)
    total = 0.0
    for i in range(9):
        for j in range(9):
            if i != j:
                q, away = apart(float(((z[i] - z[j]) ** 2).sum()), ab or curve())
                total += float(weights[i, j]) * -np.log(q) - negatives * np.log(away)
    expected = total / 72 / (1 + negatives)
    assert float(umap_loss(z, weights, negatives, ab)) == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12), st.sampled_from([1e-2, 0.3, 3, 30]))
def test_gradient_equals_autograd(seed, size, spread) -> None:
    z, weights = places(seed, size, spread)
    z.requires_grad_()
    (expected,) = torch.autograd.grad(umap_loss(z, weights), z)
    found = umap_gradient(z, weights)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)
    assert not found.requires_grad


def test_gradient_with_coinciding_and_clipped_pairs() -> None:
    z, weights = places(1, 8)
    a, b = curve()
    z[1] = z[0]
    # just inside and just outside of where the repulsion is clipped
    for row, factor in ((3, 0.9), (4, 1.1)):
        z[row] = z[2] + torch.tensor([(factor * CLIP / (1 - CLIP) / a) ** (0.5 / b), 0])
    z.requires_grad_()
    (expected,) = torch.autograd.grad(umap_loss(z, weights), z)
    found = umap_gradient(z, weights)
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)


def test_gradient_against_finite_differences() -> None:
    z, weights = places(2, 7)
    z.requires_grad_()
    assert torch.autograd.gradcheck(lambda at: umap_loss(at, weights), z)


def test_gradient_in_single_precision_of_a_wide_map() -> None:
    z, weights = places(3, 40, 100.0)
    z += 1e3
    exact = umap_gradient(z, weights)
    found = umap_gradient(z.float(), weights.float()).double()
    torch.testing.assert_close(found, exact, rtol=1e-3, atol=1e-3 * float(exact.std()))


def complex_of(points, count, seed=0):
    """Random undirected edges, both ways, as a fuzzy set has them."""
    rng = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(points) for j in range(i)]
    chosen = rng.choice(len(pairs), count, replace=False)
    ends = np.array([pairs[c] for c in chosen])
    weights = rng.uniform(0.2, 1, count)
    both = np.concatenate([ends, ends[:, ::-1]])
    return Edges(both[:, 0], both[:, 1], np.tile(weights, 2))


def pair_terms(z):
    """-log q and -log(1 - q) of all pairs, a point with itself as clipped; (N, N)."""
    n = len(z)
    near, far = np.zeros((n, n)), np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            q, away = apart(float(((z[i] - z[j]) ** 2).sum()), curve())
            near[i, j], far[i, j] = -np.log(q), -np.log(away)
    return near, far


@pytest.mark.parametrize("rule", ["weight", "as_released"])
@pytest.mark.parametrize("dense", [True, False])
def test_batches_mean_the_loss_of_the_whole_complex(rule, dense) -> None:
    """The edges' part is the same either way; the pairs' goes by how points are drawn.

    Points at random: every pair alike. Ends of drawn edges: by their degree, a point
    may meet itself, and of an edge's M - 1 partners one is its other end.
    """
    n, size, m = 30, 12, 5
    z, _ = places(4, n)
    edges = complex_of(n, 60)
    chance = edges.chances(rule)
    near, far = pair_terms(z.numpy())
    pull = (chance * near[edges.heads, edges.tails]).sum()
    if dense:
        push = far[~np.eye(n, dtype=bool)].mean()
    else:
        degree = np.bincount(edges.heads, chance, n)  # both ways, so either end's
        others = degree @ far @ degree
        partner = (chance * far[edges.heads, edges.tails]).sum()
        push = ((size - 2) * others + partner) / (size - 1)
    expected = (pull + m * push) / (1 + m)

    batches = Batches(edges, n, size, rule, dense=n if dense else 0, seed=1)
    losses = []
    for _ in range(3000):
        chosen, weights = batches.draw()
        assert len(chosen) == size
        losses.append(float(umap_loss(z[chosen], weights.double(), m)))
    error = np.std(losses) / np.sqrt(len(losses))
    assert error < 0.02 * expected
    assert np.mean(losses) == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("dense", [100, 0])
def test_weights_are_symmetric_and_one_on_average(dense) -> None:
    edges = complex_of(30, 60)
    batches = Batches(edges, 30, 10, dense=dense)
    off = ~torch.eye(10, dtype=torch.bool)
    means = []
    for _ in range(2000):
        _, weights = batches.draw()
        assert torch.equal(weights, weights.T) and not weights.diagonal().any()
        means.append(float(weights[off].mean()))
    assert np.mean(means) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("dense", [100, 0])
def test_batches_of_a_seed_and_of_few_points(dense) -> None:
    edges = complex_of(9, 20)
    draws = [Batches(edges, 9, 500, dense=dense, seed=s).draw()[0] for s in (3, 3, 4)]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])
    assert len(draws[0]) == (9 if dense else 8)


def test_reconstruction_loss() -> None:
    rng = np.random.default_rng(0)
    x, decoded, alpha = (torch.from_numpy(rng.random((5, 3))) for _ in range(3))
    error = (x - decoded).numpy() ** 2
    assert float(reconstruction_loss(x, decoded)) == pytest.approx(error.mean())
    for power in (1.0, 2.0):
        expected = ((1 + alpha.numpy()) ** power * error).mean()
        found = reconstruction_loss(x, decoded, alpha, power)
        assert float(found) == pytest.approx(expected)


def test_temporal_loss() -> None:
    now = [torch.tensor([[1.0, 2.0]]), torch.tensor([3.0])]
    before = [torch.tensor([[0.0, 2.0]]), torch.tensor([1.0])]
    found = temporal_loss(now, before, torch.tensor([0.5, 1.0]))
    assert float(found) == pytest.approx(0.75 * 5)


@pytest.mark.parametrize("temporal", [0.0, 0.7])
def test_a_fit_descends_the_sum_of_the_three_losses(monkeypatch, temporal) -> None:
    """Two plain steps of the fit equal two of autograd on the formulas."""
    n, size, rate = 20, 8, 0.05
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 6)).astype(np.float32)
    alpha = rng.random((n, 6)).astype(np.float32)
    kept = rng.random(n).astype(np.float32)
    settings = FitSettings(2, rate, 5.0, temporal, 5)
    torch.manual_seed(0)
    ours, reference = Autoencoder(6, (7,)), Autoencoder(6, (7,))
    reference.load_state_dict(ours.state_dict())

    class Constant:
        def __init__(self, *args, **options):
            pass

        def step(self):
            pass

    monkeypatch.setattr(
        fitting.torch.optim, "Adam", lambda w, lr, fused: torch.optim.SGD(w, lr)
    )
    monkeypatch.setattr(fitting.torch.optim.lr_scheduler, "OneCycleLR", Constant)
    edges = complex_of(n, 40)
    losses = fit_checkpoint(ours, x, Batches(edges, n, size), settings, alpha, kept)
    assert losses.shape == (2, 2) and np.isfinite(losses).all()

    batches = Batches(edges, n, size)
    before = [w.detach().clone() for w in reference.parameters()]
    plain = torch.optim.SGD(reference.parameters(), rate)
    for _ in range(2):
        chosen, ties = batches.draw()
        batch = torch.from_numpy(x)[chosen]
        z, decoded = reference(batch)
        recon = reconstruction_loss(batch, decoded, torch.from_numpy(alpha)[chosen])
        hold = temporal_loss(
            list(reference.parameters()), before, torch.from_numpy(kept)[chosen]
        )
        loss = umap_loss(z, ties) + 5 * recon + temporal * hold
        plain.zero_grad()
        loss.backward()
        plain.step()
    for a, b, start in zip(
        ours.parameters(), reference.parameters(), before, strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)
        assert not torch.equal(a, start)


def test_a_fit_leaves_torch_as_it_was() -> None:
    x = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    batches = Batches(complex_of(20, 40), 20, 8)
    network = Autoencoder(6, (7,))
    state = torch.get_rng_state()
    fit_checkpoint(network, x, batches, FitSettings(3, 1e-3, 1.0, 0.0, 5))
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert float(torch.tensor(1e-40) * 1) > 0  # small numbers are kept again


@pytest.mark.parametrize("steps", [1, 2, 3, 9, 10, 11, 45])
def test_fits_of_few_steps(steps) -> None:
    x = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    batches = Batches(complex_of(20, 40), 20, 8)
    settings = FitSettings(steps, 1e-3, 1.0, 0.0, 5)
    losses = fit_checkpoint(Autoencoder(6, (7,)), x, batches, settings)
    assert np.isfinite(losses).all() and 1 <= len(losses) <= 23


@pytest.mark.parametrize(("features", "hidden"), [(0, (4,)), (3, ()), (3, (4, 0))])
def test_networks_without_units(features, hidden) -> None:
    with pytest.raises(ValueError, match="at least one hidden layer"):
        Autoencoder(features, hidden)
