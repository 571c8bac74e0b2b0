"""The price list: sizes and prices in order, names found or explained."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.spot_tuning.instances import (
    CATALOGUE,
    PAPER_TYPES,
    cheapest,
    fastest,
    instance,
    relative_speed,
)


def test_paper_types_are_ordered_by_price_and_end_at_its_two_baselines():
    prices = [instance(name).on_demand for name in PAPER_TYPES]
    assert prices == sorted(prices)
    assert len(PAPER_TYPES) == 6
    assert cheapest(PAPER_TYPES) == "r4.large"
    assert fastest(PAPER_TYPES) == "m4.4xlarge"


def test_every_row_is_filed_under_its_name():
    assert all(row.name == name for name, row in CATALOGUE.items())
    assert all(min(row.vcpu, row.memory_gib) > 0 for row in CATALOGUE.values())


def test_fastest_prefers_the_lower_price_among_equals():
    assert fastest(["r3.xlarge", "r4.xlarge", "d2.xlarge"]) == "r4.xlarge"


def test_unknown_type_names_the_nearest():
    with pytest.raises(ValueError, match=r"'m4\.4xlarg'; did you mean 'm4\.4xlarge'"):
        instance("m4.4xlarg")


@given(st.sampled_from(sorted(CATALOGUE)), st.floats(0.01, 1))
def test_speed_grows_with_cores_but_not_faster(name, alpha):
    speed = relative_speed(name, alpha)
    assert 1 <= speed <= instance(name).vcpu * (1 + 1e-12)
    assert relative_speed("m3.medium", alpha) == 1


@pytest.mark.parametrize("alpha", [0, -1, 1.01])
def test_alpha_out_of_range(alpha):
    with pytest.raises(ValueError, match="0 < alpha <= 1"):
        relative_speed("r4.large", alpha)
