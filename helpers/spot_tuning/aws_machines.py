"""EC2 machines for trials: ask, look, end. Knows nothing of policies or budgets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from helpers.spot_tuning.aws_settings import SHUTDOWN, AwsSettings
from helpers.spot_tuning.job import Launch

# Codes with which EC2 says "not on spot, not now, not at this price".
NO_SPOT = (
    "InsufficientInstanceCapacity",
    "MaxSpotInstanceCountExceeded",
    "SpotMaxPriceTooLow",
)
# Codes with which EC2 says neither yes nor no.
BUSY = ("InternalError", "RequestLimitExceeded", "ServiceUnavailable", "Unavailable")


Answer = TypeVar("Answer")


class NoSpotCapacity(RuntimeError):
    """EC2 has no spot machine of this type for us now; holds its error code."""


class NotAnswered(RuntimeError):
    """EC2 was too busy to say yes or no; the same request may be sent again."""


class RequestRefused(RuntimeError):
    """EC2 refused a request; holds its error code.

    Only the code: EC2's own message may hold account ids.
    """


def call_ec2(method: Any, **arguments: Any) -> tuple[str, Any]:
    """(error code, answer) of a client's method; the code is empty if all is well.

    Raises
    ------
    NotAnswered
        If EC2 is too busy to answer; holds its error code.
    """
    from botocore.exceptions import ClientError

    try:
        return "", method(**arguments)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
    if code in BUSY:
        raise NotAnswered(code)
    return code, None


def insist(
    ask: Callable[[], Answer], sleep: Callable[[float], None], poll: float, most: float
) -> Answer:
    """Ask every ``poll`` seconds until EC2 answers; NotAnswered after ``most``."""
    waited = 0.0
    while True:
        try:
            return ask()
        except NotAnswered:
            if waited >= most:
                raise
        sleep(poll)
        waited += poll


@dataclass(frozen=True)
class Seen:
    """State of one machine.

    Attributes
    ----------
    alive : bool
    revoked : bool
        EC2 took it.
    known : bool
        EC2 knows it; it may not yet, in the first minutes.
    """

    alive: bool
    revoked: bool = False
    known: bool = True


class Machines:
    """Start, look at and end machines of one job.

    Parameters
    ----------
    ec2 : boto3 client
    settings : AwsSettings
    """

    def __init__(self, ec2: Any, settings: AwsSettings) -> None:
        self.ec2, self.settings = ec2, settings

    def request(self, action: Launch, launch: int) -> dict[str, Any]:
        """Arguments of ``run_instances`` for a trial's ``launch``-th machine.

        The token makes a repeated request the same request: it never starts a second
        machine. The machine ends itself, even if nobody else does.
        """
        settings = self.settings
        name = f"{settings.job}-{action.trial}"
        lease = settings.lease_seconds(action)
        command = settings.command.format(
            bucket=settings.bucket,
            launch=launch,
            max_age=int(lease),
            prefix=f"{settings.job}/{action.trial}",
            trial=action.trial,
            until_step=action.until_step,
        )
        minutes = math.ceil((lease + SHUTDOWN) / 60)
        script = f"#!/bin/sh\nshutdown -h +{minutes}\n{command}\nshutdown -h now\n"
        found: dict[str, Any] = {
            **settings.request,
            "ClientToken": f"{name}-{launch}-{action.purchase}",
            "InstanceInitiatedShutdownBehavior": "terminate",
            "InstanceType": action.instance_type,
            "MaxCount": 1,
            "MinCount": 1,
            "Placement": {"AvailabilityZone": settings.zone},
            "TagSpecifications": [
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": "Name", "Value": name}],
                }
            ],
            "UserData": script,  # boto3 encodes it
        }
        if action.purchase == "spot":
            options = {"SpotInstanceType": "one-time"}
            if math.isfinite(action.max_price):
                options["MaxPrice"] = f"{action.max_price:.6f}"
            found["InstanceMarketOptions"] = {
                "MarketType": "spot",
                "SpotOptions": options,
            }
        return found

    def launch(self, request: Mapping[str, Any]) -> str:
        """Start a machine; returns its id.

        Raises
        ------
        NoSpotCapacity
            If EC2 has none on spot.
        NotAnswered
            If EC2 may or may not have started one.
        RequestRefused
            For any other error of EC2.
        """
        code, answer = call_ec2(self.ec2.run_instances, **request)
        if code in NO_SPOT:
            raise NoSpotCapacity(code)
        if code:
            raise RequestRefused(f"EC2 refused run_instances: {code}")
        return str(answer["Instances"][0]["InstanceId"])

    def rehearse(self, request: Mapping[str, Any]) -> str:
        """What EC2 would say, starting nothing: "ok", or its error code."""
        try:
            code, _ = call_ec2(self.ec2.run_instances, **request, DryRun=True)
        except NotAnswered as error:
            return str(error)
        return "ok" if code == "DryRunOperation" else code or "DryRun was ignored"

    def look(self, instance_ids: list[str]) -> dict[str, Seen]:
        """State of the machines.

        Raises
        ------
        NotAnswered
            If EC2 is too busy.
        RequestRefused
            For any other error of EC2.
        """
        if not instance_ids:
            return {}
        seen = dict.fromkeys(instance_ids, Seen(alive=False, known=False))
        token = ""
        while True:
            code, page = call_ec2(
                self.ec2.describe_instances,
                Filters=[{"Name": "instance-id", "Values": instance_ids}],
                **({"NextToken": token} if token else {}),
            )
            if code:
                raise RequestRefused(f"EC2 refused describe_instances: {code}")
            for group in page["Reservations"]:
                for row in group["Instances"]:
                    reason = row.get("StateReason", {}).get("Code", "")
                    seen[row["InstanceId"]] = Seen(
                        row["State"]["Name"] in ("pending", "running"),
                        reason.startswith("Server.Spot"),
                    )
            token = page.get("NextToken") or ""
            if not token:
                return seen

    def end(self, instance_ids: list[str]) -> None:
        """Terminate machines; raises as :meth:`look`."""
        if instance_ids:
            code, _ = call_ec2(self.ec2.terminate_instances, InstanceIds=instance_ids)
            if code and code != "InvalidInstanceID.NotFound":
                raise RequestRefused(f"EC2 refused terminate_instances: {code}")
