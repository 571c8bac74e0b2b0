"""The checks turn wrong attempts down, each with a hint that says why."""

from __future__ import annotations

import math

import numpy as np
import pytest

from helpers.adaptive_temperature.exercises import (
    TEXTS,
    check_difference,
    check_estimator,
    check_sampling,
    check_temperature,
)


def line(text):
    return text[text.rfind("\n") + 1 :]


def temperature(text, a, b):
    return a if line(text) and line(text).isspace() else b


def with_empty_lines(text, a, b):
    return a if not line(text).strip() else b


def four_spaces(text, a, b):
    return a if line(text) == "    " else b


def spaces_only(text, a, b):
    return a if line(text) and not line(text).strip(" ") else b


def last_character(text, a, b):
    return a if text[-1] in " \t" else b


def single_newline(text, a, b):
    return b if "\n\n" in text else temperature(text, a, b)


def estimator(n, c, k):
    return 1 - math.comb(n - c, k) / math.comb(n, k)


def by_floats(n, c, k):
    def comb(n, k):
        if k > n:
            return 0.0
        raised = [float(i) for i in range(1, n + 1)]
        return np.prod(raised) / np.prod(raised[:k]) / np.prod(raised[: n - k])

    with np.errstate(all="ignore"):
        return 1 - comb(n - c, k) / comb(n, k)


def softmax(z):
    raised = np.exp(z - z.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def sampling(z, hot, a, b):
    return softmax(z / np.where(hot, a, b)[:, None])


def unsafe(z, hot, a, b):
    with np.errstate(all="ignore"):
        raised = np.exp(z / np.where(hot, a, b)[:, None])
        return raised / raised.sum(axis=-1, keepdims=True)


def of_probabilities(z, hot, a, b):
    p = softmax(z) / np.where(hot, a, b)[:, None]
    return p / p.sum(axis=-1, keepdims=True)


def difference(c_a, c_b, n):
    each = (c_a - c_b) / n
    return each.mean(), each.std(ddof=1) / np.sqrt(len(each))


def unpaired(c_a, c_b, n):
    mean, _ = difference(c_a, c_b, n)
    spread = (c_a / n).var(ddof=1) + (c_b / n).var(ddof=1)
    return mean, np.sqrt(spread / len(c_a))


def scaled(one, two):
    def attempt(c_a, c_b, n):
        mean, error = difference(c_a, c_b, n)
        return one(mean, n), two(error, n)

    return attempt


def same(value, n):
    return value


WRONG = [
    (check_temperature, with_empty_lines, "its indentation, cold"),
    (check_temperature, four_spaces, "any depth"),
    (check_temperature, spaces_only, "a tab is indentation"),
    (check_temperature, last_character, "not at its last character"),
    (check_temperature, single_newline, "after an empty line"),
    (check_temperature, lambda t, a, b: temperature(t, b, a), "the first word comes"),
    (check_temperature, lambda t, a, b: max(temperature(t, a, b), b), "got 1"),
    (check_estimator, lambda n, c, k: 1 - (1 - c / n) ** k, "with replacement"),
    (check_estimator, lambda n, c, k: min(1, k * c / n), "do not add up"),
    (check_estimator, lambda n, c, k: 1 - estimator(n, c, k), "all k fail"),
    (check_estimator, lambda n, c, k: float(c > 0), "pass@n"),
    (check_estimator, by_floats, "overflow"),
    (check_sampling, lambda z, h, a, b: sampling(z, ~h, a, b), "a belongs where hot"),
    (check_sampling, lambda z, h, a, b: softmax(z / a), "heats all"),
    (check_sampling, lambda z, h, a, b: softmax(z / b), "cools all"),
    (check_sampling, lambda z, h, a, b: softmax(z), "no effect"),
    (check_sampling, lambda z, h, a, b: sampling(z, h, 1 / a, 1 / b), "divide by"),
    (
        check_sampling,
        lambda z, h, a, b: sampling(z, h, max(a, b), min(a, b)),
        "also if it is the smaller",
    ),
    (check_sampling, unsafe, "subtract each row's largest"),
    (check_sampling, of_probabilities, "not the probabilities"),
    (check_sampling, lambda z, h, a, b: sampling(z, h, a, b).T, "shape"),
    (
        check_sampling,
        lambda z, h, a, b: softmax((z / np.where(h, a, b)[:, None]).T).T,
        "do not sum to 1",
    ),
    (check_difference, unpaired, "takes the samplers apart"),
    (check_difference, lambda a, b, n: difference(b, a, n), "A minus B"),
    (check_difference, scaled(lambda m, n: 100 * m, same), "no percent"),
    (check_difference, scaled(lambda m, n: n * m, same), "divide by n"),
    (check_difference, scaled(same, lambda e, n: e / np.sqrt(n)), "not problems times"),
    (check_difference, scaled(same, lambda e, n: 1.96 * e), "half the width"),
    (check_difference, scaled(same, lambda e, n: e**2), "take the root"),
    (
        check_difference,
        lambda a, b, n: (((a - b) / n).mean(), ((a - b) / n).std(ddof=1)),
        "root of the number of problems",
    ),
    (
        check_difference,
        lambda a, b, n: (
            ((a - b) / n).mean(),
            ((a - b) / n).std() / np.sqrt(len(a)),
        ),
        "ddof=1",
    ),
    (
        check_difference,
        lambda a, b, n: (((a - b) / n).sum(), difference(a, b, n)[1]),
        "the sum over problems",
    ),
    (check_difference, lambda a, b, n: difference(a, b, n)[0], "return two numbers"),
]


@pytest.mark.parametrize(("check", "attempt", "hint"), WRONG)
def test_wrong_solutions_get_a_hint(check, attempt, hint):
    with pytest.raises(AssertionError, match=hint):
        check(attempt)


def test_the_texts_hold_hot_and_cold_ones():
    hot = [temperature(text, 1.0, 0.0) for text in TEXTS]
    assert 3 <= sum(hot) <= len(hot) - 3
