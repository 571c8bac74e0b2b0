"""The paper's data sets in their published formats, and a step on each of them."""

from __future__ import annotations

import bz2
import io
import pickle
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.spot_tuning import workload_paper as paper
from helpers.spot_tuning import workload_paper_data as data
from helpers.spot_tuning.workload_models import ResNet
from helpers.spot_tuning.workloads import WORKLOADS, workload

RNG = np.random.default_rng(0)
READERS = (data.epsilon, data.year_prediction, data.cifar10)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The reader's folder of this notebook, empty."""
    monkeypatch.setenv("CURRICULUM_DATA", str(tmp_path))
    monkeypatch.setattr(data, "BUILD", tmp_path / "build")
    own = tmp_path / "spot_tuning"
    own.mkdir()
    for reader in READERS:
        reader.cache_clear()
    yield own
    for reader in READERS:
        reader.cache_clear()


def libsvm_text(x: np.ndarray, labels: np.ndarray) -> bytes:
    """Rows as ``+1 1:0.25 3:0.5``, zeros left out."""
    lines = (
        f"{label:+d} " + " ".join(f"{j + 1}:{v:.8g}" for j, v in enumerate(row) if v)
        for row, label in zip(x, labels, strict=True)
    )
    return "\n".join(lines).encode() + b"\n"


def write_epsilon(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    x = np.where(RNG.random((12, 2000)) < 0.02, RNG.random((12, 2000)), 0)
    x = x.astype(np.float32)
    labels = np.where(np.arange(12) % 2, 1, -1)
    packed = bz2.compress(libsvm_text(x[:8], labels[:8]))
    (folder / "epsilon_normalized.bz2").write_bytes(packed)
    (folder / "epsilon_normalized.t").write_bytes(libsvm_text(x[8:], labels[8:]))
    return x, (labels > 0).astype(int)


def test_epsilon(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_LINES", 3)  # several pieces
    x, y = write_epsilon(folder)
    found = data.epsilon(0)
    np.testing.assert_allclose(np.vstack([found.x, found.x_val]), x, rtol=1e-6)
    np.testing.assert_array_equal(np.concatenate([found.y, found.y_val]), y)
    assert not found.x.flags.writeable
    data.epsilon.cache_clear()
    monkeypatch.setattr(data, "_convert_libsvm", None)  # converted once only
    np.testing.assert_array_equal(data.epsilon(0).x, found.x)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"+1 1:0.5\n3 1:0.5\n", "lines 1 to 2: labels other than"),
        (b"+1 2001:0.5\n", "lines 1 to 1"),
        (b"+1 0:0.5\n", "lines 1 to 1"),
        (b"+1 one:0.5\n", "lines 1 to 1"),
        (b"", "is empty"),
    ],
)
def test_bad_libsvm(folder: Path, text: bytes, message: str) -> None:
    (folder / "x").write_bytes(text)
    for _ in range(2):  # a failed conversion leaves nothing to be found next time
        with pytest.raises(ValueError, match=message):
            data.read_libsvm(folder / "x", 2000)


def year_text(rows: int = 20) -> tuple[bytes, np.ndarray]:
    table = np.column_stack(
        [RNG.integers(1922, 2012, rows), RNG.normal(size=(rows, 90))]
    )
    buffer = io.BytesIO()
    np.savetxt(buffer, table, delimiter=",", fmt=["%d", *["%.5f"] * 90])
    return buffer.getvalue(), table


@pytest.mark.parametrize("zipped", [True, False])
def test_year_prediction(folder: Path, zipped: bool) -> None:
    text, table = year_text()
    if zipped:
        with zipfile.ZipFile(folder / "yearpredictionmsd.zip", "w") as archive:
            archive.writestr("YearPredictionMSD.txt", text)
    else:
        (folder / "YearPredictionMSD.txt").write_bytes(text)
    found = data.year_prediction(0)
    assert found.x.shape == (18, 90)
    assert found.x_val.shape == (2, 90)
    years = table[:, 0]
    np.testing.assert_allclose(
        found.y_val, (years[18:] - years[:18].mean()) / years[:18].std(), rtol=1e-3
    )
    np.testing.assert_allclose(found.x.mean(axis=0), 0, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("y.txt", b"2001,1,2\n", "3 columns"),
        ("y.txt", b"2001,x\n", "y.txt"),
        ("y.zip", b"no zip", "y.zip"),
    ],
)
def test_bad_year_file(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        data.read_year(folder / name)


IMAGES = RNG.integers(0, 256, (6, 3072), dtype=np.uint8)
LABELS = [3, 0, 9, 1, 3, 7]
BATCHES = {"data_batch_1": slice(0, 2), "data_batch_2": slice(2, 4)}
BATCHES["test_batch"] = slice(4, 6)


def binary_batch(rows: slice) -> bytes:
    labels = np.array(LABELS[rows], dtype=np.uint8)[:, None]
    return np.hstack([labels, IMAGES[rows]]).tobytes()


def python_batch(rows: slice) -> bytes:
    """As written by Python 2: byte strings as keys, protocol 2."""
    content = {b"data": IMAGES[rows], b"labels": LABELS[rows], b"batch_label": b"x"}
    return pickle.dumps(content, protocol=2)


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def write_cifar(folder: Path, version: str) -> None:
    if version == "binary":
        root, files = (
            "cifar-10-batches-bin",
            {f"{name}.bin": binary_batch(rows) for name, rows in BATCHES.items()},
        )
    else:
        root, files = (
            "cifar-10-batches-py",
            {name: python_batch(rows) for name, rows in BATCHES.items()},
        )
    files = {"batches.meta": b"airplane", "readme.html": b"-", **files}
    listed = {f"{root}/{name}": content for name, content in files.items()}
    write_tar(folder / f"cifar-10-{version}.tar.gz", listed)


@pytest.mark.parametrize("version", ["binary", "python"])
def test_cifar_archives(folder: Path, version: str) -> None:
    write_cifar(folder, version)
    found = data.cifar10(0)
    assert found.y.tolist() == LABELS[:4]
    assert found.y_val.tolist() == LABELS[4:]
    assert found.x.dtype == found.x_val.dtype == np.float32
    pixels = IMAGES.reshape(6, 3, 32, 32).astype(float)
    for channel in range(3):
        train = pixels[:4, channel]
        expected = (pixels[:, channel] - train.mean()) / train.std()
        np.testing.assert_allclose(found.x[:, channel], expected[:4], atol=1e-5)
        np.testing.assert_allclose(found.x_val[:, channel], expected[4:], atol=1e-5)


def test_cifar_folder_equals_archive(folder: Path) -> None:
    write_cifar(folder, "python")
    with tarfile.open(folder / "cifar-10-python.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    left = data.read_cifar(folder / "cifar-10-python.tar.gz")
    right = data.read_cifar(folder / "cifar-10-batches-py")
    np.testing.assert_array_equal(left.x, right.x)
    np.testing.assert_array_equal(left.y_val, right.y_val)


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1 / 0",)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"data_batch_1": pickle.dumps(_Bomb())}, "eval is not allowed"),
        ({"data_batch_1": pickle.dumps({b"data": 1})}, "no CIFAR-10 batch"),
        ({"data_batch_1.bin": b"12345"}, "5 bytes are no CIFAR-10 batch"),
        ({"data_batch_1.bin": b"\x0a" + bytes(3072)}, "labels do not match"),
        ({"data_batch_1.bin": bytes(3073)}, "no test_batch"),
    ],
)
def test_bad_cifar(folder: Path, files: dict[str, bytes], message: str) -> None:
    write_tar(folder / "c.tar.gz", files)
    with pytest.raises(ValueError, match=message):
        data.read_cifar(folder / "c.tar.gz")


