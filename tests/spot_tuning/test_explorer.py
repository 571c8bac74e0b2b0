"""The explorer: its line says what the simulator says, at every extreme."""

from __future__ import annotations

import itertools
import re

import pytest
from matplotlib.text import Text

from helpers.spot_tuning.bench import policy
from helpers.spot_tuning.billing import REGIMES
from helpers.spot_tuning.explorer import DELTAS, TuningLab, spot_explorer
from helpers.spot_tuning.prices import HOUR
from tests.spot_tuning.small_jobs import CURVES, LONG_MARKET, MARKET, LastValue, Third


@pytest.fixture(scope="module")
def lab() -> TuningLab:
    workloads = {"toy": CURVES, "short": CURVES.lasting(2, "r4.large")}
    asked = {t: LastValue() for t in CURVES.trials}
    return TuningLab(workloads, LONG_MARKET, Third(), lambda name: asked)


def test_the_line_repeats_the_simulator(lab):
    lab.tuning_job("toy", start_day=1.25)  # leaves its rivals behind
    figure, text = lab.tuning_job("short", theta=0.5, delta="1e-3", start_day=1.25)
    bench = lab.bench("short", 0.5, "1e-3", "first-hour-refund")
    result = bench.run(policy("SpotTune", bench), 30 * HOUR)
    cents = result.ledger.cents()
    assert text.startswith(
        f"{cents['net'] / 100:.2f} USD ({cents['gross'] / 100:.2f} billed, "
        f"{cents['refund'] / 100:.2f} refunded) in {result.jct / HOUR:.1f} h"
    )
    assert f" {result.revocations} revocations" in text
    assert f"chose {result.ranking[0]}, regret {result.regret:.1%}" in text
    for name, kind in (("Cheapest", "r4.large"), ("Fastest", "m4.4xlarge")):
        rival = bench.run(policy(name, bench), 30 * HOUR)
        assert {lease.instance_type for lease in rival.leases} == {kind}
        found = re.search(
            rf"{name} \(regret (.*?)%\): cost (.*?)×, time (.*?)×, PCR (.*?)×", text
        )
        shown = [float(number) for number in found.groups()]
        ratios = [
            100 * rival.regret,
            result.cost / rival.cost,
            result.jct / rival.jct,
            result.pcr / rival.pcr,
        ]
        assert shown == pytest.approx(ratios, abs=0.006)
    assert "short: θ = 0.5, δ 1e-3, first-hour-refund, day 1.25" in {
        artist.get_text() for artist in figure.findobj(Text)
    }


def test_defaults_are_the_first_workload_and_the_first_day(lab):
    assert lab.tuning_job()[1] == lab.tuning_job("toy", start_day=1)[1]


def test_every_choice_of_delta_and_billing_runs(lab):
    lines = {}
    for delta, billing in itertools.product(DELTAS, REGIMES):
        bench = lab.bench("short", 0.5, delta, billing)
        lines[delta, billing] = bench.run(policy("SpotTune", bench), 30 * HOUR)
    for (_, billing), result in lines.items():
        assert (result.ledger.refund == 0) or billing != "no-refund"
    gaming, careful = lines["1e-5", "hourly-2017"], lines["0.2", "hourly-2017"]
    assert gaming.revocations > careful.revocations


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"workload": "toi"}, "unknown workload 'toi'; did you mean 'toy'"),
        ({"delta": "1e-6"}, "unknown delta '1e-6'"),
        ({"billing": "no-refunds"}, "did you mean 'no-refund'"),
        ({"theta": 1.5}, "theta is 1.5; allowed: 0 < theta <= 1"),
        ({"start_day": 0.5}, "start_day is 0.5; allowed: 1 to"),
        ({"start_day": 99}, "start_day is 99; allowed: 1 to"),
    ],
)
def test_bad_choices_are_named(lab, choice, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        lab.tuning_job(**choice)


def test_a_lab_needs_workloads_and_a_long_market(lab):
    with pytest.raises(ValueError, match="at least one workload"):
        TuningLab({}, MARKET, Third(), lab.predictors)
    with pytest.raises(ValueError, match=r"beyond the market's 2\.0 days"):
        TuningLab({"toy": CURVES}, MARKET, Third(), lab.predictors, first_day=2)


def test_headless_every_control_is_tried(lab, monkeypatch):
    monkeypatch.setenv("CURRICULUM_HEADLESS", "1")
    shown: list = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    tried = []
    original = TuningLab.tuning_job

    def record(self, **choice):
        tried.append(choice)
        return original(self, **choice)

    monkeypatch.setattr(TuningLab, "tuning_job", record)
    spot_explorer(lab)
    for name, values in {
        "workload": {"toy", "short"},
        "theta": {0.1, 0.7, 1.0},
        "delta": {"uniform (paper)", "best"},
        "billing": {"first-hour-refund", "minimum-charge"},
        "start_day": {1, lab.last_day},
    }.items():
        assert values <= {choice[name] for choice in tried}
    (box,) = shown
    status = box.children[-1].value
    assert "role='status'" in status
    assert "Against Cheapest" in status
