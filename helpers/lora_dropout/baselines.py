"""The methods that are compared, by name: what is trained, and how much of it.

All but full fine-tuning and BitFit get the budget of LoRA's rank; the classifier's
head is trained in full by every method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from peft import AdaLoraConfig, LoraConfig, MontecloraConfig, get_peft_model
from torch import nn

from helpers.lora_dropout.adalora import mask_adalora
from helpers.lora_dropout.adapters import Style, add_adapters, matched_width
from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.encoder import TARGETS
from helpers.lora_dropout.rank_dropout import RankDropoutConfig
from helpers.lora_dropout.tasks import TASKS
from helpers.lora_dropout.top_layers import TopLayers
from helpers.names import unknown_name


@dataclass(frozen=True)
class Setting:
    """What a method may use.

    Attributes
    ----------
    rank : int
        Of LoRA; AdaLoRA begins with half as much again, adapters are as wide as its
        number of parameters allows.
    p : float
        Drop probability of the methods that drop something.
    steps : int
        Of the whole training, which AdaLoRA's schedule has to know.
    seed : int
        Of weights that start at random.
    """

    rank: int = 8
    p: float = 0.5
    steps: int = 160
    seed: int = 0


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes
    ----------
    build : callable
        From the frozen layers and a setting to the model that is trained.
    rates : tuple of float
        Peak learning rates for each of `tasks.TASKS`, chosen by accuracy among steps
        of two on seeds that no experiment uses, see `learning_rates`. Of rates that
        are level, rounding decides, and so the processor. A network with masks wants
        more than LoRA; at four times its own rate it fails.
    drops : bool
        Whether p has a meaning.
    samples : str
        What an ensemble at test time draws: "masks" of LoRA Dropout, "units" by
        ordinary dropout left on, or "" for nothing.
    """

    build: Callable[[TopLayers, Setting], nn.Module]
    rates: tuple[float, float]
    drops: bool = False
    samples: str = ""

    def rate_of(self, task: str) -> float:
        """Peak learning rate for a task."""
        return self.rates[TASKS.index(task)]


def _lora(**options: object) -> dict:
    return {
        "lora_alpha": 16,
        "target_modules": list(TARGETS),
        "modules_to_save": ["head"],
        **options,
    }


def _full(model: TopLayers, setting: Setting) -> nn.Module:
    return model.requires_grad_(True)


def _head_only(model: TopLayers, setting: Setting) -> nn.Module:
    model.requires_grad_(False)
    model.head.requires_grad_(True)
    return model


def _bitfit(model: TopLayers, setting: Setting) -> nn.Module:
    _head_only(model, setting)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(parameter.requires_grad or name.endswith(".bias"))
    return model


def _adapters(style: Style) -> Callable[[TopLayers, Setting], nn.Module]:
    def build(model: TopLayers, setting: Setting) -> nn.Module:
        width = matched_width(model, style, lora_parameters(model, setting.rank))
        add_adapters(model, style, width, seed=setting.seed)
        model.head.requires_grad_(True)
        return model

    return build


def _adalora(masked: bool) -> Callable[[TopLayers, Setting], nn.Module]:
    def build(model: TopLayers, setting: Setting) -> nn.Module:
        config = AdaLoraConfig(
            **_lora(),
            init_r=-(-3 * setting.rank // 2),
            target_r=setting.rank,
            orth_reg_weight=0.1,
            tinit=setting.steps // 10,
            tfinal=3 * setting.steps // 10,
            total_step=setting.steps,
        )
        adapted = get_peft_model(model, config)
        return mask_adalora(adapted, mask_p=setting.p) if masked else adapted

    return build


def _plain_lora(model: TopLayers, setting: Setting) -> nn.Module:
    return get_peft_model(model, LoraConfig(r=setting.rank, **_lora()))


def _lora_dropout(model: TopLayers, setting: Setting) -> nn.Module:
    config = LoraDropoutConfig(r=setting.rank, mask_p=setting.p, **_lora())
    return get_peft_model(model, config)


def _input_dropout(model: TopLayers, setting: Setting) -> nn.Module:
    config = LoraConfig(r=setting.rank, lora_dropout=setting.p, **_lora())
    return get_peft_model(model, config)


def _rank_dropout(model: TopLayers, setting: Setting) -> nn.Module:
    config = RankDropoutConfig(r=setting.rank, rank_p=setting.p, **_lora())
    return get_peft_model(model, config)


def _monteclora(model: TopLayers, setting: Setting) -> nn.Module:
    noise = MontecloraConfig(num_samples=4)
    config = LoraConfig(r=setting.rank, monteclora_config=noise, **_lora())
    return get_peft_model(model, config)


METHODS: dict[str, Method] = {
    "Full fine-tuning": Method(_full, (4e-4, 2e-4)),
    "BitFit": Method(_bitfit, (2e-2, 4e-3)),
    "Houlsby adapter": Method(_adapters("houlsby"), (2e-3, 2e-3)),
    "Pfeiffer adapter": Method(_adapters("pfeiffer"), (6.4e-2, 2e-3)),
    "LoRA": Method(_plain_lora, (1e-3, 1e-3)),
    "LoRA + LoRA Dropout": Method(_lora_dropout, (4e-3, 2e-3), True, "masks"),
    "AdaLoRA": Method(_adalora(False), (2.5e-3, 2e-3)),
    "AdaLoRA + LoRA Dropout": Method(_adalora(True), (2e-2, 4e-3), True, "masks"),
    # Controls: the same p elsewhere, other noise, and nothing but the head.
    "LoRA + input dropout": Method(_input_dropout, (8e-3, 1e-3), True, "units"),
    "LoRA + rank dropout": Method(_rank_dropout, (4e-3, 2e-3), True, "masks"),
    "MonteCLoRA": Method(_monteclora, (8e-3, 1e-3)),
    "Head only": Method(_head_only, (8e-2, 8e-3)),
}


def build(name: str, model: TopLayers, setting: Setting) -> nn.Module:
    """The model that a method trains, made of ``model``, which is changed.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    if name not in METHODS:
        raise unknown_name("method", name, list(METHODS))
    return METHODS[name].build(model, setting)


def trainable_parameters(model: nn.Module) -> int:
    """Number of parameters that training changes."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def lora_parameters(model: nn.Module, rank: int) -> int:
    """Parameters of LoRA on :data:`encoder.TARGETS`, ``rank (n_in + n_out)`` each."""
    return sum(
        rank * (module.in_features + module.out_features)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name.endswith(TARGETS)
    )
