"""Readers of the paper's data sets in the formats in which they are published."""

from __future__ import annotations

import bz2
import io
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np

from helpers.paths import BUILD, write_atomic
from helpers.progress import progress_bar
from helpers.spot_tuning.workload_data import Split, standardised
from helpers.spot_tuning.workload_files import find_file

EPSILON_FEATURES = 2000
YEAR_FEATURES = 90
YEAR_TRAINING = 463_715  # UCI's split: no artist is in both parts
_LINES = 2000  # of a LIBSVM file held in memory at a time
_IMAGE = 3 * 32 * 32


def read_libsvm(
    path: Path, features: int, folder: Path | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Dense rows of a two-class LIBSVM file, plain or ``.bz2``.

    The text is parsed once, piece by piece, into a binary file in ``folder``
    (``build/spot_tuning``); rows are then read from disk as they are needed.

    Returns
    -------
    x : np.ndarray
        Shape (rows, features), float32, memory-mapped and read-only.
    y : np.ndarray
        Shape (rows,): 0 for label -1, 1 for label +1.

    Raises
    ------
    ValueError
        If a line is not ``label index:value ...`` with labels -1 and +1 and indices
        from 1 to ``features``.
    """
    folder = folder or BUILD / "spot_tuning"
    stem = f"{path.name}-{path.stat().st_size}"
    rows, labels = folder / f"{stem}.f32", folder / f"{stem}.labels.npy"
    if not labels.exists():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = rows.with_suffix(f".{os.getpid()}.tmp")
        buffer = io.BytesIO()
        np.save(buffer, _convert_libsvm(path, features, temporary))
        temporary.rename(rows)
        write_atomic(labels, buffer.getvalue())
    y = np.load(labels)
    return np.memmap(rows, np.float32, "r", shape=(len(y), features)), y


def _convert_libsvm(path: Path, features: int, rows: Path) -> np.ndarray:
    """Write the features to ``rows``; returns the classes."""
    from sklearn.datasets import load_svmlight_file

    opener: Callable[..., Any] = bz2.open if path.suffix == ".bz2" else open
    classes: list[np.ndarray] = []
    with (
        opener(path, "rb") as source,
        rows.open("wb") as target,
        progress_bar(desc=path.name, unit=" rows") as bar,
    ):
        while lines := list(islice(source, _LINES)):
            where = f"{path}, lines {bar.n + 1} to {bar.n + len(lines)}"
            try:
                x, labels = load_svmlight_file(
                    io.BytesIO(b"".join(lines)),
                    n_features=features,
                    dtype=np.float32,
                    zero_based=False,
                )
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
            if not np.isin(labels, (-1, 1)).all():
                raise ValueError(f"{where}: labels other than -1 and +1")
            target.write(x.toarray().tobytes())
            classes.append((labels > 0).astype(np.int64))
            bar.update(len(lines))
    if not classes:
        raise ValueError(f"{path} is empty")
    return np.concatenate(classes)


@lru_cache(maxsize=1)
def epsilon(seed: int = 0) -> Split:
    """Epsilon: 400,000 rows to train on, 100,000 to validate, 2000 features."""
    parts: list[np.ndarray] = []
    for stem in ("epsilon_normalized", "epsilon_normalized.t"):
        path = find_file("epsilon", f"{stem}.bz2", stem)
        parts += read_libsvm(path, EPSILON_FEATURES)
    return Split(*parts)


def read_year(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """YearPredictionMSD: ``year,feature 1,...,feature 90`` per line, zipped or not.

    Raises
    ------
    ValueError
        If a line is not 91 numbers.
    """
    try:
        with _year_text(path) as text:
            table = np.loadtxt(text, delimiter=",", dtype=np.float32, ndmin=2)
    except (ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: {error}") from None
    if table.shape[1] != YEAR_FEATURES + 1:
        raise ValueError(
            f"{path}: {table.shape[1]} columns; allowed: a year and {YEAR_FEATURES} "
            "features"
        )
    return table[:, 1:], table[:, 0]


def _year_text(path: Path) -> IO[bytes]:
    if path.suffix != ".zip":
        return path.open("rb")
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if name.endswith(".txt")]
    if not names:
        raise ValueError("no .txt file in the archive")
    return archive.open(names[0])


@lru_cache(maxsize=1)
def year_prediction(seed: int = 0) -> Split:
    """YearPredictionMSD with UCI's split, standardised, target included."""
    path = find_file(
        "year-prediction",
        "yearpredictionmsd.zip",
        "YearPredictionMSD.txt.zip",
        "YearPredictionMSD.txt",
    )
    x, y = read_year(path)
    cut = min(YEAR_TRAINING, round(0.9 * len(x)))
    return standardised(Split(x[:cut], y[:cut], x[cut:], y[cut:]), target=True)


class _PlainUnpickler(pickle.Unpickler):
    """Rebuilds numpy arrays and nothing else: a pickle could run any code."""

    ALLOWED = frozenset(
        (module, name)
        for package in ("numpy.core.multiarray", "numpy._core.multiarray", "numpy")
        for module, name in (
            (package, "_reconstruct"),
            (package, "ndarray"),
            (package, "dtype"),
        )
    ) | {("_codecs", "encode")}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return super().find_class(module, name)


def _cifar_batch(name: str, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Images (rows, 3072) and labels of one batch in either published format."""
    if name.endswith(".bin"):
        if not content or len(content) % (1 + _IMAGE):
            raise ValueError(f"{name}: {len(content)} bytes are no CIFAR-10 batch")
        rows = np.frombuffer(content, np.uint8).reshape(-1, 1 + _IMAGE)
        images, labels = rows[:, 1:], rows[:, 0]
    else:
        try:
            batch = _PlainUnpickler(io.BytesIO(content), encoding="bytes").load()
            images, labels = batch[b"data"], np.array(batch[b"labels"])
        except (pickle.UnpicklingError, EOFError, KeyError, TypeError) as error:
            raise ValueError(f"{name} is no CIFAR-10 batch ({error})") from None
        if images.ndim != 2 or images.shape[1] != _IMAGE:
            raise ValueError(f"{name}: images of shape {images.shape[1:]}")
    if len(images) != len(labels) or labels.max() > 9:
        raise ValueError(f"{name}: labels do not match the images")
    return images, labels.astype(np.int64)


def _cifar_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of the files of a folder or tar archive, without unpacking."""
    if path.is_dir():
        for file in sorted(path.iterdir()):
            yield file.name, file.read_bytes()
        return
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and (content := archive.extractfile(member)):
                    yield Path(member.name).name, content.read()
    except tarfile.TarError as error:
        raise ValueError(f"{path}: {error}") from None


def read_cifar(path: Path) -> Split:
    """CIFAR-10, binary or Python version, archive or unpacked folder.

    Pixels are scaled to mean 0 and deviation 1 per channel of the training images.

    Raises
    ------
    ValueError
        If training or test batches are missing or damaged.
    """
    batches = {
        name: _cifar_batch(name, content)
        for name, content in _cifar_files(path)
        if name.startswith(("data_batch_", "test_batch"))
    }
    train = [batches[name] for name in sorted(batches) if name.startswith("data")]
    test = [batches[name] for name in batches if name.startswith("test")]
    if not train or not test:
        raise ValueError(f"{path} holds no data_batch_* or no test_batch")
    (x, y), (x_val, y_val) = (
        (
            np.concatenate([images for images, _ in part]).reshape(-1, 3, 32, 32),
            np.concatenate([labels for _, labels in part]),
        )
        for part in (train, test)
    )
    mean = x.mean(axis=(0, 2, 3), keepdims=True, dtype=np.float64)
    deviation = np.maximum(x.std(axis=(0, 2, 3), keepdims=True, dtype=np.float64), 1)
    x, x_val = ((part - mean.astype(np.float32)) / deviation for part in (x, x_val))
    return Split(x.astype(np.float32), y, x_val.astype(np.float32), y_val)


@lru_cache(maxsize=1)
def cifar10(seed: int = 0) -> Split:
    """CIFAR-10: 50,000 images to train on, the 10,000 test images to validate."""
    return read_cifar(
        find_file(
            "cifar10-binary",
            "cifar-10-binary.tar.gz",
            "cifar-10-batches-bin",
            "cifar-10-python.tar.gz",
            "cifar-10-batches-py",
        )
    )
