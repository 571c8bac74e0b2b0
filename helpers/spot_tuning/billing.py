"""What a machine costs: billing regimes and a ledger that always adds up.

Regimes are dated facts about one provider (rows marked *recalled* could not be looked
up): whole hours with the interrupted hour free until October 2017 (recalled), since
then seconds, free when the provider interrupts within the first hour (documented).
Money is kept in whole millionths of a dollar, so ``gross == net + refund`` exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from helpers.names import unknown_name
from helpers.spot_tuning.instances import instance
from helpers.spot_tuning.job import Purchase
from helpers.spot_tuning.prices import HOUR, Market

MICRO = 1_000_000  # units of the ledger per dollar


@dataclass(frozen=True)
class Billing:
    """One provider's rules for spot machines.

    Attributes
    ----------
    name : str
    whole_hours : bool
        Bill started hours at the price of the hour's start; otherwise every second
        at the price in force (the latter is our assumption). On-demand machines pay
        their list price, by the same unit of time.
    refund : {"first hour", "last hour", "none"}
        What is free when the provider takes a spot machine back: all, if it is younger
        than an hour; the hour it did not complete; nothing.
    minimum_seconds : float
        Shortest time that is billed (60, recalled).
    """

    name: str
    whole_hours: bool = False
    refund: Literal["first hour", "last hour", "none"] = "first hour"
    minimum_seconds: float = 0.0


REGIMES = {
    rules.name: rules
    for rules in (
        Billing("first-hour-refund"),
        Billing("hourly-2017", whole_hours=True, refund="last hour"),
        Billing("no-refund", refund="none"),
        Billing("minimum-charge", minimum_seconds=60.0),
    )
}


def billing(name: str) -> Billing:
    """The regime of that name; ValueError with the nearest name if there is none."""
    try:
        return REGIMES[name]
    except KeyError:
        raise unknown_name("billing regime", name, list(REGIMES)) from None


@dataclass(frozen=True)
class Charge:
    """One line of the bill, in millionths of a dollar."""

    trial: str
    instance_type: str
    purchase: Purchase
    launched: float
    ended: float
    interrupted: bool
    gross: int
    refund: int

    @property
    def net(self) -> int:
        return self.gross - self.refund


def charge(
    rules: Billing,
    market: Market,
    *,
    trial: str,
    instance_type: str,
    launched: float,
    ended: float,
    interrupted: bool,
    purchase: Purchase = "spot",
    on_demand: float | None = None,
) -> Charge:
    """Bill one machine.

    Parameters
    ----------
    rules : Billing
    market : Market
        Its prices and its clock.
    launched, ended : float
        Seconds of the market's clock, ``launched <= ended``.
    interrupted : bool
        The provider ended it; otherwise the user did.
    on_demand : float, optional
        List price, USD per hour; that of the catalogue otherwise.

    Raises
    ------
    ValueError
        If the machine ends before it starts.
    IndexError
        If the trace ends before the machine does.
    """
    if not launched <= ended:
        raise ValueError(f"{trial}: machine ends at {ended}, starts at {launched}")
    age = round(ended - launched, 6)  # an hour is an hour, also as a sum of floats
    hours = max(1, math.ceil(age / HOUR))
    if purchase == "on-demand":
        rate = instance(instance_type).on_demand if on_demand is None else on_demand
        seconds = max(age, rules.minimum_seconds)
        gross = rate * (hours if rules.whole_hours else seconds / HOUR)
        free = 0.0
    elif rules.whole_hours:
        starts = [
            market.price(instance_type, launched + HOUR * h) for h in range(hours)
        ]
        gross = sum(starts)
        free = starts[-1] if age < HOUR * hours else 0.0
    else:
        end = max(ended, launched + rules.minimum_seconds)
        gross = market.integral(instance_type, launched, end)
        free = gross if age < HOUR else 0.0
    refunded = interrupted and rules.refund != "none"
    return Charge(
        trial=trial,
        instance_type=instance_type,
        purchase=purchase,
        launched=launched,
        ended=ended,
        interrupted=interrupted,
        gross=round(gross * MICRO),
        refund=round(free * MICRO) if refunded else 0,
    )


@dataclass
class Ledger:
    """All charges of one job."""

    charges: list[Charge] = field(default_factory=list)

    def __iter__(self) -> Iterator[Charge]:
        return iter(self.charges)

    def __len__(self) -> int:
        return len(self.charges)

    @property
    def gross(self) -> float:
        """USD before refunds."""
        return sum(c.gross for c in self.charges) / MICRO

    @property
    def refund(self) -> float:
        """USD refunded."""
        return sum(c.refund for c in self.charges) / MICRO

    @property
    def net(self) -> float:
        """USD to pay."""
        return sum(c.net for c in self.charges) / MICRO

    def cents(self) -> dict[str, int]:
        """Gross, refund and net in whole cents; they still add up."""
        net, refund = round(self.net * 100), round(self.refund * 100)
        return {"gross": net + refund, "refund": refund, "net": net}
