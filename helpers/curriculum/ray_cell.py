"""One job on a node of a Ray cluster, which need not share a disk with the driver.

The node needs the same project and packages. It runs the job as ``curriculum run``
does, in a folder of its own, and sends back what would lie in the job's folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.curriculum.doctor import missing
from helpers.curriculum.jobs import Job, make_job
from helpers.curriculum.keys import Inputs, named_inputs
from helpers.curriculum.pool import Outcome, Settings, run_all
from helpers.curriculum.results import now
from helpers.curriculum.runner import judge
from helpers.parameters import ParameterError
from helpers.paths import write_atomic
from helpers.scales import find_spec

_LOG_BYTES = 64 * 1024


@dataclass(frozen=True)
class Order:
    """What a node must know to run a job, and to be sure that it is the same one."""

    notebook: str
    scale: str
    overrides: Mapping[str, Any]
    key: str
    inputs: Mapping[str, str]  # parts of the key, to say which one differs
    settings: Settings

    @classmethod
    def of(cls, job: Job, settings: Settings) -> Order:
        read = job.inputs or Inputs.of(job.spec)
        inputs = named_inputs(read.at(job.scale))
        return cls(job.name, job.scale, dict(job.overrides), job.key, inputs, settings)


@dataclass(frozen=True)
class Parcel:
    """A run's result, as JSON, and its files."""

    result: str
    files: Mapping[str, bytes]

    def unpack(self, folder: Path) -> None:
        """Write the files; each is whole or absent at every moment."""
        for name, content in self.files.items():
            write_atomic(folder / name, content)


class UnfitNodeError(RuntimeError):
    """The node holds other code or data, or lacks what the job needs."""


def run_cell(order: Order) -> Parcel:
    """Run one job here and pack its result and files.

    Raises
    ------
    UnfitNodeError
        If this node would run something else than the driver asked for, or cannot.
    """
    with tempfile.TemporaryDirectory(prefix="curriculum-") as folder:
        job = _same_job(order, Path(folder))
        started = now()
        outcomes = list(run_all([job], order.settings, _silent, _never))
        (outcome,) = [outcome for _, outcome in outcomes] or [Outcome("interrupted")]
        result = judge(job, outcome, order.settings, started)
        log = job.folder / "worker.log"
        return Parcel(
            result.model_dump_json(),
            {
                job.executed.name: job.executed.read_bytes(),
                log.name: log.read_bytes()[-_LOG_BYTES:],
            },
        )


def _same_job(order: Order, folder: Path) -> Job:
    try:
        spec = find_spec(order.notebook)
        job = make_job(spec, order.scale, order.overrides, folder)
    except ParameterError as error:
        raise UnfitNodeError(f"the node's project differs: {error}") from None
    if job.key != order.key:
        mine = named_inputs(Inputs.of(spec).at(order.scale))
        differing = [name for name in mine if mine[name] != order.inputs[name]]
        raise UnfitNodeError(
            "the node differs from the driver in its "
            + (", ".join(differing) or "scale table")
        )
    if lacking := missing([job], order.settings.offline):
        raise UnfitNodeError(f"the node lacks {'; '.join(lacking)}")
    return job


def _silent(*_: Any) -> None:
    """Nobody watches a single cell of a sweep."""


def _never() -> bool:
    return False
