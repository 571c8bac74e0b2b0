"""The figures show what the data say: means over seeds, the right rows, the masks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import BertConfig, BertModel

from helpers import style
from helpers.figure_parts import error_bar
from helpers.lora_dropout import figures, scores
from helpers.lora_dropout.baselines import METHODS, Setting, build
from helpers.lora_dropout.calibration import expected_calibration_error
from helpers.lora_dropout.encoder import Encoder
from helpers.lora_dropout.figures_common import predicted
from helpers.lora_dropout.figures_theory import masked_update
from helpers.lora_dropout.sampling import lora_dropout_sampling
from helpers.lora_dropout.top_layers import TopLayers
from helpers.lora_dropout.trials import EVERY, _factors
from tests.lora_dropout import figure_frames as frames

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(4, 120)), RNG.normal(size=(110, 4))


@pytest.fixture(autouse=True)
def look():
    import matplotlib as mpl

    with mpl.rc_context():
        style.use()
        yield


def test_masks_are_those_of_the_layer():
    """The pattern is the update that a member's layer applies, up to rescaling."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=10,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
    )
    tiny = Encoder("tiny", BertModel(config, add_pooling_layer=False), None, "")
    p = 0.5
    model = build(frames.DROPOUT, TopLayers(tiny, 2, seed=0), Setting(rank=2, p=p))
    (layer,) = (m for name, m in model.eval().named_modules() if name.endswith("query"))
    torch.nn.init.normal_(layer.lora_B["default"].weight)
    a, b = _factors(model)
    with torch.no_grad(), lora_dropout_sampling(model, members=[5], seed=2):
        x = torch.eye(16)
        applied = (layer(x) - layer.base_layer(x)).T.numpy()
    expected = masked_update(a, b, p, member=5, seed=2) / (1 - p) ** 2
    assert np.abs(expected).max() > 0
    assert applied == pytest.approx(expected, abs=1e-5)


def test_the_corner_and_its_title():
    figure = figures.mask_patterns(A, B, 0.5, [0, 3], seed=1, crop=50)
    first, *others = figure.axes
    assert np.asarray(first.images[0].get_array()) == pytest.approx(
        np.abs(B @ A)[:50, :50]
    )
    for ax, member in zip(others, (0, 3), strict=True):
        part = masked_update(A, B, 0.5, member, 1)
        assert np.asarray(ax.images[0].get_array()) == pytest.approx(
            np.abs(part)[:50, :50]
        )
        zeros = 100 * (part == 0).mean()
        assert ax.get_title(loc="left") == f"member {member}: {zeros:.0f} % zero"
    assert "75 %" in figure.get_suptitle()


def test_loss_lines_are_means_over_seeds():
    curves = scores.curves(frames.families())
    left, right = figures.loss_curves(curves).axes
    expected = curves.groupby(["method", "split", "epoch"])["nll"].mean()
    for ax, names in ((left, frames.FAMILIES[:2]), (right, frames.FAMILIES[2:])):
        assert len(ax.lines) == 4
        for line in ax.lines:
            split = "train" if line.get_linestyle() == "--" else "test"
            (name,) = (n for n in names if style.color(n) == line.get_color())
            assert line.get_ydata() == pytest.approx(expected[name, split].to_numpy())
            assert list(line.get_xdata()) == [EVERY * i for i in range(1, 7)]


def test_ece_lines_are_those_of_the_split():
    curves = scores.curves(frames.families())
    for split in ("test", "train"):
        ax = figures.ece_curve(curves, split).axes[0]
        rows = curves[curves["split"] == split]
        expected = 100 * rows.groupby(["method", "epoch"])["ece"].mean()
        for name, line in zip(frames.FAMILIES, ax.lines, strict=True):
            assert line.get_ydata() == pytest.approx(expected[name].to_numpy())


def markers(ax, hollow: bool) -> dict[str, float]:
    """x of the large markers by their colour."""
    found = {}
    for line in ax.lines:
        if line.get_marker() == "o" and len(line.get_xdata()) == 1:
            inside = line.get_markerfacecolor()
            if (inside == "white") == hollow and line.get_alpha() is None:
                found[line.get_color()] = float(line.get_xdata()[0])
    return found


def test_filled_is_the_ensemble_and_hollow_the_mean_network():
    table = frames.all_methods(2)
    drawn = figures.method_scores(table, ("nll", "clean"))
    means = table.groupby(["task", "method", "predict"])[["nll", "clean"]].mean()
    grid = np.reshape(drawn.axes, (2, 2))
    for row, task in zip(grid, ("opinions", "docstrings"), strict=True):
        for ax, column, scale in zip(row, ("nll", "clean"), (1, 100), strict=True):
            filled, hollow = markers(ax, False), markers(ax, True)
            for name, method in METHODS.items():
                kind = scores.ENSEMBLE if method.samples else scores.MEAN
                at = scale * means.loc[(task, name, kind), column]
                assert filled[style.color(name)] == pytest.approx(at)
                if method.samples:
                    at = scale * means.loc[(task, name, scores.MEAN), column]
                    assert hollow[style.color(name)] == pytest.approx(at)
            assert len(hollow) == sum(bool(m.samples) for m in METHODS.values())
    names = [text.get_text() for text in grid[0, 0].get_yticklabels()]
    assert names == list(METHODS)


