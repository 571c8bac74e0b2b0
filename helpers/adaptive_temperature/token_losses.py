r"""How hard each token of source code is for a model: the preliminary study.

The loss of a token is its cross entropy in nats, :math:`-\log p(x_t | x_{<t})` with
the true text before it. The paper finds it highest where blocks begin, and sets the
temperature by that place; its figures are not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import Tensor

from helpers.adaptive_temperature.token_classes import (
    CODE_CLASSES,
    token_classes,
    tokenized,
)
from helpers.names import unknown_name
from helpers.progress import progress_bar

DRAWS = 1000
"""Resamplings of the files for an interval."""


@torch.inference_mode()
def token_losses(
    model: Any,
    tokenizer: Any,
    sources: Mapping[str, str],
    *,
    context: int = 256,
    batch_size: int = 8,
    progress: bool = True,
) -> pd.DataFrame:
    """Loss of every token of some Python files, with its class.

    Files longer than the context are read in windows that overlap by half, and a token
    counts in the first window that holds it: all but the first ``context // 2`` tokens
    of a file have at least ``context // 2`` before them.

    Parameters
    ----------
    model : PreTrainedModel
        Any causal language model of transformers, on any device.
    tokenizer : PreTrainedTokenizerFast
        Its tokenizer. Without a beginning token the first token of a file has no loss
        and is left out.
    sources : mapping from file name to text
    context : int
        Tokens that the model sees at once, the beginning token included.
    batch_size : int
        Windows computed together.
    progress : bool
        Show a bar.

    Returns
    -------
    DataFrame
        A row a token: ``file``, then the columns of `token_classes` but the characters,
        ``loss`` and ``entropy`` of the model's distribution in nats, ``rank`` of the
        token in it (1 is the likeliest) and ``top1``, whether that is 1.

    Raises
    ------
    ValueError
        If there is no file or only empty ones, the context is below 4 or above what
        the model has, the model is in training mode, or the tokenizer is no fast one.
    """
    if model.training:
        raise ValueError("the model is in training mode; allowed: model.eval()")
    longest = getattr(model.config, "max_position_embeddings", None) or context
    if not 4 <= context <= longest:
        raise ValueError(f"context is {context}; allowed: 4 to the model's {longest}")
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; allowed: 1 or more")
    parts, rows = [], []
    for name, source in sources.items():
        ids, offsets = tokenized(source, tokenizer)
        start = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
        known = len(ids) - 1 + len(start)  # tokens that something comes before
        if known < 1:
            continue
        part = token_classes(source, offsets).iloc[-known:]
        part.insert(0, "file", name)
        parts.append(part.drop(columns=["start", "end"]))
        rows.append([*start, *ids])
    if not parts:
        raise ValueError("nothing to measure: give at least one file that holds tokens")
    measured = _measured(model, rows, context, batch_size, progress)
    frame = pd.concat(parts, ignore_index=True)
    loss, entropy, rank = (np.concatenate(column) for column in measured)
    return frame.assign(loss=loss, entropy=entropy, rank=rank, top1=rank == 1)


def _measured(
    model: Any,
    rows: Sequence[Sequence[int]],
    context: int,
    batch_size: int,
    progress: bool,
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Loss, entropy and rank of every token but the first of each row."""
    out = tuple([np.empty(len(r) - 1, t) for r in rows] for t in ("f4", "f4", "i4"))
    windows = [
        (i, start, new)
        for i, row in enumerate(rows)
        for start, new in _windows(len(row), context)
    ]
    windows.sort(key=lambda w: len(rows[w[0]][w[1] : w[1] + context]))  # little padding
    bar = progress_bar(total=len(windows), desc="losses", disable=not progress)
    with bar:
        for begin in range(0, len(windows), batch_size):
            batch = windows[begin : begin + batch_size]
            texts = [rows[i][start : start + context] for i, start, _ in batch]
            width = max(map(len, texts))
            ids = torch.tensor([[*text, *[0] * (width - len(text))] for text in texts])
            # padded on the right, which no token before it sees
            mask = torch.tensor([[1] * len(t) + [0] * (width - len(t)) for t in texts])
            place = model.device
            logits = model(ids.to(place), attention_mask=mask.to(place)).logits
            for (i, start, new), text, scores in zip(batch, texts, logits, strict=True):
                seen = scores[new - 1 : len(text) - 1]
                target = torch.tensor(text[new:], device=place)
                columns = _scores(seen.float(), target)
                cells = slice(start + new - 1, start + len(text) - 1)
                for column, values in zip(out, columns, strict=True):
                    column[i][cells] = values.cpu().numpy()
            bar.update(len(batch))
    return out[0], out[1], out[2]


def _windows(length: int, context: int) -> list[tuple[int, int]]:
    """Starts of the windows over a row, and in each the first token not yet measured.

    >>> _windows(10, 4)
    [(0, 1), (2, 2), (4, 2), (6, 2)]
    """
    step = context // 2
    starts = range(0, max(length - context, 0) + step, step)
    if length <= context:
        return [(0, 1)]
    return [(0, 1), *((start, context - step) for start in starts[1:])]


