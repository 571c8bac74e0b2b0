"""Readers of the paper's image sets in the files in which they are published.

MNIST and FashionMNIST are IDX files, CIFAR-10 is Python pickles. A pickle could run
any code when it is read; here it can make numpy arrays and nothing else.
"""

from __future__ import annotations

import gzip
import io
import math
import pickle
import struct
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers.names import unknown_name

CLASSES = 10  # of each of the three sets
_CIFAR_ARCHIVE, _CIFAR_FOLDER = "cifar-10-python.tar.gz", "cifar-10-batches-py"
_CIFAR_TRAIN = tuple(f"data_batch_{i}" for i in range(1, 6))
_CIFAR_SHAPE = (3, 32, 32)
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Images:
    """Images as stored.

    Attributes
    ----------
    x, x_test : np.ndarray
        Shapes (n, channels, height, width) and (m, ...), uint8.
    y, y_test : np.ndarray
        Shapes (n,) and (m,), classes 0 to 9.
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def read_idx(path: Path) -> np.ndarray:
    """The array of an IDX file of bytes, gzipped or not; uint8.

    A file is two zero bytes, the type (8: unsigned bytes), the number of dimensions,
    their sizes as big-endian 32-bit integers, and the values.

    Raises
    ------
    ValueError
        If the file is damaged or holds anything but bytes.
    """
    content = path.read_bytes()
    if content[:2] == _GZIP:
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path}: {error}") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != 8:
        raise ValueError(
            f"{path} begins with {content[:4]!r}; allowed: an IDX file of unsigned "
            "bytes"
        )
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"{path} ends inside its header")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise ValueError(
            f"{path} holds {len(content) - start} values, but its header says {shape}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def read_idx_images(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 1, height, width) and labels (n,) of two IDX files.

    Raises
    ------
    ValueError
        If they do not belong together, or a label is no class.
    """
    x, y = read_idx(images), read_idx(labels)
    if x.ndim != 3 or y.ndim != 1 or len(x) != len(y):
        raise ValueError(
            f"{images} has shape {x.shape}, {labels} {y.shape}; allowed: (n, height, "
            "width) and (n,)"
        )
    return x[:, None], _classes(labels, y)


def mnist(folder: Path) -> Images:
    """MNIST or FashionMNIST: four IDX files, each gzipped or not.

    Raises
    ------
    FileNotFoundError
        If one is missing; the message says what is wanted.
    ValueError
        If one is damaged.
    """
    parts = [
        read_idx_images(
            _idx_file(folder, f"{part}-images", "idx3"),
            _idx_file(folder, f"{part}-labels", "idx1"),
        )
        for part in ("train", "t10k")
    ]
    return Images(*parts[0], *parts[1])


def cifar10(folder: Path) -> Images:
    """CIFAR-10, Python version: the archive as published, or its files.

    Raises
    ------
    FileNotFoundError
        If a file is missing; the message says what is wanted.
    ValueError
        If one is damaged, or asks for more than numpy arrays.
    """
    for place in (folder / _CIFAR_FOLDER, folder):
        if (place / "test_batch").is_file():
            paths = [place / name for name in (*_CIFAR_TRAIN, "test_batch")]
            there = {p.name: p.read_bytes() for p in paths if p.is_file()}
            return _cifar_images(there, place)
    archive = folder / _CIFAR_ARCHIVE
    if not archive.is_file():
        raise FileNotFoundError(
            f"no CIFAR-10 in {folder}; wanted there: {_CIFAR_ARCHIVE}, or the folder "
            f"{_CIFAR_FOLDER} with {_CIFAR_TRAIN[0]} to {_CIFAR_TRAIN[-1]} and "
            "test_batch (https://www.cs.toronto.edu/~kriz/cifar.html)"
        )
    try:
        with tarfile.open(archive) as opened:
            members = {
                Path(m.name).name: file.read()
                for m in opened
                if m.isfile() and (file := opened.extractfile(m))
            }
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{archive}: {error}") from None
    return _cifar_images(members, archive)


READERS: dict[str, Callable[[Path], Images]] = {
    "mnist": mnist,
    "fashion_mnist": mnist,
    "cifar10": cifar10,
}


def read_images(name: str, folder: str | Path) -> Images:
    """One of the paper's image sets, `READERS`, from a local folder."""
    if name not in READERS:
        raise unknown_name("image set", name, tuple(READERS))
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    return READERS[name](Path(folder))


def _idx_file(folder: Path, stem: str, kind: str) -> Path:
    """The first of the names under which the same file is published."""
    names = [f"{stem}{dash}{kind}-ubyte" for dash in "-."]
    for name in (*names, *(f"{name}.gz" for name in names)):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"no {names[0]}.gz (or {names[0]}) in {folder}; wanted there: images and "
        "labels of train and t10k, as MNIST and FashionMNIST are published"
    )


class _PlainUnpickler(pickle.Unpickler):
    """Rebuilds numpy arrays and nothing else."""

    ALLOWED = frozenset(
        (module, name)
        for module, name in (
            ("numpy.core.multiarray", "_reconstruct"),  # as written under Python 2
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
        )
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        # numpy has moved it, and warns about the old place
        module = module.replace("numpy.core.", "numpy._core.")
        return super().find_class(module, name)


def read_cifar_batch(
    content: bytes, where: str | Path
) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 3, 32, 32) and labels (n,) of one pickled batch.

    Raises
    ------
    ValueError
        If it is no such batch, or asks for anything but numpy arrays.
    """
    try:
        batch = _PlainUnpickler(io.BytesIO(content), encoding="bytes").load()
        x, y = (np.asarray(batch[key]) for key in (b"data", b"labels"))
    except Exception as error:  # damaged bytes fail in any way
        raise ValueError(f"{where} is no CIFAR-10 batch ({error})") from None
    if x.dtype != np.uint8 or x.ndim != 2 or x.shape[1] != math.prod(_CIFAR_SHAPE):
        raise ValueError(f"{where}: images of type {x.dtype} and shape {x.shape}")
    if y.shape != (len(x),) or y.dtype.kind not in "iu":
        raise ValueError(f"{where}: labels of shape {y.shape} for {len(x)} images")
    return x.reshape(-1, *_CIFAR_SHAPE), _classes(where, y)


def _cifar_images(files: dict[str, bytes], where: Path) -> Images:
    batches = []
    for name in (*_CIFAR_TRAIN, "test_batch"):
        if name not in files:
            raise FileNotFoundError(f"no {name} in {where}")
        batches.append(read_cifar_batch(files[name], where / name))
    x, y = (np.concatenate(part) for part in zip(*batches[:-1], strict=True))
    return Images(x, y, *batches[-1])


def _classes(where: str | Path, labels: np.ndarray) -> np.ndarray:
    if labels.size and not 0 <= labels.min() <= labels.max() < CLASSES:
        raise ValueError(
            f"{where}: label {labels.min()} or {labels.max()}; allowed: 0 to "
            f"{CLASSES - 1}"
        )
    return labels.astype(np.int64)
