"""Forward and backward pass of dense layers by hand, into memory that is taken once.

In a step of a network as small as `autoencoder.Autoencoder` the products of matrices
are a fifth of the time: autograd's bookkeeping and fresh memory cost far more.
"""

from __future__ import annotations

import torch
from torch import nn

# Sets a gradient to 0 where a ReLU let nothing through: autograd's own, in place.
close = torch.ops.aten.threshold_backward.grad_input


class DensePass:
    """A stack of dense layers with ReLU between them, as `autoencoder` makes it.

    Parameters
    ----------
    stack : nn.Sequential
        Its weights must have gradients already, which :meth:`backward` overwrites.
    """

    def __init__(self, stack: nn.Sequential) -> None:
        self.layers = [layer for layer in stack if isinstance(layer, nn.Linear)]
        self.inputs: list[torch.Tensor] = []
        self.outputs: list[torch.Tensor] = []
        self.slopes: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The stack's output (rows, out), valid until the next call."""
        if not self.outputs or len(self.outputs[0]) != len(x):
            self.outputs = [x.new_empty(len(x), a.out_features) for a in self.layers]
            self.slopes = [x.new_empty(len(x), a.in_features) for a in self.layers]
        self.inputs = [x, *self.outputs[:-1]]
        for layer, before, out in zip(
            self.layers, self.inputs, self.outputs, strict=True
        ):
            torch.addmm(layer.bias, before, layer.weight.t(), out=out)
            if layer is not self.layers[-1]:
                out.relu_()
        return self.outputs[-1]

    def backward(self, slope: torch.Tensor, to_input: bool) -> torch.Tensor:
        """Gradients of all weights, for that of the output.

        Returns
        -------
        torch.Tensor
            Gradient with respect to the input, valid until the next call; with
            ``to_input`` false the input has none, which saves its product.
        """
        for at in reversed(range(len(self.layers))):
            layer, before = self.layers[at], self.inputs[at]
            torch.mm(slope.t(), before, out=layer.weight.grad)
            torch.sum(slope, 0, out=layer.bias.grad)
            if at or to_input:
                slope = torch.mm(slope, layer.weight, out=self.slopes[at])
            if at:
                close(slope, before, 0, grad_input=slope)
        return slope
