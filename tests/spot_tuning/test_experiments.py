"""Experiments against single jobs run by hand; repetitions are what they say."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from helpers.spot_tuning import experiments
from helpers.spot_tuning.bench import POLICIES, policy, repetitions, start_times
from helpers.spot_tuning.billing import REGIMES, billing
from helpers.spot_tuning.other_markets import jobs_elsewhere, policy_variants
from helpers.spot_tuning.paired_ratios import best_ratios, ratio_per_repetition
from helpers.spot_tuning.prices import HOUR
from helpers.spot_tuning.provisioning import Delta

DAY = 24 * HOUR


@pytest.fixture(scope="module")
def draws(random_market, make_curves, constant_revocation):
    """Three markets, two workloads of which one has two training seeds."""
    markets = [random_market(seed, 30 * 1440) for seed in range(3)]
    curves = {
        "one": [make_curves(seconds=[60.0] * 4, seed=s) for s in (0, 1)],
        "two": [make_curves(trials=3, seconds=[90.0] * 3, seed=2)],
    }
    return repetitions(
        markets,
        [constant_revocation(0.1 * (1 + i)) for i in range(3)],
        curves,
        [10 * DAY, 11 * DAY, 12 * DAY],
        theta=0.5,
        winners=2,
    )


def test_a_repetition_has_its_own_market_predictor_start_and_curves(draws):
    assert [r.start for r in draws] == [10 * DAY, 11 * DAY, 12 * DAY]
    for workload in ("one", "two"):
        benches = [r.benches[workload] for r in draws]
        assert len({id(b.market) for b in benches}) == 3
        assert [b.revocation.value for b in benches] == pytest.approx([0.1, 0.2, 0.3])
        assert all(b.theta == 0.5 and b.winners == 2 for b in benches)
    first, second, third = (r.benches["one"].curves for r in draws)
    assert first is third
    assert first is not second
    assert draws[0].only(["two", "none"]).benches.keys() == {"two"}
    with pytest.raises(ValueError, match="shorter"):
        repetitions([draws[0].benches["one"].market], [], {}, [])


def test_every_row_is_the_job_that_its_labels_name(draws):
    names = ("SpotTune", "Cheapest", "ASHA")
    frame = experiments.compare_policies(draws, names)
    assert len(frame) == 3 * 2 * 3
    for row in frame.itertuples():
        job = draws[row.repetition].job(row.workload, row.policy)
        assert (row.cost, row.jct_hours) == (job.cost, job.jct / HOUR)
    with pytest.raises(ValueError, match="did you mean 'Cheapest'"):
        experiments.compare_policies(draws, ("Chepest",))


def test_billing_changes_the_bill_alone(draws):
    frame = experiments.billing_sweep(draws, ("SpotTune",))
    assert set(frame["billing"]) == set(REGIMES)
    jobs = frame.groupby(["workload", "repetition"])
    assert (jobs[["jct_hours", "revocations"]].nunique() == 1).all(axis=None)
    row = frame[frame["billing"] == "hourly-2017"].iloc[0]
    bench = draws[0].benches[row["workload"]]
    bench = replace(bench, rules=billing("hourly-2017"))
    assert row["cost"] == pytest.approx(
        bench.run(policy("SpotTune", bench), 10 * DAY).cost
    )


def test_sweeps_change_what_they_name(draws):
    thetas = experiments.theta_sweep(draws[:1], (0.5, 1.0))
    whole = experiments.compare_policies(draws[:1], ("SpotTune, no shutdown",))
    assert thetas.loc[thetas["theta"] == 1, "cost"].tolist() == whole["cost"].tolist()
    rules = {"low": Delta("fixed", 1e-4), "high": Delta("fixed", 5.0)}
    deltas = experiments.delta_sweep(draws[:1], rules).set_index(["delta", "billing"])
    assert deltas.loc[("low", "first-hour-refund"), "free_share"].min() > 0
    assert (deltas.loc[("low", "no-refund"), "free_share"] == 0).all()
    assert (deltas.loc["high", "revocations"] == 0).all()
    sizes = experiments.checkpoint_sweep(draws[:1], (10, 5000))
    means = sizes.groupby("checkpoint_mb")["transfer_share"].mean()
    assert means[10] < means[5000]


def test_every_variant_of_the_policy_runs(draws):
    frame = experiments.variant_sweep(draws[:1], policy_variants())
    assert frame.groupby("variant").size().tolist() == [2] * len(policy_variants())
    plain = experiments.compare_policies(draws[:1], ("SpotTune",))["cost"]
    same = frame.loc[frame["variant"] == "reconstructed", "cost"]
    assert same.tolist() == plain.tolist()


def test_main_effects_are_mean_differences_of_logarithms(draws):
    frame = experiments.factorial(draws, small_delta=1e-4)
    assert len(frame) == 3 * 2 * 8
    assert frame.loc[frame["refunds"], "revocations"].sum() > 0
    assert frame.loc[~frame["refunds"], "revocations"].sum() == 0
    cost = frame.set_index(["repetition", "workload", *experiments.SOURCES])["cost"]
    for place, source in enumerate(experiments.SOURCES):
        expected = []
        for repetition in range(3):
            logs = []
            for workload, *rest in itertools.product(
                ("one", "two"), *[(False, True)] * 2
            ):
                off, on = rest.copy(), rest.copy()
                off.insert(place, False)
                on.insert(place, True)
                with_source = cost[(repetition, workload, *on)]
                logs.append(np.log(with_source / cost[(repetition, workload, *off)]))
            expected.append(np.exp(np.mean(logs)))
        assert experiments.main_effect(frame, source) == pytest.approx(expected)


def test_best_cells_per_repetition(draws):
    names = ("SpotTune", "Cheapest", "Fastest")
    frame = experiments.compare_policies(draws, names)
    table = frame.pivot(
        index=["repetition", "workload"], columns="policy", values="pcr"
    )
    ratios = table["SpotTune"] / table["Cheapest"]
    found = ratio_per_repetition(frame, "pcr", "SpotTune", "Cheapest")
    assert found == pytest.approx(np.exp(np.log(ratios).groupby("repetition").mean()))
    both = table.assign(
        a=table["SpotTune"] / table["Cheapest"], b=table["SpotTune"] / table["Fastest"]
    )[["a", "b"]]
    best = both.max(axis=1).groupby("repetition").max()
    got = best_ratios(frame, "pcr", "SpotTune", ("Cheapest", "Fastest"), most=True)
    assert got == pytest.approx(best)


def test_start_times_walk_through_the_day_and_leave_room(draws):
    market = draws[0].benches["one"].market
    times = start_times(market, 6, first_day=9, hours=40)
    assert times == sorted(times)
    assert times[0] == 9 * DAY
    assert times[-1] + 40 * HOUR <= market.seconds
    assert len({round(t % DAY / HOUR) for t in times}) > 3
    with pytest.raises(ValueError, match=r"no room for 6 starts after day 29\.5"):
        start_times(market, 6, first_day=29.5, hours=40)


def test_jobs_elsewhere_scale_trials_to_that_market(draws, make_curves):
    market = draws[1].benches["one"].market
    frame = jobs_elsewhere(market, {"one": [make_curves()]}, starts=2, hours=2.0)
    assert set(frame["policy"]) <= set(POLICIES)
    alone = frame[frame["policy"] == "Cheapest"]
    assert len(alone) == 2
    assert (alone["jct_hours"] > 2).all()  # all trials side by side, the longest counts
    assert (alone["jct_hours"] < 4).all()
