"""The benchmark's common job, whose completion time is known, and its checks."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import spot_tuning as benchmark
from helpers.spot_tuning.instances import relative_speed


@pytest.mark.parametrize("steps", [9, 54])
def test_jct_of_the_common_job_is_the_work_of_the_slowest_trial(steps):
    curves = benchmark.tabulated(steps)
    market = benchmark.flat_market(curves)
    result = benchmark.our_job(benchmark.to_the_end, curves, market)
    speed = relative_speed(benchmark.TYPE, curves.alpha)
    slowest = max(steps * seconds / speed for seconds in curves.step_seconds)
    assert result.jct == pytest.approx(slowest, rel=1e-9)
    assert benchmark.closed_form_jct(curves) == pytest.approx(slowest, rel=1e-12)
    assert len(result.leases) == benchmark.TRIALS
    assert {lease.reason for lease in result.leases} == {"done"}
    assert {lease.last_step for lease in result.leases} == {steps}


def test_halving_saves_steps_and_trains_a_trial_to_the_end():
    curves = benchmark.tabulated(54)
    result = benchmark.our_job(benchmark.halving, curves, benchmark.flat_market(curves))
    reached = {
        trial: max(x.last_step for x in result.leases if x.trial == trial)
        for trial in curves.trials
    }
    assert set(reached.values()) == {6, 18, 54}
    trained = sum(reached.values())
    assert trained < 0.5 * 54 * benchmark.TRIALS


@pytest.mark.parametrize(("off", "same"), [(0.0, True), (5e-7, True), (2e-6, False)])
def test_a_jct_may_be_off_by_a_millionth(off, same, capsys):
    found = benchmark.Contender("peer", lambda: np.nan, jct=[5e4 * (1 + off), 6e4])
    assert benchmark.same_jct("ours", found, 5e4) is same
    assert "peer" in capsys.readouterr().out


def test_without_the_peer_ours_are_timed_and_the_way_to_get_it_is_shown(
    monkeypatch, capsys
):
    monkeypatch.setattr(benchmark.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("sys.argv", ["spot_tuning.py", "--steps", "9", "--repeats=1"])
    assert benchmark.main() == 0
    printed = capsys.readouterr().out
    assert "pip install -e '.[bench]'" in printed
    assert "ours, to the end" in printed
    assert "hazard" in printed
