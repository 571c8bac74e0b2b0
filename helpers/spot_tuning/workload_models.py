"""Image classifiers: a small AlexNet and residual networks of two versions.

One code for the 8 x 8 digits of the default scale and for CIFAR-10.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

VERSIONS = (1, 2)


class AlexNet(nn.Module):
    """Convolutions with pooling in between, then fully connected layers.

    Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional
    neural networks (2012), cut down to small images: our layout.

    Parameters
    ----------
    channels : int
        Of the input.
    convolutions : sequence of (int, bool)
        Output channels of each 3 x 3 convolution, and whether a 2 x 2 maximum
        follows it.
    hidden : sequence of int
        Widths of the hidden fully connected layers, with dropout before each.
    size : int
        Input height and width.
    dropout : float
        Share of inputs of the hidden layers set to 0 while training.
    """

    def __init__(
        self,
        channels: int,
        convolutions: Sequence[tuple[int, bool]],
        hidden: Sequence[int],
        size: int,
        *,
        classes: int = 10,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width, pooled in convolutions:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            if pooled:
                layers.append(nn.MaxPool2d(2))
                size //= 2
            channels = width
        layers.append(nn.Flatten())
        features = channels * size * size
        for width in hidden:
            if dropout:
                layers.append(nn.Dropout(dropout))
            layers += [nn.Linear(features, width), nn.ReLU()]
            features = width
        layers.append(nn.Linear(features, classes))
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


class ResidualBlock(nn.Module):
    """Shortcut around two or three convolutions.

    Version 1 normalises and activates after each convolution and after the sum (He
    et al., Deep residual learning for image recognition, 2015); version 2 before each
    convolution, and leaves the sum alone (He et al., Identity mappings in deep
    residual networks, 2016).

    Parameters
    ----------
    channels, width : int
        Of the input and of the 3 x 3 convolutions.
    stride : int
    version : {1, 2}
    bottleneck : bool
        Three convolutions, 1 x 1, 3 x 3 and 1 x 1, the last to ``4 width`` channels;
        otherwise two of 3 x 3.
    """

    def __init__(
        self, channels: int, width: int, stride: int, version: int, bottleneck: bool
    ) -> None:
        super().__init__()
        self.version = version
        if bottleneck:
            sizes = [(channels, width, 1, 1), (width, width, 3, stride)]
            sizes.append((width, 4 * width, 1, 1))
        else:
            sizes = [(channels, width, 3, stride), (width, width, 3, 1)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, k, s, k // 2, bias=False) for a, b, k, s in sizes
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(a if version == 2 else b) for a, b, _, _ in sizes
        )
        self.channels = sizes[-1][1]
        self.shortcut = (
            nn.Identity()
            if channels == self.channels and stride == 1
            else nn.Conv2d(channels, self.channels, 1, stride, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.version == 2:
            y = F.relu(self.norms[0](x))
            kept = x if isinstance(self.shortcut, nn.Identity) else self.shortcut(y)
            y = self.convolutions[0](y)
            for norm, convolution in zip(
                self.norms[1:], self.convolutions[1:], strict=True
            ):
                y = convolution(F.relu(norm(y)))
            return kept + y
        y = x
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            y = norm(convolution(y))
            if norm is not self.norms[-1]:
                y = F.relu(y)
        return F.relu(self.shortcut(x) + y)


class ResNet(nn.Module):
    """Residual network: one convolution, stages of blocks, mean, one linear layer.

    Depth counts weighted layers without shortcuts: ``c * blocks * stages + 2`` with
    c = 3 for bottlenecks and 2 otherwise.

    Parameters
    ----------
    version : {1, 2}
    depth : int
    channels : int
        Of the input.
    width : int
        Of the first stage; doubled from stage to stage, while height and width halve.
    stages : int
    stem_stride : int
        Of the first convolution.
    bottleneck : bool

    Raises
    ------
    ValueError
        If there is no such version, or no whole number of blocks has this depth.
    """

    def __init__(
        self,
        version: int,
        depth: int,
        *,
        channels: int,
        width: int,
        stages: int,
        stem_stride: int = 1,
        bottleneck: bool = False,
        classes: int = 10,
    ) -> None:
        super().__init__()
        if version not in VERSIONS:
            raise ValueError(f"version is {version}; allowed: 1, 2")
        per_block = (3 if bottleneck else 2) * stages
        blocks, rest = divmod(depth - 2, per_block)
        if rest or blocks < 1:
            raise ValueError(
                f"depth is {depth}; allowed: {per_block} n + 2 with n = 1, 2, ..."
            )
        self.version = version
        self.stem = nn.Conv2d(channels, width, 3, stem_stride, 1, bias=False)
        features = width
        layers = []
        for stage in range(stages):
            for block in range(blocks):
                stride = 2 if stage and not block else 1
                layers.append(
                    ResidualBlock(
                        features, width * 2**stage, stride, version, bottleneck
                    )
                )
                features = layers[-1].channels
        self.blocks = nn.Sequential(*layers)
        self.norm = nn.BatchNorm2d(features if version == 2 else width)
        self.head = nn.Linear(features, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(images)
        if self.version == 1:
            x = F.relu(self.norm(x))
        x = self.blocks(x)
        if self.version == 2:
            x = F.relu(self.norm(x))
        return self.head(x.mean(dim=(2, 3)))


def network_operations(network: nn.Module, shape: Sequence[int]) -> int:
    """Multiply-adds of one image's forward pass, in convolutions and linear layers.

    A layer counts its outputs times the weights that each output needs.

    Parameters
    ----------
    network : nn.Module
    shape : sequence of int
        Of an image: channels, height, width.
    """
    total = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        assert isinstance(layer.weight, Tensor)
        total += output.numel() * layer.weight[0].numel()

    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    mode = network.training
    network.eval()  # one image is too few to normalise over
    with torch.no_grad():
        network(torch.zeros((1, *shape), device=next(network.parameters()).device))
    network.train(mode)
    for hook in hooks:
        hook.remove()
    return total
