"""Real spot prices from files (see `price_layouts`), or live from AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.names import suggest
from helpers.spot_tuning.instances import instance
from helpers.spot_tuning.price_layouts import (
    UNITS,
    detect_layout,
    market_of_name,
    read_rows,
    record_rows,
)
from helpers.spot_tuning.prices import Market, PriceTrace, TraceError, from_changes

LINUX = "Linux/UNIX"
# The longest quiet spell of the public 2016 traces is 13 h 11 min.
MAX_GAP = timedelta(hours=24)
HISTORY_DAYS = 90  # what AWS keeps
SUFFIXES = (".csv", ".json", ".gz")  # of files of prices


def read_prices(
    path: Path | str,
    instance_type: str | None = None,
    zone: str | None = None,
    *,
    os: str = LINUX,
    max_gap: timedelta | None = MAX_GAP,
) -> PriceTrace:
    """One market's prices from a file of any layout.

    Parameters
    ----------
    instance_type, zone : str, optional
        Which market; needed where the file has several.
    os : str
        Product description that a record must have, where records have one.
    max_gap : timedelta or None
        Longest time without a change that is believed; None for any. Prices since
        2018 often stay for more than a day.

    Raises
    ------
    TraceError
        If the layout is not known; a line is malformed, or has a price or time that
        cannot be used; two prices of one moment contradict each other; time goes
        back in a file that is oldest first; a gap is longer than ``max_gap``; the
        market is not in the file, or more than one would do.
    """
    path = Path(path)
    if instance_type is not None:
        _check_known(instance_type)

    def wanted(rows: pd.DataFrame) -> pd.Series:
        keep = rows["os"] == os
        for column, value in (("type", instance_type), ("zone", zone)):
            if value is not None:
                keep &= rows[column] == value
        return keep

    rows, seen = read_rows(path, wanted, os)
    markets = sorted(set(zip(rows["type"], rows["zone"], strict=True)))
    if not markets:
        raise _not_there(path.name, (instance_type, zone, os), seen)
    if len(markets) > 1:
        listed = _listed(" ".join(market) for market in markets)
        raise TraceError(f"{path.name} has several markets, name one: {listed}")
    layout = detect_layout(path)
    return _trace(rows, path.name, UNITS[layout], max_gap, layout == "csv")


def read_market(
    source: Path | str | Sequence[Path | str],
    types: Sequence[str],
    zones: str | Mapping[str, str] | None = None,
    *,
    os: str = LINUX,
    max_gap: timedelta | None = MAX_GAP,
) -> Market:
    """Several types on one clock, cut to the window that all of them cover.

    Parameters
    ----------
    source : path or sequence of paths
        A folder, a file, or several files. A file whose name begins with a type and
        zone is used for that market alone, any other may hold all of them.
    zones : str or mapping of str to str, optional
        One zone for all types, or one per type; needed where there are several.

    Raises
    ------
    TraceError
        As `read_prices`; and if a type is in no file or in several, or there is no
        common window.
    """
    files = _files(source)
    traces = []
    for name in types:
        _check_known(name)
        zone = zones if isinstance(zones, str) else (zones or {}).get(name)
        path = _file_of(files, name, zone)
        traces.append(read_prices(path, name, zone, os=os, max_gap=max_gap))
    return Market(common_window(traces))


def common_window(traces: Sequence[PriceTrace]) -> list[PriceTrace]:
    """The traces cut to the minutes that all of them cover.

    Raises
    ------
    TraceError
        If there is no such minute, or no trace.
    """
    if not traces:
        raise TraceError("a market needs at least one trace")
    late = max(traces, key=lambda trace: trace.start)
    early = min(traces, key=_end)
    first, last = late.start, _end(early)
    if first >= last:
        raise TraceError(
            f"no common window: {early.instance_type} ends {last:%Y-%m-%d %H:%M}, "
            f"{late.instance_type} starts {first:%Y-%m-%d %H:%M}"
        )
    minute = timedelta(minutes=1)
    return [
        trace.slice(
            round((first - trace.start) / minute), round((last - trace.start) / minute)
        )
        for trace in traces
    ]


def fetch_price_history(
    types: Sequence[str],
    zone: str,
    days: float = 30.0,
    client: Any = None,
    *,
    os: str = LINUX,
    now: datetime | None = None,
) -> Market:
    """Live prices of the last ``days`` of several types in one zone.

    Gaps are believed, since a quiet market has no records.

    Parameters
    ----------
    client : boto3 EC2 client, optional
        Otherwise one for the zone's region, with the reader's own credentials.
    now : datetime, optional
        End of the window; the present otherwise.

    Raises
    ------
    ImportError
        If boto3 is missing and no client is given.
    ValueError
        If ``days`` is not above 0 and at most 90.
    TraceError
        If a type is unknown, or has no price in that zone and time.
    """
    if not 0 < days <= HISTORY_DAYS:
        raise ValueError(
            f"days is {days:g}; allowed: above 0, at most {HISTORY_DAYS}, which is "
            "what AWS keeps"
        )
    for name in types:
        _check_known(name)
    end = (now or datetime.now(UTC)).replace(second=0, microsecond=0)
    pages = (
        (client or _client(zone))
        .get_paginator("describe_spot_price_history")
        .paginate(
            InstanceTypes=list(types),
            AvailabilityZone=zone,
            ProductDescriptions=[os],
            StartTime=end - timedelta(days=days),
            EndTime=end,
        )
    )
    records = [record for page in pages for record in page["SpotPriceHistory"]]
    origin = f"AWS price history of {zone}"
    rows = record_rows(records, range(1, len(records) + 1), origin)
    traces = []
    for name in types:
        of_type = rows[rows["type"] == name]
        if of_type.empty:
            raise TraceError(f"{origin}: no price of {name} in {days:g} days")
        traces.append(_trace(of_type, origin, "record", None, False, end))
    return Market(common_window(traces))


def _client(zone: str) -> Any:
    try:
        import boto3
    except ImportError:
        raise ImportError(
            "live prices need boto3: pip install -e '.[cluster]'"
        ) from None
    return boto3.client("ec2", region_name=zone[:-1])


def _trace(
    rows: pd.DataFrame,
    origin: str,
    unit: str,
    max_gap: timedelta | None,
    oldest_first: bool,
    end: datetime | None = None,
) -> PriceTrace:
    """Rows of one market as a trace; each doubt is an error that names its place."""
    name, zone = rows["type"].iloc[0], rows["zone"].iloc[0]
    _check_known(name)
    texts = rows["price"].to_numpy(), rows["time"].to_numpy()
    numbers = rows["number"].to_numpy()
    price = pd.to_numeric(rows["price"], errors="coerce").to_numpy(dtype=float)
    for i in np.flatnonzero(~(np.isfinite(price) & (price > 0)))[:1]:
        raise TraceError(
            f"{origin}: {unit} {numbers[i]}: price {texts[0][i]!r}; allowed: a number "
            "above 0"
        )
    time = pd.to_datetime(rows["time"], utc=True, errors="coerce", format="ISO8601")
    for i in np.flatnonzero(time.isna())[:1]:
        raise TraceError(
            f"{origin}: {unit} {numbers[i]}: time {texts[1][i]!r}; allowed: ISO 8601, "
            "for example 2016-02-25T12:24:20.000Z"
        )
    stamps = time.dt.tz_localize(None).to_numpy("datetime64[us]")

    def pair(i: int, j: int) -> str:
        return f"{unit}s {numbers[i]} ({texts[1][i]}) and {numbers[j]} ({texts[1][j]})"

    if oldest_first:
        for i in np.flatnonzero(np.diff(stamps) < np.timedelta64(0))[:1]:
            raise TraceError(f"{origin}: time goes back between {pair(i, i + 1)}")
    order = np.argsort(stamps, kind="stable")
    steps = np.diff(stamps[order])
    same = (steps == np.timedelta64(0)) & (np.diff(price[order]) != 0)
    for k in np.flatnonzero(same)[:1]:
        i, j = sorted(order[k : k + 2])
        raise TraceError(
            f"{origin}: {pair(i, j)} are of one moment, prices {texts[0][i]} and "
            f"{texts[0][j]} contradict each other"
        )
    if max_gap is not None:
        for k in np.flatnonzero(steps > np.timedelta64(max_gap))[:1]:
            raise TraceError(
                f"{origin}: no price for {steps[k].astype(timedelta)} between "
                f"{pair(order[k], order[k + 1])}; allowed: {max_gap} (max_gap)"
            )
    times = [t.replace(tzinfo=UTC) for t in stamps[order].astype(datetime)]
    return from_changes(name, times, price[order], zone=zone, end=end)


def _end(trace: PriceTrace) -> datetime:
    return trace.start + timedelta(minutes=trace.minutes)


def _check_known(instance_type: str) -> None:
    try:
        instance(instance_type)
    except ValueError as error:
        raise TraceError(str(error)) from None


def _files(source: Path | str | Sequence[Path | str]) -> list[Path]:
    if isinstance(source, (str, Path)):
        path = Path(source)
        if not path.is_dir():
            return [path]
        return [file for file in price_files(path) if market_of_name(file)]
    return [Path(path) for path in source]


def price_files(folder: Path | str) -> list[Path]:
    """Files of a folder that may hold prices (:data:`SUFFIXES`), sorted.

    Hidden files, which systems leave in folders, are left out; none if there is no
    folder.
    """
    path = Path(folder)
    if not path.is_dir():
        return []
    return sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() in SUFFIXES
        and not file.name.startswith(".")
        and file.is_file()
    )


def _file_of(files: Iterable[Path], name: str, zone: str | None) -> Path:
    """The file for a market: one named after it, else one that is not named so."""
    named, other = [], []
    for path in files:
        market = market_of_name(path)
        if market is None:
            other.append(path)
        elif market[0] == name and zone in (None, market[1]):
            named.append(path)
    found = named or other
    if len(found) == 1:
        return found[0]
    wanted = f"{name} {zone or ''}".strip()
    listed = _listed(path.name for path in (found or files))
    if found:
        raise TraceError(f"{wanted}: several files could hold it ({listed}); say which")
    raise TraceError(f"no file of {wanted}; there are: {listed or 'none'}")


def _not_there(
    origin: str,
    wanted: tuple[str | None, str | None, str],
    seen: Iterable[tuple[str, str, str]],
) -> TraceError:
    """Says what the file has in place of the first part that does not match."""
    rows = set(seen)
    for part, (kind, value) in enumerate(
        zip(("instance type", "zone", "product"), wanted, strict=True)
    ):
        if value is None:
            continue
        has = sorted({row[part] for row in rows})
        if value not in has:
            return TraceError(
                f"{origin} has no {kind} {value!r}{suggest(value, has)} "
                f"(it has: {_listed(has)})"
            )
        rows = {row for row in rows if row[part] == value}
    return TraceError(f"{origin} has no such market")


def _listed(names: Iterable[str], most: int = 12) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
