"""Training with transformers' ``Trainer``: N dropout instances a step (Sec. 3.3)."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from peft import AdaLoraModel
from torch import Tensor, nn
from transformers import Trainer, TrainerCallback

from helpers.lora_dropout.batches import repeat_batch
from helpers.lora_dropout.instances import instance_count
from helpers.lora_dropout.masks import check_count
from helpers.lora_dropout.sampling import lora_dropout_sampling


class LoraDropoutTrainerMixin:
    """Averages the loss of a training step over dropout instances.

    Put it before any trainer of a model with LoRA Dropout, ``class MyTrainer(
    LoraDropoutTrainerMixin, SFTTrainer): ...``. An instance is one sub-network, as in
    Eq. 7, even where a model calls a layer twice in a pass, as DeBERTa does query and
    key: on tokens and on their relative positions. Evaluation is left alone: masks are
    off. AdaLoRA's budget is updated after each optimiser step, which Trainer alone
    does not do.

    Parameters
    ----------
    *args, **kwargs
        Of the trainer.
    n_train : int, optional
        Instances N; ``n_train`` of the model's active adapter by default, 1 if its
        masks drop nothing.
    one_pass : bool
        Train on one batch repeated N times instead of a loop of N backward passes:
        N times the memory of activations, and the only way with DeepSpeed, which steps
        at every backward pass.

    Raises
    ------
    ValueError
        If N < 1, the model has no LoRA Dropout, or DeepSpeed is used with a loop.

    Examples
    --------
    ``LoraDropoutTrainer(get_peft_model(model, LoraDropoutConfig(...)), args,
    train_dataset=data).train()``
    """

    def __init__(
        self,
        *args: Any,
        n_train: int | None = None,
        one_pass: bool = False,
        **kwargs: Any,
    ) -> None:
        if n_train is not None:
            check_count("n_train", n_train)
        self.n_train, self.one_pass = n_train, one_pass
        self._share = 1.0  # of a loss in the mean over instances
        super().__init__(*args, **kwargs)
        self._trainer.add_callback(RankAllocation())
        if self.instances > 1:
            self._check_engine()

    @property
    def instances(self) -> int:
        """Instances N of a training step."""
        return self.n_train or instance_count(self._trainer.model)

    @property
    def _trainer(self) -> Any:
        """This object as the trainer that it is mixed into."""
        return self

    def training_step(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """Gradient of the mean loss over instances; returns that loss, detached."""
        step, n = super().training_step, self.instances  # type: ignore[misc]
        if self.one_pass and n > 1:
            # a model that divides by the number of items must count them all
            items = None if num_items_in_batch is None else num_items_in_batch * n
            with lora_dropout_sampling(model, groups=n, once=True):
                return step(model, repeat_batch(inputs, n), items)
        self._share = 1 / n
        try:
            losses = []
            for _ in range(n):
                with _one_subnetwork(model):
                    losses.append(step(model, dict(inputs), num_items_in_batch))
        finally:
            self._share = 1.0
        return sum(losses[1:], losses[0])

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor | tuple[Tensor, Any]:
        """The trainer's loss; within a training step, one instance's share of it."""
        found = super().compute_loss(  # type: ignore[misc]
            model, inputs, return_outputs, num_items_in_batch
        )
        if return_outputs:
            return found[0] * self._share, found[1]
        return found * self._share

    def _check_engine(self) -> None:
        kind = self._trainer.accelerator.distributed_type
        if kind == "DEEPSPEED" and not self.one_pass:
            raise ValueError(
                "DeepSpeed makes an optimiser step at every backward pass, so a loop "
                "over instances is not supported; pass one_pass=True or n_train=1."
            )


def _one_subnetwork(model: nn.Module) -> AbstractContextManager[None]:
    """One draw of masks per layer for a forward and backward pass, if it has any."""
    if any(vars(layer).get("mask_settings") for layer in model.modules()):
        return lora_dropout_sampling(model, once=True)
    return nullcontext()  # a trainer with n_train=1 takes any model


class LoraDropoutTrainer(LoraDropoutTrainerMixin, Trainer):
    """transformers' Trainer for models with LoRA Dropout; see the mixin."""


class RankAllocation(TrainerCallback):
    """Lets AdaLoRA update its importance scores and prune; nothing on other models.

    It does so between the optimiser's step and ``zero_grad``, where the gradients it
    scores are still there, and counts the steps made, from 1, so that the final budget
    is reached with ``tfinal=0`` as well.
    """

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any
    ) -> None:
        """Warn if the training ends before AdaLoRA's schedule does."""
        if (base := adalora_of(model)) is None:
            return
        config: Any = base.peft_config[base.trainable_adapter_name]
        if config.total_step - config.tfinal > state.max_steps:
            warnings.warn(
                f"AdaLoRA reaches its budget after {config.total_step - config.tfinal} "
                f"steps (total_step - tfinal), but the training has only "
                f"{state.max_steps}; set total_step={state.max_steps}.",
                stacklevel=2,
            )

    def on_optimizer_step(
        self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any
    ) -> None:
        """Update the budget after an optimiser step, before the gradients go."""
        if (base := adalora_of(model)) is not None:
            base.update_and_allocate(state.global_step + 1)


def adalora_of(model: Any) -> AdaLoraModel | None:
    """The AdaLoRA tuner of a PeftModel, if it has one; wrappers are looked into."""
    while hasattr(model, "module"):
        model = model.module
    base = getattr(model, "base_model", None)
    return base if isinstance(base, AdaLoraModel) else None
