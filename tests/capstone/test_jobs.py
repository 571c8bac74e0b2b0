"""A live job does what a recorded one does, and its bill can be compared."""

from __future__ import annotations

import pytest

from helpers.capstone.jobs import FASTEST, bill_jobs
from helpers.spot_tuning.bench import policy


def test_a_live_job_equals_the_job_on_its_own_curves(live, plan):
    bench = plan.bench(live.curves)
    again = plan.run(policy("SpotTune", bench), bench)
    assert again.leases == live.result.leases
    assert again.ledger == live.result.ledger and again.log == live.result.log
    assert again.regret == live.result.regret


def test_the_chosen_trial_was_moved_and_has_not_changed(live, plan):
    assert live.restored[live.chosen] > 0 and live.result.revocations > 0
    whole = plan.workload.trainer(live.setting, plan.seed)
    curve = [whole.train_step() for _ in range(plan.problem.epochs)]
    assert whole.state() == live.checkpoint
    index = live.curves.trials.index(live.chosen)
    assert list(live.curves.metrics[index]) == curve


def test_losers_end_early_in_the_job_and_are_trained_on_after_it(live, plan):
    done = {lease.trial: lease.last_step for lease in live.result.leases}
    assert sorted(done.values()) == [2, 4]
    assert {len(curve) for curve in live.curves.metrics} == {4}


def test_bills_have_a_row_for_every_policy_and_job(live, plan):
    frame = bill_jobs([plan, plan], {plan.seed: live.curves})
    assert frame.groupby("repetition").size().tolist() == [4, 4]
    cost = frame[frame["repetition"] == 0].set_index("policy")["cost"]
    assert cost["SpotTune"] == pytest.approx(live.result.cost)
    assert cost["SpotTune"] < cost["On-demand"] < cost[FASTEST]
    time = frame.groupby("policy")["jct_hours"].first()
    assert time[FASTEST] < time["On-demand"]


def test_a_lease_too_short_for_an_epoch_is_refused_before_training(plan):
    from dataclasses import replace

    from helpers.capstone.jobs import run_live

    with pytest.raises(ValueError, match="its lease is 3600 s long"):
        run_live(replace(plan, hours=20.0))
