"""The seven kernels and their lookup."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.self_assembly.kernels import KERNELS, get_kernel

# Light at offset (3, -4): d = 7 (Manhattan), 5 (Euclid), 4 (Chebyshev).
AT_3_4 = {
    "linear-manhattan": 993.0,
    "linear-euclid": 995.0,
    "inverse-manhattan": 125.0,
    "inverse-euclid": 1000 / 6,
    "inverse-chebyshev": 200.0,
    "inverse-square-euclid": 1000 / 26,
    "ring-share": 1000 / 32,
}


def test_there_are_seven_kernels() -> None:
    assert list(KERNELS) == list(AT_3_4)


@pytest.mark.parametrize("name", KERNELS)
def test_values_are_those_of_the_formula(name: str) -> None:
    kernel = get_kernel(name)
    assert kernel(3, -4) == pytest.approx(AT_3_4[name])
    assert kernel(0, 0) == 1000.0
    assert kernel(0, 0, intensity=7.0) == 7.0


@pytest.mark.parametrize("name", KERNELS)
def test_table_holds_every_offset(name: str) -> None:
    table = KERNELS[name].table(4, 6, beta=0.5)
    assert table.shape == (7, 11)
    assert table[3 + 2, 5 - 4] == KERNELS[name](2, -4, beta=0.5)
    np.testing.assert_array_equal(table, table[::-1, ::-1])


def test_unknown_kernel_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'inverse-chebyshev'"):
        get_kernel("inverse_chebyshev")
