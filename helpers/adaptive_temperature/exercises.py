"""Checks of notebook 05's exercises; each raises AssertionError with a hint."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.adaptive_temperature.pass_at_k import pass_at_k

TEXTS = (
    "def f(xs):\n    ",
    "def f(xs):\n    return",
    "def f(xs):\n",
    "def f(xs):\n    for x in xs:\n        ",
    "def f(xs):\n    total = 0\n\n    ",
    "if x:\n\t",
    "def f(xs):\n    y = xs[0]  ",
    "def f(xs):\n    return xs\n",
    "x = 1",
    "while True:\n            ",
)
"""Texts before the next token, where readings of the rule differ."""


def check_temperature(attempt: Callable[[str, float, float], float]) -> None:
    """``attempt(text, a, b)`` -> temperature of the token after ``text``.

    ``a`` if the text after the last newline is blanks (spaces, tabs), one or more of
    them: the next token is the first word of an indented line. Else ``b``.
    """
    for a, b in ((0.8, 0.2), (1.5, 0.6), (0.2, 1.0)):
        for text in TEXTS:
            line = text.rpartition("\n")[2]
            expected = a if line and not line.strip() else b
            found = float(attempt(text, a, b))
            if not line:
                hint = "the line is empty yet: what comes next is its indentation, cold"
            elif not line.strip() and "\t" in line:
                hint = "a tab is indentation, too"
            elif not line.strip() and len(line) != 4:
                hint = "any depth counts, not only four spaces"
            elif not line.strip() and "\n\n" in text:
                hint = "a line is indented after an empty line, too"
            elif not line.strip():
                hint = "only blanks since the newline: the first word comes next, hot"
            elif line[-1] == " ":
                hint = "look at the whole line so far, not at its last character"
            else:
                hint = "the line has a word already: cold"
            assert math.isclose(found, expected), (
                f"after {text!r} with a={a:g}, b={b:g}: {expected:g}, got {found:g}; "
                f"{hint}"
            )


def check_estimator(attempt: Callable[[int, int, int], float]) -> None:
    """``attempt(n, c, k)`` -> unbiased pass@k of a problem, c of whose n samples pass.

    The probability that k of the n samples, drawn without replacement, hold one that
    passes.
    """
    for n, c, k in (
        (10, 3, 1),
        (10, 3, 5),
        (15, 1, 10),
        (5, 0, 3),
        (8, 6, 4),
        (6, 6, 6),
        (2000, 40, 100),
    ):
        expected = float(pass_at_k(n, c, k))
        found = _number(attempt(n, c, k))
        hint = "1 - C(n - c, k) / C(n, k); count the draws without one that passes"
        if not math.isfinite(found):
            hint = "factorials of this size overflow floats: multiply k ratios instead"
        elif n - c < k:
            hint = "fewer than k samples fail, so every draw holds one that passes"
        elif math.isclose(found, 1 - expected):
            hint = "that is the probability that all k fail"
        elif math.isclose(found, 1 - (1 - c / n) ** k):
            hint = "that draws with replacement, and is too low"
        elif math.isclose(found, min(1.0, k * c / n)):
            hint = "probabilities of several draws do not add up"
        elif math.isclose(found, float(c > 0)):
            hint = "that is pass@n: did any sample pass"
        assert math.isclose(found, expected, abs_tol=1e-9), (
            f"n={n}, c={c}, k={k}: {expected:.6f}, got {found:.6f}; {hint}"
        )


def check_sampling(
    attempt: Callable[[np.ndarray, np.ndarray, float, float], np.ndarray],
) -> None:
    """``attempt(logits, hot, a, b)`` -> next-token probabilities, shape (m, v).

    ``logits`` (m, v); ``hot`` (m,) bool. Row i is the softmax of its logits divided by
    ``a`` if hot, else by ``b``. Where b > a the control `anti` is meant: the rule does
    not change.
    """
    rng = np.random.default_rng(0)
    for m, v, a, b, size in (
        (6, 5, 1.2, 0.3, 2.0),
        (5, 5, 0.2, 1.0, 2.0),
        (4, 7, 0.8, 0.8, 1.0),
        (3, 4, 0.9, 0.01, 30.0),
    ):
        logits = size * rng.normal(size=(m, v))
        hot = np.arange(m) % 2 == 0
        divisor = np.where(hot, a, b)[:, None]
        expected = _softmax(logits / divisor)
        found = np.asarray(attempt(logits.copy(), hot.copy(), a, b), dtype=float)
        case = f"a={a:g}, b={b:g}, logits {logits.shape}"
        assert found.shape == expected.shape, (
            f"{case}: the answer has shape {found.shape}, not (m, v) = {expected.shape}"
        )
        assert np.isfinite(found).all(), (
            f"{case}: got {found[~np.isfinite(found)][0]}; subtract each row's largest "
            "value before exp"
        )
        assert np.allclose(found.sum(axis=1), 1, atol=1e-6), (
            f"{case}: the probabilities of a position do not sum to 1; the softmax "
            "runs over the tokens, the last axis"
        )
        hint = "divide the logits of a position by its temperature, then softmax"
        wrong = {
            "divide by the temperature: a larger one flattens": logits * divisor,
            "a belongs where hot is true, also if it is the smaller one": logits
            / np.where(hot, b, a)[:, None],
            "that heats all positions": logits / a,
            "that cools all positions": logits / b,
            "the temperatures have no effect; divide the logits, not the "
            "probabilities": logits,
        }
        for text, scores in wrong.items():
            if np.allclose(found, _softmax(scores), atol=1e-6):
                hint = text
                break
        assert np.allclose(found, expected, atol=1e-6), (
            f"{case}: the first row is {expected[0].round(3)}, got "
            f"{found[0].round(3)}, the second {expected[1].round(3)}, got "
            f"{found[1].round(3)}; {hint}"
        )


def check_difference(
    attempt: Callable[[np.ndarray, np.ndarray, int], Sequence[float]],
) -> None:
    """``attempt(c_a, c_b, n)`` -> (difference, its standard error), both of pass@1.

    ``c_a`` and ``c_b`` (problems,): passing samples of n under two samplers, problem by
    problem. The difference is the mean over problems of pass@1 under A minus that under
    B; its standard error is that of the mean of the paired differences, with n - 1
    in the variance of a sample of n problems.
    """
    rng = np.random.default_rng(1)
    for problems, n in ((40, 20), (9, 15), (164, 50)):
        hard = rng.beta(0.4, 0.8, problems)
        c_b = rng.binomial(n, hard)
        c_a = rng.binomial(n, np.clip(hard + 0.08, 0, 1))
        share_a, share_b = c_a / n, c_b / n
        each = share_a - share_b
        mean, error = each.mean(), each.std(ddof=1) / math.sqrt(problems)
        answer = attempt(c_a.copy(), c_b.copy(), n)
        assert np.shape(answer) == (2,), (
            f"return two numbers, (difference, standard error), not {answer!r}"
        )
        found, found_error = (_number(value) for value in answer)
        case = f"{problems} problems, n={n}"
        hint = "divide the counts by n, subtract, take the mean"
        if math.isclose(found, -mean, abs_tol=1e-9):
            hint = "A minus B, not B minus A"
        elif math.isclose(found, 100 * mean, abs_tol=1e-9):
            hint = "give shares, no percent"
        elif math.isclose(found, n * mean, abs_tol=1e-9):
            hint = "those are counts: divide by n"
        elif math.isclose(found, each.sum(), abs_tol=1e-9):
            hint = "that is the sum over problems; take the mean"
        assert math.isclose(found, mean, abs_tol=1e-9), (
            f"{case}: the difference is {mean:.5f}, got {found:.5f}; {hint}"
        )
        apart = math.sqrt((share_a.var(ddof=1) + share_b.var(ddof=1)) / problems)
        wrong = {
            apart: "that takes the samplers apart: how hard a problem is counts in "
            "both, and drops out of the differences problem by problem",
            float(each.std(ddof=1)): "divide by the root of the number of problems",
            float(each.std() / math.sqrt(problems)): "use ddof=1 in the spread",
            error / math.sqrt(n): "problems are the sample, not problems times n",
            1.96 * error: "that is half the width of the interval, 1.96 times this",
            error**2: "take the root",
        }
        hint = "the spread of the differences over the root of the number of problems"
        for value, text in wrong.items():
            if math.isclose(found_error, value, rel_tol=1e-9):
                hint = text
                break
        assert math.isclose(found_error, error, rel_tol=1e-9), (
            f"{case}: the standard error is {error:.5f}, got {found_error:.5f}; {hint}"
        )


def _number(value: Any) -> float:
    """A float; infinite where the integer is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)
