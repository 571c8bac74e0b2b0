"""What a computation at scale ``paper`` would take: operations, memory, hours.

Nothing of it has been run on a GPU here. Operations are counted from the plan that the
code itself follows; how fast a GPU is stands in ``data/paper_costs.json``, as an
assumption. With P parameters and T tokens:

    training            6 P T    forward 2, gradients of activations 2, of weights 2
    adapters            4 P T    the frozen weights need no gradients of their own
    checkpointing       2 P T    more: every forward pass is made twice
    generation, scores  2 P T

without what grows with the square of the context. Small networks are slower than that:
a pass of a layer takes a least time however little it computes, and a decoding step
reads all weights once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GIB = 2**30


@dataclass(frozen=True)
class Gpu:
    """How fast a GPU is, and what it costs; assumed.

    Attributes
    ----------
    tflops : float
        Peak, bfloat16, in 10^12 operations per second.
    share : float
        Of the peak that is reached.
    terabytes_per_second : float
        Of its memory.
    seconds_per_layer : float
        Least time of one layer in one pass, backward passes counting twice.
    """

    name: str
    dollars_per_hour: float
    tflops: float
    share: float
    terabytes_per_second: float
    seconds_per_layer: float


@dataclass(frozen=True)
class GpuWork:
    """A part that wants a GPU.

    Attributes
    ----------
    what : str
    operations : float
    layer_passes : float
        Layers times passes, backward ones counting twice.
    bytes_read : float
        Of weights, in decoding.
    gib : float
        GPU memory.
    formula : str
        How operations were counted, with its numbers.
    extra : bool
        Only run with other values of the notebook's parameters.
    """

    what: str
    operations: float
    layer_passes: float
    bytes_read: float
    gib: float
    formula: str
    extra: bool = False

    def longest(self, gpu: Gpu) -> tuple[float, str]:
        """Seconds of the longest of three, and which one that is."""
        return max(
            (self.operations / (gpu.tflops * 1e12 * gpu.share), "computing"),
            (self.bytes_read / (gpu.terabytes_per_second * 1e12), "reading weights"),
            (self.layer_passes * gpu.seconds_per_layer, "starting layers"),
        )


@dataclass(frozen=True)
class CpuWork:
    """A part that runs as at scale ``default``, only more of it.

    Attributes
    ----------
    ratio : float
        Its work over that of scale ``default``.
    formula : str
    """

    what: str
    ratio: float
    formula: str
    extra: bool = False


Work = GpuWork | CpuWork
Values = Mapping[str, Any]  # a notebook's parameters at a scale, and seeds


@dataclass(frozen=True)
class Transformer:
    """A network's parameters, layers, and width (its hidden size)."""

    parameters: float
    layers: int
    width: int


def training(
    what: str,
    shape: Transformer,
    *,
    trained: float,
    tokens: float,
    passes: float,
    checkpointing: bool = False,
    weight_bytes: int = 4,
    extra: bool = False,
) -> GpuWork:
    """Training of a transformer.

    Parameters
    ----------
    trained : float
        Parameters that are trained.
    tokens, passes : float
        Tokens of one pass, padding included, and how many passes.
    weight_bytes : int
        Per parameter; of what is trained there are four, six and more: gradient and
        Adam's two means, 12 bytes.
    """
    parameters, layers, width = shape.parameters, shape.layers, shape.width
    factor = (6 if trained == parameters else 4) + 2 * checkpointing
    # 34 bytes a token, unit and layer in 16 bits (Korthikanti et al., 2205.05198);
    # with checkpointing a layer's input of each, and one layer whole
    kept = tokens * width * (2 * layers + 34 if checkpointing else 34 * layers)
    return GpuWork(
        what,
        factor * parameters * tokens * passes,
        3 * layers * passes,
        0.0,
        (weight_bytes * parameters + 12 * trained + kept) / GIB,
        f"{factor} x {parameters / 1e6:,.0f}M parameters x {tokens:,.0f} tokens x "
        f"{passes:,.0f} passes",
        extra,
    )


def generation(
    what: str,
    shape: Transformer,
    *,
    context: int,
    batch: int,
    steps: float,
    extra: bool = False,
) -> GpuWork:
    """Decoding with a cache of keys and values, weights and cache in 16 bits.

    Parameters
    ----------
    context : int
        Longest, in tokens.
    steps : float
        Decoding steps, each one token for every row of the batch.
    """
    parameters, layers = shape.parameters, shape.layers
    cache = 2 * layers * shape.width * context * batch * 2
    return GpuWork(
        what,
        2 * parameters * batch * steps,
        layers * steps,
        2 * parameters * steps,
        (2 * parameters + cache) / GIB,
        f"2 x {parameters / 1e6:,.0f}M parameters x {batch} rows x {steps:,.0f} steps",
        extra,
    )


def convolutional(
    what: str,
    network: Any,
    shape: tuple[int, ...],
    *,
    images: float,
    batch: int,
    extra: bool = False,
) -> GpuWork:
    """Training of a network of torch, whose operations torch itself counts.

    Parameters
    ----------
    network : callable
        Makes it; here on the meta device, where it takes no memory.
    shape : tuple of int
        Of one image.
    images : float
        That pass through it, over all epochs.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    sizes: list[int] = []
    with torch.device("meta"):
        model = network().eval()
        leaves = [m for m in model.modules() if not any(m.children())]
        for leaf in leaves:
            leaf.register_forward_hook(lambda m, i, out: sizes.append(out.numel()))
        with FlopCounterMode(display=False) as counter:
            model(torch.empty(1, *shape))
    forward = counter.get_total_flops()
    weights = sum(p.numel() for p in model.parameters())
    return GpuWork(
        what,
        3.0 * forward * images,
        0.3 * len(leaves) * images / batch,  # ten modules for a transformer's layer
        0.0,
        (16.0 * weights + 8.0 * sum(sizes) * batch) / GIB,
        f"3 x {forward / 1e6:,.0f}M operations forward x {images:,.0f} images",
        extra,
    )
