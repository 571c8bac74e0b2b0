"""Networks: layers as published, updates as in torch, declared work as counted."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from helpers.spot_tuning.workload_data import Split, digit_images
from helpers.spot_tuning.workload_models import AlexNet, ResNet, network_operations
from helpers.spot_tuning.workload_networks import (
    NetworkTrial,
    crop_and_flip,
    network_seconds,
    noise,
)
from helpers.spot_tuning.workload_state import Schedule, TrialKey

KEY = TrialKey("test", {}, 0)


def _tiny() -> AlexNet:
    return AlexNet(1, [(4, True), (6, True)], [], 8)


def _data(rows: int = 40) -> Split:
    whole = digit_images(0)
    return Split(whole.x[:rows], whole.y[:rows], whole.x_val[:20], whole.y_val[:20])


def _trial(network=_tiny, key: TrialKey = KEY, **options: object) -> NetworkTrial:
    choices = {"schedule": Schedule(0.05, 0.1, (2,)), "batch": 16, "images": 40}
    return NetworkTrial(key, _data(), network, **{**choices, **options})


def test_updates_are_those_of_torch() -> None:
    trial, twin = _trial(), _trial()
    optimizer = torch.optim.SGD(
        twin.network.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4
    )
    x, y = torch.from_numpy(_data().x), torch.from_numpy(_data().y)
    for step in range(4):
        optimizer.param_groups[0]["lr"] = 0.05 * 0.1 ** (step >= 2)
        trial.train_step()
        rows = torch.from_numpy(twin._rng.permutation(40)[:40])
        twin._rng.integers(2**31)  # the seed of dropout
        for part in rows.split(16):
            optimizer.zero_grad()
            F.cross_entropy(twin.network(x[part]), y[part]).backward()
            optimizer.step()
    for ours, theirs in zip(
        trial.network.parameters(), twin.network.parameters(), strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)


def test_metric_is_the_mean_over_all_validation_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trial = _trial()
    trial.network.eval()
    with torch.no_grad():
        scores = trial.network(torch.from_numpy(_data().x_val))
        expected = F.cross_entropy(scores, torch.from_numpy(_data().y_val)).item()
    monkeypatch.setattr("helpers.spot_tuning.workload_networks.EVALUATED", 7)
    assert trial._metric() == pytest.approx(expected, rel=1e-5)


def test_seeds_leave_the_callers_generator_alone() -> None:
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    trial = _trial()
    trial.train_step()
    assert torch.equal(torch.rand(3), expected)
    other = _trial(key=TrialKey("test", {}, 1))
    first, second = (next(t.network.parameters()) for t in (_trial(), other))
    assert not torch.equal(first, second)


def _weighted_layers(network: nn.Module) -> int:
    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    shortcuts = [name for name, _ in network.named_modules() if "shortcut" in name]
    convolved = [
        n for n in shortcuts if isinstance(network.get_submodule(n), nn.Conv2d)
    ]
    return len(layers) - len(convolved)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("depth", "options"),
    [
        (6, {"stages": 2}),
        (10, {"stages": 2}),
        (20, {"stages": 3}),
        (20, {"stages": 3, "bottleneck": True}),
        (29, {"stages": 3, "bottleneck": True}),
    ],
)
def test_depth_counts_weighted_layers(version: int, depth: int, options: dict) -> None:
    network = ResNet(version, depth, channels=3, width=4, **options)
    assert _weighted_layers(network) == depth
    assert network(torch.zeros(2, 3, 16, 16)).shape == (2, 10)


def test_versions_differ_in_what_the_shortcut_passes_on() -> None:
    """With all convolutions 0, version 2 passes a block's input on as it is."""
    x = torch.randn(2, 4, 8, 8)
    for version, expected in ((1, torch.relu(x)), (2, x)):
        block = ResNet(version, 4, channels=1, width=4, stages=1).blocks[0]
        for convolution in block.convolutions:
            nn.init.zeros_(convolution.weight)
        torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize(
    ("version", "depth", "message"),
    [(3, 20, "version is 3"), (1, 29, r"6 n \+ 2"), (1, 2, r"6 n \+ 2")],
)
def test_bad_residual_network(version: int, depth: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ResNet(version, depth, channels=3, width=4, stages=3)


@pytest.mark.parametrize(
    "network",
    [_tiny(), ResNet(2, 10, channels=1, width=4, stages=2, stem_stride=2)],
    ids=["AlexNet", "ResNet"],
)
def test_operations_against_the_counter_of_torch(network: nn.Module) -> None:
    network.eval()
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 1, 8, 8))
    assert 2 * network_operations(network, (1, 8, 8)) == counter.get_total_flops()
    assert not network.training


def test_declared_seconds() -> None:
    work = {"batch": 32, "images": 320, "rows_val": 449}
    small, large = (
        ResNet(1, depth, channels=1, width=8, stages=2) for depth in (6, 10)
    )
    base = network_seconds(small, (1, 8, 8), **work)
    assert network_seconds(large, (1, 8, 8), **work) > base
    assert network_seconds(small, (1, 8, 8), **{**work, "batch": 64}) < base


def test_noise_has_its_deviation_and_comes_from_the_given_generator() -> None:
    images = torch.zeros(50, 1, 8, 8)
    first = noise(0.6)(images, np.random.default_rng(0))
    assert first.std().item() == pytest.approx(0.6, rel=0.05)
    assert torch.equal(first, noise(0.6)(images, np.random.default_rng(0)))


def test_crop_and_flip_against_slices() -> None:
    images = torch.arange(64 * 2 * 6 * 6, dtype=torch.float32).reshape(64, 2, 6, 6)
    changed = crop_and_flip(1)(images, np.random.default_rng(0))
    seen = set()
    for before, after in zip(images, changed, strict=True):
        padded = F.pad(before, (1, 1, 1, 1))
        candidates = {
            (i, j, mirrored): crop.flip(-1) if mirrored else crop
            for i in range(3)
            for j in range(3)
            for mirrored in (False, True)
            for crop in [padded[:, i : i + 6, j : j + 6]]
        }
        matches = [k for k, image in candidates.items() if torch.equal(image, after)]
        assert len(matches) == 1
        seen.update(matches)
    assert len(seen) > 12  # of 18
