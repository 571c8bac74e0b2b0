r"""LoRA Dropout on AdaLoRA (Eq. 4-6): the singular vectors are masked, never Lambda.

.. math:: \hat{\Delta W} = \hat P \Lambda \hat Q, \quad
          \hat P = \operatorname{diag}(m_P) P, \quad \hat Q = Q \operatorname{diag}(m_Q)

In peft's names P is ``lora_B`` (n_out, r), Lambda ``lora_E`` (r, 1) and Q ``lora_A``
(r, n_in). Masking Lambda would drop rank, which AdaLoRA prunes already.
"""

from __future__ import annotations

from typing import Any

from peft import AdaLoraModel, PeftModel
from peft.tuners.adalora.layer import AdaLoraLayer, SVDLinear
from torch import Tensor, nn
from torch.nn import functional

from helpers.lora_dropout.masks import MaskSettings, add_masked_update
from helpers.lora_dropout.variant import active_source, mask_name


def mask_adalora(
    peft_model: PeftModel,
    *,
    mask_p: float,
    mask_rescale: bool = True,
    n_train: int = 4,
    n_test: int = 8,
) -> PeftModel:
    """Give every layer of an AdaLoRA model LoRA Dropout's masks; returns the model.

    Budget, saved files and their keys stay AdaLoRA's. The masks are not saved: apply
    this again after loading. peft has no place to register such layers beforehand.

    Parameters
    ----------
    peft_model : PeftModel
        From ``get_peft_model(model, AdaLoraConfig(total_step=..., ...))``.
    mask_p, mask_rescale, n_train, n_test
        As of `LoraDropoutConfig`; with p = 0 the model is plain AdaLoRA.

    Raises
    ------
    ValueError
        If the model is not AdaLoRA's, one of its layers is not on `nn.Linear`, p is
        outside [0, 1) or a number below 1.

    Examples
    --------
    >>> from peft import AdaLoraConfig, get_peft_model
    >>> config = AdaLoraConfig(target_modules=["0"], total_step=100)
    >>> model = get_peft_model(nn.Sequential(nn.Linear(6, 4)), config)
    >>> type(mask_adalora(model, mask_p=0.5).base_model.model[0]).__name__
    'MaskedSVDLinear'
    """
    settings = MaskSettings(mask_p, mask_rescale, n_train, n_test)
    if not isinstance(getattr(peft_model, "base_model", None), AdaLoraModel):
        raise ValueError(
            f"mask_adalora got a {type(peft_model).__name__} that is not AdaLoRA's; "
            "allowed: get_peft_model(model, AdaLoraConfig(...)). For LoRA use "
            "LoraDropoutConfig."
        )
    layers: list[Any] = [
        layer for layer in peft_model.modules() if isinstance(layer, AdaLoraLayer)
    ]
    for layer in layers:
        if not isinstance(layer, SVDLinear) or not isinstance(
            layer.get_base_layer(), nn.Linear
        ):
            raise ValueError(
                f"Target module {layer.get_base_layer()} is not supported by LoRA "
                "Dropout. Currently, only `torch.nn.Linear` is."
            )
    for layer in layers:
        layer.__class__ = MaskedSVDLinear
        layer.mask_settings = dict.fromkeys(layer.lora_A, settings)
    return peft_model


class MaskedSVDLinear(SVDLinear):
    """peft's AdaLoRA layer, able to mask; made by `mask_adalora`.

    Attributes
    ----------
    mask_settings : dict of str to MaskSettings
        By adapter.
    """

    other_param_names = (  # type: ignore[assignment]  # peft's type has its length
        *SVDLinear.other_param_names,
        "mask_settings",
    )
    mask_settings: dict[str, MaskSettings]

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Output of the layer; peft's own unless masks are drawn."""
        if self.disable_adapters or self.merged or active_source(self) is None:
            return super().forward(x, *args, **kwargs)
        result = self.base_layer(x, *args, **kwargs)
        kind = result.dtype
        for name in self.active_adapters:
            if name in self.lora_A:
                result = self._add_update(result, name, x)
        return result.to(kind)

    def _add_update(self, result: Tensor, adapter: str, x: Tensor) -> Tensor:
        """Output with what one adapter adds, under masks if it has any."""
        p: Any = self.lora_B[adapter]
        q: Any = self.lora_A[adapter]
        lambda_q = q * self.lora_E[adapter]
        x = self.lora_dropout[adapter](self._cast_input_dtype(x, q.dtype))
        # peft's constant, which keeps a layer without rank from dividing by zero
        scaling = self.scaling[adapter] / (self.ranknum[adapter] + 1e-5)
        source, settings = active_source(self), self.mask_settings.get(adapter)
        if source is None or settings is None or not settings.p:
            update = functional.linear(functional.linear(x, lambda_q), p)
            return result + update * scaling
        inputs = q.shape[1]
        mask = source.draw(mask_name(self), inputs + len(p), settings.p, q)
        return add_masked_update(
            result,
            x,
            lambda_q,
            p,
            mask[:, :inputs],
            mask[:, inputs:],
            scaling * settings.gain(),
        )
