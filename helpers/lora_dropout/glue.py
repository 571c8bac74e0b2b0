"""The eight GLUE tasks of the paper's Table 1, from their original files or the hub.

Locally a task is a folder with ``train.tsv`` and ``dev.tsv`` as the benchmark
distributes them, or the hub's tables. Scores are of the development set, as the
paper's: the test labels are not public.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.assets import needed
from helpers.hub_tables import hub_table
from helpers.lora_dropout.encoder import Text
from helpers.names import unknown_name

_MAX_SKIPPED = 0.01  # of the rows; the original QQP has a few broken ones


@dataclass(frozen=True)
class Recipe:
    """How a task's files are read and how it is scored.

    Attributes
    ----------
    texts : tuple of str
        Columns of the text, or of the pair.
    label : str
        Column of the label.
    classes : tuple of str
        Labels as the files write them, in the hub's order; empty for a regression.
    metric : str
        The one that the paper's table shows.
    config : str
        Name on the hub.
    header : tuple of str
        Columns of a file that has no header line.
    dev : str
        File of the development set.
    """

    texts: tuple[str, ...]
    label: str
    classes: tuple[str, ...]
    metric: str
    config: str
    header: tuple[str, ...] = ()
    dev: str = "dev.tsv"


_YES_NO = ("0", "1")
_ENTAILED = ("entailment", "not_entailment")
_SENTENCES = ("sentence1", "sentence2")
RECIPES = {
    "CoLA": Recipe(
        ("sentence",),
        "label",
        _YES_NO,
        "matthews",
        "cola",
        header=("source", "label", "mark", "sentence"),
    ),
    "SST-2": Recipe(("sentence",), "label", _YES_NO, "accuracy", "sst2"),
    "MRPC": Recipe(("#1 String", "#2 String"), "Quality", _YES_NO, "accuracy", "mrpc"),
    "STS-B": Recipe(_SENTENCES, "score", (), "correlation", "stsb"),
    "QQP": Recipe(
        ("question1", "question2"), "is_duplicate", _YES_NO, "accuracy", "qqp"
    ),
    "MNLI": Recipe(
        _SENTENCES,
        "gold_label",
        ("entailment", "neutral", "contradiction"),
        "accuracy",
        "mnli",
        dev="dev_matched.tsv",
    ),
    "QNLI": Recipe(("question", "sentence"), "label", _ENTAILED, "accuracy", "qnli"),
    "RTE": Recipe(_SENTENCES, "label", _ENTAILED, "accuracy", "rte"),
}


@dataclass(frozen=True)
class GlueSplit:
    """Texts, or pairs of texts, with labels.

    Attributes
    ----------
    texts : tuple
        n strings, or n pairs of strings.
    labels : np.ndarray
        Class numbers (int64), or scores (float64); shape (n,).
    skipped : int
        Broken rows that were left out.
    """

    texts: tuple[Text, ...]
    labels: np.ndarray
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class GlueTask:
    """One task.

    Attributes
    ----------
    name : str
        As in `RECIPES`.
    classes : tuple of str
        Empty for STS-B, whose labels are scores from 0 to 5.
    metric : str
        The one that the paper's table shows, a key of `glue_scores`.
    train, dev : GlueSplit
        For MNLI the matched development set.
    """

    name: str
    classes: tuple[str, ...]
    metric: str
    train: GlueSplit
    dev: GlueSplit


def task_name(name: str) -> str:
    """The name as `RECIPES` writes it, whatever the case and the hyphens.

    Raises
    ------
    ValueError
        If there is no such task, with the nearest name.

    Examples
    --------
    >>> task_name("sst2")
    'SST-2'
    """
    plain = {key.lower().replace("-", ""): key for key in RECIPES}
    found = plain.get(name.lower().replace("-", "").replace("_", ""))
    if found is None:
        raise unknown_name("GLUE task", name, tuple(RECIPES))
    return found


def load_glue(name: str, folder: Path | None = None) -> GlueTask:
    """Training and development set of a task.

    Parameters
    ----------
    name : str
        One of `RECIPES`.
    folder : Path, optional
        Holds ``CoLA/train.tsv`` and so on, or the hub's ``cola/train-*.parquet``;
        ``glue`` in the store (`helpers.assets`) unless given.

    Raises
    ------
    ValueError
        If there is no such task, or a file is not what it should be.
    FileNotFoundError
        If a file is missing.
    """
    name = task_name(name)
    recipe = RECIPES[name]
    place = Path(folder) if folder else needed("glue")
    if any((place / recipe.config).glob("train-*.parquet")):
        train, dev = _from_tables(place, recipe)
    else:
        train, dev = (
            read_tsv(place / name / file, recipe) for file in ("train.tsv", recipe.dev)
        )
    return GlueTask(name, recipe.classes, recipe.metric, train, dev)


def read_tsv(path: Path, recipe: Recipe) -> GlueSplit:
    """One file; quotation marks are part of the text.

    Raises
    ------
    FileNotFoundError
        If it does not exist.
    ValueError
        If a column is missing, or more than 1 % of the rows are broken.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"no file {path}; allowed: the benchmark's files, such as CoLA/train.tsv"
        )
    texts: list[Text] = []
    labels: list[float] = []
    skipped = 0
    rows = _rows(path)
    header = list(recipe.header) or next(rows, [])
    wanted = (*recipe.texts, recipe.label)
    missing = [column for column in wanted if column not in header]
    if missing:
        raise ValueError(
            f"{path} has no column {missing[0]!r}; it has {', '.join(header)}"
        )
    columns = [header.index(column) for column in wanted]
    for row in rows:
        label = _label(row[columns[-1]], recipe) if len(row) > max(columns) else None
        if label is None:
            skipped += 1
            continue
        found = [row[column] for column in columns[:-1]]
        texts.append(found[0] if len(found) == 1 else (found[0], found[1]))
        labels.append(label)
    if not texts or skipped > _MAX_SKIPPED * (len(texts) + skipped):
        raise ValueError(
            f"{path}: {skipped} of {len(texts) + skipped} rows are broken; allowed: "
            f"tab-separated columns, labels {', '.join(recipe.classes) or 'numbers'}"
        )
    kind = np.int64 if recipe.classes else np.float64
    return GlueSplit(tuple(texts), np.array(labels, dtype=kind), skipped)


