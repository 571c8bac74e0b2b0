"""Real text that every machine here has: which library wrote this docstring?

The first sentences of the docstrings of nine installed libraries are read from their
source files (`docstring_files`); no code of theirs runs. `docstring_cleaning` says what
is taken out of a sentence, and which sentences are not used.

A sentence that two libraries share is dropped, and of near-copies within a library
(equal up to identifiers, case and punctuation) the first one is kept. Training and test
sentences come from different parts of a library, such as ``transformers/models/bert``.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import platform
import sysconfig
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from helpers.cache import stage
from helpers.lora_dropout.docstring_cleaning import skeleton
from helpers.lora_dropout.docstring_files import read_folder
from helpers.lora_dropout.tasks import Split, Task, check_noise, with_label_noise
from helpers.parallel import in_processes

LIBRARIES = (
    "matplotlib",
    "networkx",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "standard library",
    "torch",
    "transformers",
)


@dataclass(frozen=True)
class Sentences:
    """The corpus.

    Attributes
    ----------
    texts : tuple of str
        n sentences.
    labels : np.ndarray
        Index into `LIBRARIES`, int64, shape (n,).
    parts : tuple of str
        The part of its library that each comes from, such as ``scipy/stats``.
    versions : dict of str
        Version of each library that was read.
    """

    texts: tuple[str, ...]
    labels: np.ndarray
    parts: tuple[str, ...]
    versions: dict[str, str]

    @property
    def counts(self) -> dict[str, int]:
        """Sentences of each library."""
        found = np.bincount(self.labels, minlength=len(LIBRARIES))
        return dict(zip(LIBRARIES, found.tolist(), strict=True))

    @property
    def digest(self) -> str:
        """SHA-256 of texts, labels and parts."""
        found = hashlib.sha256()
        for row in zip(self.labels.tolist(), self.parts, self.texts, strict=True):
            found.update("\0".join(map(str, row)).encode() + b"\n")
        return found.hexdigest()


@lru_cache(maxsize=2)
def docstring_sentences(*, workers: int = 1, progress: bool = True) -> Sentences:
    """The corpus of the installed libraries: about five seconds, then kept on disk.

    Parameters
    ----------
    workers : int
        Processes that read.
    progress : bool
        Show a bar.

    Raises
    ------
    ModuleNotFoundError
        If one of the libraries is not installed.
    """
    versions = {library: version(library) for library in LIBRARIES}
    found = in_processes(
        _read_library,
        list(versions.items()),
        workers,
        label="docstrings",
        progress=progress,
    )
    return merged(dict(zip(LIBRARIES, found, strict=True)), versions)


def version(library: str) -> str:
    """Installed version, that of Python for the standard library."""
    if library == "standard library":
        return platform.python_version()
    return importlib.metadata.version(library)


def folder(library: str) -> Path:
    """Where a library's source is, found without importing it."""
    if library == "standard library":
        return Path(sysconfig.get_paths()["stdlib"])
    name = {"scikit-learn": "sklearn"}.get(library, library)
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{library} is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def _read_library(task: tuple[str, str]) -> list[tuple[str, str]]:
    return read_library(*task)


@stage
def read_library(library: str, version: str) -> list[tuple[str, str]]:
    """Pairs of part and sentence, as `docstring_files.read_folder` finds them.

    Parameters
    ----------
    library : str
        One of `LIBRARIES`.
    version : str
        Only a part of the cache's key.
    """
    return read_folder(folder(library), library)


def merged(
    pairs: dict[str, list[tuple[str, str]]], versions: dict[str, str]
) -> Sentences:
    """One corpus, without the sentences that several libraries share."""
    owners = Counter(
        key for found in pairs.values() for key in {skeleton(text) for _, text in found}
    )
    rows = [
        (label, part, text)
        for label, found in enumerate(pairs.values())
        for part, text in found
        if owners[skeleton(text)] == 1
    ]
    labels = np.array([row[0] for row in rows], dtype=np.int64)
    return Sentences(
        tuple(row[2] for row in rows), labels, tuple(row[1] for row in rows), versions
    )


def docstring_task(
    per_class: int,
    test_size: int = 1008,
    *,
    noise: float = 0.0,
    seed: int,
    corpus: Sentences | None = None,
) -> Task:
    """Which of the nine libraries wrote this? Balanced, chance level 1/9.

    Parameters
    ----------
    per_class : int
        Training sentences of each library.
    test_size : int
        Test sentences of all libraries together, a multiple of 9.
    noise : float
        Probability of a wrong label in both splits, in [0, 8/9).
    seed : int
        Of the division of parts, the choice of sentences and wrong labels.
    corpus : Sentences, optional
        The installed libraries' unless given.

    Raises
    ------
    ValueError
        If a number is out of range, or a library has too few sentences.
    """
    size = len(LIBRARIES)
    check_noise(noise, size)
    if per_class < 1:
        raise ValueError(f"per_class is {per_class}; allowed: 1 or more")
    if test_size < size or test_size % size:
        raise ValueError(f"test_size is {test_size}; allowed: a multiple of {size}")
    corpus = docstring_sentences() if corpus is None else corpus
    draw = np.random.default_rng(seed)
    wanted = (per_class, test_size // size)
    rows: tuple[list[int], list[int]] = ([], [])
    for label in range(size):
        sides = _divided(corpus, label, wanted, draw)
        for chosen, side, count in zip(rows, sides, wanted, strict=True):
            chosen += draw.permutation(side)[:count].tolist()
    splits = []
    for chosen in rows:
        order = draw.permutation(chosen)
        clean = corpus.labels[order]
        labels = with_label_noise(clean, size, noise, draw)
        splits.append(Split(tuple(corpus.texts[i] for i in order), labels, clean))
    return Task("docstrings", LIBRARIES, splits[0], splits[1], noise)


def _divided(
    corpus: Sentences, label: int, wanted: tuple[int, int], draw: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Sentences of a library for training and test, every part on one side only."""
    parts: dict[str, list[int]] = {}
    for row in np.flatnonzero(corpus.labels == label).tolist():
        parts.setdefault(corpus.parts[row], []).append(row)
    sides: tuple[list[int], list[int]] = ([], [])
    names = list(parts)
    # each part goes where the larger share of what is wanted is still missing
    for i in draw.permutation(len(names)):
        filled = [len(side) / count for side, count in zip(sides, wanted, strict=True)]
        sides[int(filled[1] < filled[0])].extend(parts[names[i]])
    for kind, side, count in zip(("training", "test"), sides, wanted, strict=True):
        if len(side) < count:
            raise ValueError(
                f"{LIBRARIES[label]} has {len(side)} sentences for the {kind} split, "
                f"{count} were asked for; allowed: fewer of either split"
            )
    return sides