def _scores(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Loss, entropy and rank (m,), from logits (m, V)."""
    logp = logits.log_softmax(-1)
    own = logp.gather(-1, target[:, None])
    p = logp.exp()
    entropy = -(p * logp.masked_fill(p == 0, 0)).sum(-1)
    return -own[:, 0], entropy, (logp > own).sum(-1) + 1


def summary(
    frame: pd.DataFrame, by: str = "class", *, seed: int = 0, level: float = 0.95
) -> pd.DataFrame:
    """Distribution of the losses in each group.

    Parameters
    ----------
    frame : DataFrame
        Of `token_losses`; leave rows out to restrict it, for instance to code.
    by : str
        Column that groups: class, node, position or depth.
    seed : int
        Of the resampling.
    level : float
        Of the interval.

    Returns
    -------
    DataFrame
        A row a group: the group, ``n``, ``mean`` with ``low`` and ``high``, a
        bootstrap interval over files, since tokens of one file are alike (nan for a
        group that fewer than two files have); ``median``,
        ``top1`` (share of tokens that are the likeliest), ``skewness`` and excess
        ``kurtosis``, and the group's ``token_share`` and ``loss_share`` of the frame.

    Raises
    ------
    ValueError
        If the frame is empty or has no such column.
    """
    allowed = ("class", "node", "position", "depth")
    if by not in allowed:
        raise unknown_name("group", by, allowed)
    if frame.empty:
        raise ValueError("nothing to summarise: the frame has no rows")
    groups = frame.groupby(by, observed=True)["loss"]
    low, high = _intervals(frame, by, seed, level)
    found = pd.DataFrame(
        {
            "n": groups.size(),
            "mean": groups.mean(),
            "low": low,
            "high": high,
            "median": groups.median(),
            "top1": frame.groupby(by, observed=True)["top1"].mean(),
            "skewness": groups.apply(lambda loss: float(stats.skew(loss))),
            "kurtosis": groups.apply(lambda loss: float(stats.kurtosis(loss))),
            "token_share": groups.size() / len(frame),
            "loss_share": groups.sum() / frame["loss"].sum(),
        }
    )
    return found.reset_index()


def loss_shares(
    frame: pd.DataFrame, *, seed: int = 0, level: float = 0.95
) -> pd.DataFrame:
    """How much of the code's loss sits on first tokens of lines and of blocks.

    Returns
    -------
    DataFrame
        A row a class of code: ``class``, ``token_share`` and ``loss_share`` of all
        code tokens, and ``low`` and ``high`` of the loss share, bootstrapped over
        files. A loss share above the token share is a class harder than the rest.

    Raises
    ------
    ValueError
        If the frame holds no code.
    """
    code = frame[frame["class"].isin(CODE_CLASSES)]
    if code.empty:
        raise ValueError("the frame holds no tokens of code")
    sums = _per_file(code, "class", "sum")
    drawn = _resamplings(len(sums), seed) @ sums.to_numpy(float)
    low, high = _percentiles(drawn / drawn.sum(1, keepdims=True), sums, level)
    found = pd.DataFrame(
        {
            "token_share": code.groupby("class", observed=True).size() / len(code),
            "loss_share": sums.sum() / sums.to_numpy().sum(),
            "low": low,
            "high": high,
        }
    )
    return found.reset_index(names="class")


def loss_ratio(
    frame: pd.DataFrame, one: str, other: str, *, seed: int = 0, level: float = 0.95
) -> dict[str, float]:
    """Mean loss of one class over that of another: value, low and high.

    The interval is a bootstrap over files, both means from the same files.

    Raises
    ------
    ValueError
        If the frame lacks a class.
    """
    sums, counts = (_per_file(frame, "class", how) for how in ("sum", "size"))
    for name in (one, other):
        if name not in sums:
            raise unknown_name("class", name, [str(found) for found in sums.columns])
    times = _resamplings(len(sums), seed)
    ratios = [
        (draw @ sums[one] / (draw @ counts[one]))
        / (draw @ sums[other] / (draw @ counts[other]))
        for draw in (np.ones(len(sums)), times)
    ]
    low, high = np.nanquantile(ratios[1], [(1 - level) / 2, (1 + level) / 2])
    return {"value": float(ratios[0]), "low": float(low), "high": float(high)}


def _intervals(
    frame: pd.DataFrame, by: str, seed: int, level: float
) -> tuple[pd.Series, pd.Series]:
    """Percentiles of each group's mean when the files are drawn again."""
    sums, counts = _per_file(frame, by, "sum"), _per_file(frame, by, "size")
    times = _resamplings(len(sums), seed)
    total = times @ counts.to_numpy(float)
    # a draw without the files of a rare group says nothing about it
    means = np.where(total > 0, times @ sums.to_numpy(float), np.nan)
    return _percentiles(means / np.where(total > 0, total, 1), sums, level)


def _per_file(
    frame: pd.DataFrame, by: str, how: Literal["sum", "size"]
) -> pd.DataFrame:
    """Sum or number of the losses, a row a file and a column a group."""
    table = frame.pivot_table(
        index="file", columns=by, values="loss", aggfunc=how, observed=True
    )
    return table.fillna(0)


def _resamplings(files: int, seed: int) -> np.ndarray:
    """How often each file is drawn, (DRAWS, files)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(files, np.full(files, 1 / files), size=DRAWS)


def _percentiles(
    drawn: np.ndarray, sums: pd.DataFrame, level: float
) -> tuple[pd.Series, pd.Series]:
    """Interval of each column of ``drawn``; nan where one file tells nothing."""
    ends = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    ends[:, (sums != 0).sum().to_numpy() < 2] = np.nan
    return pd.Series(ends[0], sums.columns), pd.Series(ends[1], sums.columns)
