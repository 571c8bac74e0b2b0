"""Any `job.Trainer` as a trial of Ray Tune."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from helpers.spot_tuning.job import Trainer

try:
    from ray import tune
except ImportError as error:
    raise ImportError(
        "Ray is missing; install it with: pip install -e '.[cluster]'"
    ) from error

CHECKPOINT = "trainer.state"
NOTICE = "spot_notice"  # key of a result: the provider will take this machine


def trainable(
    make: Callable[[Mapping[str, Any]], Trainer],
    metric: str = "loss",
    notice: Callable[[], bool] | None = None,
) -> type[tune.Trainable]:
    """Class for ``tune.Tuner`` whose trials train step by step.

    Parameters
    ----------
    make : callable
        Fresh trainer of one configuration of Tune's search space.
    metric : str
        Name under which a step's metric is reported.
    notice : callable, optional
        Called on the trial's own machine after each step; true once the provider has
        announced to take it (on AWS: `aws_notice.NoticePoll`).
    """

    class TrainerTrial(tune.Trainable):
        """One trial; its checkpoint is the trainer's state."""

        def setup(self, config: dict[str, Any]) -> None:
            self.trainer = make(config)

        def step(self) -> dict[str, Any]:
            result: dict[str, Any] = {metric: float(self.trainer.train_step())}
            if notice is not None:
                result[NOTICE] = bool(notice())
            return result

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            Path(checkpoint_dir, CHECKPOINT).write_bytes(self.trainer.state())

        def load_checkpoint(self, checkpoint: str) -> None:  # type: ignore[override]
            self.trainer.restore(Path(checkpoint, CHECKPOINT).read_bytes())

    return TrainerTrial
