"""SQuAD: the official files, windows of long texts, and the official scores.

Rajpurkar et al., arXiv 1606.05250 (v1.1) and 1806.03822 (v2.0, with questions that
have no answer).
"""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from helpers.assets import needed
from helpers.hub_tables import hub_table
from helpers.names import unknown_name
from helpers.progress import progress_bar

# what is fetched, and its configuration on the hub
HUB = {"SQuAD v1.1": ("squad", "plain_text"), "SQuAD v2.0": ("squad_v2", "squad_v2")}
FILES = {
    "SQuAD v1.1": ("train-v1.1.json", "dev-v1.1.json"),
    "SQuAD v2.0": ("train-v2.0.json", "dev-v2.0.json"),
}
_CHUNK = 1000  # questions at a time, whose Python lists are large
_BEST, _LONGEST = 20, 30  # starts and ends that are paired; tokens of an answer
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True)
class Question:
    """A question about a text.

    Attributes
    ----------
    name : str
        Its number in the data set.
    context, question : str
    answers : tuple of str
        Each is right; none for a question without an answer.
    starts : tuple of int
        Where each begins in the context, in characters.
    """

    name: str
    context: str
    question: str
    answers: tuple[str, ...]
    starts: tuple[int, ...]


@dataclass(frozen=True)
class Windows:
    """Pieces of text that fit into the model, each with its question before it.

    Attributes
    ----------
    rows : list of dict
        Token numbers, and ``start_positions``, ``end_positions`` of the answer: token
        places in the window, 0 (the first, special token) where it has no answer.
    question : np.ndarray
        Of each window, its question's place; int, shape (n,).
    spans : np.ndarray
        First and last character of each token in the context, (-1, -1) for what is no
        part of it; int, shape (n, tokens, 2).
    """

    rows: list[dict[str, Any]]
    question: np.ndarray
    spans: np.ndarray


