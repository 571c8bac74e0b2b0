"""Whole simulated tuning jobs per second, side by side with Syne Tune's simulator.

    python benchmarks/spot_tuning.py [--steps 54 540] [--repeats 7]

The common job: 16 tabulated curves of equal length, fixed step times, 16 workers of
one type, a flat price, no revocation, no delays. Both simulators must find the same
job completion time (JCT): the steps times step seconds of the slowest trial. Syne
Tune adds the real seconds of its own loop to the simulated clock, so the repeat with
the smallest JCT counts; exit status 1 if it differs by more than one part in a million.

Both are timed in turn, in one process, with everything built anew that a job uses up
(policy; scheduler, backend, tuner), over one table built before. What is done for the
peer, by its public options alone: all delays 0, no sleep, no saved tuner, no stored
results, a logger that prints nothing, its metadata in a temporary folder. Its loop
looks at the simulated clock every ``tuner_sleep_time``. It is timed once with the ten
seconds of our `Machinery.poll`, and once with a wait longer than the job: its fastest
setting, possible only because a job without decisions needs no look. The aim of ten
times its jobs per second holds for the fastest; below it the exit status is 1 too.
One cost no option avoids: the table of results made for its closing summary.

Medians over the repeats. Ratios are of CPU seconds: the peer sleeps for zero seconds
at every look, which costs wall time by the system's timer and by what else runs.

Asynchronous successive halving is shown too, but its JCT not compared: Syne Tune's
stops what falls behind, ours promotes what leads.

Then, ours alone: the policies of the notebook on six types with moving prices.
Without Syne Tune (`pip install -e '.[bench]'`) only ours are timed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import itertools
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from helpers.spot_tuning.bench import PAPER_RULES, Bench, policy, start_times
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.final_metric import predictors_for
from helpers.spot_tuning.instances import PAPER_TYPES, cheapest
from helpers.spot_tuning.job import Policy
from helpers.spot_tuning.job_result import JobResult
from helpers.spot_tuning.machinery import Machinery
from helpers.spot_tuning.orchestrator import SingleType
from helpers.spot_tuning.price_generator import generate_market
from helpers.spot_tuning.prices import MINUTE, Market, PriceTrace
from helpers.spot_tuning.revocation_predictors import HazardPredictor, NeverRevoked
from helpers.spot_tuning.simulator import simulate
from helpers.spot_tuning.successive_halving import SuccessiveHalving

TRIALS = 16
TYPE = cheapest(PAPER_TYPES)
HOURS = 8.0
"""Mean length of a trial, as in the notebook."""

FLAT = Machinery(boot=0.0, checkpoint_mb=0.0, jitter=0.0)
AIM, TOLERANCE = 10.0, 1e-6
BATCH = 20
"""Jobs of ours per timing; one takes about a millisecond."""


def tabulated(steps: int, seed: int = 0) -> LearningCurves:
    """Curves that fall like a power, and again after a decay at .6 of the steps."""
    rng = np.random.default_rng(seed)
    k, decay = np.arange(1, steps + 1), round(0.6 * steps)
    drop = np.where(k > decay, 0.8, 1.0)
    return LearningCurves(
        "benchmark",
        "loss",
        tuple({"setting": i} for i in range(TRIALS)),
        tuple(
            drop * (rng.uniform(0.2, 0.6) + k ** -rng.uniform(0.3, 0.9))
            for _ in range(TRIALS)
        ),
        rng.uniform(0.5, 2.0, TRIALS),
        ((decay,),) * TRIALS,
    ).lasting(HOURS, TYPE)


def closed_form_jct(curves: LearningCurves) -> float:
    """JCT of the common job: the slowest trial's steps times its step seconds."""
    return float(
        max(
            len(metrics) * seconds
            for metrics, seconds in zip(
                curves.metrics, curves.seconds(TYPE), strict=True
            )
        )
    )


def flat_market(curves: LearningCurves) -> Market:
    """One type at one price for four times the JCT of the common job."""
    minutes = round(4 * closed_form_jct(curves) / MINUTE)
    return Market([PriceTrace(TYPE, np.full(minutes, 0.03))])


def to_the_end(curves: LearningCurves) -> Policy:
    """Every trial in full on its own machine."""
    return SingleType(EarlyShutdown(curves.max_steps, theta=1.0), TYPE)


def halving(curves: LearningCurves) -> Policy:
    """ASHA with rungs at a ninth and a third."""
    return SuccessiveHalving(curves.max_steps, TYPE)


def our_job(
    make: Callable[[LearningCurves], Policy], curves: LearningCurves, market: Market
) -> JobResult:
    """The common job in our simulator."""
    return simulate(
        make(curves), curves, market, start=0.0, rules=PAPER_RULES, machinery=FLAT
    )


