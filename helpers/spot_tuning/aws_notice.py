"""On an EC2 spot machine: has the provider announced to take it?

Uses the instance metadata service, version 2 (a token first). The provider advises to
ask every five seconds; notice comes two minutes before the end.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime

METADATA = "http://169.254.169.254"
SECONDS = 5.0  # between two questions


@dataclass(frozen=True)
class Notice:
    """What will happen to this machine: "terminate", "stop" or "hibernate"."""

    action: str
    time: datetime


def poll_notice(base: str = METADATA, timeout: float = 1.0) -> Notice | None:
    """Ask once; None while no notice is given.

    Raises
    ------
    OSError
        If there is no metadata service here (this is no EC2 machine).
    """
    request = urllib.request.Request(
        f"{base}/latest/api/token",
        method="PUT",
        headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"},
    )
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        token = answer.read().decode()
    request = urllib.request.Request(
        f"{base}/latest/meta-data/spot/instance-action",
        headers={"X-aws-ec2-metadata-token": token},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            found = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise
    when = datetime.strptime(found["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return Notice(found["action"], when)


@dataclass
class NoticePoll:
    """Callable for a training loop: true once there is a notice.

    Asks at most every `seconds`; a metadata service that fails for a moment is asked
    again later. A notice once given stays.
    """

    seconds: float = SECONDS
    base: str = METADATA
    notice: Notice | None = field(default=None, init=False)
    _next: float = field(default=-float("inf"), init=False, repr=False)

    def __call__(self) -> bool:
        if self.notice is None and time.monotonic() >= self._next:
            self._next = time.monotonic() + self.seconds
            try:
                self.notice = poll_notice(self.base)
            except OSError:
                return False
        return self.notice is not None