def test_budget_lines_are_predictions():
    table = frames.ranks()
    ax = figures.budget(table).axes[0]
    for name, kind in ((frames.LORA, scores.MEAN), (frames.DROPOUT, scores.ENSEMBLE)):
        rows = table[(table["method"] == name) & (table["predict"] == kind)]
        expected = 100 * rows.groupby("rank")["accuracy"].mean()
        (line,) = (x for x in ax.lines if x.get_color() == style.color(name))
        assert line.get_ydata() == pytest.approx(expected.to_numpy())
        assert list(line.get_xdata()) == [1, 2, 4, 8, 16]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "2", "4", "8", "16"]


def test_bars_are_accuracies_of_all_seeds():
    found = frames.families()[3:6]  # LoRA Dropout: the ensemble is drawn
    figure = figures.reliability(found, bins=10)
    (ax,) = figure.axes
    p = np.concatenate([scores.ensemble(one) for one in found])
    labels = np.concatenate([one.labels for one in found])
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    assert len(ax.patches) == 5
    for bar in ax.patches:
        low = bar.get_x() / 100
        inside = (confidence > low) & (confidence <= low + 0.1)
        assert bar.get_height() == pytest.approx(100 * right[inside].mean())
    mean, half = error_bar(
        [
            100 * expected_calibration_error(scores.ensemble(x), x.labels, 10)
            for x in found
        ]
    )
    assert ax.get_title(loc="left").endswith(f"ECE {mean:.1f} ± {half:.1f} %")


def test_ablation_rows_are_the_variants_means():
    frame = frames.variants()
    left, right = figures.ablation(frame).axes
    names = list(dict.fromkeys(frame["variant"]))
    assert [text.get_text() for text in left.get_yticklabels()] == names
    for ax, column, scale in ((left, "accuracy", 100), (right, "nll", 1)):
        expected = scale * frame.groupby("variant")[column].mean()
        large = [line for line in ax.lines if line.get_markersize() == 5.5]
        drawn = {float(x.get_ydata()[0]): float(x.get_xdata()[0]) for x in large}
        assert [drawn[row] for row in range(5)] == pytest.approx(
            expected[names].tolist()
        )


def test_the_ensemble_begins_at_plain_lora():
    table = scores.table(frames.family())
    axes = figures.probability_sweep(table).axes
    by = table.groupby(["predict", "p"])[["clean", "nll", "ece", "train"]].mean()
    for ax, column, scale in zip(
        axes, ("clean", "nll", "ece"), (100, 1, 100), strict=True
    ):
        mean, ensemble = (line.get_ydata() for line in ax.lines[:2])
        expected = scale * by.loc[scores.MEAN, column]
        assert mean == pytest.approx(expected.to_numpy())
        assert ensemble[0] == mean[0]
        assert ensemble[1:] == pytest.approx(
            scale * by.loc[scores.ENSEMBLE, column].to_numpy()
        )
    (train,) = (line for line in axes[1].lines if line.get_linestyle() == "--")
    assert train.get_ydata() == pytest.approx(by.loc[scores.MEAN, "train"].to_numpy())


def test_members_and_the_mean_network():
    frame = frames.members()
    found = [frames.outcome(frames.DROPOUT, seed, 0.5) for seed in range(3)]
    mean = scores.table(found).query("predict == 'mean network'")
    left, right = figures.member_sweep(frame, mean).axes
    for ax, column, scale in ((left, "nll", 1), (right, "clean", 100)):
        *seeds, line, dotted = ax.lines
        assert len(seeds) == 3
        expected = scale * frame.groupby("n")[column].mean()
        assert line.get_ydata() == pytest.approx(expected.to_numpy())
        assert dotted.get_ydata()[0] == pytest.approx(scale * mean[column].mean())


def test_cost_is_relative_to_the_same_seed():
    table = frames.instances()
    rows = table[table["predict"] == scores.MEAN].pivot(
        index="seed", columns="instances", values="seconds"
    )
    expected = rows.div(rows[1], axis=0).mean()
    dotted, line = figures.cost(table).axes[0].lines
    assert line.get_ydata() == pytest.approx(expected.to_numpy())
    assert list(dotted.get_ydata()) == [1, 2, 4, 8]


def test_stability_lines_are_means():
    found = frames.stabilities()
    left, right = figures.stability(found).axes
    frame = pd.DataFrame([vars(one) for one in found]).groupby("p").mean()
    for line, column in zip(
        [*left.lines, *right.lines], ("bound", "stability", "gap"), strict=True
    ):
        assert line.get_ydata() == pytest.approx(frame[column].to_numpy())
    assert left.get_yscale() == "log"


def test_predicted_prefers_the_ensemble():
    table = scores.table(frames.families())
    best = predicted(table, ("method", "seed"))
    assert len(best) == 12
    with_masks = best["method"].str.endswith("LoRA Dropout")
    assert set(best.loc[with_masks, "predict"]) == {scores.ENSEMBLE}
    assert set(best.loc[~with_masks, "predict"]) == {scores.MEAN}


def test_a_trial_of_two_experiments_counts_once():
    table = frames.all_methods()
    once = figures.method_scores(table).axes
    twice = figures.method_scores(pd.concat([table, table])).axes
    for a, b in zip(once, twice, strict=True):
        for first, second in zip(a.lines, b.lines, strict=True):
            assert list(first.get_xdata()) == list(second.get_xdata())
