"""Layouts of price files: recognised by content, read as rows of one shape.

====== ==============================================================================
layout what it looks like
====== ==============================================================================
csv    header ``timestamp,price_usd_per_hour``, oldest first; type and zone stand in
       the file name: ``m4.4xlarge-us-east-1b.csv.gz``
kaggle header with ``datetime, instance_type, os, region, price``; many markets in one
       file (the data set "AWS Spot Pricing Market"); ``region`` is the zone
aws    answers of the AWS price history API: an object with ``SpotPriceHistory``, a
       list of records, or one record per line; newest first
====== ==============================================================================

Any file may be compressed (``.gz``).
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Literal, cast

import pandas as pd

from helpers.progress import progress_bar
from helpers.spot_tuning.prices import TraceError

Layout = Literal["csv", "kaggle", "aws"]
CHUNK = 500_000  # rows held at once of a file with many markets

# Columns of each layout, and what they are called here.
COLUMNS: dict[Layout, dict[str, str]] = {
    "csv": {"timestamp": "time", "price_usd_per_hour": "price"},
    "kaggle": {
        "datetime": "time",
        "instance_type": "type",
        "os": "os",
        "region": "zone",
        "price": "price",
    },
    "aws": {
        "Timestamp": "time",
        "InstanceType": "type",
        "ProductDescription": "os",
        "AvailabilityZone": "zone",
        "SpotPrice": "price",
    },
}
UNITS: dict[Layout, str] = {"csv": "line", "kaggle": "line", "aws": "record"}
FILE_NAME = re.compile(r"(?P<type>[a-z]\w*\.\w+)-(?P<zone>[a-z]+-[a-z]+-\d[a-z])\b")


def detect_layout(path: Path) -> Layout:
    """Layout by the first line that is not blank.

    Raises
    ------
    TraceError
        If the file cannot be read or has none of the layouts.
    """
    try:
        with _open(path) as file:
            head = next((line.strip() for line in file if line.strip()), "")
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(f"{path.name} cannot be read: {error}") from None
    if head.startswith(("{", "[")):
        return "aws"
    names = {name.strip().strip('"') for name in head.split(",")}
    layouts: tuple[Layout, ...] = ("csv", "kaggle")
    for layout in layouts:
        if set(COLUMNS[layout]) <= names:
            return layout
    raise TraceError(
        f"{path.name}: line 1 is {head[:60]!r}; allowed: a header with "
        f"{', '.join(COLUMNS['csv'])}, one with {', '.join(COLUMNS['kaggle'])}, or JSON"
    )


def market_of_name(path: Path) -> tuple[str, str] | None:
    """Instance type and zone from a file name, None if they are not there."""
    match = FILE_NAME.match(path.name)
    return (match["type"], match["zone"]) if match else None


def read_rows(
    path: Path, wanted: Callable[[pd.DataFrame], pd.Series], os: str
) -> tuple[pd.DataFrame, set[tuple[str, str, str]]]:
    """The wanted rows as text, and every (type, zone, os) that the file has.

    Parameters
    ----------
    wanted : callable
        Gets rows, returns a boolean series of the ones to keep.
    os : str
        Product description of files that do not name one.

    Returns
    -------
    rows : DataFrame
        Columns time, price, type, zone, os (text) and number (of line or record).
    seen : set of tuple

    Raises
    ------
    TraceError
        If the layout is unknown, or a line is malformed or lacks a field.
    """
    layout = detect_layout(path)
    chunks = _json_rows(path) if layout == "aws" else _csv_rows(path, layout, os)
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for rows in chunks:
        markets = rows[["type", "zone", "os"]].drop_duplicates()
        seen |= set(markets.itertuples(index=False, name=None))
        kept.append(rows[wanted(rows)])
    if not seen:
        raise TraceError(f"{path.name} has no price")
    return pd.concat(kept, ignore_index=True), seen


def record_rows(
    records: Sequence[Any], numbers: Sequence[int], origin: str
) -> pd.DataFrame:
    """Records of the AWS price history API as rows.

    Raises
    ------
    TraceError
        If a record lacks a field.
    """
    names = COLUMNS["aws"]
    for number, record in zip(numbers, records, strict=True):
        missing = [n for n in names if not isinstance(record, dict) or n not in record]
        if missing:
            raise TraceError(
                f"{origin}: record {number} lacks {', '.join(missing)}; allowed: "
                f"records with {', '.join(names)}"
            )
    rows = pd.DataFrame(
        [[_text(record[name]) for name in names] for record in records],
        columns=list(names.values()),
        dtype=object,
    )
    return rows.assign(number=list(numbers))


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return cast(IO[str], gzip.open(path, "rt", encoding="utf-8"))
    return path.open(encoding="utf-8")


def _csv_rows(path: Path, layout: Layout, os: str) -> Iterator[pd.DataFrame]:
    fixed = {}
    if layout == "csv":
        market = market_of_name(path)
        if market is None:
            raise TraceError(
                f"{path.name}: a file of this layout is named by type and zone, for "
                "example m4.4xlarge-us-east-1b.csv.gz"
            )
        fixed = {"type": market[0], "zone": market[1], "os": os}
    columns = COLUMNS[layout]
    try:
        with pd.read_csv(
            path,
            dtype=str,
            chunksize=CHUNK,
            skipinitialspace=True,
            skip_blank_lines=False,
            keep_default_na=False,
        ) as chunks:
            bar = progress_bar(chunks, desc=path.name, unit=" chunks", delay=2)
            for chunk in bar:
                rows = chunk.rename(columns=columns)[list(columns.values())]
                # blank lines keep their number, but are no prices
                rows = rows.assign(number=rows.index + 2, **fixed)
                yield rows[chunk.notna().any(axis=1) & (chunk != "").any(axis=1)]
    except pd.errors.ParserError as error:
        raise TraceError(f"{path.name}: {str(error).strip()}") from None


def _json_rows(path: Path) -> Iterator[pd.DataFrame]:
    with _open(path) as file:
        text = file.read()
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        records, numbers = _json_lines(text, path.name, error)
        yield record_rows(records, numbers, path.name)
        return
    if isinstance(content, dict):
        content = content.get("SpotPriceHistory", [content])
    yield record_rows(content, range(1, len(content) + 1), path.name)


def _json_lines(
    text: str, origin: str, whole: json.JSONDecodeError
) -> tuple[list[Any], list[int]]:
    """One record per line; ``whole`` is the error of reading the text as one object."""
    records, numbers = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError as error:
            # no line of records before it: one object, broken somewhere
            at, why = (number, error.msg) if records else (whole.lineno, whole.msg)
            raise TraceError(f"{origin}: line {at} is not JSON: {why}") from None
        numbers.append(number)
    return records, numbers
