"""How the methods' learning rates were chosen: a grid around each, on unused seeds.

``python -m helpers.lora_dropout.learning_rates`` trains every method at a quarter to
four times its rate in `baselines.METHODS` and prints how accurate each is (some ten
minutes). Trials are kept on disk, so that an interrupted search goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from helpers.lora_dropout.baselines import METHODS
from helpers.lora_dropout.calibration import accuracy
from helpers.lora_dropout.scores import softmax
from helpers.lora_dropout.trials import Trial, outcomes

if TYPE_CHECKING:
    import pandas as pd

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
# the tasks as notebook 04 has them at default
PROBLEMS = {
    "opinions": Trial("opinions", "LoRA", seed=0, test_size=1008),
    "docstrings": Trial(
        "docstrings", "LoRA", 0, epochs=12, train_size=180, test_size=1008, noise=0.0
    ),
}
SEEDS = {"opinions": range(1000, 1006), "docstrings": range(1000, 1003)}


def grid(names: Sequence[str], p: float = 0.5) -> list[Trial]:
    """Trials of some methods on both tasks at every factor of their own rates.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    trials = []
    for task, problem in PROBLEMS.items():
        for name in names:
            one = replace(problem, method=name, p=p)
            rate = METHODS[name].rate_of(task)
            trials += [
                replace(one, seed=seed, lr=factor * rate)
                for factor in FACTORS
                for seed in SEEDS[task]
            ]
    return trials


def accuracies(trials: Sequence[Trial], workers: int = 2) -> pd.DataFrame:
    """Accuracy of the network without masks on true labels, over the seeds.

    Returns
    -------
    pd.DataFrame
        A row per task, method and rate: columns task, method, lr, accuracy (the mean),
        error (its standard error) and best (the most accurate rate of its method).
    """
    import pandas as pd

    found = outcomes(trials, workers)
    each = pd.DataFrame(
        {
            "task": trial.task,
            "method": trial.method,
            "lr": trial.lr,
            "accuracy": accuracy(softmax(found[trial].test), found[trial].clean),
        }
        for trial in trials
    )
    groups = each.groupby(["task", "method", "lr"], sort=False)["accuracy"]
    table = groups.agg(accuracy="mean", error="sem").reset_index()
    top = table.groupby(["task", "method"])["accuracy"].transform("max")
    return table.assign(best=table["accuracy"] == top)


def main(arguments: Sequence[str] | None = None) -> None:
    """Search, and print the table; a star is the best, brackets the rate in use."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("methods", nargs="*", help="all unless given")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    asked = parser.parse_args(arguments)
    try:
        trials = grid(asked.methods or list(METHODS))
    except ValueError as error:
        parser.error(str(error))
    table = accuracies(trials, asked.workers)
    for row in table.to_dict("records"):
        rate = METHODS[row["method"]].rate_of(row["task"])
        if row["lr"] == FACTORS[0] * rate:
            print(f"{row['method']}, {row['task']}")
        shown = f"[{rate:g}]" if row["lr"] == rate else f"{row['lr']:g}"
        star = " *" if row["best"] else ""
        print(f"  {shown:>10}  {row['accuracy']:.3f} ± {row['error']:.3f}{star}")


if __name__ == "__main__":
    main()
