"""Samples of programs, as this project and other tools keep them in files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from helpers.adaptive_temperature.json_lines import (
    read_json_lines,
    text_fields,
    write_json_lines,
)
from helpers.adaptive_temperature.problems import Problem
from helpers.names import suggest


@dataclass(frozen=True)
class Samples:
    """The samples of one sampler.

    Attributes
    ----------
    texts : mapping of str to tuple of str
        Samples per ``task_id``, in the order of the problems.
    whole : bool
        Samples are whole programs, not continuations of the prompt.
    unknown : mapping of str to int
        Ids that belong to no problem, with their number of samples; left out above.
    missing : tuple of str
        Problems without a sample.
    """

    texts: Mapping[str, tuple[str, ...]]
    whole: bool = False
    unknown: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def repeats(self) -> int:
        """Samples whose text an earlier one of the same problem has."""
        return sum(len(texts) - len(set(texts)) for texts in self.texts.values())

    def report(self) -> str:
        """One line: problems, samples, repeats, and what does not fit the problems.

        Examples
        --------
        >>> Samples({"a": ("x", "y"), "b": ("z", "z")}, missing=("c",)).report()
        '2 problems, 4 samples (2 each), 1 repeat, 1 problem without samples'
        """
        sizes = [len(texts) for texts in self.texts.values()]
        least, most = min(sizes, default=0), max(sizes, default=0)
        each = f"{most} each" if least == most else f"{least} to {most} each"
        parts = [
            _count(len(sizes), "problem"),
            f"{_count(sum(sizes), 'sample')} ({each})",
            _count(self.repeats, "repeat"),
        ]
        if self.missing:
            parts.append(f"{_count(len(self.missing), 'problem')} without samples")
        if self.unknown:
            known = ", ".join(list(self.unknown)[:3])
            parts.append(f"{_count(len(self.unknown), 'unknown id')} ({known} ...)")
        return ", ".join(parts)


def read_samples(
    path: str | Path, problems: Sequence[Problem], *, skip_unknown: bool = False
) -> Samples:
    """Read samples in the layout of any of these tools, told by the file itself.

    =================  ==========================================================
    human-eval         ``.jsonl`` with ``task_id`` and ``completion``
    evalplus           ``.jsonl`` with ``task_id`` and ``solution`` (whole), or a
                       folder of folders, ``HumanEval_0/0.py`` (whole)
    bigcode            ``.json``: a list of lists in the order of the problems (whole)
    =================  ==========================================================

    ``.jsonl`` may be packed as ``.jsonl.gz``.

    Parameters
    ----------
    path : str or Path
        File or folder.
    problems : sequence of Problem
        The data set that the samples belong to.
    skip_unknown : bool
        Leave samples of unknown ids out, and report them, instead of raising.

    Raises
    ------
    FileNotFoundError
        If there is nothing at ``path``.
    ValueError
        With file and line for what cannot be read, and for unknown ids.
    """
    path = Path(path)
    if path.is_dir():
        rows, whole = list(_folder(path, problems)), True
    elif path.suffix == ".json" and path.is_file():
        rows, whole = list(_lists(path, problems)), True
    else:
        rows, whole = _lines(path)
    known: dict[str, list[str]] = {problem.task_id: [] for problem in problems}
    unknown: Counter[str] = Counter()
    for place, task, text in rows:
        if task in known:
            known[task].append(text)
        elif skip_unknown:
            unknown[task] += 1
        else:
            raise ValueError(
                f"{place}: no problem has the id {task!r}{suggest(task, known)} "
                "(skip_unknown=True leaves such samples out)"
            )
    if not any(known.values()):
        raise ValueError(f"{path} holds no sample of the {len(known)} problems")
    return Samples(
        {task: tuple(texts) for task, texts in known.items() if texts},
        whole,
        dict(unknown),
        tuple(task for task, texts in known.items() if not texts),
    )


def write_samples(
    path: str | Path,
    samples: Samples | Mapping[str, Iterable[str]],
    *,
    whole: bool = False,
) -> None:
    """Write ``.jsonl`` or ``.jsonl.gz`` that human-eval reads, or evalplus if whole.

    Parameters
    ----------
    path : str or Path
        The file; it is replaced at once.
    samples : Samples or mapping of str to iterable of str
        A Counter's texts are written as often as they are counted.
    whole : bool
        For a mapping: its texts are whole programs.
    """
    if isinstance(samples, Samples):
        whole, samples = samples.whole, samples.texts
    name = "solution" if whole else "completion"
    write_json_lines(
        path,
        (
            {"task_id": task, name: text}
            for task, texts in samples.items()
            for text in (texts.elements() if isinstance(texts, Counter) else texts)
        ),
    )


Row = tuple[str, str, str]  # place, task_id, text


def _lines(path: Path) -> tuple[list[Row], bool]:
    rows: list[Row] = []
    kind = ""
    for place, row in read_json_lines(path):
        name = "solution" if "solution" in row else "completion"
        if kind and name != kind:
            raise ValueError(
                f"{place} has {name!r} where the lines before have {kind!r}; "
                "allowed: one of both in a file"
            )
        kind = name
        text = text_fields(place, row, ("task_id", name))
        rows.append((place, text["task_id"], text[name]))
    return rows, kind == "solution"


def _lists(path: Path, problems: Sequence[Problem]) -> Iterator[Row]:
    try:
        lists = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None
    if not isinstance(lists, list) or len(lists) != len(problems):
        size = f"of {len(lists)}" if isinstance(lists, list) else ""
        raise ValueError(
            f"{path.name} holds a {type(lists).__name__} {size}; allowed: a list of "
            f"{len(problems)} lists, one per problem in their order"
        )
    for problem, texts in zip(problems, lists, strict=True):
        place = f"{path.name}, {problem.task_id}"
        if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
            raise ValueError(f"{place}: allowed is a list of texts")
        yield from ((place, problem.task_id, text) for text in texts)


def _folder(path: Path, problems: Sequence[Problem]) -> Iterator[Row]:
    # an id's own underscores make the folder's name ambiguous, the problems do not
    names = {problem.task_id.replace("/", "_"): problem.task_id for problem in problems}
    for folder in sorted(path.iterdir()):
        if not folder.is_dir():
            continue
        task = names.get(folder.name, folder.name)
        files = sorted(folder.glob("*.py"), key=lambda file: (len(file.name), file))
        for file in files:
            try:
                yield str(file), task, file.read_bytes().decode()
            except UnicodeDecodeError as error:
                raise ValueError(f"{file}: {error}") from None


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
