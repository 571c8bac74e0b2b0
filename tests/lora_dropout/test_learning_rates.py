"""The search for learning rates: its grid, its table, and the tasks of chapter 04."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.lora_dropout import learning_rates
from helpers.lora_dropout.baselines import METHODS
from helpers.lora_dropout.learning_rates import PROBLEMS, SEEDS, accuracies, grid, main
from helpers.lora_dropout.trials import Outcome
from helpers.scales import find_spec, resolve


def answered(accuracy_of):
    """Outcomes whose network is right on as many of 100 examples as a rule says."""

    def outcomes(trials, workers):
        labels, nothing = np.arange(100) % 2, np.empty((0, 0, 2))
        found = {}
        for trial in trials:
            said = labels.copy()
            said[round(100 * accuracy_of(trial)) :] ^= 1
            given = (trial, np.eye(2)[said], nothing, nothing, labels ^ 1, labels)
            found[trial] = Outcome(*given, labels, nothing, nothing, 0, 0.0)
        return found

    return outcomes


def test_problems_are_those_of_the_notebook():
    values = resolve(find_spec("04"), "default", {})
    opinions, docstrings = PROBLEMS["opinions"], PROBLEMS["docstrings"]
    assert opinions.train_size == values["train_size"]
    assert docstrings.train_size == values["sentences"]
    assert (opinions.noise, docstrings.noise) == (values["noise"], 0)
    assert opinions.epochs == values["epochs"]
    assert docstrings.epochs == -(-3 * values["epochs"] // 5)
    assert opinions.test_size == docstrings.test_size == values["test_size"]
    assert opinions.rank == docstrings.rank == values["rank"]
    used = range(find_spec("04").scale("paper").seeds)
    assert not any(set(used) & set(seeds) for seeds in SEEDS.values())


def test_a_grid_surrounds_each_rate():
    trials = grid(["LoRA", "LoRA + LoRA Dropout"])
    assert len(trials) == 2 * 5 * (6 + 3) == len(set(trials))
    one = [t for t in trials if t.task == "opinions" and t.p == 0.5]
    rate = METHODS["LoRA + LoRA Dropout"].rate_of("opinions")
    factors = sorted({t.lr / rate for t in one})
    assert factors == pytest.approx([0.25, 0.5, 1, 2, 4])
    assert {t.method for t in one} == {"LoRA + LoRA Dropout"}


def test_the_table_names_the_most_accurate_rate(monkeypatch):
    rule = answered(lambda t: 0.9 - 10 * abs(t.lr - 2e-3) + 0.02 * (t.seed % 3))
    monkeypatch.setattr(learning_rates, "outcomes", rule)
    table = accuracies(grid(["LoRA"]))
    assert table[table.best].lr.tolist() == pytest.approx([2e-3, 2e-3])
    best = table[table.best & (table.task == "opinions")].iloc[0]
    values = pd.Series([0.9, 0.92, 0.94] * 2)
    assert best.accuracy == pytest.approx(values.mean())
    assert best.error == pytest.approx(values.sem())


def test_the_command_marks_the_best_and_the_one_in_use(monkeypatch, capsys):
    monkeypatch.setattr(
        learning_rates, "outcomes", answered(lambda t: 0.7 if t.lr == 2e-3 else 0.6)
    )
    main(["LoRA"])
    printed = capsys.readouterr().out
    assert "LoRA, opinions" in printed and "LoRA, docstrings" in printed
    assert "[0.001]  0.600 ± 0.000\n" in printed
    assert "  0.002  0.700 ± 0.000 *\n" in printed


def test_an_unknown_method_is_named_before_anything_is_trained(capsys):
    with pytest.raises(ValueError, match="did you mean 'BitFit'"):
        grid(["BitFitt"])
    with pytest.raises(SystemExit):
        main(["BitFitt"])
    assert "did you mean 'BitFit'" in capsys.readouterr().err


def test_real_trials_are_compared(monkeypatch):
    monkeypatch.setenv("CURRICULUM_CACHE", "off")
    small = {"epochs": 1, "train_size": 18, "test_size": 18}
    trials = [
        replace(t, **small)
        for t in grid(["Head only"])
        if t.task == "opinions" and t.seed == 1000
    ]
    table = accuracies(trials[:2], workers=1)
    assert table.accuracy.between(0, 1).all() and table.best.any()
