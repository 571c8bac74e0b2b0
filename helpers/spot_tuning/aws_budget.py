"""A hard cap on what a job can cost, whatever happens.

Before each launch the worst case is added up: what ended machines cost before refunds,
every running machine at its maximum price to the end of its longest lease, and the new
one likewise. If that exceeds the budget, nothing is launched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from helpers.spot_tuning.prices import HOUR

LOWEST_MAX_PRICE = 0.001  # USD per hour; EC2 wants more than this


class BudgetExceeded(RuntimeError):
    """The next machine could cost more than is left; everything was given back."""


@dataclass(frozen=True)
class Exposure:
    """What one machine may cost at most.

    Attributes
    ----------
    rate : float
        USD per hour at most.
    seconds : float
        Longest possible time from launch to end.
    """

    rate: float
    seconds: float

    @property
    def usd(self) -> float:
        return self.rate * self.seconds / HOUR


@dataclass(frozen=True)
class Budget:
    """The cap.

    Attributes
    ----------
    usd : float
    extra_per_hour : float
        USD per machine hour for disks and traffic, which EC2 charges on top.

    Raises
    ------
    ValueError
        If the budget is not positive and finite, or the extra is negative.
    """

    usd: float
    extra_per_hour: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.usd < math.inf:
            raise ValueError(f"budget_usd is {self.usd}; allowed: above 0 and finite")
        if not 0 <= self.extra_per_hour < math.inf:
            raise ValueError(f"extra_per_hour is {self.extra_per_hour}; allowed: >= 0")

    def exposure(
        self, max_price: float, on_demand: float, seconds: float, purchase: str
    ) -> Exposure:
        """Worst case of one machine.

        A spot price is capped at the on-demand price when no maximum is given
        (``max_price`` infinite), and on-demand costs the list price.

        Raises
        ------
        ValueError
            If the maximum price is one that EC2 refuses.
        """
        if max_price <= LOWEST_MAX_PRICE:
            raise ValueError(
                f"max_price is {max_price}; allowed: above {LOWEST_MAX_PRICE} USD/h"
            )
        spot = purchase == "spot" and math.isfinite(max_price)
        rate = max_price if spot else on_demand
        return Exposure(rate + self.extra_per_hour, seconds)

    def worst_case(self, spent: float, held: Iterable[Exposure]) -> float:
        """USD: spent so far, before refunds, plus all machines at their worst."""
        return spent + sum(exposure.usd for exposure in held)

    def check(self, spent: float, held: Iterable[Exposure], new: Exposure) -> None:
        """BudgetExceeded if one more machine could break the cap."""
        worst = self.worst_case(spent, [*held, new])
        if worst > self.usd:
            raise BudgetExceeded(
                f"the next machine could bring the bill to {worst:.2f} USD; "
                f"budget_usd is {self.usd:.2f}"
            )
