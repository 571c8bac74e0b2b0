"""Spot prices of one availability zone, as EC2 reports them now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from helpers.spot_tuning.aws_machines import RequestRefused, call_ec2
from helpers.spot_tuning.prices import MINUTE, Market, TraceError, from_changes


def _utc_now() -> datetime:
    return datetime.now(UTC)


class LivePrices:
    """Callable that returns the market up to now; asks EC2 at most once a minute.

    Parameters
    ----------
    ec2 : boto3 client
    types : sequence of str
    zone : str
        For example "us-east-1a"; prices differ between zones.
    start : datetime
        First minute of the market, UTC; EC2 keeps 90 days.
    now : callable, optional
        Clock, for tests.

    Raises
    ------
    TraceError
        When called, if EC2 knows no price of a type in this zone.
    NotAnswered, RequestRefused
        When called, if EC2 is too busy, or has another error.
    """

    def __init__(
        self,
        ec2: Any,
        types: Sequence[str],
        zone: str,
        start: datetime,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.ec2, self.types, self.zone = ec2, tuple(types), zone
        self.start = start.replace(second=0, microsecond=0)
        self._now = now
        self._market: Market | None = None
        self._asked = self.start

    def __call__(self) -> Market:
        now = self._now()
        age = (now - self._asked).total_seconds()
        if self._market is None or age >= MINUTE or now < self._asked:
            end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
            self._market = self._fetch(end)
            self._asked = end - timedelta(minutes=1)
        return self._market

    def _fetch(self, end: datetime) -> Market:
        changes: dict[str, list[tuple[datetime, float]]] = {t: [] for t in self.types}
        token = ""
        while True:
            code, page = call_ec2(
                self.ec2.describe_spot_price_history,
                InstanceTypes=list(self.types),
                ProductDescriptions=["Linux/UNIX"],
                AvailabilityZone=self.zone,
                StartTime=self.start,
                EndTime=end,
                **({"NextToken": token} if token else {}),
            )
            if code:
                raise RequestRefused(f"EC2 refused describe_spot_price_history: {code}")
            for row in page["SpotPriceHistory"]:
                changes[row["InstanceType"]].append(
                    (row["Timestamp"], float(row["SpotPrice"]))
                )
            token = page.get("NextToken") or ""
            if not token:
                break
        traces = []
        for kind, rows in changes.items():
            if not rows:
                raise TraceError(f"{kind}: EC2 reports no spot price in {self.zone}")
            times, prices = zip(*sorted(rows), strict=True)
            traces.append(
                from_changes(
                    kind, times, prices, zone=self.zone, start=self.start, end=end
                )
            )
        return Market(traces)
