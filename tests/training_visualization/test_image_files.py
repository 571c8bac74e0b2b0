"""The image sets in their published layouts, whole, damaged and hostile."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from helpers.paths import user_data
from helpers.training_visualization.image_files import (
    read_cifar_batch,
    read_idx,
    read_idx_images,
    read_images,
)

RNG = np.random.default_rng(0)


def idx(array: np.ndarray) -> bytes:
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def images(count: int, *shape: int) -> np.ndarray:
    return RNG.integers(0, 256, (count, *shape)).astype(np.uint8)


def labels(count: int) -> np.ndarray:
    return RNG.permutation(np.arange(count) % 10)


class Python2Pickler(pickle._Pickler):  # type: ignore[name-defined]
    """Writes bytes as Python 2 wrote its strings."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def save_bytes(self, value: bytes) -> None:
        self.write(b"T" + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes


def cifar_batch(x: np.ndarray, y: np.ndarray, **more: Any) -> bytes:
    """As published: protocol 2, written under Python 2 with the numpy of that time."""
    batch = {b"batch_label": b"batch", b"labels": y.tolist(), b"data": x, **more}
    buffer = io.BytesIO()
    Python2Pickler(buffer, 2).dump(batch)
    return buffer.getvalue().replace(b"numpy._core.multi", b"numpy.core.multi")


@given(arrays(np.uint8, array_shapes(max_dims=4, max_side=4)), st.booleans())
def test_idx_files(tmp_path_factory: Any, array: np.ndarray, zipped: bool) -> None:
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(gzip.compress(idx(array)) if zipped else idx(array))
    np.testing.assert_array_equal(read_idx(path), array)


@pytest.mark.parametrize("names", ["-{}-ubyte.gz", ".{}-ubyte", "-{}-ubyte"])
def test_mnist(tmp_path: Path, names: str) -> None:
    data = {
        part: (images(count, 28, 28), labels(count))
        for part, count in (("train", 30), ("t10k", 20))
    }
    for part, (x, y) in data.items():
        for kind, array in (("images", x), ("labels", y)):
            dimensions = "idx3" if kind == "images" else "idx1"
            content = idx(array)
            path = tmp_path / f"{part}-{kind}{names.format(dimensions)}"
            path.write_bytes(gzip.compress(content) if ".gz" in names else content)
    found = read_images("fashion_mnist", tmp_path)
    np.testing.assert_array_equal(found.x[:, 0], data["train"][0])
    np.testing.assert_array_equal(found.y, data["train"][1])
    np.testing.assert_array_equal(found.x_test[:, 0], data["t10k"][0])
    np.testing.assert_array_equal(found.y_test, data["t10k"][1])
    assert found.y.dtype == np.int64
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"no t10k-labels-idx1-ubyte\.gz"):
        read_images("mnist", tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with"),
        (b"\0\0\x0d\x01" + bytes(8), "allowed: an IDX file of unsigned bytes"),
        (b"\0\0\x08\x03\0\0", "ends inside its header"),
        (idx(images(2, 3))[:-1], r"holds 5 values, but its header says \(2, 3\)"),
        (idx(images(2, 3)) + b"x", "holds 7 values"),
        # without the time, so that every worker names the test alike
        (gzip.compress(idx(images(2, 3)), mtime=0)[:-9], "file"),
    ],
)
def test_damaged_idx(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_idx(path)


def test_idx_files_that_do_not_belong_together(tmp_path: Path) -> None:
    paths = tmp_path / "images", tmp_path / "labels"
    for x, y, message in (
        (images(3, 4, 4), labels(2), r"\(3, 4, 4\)"),
        (images(3, 4), labels(3), r"\(3, 4\)"),
        (images(3, 4, 4), np.array([0, 1, 10]), "allowed: 0 to 9"),
    ):
        for path, array in zip(paths, (x, y), strict=True):
            path.write_bytes(idx(array))
        with pytest.raises(ValueError, match=message):
            read_idx_images(*paths)


@pytest.mark.parametrize("layout", ["archive", "folder", "files"])
def test_cifar(tmp_path: Path, layout: str) -> None:
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    batches = {name: (images(20, 3072), labels(20)) for name in names}
    files = {name: cifar_batch(*batch) for name, batch in batches.items()}
    if layout == "archive":
        with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        place = tmp_path / ("cifar-10-batches-py" if layout == "folder" else ".")
        place.mkdir(exist_ok=True)
        for name, content in files.items():
            (place / name).write_bytes(content)
    found = read_images("cifar10", tmp_path)
    assert found.x.shape == (100, 3, 32, 32)
    np.testing.assert_array_equal(
        found.x.reshape(100, -1), np.concatenate([batches[n][0] for n in names[:5]])
    )
    np.testing.assert_array_equal(found.y_test, batches["test_batch"][1])
    # row-major planes: red, green, blue
    np.testing.assert_array_equal(
        found.x[0, 1].ravel(), batches[names[0]][0][0, 1024:2048]
    )


def test_a_pickle_of_today_is_read_too() -> None:
    x, y = images(3, 3072), labels(3)
    content = pickle.dumps({b"data": x, b"labels": y}, protocol=4)
    np.testing.assert_array_equal(read_cifar_batch(content, "x")[1], y)


class Hostile:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    "hostile",
    [
        Hostile(os.mkdir, "hacked"),
        Hostile(eval, "__import__('os').mkdir('hacked')"),
        Hostile(np.load, "hacked"),
        Hostile(getattr, "text", "upper"),
    ],
)
def test_a_pickle_cannot_run_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hostile: Hostile
) -> None:
    monkeypatch.chdir(tmp_path)
    for protocol in (2, 5):
        content = pickle.dumps({b"data": hostile}, protocol)
        with pytest.raises(ValueError, match="is not allowed"):
            read_cifar_batch(content, "batch")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no CIFAR-10 batch"),
        (cifar_batch(images(2, 3072), labels(2))[:-50], "no CIFAR-10 batch"),
        (pickle.dumps({b"data": 1}), "no CIFAR-10 batch"),
        (pickle.dumps([1]), "no CIFAR-10 batch"),
        (cifar_batch(images(2, 3071), labels(2)), r"shape \(2, 3071\)"),
        (cifar_batch(images(2, 3072) / 2, labels(2)), "type float64"),
        (cifar_batch(images(2, 3072), labels(3)), "labels of shape"),
        (cifar_batch(images(2, 3072), np.array([0, 10])), "allowed: 0 to 9"),
        (cifar_batch(images(2, 3072), np.array([0, -1])), "allowed: 0 to 9"),
    ],
)
def test_damaged_cifar(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_cifar_batch(content, "batch")


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="did you mean 'cifar10'"):
        read_images("cifar", tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        read_images("mnist", tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="wanted there: cifar-10-python"):
        read_images("cifar10", tmp_path)
    (tmp_path / "test_batch").write_bytes(cifar_batch(images(2, 3072), labels(2)))
    with pytest.raises(FileNotFoundError, match="no data_batch_1"):
        read_images("cifar10", tmp_path)
    (tmp_path / "test_batch").unlink()
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="cifar-10-python"):
        read_images("cifar10", tmp_path)


def test_real_mnist() -> None:
    folder = user_data()
    if folder is None or not (folder / "mnist/t10k-images-idx3-ubyte.gz").is_file():
        pytest.skip("needs CURRICULUM_DATA with mnist/t10k-*-ubyte.gz")
    x, y = read_idx_images(
        folder / "mnist/t10k-images-idx3-ubyte.gz",
        folder / "mnist/t10k-labels-idx1-ubyte.gz",
    )
    assert x.shape == (10_000, 1, 28, 28)
    assert y[:5].tolist() == [7, 2, 1, 0, 4]
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(y).tolist() == counts
