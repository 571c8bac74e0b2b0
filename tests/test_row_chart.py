"""Rows of a chart: where marks and intervals lie, and whose colour a name has."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from helpers.figure_parts import darker, error_bar
from helpers.row_chart import dot, row_names, seed_dots


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def points(line):
    """(x, y) of a drawn line."""
    return np.column_stack(line.get_data()).tolist()


def test_an_interval_lies_along_its_axis(ax):
    dot(ax, 2.0, 1, (1.5, 3.0), "#0072B2")
    dot(ax, 2.0, 1, (0.0, 4.0), "#0072B2", upright=True)
    across, mark, up, _ = ax.lines
    assert points(across) == [[1.5, 1], [3.0, 1]]
    assert points(up) == [[2.0, 0.0], [2.0, 4.0]]
    assert points(mark) == [[2.0, 1]] and mark.get_marker() == "o"


def test_a_hollow_value_without_interval_is_one_small_mark(ax):
    dot(ax, 2.0, 0, None, "#0072B2", hollow=True)
    dot(ax, 2.0, 1, None, "#0072B2")
    small, whole = ax.lines
    assert small.get_markersize() < whole.get_markersize()
    assert small.get_markerfacecolor() == "white"


def test_seeds_stand_beside_their_mean_and_interval(ax):
    values = [1.0, 2.0, 6.0]
    mean, half = error_bar(values)
    assert seed_dots(ax, 4, values, "#0072B2") == mean
    seeds, interval, mark = ax.lines
    assert points(seeds) == [[v, 4] for v in values]
    assert points(interval) == [[mean - half, 4], [mean + half, 4]]
    assert points(mark) == [[mean, 4]]


def test_a_second_value_of_a_row_has_no_pale_dots(ax):
    seed_dots(ax, 0, [1.0, 2.0, 6.0], "#0072B2", hollow=True)
    assert len(ax.lines) == 2


def test_names_read_from_the_top_in_their_colours(ax):
    colours = {"one": "#0072B2", "two": "#F0E442"}
    row_names(ax, colours, colours.values(), margin=0.1)
    labels = ax.get_yticklabels()
    assert [label.get_text() for label in labels] == ["one", "two"]
    assert [to_hex(label.get_color()) for label in labels] == [
        darker(colour) for colour in colours.values()
    ]
    assert ax.yaxis_inverted() and ax.margins()[0] == 0.1


def test_every_name_needs_a_colour(ax):
    with pytest.raises(ValueError):
        row_names(ax, ["one", "two"], ["#0072B2"])
