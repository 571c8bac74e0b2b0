"""Snapshots of a training: what they hold, leave untouched and refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.training_visualization.boundary_samples import BoundarySampler
from helpers.training_visualization.heads import LinearHead, logits, margin
from helpers.training_visualization.recorder import Recorder

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)
X_TEST, Y_TEST = X[:10] + 0.1, Y[:10]


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3)
    )


def train(model: nn.Module, steps: int = 5) -> None:
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(steps):
        optimiser.zero_grad()
        F.cross_entropy(model(torch.tensor(X)), torch.tensor(Y)).backward()
        optimiser.step()


def whole(model: nn.Module, x: np.ndarray = X) -> np.ndarray:
    """Logits of the model in evaluation mode, by itself."""
    before = model.training
    with torch.no_grad():
        scores = model.eval()(torch.tensor(x)).numpy()
    model.train(before)
    return scores


def hooks(model: nn.Module) -> int:
    return sum(
        len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()
    )


class Branches(nn.Module):
    """Two ways from input to logits; with ``skip`` one of them avoids ``body``."""

    def __init__(self, skip: bool = False, factor: float = 1.0) -> None:
        super().__init__()
        self.body, self.relu = nn.Linear(6, 8), nn.ReLU()
        self.head, self.around = nn.Linear(8, 3), nn.Linear(6, 3)
        self.unused = nn.Linear(2, 2)
        self.skip, self.factor = skip, factor

    def forward(self, x: Tensor) -> Tensor:
        scores = self.head(self.relu(self.relu(self.body(x))))
        return self.factor * (scores + self.around(x) if self.skip else scores)


@pytest.mark.parametrize("batch", [7, 512])
def test_a_trace_holds_what_the_network_does(batch: int) -> None:
    model = network()
    recorder = Recorder(
        model, data=X, y=Y, test=X_TEST, y_test=Y_TEST, boundary_share=0.5, batch=batch
    )
    expected, tested = [], []
    for epoch in (2, 5):
        train(model)
        recorder.snapshot(epoch)
        expected.append(whole(model))
        tested.append(whole(model, X_TEST))
    trace = recorder.trace()
    assert trace.epochs == recorder.epochs == (2, 5)
    assert trace.train.shape == (2, 40, 8)
    assert trace.train.dtype == np.float32
    np.testing.assert_allclose(trace.train_scores, expected, atol=1e-5)
    np.testing.assert_allclose(trace.test_scores, tested, atol=1e-5)
    np.testing.assert_allclose(trace.train[1], whole(model[:4]), atol=1e-6)
    assert all(isinstance(head, LinearHead) for head in trace.heads)
    assert [len(edge) for edge in trace.boundary] == [20, 20]
    for head, edge in zip(trace.heads, trace.boundary, strict=True):
        assert (margin(logits(head, edge)) < 0.1).all()
    assert not np.allclose(trace.heads[0].weight, trace.heads[1].weight)  # frozen


def test_training_runs_as_if_nobody_watched() -> None:
    """Modes (of each module), gradients, statistics, random numbers stay."""
    alone, watched = network(), network()
    for model in (alone, watched):
        model[1].eval()  # as in fine-tuning with frozen statistics
    torch.manual_seed(1)
    for _ in range(3):
        train(alone, 2)
    torch.manual_seed(1)
    recorder = Recorder(watched, data=X, y=Y)
    for epoch in range(3):
        train(watched, 2)
        before = [p.grad.clone() for p in watched.parameters() if p.grad is not None]
        recorder.snapshot(epoch)
        after = [p.grad for p in watched.parameters() if p.grad is not None]
        assert all(map(torch.equal, before, after))
        assert watched[0].training
        assert not watched[1].training
        assert hooks(watched) == 0
    for left, right in zip(
        alone.state_dict().values(), watched.state_dict().values(), strict=True
    ):
        assert torch.equal(left, right)


def test_an_error_leaves_no_hook_and_no_mode() -> None:
    model = network()
    fails = False

    def forward(model: nn.Module, batch: Tensor) -> Tensor:
        scores = model(batch)
        if fails:
            raise KeyboardInterrupt
        return scores

    with (
        pytest.raises(KeyboardInterrupt),
        Recorder(model, data=X, y=Y, forward=forward) as recorder,
    ):
        recorder.snapshot(0)
        fails = True
        recorder.snapshot(1)
    assert hooks(model) == 0
    assert model.training
    assert recorder.trace().epochs == (0,)
    with pytest.raises(RuntimeError, match="closed"):
        recorder.snapshot(2)


@pytest.mark.parametrize(
    ("layer", "head", "features", "linear"),
    [
        (None, None, 8, True),
        ("2", None, 8, True),  # dropout is nothing in evaluation mode
        ("1", None, 8, False),  # a ReLU follows
        ("0", None, 8, False),
        (None, "2", 8, False),  # a head that is not all of it is refused, see below
        (None, "4", 8, True),
        ("3", "4", 8, True),
    ],
)
def test_any_layer_may_be_watched(
    layer: str | None, head: str | None, features: int, linear: bool
) -> None:
    model = network()
    train(model)
    recorder = Recorder(model, layer, head=head, data=X, y=Y, boundary=None)
    if head == "2":
        with pytest.raises(ValueError, match="does not decide the logits"):
            recorder.snapshot(0)
        return
    recorder.snapshot(0)
    trace = recorder.trace()
    assert trace.train.shape[2] == features
    assert isinstance(trace.heads[0], LinearHead) is linear
    assert trace.boundary == ()
    np.testing.assert_allclose(trace.train_scores[0], whole(model), atol=1e-5)
    frozen = whole(model)
    train(model)
    np.testing.assert_allclose(
        logits(trace.heads[0], trace.train[0]), frozen, atol=1e-5
    )


def test_the_rest_of_a_network_with_images_and_a_module_as_layer() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 9), nn.Linear(9, 3)
    )
    images = RNG.normal(size=(12, 1, 6, 6)).astype(np.float32)
    recorder = Recorder(model, model[0], data=torch.tensor(images), y=np.arange(12) % 3)
    recorder.snapshot(0)
    trace = recorder.trace()
    assert trace.train.shape == (1, 12, 64)
    np.testing.assert_allclose(trace.train_scores[0], whole(model, images), atol=1e-5)
    points = torch.randn(2, 64, requires_grad=True)  # a map's gradients need these
    trace.heads[0](points).sum().backward()
    assert points.grad is not None


def test_a_head_that_is_a_block() -> None:
    torch.manual_seed(0)
    block = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.Tanh(), nn.Linear(5, 3))
    model = nn.Sequential(nn.Conv2d(1, 4, 3), block)
    images = RNG.normal(size=(12, 1, 6, 6)).astype(np.float32)
    recorder = Recorder(model, head=block, data=images, y=np.arange(12) % 3)
    recorder.snapshot(0)
    trace = recorder.trace()
    assert trace.train.shape == (1, 12, 64)
    np.testing.assert_allclose(trace.train_scores[0], whole(model, images), atol=1e-5)


def test_layers_and_models_that_return_tuples() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.head = nn.GRU(2, 4, batch_first=True), nn.Linear(4, 3)

        def forward(self, x: Tensor) -> tuple[Tensor]:
            return (self.head(self.rnn(x)[0][:, -1]),)

    torch.manual_seed(0)
    model, series = Recurrent(), X.reshape(40, 3, 2)
    for layer, features in (("rnn", 12), (None, 4)):
        recorder = Recorder(model, layer, data=series, y=Y)
        recorder.snapshot(0)
        trace = recorder.trace()
        assert trace.train.shape == (1, 40, features)
        with torch.no_grad():
            expected = model(torch.tensor(series))[0].numpy()
        np.testing.assert_allclose(trace.train_scores[0], expected, atol=1e-5)


def test_a_path_around_the_layer_is_refused() -> None:
    Recorder(Branches(), "body", data=X, y=Y, boundary=None).snapshot(0)
    for model, options in (
        (Branches(skip=True), {"head": "head"}),
        (Branches(factor=2.0), {"head": "head"}),
    ):
        recorder = Recorder(model, data=X, y=Y, boundary=None, **options)
        with pytest.raises(ValueError, match="does not decide the logits"):
            recorder.snapshot(0)


def test_token_ids_and_wrapped_logits() -> None:
    class Output:
        def __init__(self, logits: Tensor) -> None:
            self.logits = logits

    class Bag(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.head = nn.EmbeddingBag(20, 8), nn.Linear(8, 3)

        def forward(self, *, ids: Tensor) -> Output:
            return Output(self.head(self.words(ids)))

    torch.manual_seed(0)
    ids = RNG.integers(0, 20, (30, 5))
    options: dict[str, Any] = {"data": ids, "y": np.arange(30) % 3}
    forward: Callable[..., Any] = lambda model, batch: model(ids=batch)  # noqa: E731
    with pytest.raises(ValueError, match="allowed: mix='representations'"):
        Recorder(Bag(), forward=forward, **options)
    recorder = Recorder(
        Bag(), forward=forward, mix="representations", boundary_share=0.5, **options
    )
    recorder.snapshot(0)
    trace = recorder.trace()
    assert len(trace.boundary[0]) > 0
    assert (margin(logits(trace.heads[0], trace.boundary[0])) < 0.1).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_floating_types(dtype: torch.dtype) -> None:
    model = network().to(dtype)
    recorder = Recorder(model, data=X, y=Y)
    recorder.snapshot(0)
    assert recorder.trace().train.dtype == np.float32
    assert recorder.trace().heads[0].weight.dtype == np.float32


def test_boundary_samples_depend_on_seed_and_epoch() -> None:
    def edges(seed: int) -> list[np.ndarray]:
        recorder = Recorder(network(), data=X, y=Y, boundary_share=0.5, seed=seed)
        for epoch in (0, 1):
            recorder.snapshot(epoch)
        return list(recorder.trace().boundary)

    np.testing.assert_array_equal(edges(0)[0], edges(0)[0])
    assert not np.array_equal(edges(0)[0], edges(1)[0])
    assert not np.array_equal(*edges(0))


def test_one_predicted_class_has_no_boundary() -> None:
    model = network()
    with torch.no_grad():
        model[4].bias[0] = 100
    recorder = Recorder(model, data=X, y=Y)
    recorder.snapshot(0)
    assert recorder.trace().boundary[0].shape == (0, 8)


@pytest.mark.parametrize("layer", [None, "0"])
def test_an_interrupted_recording_goes_on(tmp_path: Path, layer: str | None) -> None:
    def run(until: int, folder: Path | None) -> Recorder:
        model = network()
        torch.manual_seed(2)
        recorder = Recorder(
            model, layer, data=X, y=Y, test=X_TEST, y_test=Y_TEST, folder=folder
        )
        for epoch in range(until):
            train(model, 2)
            recorder.snapshot(epoch)
        return recorder

    run(2, tmp_path)
    names = ["epoch_000000.npz", "epoch_000001.npz"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    times = [(tmp_path / name).stat().st_mtime_ns for name in names]
    again = run(3, tmp_path)
    assert [(tmp_path / name).stat().st_mtime_ns for name in names] == times
    straight = run(3, None)
    straight.save(tmp_path / "other")
    head = None if layer is None else straight.trace().heads[0]
    assert head is None or isinstance(head, nn.Module)
    for found in (
        again.trace(),
        Recorder.load_trace(tmp_path, head),
        Recorder.load_trace(tmp_path / "other", head),
    ):
        expected = straight.trace()
        assert found.epochs == expected.epochs == (0, 1, 2)
        for name in ("train", "test", "y", "y_test", "train_scores"):
            np.testing.assert_allclose(
                getattr(found, name), getattr(expected, name), atol=1e-5
            )
        for left, right in zip(found.boundary, expected.boundary, strict=True):
            np.testing.assert_allclose(left, right, atol=1e-5)
    if layer:
        with pytest.raises(ValueError, match="pass head="):
            Recorder.load_trace(tmp_path)
        with pytest.raises(ValueError, match="another architecture"):
            Recorder.load_trace(tmp_path, nn.Linear(2, 2))


def test_recordings_are_not_mixed(tmp_path: Path) -> None:
    model = network()
    Recorder(model, data=X, y=Y, folder=tmp_path).snapshot(0)
    for change in (
        {"data": X + 1},
        {"y": Y[::-1].copy()},
        {"layer": "0"},
        {"boundary": None},
        {"boundary": BoundarySampler(lower=0.6)},
        {"seed": 1},
    ):
        options: dict[str, Any] = {"data": X, "y": Y, "folder": tmp_path, **change}
        with pytest.raises(ValueError, match="holds a recording of other"):
            Recorder(model, **options)
    other = Recorder(network(1), data=X, y=Y, folder=tmp_path)
    with pytest.raises(ValueError, match="epoch 0 of another training"):
        other.snapshot(0)
    with pytest.raises(ValueError, match="holds a recording of other"):
        Recorder(model, data=X, y=Y, seed=1).save(tmp_path)


def test_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no recorded checkpoint"):
        Recorder.load_trace(tmp_path)
    Recorder(network(), data=X, y=Y, folder=tmp_path).snapshot(0)
    path = tmp_path / "epoch_000000.npz"
    content = path.read_bytes()
    np.savez(tmp_path / "x.npz", a=np.array([object()], dtype=object))
    for damage in (b"", content[:200], b"text", (tmp_path / "x.npz").read_bytes()):
        path.write_bytes(damage)
        with pytest.raises(ValueError, match="epoch_000000"):
            Recorder.load_trace(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": Y[:-1]}, r"data has shape \(40, 6\), y \(39,\)"),
        ({"test": X_TEST, "y_test": Y}, r"test has shape \(10, 6\), y_test \(40,\)"),
        ({"test": X_TEST}, "belong together"),
        ({"data": X[:1], "y": Y[:1]}, "1 samples; allowed: 2 or more"),
        ({"y": Y - 1}, "class numbers"),
        ({"y": Y + 0.5}, "class numbers"),
        (
            {"y": Y + 1, "head": "head"},
            "label 3, but the model has 3 classes; allowed: 0 to 2",
        ),
        ({"boundary_share": 0}, "boundary_share is 0"),
        ({"batch": 0}, "batch is 0"),
        ({"mix": "input"}, "did you mean 'inputs'"),
        ({"layer": "boddy"}, "unknown layer 'boddy'; did you mean 'body'"),
        ({"head": "heat"}, "unknown head 'heat'; did you mean 'head'"),
        ({"layer": nn.Linear(2, 2)}, "no part of Branches"),
        ({"layer": "unused"}, "layer 'unused' is never called"),
        ({}, "layer 'unused' is never called"),  # it is the last one defined
        ({"layer": "relu"}, "layer 'relu' is 2 times called"),
        ({"forward": lambda model, x: None}, "without logits"),
        ({"forward": lambda model, x: model(x)[:, 0]}, r"shape \(16,\)"),
        ({"forward": lambda model, x: model(x)[:1]}, r"shape \(1, 3\)"),
    ],
)
def test_bad_input(change: dict[str, Any], message: str) -> None:
    model = Branches()
    with pytest.raises(ValueError, match=message):
        Recorder(model, **{"data": X, "y": Y, **change})
    assert hooks(model) == 0


def test_bad_epochs_and_bad_weights() -> None:
    model = network()
    recorder = Recorder(model, data=X, y=Y)
    with pytest.raises(ValueError, match="nothing is recorded"):
        recorder.trace()
    recorder.snapshot(3)
    with pytest.raises(ValueError, match="epoch 3 is recorded twice"):
        recorder.snapshot(3)
    with pytest.raises(ValueError, match="epoch is -1"):
        recorder.snapshot(-1)
    with torch.no_grad():
        model[0].weight[0, 0] = np.nan
    with pytest.raises(ValueError, match="epoch 4 are not finite"):
        recorder.snapshot(4)
    assert recorder.epochs == (3,)
    with pytest.raises(ValueError, match="has no linear layer"):
        Recorder(nn.Sequential(nn.ReLU()), data=X, y=Y)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_model_stays_on_its_gpu() -> None:
    model = network().cuda()
    state = torch.cuda.get_rng_state()
    for layer in (None, "0"):
        recorder = Recorder(model, layer, data=X, y=Y)
        recorder.snapshot(0)
        assert len(recorder.trace().boundary[0]) > 0
        assert recorder.trace().train_scores.shape == (1, 40, 3)
    assert next(model.parameters()).is_cuda
    assert torch.equal(state, torch.cuda.get_rng_state())
