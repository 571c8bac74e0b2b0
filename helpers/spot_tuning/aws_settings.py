"""What the AWS driver needs to be told; checked before anything is asked of AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Literal, get_args

from helpers.names import unknown_name
from helpers.spot_tuning.aws_budget import Budget, Exposure
from helpers.spot_tuning.job import Launch
from helpers.spot_tuning.prices import HOUR

Fallback = Literal["on-demand", "wait"]
PLACES = ("bucket", "launch", "max_age", "prefix", "trial", "until_step")
OURS = (  # arguments of run_instances that the driver sets
    "ClientToken",
    "DryRun",
    "InstanceInitiatedShutdownBehavior",
    "InstanceMarketOptions",
    "InstanceType",
    "MaxCount",
    "MinCount",
    "Placement",
    "TagSpecifications",
    "UserData",
)
SHUTDOWN = 300.0  # seconds after its lease at which a machine ends itself
BOOT = 600.0  # seconds; a slow boot and a slow shutdown end within


@dataclass(frozen=True)
class AwsSettings:
    """Where and how a job's machines run.

    Attributes
    ----------
    command : str
        Shell command on the machine. Braces are filled in: {trial}, {launch},
        {until_step}, {max_age} (seconds), {bucket}, {prefix}.
    request : mapping
        Further arguments of ``run_instances``: ImageId or LaunchTemplate, and what
        your account needs (SubnetId, IamInstanceProfile, KeyName ...).
    bucket : str
        Where checkpoints and progress are kept.
    zone : str
        Availability zone, for example "us-east-1a"; machines and prices are of it.
    on_demand : mapping of str to float
        Instance types that may be used, with today's list price, USD per hour. The
        `Provisioner` of SpotTune knows only its catalogue's, of 2016 and 2017.
    budget_usd : float
        Hard cap of the job, see `aws_budget`.
    job : str
        Name of the job: tag of the machines, folder in the bucket.
    fallback : {"on-demand", "wait"}
        What to do when EC2 has no spot machine.
    max_lease_hours : float
        No machine trains longer, whatever the policy says.
    extra_per_hour : float
        USD per machine hour for disks and traffic, which are charged on top.
    max_failures : int
        Machines on which a trial's program may fail before it is given up.

    Raises
    ------
    ValueError
        Naming the field.
    """

    command: str
    request: Mapping[str, Any]
    bucket: str
    zone: str
    on_demand: Mapping[str, float]
    budget_usd: float
    job: str = "spottune"
    fallback: Fallback = "on-demand"
    max_lease_hours: float = 1.0
    extra_per_hour: float = 0.0
    max_failures: int = 1
    budget: Budget = field(init=False, repr=False)

    def __post_init__(self) -> None:
        budget = Budget(self.budget_usd, self.extra_per_hour)
        object.__setattr__(self, "budget", budget)
        if not {"ImageId", "LaunchTemplate"} & self.request.keys():
            raise ValueError("request: ImageId or LaunchTemplate is missing")
        if taken := sorted(set(OURS) & self.request.keys()):
            raise ValueError(f"request: {', '.join(taken)} is set by the driver")
        if not self.command.strip():
            raise ValueError("command is empty")
        for _, place, _, _ in Formatter().parse(self.command):
            if place is not None and place not in PLACES:
                raise unknown_name("place in command", place, PLACES)
        if not self.bucket:
            raise ValueError("bucket is empty")
        if not re.fullmatch(r"[a-z]+(-[a-z]+)+-\d[a-z]", self.zone):
            raise ValueError(f"zone is {self.zone!r}; allowed: like 'us-east-1a'")
        if not self.on_demand or not all(p > 0 for p in self.on_demand.values()):
            raise ValueError("on_demand needs instance types with a price above 0")
        if self.fallback not in get_args(Fallback):
            raise unknown_name("fallback", self.fallback, get_args(Fallback))
        if not 0 < self.max_lease_hours <= 24 * 30:
            raise ValueError(
                f"max_lease_hours is {self.max_lease_hours}; allowed: above 0, at most "
                "720"
            )
        self.check_name("job", self.job)

    @staticmethod
    def check_name(kind: str, name: str) -> None:
        """ValueError unless EC2 takes it as part of a token and of a tag."""
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,20}", name):
            raise ValueError(
                f"{kind} is {name!r}; allowed: 1 to 20 letters, digits, '_', '.', '-'"
            )

    @property
    def region(self) -> str:
        return self.zone[:-1]

    def lease_seconds(self, action: Launch) -> float:
        """How long the machine of this launch may train."""
        return min(action.max_age, self.max_lease_hours * HOUR)

    def exposure(self, action: Launch) -> Exposure:
        """The most that a launch can cost: its lease, and a slow boot and end."""
        return self.budget.exposure(
            action.max_price,
            self.list_price(action.instance_type),
            self.lease_seconds(action) + SHUTDOWN + BOOT,
            action.purchase,
        )

    def list_price(self, instance_type: str) -> float:
        """USD per hour; ValueError for a type that may not be used."""
        try:
            return self.on_demand[instance_type]
        except KeyError:
            raise unknown_name(
                "instance type of on_demand", instance_type, list(self.on_demand)
            ) from None
