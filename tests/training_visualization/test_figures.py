"""The figures: what is drawn is what the data say, and every word can be read."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from helpers import style
from helpers.figure_parts import darker
from helpers.training_visualization import figures
from helpers.training_visualization.boundary_samples import BoundarySampler
from tests.figure_checks import assert_legible, contrast
from tests.training_visualization import figure_frames as frames
from tests.training_visualization.small_traces import small_trace

RNG = np.random.default_rng(0)
IMAGES = RNG.random((40, 1, 8, 8)).astype(np.float32)
WEIGHT = RNG.normal(size=(64, 4)).astype(np.float32)
SAMPLES = BoundarySampler()(
    lambda x: (x - 0.5).reshape(len(x), -1) @ WEIGHT, IMAGES, 12
)
DRAWN = {
    "property_by_epoch": lambda: figures.property_by_epoch(
        frames.properties(), "neighbors", chance=0.16
    ),
    "property_by_epoch, ppr": lambda: figures.property_by_epoch(
        frames.properties(), "ppr", "test"
    ),
    "property_by_epoch, confidence": lambda: figures.property_by_epoch(
        frames.properties(seeds=1), "confidence_difference", k=10
    ),
    "property_by_epoch, boundary": lambda: figures.property_by_epoch(
        frames.properties(), "boundary", chance=1.6
    ),
    "property_summary": lambda: figures.property_summary(frames.properties()),
    "property_summary, test": lambda: figures.property_summary(
        frames.properties(), ("neighbors", "ppr"), "test", 10
    ),
    "time_plane": lambda: figures.time_plane(frames.times()),
    "ablation": lambda: figures.ablation(
        frames.properties(frames.VARIANTS), frames.times(frames.VARIANTS)
    ),
    "learning": lambda: figures.learning(small_trace()),
    "learning, no test": lambda: figures.learning(small_trace(test=0)),
    "boundary_examples": lambda: figures.boundary_examples(IMAGES, SAMPLES),
    "boundary_examples, names": lambda: figures.boundary_examples(
        IMAGES[:, 0].reshape(40, 64), SAMPLES, 3, ("cat", "dog", "plane", "ship")
    ),
    "noise_curves": lambda: figures.noise_curves(frames.noise()),
    "active_bars": lambda: figures.active_bars(frames.active()),
    "adversarial_places": lambda: figures.adversarial_places(frames.adversarial()),
}


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
        assert_legible(DRAWN[name](), slimmest=0)


def test_every_public_figure_is_drawn_above():
    assert set(figures.__all__) == {name.split(",")[0] for name in DRAWN}


@pytest.mark.parametrize("name", DRAWN)
def test_every_axis_says_what_it_shows(name):
    if name.startswith("boundary_examples"):
        return
    axes = DRAWN[name]().axes
    assert all(ax.get_xlabel() for ax in axes)
    rows = "ablation", "active_bars", "property_summary", "property_summary, test"
    assert name in rows or all(ax.get_ylabel() for ax in axes)


def test_lines_are_means_over_seeds():
    frame = frames.properties()
    ax = figures.property_by_epoch(frame, "ppr").axes[0]
    rows = frame[(frame["split"] == "train") & (frame["k"] == 15)]
    expected = rows.groupby(["method", "epoch"])["ppr"].mean()
    drawn = {line.get_color(): line for line in ax.lines}
    for method in ("DVI", "PCA", "UMAP", "TimeVis"):
        line = drawn[style.color(method)]
        assert line.get_ydata() == pytest.approx(100 * expected[method].to_numpy())
        assert list(line.get_xdata()) == list(frames.EPOCHS)
    assert style.color("t-SNE") not in drawn  # it has no inverse


def test_summary_takes_checkpoints_first():
    frame = frames.properties()
    ax = figures.property_summary(frame, ("neighbors",)).axes[0]
    rows = frame[(frame["split"] == "train") & (frame["k"] == 15)]
    expected = rows.groupby("method")["neighbors"].mean()
    large = [line for line in ax.lines if line.get_markersize() == 5.5]
    assert [line.get_xdata()[0] for line in large] == pytest.approx(
        [expected[name] for name in frames.METHODS]
    )
    assert [label.get_text() for label in ax.get_yticklabels()] == list(frames.METHODS)


def test_plane_and_ablation_show_the_means():
    times = frames.times()
    ax = figures.time_plane(times).axes[0]
    means = times.groupby("method")[["temporal", "movement"]].mean()
    dots = [line for line in ax.lines if line.get_markersize() == 7]
    for method, line in zip(frames.METHODS, dots, strict=True):
        assert [line.get_xdata()[0], line.get_ydata()[0]] == pytest.approx(
            means.loc[method].tolist()
        )
    variants = frames.times(frames.VARIANTS)
    drawn = figures.ablation(frames.properties(frames.VARIANTS), variants)
    line = [x for x in drawn.axes[3].lines if x.get_linewidth() == 1][-1]
    expected = variants[variants["method"] == "DVI"]["temporal"].mean()
    assert line.get_xdata()[0] == pytest.approx(expected)


def test_the_mix_is_what_was_bisected():
    figure = figures.boundary_examples(IMAGES, SAMPLES, count=len(SAMPLES))
    low, high = IMAGES.min(), IMAGES.max()
    columns = len(SAMPLES)
    for ax, sample in zip(figure.axes[columns:], SAMPLES.samples, strict=False):
        shown = np.asarray(ax.images[0].get_array())
        assert shown == pytest.approx((sample[0] - low) / (high - low), abs=1e-5)


@pytest.mark.parametrize(
    "names", [list(frames.METHODS), ["random", "least confidence", "coreset"]]
)
def test_methods_of_one_figure_differ_in_colour(names):
    assert len({style.color(name) for name in names}) == len(names)
    for name in names:
        assert contrast(darker(style.color(name))) > 4.4


def test_bad_input_is_named():
    frame = frames.properties(seeds=1)
    with pytest.raises(ValueError, match="did you mean 'neighbors'"):
        figures.property_by_epoch(frame, "neighbours")
    with pytest.raises(ValueError, match=r"k are|k \[10, 15\]"):
        figures.property_summary(frame, k=20)
    with pytest.raises(ValueError, match="unknown variant"):
        figures.ablation(frame, frames.times(seeds=1), full="DVi")
    with pytest.raises(ValueError, match="no correlation"):
        figures.time_plane(frames.times(), "test")
    with pytest.raises(ValueError, match="images have shape"):
        figures.boundary_examples(np.zeros((5, 7)), SAMPLES)
