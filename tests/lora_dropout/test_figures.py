"""The figures: every word can be read, and bad input is named."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from helpers import style
from helpers.lora_dropout import figures, scores
from helpers.lora_dropout.baselines import METHODS
from helpers.lora_dropout.figures_scores import VARIANTS, variant_colour
from tests.figure_checks import assert_legible
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


@pytest.mark.parametrize("name", DRAWN)
def test_every_word_can_be_read(name):
    """No warning, no two texts overlap, none leaves the figure, none is pale."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_legible(DRAWN[name]())


def test_every_public_figure_is_drawn_above():
    assert set(figures.__all__) == {name.split(",")[0] for name in DRAWN}


@pytest.mark.parametrize("name", DRAWN)
def test_every_axis_says_what_it_shows(name):
    axes = DRAWN[name]().axes
    assert axes[-1].get_xlabel()
    assert name.startswith(NO_Y_LABEL) or all(ax.get_ylabel() for ax in axes)


def test_methods_differ_in_colour():
    assert len({style.color(name) for name in METHODS}) == len(METHODS)
    assert variant_colour("Drop-train") != variant_colour("Drop")
    assert len({variant_colour(name) for name in VARIANTS}) == len(VARIANTS) == 4
    assert variant_colour("something else") not in VARIANTS.values()


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
