"""The figures: what is drawn is what the data say, and every word can be read."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from transformers import BertConfig, BertModel

from helpers import style
from helpers.figure_parts import interval
from helpers.lora_dropout import figures, scores
from helpers.lora_dropout.baselines import METHODS, Setting, build
from helpers.lora_dropout.calibration import expected_calibration_error
from helpers.lora_dropout.encoder import Encoder, TopLayers
from helpers.lora_dropout.figures_common import predicted
from helpers.lora_dropout.figures_scores import VARIANTS, variant_colour
from helpers.lora_dropout.figures_theory import masked_update
from helpers.lora_dropout.sampling import lora_dropout_sampling
from helpers.lora_dropout.trials import _factors
from tests.lora_dropout import figure_frames as frames

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(4, 120)), RNG.normal(size=(110, 4))
DRAWN = {
    "mask_patterns": lambda: figures.mask_patterns(A, B, 0.5),
    "mask_patterns, one small": lambda: figures.mask_patterns(
        A[:, :20], B[:30], 0.0, [7], seed=3
    ),
    "loss_curves": lambda: figures.loss_curves(scores.curves(frames.families())),
    "loss_curves, one family": lambda: figures.loss_curves(
        scores.curves(frames.families(1)[:2])
    ),
    "ece_curve": lambda: figures.ece_curve(scores.curves(frames.families())),
    "method_scores": lambda: figures.method_scores(frames.all_methods()),
    "method_scores, two tasks": lambda: figures.method_scores(
        frames.all_methods(2).query("method.str.startswith('LoRA')"),
        ("accuracy", "brier"),
    ),
    "budget": lambda: figures.budget(frames.ranks()),
    "budget, nll": lambda: figures.budget(frames.ranks(), "nll"),
    "reliability": lambda: figures.reliability(frames.families()[:6]),
    "reliability, several p": lambda: figures.reliability(
        frames.family(2, (0.0, 0.2, 0.8)), bins=10
    ),
    "reliability, classes": lambda: figures.reliability(
        [frames.outcome(classes=9, n=300)]
    ),
    "ablation": lambda: figures.ablation(frames.variants()),
    "ablation, all": lambda: figures.ablation(
        frames.variants(1), ("accuracy", "clean", "nll", "ece")
    ),
    "probability_sweep": lambda: figures.probability_sweep(
        scores.table(frames.family())
    ),
    "probability_sweep, no plain": lambda: figures.probability_sweep(
        scores.table(frames.family(1, (0.3, 0.6))), ("nll", "gap")
    ),
    "member_sweep": lambda: figures.member_sweep(
        frames.members(), scores.table([frames.outcome(frames.DROPOUT, 0, 0.5)])
    ),
    "member_sweep, no mean": lambda: figures.member_sweep(
        frames.members(1), columns=("ece", "accuracy")
    ),
    "cost": lambda: figures.cost(frames.instances()),
    "stability": lambda: figures.stability(frames.stabilities()),
    "stability, one problem": lambda: figures.stability(frames.stabilities(1)),
}
NO_Y_LABEL = (
    "method_scores",
    "ablation",
    "mask_patterns",
    "loss_curves",
    "reliability",
)


@pytest.fixture(autouse=True)
def look():
    import matplotlib as mpl

    with mpl.rc_context():
        style.use()
        yield


def hidden_ticks(figure: Figure) -> set[int]:
    """Texts of ticks outside the limits, which matplotlib keeps but does not draw."""
    hidden = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            shown = {id(tick) for tick in axis._update_ticks()}
            for tick in axis.majorTicks + axis.minorTicks:
                if id(tick) not in shown:
                    hidden |= {id(tick.label1), id(tick.label2)}
    return hidden


@pytest.mark.parametrize("name", DRAWN)
def test_every_word_can_be_read(name):
    """No warning, no two texts overlap, none leaves the figure, none is pale."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = DRAWN[name]()
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    renderer = canvas.get_renderer()
    hidden = hidden_ticks(figure)
    texts = [
        artist
        for artist in figure.findobj(Text)
        if artist.get_visible() and artist.get_text().strip()
        if id(artist) not in hidden
    ]
    boxes = [(a.get_text(), Text.get_window_extent(a, renderer)) for a in texts]
    width, height = canvas.get_width_height()
    assert width <= 910 and height <= 400
    assert all(a.get_window_extent(renderer).width > 70 for a in figure.axes)
    for text, box in boxes:
        assert box.x0 > -2 and box.y0 > -2, text
        assert box.x1 < width + 2 and box.y1 < height + 2, text
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        up = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, up) < 3, f"{one!r} covers {other!r}"
    for artist in texts:
        assert contrast(artist.get_color()) > 4.4, artist.get_text()


