"""Mixed samples lie on the boundary, evenly over the class pairs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from helpers.training_visualization.boundary_samples import (
    BoundarySampler,
    PairTally,
    mix,
    one_by_one,
)
from helpers.training_visualization.heads import LinearHead, logits, margin


@pytest.fixture(scope="module")
def classifier():
    rng = np.random.default_rng(0)
    return LinearHead(rng.normal(size=(5, 8)), 0.1 * rng.normal(size=5))


@pytest.fixture(scope="module")
def samples():
    return np.random.default_rng(1).normal(size=(400, 8))


@pytest.mark.parametrize("delta", [0.05, 0.1])
def test_samples_are_mixes_on_the_boundary(classifier, samples, delta) -> None:
    found = BoundarySampler(delta=delta, lower=0.6)(classifier, samples, 120)
    assert len(found) == 120
    assert (margin(classifier(found.samples)) < delta).all()
    assert ((found.shares >= 0.6) & (found.shares <= 1)).all()
    first, second = found.parents.T
    m = found.shares[:, None]
    np.testing.assert_allclose(
        found.samples, m * samples[first] + (1 - m) * samples[second]
    )
    labels = classifier(samples).argmax(axis=1)
    np.testing.assert_array_equal(found.pairs, labels[found.parents])
    assert (found.pairs[:, 0] != found.pairs[:, 1]).all()


def test_the_margin_changes_sides_at_the_share(classifier, samples) -> None:
    found = BoundarySampler(delta=1e-3, passes=12)(classifier, samples, 60)
    for offset, inside in ((2e-3, True), (-2e-3, False)):
        moved = mix(samples, found.parents, found.shares + offset)
        stays = classifier(moved).argmax(axis=1) == found.pairs[:, 0]
        # a mix at the least share may be good before the classes change
        assert (stays == inside)[found.shares > 0.51].all()
    assert (found.shares > 0.51).sum() > 20


@pytest.fixture(scope="module")
def pairs(classifier, samples):
    """Pairs of samples that the classifier puts into different classes."""
    labels = classifier(samples).argmax(axis=1)
    drawn = np.random.default_rng(0).integers(len(samples), size=(400, 2))
    return drawn[labels[drawn[:, 0]] != labels[drawn[:, 1]]]


def test_a_batch_finds_what_single_searches_find(classifier, samples, pairs) -> None:
    sampler = BoundarySampler()
    together = sampler.locate(classifier, samples, pairs)
    alone = [sampler.locate(classifier, samples, pair[None]) for pair in pairs]
    np.testing.assert_allclose(together[0], np.concatenate([s for s, _ in alone]))
    np.testing.assert_array_equal(together[1], np.concatenate([g for _, g in alone]))
    assert together[1].any() and not together[1].all()


def test_agrees_with_a_long_bisection(classifier, samples, pairs) -> None:
    sampler = BoundarySampler(delta=1e-4, passes=30)
    share, good = sampler.locate(classifier, samples, pairs)
    labels = classifier(samples).argmax(axis=1)
    for pair, found, reached in zip(pairs, share, good, strict=True):
        low, high = 0.5, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            mixed = mix(samples, pair[None], np.array([middle]))
            stays = classifier(mixed).argmax() == labels[pair[0]]
            low, high = (low, middle) if stays else (middle, high)
        # where the prediction never changes, the search ends at the least share
        assert abs(found - high) < 2e-3
        assert reached == (high > 0.5 + 1e-9)


def test_asks_half_of_what_the_released_procedure_does(
    classifier, samples, pairs
) -> None:
    sampler, asked = BoundarySampler(), []

    def counted(x):
        asked.append(len(x))
        return classifier(x)

    scores = classifier(samples)
    share, good = sampler.locate(counted, samples, pairs, scores)
    ours, asked = sum(asked), []
    released_share, released = one_by_one(sampler, counted, samples, pairs, scores)
    np.testing.assert_array_equal(good, released)
    assert 2 * ours < sum(asked) < 8 * len(pairs) and set(asked) == {1}
    margins = (
        margin(classifier(mix(samples, pairs[good], found[good]))).mean()
        for found in (share, released_share)
    )
    assert next(margins) < next(margins) < sampler.delta


@pytest.mark.parametrize("lower", [0.5, 0.6])
def test_both_directions_share_the_mix_in_the_middle(
    classifier, samples, pairs, lower
) -> None:
    sampler, asked = BoundarySampler(lower=lower), []

    def counted(x):
        asked.append(len(x))
        return classifier(x)

    scores = classifier(samples)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    together = sampler.locate(counted, samples, both, scores)
    assert asked[0] == (len(pairs) if lower == 0.5 else len(both))
    there = sampler.locate(classifier, samples, pairs, scores)
    back = sampler.locate(classifier, samples, pairs[:, ::-1], scores)
    for found, *ways in zip(together, there, back, strict=True):
        np.testing.assert_allclose(found, np.concatenate(ways))


def test_logits_that_rise_steeply() -> None:
    """Without Illinois' rule one end would stay for ever, far from the boundary."""

    def cliff(x):
        lead = np.exp(12 * x[:, 0]) - np.exp(10.0)
        return np.stack([lead, np.zeros(len(x)), -2 * np.abs(lead) - 1], axis=1)

    x, pair = np.array([[0.0], [1.0]]), np.array([[1, 0]])
    share, good = BoundarySampler(passes=16).locate(cliff, x, pair)
    assert good[0] and abs(share[0] - 10 / 12) < 1e-4


