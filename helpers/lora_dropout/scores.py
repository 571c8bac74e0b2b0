"""What trials are worth: accuracy, likelihood, calibration, and the loss gap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from helpers.lora_dropout.calibration import (
    accuracy,
    brier,
    expected_calibration_error,
    negative_log_likelihood,
)
from helpers.lora_dropout.ensemble import Reduce, ensemble_probabilities
from helpers.lora_dropout.trials import EVERY, Outcome

if TYPE_CHECKING:
    import pandas as pd

MEAN, SINGLE, ENSEMBLE = "mean network", "single mask", "ensemble"


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, float64, over the last axis."""
    return torch.softmax(torch.from_numpy(logits).double(), dim=-1).numpy()


def ensemble(
    found: Outcome, n: int | None = None, reduce: Reduce = "prob", first: int = 0
) -> np.ndarray:
    """Probabilities of members ``first`` to ``first + n - 1``, all by default.

    Raises
    ------
    ValueError
        If the trial has fewer members.
    """
    last = len(found.members) if n is None else first + n
    if not first < last <= len(found.members):
        raise ValueError(
            f"members {first} to {last - 1} of {len(found.members)} were asked for"
        )
    chosen = torch.from_numpy(found.members[first:last]).double()
    return ensemble_probabilities(chosen, reduce).numpy()


def scores(
    probabilities: np.ndarray, labels: np.ndarray, clean: np.ndarray
) -> dict[str, float]:
    """Accuracy on given and on true labels, NLL, ECE (15 bins) and Brier score."""
    return {
        "accuracy": accuracy(probabilities, labels),
        "clean": accuracy(probabilities, clean),
        "nll": negative_log_likelihood(probabilities, labels),
        "ece": expected_calibration_error(probabilities, labels),
        "brier": brier(probabilities, labels),
    }


def rows(found: Outcome) -> list[dict[str, Any]]:
    """Scores of the mean network and, with members, of a single mask and the ensemble.

    The single mask's row is the mean over members of each member's scores. ``train``
    is the training loss without masks, ``gap`` the test loss over it.
    """
    trial = found.trial
    predictions = {MEAN: [softmax(found.test)]}
    if len(found.members):
        predictions[SINGLE] = [softmax(member) for member in found.members]
        predictions[ENSEMBLE] = [ensemble(found)]
    train = negative_log_likelihood(softmax(found.train), found.train_labels)
    common = {
        "task": trial.task,
        "method": trial.method,
        "seed": trial.seed,
        "p": trial.p,
        "rank": trial.rank,
        "instances": trial.instances,
        "mask_at_test": trial.mask_at_test,
        "parameters": found.parameters,
        "seconds": found.seconds,
        "train": train,
    }
    result = []
    for kind, several in predictions.items():
        each = [scores(p, found.labels, found.clean) for p in several]
        mean = {name: float(np.mean([s[name] for s in each])) for name in each[0]}
        result.append({**common, "predict": kind, **mean, "gap": mean["nll"] - train})
    return result


def table(found: Iterable[Outcome]) -> pd.DataFrame:
    """The `rows` of many trials."""
    import pandas as pd

    return pd.DataFrame([row for one in found for row in rows(one)])


def masked_at_test(found: Iterable[Outcome]) -> pd.DataFrame:
    """Scores of plain LoRA under masks it was not trained with (Drop-test of Fig. 4).

    Columns of `table`, and ``masks``, "rescaled" or "unscaled"; trials without such
    masks give no row.
    """
    import pandas as pd

    result = []
    for one in found:
        for name, members in one.at_test.items():
            masked = replace(one, members=members)
            result += [
                {**row, "masks": name} for row in rows(masked) if row["predict"] != MEAN
            ]
    return pd.DataFrame(result)


def curves(found: Iterable[Outcome]) -> pd.DataFrame:
    """Loss and ECE on the way: columns method, p, seed, epoch, split, nll, ece.

    Trials without curves give no row.
    """
    import pandas as pd

    result = []
    for one in found:
        for split, logits, labels in (
            ("train", one.train_curve, one.train_labels),
            ("test", one.test_curve, one.labels),
        ):
            for point, values in enumerate(logits, start=1):
                p = softmax(values)
                seen = labels[: len(p)]
                result.append(
                    {
                        "method": one.trial.method,
                        "p": one.trial.p,
                        "seed": one.trial.seed,
                        "epoch": EVERY * point,
                        "split": split,
                        "nll": negative_log_likelihood(p, seen),
                        "ece": expected_calibration_error(p, seen),
                    }
                )
    return pd.DataFrame(result)


def member_sweep(
    found: Outcome, sizes: Iterable[int], reduce: Reduce = "prob"
) -> list[dict[str, float]]:
    """Scores of ensembles of each size, the mean over all disjoint sets of members."""
    result = []
    for n in sizes:
        sets = range(0, len(found.members) - n + 1, n)
        each = [
            scores(ensemble(found, n, reduce, first), found.labels, found.clean)
            for first in sets
        ]
        if not each:
            raise ValueError(f"{n} members of {len(found.members)} were asked for")
        mean = {name: float(np.mean([s[name] for s in each])) for name in each[0]}
        result.append({"n": n, "seed": found.trial.seed, **mean})
    return result
