"""Explorer of a tuning job: choose how to bid and when to stop, and see the bill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.names import unknown_name
from helpers.spot_tuning.bench import Bench, policy
from helpers.spot_tuning.billing import REGIMES
from helpers.spot_tuning.billing import billing as billing_rules
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.job import FinalMetricPredictor, RevocationPredictor
from helpers.spot_tuning.job_result import JobResult
from helpers.spot_tuning.machinery import Machinery
from helpers.spot_tuning.prices import HOUR, Market
from helpers.spot_tuning.provisioning import Delta

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DAY = 24 * HOUR
DELTAS = {
    "uniform (paper)": Delta(),
    "1e-5": Delta("fixed", 1e-5),
    "1e-3": Delta("fixed", 1e-3),
    "0.01": Delta("fixed", 0.01),
    "0.05": Delta("fixed", 0.05),
    "0.2": Delta("fixed", 0.2),
    "best": Delta("best"),
}


@dataclass
class TuningLab:
    """All that a job needs, so that only the reader's choices remain open.

    Attributes
    ----------
    workloads : mapping of str to LearningCurves
    market : Market
    revocation : RevocationPredictor
    predictors : callable
        ``predictors(workload)`` gives one predictor of the final metric per trial.
    first_day : int
        First day on which a job may start; later than all prices that ``revocation``
        has learned from.
    winners : int
        Trials that go on after phase 1 (the paper's mcnt).
    seed : int
        Of the random deltas and of the machines' deviations from the speed law.
    machinery : Machinery

    Raises
    ------
    ValueError
        If there is no workload, or the market is too short for a job.
    """

    workloads: Mapping[str, LearningCurves]
    market: Market
    revocation: RevocationPredictor
    predictors: Callable[[str], Mapping[str, FinalMetricPredictor]]
    first_day: int = 1
    winners: int = 3
    seed: int = 0
    machinery: Machinery = field(default_factory=Machinery)
    _rivals: dict[tuple[str, str, str, float], JobResult] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        if not self.workloads:
            raise ValueError("a lab needs at least one workload")
        if self.last_day < self.first_day:
            raise ValueError(
                f"a job from day {self.first_day} on may last beyond the market's "
                f"{self.market.seconds / DAY:.1f} days; bring a longer trace"
            )

    @property
    def last_day(self) -> int:
        """Last day on which a job can start and surely end within the prices.

        Allows for twice the longest trial on the slowest machine, and half a day.
        """
        longest = max(
            seconds * len(curve)
            for curves in self.workloads.values()
            for kind in self.market.types
            for seconds, curve in zip(curves.seconds(kind), curves.metrics, strict=True)
        )
        return int((self.market.seconds - 2 * longest) / DAY - 0.5)

    def bench(self, workload: str, theta: float, delta: str, billing: str) -> Bench:
        """What the notebook's experiments would run with these choices."""
        return Bench(
            self.workloads[workload],
            self.market,
            self.revocation,
            self.predictors(workload),
            theta=theta,
            winners=self.winners,
            delta=DELTAS[delta],
            rules=billing_rules(billing),
            machinery=self.machinery,
            seed=self.seed,
        )

    def rival(self, name: str, workload: str, bench: Bench, start: float) -> JobResult:
        """A baseline's job; kept, as only few choices change it."""
        key = (name, workload, bench.rules.name, start)
        if key not in self._rivals:
            self._rivals[key] = bench.run(policy(name, bench), start)
        return self._rivals[key]

    def tuning_job(
        self,
        workload: str | None = None,
        theta: float = 0.7,
        delta: str = "uniform (paper)",
        billing: str = "first-hour-refund",
        start_day: float | None = None,
    ) -> tuple[Figure, str]:
        """One job as a Gantt chart, and in a line what it cost.

        Parameters
        ----------
        workload : str, optional
            One of `workloads`; the first by default.
        theta : float
            Share of the steps after which trials are judged; 1: no early shutdown.
        delta : str
            How far bids lie above the price, one of `DELTAS` (USD per hour).
        billing : str
            One of `billing.REGIMES`.
        start_day : float, optional
            Days since the market's start; `first_day` by default.

        Raises
        ------
        ValueError
            If a name is unknown (with the nearest) or a number is out of range.
        """
        from helpers.spot_tuning.figures_timeline import timeline

        workload = next(iter(self.workloads)) if workload is None else workload
        start_day = self.first_day if start_day is None else start_day
        if workload not in self.workloads:
            raise unknown_name("workload", workload, list(self.workloads))
        if delta not in DELTAS:
            raise unknown_name("delta", delta, list(DELTAS))
        if not self.first_day <= start_day <= self.last_day:
            raise ValueError(
                f"start_day is {start_day:g}; allowed: {self.first_day} to "
                f"{self.last_day}"
            )
        bench, start = self.bench(workload, theta, delta, billing), start_day * DAY
        result = bench.run(policy("SpotTune", bench), start)
        rivals = {
            name: self.rival(name, workload, bench, start)
            for name in ("Cheapest", "Fastest")
        }
        title = f"{workload}: θ = {theta:g}, δ {delta}, {billing}, day {start_day:g}"
        return timeline(result, self.market, title), describe(result, rivals)


def describe(result: JobResult, rivals: Mapping[str, JobResult]) -> str:
    """Cost, time and quality of a job in a line, and its ratios to other policies'."""
    cents = result.ledger.cents()
    billed, refunded, net = (cents[k] / 100 for k in ("gross", "refund", "net"))
    own = (
        f"{net:.2f} USD ({billed:.2f} billed, {refunded:.2f} refunded) in "
        f"{result.jct / HOUR:.1f} h; PCR {result.pcr:.3g} per USD h; "
        f"{result.revocations} revocations, {result.free_share:.0%} of the work free; "
        f"chose {result.ranking[0]}, regret {result.regret:.1%}."
    )
    others = (
        f" {name} (regret {rival.regret:.1%}): cost {result.cost / rival.cost:.2f}×, "
        f"time {result.jct / rival.jct:.2f}×, PCR {result.pcr / rival.pcr:.2f}×."
        for name, rival in rivals.items()
    )
    return own + " Against" + "".join(others)


def spot_explorer(lab: TuningLab) -> None:
    """Controls around `TuningLab.tuning_job`; draws anew after every choice.

    Headless, every control is tried at its default and at its extremes, and errors
    are raised.
    """
    import ipywidgets as widgets

    from helpers.explorer import explore

    explore(
        lab.tuning_job,
        workload=list(lab.workloads),
        theta=widgets.FloatSlider(0.7, min=0.1, max=1.0, step=0.1, description="θ"),
        delta=widgets.Dropdown(options=list(DELTAS), description="δ / USD per h"),
        billing=list(REGIMES),
        start_day=widgets.FloatSlider(
            lab.first_day,
            min=lab.first_day,
            max=lab.last_day,
            step=0.25,
            description="start / day",
        ),
    )
