"""LoRA Dropout's configuration: all that a user of peft has to write.

``get_peft_model(model, LoraDropoutConfig(target_modules=["query", "value"]))`` gives a
model that masks its update in training and nowhere else.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, fields
from typing import Any, Self

from peft import LoraConfig, PeftType
from torch import nn

from helpers.lora_dropout.masks import MaskSettings, check_count, check_probability


@dataclass
class MaskedLoraConfig(LoraConfig):
    """What the kinds of masked LoRA have in common; use one of its subclasses.

    A subclass names the field of its drop probability, tags it as a LoRA variant, and
    registers its layer in ``__post_init__``.

    Raises
    ------
    ValueError
        If the probability is outside [0, 1) or a number of instances below 1.
    """

    mask_rescale: bool = field(
        default=True,
        metadata={
            "help": (
                "Divide each mask by the probability of being kept, so that the "
                "unmasked adapter is the expected one, which evaluation, merging and "
                "plain LoRA after `save_pretrained` use. False is the method as its "
                "equations are written. Under masks it equals True with `lora_alpha * "
                "(1 - mask_p) ** 2`; without masks its update is too large by "
                "(1 - mask_p) ** -2, so predict with `ensemble_predict`."
            )
        },
    )
    n_train: int = field(
        default=4,
        metadata={
            "help": (
                "Dropout instances whose losses a training step averages (Equation 7); "
                "the cost of a step grows with it. Used by `LoraDropoutTrainer`."
            )
        },
    )
    n_test: int = field(
        default=8,
        metadata={
            "help": (
                "Members of the ensemble at test time (Equation 8), the default of "
                "`ensemble_predict`."
            )
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_probability(self.probability_field(), self.probability)
        if not isinstance(self.mask_rescale, bool):
            raise ValueError(
                f"`mask_rescale` must be True or False, got {self.mask_rescale!r}."
            )
        for name in ("n_train", "n_test"):
            check_count(name, getattr(self, name))
            setattr(self, name, int(getattr(self, name)))  # NumPy's are no JSON
        setattr(self, self.probability_field(), float(self.probability))
        if self.target_parameters and self.probability:
            raise ValueError(
                f"`target_parameters` is not supported by {type(self).__name__}; name "
                "`torch.nn.Linear` layers in `target_modules`."
            )

    @classmethod
    def probability_field(cls) -> str:
        """Name of the field that holds the drop probability."""
        raise NotImplementedError

    @property
    def probability(self) -> float:
        """The drop probability; with 0 this is plain LoRA."""
        return getattr(self, self.probability_field())

    @property
    def mask_settings(self) -> MaskSettings:
        """What the layers keep of this configuration."""
        return MaskSettings(
            self.probability, self.mask_rescale, self.n_train, self.n_test
        )

    @classmethod
    def from_peft_type(cls, **kwargs: Any) -> Self:
        """Build this class; peft would look up its own by ``peft_type``, a LoraConfig.

        Arguments that this version does not know are ignored with a warning, as by
        peft, so that files of later versions can be read.

        Raises
        ------
        ValueError
            If the file is not one of a LoRA adapter.
        """
        if (peft_type := kwargs.get("peft_type", PeftType.LORA)) != PeftType.LORA:
            raise ValueError(
                f"This is the configuration of a {peft_type} adapter; {cls.__name__} "
                f"reads those of {PeftType.LORA.value} adapters."
            )
        unknown = sorted(kwargs.keys() - {f.name for f in fields(cls)})
        if unknown:
            warnings.warn(
                f"Unexpected keyword arguments {unknown} for class {cls.__name__}, "
                "these are ignored. The file may come from a later version.",
                stacklevel=2,
            )
        return cls(**{k: v for k, v in kwargs.items() if k not in unknown})

    def _masks_linear_layers(self, layer: type[nn.Module]) -> None:
        """Have peft put ``layer`` on `nn.Linear`, and refuse other targets."""
        self._register_custom_module({nn.Linear: layer})
        if self.probability:  # without masks, whatever plain LoRA supports
            self._register_custom_module({nn.Module: UnmaskableTarget})


class UnmaskableTarget(nn.Module):
    """Registered for every module that is not `nn.Linear`: refuses it in peft's way."""

    def __init__(self, target: nn.Module, adapter_name: str, **kwargs: Any) -> None:
        raise ValueError(
            f"Target module {target} is not supported by LoRA Dropout (adapter "
            f"{adapter_name!r}). Currently, only `torch.nn.Linear` is: its masks drop "
            "input and output features of a linear layer. Choose other "
            "`target_modules`, or name it in `exclude_modules`."
        )


@dataclass
class LoraDropoutConfig(MaskedLoraConfig):
    r"""Configuration of LoRA Dropout (arXiv 2404.09610, Sec. 3).

    Takes all arguments of `peft.LoraConfig` besides its own. Adapters are saved with
    the keys of plain LoRA; ``LoraDropoutConfig.from_pretrained(folder)`` reads the
    configuration back, to be passed to ``PeftModel.from_pretrained(model, folder,
    config=...)``. Without it peft loads the folder as plain LoRA, with equal outputs
    in evaluation.

    Parameters
    ----------
    mask_p : float
        Probability p that a column of A, and a row of B, is dropped; in [0, 1).
    mask_rescale : bool
        Inverted scaling of both masks.
    n_train, n_test : int
        Instances N of the training loss and of the test ensemble.

    Raises
    ------
    ValueError
        If p is outside [0, 1) or an N below 1; by ``get_peft_model`` if a target is no
        `nn.Linear`, or if another variant of LoRA such as DoRA is asked for as well.

    Examples
    --------
    >>> from peft import get_peft_model
    >>> model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> config = LoraDropoutConfig(target_modules=["0", "2"], r=2, mask_p=0.5)
    >>> get_peft_model(model, config).print_trainable_parameters()
    trainable params: 32 || all params: 70 || trainable%: 45.7143
    """

    mask_p: float = field(
        default=0.5,
        metadata={
            "help": (
                "Probability that a column of A (an input feature) and a row of B (an "
                "output feature) is dropped, in [0, 1). With 0 this is plain LoRA."
            ),
            "is_lora_variant": True,
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        # the layer reads configurations, so this import would go in a circle above
        from helpers.lora_dropout.variant import LoraDropoutLinear

        self._masks_linear_layers(LoraDropoutLinear)

    @classmethod
    def probability_field(cls) -> str:
        return "mask_p"
