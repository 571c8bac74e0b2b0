r"""Dropout of the rank, the control for "why not the rank" (Sec. 3.2).

.. math:: h = W_0 x + B \operatorname{diag}(m) A x, \quad m \in \{0, 1\}^r

It removes whole rank-one terms of the update: the rank left is Binomial(r, 1 - p), and
no entry of the update becomes zero. DropLoRA (arXiv 2508.17337) does it with a mask of
each token's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from peft.tuners.lora.layer import LoraVariant
from torch import Tensor
from torch.nn import functional

from helpers.lora_dropout.config import MaskedLoraConfig
from helpers.lora_dropout.masks import MaskSettings, split_groups
from helpers.lora_dropout.variant import (
    AdditiveVariant,
    LoraDropoutLinear,
    active_source,
    mask_name,
    plain_forward,
)


@dataclass
class RankDropoutConfig(MaskedLoraConfig):
    """Configuration of LoRA with dropout on the rank, used as `LoraDropoutConfig` is.

    Parameters
    ----------
    rank_p : float
        Probability that a rank component is dropped, in [0, 1).
    per_token : bool
        DropLoRA's form, a mask for each token. Such a model has no sub-networks, hence
        no members and no ensemble of `lora_dropout_sampling`.
    mask_rescale, n_train, n_test
        As of `LoraDropoutConfig`.

    Raises
    ------
    ValueError
        As `LoraDropoutConfig`.
    """

    rank_p: float = field(
        default=0.5,
        metadata={
            "help": (
                "Probability that a component of the rank is dropped, in [0, 1). With "
                "0 this is plain LoRA."
            ),
            "is_lora_variant": True,
        },
    )
    per_token: bool = field(
        default=False,
        metadata={
            "help": (
                "Draw a mask for every token, as DropLoRA does, instead of one for the "
                "whole batch."
            ),
            "is_lora_variant": True,
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._masks_linear_layers(RankDropoutLinear)

    @classmethod
    def probability_field(cls) -> str:
        return "rank_p"


class RankDropoutVariant(AdditiveVariant):
    """One mask of the rank for the tokens and examples of a group."""

    @staticmethod
    def forward(
        module: Any, active_adapter: str, x: Tensor, result: Tensor, **kwargs: Any
    ) -> Tensor:
        """Output of the layer, given that of the frozen one."""
        settings: MaskSettings = module.mask_settings[active_adapter]
        source = active_source(module)
        if source is None:
            return plain_forward(module, active_adapter, x, result)
        hidden = module.lora_A[active_adapter](module.lora_dropout[active_adapter](x))
        mask = source.draw(mask_name(module), hidden.shape[-1], settings.p, hidden)
        mask = mask * settings.gain(1)
        if len(mask) == 1:
            hidden = hidden * mask[0]
        else:
            split = split_groups(hidden, len(mask)) * mask[:, None]
            hidden = split.reshape(hidden.shape)
        scaling = module.scaling[active_adapter]
        return result + module.lora_B[active_adapter](hidden) * scaling


class TokenRankDropoutVariant(AdditiveVariant):
    """Ordinary dropout on the rank activations, as in DropLoRA."""

    @staticmethod
    def forward(
        module: Any, active_adapter: str, x: Tensor, result: Tensor, **kwargs: Any
    ) -> Tensor:
        """Output of the layer, given that of the frozen one.

        Raises
        ------
        ValueError
            If fixed members are asked for.
        """
        settings: MaskSettings = module.mask_settings[active_adapter]
        source = active_source(module)
        if source is None:
            return plain_forward(module, active_adapter, x, result)
        if source.members is not None:
            raise ValueError(
                "Rank dropout with `per_token=True` has no sub-networks and hence no "
                "members; use `per_token=False`, or sample without members."
            )
        hidden = module.lora_A[active_adapter](module.lora_dropout[active_adapter](x))
        hidden = functional.dropout(hidden, settings.p)
        if not settings.rescale:
            hidden = hidden * (1 - settings.p)
        scaling = module.scaling[active_adapter]
        return result + module.lora_B[active_adapter](hidden) * scaling


class RankDropoutLinear(LoraDropoutLinear):
    """peft's LoRA layer with dropout on the rank; takes LoRA Dropout's adapters too."""

    @property
    def lora_variants(self) -> dict[tuple[str, ...], type[LoraVariant] | None]:
        return {
            **super().lora_variants,
            ("rank_p",): RankDropoutVariant,
            ("per_token", "rank_p"): TokenRankDropoutVariant,
            ("per_token",): None,
        }
