"""What runs on a rented machine: restore the trial, train, save, report.

The machine and the driver talk through files in a bucket, one folder per trial:
``checkpoint`` (a line with the curve, then the trainer's state), ``progress.json``
(written after it, so that it never claims more than is saved) and ``stop`` (the
driver's request to save and end: the number of the launch that is meant).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from helpers.spot_tuning.job import Trainer
from helpers.spot_tuning.job_result import EndReason

Status = EndReason | Literal["training"]


class Store(Protocol):
    """A folder of files that outlives machines."""

    def get(self, name: str) -> bytes | None:
        """Content, or None if there is no such file."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Write a file; readers see all of it or nothing."""
        ...


@dataclass(frozen=True)
class Progress:
    """What a machine has reported of its trial.

    Attributes
    ----------
    launch : int
        Number of the launch that reports.
    metrics : list of float
        Metric of each *saved* step.
    seconds : float
        Seconds per step on this machine, mean; 0 before the first.
    status : str
        "training", or why it ended.
    """

    launch: int
    metrics: list[float] = field(default_factory=list)
    seconds: float = 0.0
    status: Status = "training"

    @classmethod
    def read(cls, store: Store) -> Progress | None:
        """The last report; None before the first."""
        content = store.get("progress.json")
        return None if content is None else cls(**json.loads(content))

    def write(self, store: Store) -> None:
        """Replace the last report."""
        store.put("progress.json", json.dumps(asdict(self)).encode())


class S3Store:
    """A trial's folder in a bucket; credentials are boto3's business.

    Parameters
    ----------
    bucket, prefix : str
    client : optional
        boto3 client for S3.
    """

    def __init__(self, bucket: str, prefix: str, client: Any = None) -> None:
        if client is None:
            client = boto3_client("s3")
        self.bucket, self.prefix, self.client = bucket, prefix.strip("/"), client

    def get(self, name: str) -> bytes | None:
        try:
            found = self.client.get_object(
                Bucket=self.bucket, Key=f"{self.prefix}/{name}"
            )
        except self.client.exceptions.NoSuchKey:
            return None
        return found["Body"].read()

    def put(self, name: str, content: bytes) -> None:
        self.client.put_object(
            Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=content
        )


def boto3_client(service: str, region: str | None = None) -> Any:
    """A client with boto3's own chain of credentials."""
    try:
        import boto3
    except ImportError as error:
        raise ImportError(
            "boto3 is missing; install it with: pip install -e '.[cluster]'"
        ) from error
    return boto3.client(service, region_name=region)


def run_trial(
    trainer: Trainer,
    store: Store,
    *,
    launch: int,
    until_step: int,
    max_age: float,
    notice: Callable[[], bool],
    save_every: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Status:
    """Train until the lease is over; the last step is always saved.

    Parameters
    ----------
    trainer : Trainer
        Fresh; its checkpoint is restored if there is one.
    store : Store
    launch : int
        Number of this launch, from the driver.
    until_step : int
    max_age : float
        Seconds after which the machine has to be given back.
    notice : callable
        True once the provider has announced to take the machine.
    save_every : float
        Seconds between checkpoints, which also look for a stop request.

    Returns
    -------
    str
        Why training ended. After a notice the machine waits to be taken: who ends
        it oneself pays for it.
    """
    started = clock()
    metrics: list[float] = []
    saved = store.get("checkpoint")
    if saved is not None:
        curve, _, state = saved.partition(b"\n")
        metrics = json.loads(curve)
        trainer.restore(state)
    steps, spent, saving = 0, 0.0, 0.0
    status: Status = "training"
    last_save = started
    Progress(launch, metrics).write(store)
    while True:
        now = clock()
        due = now - last_save >= save_every
        step = spent / steps if steps else 0.0
        if trainer.step >= until_step:
            status = "done"
        elif notice():
            status = "revoked"
        elif now - started + step + saving > max_age:
            status = "recycled"
        elif due and store.get("stop") == str(launch).encode():
            status = "released"
        if due or status != "training":
            curve = json.dumps(metrics).encode()
            store.put("checkpoint", curve + b"\n" + trainer.state())
            Progress(launch, metrics, step, status).write(store)
            last_save = clock()
            saving = max(saving, last_save - now)
        if status == "revoked":
            sleep(180.0)
        if status != "training":
            return status
        begun = clock()
        metrics.append(float(trainer.train_step()))
        steps, spent = steps + 1, spent + clock() - begun
