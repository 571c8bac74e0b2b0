"""What the figures of all chapters share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from helpers import style
from helpers.figure_parts import error_bar, log_axis, mean_line, spread


def test_error_bar_against_scipy():
    values = np.array([1.0, 4.0, 2.0, 7.0])
    low, high = t.interval(0.95, 3, values.mean(), values.std(ddof=1) / 2)
    mean, half = error_bar([*values, np.nan])
    assert [mean - half, mean + half] == pytest.approx([low, high])
    assert error_bar([1.0, 2.0]) == (1.5, 0.0)


@pytest.mark.parametrize("log", [False, True])
def test_a_mean_line_has_the_band_of_each_place(log):
    groups = {1: [1.0, 2.0, 6.0], 3: [4.0, 4.0, 4.0]}
    rows = pd.DataFrame([(x, v) for x, each in groups.items() for v in each])
    rows.columns = ["epoch", "loss"]
    _, ax = style.subplots()
    last = mean_line(ax, rows, "epoch", "loss", "#0072B2", scale=10, log=log)
    assert last == 40
    assert ax.lines[0].get_xydata().tolist() == [[1, 30], [3, 40]]
    band = ax.collections[0].get_paths()[0].vertices
    half = 10 * error_bar(groups[1])[1]
    low, high = (pick(band[band[:, 0] == 1, 1]) for pick in (min, max))
    assert high == pytest.approx(30 + half)
    assert low == pytest.approx(3 if log else 30 - half)  # the interval reaches below 0


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=8),
    st.floats(0.01, 1),
)
def test_spread_keeps_order_distance_and_bounds(values, gap):
    moved = spread(values, gap)
    order = np.argsort(values, kind="stable")
    steps = np.diff(moved[order])
    assert (steps > gap - 1e-9).all()
    if (np.diff(np.sort(values)) >= gap).all():
        assert moved == pytest.approx(values)
    assert moved.mean() == pytest.approx(np.mean(values))
    bounded = spread(values, gap, -10, 10)
    assert (np.abs(bounded) < 10 + 1e-9).all()
    assert (np.diff(bounded[order]) > gap - 1e-9).all()


@pytest.mark.parametrize("seed", range(5))
def test_spread_fills_a_narrow_range(seed):
    values = np.random.default_rng(seed).uniform(0, 1, 7)
    moved = spread(values, 0.12, 0, 1)
    assert (np.diff(moved[np.argsort(values)]) > 0.12 - 1e-9).all()
    assert moved.min() > -1e-9 and moved.max() < 1 + 1e-9


@pytest.mark.parametrize("ends", [(0.02, 9), (0.3, 5), (0.8, 1.3), (0.98, 1.03)])
def test_a_logarithmic_axis_has_at_least_three_numbers(ends):
    figure, ax = style.subplots()
    ax.plot(ends, ends)
    log_axis(ax, "x", "×")
    figure.draw_without_rendering()
    low, high = ax.get_xlim()
    ticks = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert 3 <= len(ticks) <= 12
    assert all(label.get_text().endswith("×") for label in ax.get_xticklabels())