class SyneTune:
    """The same jobs in Syne Tune's simulator; needs the extra ``bench``."""

    def __init__(self, curves: LearningCurves) -> None:
        import pandas as pd
        from syne_tune.blackbox_repository.blackbox_tabular import BlackboxTabular
        from syne_tune.config_space import choice, randint

        self.steps = len(curves.metrics[0])
        # two hyper-parameters: its table cannot look up a single one
        self.points = [{"row": i // 4, "column": i % 4} for i in range(TRIALS)]
        self.space = {"row": choice(list(range(4))), "column": choice(list(range(4)))}
        elapsed = np.arange(1, self.steps + 1) * curves.seconds(TYPE)[:, None]
        self.table = BlackboxTabular(
            hyperparameters=pd.DataFrame(self.points),
            configuration_space=self.space,
            fidelity_space={"step": randint(1, self.steps)},
            objectives_evaluations=np.stack(
                (np.stack(curves.metrics), elapsed), axis=-1
            )[:, None],
            objectives_names=["loss", "elapsed"],
        )

    def to_the_end(self) -> Any:
        """First in, first out over the given configurations."""
        from syne_tune.optimizer.baselines import RandomSearch

        return RandomSearch(
            self.space, ["loss"], random_seed=0, points_to_evaluate=self.points
        )

    def halving(self) -> Any:
        """Its ASHA with the rungs of ours."""
        from syne_tune.optimizer.schedulers.asha import AsynchronousSuccessiveHalving

        return AsynchronousSuccessiveHalving(
            self.space,
            "loss",
            time_attr="step",
            max_t=self.steps,
            grace_period=-(-self.steps // 9),
            reduction_factor=3,
            random_seed=0,
            searcher_kwargs={"points_to_evaluate": self.points},
        )

    def job(self, make: Callable[[], Any], look: float) -> float:
        """JCT of one job whose loop looks every ``look`` simulated seconds."""
        from syne_tune import StoppingCriterion, Tuner
        from syne_tune.backend.simulator_backend.simulator_backend import (
            SimulatorConfig,
        )
        from syne_tune.backend.simulator_backend.simulator_callback import (
            SimulatorCallback,
        )
        from syne_tune.blackbox_repository.simulated_tabular_backend import (
            UserBlackboxBackend,
        )
        from syne_tune.constants import ST_TUNER_TIME
        from syne_tune.tuner_logger import TunerLogger

        class InMemory(SimulatorCallback):
            def store_results(self) -> None:
                """Keeps them in memory only."""

        class Silent(TunerLogger):
            def __getattribute__(self, name: str) -> Any:
                if name.startswith("print_"):
                    return lambda *args, **options: None
                return super().__getattribute__(name)

        results = InMemory()
        backend = UserBlackboxBackend(
            self.table,
            elapsed_time_attr="elapsed",
            seed=0,
            support_checkpointing=True,
            simulator_config=SimulatorConfig(0, 0, 0, 0, 0),
            tuner_sleep_time=look,
        )
        tuner = Tuner(
            trial_backend=backend,
            scheduler=make(),
            # it stops above the limit, not at it
            stop_criterion=StoppingCriterion(max_num_trials_started=TRIALS - 1),
            n_workers=TRIALS,
            sleep_time=0,
            callbacks=[results],
            wait_trial_completion_when_stopping=True,
            save_tuner=False,
            output_logger=Silent(),
        )
        with contextlib.redirect_stdout(io.StringIO()):  # a summary at the end
            tuner.run()
        started = len(backend.trial_ids)
        if started != TRIALS:
            raise RuntimeError(f"Syne Tune ran {started} trials instead of {TRIALS}")
        return max(float(row[ST_TUNER_TIME]) for row in results.results)


@contextlib.contextmanager
def quiet_peer():
    """No log lines of Syne Tune, and its files in a folder that goes away."""
    logging.getLogger("syne_tune").setLevel(logging.ERROR)
    before = os.environ.get("SYNETUNE_FOLDER")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SYNETUNE_FOLDER"] = folder
        try:
            yield
        finally:
            os.environ.pop("SYNETUNE_FOLDER")
            if before is not None:
                os.environ["SYNETUNE_FOLDER"] = before


@dataclass
class Contender:
    """One kind of job, and the seconds each took.

    Attributes
    ----------
    label : str
    job : callable
        Runs one job and returns its JCT.
    batch : int
        Jobs per timing.
    """

    label: str
    job: Callable[[], float]
    batch: int = 1
    jct: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def time(self) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        found = [self.job() for _ in range(self.batch)]
        self.wall.append((time.perf_counter() - wall) / self.batch)
        self.cpu.append((time.process_time() - cpu) / self.batch)
        self.jct += found

    @property
    def wall_ms(self) -> float:
        return 1e3 * statistics.median(self.wall)

    @property
    def cpu_ms(self) -> float:
        return 1e3 * statistics.median(self.cpu)

    def __str__(self) -> str:
        return (
            f"  {self.label:38}{1e3 / self.wall_ms:9.1f} jobs/s  "
            f"{self.wall_ms:9.2f} ms wall {self.cpu_ms:9.2f} ms CPU"
        )


def in_turn(contenders: list[Contender], repeats: int) -> None:
    """Warm up, then time all contenders in every round; prints a line for each."""
    for contender in contenders:
        contender.job()
    for _ in range(repeats):
        for contender in contenders:
            contender.time()
    for contender in contenders:
        print(contender)


def compare(steps: int, repeats: int, *, with_peer: bool) -> bool:
    """Time the common job and ASHA; True unless a JCT or the speed is off."""
    curves = tabulated(steps)
    market, expected = flat_market(curves), closed_form_jct(curves)
    print(f"\n{TRIALS} trials x {steps} steps on one type at a flat price")
    ours = Contender(
        "ours, to the end", lambda: our_job(to_the_end, curves, market).jct, BATCH
    )
    our_asha = Contender(
        "ours, ASHA", lambda: our_job(halving, curves, market).jct, BATCH
    )
    if not with_peer:
        in_turn([ours, our_asha], repeats)
        return same_jct("closed form", ours, expected)
    peer, poll = SyneTune(curves), FLAT.poll
    fastest = Contender(
        "Syne Tune, one look at the end",
        lambda: peer.job(peer.to_the_end, 2 * expected),
    )
    polling = Contender(
        f"Syne Tune, a look every {poll:g} s", lambda: peer.job(peer.to_the_end, poll)
    )
    peer_asha = Contender(
        f"Syne Tune, ASHA, every {poll:g} s", lambda: peer.job(peer.halving, poll)
    )
    in_turn([ours, fastest, polling, our_asha, peer_asha], repeats)
    ratio, same_looks = fastest.cpu_ms / ours.cpu_ms, polling.cpu_ms / ours.cpu_ms
    asha = peer_asha.cpu_ms / our_asha.cpu_ms
    print(f"  ours / Syne Tune, its fastest         {ratio:9.0f} x   (aim {AIM:g} x)")
    print(f"  ours / Syne Tune, same looks          {same_looks:9.0f} x")
    print(f"  ours / Syne Tune, ASHA                {asha:9.0f} x")
    print(
        f"  JCT of ASHA: ours {min(our_asha.jct) / 3600:.3f} h, "
        f"Syne Tune {min(peer_asha.jct) / 3600:.3f} h (other rule, not compared)"
    )
    agree = [
        same_jct("closed form", ours, expected),
        same_jct("ours", fastest, min(ours.jct)),
        same_jct("ours", polling, min(ours.jct)),
    ]
    return all(agree) and ratio >= AIM


def same_jct(label: str, found: Contender, expected: float) -> bool:
    """Print the difference of two JCTs; True if it is a millionth at most."""
    difference = min(found.jct) - expected
    print(
        f"  JCT {found.label}: {min(found.jct):.6f} s, off by {difference:+.2e} s "
        f"({difference / expected:+.1e}) against {label}"
    )
    return abs(difference) <= TOLERANCE * expected


def measure_policies(steps: int, repeats: int) -> None:
    """Time the notebook's policies on six types, each job at the next start time.

    Predictions of final metrics are kept from job to job, as in every comparison.
    """
    curves, market = tabulated(steps), generate_market(days=21, seed=0)
    hazard = Bench(curves, market, HazardPredictor(), predictors_for(curves))
    constant = replace(hazard, revocation=NeverRevoked())
    starts = start_times(market, BATCH, first_day=7, hours=5 * HOURS)

    def contender(label: str, name: str, bench: Bench) -> Contender:
        turn = itertools.cycle(starts)
        return Contender(
            label, lambda: bench.run(policy(name, bench), next(turn)).jct, BATCH
        )

    print(f"\n{TRIALS} trials x {steps} steps, {len(market.types)} types, 21 days")
    in_turn(
        [
            contender("SpotTune, hazard of seven days", "SpotTune", hazard),
            contender("SpotTune, constant predictor (p = 0)", "SpotTune", constant),
            contender("Cheapest", "Cheapest", hazard),
        ],
        repeats,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, nargs="+", default=[54, 540])
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    with_peer = importlib.util.find_spec("syne_tune") is not None
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if not with_peer:
        print("no Syne Tune here to compare with: pip install -e '.[bench]'")
    with quiet_peer():
        fine = [
            compare(steps, options.repeats, with_peer=with_peer)
            for steps in options.steps
        ]
    measure_policies(options.steps[0], options.repeats)
    if not all(fine):
        print("\nJCT or speed is not as it should be: see above", file=sys.stderr)
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
