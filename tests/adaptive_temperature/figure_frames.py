"""Invented frames with what the figures of notebook 05 take, of realistic size."""

from __future__ import annotations

import numpy as np
import pandas as pd

UNIFORM = {  # temperature: pass@1, pass@15, syntax errors, all in percent
    0.2: (33.8, 62.2, 0.6),
    0.4: (32.1, 63.1, 0.8),
    0.6: (31.6, 64.3, 0.6),
    0.8: (29.9, 63.8, 1.4),
    1.0: (28.5, 64.2, 4.2),
    1.4: (18.9, 57.2, 28),
    2.0: (0.9, 10.5, 93),
}
VARIANTS = {  # sampler: rule, a, b, hot, pass@1, pass@15, syntax errors
    "greedy": ("uniform", 1.0, 1.0, 0.0, 39.0, 39.0, 0.0),
    "T = 0.6": ("uniform", 0.6, 0.6, 1.0, 31.6, 64.3, 0.6),
    "line-word 1.0/0.2": ("line-word", 1.0, 0.2, 8.8, 31.3, 62.4, 0.8),
    "line 1.0/0.2": ("line", 1.0, 0.2, 17.0, 30.9, 62.6, 1.1),
    "block 1.0/0.2": ("block", 1.0, 0.2, 3.0, 32.8, 61.0, 0.6),
    "release 1.0/0.2": ("release", 1.0, 0.2, 5.1, 32.4, 61.8, 0.7),
    "random 1.0/0.2": ("random", 1.0, 0.2, 8.9, 32.1, 60.8, 0.3),
    "anti 1.0/0.2": ("anti", 1.0, 0.2, 82.5, 28.9, 60.6, 3.0),
    "entropy 0.8": ("entropy", 0.8, 0.8, 0.0, 30.3, 64.2, 2.6),
    "min-p 0.1": ("uniform", 1.0, 1.0, 1.0, 30.6, 63.3, 1.2),
    "top-n-sigma 1.0": ("uniform", 1.0, 1.0, 1.0, 31.9, 63.0, 0.9),
}
WORLDS = {  # world: sampler: rule, a, b, pass@1, pass@15, distinct
    "start": {
        "greedy": ("uniform", 1.0, 1.0, 18.0, 18.0, 1),
        "T = 0.4": ("uniform", 0.4, 0.4, 17.3, 29.1, 3.6),
        "T = 0.6": ("uniform", 0.6, 0.6, 17.0, 38.8, 7.6),
        "T = 0.8": ("uniform", 0.8, 0.8, 12.7, 39.4, 13.1),
        "T = 1.0": ("uniform", 1.0, 1.0, 7.5, 39.4, 17.6),
        "line-word 1.0/0.2": ("line-word", 1.0, 0.2, 7.9, 25.0, 14.1),
        "line-word 1.0/0.4": ("line-word", 1.0, 0.4, 8.9, 31.7, 14.7),
        "line-word 1.5/0.2": ("line-word", 1.5, 0.2, 3.1, 14.7, 16.2),
        "anti 1.0/0.2": ("anti", 1.0, 0.2, 15.1, 38.2, 9.7),
    },
    "mid": {
        "greedy": ("uniform", 1.0, 1.0, 14.0, 14.0, 1),
        "T = 0.4": ("uniform", 0.4, 0.4, 14.2, 25.4, 3.0),
        "T = 0.6": ("uniform", 0.6, 0.6, 14.9, 29.5, 5.4),
        "T = 0.8": ("uniform", 0.8, 0.8, 11.6, 31.3, 12.0),
        "T = 1.0": ("uniform", 1.0, 1.0, 4.6, 29.0, 18.6),
        "line-word 1.0/0.2": ("line-word", 1.0, 0.2, 13.9, 23.2, 4.7),
        "line-word 1.0/0.4": ("line-word", 1.0, 0.4, 14.3, 26.8, 5.4),
        "line-word 1.5/0.2": ("line-word", 1.5, 0.2, 13.4, 32.4, 10.5),
        "anti 1.0/0.2": ("anti", 1.0, 0.2, 4.9, 22.3, 17.0),
    },
}


