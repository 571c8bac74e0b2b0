"""Masks outside training: a context in which a model runs as chosen sub-networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from typing import Any

from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from torch import nn

from helpers.lora_dropout.masks import MaskSettings, MaskSource, check_count


def masked_layers(model: nn.Module) -> dict[str, Any]:
    """Layers of a model that can mask, by the name they have in the base model.

    Raises
    ------
    ValueError
        If there are none.
    """
    found: dict[str, Any] = {}
    prefix = ""
    for name, module in model.named_modules():
        if isinstance(module, BaseTuner):  # it comes before its layers
            prefix = f"{name}.model.".lstrip(".")
        elif isinstance(module, BaseTunerLayer) and vars(module).get("mask_settings"):
            short = name.removeprefix(prefix)
            found[name if short in found else short] = module
    if not found:
        raise ValueError(
            f"No layer of this {type(model).__name__} has LoRA Dropout; allowed: a "
            "model from get_peft_model(model, LoraDropoutConfig(...)), or one that "
            "mask_lora or mask_adalora was applied to."
        )
    return found


def active_settings(model: nn.Module) -> MaskSettings:
    """Settings of the active adapter.

    Raises
    ------
    ValueError
        If no active adapter has LoRA Dropout.
    """
    layers = masked_layers(model)
    for layer in layers.values():
        for adapter in layer.active_adapters:
            if adapter in layer.mask_settings:
                return layer.mask_settings[adapter]
    names = sorted({name for layer in layers.values() for name in layer.mask_settings})
    raise ValueError(
        f"The active adapter has no LoRA Dropout; allowed: {', '.join(names)} (see "
        "set_adapter)."
    )


@contextmanager
def lora_dropout_sampling(
    model: nn.Module,
    *,
    members: Sequence[int] | None = None,
    groups: int = 1,
    seed: int = 0,
    once: bool = False,
) -> Iterator[None]:
    """Masks are on inside, in evaluation as in training; nothing else changes mode.

    A batch of ``groups * b`` examples, group-major, gets one mask set per group. The
    backward pass of a model with gradient checkpointing belongs inside as well, for it
    runs the layers again.

    Parameters
    ----------
    model : nn.Module
        A model with masked layers, or one that contains such a model.
    members : sequence of int, optional
        Ensemble members, one per group. Member k of a seed is the same sub-network in
        every batch, in every company, on every device. Without members each forward
        pass draws fresh masks from torch's global generator.
    groups : int
        Number of groups when there are no members.
    seed : int
        Of the members.
    once : bool
        Without members, keep the masks of a layer's first call until the context ends:
        with one forward and backward pass inside, that is one sub-network per group,
        whatever layers the model calls twice.

    Raises
    ------
    ValueError
        If there are no members in the sequence, no masked layers, or if an adapter is
        merged, which leaves no update to mask.

    Examples
    --------
    >>> import torch
    >>> from peft import get_peft_model
    >>> from helpers.lora_dropout.config import LoraDropoutConfig
    >>> config = LoraDropoutConfig(target_modules=["0"], init_lora_weights=False)
    >>> model = get_peft_model(nn.Sequential(nn.Linear(6, 4)), config).eval()
    >>> x = torch.ones(1, 6)
    >>> with lora_dropout_sampling(model, members=[0, 1, 0]):
    ...     first, second, again = model(x.repeat(3, 1))
    >>> bool((first == again).all()), bool((first == second).all())
    (True, False)
    """
    source = mask_source(members, groups, seed, once)
    layers = masked_layers(model)
    if merged := [name for name, layer in layers.items() if layer.merged]:
        raise ValueError(
            f"The adapter of {merged[0]} is merged into its layer, where nothing can "
            "be masked; call unmerge_adapter() first."
        )
    before = {
        name: {k: vars(layer).get(k) for k in ("mask_source", "mask_name")}
        for name, layer in layers.items()
    }
    try:
        for name, layer in layers.items():
            layer.mask_source, layer.mask_name = source, name
        yield
    finally:
        for name, layer in layers.items():
            vars(layer).update(before[name])


def mask_source(
    members: Sequence[int] | None, groups: int, seed: int, once: bool = False
) -> MaskSource:
    """Check the choice of sub-networks and make their source of masks."""
    if members is None:
        check_count("groups", groups)
        return MaskSource(groups, once=once)
    members = list(members)
    if not members or not all(isinstance(m, Integral) and m >= 0 for m in members):
        raise ValueError(
            f"`members` must be one or more integers of at least 0, got {members!r}."
        )
    if groups not in (1, len(members)):
        raise ValueError(
            f"`groups` is the number of `members`, {len(members)}, when these are "
            f"given; got {groups}."
        )
    return MaskSource(len(members), [int(m) for m in members], int(seed))