def read_squad(path: str | Path) -> list[Question]:
    """Questions of an official JSON file.

    Raises
    ------
    FileNotFoundError
        If it does not exist.
    ValueError
        If it is no such file, or an answer is not where it says.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; allowed: an official one, {FILES}")
    try:
        found = [
            Question(
                item["id"],
                paragraph["context"],
                item["question"],
                tuple(answer["text"] for answer in item["answers"]),
                tuple(answer["answer_start"] for answer in item["answers"]),
            )
            for article in json.loads(path.read_text(encoding="utf-8"))["data"]
            for paragraph in article["paragraphs"]
            for item in paragraph["qas"]
        ]
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is no file of SQuAD ({error!r})") from None
    return _checked(found, str(path))


def load_squad(
    version: str, folder: str | Path | None = None
) -> tuple[list[Question], list[Question]]:
    """Training and development questions.

    Parameters
    ----------
    version : {"SQuAD v1.1", "SQuAD v2.0"}
    folder : path, optional
        Holds the official JSON files, or the hub's tables; what was fetched unless
        given.

    Raises
    ------
    ValueError
        If there is no such version, or a file is damaged.
    FileNotFoundError
        If a file is missing.
    """
    if version not in FILES:
        raise unknown_name("version", version, tuple(FILES))
    asset, config = HUB[version]
    place = Path(folder) if folder else needed(asset)
    if (place / config).is_dir():
        train, dev = (_from_table(place, config, s) for s in ("train", "validation"))
    else:
        train, dev = (read_squad(place / name) for name in FILES[version])
    return train, dev


def _from_table(folder: Path, config: str, split: str) -> list[Question]:
    rows = hub_table(folder, config, split).to_dict("records")
    found = [
        Question(
            row["id"],
            row["context"],
            row["question"],
            tuple(row["answers"]["text"]),
            tuple(int(start) for start in row["answers"]["answer_start"]),
        )
        for row in rows
    ]
    return _checked(found, f"{folder / config}, {split}")


def _checked(found: list[Question], source: str) -> list[Question]:
    for one in found:
        for answer, start in zip(one.answers, one.starts, strict=True):
            if one.context[start : start + len(answer)] != answer:
                raise ValueError(
                    f"{source}: answer {answer!r} of question {one.name} is not at "
                    f"character {start}"
                )
    if not found:
        raise ValueError(f"{source} has no question")
    return found


def windows(
    questions: Sequence[Question],
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_tokens: int = 384,
    stride: int = 128,
    progress: bool = False,
) -> Windows:
    """Cut texts into windows that share ``stride`` tokens, padded to ``max_tokens``.

    The label of a window is its question's first answer, if it lies inside whole.
    """
    rows: list[dict[str, Any]] = []
    owners, places = [], []
    starts = range(0, len(questions), _CHUNK)
    for begin in progress_bar(starts, desc="cut texts", disable=not progress):
        part = questions[begin : begin + _CHUNK]
        coded = tokenizer(
            # some begin with spaces enough to leave the text no place
            [one.question.lstrip() for one in part],
            [one.context for one in part],
            truncation="only_second",
            max_length=max_tokens,
            stride=stride,
            padding="max_length",
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        owner = np.array(coded.pop("overflow_to_sample_mapping"))
        spans = np.array(coded.pop("offset_mapping"), np.int32)
        for row, span in enumerate(spans):
            span[[side != 1 for side in coded.sequence_ids(row)]] = -1
        inputs = {name: np.array(coded[name], np.int32) for name in coded}
        for row, (number, span) in enumerate(zip(owner, spans, strict=True)):
            first, last = _label(part[number], span)
            row_inputs = {name: values[row] for name, values in inputs.items()}
            rows.append({**row_inputs, "start_positions": first, "end_positions": last})
        owners.append(owner + begin)
        places.append(spans)
    return Windows(rows, np.concatenate(owners), np.concatenate(places))


def _label(question: Question, span: np.ndarray) -> tuple[int, int]:
    """First and last token of the first answer; (0, 0) if it is not in the window."""
    if not question.answers:
        return 0, 0
    begin = question.starts[0]
    end = begin + len(question.answers[0])
    inside = np.flatnonzero(
        (span[:, 1] > begin) & (span[:, 0] < end) & (span[:, 1] > 0)
    )
    known = span[span[:, 1] > 0]
    if not len(inside) or known[:, 0].min() > begin or known[:, 1].max() < end:
        return 0, 0
    return int(inside[0]), int(inside[-1])


def best_answers(
    questions: Sequence[Question],
    cut: Windows,
    scores: np.ndarray,
    *,
    may_be_empty: bool,
) -> list[str]:
    """The likeliest answer to each question, over all its windows.

    Parameters
    ----------
    scores : np.ndarray
        Of each token as first and as last one of the answer, logits; shape
        (windows, 2, tokens).
    may_be_empty : bool
        Whether "no answer" is one: if the first token of any window, which stands for
        it, has a sum of both scores that no answer exceeds.
    """
    best = [(-np.inf, "")] * len(questions)
    empty = np.full(len(questions), np.inf)
    for owner, span, (start, end) in zip(cut.question, cut.spans, scores, strict=True):
        empty[owner] = min(empty[owner], start[0] + end[0])
        real = span[:, 1] > 0
        firsts, lasts = (
            np.argsort(np.where(real, side, -np.inf))[::-1][:_BEST]
            for side in (start, end)
        )
        first, last = np.meshgrid(firsts, lasts, indexing="ij")
        sums = start[first] + end[last]
        wrong = (last < first) | (last - first >= _LONGEST) | ~real[first] | ~real[last]
        sums = np.where(wrong, -np.inf, sums)
        place = np.unravel_index(sums.argmax(), sums.shape)
        if sums[place] > best[owner][0]:
            text = questions[owner].context
            begin, stop = span[first[place], 0], span[last[place], 1]
            best[owner] = (float(sums[place]), text[begin:stop].strip())
    return [
        "" if may_be_empty and nothing >= score else text
        for (score, text), nothing in zip(best, empty, strict=True)
    ]


def normalised(text: str) -> str:
    """Lower case without punctuation, articles and extra spaces, as both scores want.

    Examples
    --------
    >>> normalised("  The U.S.  army, an Army")
    'us army army'
    """
    plain = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", plain).split())


def exact_match(guess: str, truth: str) -> float:
    """1 if both are the same once normalised, else 0."""
    return float(normalised(guess) == normalised(truth))


def f1(guess: str, truth: str) -> float:
    """Harmonic mean of precision and recall of words; of no words, equality.

    Examples
    --------
    >>> f1("the red fox", "a fox"), f1("", "fox"), f1("", "")
    (0.6666666666666666, 0.0, 1.0)
    """
    words = [Counter(normalised(text).split()) for text in (guess, truth)]
    totals = [sum(found.values()) for found in words]
    if not all(totals):
        return float(totals[0] == totals[1])
    return 2 * sum((words[0] & words[1]).values()) / sum(totals)


def squad_scores(guesses: Sequence[str], questions: Sequence[Question]) -> dict:
    """Mean over questions of the best score over right answers, in percent.

    Answers of which normalisation leaves nothing do not count; a question left without
    any wants the empty answer.

    Returns
    -------
    dict
        ``exact_match`` and ``f1``, from 0 to 100 as the papers print them.
    """
    if len(guesses) != len(questions) or not len(questions):
        raise ValueError(f"{len(guesses)} answers to {len(questions)} questions")
    sums = {"exact_match": 0.0, "f1": 0.0}
    for guess, question in zip(guesses, questions, strict=True):
        right = [a for a in question.answers if normalised(a)] or [""]
        sums["exact_match"] += max(exact_match(guess, a) for a in right)
        sums["f1"] += max(f1(guess, a) for a in right)
    return {name: 100 * total / len(questions) for name, total in sums.items()}
