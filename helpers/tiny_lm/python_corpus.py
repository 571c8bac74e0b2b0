"""Real Python without a download: the standard library that came with the interpreter.

Tests, demonstrations and generated tables are left out, and so is what somebody
installed. A tenth of the files, chosen by a hash of their names, is never trained on.
"""

from __future__ import annotations

import hashlib
import os
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerFast

# installed packages; tests and demonstrations; tables that programs wrote
_LEFT_OUT = frozenset(
    {
        *("site-packages", "dist-packages", "__pycache__", "lib-dynload", "_vendor"),
        *("test", "tests", "idlelib", "turtledemo", "__phello__"),
        *("encodings", "pydoc_data", "ensurepip", "lib2to3"),
    }
)
_SMALLEST = 200  # bytes; below are files that only import
_HELD_OUT = 10  # one file in so many


@dataclass(frozen=True)
class SourceFile:
    """One file: its path below the library's folder, and its text."""

    name: str
    text: str

    @property
    def held_out(self) -> bool:
        """Whether the file is kept from training; depends on its name alone.

        >>> [SourceFile(name, "").held_out for name in ("heapq.py", "gzip.py")]
        [False, True]
        """
        return hashlib.sha256(self.name.encode()).digest()[0] % _HELD_OUT == 0


@dataclass(frozen=True)
class PythonCorpus:
    """The files of a library, in the order of their names."""

    files: tuple[SourceFile, ...]

    @cached_property
    def train(self) -> tuple[SourceFile, ...]:
        """Files to learn from."""
        return tuple(file for file in self.files if not file.held_out)

    @cached_property
    def held_out(self) -> tuple[SourceFile, ...]:
        """Files to measure on."""
        return tuple(file for file in self.files if file.held_out)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of names and texts: equal for equal releases of Python."""
        whole = hashlib.sha256()
        for file in self.files:
            for part in (file.name, file.text):
                coded = part.encode()
                whole.update(len(coded).to_bytes(8, "little") + coded)
        return whole.hexdigest()


def python_corpus(folder: Path | None = None) -> PythonCorpus:
    """Read the standard library's source.

    Parameters
    ----------
    folder : Path, optional
        Of this installation by default.

    Raises
    ------
    FileNotFoundError
        If the folder holds no such source, as in installations without it.
    """
    root = Path(sysconfig.get_path("stdlib")) if folder is None else folder
    found = []
    for path in _modules(root):
        raw = path.read_bytes().replace(b"\r\n", b"\n")
        if len(raw) >= _SMALLEST and (text := _decoded(raw)):
            found.append(SourceFile(path.relative_to(root).as_posix(), text))
    if not found:
        raise FileNotFoundError(
            f"no Python source in {root}; allowed: the folder of a standard library"
        )
    found.sort(key=lambda file: file.name)
    return PythonCorpus(tuple(found))


def token_row(
    tokenizer: PreTrainedTokenizerFast, files: Sequence[SourceFile]
) -> np.ndarray:
    """All files after one another, each as ``<bos> text <eos>``; int32, shape (n,)."""
    end = tokenizer.eos_token_id
    # not through transformers, which warns of texts longer than the model's context
    coded = tokenizer.backend_tokenizer.encode_batch([file.text for file in files])
    return np.concatenate([np.array([*row.ids, end], np.int32) for row in coded])


def _modules(root: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(root):
        # not even entered: what is installed there may be a hundred times as much
        folders[:] = [name for name in folders if not _left_out(name)]
        for name in files:
            if name.endswith(".py") and not _left_out(name):
                yield Path(place, name)


def _left_out(part: str) -> bool:
    # settings of the build differ between machines with the same release
    return part in _LEFT_OUT or part.startswith(("config-", "_sysconfigdata"))


def _decoded(raw: bytes) -> str:
    """The text of a file, empty if it is in another encoding than UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
