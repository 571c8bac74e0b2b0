"""Canvases: where cells lie, which way is up, what is white."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.training_visualization.canvas import BAND, Canvas, extent_of, grid

EXTENT = (-1.0, 3.0, 10.0, 12.0)


def test_centres_go_row_by_row_from_the_lowest_y() -> None:
    cells = grid(EXTENT, 4)
    np.testing.assert_allclose(cells[0], [-0.5, 10.25])
    np.testing.assert_allclose(cells[1], [0.5, 10.25])
    np.testing.assert_allclose(cells[4], [-0.5, 10.75])
    np.testing.assert_allclose(cells[-1], [2.5, 11.75])
    assert cells.shape == (16, 2) and cells.dtype == np.float32


def test_a_centre_lies_in_its_own_cell() -> None:
    size = 7
    canvas = Canvas(np.zeros((size, size), int), np.ones((size, size)), EXTENT)
    row, column = canvas.cells(grid(EXTENT, size))
    np.testing.assert_array_equal(row * size + column, np.arange(size**2))


def test_places_outside_take_the_nearest_cell() -> None:
    canvas = Canvas(np.zeros((4, 4), int), np.ones((4, 4)), EXTENT)
    far = np.array([[-50.0, 11.1], [3.0, 99.0], [0.6, 0.0]])
    row, column = canvas.cells(far)
    assert row.tolist() == [2, 3, 0] and column.tolist() == [0, 3, 1]


def test_boundary_is_where_the_margin_is_small() -> None:
    margin = np.array([[0.0, BAND], [0.9, BAND - 0.01]])
    canvas = Canvas(np.zeros((2, 2), int), margin, (0, 2, 0, 2))
    np.testing.assert_array_equal(canvas.boundary, [[True, False], [False, True]])
    places = np.array([[0.5, 0.5], [1.5, 0.5], [0.5, 1.5], [1.5, 1.5]])
    assert canvas.on_boundary(places).tolist() == [True, False, False, True]


def test_extent_is_a_square_around_all_places() -> None:
    places = [np.array([[0.0, 0.0], [10.0, 2.0]]), np.array([[4.0, -2.0]])]
    x0, x1, y0, y1 = extent_of(places, margin=0.1)
    assert (x0, x1) == pytest.approx((-1, 11))
    assert (y0, y1) == pytest.approx((-6, 6))
    assert extent_of([*places, np.zeros((0, 2))], 0.1) == (x0, x1, y0, y1)


def test_extent_of_one_place_is_not_empty() -> None:
    extent = extent_of([np.array([[3.0, 4.0]] * 5)])
    assert np.isfinite(grid(extent, 3)).all()


@pytest.mark.parametrize(
    ("extent", "resolution"), [((0, 1, 0, 1), 1), ((1, 1, 0, 1), 9), ((0, 1, 2, 1), 9)]
)
def test_empty_grids(extent, resolution) -> None:
    with pytest.raises(ValueError, match="allowed: 2 or more, and x0 < x1, y0 < y1"):
        grid(extent, resolution)
