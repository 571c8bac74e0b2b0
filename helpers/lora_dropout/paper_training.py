"""Training as in the paper's tables: any transformers model, kept in a folder.

A run that is interrupted goes on from its last checkpoint, by `transformers.Trainer`'s
own mechanism, and the checkpoint that is best on the development set is loaded at the
end. AdaLoRA needs more than Trainer and peft keep: see :class:`PaperTrainer`.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import AdaLoraConfig, LoraConfig, get_peft_model
from torch import Tensor, nn
from transformers import PrinterCallback, Trainer

from helpers.lora_dropout.adalora import mask_adalora
from helpers.lora_dropout.batches import Batch, Extract, logits_of
from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.ensemble import evaluation, member_logits
from helpers.lora_dropout.paper_recipes import Adaptation, targets_of
from helpers.lora_dropout.trainer import LoraDropoutTrainerMixin, adalora_of
from helpers.progress import progress_bar

_RANKS = "adalora.pt"  # in each checkpoint of AdaLoRA
_AVERAGES = ("ipt", "exp_avg_ipt", "exp_avg_unc")


def adapt(
    model: nn.Module, chosen: Adaptation, recipe: Any, steps: int, task: str
) -> nn.Module:
    """The model that a method trains, made of ``model``, which is changed.

    Pooler and head are trained in full by every method, as by the baselines' scripts.

    Parameters
    ----------
    recipe : PaperRecipe or InstructionRecipe
    steps : int
        Of the whole training, which AdaLoRA's schedule has to know.
    task : {"SEQ_CLS", "QUESTION_ANS", "CAUSAL_LM"}
        peft's name of it.
    """
    head = [] if task == "CAUSAL_LM" else head_modules(model)
    if not chosen.low_rank:
        model.requires_grad_(chosen.method == "Full fine-tuning")
        for name, parameter in model.named_parameters():
            bias = chosen.method == "BitFit" and name.endswith(".bias")
            if bias or not set(head).isdisjoint(name.split(".")):
                parameter.requires_grad_(True)
        return model
    options: dict[str, Any] = {
        "lora_alpha": recipe.alpha,
        "target_modules": list(chosen.targets or targets_of(model)),
        "modules_to_save": head or None,
        "task_type": task,
    }
    masks: dict[str, Any] = {
        "mask_p": chosen.p,
        "n_train": chosen.instances,
        "n_test": chosen.members,
    }
    if not chosen.adaptive:
        options["r"] = chosen.rank
        kind = LoraDropoutConfig(**options, **masks) if chosen.p else None
        return get_peft_model(model, kind or LoraConfig(**options))
    initial, interval, final = recipe.schedule(steps)
    adapted = get_peft_model(
        model,
        AdaLoraConfig(
            **options,
            target_r=chosen.rank,
            init_r=-(-3 * chosen.rank // 2),
            orth_reg_weight=recipe.gamma,
            beta1=recipe.beta,
            beta2=recipe.beta,
            tinit=initial,
            deltaT=interval,
            tfinal=final,
            total_step=steps,
        ),
    )
    return mask_adalora(adapted, **masks) if chosen.p else adapted


def head_modules(model: Any) -> list[str]:
    """Names of a model's parts that read the body's output: poolers and classifiers."""
    outside = [
        name
        for name, part in model.named_children()
        if name != model.base_model_prefix and any(True for _ in part.parameters())
    ]
    # BERT's pooler is inside the body, DeBERTa's beside it
    inside = f"{model.base_model_prefix}.pooler" in dict(model.named_modules())
    return ["pooler", *outside] if inside else outside


class PaperTrainer(LoraDropoutTrainerMixin, Trainer):
    """Trainer of every method; resumes AdaLoRA's as well, and adds up the seconds.

    peft prunes what it saves of AdaLoRA, though the training still changes the pruned
    ranks, and keeps nothing of the running means that choose them. Checkpoints have
    both in a file of their own here.

    Parameters
    ----------
    chosen : Adaptation
    *args, **kwargs
        Of Trainer.
    """

    def __init__(self, *args: Any, chosen: Adaptation, **kwargs: Any) -> None:
        instances = chosen.instances if chosen.p else 1
        super().__init__(*args, n_train=instances, **kwargs)
        self.before = 0.0  # seconds of earlier sessions
        self.began = time.perf_counter()
        self.remove_callback(PrinterCallback)

    @property
    def seconds(self) -> float:
        """Of this training, with the sessions before it."""
        return self.before + time.perf_counter() - self.began

    def go_on(self, folder: Path) -> None:
        """Train, from the last whole checkpoint in ``folder`` if there is one."""
        last = last_checkpoint(folder)
        if last is not None:
            state = json.loads((last / "trainer_state.json").read_text())
            logs = [log["seconds"] for log in state["log_history"] if "seconds" in log]
            self.before = logs[-1] if logs else 0.0
        self.began = time.perf_counter()
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        with warnings.catch_warnings():
            # peft reads a checkpoint as plain LoRA's, which its weights are
            warnings.filterwarnings("ignore", "Unexpected keyword arguments")
            self.train(resume_from_checkpoint=None if last is None else str(last))

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Log the seconds as well, from which a resumed run goes on counting."""
        super().log({**logs, "seconds": self.seconds}, *args, **kwargs)

    def save_model(
        self, output_dir: str | None = None, _internal_call: bool = False
    ) -> None:
        """Save the adapter, and what resuming AdaLoRA needs besides."""
        with warnings.catch_warnings():
            # a layer that AdaLoRA has left no rank
            warnings.filterwarnings("ignore", ".*tensor.* have invalid shape")
            super().save_model(output_dir, _internal_call)
        if (base := adalora_of(self.model)) is None or output_dir is None:
            return
        ranks, trained = base.rankallocator, self._trainer.model
        config: Any = base.peft_config[base.trainable_adapter_name]
        torch.save(
            {
                "weights": {
                    name: weight.detach()
                    for name, weight in trained.named_parameters()
                    if weight.requires_grad
                },
                "averages": {name: getattr(ranks, name) for name in _AVERAGES},
                "pattern": config.rank_pattern,
            },
            Path(output_dir) / _RANKS,
        )

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: nn.Module | None = None
    ) -> None:
        if not self._load_ranks(Path(resume_from_checkpoint)):
            super()._load_from_checkpoint(resume_from_checkpoint, model)

    def _load_best_model(self) -> None:
        if not self._load_ranks(Path(str(self.state.best_model_checkpoint))):
            super()._load_best_model()

    def _load_ranks(self, folder: Path) -> bool:
        """Read what `save_model` wrote; False if the model is not AdaLoRA's."""
        if (base := adalora_of(self.model)) is None:
            return False
        trained = self._trainer.model
        device = next(trained.parameters()).device
        kept = torch.load(folder / _RANKS, map_location=device, weights_only=True)
        trained.load_state_dict(kept["weights"], strict=False)
        for name in _AVERAGES:
            setattr(base.rankallocator, name, kept["averages"][name])
        config: Any = base.peft_config[base.trainable_adapter_name]
        config.rank_pattern = kept["pattern"]
        return True