def _rows(path: Path) -> Iterator[list[str]]:
    # some texts hold a carriage return, which ends no row
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        for line in file:
            yield line.rstrip("\r\n").split("\t")


def _label(word: str, recipe: Recipe) -> float | None:
    """Class number or score; None for what is neither."""
    if recipe.classes:
        return recipe.classes.index(word) if word in recipe.classes else None
    try:
        return float(word)
    except ValueError:
        return None


def _from_tables(folder: Path, recipe: Recipe) -> tuple[GlueSplit, GlueSplit]:
    # the one task whose columns the hub renames
    fields = _SENTENCES if recipe.config == "mrpc" else recipe.texts
    dev = recipe.dev.replace("dev", "validation").removesuffix(".tsv")
    splits = []
    for split in ("train", dev):
        table = hub_table(folder, recipe.config, split)
        columns = [table[field].tolist() for field in fields]
        texts = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
        kind = np.int64 if recipe.classes else np.float64
        splits.append(GlueSplit(tuple(texts), table["label"].to_numpy(kind)))
    return splits[0], splits[1]


def glue_scores(
    name: str, predictions: np.ndarray, labels: np.ndarray
) -> dict[str, float]:
    """Every score that the benchmark reports for a task, from -1 or 0 to 1.

    Parameters
    ----------
    name : str
        One of `RECIPES`.
    predictions : np.ndarray
        Class numbers, for STS-B scores; shape (n,).
    labels : np.ndarray
        Shape (n,).

    Returns
    -------
    dict
        CoLA: matthews, accuracy. MRPC, QQP: accuracy, f1. STS-B: correlation, the mean
        of pearson and spearman. Others: accuracy. What a constant prediction leaves
        undefined is 0.

    Raises
    ------
    ValueError
        If shapes disagree, or logits were passed for classes.
    """
    name = task_name(name)
    guessed, truth = np.asarray(predictions), np.asarray(labels)
    if guessed.shape != truth.shape or guessed.ndim != 1 or not len(guessed):
        raise ValueError(
            f"predictions have shape {guessed.shape}, labels {truth.shape}; "
            "allowed: (n,) each: class numbers, or the scores of STS-B"
        )
    from scipy import stats
    from sklearn import metrics

    if name == "STS-B":
        if min(np.ptp(guessed), np.ptp(truth)) == 0:
            return {"correlation": 0.0, "pearson": 0.0, "spearman": 0.0}
        pearson = float(stats.pearsonr(guessed, truth).statistic)
        spearman = float(stats.spearmanr(guessed, truth).statistic)
        mean = (pearson + spearman) / 2
        return {"correlation": mean, "pearson": pearson, "spearman": spearman}
    extra: dict[str, Callable[..., float]] = {}
    if name == "CoLA":
        extra["matthews"] = metrics.matthews_corrcoef
    if name in ("MRPC", "QQP"):
        extra["f1"] = lambda y, p: metrics.f1_score(y, p, zero_division=0)
    scores = {key: float(score(truth, guessed)) for key, score in extra.items()}
    return {"accuracy": float((guessed == truth).mean()), **scores}
