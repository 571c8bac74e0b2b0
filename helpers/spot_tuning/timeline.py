"""A finished job as data over time: who ran where, what it cost so far, what was lost.

Nothing is drawn here. Hours count from the start of the job; machines are those of
`JobResult.leases`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.spot_tuning.billing import MICRO, Charge
from helpers.spot_tuning.job import Launch
from helpers.spot_tuning.job_result import JobResult
from helpers.spot_tuning.prices import HOUR, MINUTE, Market


def job_start(result: JobResult) -> float:
    """When the job started, seconds of the market's clock."""
    return max(lease.ended for lease in result.leases) - result.jct


def gantt_rows(result: JobResult) -> pd.DataFrame:
    """What every machine did, in parts: one row per bar of a Gantt chart.

    Returns
    -------
    pd.DataFrame
        Columns ``machine`` (index in ``result.leases``); ``trial``; ``row`` (0 is the
        best of the policy's ranking); ``instance_type``; ``part``: "prepare" (boot and
        restore), "train", "lost" (training that no checkpoint kept) or "save"
        (checkpoint and the rest of a notice); ``first`` and ``last`` in hours;
        ``refunded`` (share of the machine's bill); ``revoked``. Empty parts are left
        out.
    """
    start = job_start(result)
    rows = {trial: row for row, trial in enumerate(result.ranking)}
    bars = []
    for machine, lease in enumerate(result.leases):
        edges = (lease.launched, lease.ready, lease.stopped, lease.ended)
        names = ("prepare", "lost" if lease.lost else "train", "save")
        for name, first, last in zip(names, edges[:-1], edges[1:], strict=True):
            if last > first:
                bars.append(
                    {
                        "machine": machine,
                        "trial": lease.trial,
                        "row": rows[lease.trial],
                        "instance_type": lease.instance_type,
                        "part": name,
                        "first": (first - start) / HOUR,
                        "last": (last - start) / HOUR,
                        "refunded": lease.refund / lease.gross if lease.gross else 0.0,
                        "revoked": lease.reason == "revoked",
                    }
                )
    return pd.DataFrame(bars)


def promoted(result: JobResult) -> dict[str, float]:
    """Trials that were sent on after a first target, with the hour when they were."""
    start = job_start(result)
    targets: dict[str, int] = {}
    found: dict[str, float] = {}
    for time, action in result.log:
        if isinstance(action, Launch):
            target = targets.setdefault(action.trial, action.until_step)
            if action.until_step > target:
                found.setdefault(action.trial, (time - start) / HOUR)
    return found


def phase_end(result: JobResult) -> float | None:
    """Hour at which phase 1 was over for all trials at once, None without such an hour.

    There is none without early shutdown (theta = 1), and none if trials are sent on
    one by one as in successive halving.
    """
    hours = set(promoted(result).values())
    if len(hours) != 1:
        return None
    hour = hours.pop()
    now = job_start(result) + hour * HOUR
    apart = all(
        x.ended <= now + 1e-6 or x.launched >= now - 1e-6 for x in result.leases
    )
    return hour if apart else None


def machine_counts(result: JobResult) -> pd.DataFrame:
    """Machines held per type: index hours (of each change), one column per type.

    A row holds from its hour to the next one; the last row is all zero.
    """
    start = job_start(result)
    changes = pd.DataFrame(
        [(x.launched, x.instance_type, 1) for x in result.leases]
        + [(x.ended, x.instance_type, -1) for x in result.leases],
        columns=["hours", "type", "change"],
    )
    changes["hours"] = (changes["hours"] - start) / HOUR
    table = changes.pivot_table(
        index="hours", columns="type", values="change", aggfunc="sum", fill_value=0
    )
    return table.cumsum().astype(int)


def running_bill(
    result: JobResult, market: Market, every: float = MINUTE
) -> pd.DataFrame:
    """The bill so far: gross, refunds granted, and net, in USD.

    Between its start and its end a machine's bill grows with the price in force (the
    list price on demand) and ends at its charge exactly; rules that bill in lumps
    (whole hours, a minimum) are spread over the machine's time. A refund counts from
    the moment it is granted, when the provider has taken the machine, so the net bill
    can fall.

    Parameters
    ----------
    result : JobResult
    market : Market
        Whose prices were paid.
    every : float
        Seconds between rows; starts and ends of machines are rows as well.

    Returns
    -------
    pd.DataFrame
        Columns hours, gross, refund, net. A machine's end has two rows, before and
        after its refund, and the last row is the ledger's sum.

    Raises
    ------
    ValueError
        If ``every`` is not positive.
    """
    if not every > 0:
        raise ValueError(f"every is {every}; allowed: above 0 seconds")
    start = job_start(result)
    ends = np.array([c.ended for c in result.ledger if c.refund])
    grid = np.arange(start, start + result.jct, every)
    events = [t for c in result.ledger for t in (c.launched, c.ended)]
    times = np.unique(np.concatenate([grid, events]))
    # Seconds 0, 60, ... and what one machine would have paid since second 0.
    minutes = np.arange(market.minutes + 1) * MINUTE
    paid = {
        kind: np.concatenate([[0.0], np.cumsum(market.prices(kind))])
        for kind in market.types
    }
    gross = np.zeros(len(times))
    refund = np.zeros(len(times))
    for charge in result.ledger:
        rising = (times > charge.launched) & (times < charge.ended)
        gross[rising] += charge.gross * _share(charge, times[rising], minutes, paid)
        gross[times >= charge.ended] += charge.gross
        refund[times >= charge.ended] += charge.refund
    before = np.isin(times, ends)
    granted = np.concatenate([[0.0], refund[:-1]])
    table = pd.DataFrame(
        {
            "hours": (np.concatenate([times[before], times]) - start) / HOUR,
            "gross": np.concatenate([gross[before], gross]),
            "refund": np.concatenate([granted[before], refund]),
        }
    )
    table["net"] = table["gross"] - table["refund"]
    # Whole millionths, divided once, as the ledger does it.
    table[["gross", "refund", "net"]] /= MICRO
    # Stable: the row before a refund stays before it.
    return table.sort_values("hours", kind="stable", ignore_index=True)


def _share(
    charge: Charge, times: np.ndarray, minutes: np.ndarray, paid: dict[str, np.ndarray]
) -> np.ndarray:
    """Share of a charge that has accrued at each time."""
    if charge.purchase == "on-demand":
        return (times - charge.launched) / (charge.ended - charge.launched)
    total = paid[charge.instance_type]
    first, last = np.interp([charge.launched, charge.ended], minutes, total)
    return (np.interp(times, minutes, total) - first) / (last - first)