def row(
    sampler: str,
    rule: str,
    a: float,
    b: float,
    one: float,
    fifteen: float,
    *,
    world: str = "family",
    split: str = "test",
    top_p: float = 1.0,
    hot: float = 0.0,
    distinct: float | None = None,
    wrong: float = 0.0,
) -> dict[str, object]:
    """A row of a summary; scores in percent, pass@5 and pass@10 lie between."""
    rise = fifteen - one
    found: dict[str, object] = {
        "world": world,
        "split": split,
        "sampler": sampler,
        "rule": rule,
        "a": a,
        "b": b,
        "top_p": top_p,
        "hot": hot / 100,
        "distinct": distinct or 0.02 + rise / 40,
        "valid": 1 - wrong / 100,
    }
    for k, share in ((1, 0.0), (5, 0.72), (10, 0.92), (15, 1.0)):
        value = (one + share * rise) / 100
        half = 1.96 * np.sqrt(value * (1 - value) / 300)
        found[f"pass@{k}"] = value
        found[f"pass@{k} low"] = max(0.0, value - half)
        found[f"pass@{k} high"] = min(1.0, value + half)
    return found


def uniform(top_p: float = 1.0, lift: float = 0.0) -> list[dict[str, object]]:
    tail = "" if top_p == 1 else f", top-p {top_p:g}"
    return [
        row(f"T = {t}{tail}", "uniform", t, t, one + lift * t**3, fifteen + lift * t**3,
            top_p=top_p, wrong=wrong)
        for t, (one, fifteen, wrong) in UNIFORM.items()
    ]  # fmt: skip


def variants(*names: str) -> pd.DataFrame:
    return pd.DataFrame(
        row(name, rule, a, b, one, many, hot=hot, wrong=wrong)
        for name, (rule, a, b, hot, one, many, wrong) in VARIANTS.items()
        if not names or name in names
    )


def temperatures(*, nucleus: bool = True, adapt: bool = True) -> pd.DataFrame:
    found = uniform() + (uniform(0.95, 2.0) if nucleus else [])
    found.append(row("greedy", "uniform", 1.0, 1.0, 39.0, 39.0))
    if adapt:
        found += grid_rows()
    return pd.DataFrame(found)


def grid_rows(rule: str = "line-word") -> list[dict[str, object]]:
    """Many a and b: falls with a at small b, rises a little with b."""
    found = []
    for a in (0.6, 0.8, 1.0, 1.2, 1.5):
        for b in (0.01, 0.2, 0.4, 0.6, 0.8):
            if b < a:
                one = 33.5 - 4.5 * max(0.0, a - 0.8) ** 1.5 * 4 - 2 * b
                many = 59.5 + 6 * b + 3 * a - 3.2 * a**2
                found.append(row(f"{rule} {a}/{b}", rule, a, b, one, many, hot=8.8))
    return found


def grid() -> pd.DataFrame:
    return pd.DataFrame(grid_rows() + uniform())


def worlds(*names: str) -> pd.DataFrame:
    return pd.DataFrame(
        row(name, rule, a, b, one, many, world=world, distinct=distinct / 20)
        for world, rows in WORLDS.items()
        if not names or world in names
        for name, (rule, a, b, one, many, distinct) in rows.items()
    )


