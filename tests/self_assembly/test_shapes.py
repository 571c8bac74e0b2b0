"""Generated shapes are what their category says, on the grid the agents see."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.self_assembly.outlines import solid
from helpers.self_assembly.shape_categories import find_category
from helpers.self_assembly.shape_measures import measure_shape
from helpers.self_assembly.shape_raster import (
    coverage,
    keep_components,
    paint,
    picture_fill,
    rasterise,
)
from helpers.self_assembly.shapes import (
    CATEGORIES,
    from_mask,
    instances,
    make_shape,
    named_shape,
    shape_names,
    text_shape,
)

ALL = [
    (category, index, name)
    for category in CATEGORIES
    for index, name in enumerate(instances(category))
]
SOLID = [entry for entry in ALL if entry[0].boundary]
RANDOM = [entry for entry in ALL if entry[2].startswith("random")]


def ids(entry) -> str:
    return f"{entry[0].id}-{entry[2]}" if isinstance(entry, tuple) else str(entry)


def test_sixteen_categories_with_three_shapes_each():
    assert [category.id for category in CATEGORIES] == list(range(1, 17))
    assert len({category.key for category in CATEGORIES}) == 16
    assert len({category.folder for category in CATEGORIES}) == 16
    assert min(len(instances(category)) for category in CATEGORIES) >= 3
    names = [name for _, _, name in ALL]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("entry", ALL, ids=ids)
@pytest.mark.parametrize("width", [40, 80])
def test_every_shape_measures_as_its_category(entry, width):
    category, index, _ = entry
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mask = make_shape(category, width, index)
    measured = measure_shape(mask)
    assert measured.components == 1
    assert ("none", "one", "several")[min(len(measured.holes), 2)] == category.holes
    assert measured.outer == category.outer
    assert measured.inner == category.inner
    assert category in measured.candidates
    # a margin is left for agents on all four sides
    assert not (
        mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
    )


@pytest.mark.parametrize("entry", SOLID, ids=ids)
def test_straight_and_curved_boundaries_are_told_apart_on_a_fine_grid(entry):
    category, index, _ = entry
    measured = measure_shape(make_shape(category, 360, index))
    assert measured.boundary == category.boundary
    assert measured.category == category


@pytest.mark.parametrize("entry", RANDOM, ids=ids)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), width=st.sampled_from([40, 80]))
def test_random_shapes_keep_their_category_for_any_seed(entry, seed, width):
    category, index, _ = entry
    mask = make_shape(category, width, index, seed=seed)
    assert category in measure_shape(mask).candidates


@pytest.mark.parametrize("entry", RANDOM, ids=ids)
def test_the_same_seed_gives_the_same_cells(entry):
    _, _, name = entry
    assert (named_shape(name, 60, seed=7) == named_shape(name, 60, seed=7)).all()


def test_seeds_change_random_shapes_only():
    assert (named_shape("random-blob", 60) != named_shape("random-blob", 60, 1)).any()
    assert (named_shape("star", 60) == named_shape("star", 60, seed=1)).all()


def test_the_pentagon_has_the_size_of_the_papers_instance():
    cells = int(named_shape("pentagon", 135).sum())
    assert 5400 <= cells <= 5500
    assert cells == pytest.approx(0.5 * 0.600 * 135**2, rel=0.005)


@pytest.mark.parametrize("width", [40, 81, 135])
def test_area_follows_the_half_area_rule(width):
    disc = picture_fill(named_shape("disc", width))
    assert disc == pytest.approx(np.pi / 4, abs=1.5 / width)
    square = picture_fill(named_shape("square", width, fill=0.5))
    assert square == pytest.approx(0.5, abs=3 / width)


@pytest.mark.parametrize("fill", [0.1, 0.435, 0.9])
def test_fill_scales_the_shape(fill):
    assert picture_fill(named_shape("disc", 160, fill=fill)) == pytest.approx(
        fill, rel=0.02
    )


def test_grids_need_not_be_square():
    wide = named_shape("disc", 90, height=40)
    assert wide.shape == (40, 90)
    assert wide.sum() == named_shape("disc", 40).sum()
    rows, columns = np.nonzero(wide)
    assert abs(rows.mean() - 19.5) < 0.1 and abs(columns.mean() - 44.5) < 0.1


def test_symmetric_shapes_stay_symmetric():
    for name in ("disc", "cross", "square", "coin", "window"):
        for width in (40, 41):
            mask = named_shape(name, width)
            assert (mask == mask[::-1]).all() and (mask == mask[:, ::-1]).all()


# -- rasterising ----------------------------------------------------------------


def test_paint_agrees_with_matplotlib_point_by_point():
    from matplotlib.path import Path

    rng = np.random.default_rng(3)
    corners = rng.uniform(-0.5, 0.5, (9, 2))
    pixels = 48
    centres = (np.arange(pixels) + 0.5) / pixels - 0.5
    x, y = np.meshgrid(centres, centres)
    painted = paint(solid(corners), pixels)
    # crossing edges: even-odd, which matplotlib does for one ring after clipping
    winding = np.zeros((pixels, pixels), dtype=int)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        winding += (
            Path([(0.9, 0.9), a, b, (0.9, 0.9)], closed=True)
            .contains_points(np.c_[x.ravel(), y.ravel()])
            .reshape(pixels, pixels)
        )
    assert painted.any()
    assert (painted != (winding % 2 == 1)).mean() < 0.002


@given(
    st.integers(1, 12), st.integers(1, 12), st.floats(0.2, 3.0), st.integers(0, 10**6)
)
@settings(max_examples=60, deadline=None)
def test_coverage_conserves_ink(height, width, pixel, seed):
    picture = np.random.default_rng(seed).random((height, width)) < 0.5
    grid = 2 + int(np.ceil(12 * 3.0))
    covered = coverage(picture, grid, grid, pixel)
    assert covered.sum() == pytest.approx(picture.sum() * pixel**2, abs=1e-9)
    assert covered.min() > -1e-9 and covered.max() < 1 + 1e-9


def test_coverage_against_brute_force_supersampling():
    picture = np.random.default_rng(0).random((10, 14)) < 0.5
    pixel, grid, fine = 0.7, 11, 400
    centre = (np.arange(grid * fine) + 0.5) / fine - grid / 2
    row = np.floor(centre / pixel + 5).astype(int)
    column = np.floor(centre / pixel + 7).astype(int)
    ok = np.outer((row >= 0) & (row < 10), (column >= 0) & (column < 14))
    hit = picture[np.ix_(row.clip(0, 9), column.clip(0, 13))] & ok
    brute = hit.reshape(grid, fine, grid, fine).mean(axis=(1, 3))
    assert np.abs(coverage(picture, grid, grid, pixel) - brute).max() < 0.01


def test_rasterise_at_scale_one_pixel_per_cell_is_the_identity():
    picture = np.random.default_rng(1).random((20, 20)) < 0.4
    mask = rasterise(picture, 40, 40, scale=np.sqrt(2) / 2)
    assert (mask[10:30, 10:30] == picture).all() and mask.sum() == picture.sum()


def test_components_are_joined_over_corners_and_the_largest_is_kept():
    mask = np.zeros((6, 8), dtype=bool)
    mask[1, 1] = mask[2, 2] = mask[3, 3] = True
    mask[0, 6:] = mask[5, 7] = True
    kept, report = keep_components(mask)
    assert kept.sum() == 3 and kept[2, 2]
    assert report.sizes == (3, 2, 1) and report.dropped == (2, 1)
    assert "kept 3 of 6; dropped 2 piece(s) of 2, 1" in str(report)
    everything, report = keep_components(mask, "all")
    assert (everything == mask).all() and report.dropped == ()


# -- names, text, drawings --------------------------------------------------------


@pytest.mark.parametrize("name", shape_names())
def test_every_name_makes_a_target_on_a_coarse_grid(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mask = named_shape(name, 25)
    assert mask.dtype == bool and mask.shape == (25, 25)
    assert 0 < mask.sum() < mask.size


def test_stress_cases():
    spiral = measure_shape(named_shape("spiral", 60))
    assert spiral.components == 1 and not spiral.holes
    # arms and gaps of two cells: about half of a 42 x 42 picture
    assert spiral.fill == pytest.approx(0.5, abs=0.05)
    comb = named_shape("comb", 40)
    assert (comb.sum(axis=1) == 14).sum() == 27 and (comb.sum(axis=1) == 28).sum() == 1
    line = named_shape("line", 40)
    assert line.sum() == 28 and (line.any(axis=1)).sum() == 1
    discs = measure_shape(named_shape("two_discs", 60))
    assert discs.components == 2
    for seed in range(3):
        maze = measure_shape(named_shape("maze", 60, seed))
        assert maze.components == 1 and not maze.holes


@pytest.mark.parametrize(
    ("given_name", "same_as"),
    [
        ("letter_c", "letter-C"),
        ("TWO DISCS", "two-discs"),
        ("framed_sign", "framed-sign"),
    ],
)
def test_spelling_of_names_is_forgiving(given_name, same_as):
    assert (named_shape(given_name, 40) == named_shape(same_as, 40)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: named_shape("spirl", 40), "did you mean 'spiral'"),
        (lambda: make_shape("convex-curves", 40), "did you mean 'convex-curve'"),
        (lambda: make_shape(17, 40), "1 to 16"),
        (lambda: make_shape(True, 40), "1 to 16"),
        (lambda: make_shape(1, 40, instance=99), "instances 0 to"),
        (lambda: make_shape(1, 40, instance=-1), "instances 0 to"),
        (lambda: named_shape("disc", 7), "width must be a whole number of at least 8"),
        (lambda: named_shape("disc", 40.5), "width"),
        (lambda: named_shape("disc", 40, height=0), "height"),
        (lambda: named_shape("disc", 40, fill=0), "fill"),
        (lambda: named_shape("star", 40, fill=1.5), "does not fit the 40 x 40 grid"),
        (lambda: named_shape("comb", 40, fill=0.5), "takes no fill"),
        (lambda: text_shape("", 40), "something to draw"),
        (lambda: text_shape("  ", 40), "something to draw"),
        (lambda: text_shape("a\U0001f409", 40), "cannot draw"),
        (lambda: text_shape("a\nb", 40), "cannot draw"),
        (lambda: text_shape("\u200b", 40), "cannot draw"),
        (lambda: text_shape("x" * 400, 16), "larger grid"),
        (lambda: text_shape("ab", 40, keep="larges"), "did you mean 'largest'"),
        (lambda: from_mask(np.zeros((4, 4))), "empty"),
        (lambda: from_mask(np.zeros((0, 4))), "at least one cell"),
        (lambda: from_mask(np.ones(4)), "two axes"),
        (lambda: from_mask(np.array([[0, 2]])), "only 0 and 1"),
        (lambda: from_mask(np.array([[0.0, np.nan]])), "only 0 and 1"),
        (lambda: from_mask(np.array([["a"]])), "only 0 and 1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_categories_are_found_by_id_key_and_label():
    for category in CATEGORIES:
        for name in (category.id, np.int64(category.id), category.key, category.label):
            assert find_category(name) is category


def test_text_keeps_all_letters_unless_told_otherwise():
    mask = text_shape("AIR", 80)
    assert measure_shape(mask).components == 3
    with pytest.warns(UserWarning, match="dropped 2 piece"):
        one = text_shape("AIR", 80, keep="largest")
    assert measure_shape(one).components == 1 and (one <= mask).all()


def test_dollar_signs_are_letters_too():
    assert text_shape("$x$", 80).sum() > text_shape("$x", 80).sum() * 0.5
    assert measure_shape(text_shape("$x$", 80)).components == 3


def test_a_drawing_is_copied_and_kept_as_drawn():
    drawing = np.zeros((5, 9), dtype=int)
    drawing[1, 1] = drawing[3, 6:8] = 1
    mask = from_mask(drawing)
    assert mask.dtype == bool and (mask == drawing).all()
    original = mask.copy()
    drawing[:] = 0
    assert (mask == original).all()
    with pytest.warns(UserWarning, match="kept 2 of 3"):
        assert from_mask(original, keep="largest").sum() == 2