def last_checkpoint(folder: Path) -> Path | None:
    """Newest checkpoint that was written to its end; None if there is none."""
    # Trainer writes its state last
    found = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return max(found, key=lambda path: int(path.name.split("-")[-1]), default=None)


def predictions(
    model: nn.Module,
    rows: Sequence[dict[str, Any]],
    collate: Callable[[list[dict[str, Any]]], Batch],
    *,
    batch: int,
    members: int,
    precision: str,
    seed: int,
    extract: Extract = logits_of,
    progress: bool = True,
) -> tuple[Tensor, Tensor | None]:
    """Outputs of the mean network (n, ...), and of ensemble members (members, n, ...).

    Both are float32 on the CPU; without members the second is None. Members run one by
    one, as DeBERTa's relative positions do not grow with the batch.
    """
    device = next(model.parameters()).device
    mean, several = [], []
    bar = progress_bar(total=len(rows), desc="predict", disable=not progress)
    cast = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
    with bar, torch.no_grad(), evaluation(model), cast:
        for start in range(0, len(rows), batch):
            part = list(rows[start : start + batch])
            inputs = {k: v.to(device) for k, v in collate(part).items()}
            inputs.pop("labels", None)
            mean.append(extract(model(**inputs)).float().cpu())
            if members:
                found = member_logits(
                    model, inputs, members, seed=seed, one_pass=False, extract=extract
                )
                several.append(found.float().cpu())
            bar.update(len(part))
    return torch.cat(mean), torch.cat(several, dim=1) if several else None
