"""Instance types: size, list price, and how speed grows with cores.

Names of the paper's six types are recalled; vCPU, memory and on-demand prices
(us-east-1, 2017) come from dated public price lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from helpers.names import unknown_name


@dataclass(frozen=True)
class InstanceType:
    """One line of a provider's price list.

    Attributes
    ----------
    name : str
    vcpu : int
    memory_gib : float
    on_demand : float
        List price, USD per hour.
    """

    name: str
    vcpu: int
    memory_gib: float
    on_demand: float


CATALOGUE = {
    row.name: row
    for row in (
        # The paper's six (names recalled), ordered by list price.
        InstanceType("r4.large", 2, 15.25, 0.133),
        InstanceType("r4.xlarge", 4, 30.5, 0.266),
        InstanceType("r3.xlarge", 4, 30.5, 0.333),
        InstanceType("m4.2xlarge", 8, 32.0, 0.40),
        InstanceType("r4.2xlarge", 8, 61.0, 0.532),
        InstanceType("m4.4xlarge", 16, 64.0, 0.80),
        # Markets of the public 2016 traces, with 2016 list prices.
        InstanceType("m3.medium", 1, 3.75, 0.067),
        InstanceType("m3.large", 2, 7.5, 0.133),
        InstanceType("r3.large", 2, 15.25, 0.166),
        InstanceType("d2.xlarge", 4, 30.5, 0.690),
        InstanceType("m4.10xlarge", 40, 160.0, 2.394),
    )
}
PAPER_TYPES = tuple(CATALOGUE)[:6]


def instance(name: str) -> InstanceType:
    """The catalogue's entry; ValueError with the nearest name if there is none.

    Examples
    --------
    >>> instance("m4.4xlarge").vcpu
    16
    """
    try:
        return CATALOGUE[name]
    except KeyError:
        raise unknown_name("instance type", name, list(CATALOGUE)) from None


def cheapest(types: Sequence[str]) -> str:
    """The type with the lowest *list* price: chosen before any price is seen."""
    return min(types, key=lambda name: instance(name).on_demand)


def fastest(types: Sequence[str]) -> str:
    """The type with the most cores; of equals, the one with the lower list price."""
    return min(types, key=lambda name: (-instance(name).vcpu, instance(name).on_demand))


def relative_speed(name: str, alpha: float) -> float:
    """Speed against one core, ``vCPU ** alpha`` (our assumption; alpha in (0, 1]).

    The paper starts from speed proportional to the cores (alpha = 1, recalled) and
    then measures; training rarely scales that well.
    """
    if not 0 < alpha <= 1:
        raise ValueError(f"alpha is {alpha}; allowed: 0 < alpha <= 1")
    return float(instance(name).vcpu) ** alpha
