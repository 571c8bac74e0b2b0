"""The anatomy of a spot market: level, changes, spikes and chance of revocation.

All figures are of the minute grid of a `PriceTrace`. They look at the whole trace,
future included: for describing and calibrating markets, never for a policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from helpers.spot_tuning.instances import instance
from helpers.spot_tuning.prices import PriceTrace
from helpers.spot_tuning.revocation_features import HORIZON, highest_ahead

DAY = 1440  # minutes
SMALL_DELTA = 1e-5  # USD per hour; ends of the paper's range of deltas (recalled)
LARGE_DELTA = 0.2


@dataclass(frozen=True)
class Anatomy:
    """Figures of one market; ratios are to the on-demand price.

    Attributes
    ----------
    median, mean, highest : float
        Price over on-demand.
    calm_sd : float
        Standard deviation of the log price outside spikes; NaN if all is a spike.
    changes_per_hour : float
    change_median, change_p90, change_p99 : float
        Quantiles of the absolute log ratio of consecutive prices, over changes.
    spikes_per_day : float
        Runs of minutes above `spike_threshold`.
    spike_median, spike_mean, spike_p90 : float
        Length of spikes in minutes; NaN without spikes.
    spike_weekday, spike_weekend : float
        Share of minutes in a spike; NaN if the trace has no such day.
    autocorrelation_hour, autocorrelation_day : float
        Of the log price at lags of 1 h and 24 h; NaN for a constant or short trace.
    revoked_small, revoked_uniform : float
        P(revoked within an hour) for delta = 1e-5 and delta ~ U[1e-5, 0.2].
    """

    median: float
    mean: float
    highest: float
    calm_sd: float
    changes_per_hour: float
    change_median: float
    change_p90: float
    change_p99: float
    spikes_per_day: float
    spike_median: float
    spike_mean: float
    spike_p90: float
    spike_weekday: float
    spike_weekend: float
    autocorrelation_hour: float
    autocorrelation_day: float
    revoked_small: float
    revoked_uniform: float


def list_price(trace: PriceTrace, on_demand: float | None) -> float:
    """``on_demand``, or the catalogue's price of the trace's type if it is None."""
    return instance(trace.instance_type).on_demand if on_demand is None else on_demand


def spike_threshold(trace: PriceTrace, on_demand: float | None = None) -> float:
    """Price above which a minute is a spike: min(on-demand, 3 x median), USD/h."""
    return float(min(list_price(trace, on_demand), 3 * np.median(trace.prices)))


def spike_runs(
    trace: PriceTrace, on_demand: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """First minute and length in minutes of every spike, int arrays (spikes,).

    A spike that the trace's ends cut counts with the minutes that are there.
    """
    above = trace.prices > spike_threshold(trace, on_demand)
    edges = np.diff(np.concatenate(([False], above, [False])).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return starts, ends - starts


def hours_and_weekends(trace: PriceTrace) -> tuple[np.ndarray, np.ndarray]:
    """UTC hour 0-23 and a weekend flag of every minute, arrays (minutes,)."""
    clock = trace.start.hour * 60 + trace.start.minute + np.arange(trace.minutes)
    weekend = (trace.start.weekday() + clock // DAY) % 7 >= 5
    return clock % DAY // 60, weekend


def spike_hours(trace: PriceTrace, on_demand: float | None = None) -> np.ndarray:
    """Share of each UTC hour's minutes that lie in a spike, array (24,).

    NaN for an hour that the trace does not contain.
    """
    above = trace.prices > spike_threshold(trace, on_demand)
    hours, _ = hours_and_weekends(trace)
    minutes = np.bincount(hours, minlength=24)
    spiking = np.bincount(hours, weights=above, minlength=24)
    return np.divide(spiking, minutes, out=np.full(24, np.nan), where=minutes > 0)


def hour_ahead_excess(prices: np.ndarray) -> np.ndarray:
    """How far the highest price of the next hour lies above the present one.

    ``excess[t] = max(prices[t + 1 .. t + 60]) - prices[t]``, USD per hour, shape
    (len(prices) - 60,); negative where the price only falls. A machine with max price
    ``prices[t] + delta`` is revoked in time exactly if ``excess[t] > delta``.

    Raises
    ------
    ValueError
        If there are not more than 60 prices.
    """
    prices = np.asarray(prices, dtype=float)
    if len(prices) <= HORIZON:
        raise ValueError(f"{len(prices)} prices; an outlook of an hour needs more")
    return highest_ahead(prices) - prices[:-HORIZON]


def revocation_rate(
    trace: PriceTrace, low: float = SMALL_DELTA, high: float | None = None
) -> float:
    """P(revoked within the next hour) when the max price is the price plus delta.

    With one delta (``high`` None) the share of minutes whose excess over the next
    hour is above ``low``. With delta ~ U[low, high] the exact mean over deltas,

        E[clip((excess - low) / (high - low), 0, 1)].

    Raises
    ------
    ValueError
        If the trace is not longer than an hour, or ``high`` is not above ``low``.
    """
    excess = hour_ahead_excess(trace.prices)
    if high is None:
        return float((excess > low).mean())
    if not high > low:
        raise ValueError(f"deltas from {low:g} to {high:g}; allowed: low < high")
    return float(np.clip((excess - low) / (high - low), 0, 1).mean())


def autocorrelation(values: np.ndarray, lag: int) -> float:
    """Correlation of the values with those ``lag`` later; NaN if one is constant."""
    early, late = values[:-lag], values[lag:]
    if len(early) < 2 or np.ptp(early) == 0 or np.ptp(late) == 0:
        return float("nan")
    return float(np.corrcoef(early, late)[0, 1])


def anatomy(trace: PriceTrace, on_demand: float | None = None) -> Anatomy:
    """All figures of one trace.

    Parameters
    ----------
    on_demand : float, optional
        List price in USD per hour at the time of the trace; the catalogue's
        otherwise. List prices fell over the years: m4.4xlarge from 0.958 (early
        2016) to 0.80 (2017).

    Raises
    ------
    ValueError
        If the trace is not longer than an hour.
    """
    list_usd = list_price(trace, on_demand)
    prices = trace.prices
    log = np.log(prices)
    above = prices > spike_threshold(trace, on_demand)
    steps = np.abs(np.diff(log))
    steps = steps[steps > 0]
    _, lengths = spike_runs(trace, on_demand)
    _, weekend = hours_and_weekends(trace)
    nan = float("nan")
    sizes = np.quantile(steps, (0.5, 0.9, 0.99)) if len(steps) else (0.0,) * 3

    def share(days: np.ndarray) -> float:
        return float(above[days].mean()) if days.any() else nan

    return Anatomy(
        median=float(np.median(prices) / list_usd),
        mean=float(prices.mean() / list_usd),
        highest=float(prices.max() / list_usd),
        calm_sd=nan if above.all() else float(log[~above].std()),
        changes_per_hour=60 * len(steps) / trace.minutes,
        change_median=float(sizes[0]),
        change_p90=float(sizes[1]),
        change_p99=float(sizes[2]),
        spikes_per_day=DAY * len(lengths) / trace.minutes,
        spike_median=float(np.median(lengths)) if len(lengths) else nan,
        spike_mean=float(lengths.mean()) if len(lengths) else nan,
        spike_p90=float(np.quantile(lengths, 0.9)) if len(lengths) else nan,
        spike_weekday=share(~weekend),
        spike_weekend=share(weekend),
        autocorrelation_hour=autocorrelation(log, 60),
        autocorrelation_day=autocorrelation(log, DAY),
        revoked_small=revocation_rate(trace),
        revoked_uniform=revocation_rate(trace, SMALL_DELTA, LARGE_DELTA),
    )


def anatomy_table(
    traces: Iterable[PriceTrace], on_demand: dict[str, float] | None = None
) -> pd.DataFrame:
    """One row per trace, index ``type zone``, columns the fields of `Anatomy`.

    Parameters
    ----------
    on_demand : dict of str to float, optional
        List prices by type that replace the catalogue's.
    """
    prices = on_demand or {}
    rows = {
        f"{trace.instance_type} {trace.zone}": asdict(
            anatomy(trace, prices.get(trace.instance_type))
        )
        for trace in traces
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("market")


def levels_before_spikes(
    trace: PriceTrace,
    minutes: int = 120,
    quiet: int = 60,
    on_demand: float | None = None,
) -> np.ndarray:
    """Log price over the calm mean, in the ``minutes`` before each fresh spike.

    A spike is fresh if no minute of the ``quiet`` ones before it is in a spike. If
    spikes came without announcement the mean over rows would be about 0.

    Returns
    -------
    np.ndarray
        Shape (fresh spikes, minutes), the minute before the spike last.
    """
    log = np.log(trace.prices)
    above = trace.prices > spike_threshold(trace, on_demand)
    if above.all():
        return np.empty((0, minutes))
    calm = log[~above].mean()
    starts, _ = spike_runs(trace, on_demand)
    fresh = [
        log[first - minutes : first] - calm
        for first in starts
        if first >= max(minutes, quiet) and not above[first - quiet : first].any()
    ]
    return np.array(fresh).reshape(-1, minutes)
