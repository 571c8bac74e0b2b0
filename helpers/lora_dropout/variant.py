"""LoRA Dropout as a variant of peft's LoRA: layer, forward pass, merging (Sec. 3.2)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from peft import LoraConfig, PeftModel
from peft.tuners.lora import Linear, LoraLayer
from peft.tuners.lora.layer import LoraVariant
from torch import Tensor, nn

from helpers.lora_dropout.masks import (
    FRESH,
    MaskSettings,
    MaskSource,
    add_masked_update,
)
from helpers.names import unknown_name


def active_source(layer: nn.Module) -> MaskSource | None:
    """Where a layer gets masks from now: a sampling context, or training mode.

    None in evaluation, where the unmasked adapter is used.
    """
    source: MaskSource | None = layer.__dict__.get("mask_source")
    return source or (FRESH if layer.training else None)


def mask_name(layer: nn.Module) -> str:
    """Name that a sampling context gave the layer, by which members are told apart."""
    return layer.__dict__.get("mask_name") or ""


class AdditiveVariant(LoraVariant):
    """A variant whose expected update is that of plain LoRA, which merging adds.

    ``module`` is always the `peft.tuners.lora.Linear` that the variant belongs to.
    """

    @staticmethod
    def init(module: Any, adapter_name: str, **kwargs: Any) -> None:
        """Nothing: there are no parameters besides LoRA's."""

    @staticmethod
    def merge_safe(module: Any, active_adapter: str, orig_weight: Tensor) -> Tensor:
        """Weight with the unmasked adapter added, a new tensor."""
        update = module.get_delta_weight(active_adapter)
        return orig_weight + update.to(orig_weight.dtype)

    @staticmethod
    def merge_unsafe(module: Any, active_adapter: str, orig_weight: Tensor) -> None:
        """Add the unmasked adapter to the weight in place."""
        update = module.get_delta_weight(active_adapter)
        orig_weight.data += update.to(orig_weight.dtype)

    @staticmethod
    def unmerge(module: Any, active_adapter: str, orig_weight: Tensor) -> Tensor:
        """Weight without the unmasked adapter."""
        update = module.get_delta_weight(active_adapter)
        return orig_weight - update.to(orig_weight.dtype)


def plain_forward(
    module: Any, active_adapter: str, x: Tensor, result: Tensor
) -> Tensor:
    """Plain LoRA, ``result + B(A(dropout(x))) * scaling``."""
    hidden = module.lora_A[active_adapter](module.lora_dropout[active_adapter](x))
    return (
        result + module.lora_B[active_adapter](hidden) * module.scaling[active_adapter]
    )


class LoraDropoutVariant(AdditiveVariant):
    r"""``W_0 x + s \hat B \hat A x`` while masks are drawn, else plain LoRA (Eq. 3).

    peft's own ``lora_dropout`` acts on the input before the masks do; a bias of B, with
    ``lora_bias``, is not masked.
    """

    @staticmethod
    def forward(
        module: Any, active_adapter: str, x: Tensor, result: Tensor, **kwargs: Any
    ) -> Tensor:
        """Output of the layer, given that of the frozen one."""
        settings: MaskSettings = module.mask_settings[active_adapter]
        source = active_source(module)
        if source is None or not settings.p:
            return plain_forward(module, active_adapter, x, result)
        a, b = module.lora_A[active_adapter].weight, module.lora_B[active_adapter]
        inputs = a.shape[1]
        mask = source.draw(mask_name(module), inputs + len(b.weight), settings.p, a)
        scaling = module.scaling[active_adapter]
        result = add_masked_update(
            result,
            module.lora_dropout[active_adapter](x),
            a,
            b.weight,
            mask[:, :inputs],
            mask[:, inputs:],
            scaling * settings.gain(),
        )
        return result if b.bias is None else result + b.bias * scaling


class LoraDropoutLinear(Linear):
    """peft's LoRA layer on `nn.Linear`, able to mask; `LoraDropoutConfig` registers it.

    Attributes
    ----------
    mask_settings : dict of str to MaskSettings
        By adapter; a plain LoRA adapter on the same layer has none.
    """

    other_param_names = (*Linear.other_param_names, "mask_settings")

    @property
    def lora_variants(self) -> dict[tuple[str, ...], type[LoraVariant] | None]:
        return {**super().lora_variants, ("mask_p",): LoraDropoutVariant}

    def resolve_lora_variant(
        self, *, config: LoraConfig, **kwargs: Any
    ) -> LoraVariant | None:
        """The adapter's variant; None for plain LoRA, which p = 0 is as well."""
        # peft wants each name to be a field of the configuration, which ours are not of
        # that of a plain LoRA adapter on the same layer
        known = dict(super().lora_variants)
        for names, variant in self.lora_variants.items():
            if names in known or all(hasattr(config, name) for name in names):
                known[names] = variant
        layer: Any = SimpleNamespace(lora_variants=known)
        return Linear.resolve_lora_variant(layer, config=config)

    def update_layer(
        self,
        adapter_name: str,
        r: int,
        lora_alpha: int,
        config: LoraConfig,
        **kwargs: Any,
    ) -> None:
        """Add an adapter, with the masks that its configuration asks for."""
        # peft calls this from the constructor, where nothing of ours exists yet
        settings = self.__dict__.setdefault("mask_settings", {})
        if hasattr(config, "mask_settings"):
            settings[adapter_name] = config.mask_settings
        super().update_layer(adapter_name, r, lora_alpha, config=config, **kwargs)


def mask_lora(
    peft_model: PeftModel,
    *,
    mask_p: float,
    mask_rescale: bool = True,
    n_train: int = 4,
    n_test: int = 8,
    adapter_name: str | None = None,
) -> PeftModel:
    """Give an adapter that exists LoRA Dropout, or another p; returns the model.

    For adapters that were trained or loaded as plain LoRA; a new one is easier made
    with `LoraDropoutConfig`. Configuration and files of the adapter stay as they are.

    Parameters
    ----------
    mask_p, mask_rescale, n_train, n_test
        As of `LoraDropoutConfig`; p = 0 makes the adapter plain LoRA.
    adapter_name : str, optional
        The active adapter by default.

    Raises
    ------
    ValueError
        If there is no such adapter, one of its layers is not on `nn.Linear`, it is of
        another variant such as DoRA, p is outside [0, 1) or a number below 1.
    """
    settings = MaskSettings(mask_p, mask_rescale, n_train, n_test)
    adapter = adapter_name or peft_model.active_adapter
    layers: list[Any] = [
        layer
        for layer in peft_model.modules()
        if isinstance(layer, LoraLayer)
        and adapter in (*layer.lora_A, *layer.lora_embedding_A)
    ]
    if not layers:
        raise unknown_name("adapter", adapter, list(peft_model.peft_config))
    for layer in layers:
        variant = layer.lora_variant.get(adapter)
        if type(layer) is not Linear and not isinstance(layer, LoraDropoutLinear):
            raise ValueError(
                f"Target module {layer.get_base_layer()} is not supported by LoRA "
                "Dropout. Currently, only `torch.nn.Linear` is."
            )
        if not isinstance(variant, LoraDropoutVariant | None):
            raise ValueError(
                f"Adapter {adapter!r} is of the variant {type(variant).__name__}, "
                "which does not combine with LoRA Dropout."
            )
    for layer in layers:
        if type(layer) is Linear:
            layer.__class__ = LoraDropoutLinear
        vars(layer).setdefault("mask_settings", {})[adapter] = settings
        layer.lora_variant[adapter] = LoraDropoutVariant()
    return peft_model
