"""All ways to compute the light agree with the plain sum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.self_assembly.cone_field import ConeField, fit_exponentials
from helpers.self_assembly.geodesic import geodesic_fields
from helpers.self_assembly.kernels import KERNELS
from helpers.self_assembly.light_field import (
    DirectField,
    FFTField,
    direct_field,
    good_fft_size,
)
from helpers.self_assembly.locks import shift_light

SHAPES = [(1, 1), (1, 40), (40, 1), (37, 23), (24, 50)]
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-5}


def sources(shape: tuple[int, int], seed: int = 0, share: float = 0.2) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((2, *shape)) < share)


def relative_error(fields: torch.Tensor, grids: torch.Tensor, **light: object) -> float:
    exact = DirectField(tuple(grids.shape[1:]), **light)(grids)
    scale = exact.abs().amax(dim=(1, 2), keepdim=True).clamp(min=1e-300)
    return float(((fields - exact).abs() / scale).max())


def test_direct_field_is_the_double_loop() -> None:
    grid = np.zeros((3, 5))
    grid[0, 1], grid[2, 4] = 1.0, 2.5
    expected = [
        [
            sum(
                grid[r, c] * 1000 / (1 + max(abs(r - y), abs(c - x)))
                for r in range(3)
                for c in range(5)
            )
            for x in range(5)
        ]
        for y in range(3)
    ]
    np.testing.assert_allclose(direct_field(grid, chunk=20), expected, rtol=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("kernel", KERNELS)
def test_fft_agrees(shape: tuple[int, int], dtype: torch.dtype, kernel: str) -> None:
    grids = sources(shape)
    fields = FFTField(shape, kernel, beta=0.7, dtype=dtype)(grids)
    assert fields.dtype == dtype
    assert relative_error(fields, grids, kernel=kernel, beta=0.7) < TOLERANCE[dtype]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_fft_agrees_on_gpu(dtype: torch.dtype) -> None:
    grids = sources((37, 23))
    fields = FFTField((37, 23), dtype=dtype, device="cuda")(grids).cpu()
    assert relative_error(fields, grids) < TOLERANCE[dtype]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_cone_stays_within_its_bound(
    shape: tuple[int, int], dtype: torch.dtype, beta: float
) -> None:
    grids = sources(shape, seed=1)
    cone = ConeField(shape, beta=beta, dtype=dtype)
    assert cone.error <= 1e-3
    exact = DirectField(shape, beta=beta)(grids)
    slack = cone.error * exact + TOLERANCE[dtype] * exact.abs().max()
    assert ((cone(grids) - exact).abs() <= slack).all()


def test_cone_single_source_is_the_kernel() -> None:
    grids = torch.zeros(2, 31, 45)
    grids[0, 10, 30] = 1
    cone = ConeField((31, 45), tolerance=1e-6, dtype=torch.float64)
    fields = cone(grids)
    exact = direct_field(grids[0].numpy())
    np.testing.assert_allclose(fields[0], exact, rtol=1e-6)
    assert (fields[1] == 0).all()


def test_cone_in_threads_equals_cone_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    grids, cone = sources((40, 60)), ConeField((40, 60))
    alone = cone(grids)
    monkeypatch.setattr("helpers.self_assembly.cone_field.WORTH_SHARING", 0)
    assert torch.equal(cone(grids), alone)


def test_fit_reports_its_largest_error() -> None:
    weights, ratios, error = fit_exponentials(500, tolerance=1e-3)
    d = np.arange(501)
    fitted = (weights * ratios ** d[:, None]).sum(axis=1)
    assert np.abs(fitted * (1 + d) - 1).max() == pytest.approx(error)
    assert error <= 1e-3 and (weights > 0).all() and len(weights) < 14
    with pytest.raises(ValueError, match="allow a larger tolerance"):
        fit_exponentials(500, tolerance=1e-16)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_fft_agrees_on_any_grid(height: int, width: int, seed: int) -> None:
    grids = sources((height, width), seed, share=0.5)
    fields = FFTField((height, width), dtype=torch.float64)(grids)
    assert relative_error(fields, grids) < 1e-9


@pytest.mark.parametrize("field", [FFTField, ConeField])
def test_no_source_gives_exactly_no_light(field: type) -> None:
    grids = sources((30, 30))
    grids[1] = False
    fields = field((30, 30))(grids)
    assert (fields[0] > 0).all() and (fields[1] == 0).all()


def test_positive_kernels_never_give_negative_light() -> None:
    grids = torch.zeros(2, 60, 60)
    grids[0] = 1.0
    grids[1, 0, 0] = 1e-9
    assert (FFTField((60, 60), "inverse-square-euclid")(grids) >= 0).all()


def test_shifted_light_follows_a_move() -> None:
    grid = sources((9, 14))[0].numpy()
    row, column = np.argwhere(grid)[3]
    table = KERNELS["inverse-chebyshev"].table(9, 14)
    light = direct_field(grid)
    shift_light(light, table, row, column, -1)
    shift_light(light, table, 8, 0, 1)
    grid[row, column] = False
    np.testing.assert_allclose(
        light,
        direct_field(grid) + direct_field(np.eye(1, 9 * 14, 8 * 14).reshape(9, 14)),
        rtol=1e-12,
    )


def test_good_fft_sizes() -> None:
    assert [good_fft_size(n) for n in (1, 7, 269, 425)] == [2, 8, 270, 432]


def test_other_dtypes_are_refused() -> None:
    with pytest.raises(ValueError, match="float32 or float64"):
        FFTField((3, 3), dtype=torch.float16)
    with pytest.raises(ValueError, match="2-D grid"):
        direct_field(np.ones(3))


def test_geodesic_distances_by_hand() -> None:
    # One row: agent, target occupied, target occupied, target free, empty cell.
    cells = np.ones((3, 7), dtype=np.uint8)
    cells[1, 1:6] = [1, 3, 3, 2, 0]
    blue, red = np.empty((1, 5)), np.empty((1, 5))
    geodesic_fields(cells, blue, red)
    assert blue.tolist() == [[-1, 0, 0, 0, -1]]
    assert red.tolist() == [[0, 0, -1, -2, 0]]
