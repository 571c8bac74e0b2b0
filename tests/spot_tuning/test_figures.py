"""The figures: what is drawn is what the data say, and every word can be read."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from scipy.stats import t

from helpers import style
from helpers.figure_parts import darker
from helpers.spot_tuning import figures
from helpers.spot_tuning.figures_common import TYPE_COLOURS, ratio_interval
from helpers.spot_tuning.instances import CATALOGUE, PAPER_TYPES
from tests.figure_checks import assert_legible, contrast
from tests.spot_tuning import figure_frames as frames
from tests.spot_tuning.small_jobs import CURVES, MARKET, POLICIES, full, job

BINS = np.linspace(0.05, 0.95, 10)
RELIABILITY = {
    "RevPred": (BINS, BINS, np.arange(10, 110, 10)),
    "Logistic": (BINS, BINS**1.5, np.arange(10)),
}
STAGED = np.r_[1 / (0.2 * np.arange(1, 31) + 1), np.linspace(0.1, 0.08, 30)]
DRAWN = {
    "timeline": lambda: figures.timeline(job(POLICIES["spot"]), MARKET, "LoR, θ = 0.5"),
    "timeline, asha": lambda: figures.timeline(job(POLICIES["asha"]), MARKET),
    "timeline, on demand": lambda: figures.timeline(job(full(on_demand=True)), MARKET),
    "price_anatomy": lambda: figures.price_anatomy(
        MARKET, {kind: np.linspace(0, 0.1, 24) for kind in PAPER_TYPES}, 0.25, 1.5
    ),
    "step_times": lambda: figures.step_times(CURVES, PAPER_TYPES),
    "predictor_scores": lambda: figures.predictor_scores(frames.scores()),
    "reliability": lambda: figures.reliability(RELIABILITY),
    "staged_curve": lambda: figures.staged_curve(
        STAGED,
        [30],
        42,
        {"EarlyCurve": STAGED[42:], "SLAQ": 0.12, "Last value": 0.095},
    ),
    "prediction_errors": lambda: figures.prediction_errors(
        frames.errors(), {"networks": ["CNN"], "others": ["LoR"], "absent": ["x"]}
    ),
    "cost_jct_plane": lambda: figures.cost_jct_plane(frames.policies()),
    "policy_ratios": lambda: figures.policy_ratios(frames.policies(), "cost"),
    "policy_ratios, paper": lambda: figures.policy_ratios(
        frames.policies(), "pcr", "Fastest", paper=16.61
    ),
    "billing_regimes": lambda: figures.billing_regimes(
        frames.policies(("first-hour-refund", "no-refund"))
    ),
    "theta_sweep": lambda: figures.theta_sweep(frames.thetas()),
    "ablation": lambda: figures.ablation(frames.factorial()),
    "refund_anatomy": lambda: figures.refund_anatomy(frames.refunds()),
    "checkpoint_overhead": lambda: figures.checkpoint_overhead(frames.checkpoints()),
}


@pytest.fixture(autouse=True)
def look(monkeypatch):
    import matplotlib as mpl

    with mpl.rc_context():
        style.use()
        yield


@pytest.mark.parametrize("name", DRAWN)
def test_every_word_can_be_read(name):
    assert_legible(DRAWN[name](), highest=600 if name.startswith("timeline") else 400)


def test_every_public_figure_is_drawn_above():
    assert set(figures.__all__) == {name.split(",")[0] for name in DRAWN}


def test_plane_and_ratios_show_geometric_means():
    frame = frames.policies()
    table = frame.pivot(index=["workload", "repetition"], columns="policy")
    ax = figures.cost_jct_plane(frame).axes[0]
    markers = [line for line in ax.lines if line.get_markersize() == 7]
    assert len(markers) == len(frames.COST)
    for policy, line in zip(frames.COST, markers, strict=True):
        (x,), (y,) = line.get_data()
        for value, column in ((x, "cost"), (y, "jct_hours")):
            ratio = table[column][policy] / table[column]["Cheapest"]
            assert value == pytest.approx(np.exp(np.log(ratio).mean()))
        assert line.get_color() == style.color(policy)
    ax = figures.policy_ratios(frame, "cost").axes[0]
    (spot,) = [line for line in ax.lines if line.get_label() == "SpotTune"]
    ratio = np.log(table["cost"]["SpotTune"] / table["cost"]["Cheapest"])
    expected = np.exp(ratio.groupby("workload").mean()).loc[list(frames.WORKLOADS)]
    assert spot.get_xdata() == pytest.approx(expected.tolist())
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == list(frames.WORKLOADS)[::-1]


def test_ablation_recovers_known_effects():
    dots, _, effects = figures.ablation(frames.factorial()).axes
    changes = [patch.get_width() for patch in effects.patches]
    expected = [100 * (factor - 1) for factor in frames.EFFECTS.values()]
    assert changes == pytest.approx(expected)
    costs = [float(text.get_text()) for text in dots.texts]
    assert costs == [1.0, 0.7, 0.8, 0.9, 0.56, 0.63, 0.72, 0.5]
    with pytest.raises(ValueError, match="all eight combinations"):
        figures.ablation(frames.factorial().iloc[1:])


def test_interval_of_ratios_is_one_of_logarithms():
    values = np.array([1.0, 4.0, 2.0, 7.0])
    low, high = t.interval(0.95, 3, values.mean(), values.std(ddof=1) / 2)
    assert ratio_interval(np.exp(values)) == pytest.approx(np.exp([3.5, low, high]))


@pytest.mark.parametrize(
    "names",
    [
        [*frames.COST],
        ["RevPred", "Joint LSTM", "Logistic", "Hazard", "Majority"],
        ["EarlyCurve", "EarlyCurve, curve only", "SLAQ", "Last value"],
    ],
)
def test_methods_of_one_figure_differ_in_colour(names):
    assert len({style.color(name) for name in names}) == len(names)


def test_machines_of_one_market_differ_in_colour():
    assert set(TYPE_COLOURS) == set(CATALOGUE)
    traces = ("m3.medium", "m3.large", "r3.large", "d2.xlarge", "m4.4xlarge")
    for menu in (PAPER_TYPES, (*traces, "m4.10xlarge")):
        assert len({TYPE_COLOURS[kind] for kind in menu}) == len(menu)


@pytest.mark.parametrize(
    "colour", sorted({*style.METHODS.values(), *TYPE_COLOURS.values()})
)
def test_words_in_a_methods_colour_have_contrast(colour):
    dark = np.array(to_rgb(darker(colour)))
    assert contrast(dark) > 4.4
    assert (dark <= np.array(to_rgb(colour)) + 1 / 255).all()


def test_bad_windows_are_named():
    with pytest.raises(ValueError, match="the market has 2 days"):
        figures.price_anatomy(MARKET, {}, first_day=1, days=3)
    with pytest.raises(ValueError, match="cut is 61; allowed: 1 to 60"):
        figures.staged_curve(STAGED, [], 61, {})