def test_one_predicted_class_has_no_boundary(samples) -> None:
    calls = []

    def constant(x):
        calls.append(len(x))
        return np.tile([1.0, 0.0, 0.0], (len(x), 1))

    found = BoundarySampler()(constant, samples, 30)
    assert len(found) == 0 and found.samples.shape == (0, 8)
    assert found.parents.shape == found.pairs.shape == (0, 2)
    assert calls == [400]


def test_evenly_over_pairs_and_in_both_directions(classifier, samples) -> None:
    found = BoundarySampler(lower=0.0)(classifier, samples, 400)
    pairs, count = np.unique(np.sort(found.pairs, axis=1), axis=0, return_counts=True)
    share = count / count.sum()
    assert len(pairs) == 10
    assert -(share * np.log(share)).sum() > 0.97 * np.log(10)
    forward = (found.pairs[:, 0] < found.pairs[:, 1]).mean()
    assert 0.4 < forward < 0.6


@pytest.mark.parametrize("count", [0, 1, 37])
def test_no_more_than_asked_for(classifier, samples, count) -> None:
    assert len(BoundarySampler()(classifier, samples, count)) == count


def test_fewer_where_no_mix_is_good(samples) -> None:
    def steep(x):
        """A third class wherever the two others meet."""
        a = 10 * x[:, 0]
        return np.stack([a, -a, np.where(np.abs(a) < 5, 40.0, -40.0)], axis=1)

    far = samples[np.abs(samples[:, 0]) > 0.6]
    found = BoundarySampler(rounds=2)(steep, far, 20)
    assert len(found) == 0 and found.samples.shape == (0, 8)


def test_seeds(classifier, samples) -> None:
    def draw(seed):
        return BoundarySampler()(classifier, samples, 25, seed).samples

    np.testing.assert_array_equal(draw(3), draw(3))
    assert not np.array_equal(draw(3), draw(4))


def test_images_of_a_network_and_known_scores() -> None:
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        net = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)
        )
    rng = np.random.default_rng(0)
    images = rng.normal(size=(80, 1, 8, 8)).astype(np.float32)
    before = images.copy()
    scores = logits(net, images)
    found = BoundarySampler()(lambda x: logits(net, x), images, 20, scores=scores)
    assert found.samples.shape == (20, 1, 8, 8) and found.samples.dtype == np.float32
    assert (margin(logits(net, found.samples)) < 0.1 + 1e-4).all()
    np.testing.assert_array_equal(images, before)


def test_images_of_whole_numbers_are_mixed_too(classifier) -> None:
    x = np.random.default_rng(0).integers(-128, 127, size=(200, 8)).astype(np.int8)
    found = BoundarySampler()(classifier, x, 20)
    assert found.samples.dtype == np.float32 and len(found) == 20
    assert (margin(classifier(found.samples)) < 0.1).all()


def test_pairs_that_lack_samples_are_drawn_more() -> None:
    tally = PairTally(3, exploration=0.0)
    np.testing.assert_allclose(tally.chances(), 1 / 3)
    tally.add(np.array([0, 0, 0, 1, 1, 2]), np.array([1, 1, 1, 1, 0, 0], dtype=bool))
    # made 3, 1, 0: mean 4/3, deficits 0, 1/3, 4/3
    np.testing.assert_allclose(tally.chances(), [0, 0.2, 0.8])
    tally.exploration = 1.0
    np.testing.assert_allclose(tally.chances(), [2 / 3, 1 / 3, 0])
    hopeless = PairTally(2, exploration=1.0)
    hopeless.add(np.array([0, 1]), np.zeros(2, dtype=bool))
    np.testing.assert_allclose(hopeless.chances(), 0.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("delta", -0.1),
        ("lower", 1.5),
        ("exploration", 2),
        ("passes", 0),
        ("rounds", 0),
    ],
)
def test_refusals(name, value) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}; allowed"):
        BoundarySampler(**{name: value})