def test_no_tar_archive(folder: Path) -> None:
    (folder / "c.tar.gz").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"c\.tar\.gz"):
        data.read_cifar(folder / "c.tar.gz")


@pytest.mark.parametrize(
    ("name", "wanted"), [("LoR", "epsilon"), ("LiR", "year"), ("ResNet", "cifar-10")]
)
def test_missing_data_say_how_to_get_them(folder: Path, name: str, wanted: str) -> None:
    with pytest.raises(FileNotFoundError, match=f"no {wanted}.*curriculum fetch 02"):
        workload(name, "paper").trainer(0, 0)


def test_same_workloads_and_hyper_parameters_at_both_scales() -> None:
    assert paper.PAPER_WORKLOADS.keys() == WORKLOADS.keys()
    for name, small in WORKLOADS.items():
        large = workload(name, "paper")
        assert list(large.values) == list(small.values)
        assert large.metric == small.metric
        assert len(large.settings) == 16
    assert workload("GBTR", "paper").values["subsample"] == (1 / 128, 1 / 64)
    assert workload("ResNet", "paper").values["depth"] == (20, 29)


@pytest.mark.parametrize("name", ["LoR", "LiR", "ResNet"])
def test_one_step_on_tiny_files(folder: Path, name: str) -> None:
    if name == "LoR":
        write_epsilon(folder)
    elif name == "LiR":
        (folder / "YearPredictionMSD.txt").write_bytes(year_text()[0])
    else:
        write_cifar(folder, "binary")
    chosen = workload(name, "paper")
    for setting in (0, 12):  # ResNet: version 1 depth 20, version 2 depth 29
        trial, again = chosen.trainer(setting, 0), chosen.trainer(setting, 0)
        assert np.isfinite(trial.train_step())
        again.restore(trial.state())
        assert again.train_step() == trial.train_step()


def test_one_step_of_generated_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    """On fewer rows: the full size takes seconds."""
    monkeypatch.setattr(paper, "SVM_ROWS", 2000)
    monkeypatch.setattr(paper, "GBTR_ROWS", 2000)
    for name in ("SVM", "GBTR"):
        assert np.isfinite(workload(name, "paper").trainer(0, 0).train_step())


def test_one_step_of_alexnet(folder: Path) -> None:
    """Dropout draws from the trial's generator: a restored trial drops the same."""
    write_cifar(folder, "binary")
    trial = workload("CNN", "paper").trainer(0, 0)
    state = trial.state()
    expected = trial.train_step()
    layers = [m for m in trial.network.modules() if hasattr(m, "weight")]
    assert len(layers) == 8  # five convolutions, three matrices
    trial.restore(state)
    assert trial.train_step() == expected


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_used(folder: Path) -> None:
    write_cifar(folder, "binary")
    trial = workload("ResNet", "paper").trainer(0, 0)
    assert next(trial.network.parameters()).is_cuda
    assert np.isfinite(trial.train_step())


@pytest.mark.parametrize(
    ("version", "depth", "bottleneck", "millions"),
    [(1, 20, False, 0.27), (1, 56, False, 0.85), (2, 164, True, 1.7)],
)
def test_residual_networks_are_as_large_as_published(
    version: int, depth: int, bottleneck: bool, millions: float
) -> None:
    """Weights on CIFAR-10 as printed by He et al. (2015, 2016)."""
    network = ResNet(
        version, depth, channels=3, width=16, stages=3, bottleneck=bottleneck
    )
    weights = sum(weight.numel() for weight in network.parameters())
    assert weights / 1e6 == pytest.approx(millions, rel=0.03)