def contrast(colour) -> float:
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)


def test_every_public_figure_is_drawn_above():
    assert set(figures.__all__) == {name.split(",")[0] for name in DRAWN}


@pytest.mark.parametrize("name", DRAWN)
def test_every_axis_says_what_it_shows(name):
    axes = DRAWN[name]().axes
    assert axes[-1].get_xlabel()
    assert name.startswith(NO_Y_LABEL) or all(ax.get_ylabel() for ax in axes)


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
            assert list(line.get_xdata()) == [1, 2, 3, 4, 5, 6]


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
    mean, half = interval(
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
    assert variant_colour("Drop-train") != variant_colour("Drop")
    assert len({variant_colour(name) for name in VARIANTS}) == 4


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


def test_methods_differ_in_colour():
    assert len({style.color(name) for name in METHODS}) == len(METHODS)


def test_predicted_prefers_the_ensemble():
    table = scores.table(frames.families())
    best = predicted(table, ("method", "seed"))
    assert len(best) == 12
    with_masks = best["method"].str.endswith("LoRA Dropout")
    assert set(best.loc[with_masks, "predict"]) == {scores.ENSEMBLE}
    assert set(best.loc[~with_masks, "predict"]) == {scores.MEAN}


EMPTY = pd.DataFrame()


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.loss_curves(EMPTY),
        lambda: figures.ece_curve(EMPTY),
        lambda: figures.method_scores(EMPTY),
        lambda: figures.budget(EMPTY),
        lambda: figures.ablation(EMPTY),
        lambda: figures.probability_sweep(frames.ranks().iloc[:0]),
        lambda: figures.member_sweep(EMPTY),
        lambda: figures.member_sweep(frames.members(1), EMPTY),
        lambda: figures.cost(EMPTY),
    ],
)
def test_empty_frames_are_named(draw):
    with pytest.raises(ValueError, match="the frame has no rows; it needs some with"):
        draw()


def test_bad_input_is_named():
    table = frames.ranks()
    with pytest.raises(ValueError, match="there is nothing to draw"):
        figures.stability([])
    with pytest.raises(ValueError, match="no outcome to draw"):
        figures.reliability([])
    with pytest.raises(ValueError, match="did you mean 'accuracy'"):
        figures.budget(table, "acuracy")
    with pytest.raises(ValueError, match="unknown column 'n'"):
        figures.member_sweep(table)
    with pytest.raises(ValueError, match="several trials of task opinions, method"):
        figures.method_scores(table)
    with pytest.raises(ValueError, match="no row of split 'dev'"):
        figures.ece_curve(scores.curves(frames.families(1)), "dev")
    with pytest.raises(ValueError, match="seed 2 has no training with one instance"):
        figures.cost(
            frames.instances().query("seed < 2 or (seed == 2 and instances > 1)")
        )
    with pytest.raises(ValueError, match="a has shape"):
        figures.mask_patterns(A, A, 0.5)
    with pytest.raises(ValueError, match="no member is given"):
        figures.mask_patterns(A, B, 0.5, [])
