"""Bottleneck adapters, the baselines of Table 1 that peft does not have.

Both add ``h + W_up relu(W_down h)`` behind linear layers of a Transformer block:
Houlsby et al. (arXiv 1902.00751) behind attention and feed-forward, Pfeiffer et al.
(arXiv 2005.00247) behind the feed-forward only.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Style = Literal["houlsby", "pfeiffer"]
PLACES: dict[str, tuple[str, ...]] = {
    "houlsby": ("attention.output.dense", "output.dense"),
    "pfeiffer": ("output.dense",),
}


class AdaptedLinear(nn.Module):
    """A frozen linear layer with a bottleneck behind it.

    The bottleneck starts as the identity: ``up`` is zero.

    Parameters
    ----------
    base : nn.Linear
    width : int
        Of the bottleneck.
    generator : torch.Generator
        Of the initial weights of ``down``.
    """

    def __init__(self, base: nn.Linear, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Linear(base.out_features, width)
        self.up = nn.Linear(width, base.out_features)
        nn.init.normal_(self.down.weight, std=0.02, generator=generator)
        for zero in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(zero)

    def forward(self, x: Tensor) -> Tensor:
        h = self.base(x)
        return h + self.up(torch.relu(self.down(h)))


def add_adapters(
    model: nn.Module, style: Style, width: int, *, seed: int = 0
) -> nn.Module:
    """Put adapters behind a model's linear layers, in place; all else is frozen.

    Layers are found by the end of their names (:data:`PLACES`); "output.dense" alone
    means the feed-forward's.

    Raises
    ------
    ValueError
        If the style is unknown, the width is below 1, or no layer is found.
    """
    if style not in PLACES:
        raise ValueError(f"style is {style!r}; allowed: {', '.join(PLACES)}")
    if width < 1:
        raise ValueError(f"width is {width}; allowed: 1 or more")
    model.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    found = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and _place(name) in PLACES[style]
    ]
    if not found:
        raise ValueError(f"no layer whose name ends in {', '.join(PLACES[style])}")
    for name in found:
        parent, _, last = name.rpartition(".")
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        setattr(
            model.get_submodule(parent), last, AdaptedLinear(layer, width, generator)
        )
    return model


def matched_width(model: nn.Module, style: Style, budget: int) -> int:
    """The largest width whose adapters have at most ``budget`` parameters, at least 1.

    An adapter behind d outputs has ``2 d w + d + w`` parameters.
    """
    outputs = [
        module.out_features
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and _place(name) in PLACES[style]
    ]
    free = budget - sum(outputs)
    return max(1, free // sum(2 * d + 1 for d in outputs))


def _place(name: str) -> str:
    """Which of the block's linear layers a module's name means."""
    for place in ("attention.output.dense", "output.dense"):
        if name == place or name.endswith("." + place):
            return place
    return ""
