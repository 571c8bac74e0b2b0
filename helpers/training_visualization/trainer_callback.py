"""Records the training of a transformers ``Trainer``, an epoch at a time."""

from __future__ import annotations

from typing import Any

from torch import nn
from transformers import TrainerCallback

from helpers.training_visualization.recorder import Recorder


class RecorderCallback(TrainerCallback):
    """Calls ``recorder.snapshot`` at the end of every epoch.

    The last part of an epoch, where ``max_steps`` ends the training inside one, is not
    recorded, and neither is an epoch that the recorder already has, as when the
    trainer resumes from a checkpoint of its own.

    Parameters
    ----------
    recorder : Recorder
        Of the model that is trained; it must not be made by ``model_init``, which
        makes another one.
    every : int
        Epochs from one snapshot to the next.
    initial : bool
        Also record the untrained model, as epoch 0.

    Examples
    --------
    ``Trainer(model, ..., callbacks=[RecorderCallback(Recorder(model, ...))])``
    """

    def __init__(
        self, recorder: Recorder, every: int = 1, initial: bool = False
    ) -> None:
        if every < 1:
            raise ValueError(f"every is {every}; allowed: 1 or more")
        self.recorder, self.every, self.initial = recorder, every, initial

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any
    ) -> None:
        """Make sure that the right model is watched; record it if asked to.

        Raises
        ------
        ValueError
            If the trainer has another model than the recorder.
        """
        if model is not None and not _same(model, self.recorder.model):
            raise ValueError(
                "the trainer's model is not the recorder's; allowed: Recorder(model, "
                "...) with the very model that the trainer was given"
            )
        if self.initial and not state.epoch:
            self._record(0)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Record if a whole epoch is complete and its turn has come."""
        epoch = round(state.epoch)
        if abs(state.epoch - epoch) < 1e-6 and epoch % self.every == 0:
            self._record(epoch)

    def _record(self, epoch: int) -> None:
        if epoch not in self.recorder.epochs:
            self.recorder.snapshot(epoch)


def _same(model: Any, watched: nn.Module) -> bool:
    """Whether a model, or what its wrapper holds, is the one that is watched."""
    while model is not watched and hasattr(model, "module"):
        model = model.module
    return model is watched
