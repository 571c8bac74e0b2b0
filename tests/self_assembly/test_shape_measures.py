"""The measures themselves, on regions whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from scipy.spatial import ConvexHull

from helpers.self_assembly.shape_measures import (
    convexity_defect,
    curved_share,
    measure_shape,
    outer_contour,
    straight_pieces,
)
from helpers.self_assembly.shapes import named_shape


def disc(radius: float, size: int) -> np.ndarray:
    row, column = np.indices((size, size)) - size // 2
    return np.hypot(row, column) <= radius


def test_convexity_defect_of_known_regions():
    assert convexity_defect(np.ones((5, 8), bool)) == 0
    assert convexity_defect(disc(12, 31)) == 0
    assert convexity_defect(np.eye(6, dtype=bool)) == 0
    assert convexity_defect(np.ones((1, 1), bool)) == 0
    ell = np.zeros((6, 6), bool)
    ell[:, 0] = ell[5] = True
    # the hull of the L has the 21 cells on and below the diagonal, the L has 11
    assert convexity_defect(ell) == pytest.approx(10 / 21)


@given(arrays(bool, (8, 11)), st.integers(0, 7), st.integers(0, 10))
@settings(max_examples=60, deadline=None)
def test_defect_against_a_general_hull(region, row, column):
    region[[0, 7, row], [0, 3, column]] = region[2, 9] = True
    points = np.argwhere(region)
    edges = ConvexHull(points).equations
    every = np.argwhere(np.ones_like(region))
    inside = (every @ edges[:, :2].T + edges[:, 2] <= 1e-9).all(axis=1).sum()
    assert convexity_defect(region) == pytest.approx(1 - len(points) / inside)


@given(arrays(bool, (9, 9)))
@settings(max_examples=80, deadline=None)
def test_defect_is_a_share_and_does_not_depend_on_orientation(region):
    region[4, 4] = True
    defect = convexity_defect(region)
    assert 0 <= defect < 1
    for turned in (region.T, region[::-1], np.rot90(region)):
        assert convexity_defect(turned) == pytest.approx(defect)


def test_holes_are_4_connected_and_open_bays_are_none():
    mask = np.ones((7, 7), bool)
    mask[2, 2] = mask[3, 3] = False
    mask[0, 5] = False
    found = measure_shape(mask)
    # diagonal neighbours are two holes; the notch at the border is none
    assert [hole.cells for hole in found.holes] == [1, 1]
    assert found.cells == 46 and found.components == 1
    assert found.inner == "convex"


def test_components_are_8_connected():
    assert measure_shape(np.eye(5, dtype=bool)).components == 1
    mask = np.zeros((5, 5), bool)
    mask[0, 0] = mask[2, 2] = True
    assert measure_shape(mask).components == 2


@given(arrays(bool, (10, 11)))
@settings(max_examples=80, deadline=None)
def test_cells_and_holes_add_up_to_the_filled_shape(mask):
    mask[5, 5] = True
    found = measure_shape(mask)
    filled = ndimage.binary_fill_holes(mask)
    assert found.cells + sum(hole.cells for hole in found.holes) == filled.sum()
    mirrored = measure_shape(mask[:, ::-1])
    assert mirrored.outer == found.outer and mirrored.inner == found.inner
    assert len(mirrored.holes) == len(found.holes)


@given(arrays(bool, (8, 8)))
@settings(max_examples=80, deadline=None)
def test_contour_encloses_the_filled_region(mask):
    labels, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    mask = labels == 1
    if not mask.any():
        return
    filled = ndimage.binary_fill_holes(mask)
    r, c = outer_contour(filled).T
    # closed, in half-cell steps, and the shoelace area: each unit corner that is
    # cut off by the edge middles takes 1/8 of a cell away, each filled one adds it
    gaps = np.hypot(np.roll(r, -1) - r, np.roll(c, -1) - c)
    assert (np.isclose(gaps, 1) | np.isclose(gaps, np.sqrt(0.5))).all()
    area = abs((r * np.roll(c, -1) - c * np.roll(r, -1)).sum()) / 2
    # right turns exceed left turns by four on a closed walk: 4 / 8 of a cell
    assert area == pytest.approx(filled.sum() - 0.5)


def test_straight_pieces_keep_the_corners_and_the_tolerance():
    side = np.linspace(0, 30, 61)[:-1]
    square = np.vstack(
        [
            np.c_[side, 0 * side],
            np.c_[30 + 0 * side, side],
            np.c_[30 - side, 30 + 0 * side],
            np.c_[0 * side, 30 - side],
        ]
    )
    corners = straight_pieces(np.roll(square, 17, axis=0), tolerance=0.3)
    assert {tuple(point) for point in corners} == {(0, 0), (30, 0), (30, 30), (0, 30)}


def test_curved_share_of_a_square_a_disc_and_a_half_disc():
    size = 241
    square = np.zeros((size, size), bool)
    square[20:220, 20:220] = True
    round_ = disc(100, size)
    half = round_ & (np.arange(size) < size // 2)
    assert curved_share(square) == 0
    assert curved_share(round_) == 1
    # arc over arc and diameter
    assert curved_share(half) == pytest.approx(np.pi / (np.pi + 2), abs=0.05)


def test_boundary_is_left_open_on_a_coarse_grid():
    found = measure_shape(named_shape("hexagon", 40))
    assert found.curved is None and found.boundary is None and found.category is None
    assert [category.id for category in found.candidates] == [4, 5, 6]
    assert measure_shape(named_shape("annulus", 40)).category.id == 9


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((3, 3), bool), "empty"),
        (np.ones((3, 3)), "bool"),
        (np.ones(3, bool), "2-D"),
    ],
)
def test_bad_masks(mask, message):
    with pytest.raises(ValueError, match=message):
        measure_shape(mask)
