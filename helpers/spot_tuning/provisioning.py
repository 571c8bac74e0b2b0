"""Which machine to get next, and how much to bid for it (the paper's Provisioner).

For every instance type i with maximum price b: the probability p of losing it within
the hour, the mean price of the last hour, and the expected cost of one step,

    paper:        M[i][h] * (1 - p) * mean_price                              (recalled)
    useful time:  M[i][h] * (1 - p) * mean_price * 1 h / U                        (ours)
    U = (1 - p) * (3600 - o) + p * (3600 - o)^2 / (2 * 3600)

where o is the overhead of a machine in seconds. U is the expected useful time if a
revocation is equally likely at every second of the hour. Without U a machine that
is lost at once looks free.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from helpers.names import unknown_name
from helpers.spot_tuning.instances import instance
from helpers.spot_tuning.job import JobState, RevocationPredictor, TrialState
from helpers.spot_tuning.performance_matrix import MatrixRule, step_seconds
from helpers.spot_tuning.prices import HOUR

StepCost = Literal["paper", "useful-time"]
DeltaKind = Literal["uniform", "fixed", "relative", "best"]
DELTA_KINDS = ("uniform", "fixed", "relative", "best")
DELTA_LOW, DELTA_HIGH = 1e-5, 0.2  # USD per hour (recalled; interval of Tributary)


@dataclass(frozen=True)
class Delta:
    """How far the maximum price lies above the present price.

    Attributes
    ----------
    kind : str
        "uniform": drawn from [low, high] USD for every launch and type (the paper's,
        recalled). "fixed": always ``low`` USD. "relative": ``low`` times the type's
        on-demand price (ours). "best": of `grid` the one with the lowest
        expected step cost (ours).
    low, high : float
        USD per hour, or a share of the on-demand price for "relative"; `high` is of
        "uniform" alone.
    grid : tuple of float
        Candidates of "best", USD per hour.
    """

    kind: DeltaKind = "uniform"
    low: float = DELTA_LOW
    high: float = DELTA_HIGH
    grid: tuple[float, ...] = (1e-5, 1e-3, 1e-2, 0.05, 0.2)

    def __post_init__(self) -> None:
        if self.kind not in DELTA_KINDS:
            raise unknown_name("delta rule", self.kind, DELTA_KINDS)
        ordered = self.kind != "uniform" or self.low <= self.high
        grid_fits = self.grid and all(delta > 0 for delta in self.grid)
        if not (self.low > 0 and ordered and grid_fits):
            raise ValueError(
                f"delta low={self.low}, high={self.high}, grid={self.grid}; "
                "allowed: low above 0, high not below it, and a positive grid"
            )

    @classmethod
    def named(cls, rule: str | float) -> Delta:
        """The rule of that name; a number is a fixed delta in USD per hour."""
        return (
            cls(cast(DeltaKind, rule)) if isinstance(rule, str) else cls("fixed", rule)
        )

    def options(self, instance_type: str, rng: np.random.Generator) -> list[float]:
        """Deltas to consider for one type, USD per hour."""
        if self.kind == "uniform":
            return [float(rng.uniform(self.low, self.high))]
        if self.kind == "fixed":
            return [self.low]
        if self.kind == "relative":
            return [self.low * instance(instance_type).on_demand]
        return list(self.grid)


@dataclass(frozen=True)
class Offer:
    """One candidate and what it is expected to cost."""

    instance_type: str
    max_price: float
    revocation: float
    mean_price: float
    step_seconds: float
    step_cost: float


def expected_step_cost(
    seconds: float,
    mean_price: float,
    revocation: float,
    rule: StepCost = "paper",
    overhead: float = 0.0,
) -> float:
    """USD per step up to a constant (see the module's formulas).

    Parameters
    ----------
    seconds : float
        Seconds per step.
    mean_price : float
        USD per hour.
    revocation : float
        Probability in [0, 1] of losing the machine within the hour.
    overhead : float
        Seconds of boot, restore and checkpoint; 0 or more, below 3600.

    Raises
    ------
    ValueError
        If the rule is unknown, or the probability or the overhead out of range.

    Examples
    --------
    >>> expected_step_cost(36.0, 0.1, 0.5)
    0.0005
    """
    if not 0 <= overhead < HOUR:
        raise ValueError(f"overhead is {overhead}; allowed: 0 <= overhead < 3600 s")
    if not 0 <= revocation <= 1:
        raise ValueError(f"revocation probability is {revocation}; allowed: 0 to 1")
    cost = seconds * (1.0 - revocation) * mean_price / HOUR
    if rule == "paper":
        return cost
    if rule != "useful-time":
        raise unknown_name("step cost", rule, ("paper", "useful-time"))
    rest = HOUR - overhead
    useful = (1.0 - revocation) * rest + revocation * rest**2 / (2 * HOUR)
    return cost * HOUR / useful


@dataclass(frozen=True)
class Provisioner:
    """Chooses the offer with the lowest expected step cost; ties go to the faster.

    Attributes
    ----------
    types : tuple of str
        Instance types to choose from.
    one_core_seconds : float
        Seconds per step on one core, roughly: the start of the performance matrix.
    predictor : RevocationPredictor
    delta : Delta
    matrix : {"per-pair", "rank-1"}
    step_cost : {"paper", "useful-time"}
    overhead : float
        Seconds lost per machine, for "useful-time"; 0 or more, below 3600.
    price_cap : float
        Machines whose price now exceeds that many times the list price are left out,
        unless all do (ours; infinite: the paper's rule). The mean of the last hour
        lags behind a spike, and a high revocation probability makes it look cheap.
    seed : int
        Of the random deltas.

    Raises
    ------
    ValueError
        If a name is unknown, or ``one_core_seconds`` or ``overhead`` out of range.
    """

    types: tuple[str, ...]
    one_core_seconds: float
    predictor: RevocationPredictor
    delta: Delta = Delta()
    matrix: MatrixRule = "per-pair"
    step_cost: StepCost = "paper"
    overhead: float = 180.0
    price_cap: float = math.inf
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.types:
            raise ValueError("no instance type to choose from")
        if not self.one_core_seconds > 0:
            raise ValueError(
                f"one_core_seconds is {self.one_core_seconds}; allowed: above 0"
            )
        if not self.price_cap > 0:
            raise ValueError(f"price_cap is {self.price_cap}; allowed: above 0")
        # These raise for unknown names: of types, of the matrix, of the step cost.
        step_seconds({}, "", self.types, self.one_core_seconds, self.matrix)
        expected_step_cost(1.0, 1.0, 0.0, self.step_cost, self.overhead)

    def offers(self, trial: TrialState, state: JobState) -> list[Offer]:
        """All candidates for the trial's next machine.

        The random deltas depend on the seed, the trial and how many machines it has
        had, and on nothing else, so the same state gives the same offers.
        """
        key = [self.seed, zlib.crc32(trial.id.encode()), trial.launches]
        rng = np.random.default_rng(key)
        seconds = step_seconds(
            state.step_seconds,
            trial.id,
            self.types,
            self.one_core_seconds,
            self.matrix,
        )
        market = state.market
        found = []
        for name, per_step in zip(self.types, seconds, strict=True):
            price, mean = market.price(name), market.mean_price(name)
            for delta in self.delta.options(name, rng):
                bid = price + delta
                p = self.predictor.probability(market, name, bid)
                cost = expected_step_cost(
                    per_step, mean, p, self.step_cost, self.overhead
                )
                found.append(Offer(name, bid, p, mean, float(per_step), cost))
        return found

    def best(self, trial: TrialState, state: JobState) -> Offer:
        """The cheapest offer per step; of equals, the fastest."""
        offers = self.offers(trial, state)
        fair = [
            o
            for o in offers
            if state.market.price(o.instance_type)
            <= self.price_cap * instance(o.instance_type).on_demand
        ]
        return min(fair or offers, key=lambda o: (o.step_cost, o.step_seconds))
