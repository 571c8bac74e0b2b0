"""Invented outcomes and frames with what the figures of notebook 04 take."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.lora_dropout import scores
from helpers.lora_dropout.baselines import METHODS
from helpers.lora_dropout.stability import Stability
from helpers.lora_dropout.trials import Outcome, Trial

LORA, DROPOUT = "LoRA", "LoRA + LoRA Dropout"
FAMILIES = (LORA, DROPOUT, "AdaLoRA", "AdaLoRA + LoRA Dropout")
GRID = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)


def outcome(
    method: str = LORA,
    seed: int = 0,
    p: float = 0.0,
    *,
    members: int | None = None,
    epochs: int = 6,
    n: int = 120,
    classes: int = 2,
    seconds: float = 5.0,
    **changes: object,
) -> Outcome:
    """Logits that grow with the epochs, less with p; a fifth of the labels is wrong."""
    rng = np.random.default_rng((seed, int(100 * p), list(METHODS).index(method)))
    sampled = METHODS[method].samples
    members = (8 if sampled else 0) if members is None else members
    trial = Trial(
        "opinions" if classes == 2 else "docstrings",
        method,
        seed,
        p=p,
        members=members,
        epochs=epochs,
        **changes,
    )
    clean = rng.integers(0, classes, n)
    wrong = rng.random(n) < 0.2
    labels = np.where(wrong, (clean + 1) % classes, clean)

    def logits(said: np.ndarray, size: float, noise: float) -> np.ndarray:
        found = size * np.eye(classes)[said] + noise * rng.normal(size=(n, classes))
        return found.astype(np.float32)

    size = 4 * (1 - 0.7 * trial.p)
    steps = np.linspace(0.2, 1, epochs)
    train = [logits(labels, 1.5 * size * step, 0.5) for step in steps]
    test = [logits(clean, size * step, size * step) for step in steps]
    kept = [test[-1] + logits(clean, 0, 0.8) for _ in range(members)]
    return Outcome(
        trial,
        test=test[-1],
        train=train[-1],
        members=np.array(kept, np.float32).reshape(members, n, classes),
        labels=labels,
        clean=clean,
        train_labels=labels,
        train_curve=np.array(train),
        test_curve=np.array(test),
        parameters=1000,
        seconds=seconds * rng.uniform(0.9, 1.1),
        factors=(rng.normal(size=(4, 40)), rng.normal(size=(30, 4))),
    )


def family(seeds: int = 3, grid: tuple[float, ...] = GRID, **options: int) -> list:
    """Plain LoRA for p = 0 and LoRA Dropout for every other p."""
    return [
        outcome(DROPOUT if p else LORA, seed, p, **options)
        for p in grid
        for seed in range(seeds)
    ]


def families(seeds: int = 3) -> list[Outcome]:
    """Both families, plain and with dropout."""
    return [
        outcome(method, seed, 0.5 if METHODS[method].drops else 0.0)
        for method in FAMILIES
        for seed in range(seeds)
    ]


def all_methods(tasks: int = 1) -> pd.DataFrame:
    """Scores of all methods."""
    return scores.table(
        outcome(method, seed, 0.5 if METHODS[method].drops else 0.0, classes=classes)
        for classes in (2, 9)[:tasks]
        for method in METHODS
        for seed in range(3)
    )


def ranks() -> pd.DataFrame:
    return scores.table(
        outcome(method, seed, 0.5 if method == DROPOUT else 0.0, rank=rank)
        for method in (LORA, DROPOUT)
        for rank in (1, 2, 4, 8, 16)
        for seed in range(3)
    )


def instances(seeds: int = 3) -> pd.DataFrame:
    return scores.table(
        outcome(DROPOUT, seed, 0.5, instances=n, seconds=4.0 * n)
        for n in (1, 2, 4, 8)
        for seed in range(seeds)
    )


def members(seeds: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        row
        for seed in range(seeds)
        for row in scores.member_sweep(outcome(DROPOUT, seed, 0.5), (1, 2, 4, 8))
    )


def variants(seeds: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    found = {
        "NoDrop": (0.66, 1.9),
        "Drop-test, rescaled": (0.65, 1.1),
        "Drop-test, unscaled": (0.68, 0.63),
        "Drop-train": (0.7, 0.62),
        "Drop": (0.71, 0.6),
    }
    return pd.DataFrame(
        {
            "variant": name,
            "seed": seed,
            "accuracy": accuracy + 0.01 * rng.standard_normal(),
            "clean": accuracy + 0.1,
            "nll": nll * rng.uniform(0.9, 1.1),
            "ece": 0.1 * nll,
        }
        for name, (accuracy, nll) in found.items()
        for seed in range(seeds)
    )


def stabilities(problems: int = 3) -> list[Stability]:
    rng = np.random.default_rng(1)
    return [
        Stability(
            p=p,
            stability=0.18 / (1 + p) * rng.uniform(0.8, 1.2),
            bound=3.3 / (1 + 2 * p) * rng.uniform(0.8, 1.2),
            gap=0.07 - 0.03 * p,
            train_loss=0.4 + 0.1 * p,
            lipschitz=3.0,
            curvature=0.01,
        )
        for p in (0.0, 0.1, 0.3, 0.5, 1.0)
        for _ in range(problems)
    ]
