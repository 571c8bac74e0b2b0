"""Transfer times, true step times and their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from helpers.spot_tuning.instances import PAPER_TYPES, instance
from helpers.spot_tuning.machinery import (
    FASTEST_MB_S,
    SLOWEST_MB_S,
    Machinery,
    transfer_seconds,
    true_step_seconds,
)


def test_transfer_speed_between_the_recalled_ends():
    assert transfer_seconds(SLOWEST_MB_S, "r4.large") == pytest.approx(1)
    assert transfer_seconds(FASTEST_MB_S, "m4.4xlarge") == pytest.approx(1)
    by_cores = sorted(PAPER_TYPES, key=lambda k: instance(k).vcpu)
    seconds = [transfer_seconds(500.0, k) for k in by_cores]
    assert seconds == sorted(seconds, reverse=True)
    step = (FASTEST_MB_S - SLOWEST_MB_S) / 3  # per doubling of the cores
    assert 500 / transfer_seconds(500.0, "r3.xlarge") == pytest.approx(
        SLOWEST_MB_S + step
    )
    # Smaller and larger machines than the paper's are no slower and no faster.
    assert transfer_seconds(1.0, "m3.medium") == transfer_seconds(1.0, "r4.large")
    assert transfer_seconds(1.0, "m4.10xlarge") == transfer_seconds(1.0, "m4.4xlarge")
    assert transfer_seconds(0.0, "r4.large") == 0


def test_true_step_times_scatter_around_the_law(make_curves):
    curves = make_curves(400, 2, seconds=100.0)
    exact = true_step_seconds(curves, PAPER_TYPES, 0.0, 0)
    noisy = true_step_seconds(curves, PAPER_TYPES, 0.05, 0)
    assert exact.keys() == {(k, t) for k in PAPER_TYPES for t in curves.trials}
    for k in PAPER_TYPES:
        law = 100 / instance(k).vcpu ** 0.6
        assert [exact[k, t] for t in curves.trials] == pytest.approx([law] * 400)
        logs = np.log([noisy[k, t] / law for t in curves.trials])
        assert logs.std() == pytest.approx(0.05, rel=0.15)
        assert abs(logs.mean()) < 0.01
    rows = np.log([[noisy[k, t] for t in curves.trials] for k in PAPER_TYPES])
    assert abs(np.corrcoef(rows)[~np.eye(6, dtype=bool)]).max() < 0.2


def test_a_type_keeps_its_speed_whatever_else_is_on_offer(make_curves):
    curves = make_curves()
    whole = true_step_seconds(curves, PAPER_TYPES, 0.1, 3)
    part = true_step_seconds(curves, PAPER_TYPES[::-2], 0.1, 3)
    assert part.items() <= whole.items()
    assert part != true_step_seconds(curves, PAPER_TYPES[::-2], 0.1, 4)


@pytest.mark.parametrize("name", ["boot", "notice", "jitter", "checkpoint_mb", "poll"])
@pytest.mark.parametrize("value", [-1.0, math.nan])
def test_no_negative_delays(name, value):
    with pytest.raises(ValueError, match="allowed: 0 or more, poll above 0"):
        Machinery(**{name: value})


def test_no_endless_polling():
    with pytest.raises(ValueError, match="poll above 0"):
        Machinery(poll=0.0)