def differences() -> pd.DataFrame:
    """Differences to T = 0.6, in shares."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "sampler": name,
            "rule": rule,
            "top_p": 1.0,
            "k": k,
            "difference": value / 100,
            "low": (value - half) / 100,
            "high": (value + half) / 100,
        }
        for name, (rule, _, _, _, one, many, _) in VARIANTS.items()
        if name != "T = 0.6"
        for k, value in ((1, one - 31.6), (15, many - 64.3))
        for half in (rng.uniform(1.0, 2.4),)
    )


def verdicts() -> pd.DataFrame:
    shares = {
        "greedy": ("uniform", 39, 46, 14, 0, 1, 0),
        "T = 0.2": ("uniform", 34, 50, 14, 1, 1, 0),
        "T = 0.6": ("uniform", 32, 48, 18, 1, 1, 0),
        "T = 1.0": ("uniform", 28, 46, 21, 4, 1, 0),
        "T = 1.4": ("uniform", 19, 26, 26, 28, 1, 0),
        "line-word 1.0/0.2": ("line-word", 31, 49, 18, 1, 1, 0),
        "line-word 2.0/0.2": ("line-word", 15, 19, 22, 43, 0.8, 0.2),
        "anti 1.0/0.2": ("anti", 29, 47, 20, 3, 1, 0),
    }
    names = ("PASS", "WRONG", "EXC", "COMPILE", "TIMEOUT", "DIED")
    return pd.DataFrame(
        {"sampler": name, "rule": rule, "verdict": verdict, "count": 150 * share}
        for name, (rule, *row) in shares.items()
        for verdict, share in zip(names, row, strict=True)
        if share
    )


def passes() -> pd.DataFrame:
    """Passes of 15 per problem, nearly the histogram of the authors' samples."""
    tail = {0: 97, 1: 20, 2: 8, 3: 4, 4: 4, 5: 4, 6: 3, 7: 4, 8: 3, 9: 2, 10: 2,
            11: 3, 12: 2, 13: 2, 14: 2, 15: 4}  # fmt: skip
    counts = [c for c, times in tail.items() for _ in range(times)]
    return pd.DataFrame(
        {"task_id": f"HumanEval/{i}", "n": 15, "c": c} for i, c in enumerate(counts)
    )


LOSSES = {  # class: tokens, mean, median, top-1, skewness, kurtosis (dossier 6.1)
    "prose": (67555, 4.78, 4.67, 0.145, 0.28, -0.30),
    "whitespace": (35742, 1.27, 0.68, 0.669, 2.03, 5.15),
    "first of a line": (8625, 3.73, 3.12, 0.273, 0.67, -0.32),
    "first of a block": (3208, 4.23, 3.84, 0.186, 0.50, -0.88),
    "other code": (114023, 4.11, 4.04, 0.220, 0.27, -0.39),
}
NODES = {
    "def": 0.6, "name": 4.9, "operator": 1.1, "keyword": 1.9, "number": 3.4,
    "string": 5.6, "attribute": 4.3, "call": 3.8, "return": 1.4, "import": 2.2,
}  # fmt: skip


def losses(by: str) -> pd.DataFrame:
    """As of `token_losses.summary`, by class, position, depth or node."""
    rng = np.random.default_rng(2)
    if by == "class":
        table = {name: (n, mean, median, top1, skewness, kurtosis)
                 for name, (n, mean, median, top1, skewness, kurtosis)
                 in LOSSES.items()}  # fmt: skip
    elif by == "node":
        table = {name: (int(rng.integers(400, 9000)), mean, 0.8 * mean,
                        max(0.05, 0.8 - 0.14 * mean), 0.5, 0.2)
                 for name, mean in NODES.items()}  # fmt: skip
    else:
        steps = range(20) if by == "position" else range(7)
        fall = 0.5 if by == "position" else -0.06
        table = {step: (int(9000 * 0.8**step), 3.4 + fall * np.exp(-step / 2), 3.1,
                        0.3, 0.5, 0.1) for step in steps}  # fmt: skip
    total = sum(n for n, *_ in table.values())
    nats = sum(n * mean for n, mean, *_ in table.values())
    return pd.DataFrame(
        {
            by: name,
            "token_share": n / total,
            "loss_share": n * mean / nats,
            "n": n,
            "mean": mean,
            "low": mean - 14 / np.sqrt(n),
            "high": mean + 14 / np.sqrt(n),
            "median": median,
            "top1": top1,
            "skewness": skewness,
            "kurtosis": kurtosis,
        }
        for name, (n, mean, median, top1, skewness, kurtosis) in table.items()
    )


def token_losses() -> pd.DataFrame:
    """Single losses per class: gamma of about the class' mean."""
    rng = np.random.default_rng(3)
    shapes = {"whitespace": 0.7, "prose": 3.0}
    return pd.concat(
        pd.DataFrame(
            {
                "class": name,
                "loss": rng.gamma(shapes.get(name, 1.8), mean / shapes.get(name, 1.8),
                                  n // 10),
            }
        )
        for name, (n, mean, *_) in LOSSES.items()
    )  # fmt: skip
