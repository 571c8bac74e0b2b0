"""The pass by hand is autograd's, also when the number of rows changes."""

from __future__ import annotations

import torch

from helpers.training_visualization.autoencoder import Autoencoder
from helpers.training_visualization.dense_pass import DensePass


def test_gradients_are_autograds() -> None:
    torch.manual_seed(0)
    network = Autoencoder(7, (9, 5))
    encode, decode = DensePass(network.encoder), DensePass(network.decoder)
    for rows in (11, 3, 11):
        x = torch.randn(rows, 7, requires_grad=True)
        pull = torch.randn(rows, 2)
        z, decoded = network(x)
        network.zero_grad()
        torch.autograd.backward([(decoded**2).sum(), z], [None, pull])
        expected = [p.grad for p in network.parameters()]
        assert x.grad is not None
        for p in network.parameters():
            p.grad = torch.full_like(p, torch.nan)  # is overwritten, not added to
        with torch.no_grad():
            out = decode.forward(encode.forward(x))
            torch.testing.assert_close(out, decoded)
            to_plane = decode.backward(2 * out, True) + pull
            to_input = encode.backward(to_plane, True)
        torch.testing.assert_close(to_input, x.grad)
        for p, wanted in zip(network.parameters(), expected, strict=True):
            torch.testing.assert_close(p.grad, wanted)
            p.grad = torch.zeros_like(p)
        with torch.no_grad():
            decode.forward(encode.forward(x))
            encode.backward(decode.backward(2 * out, True) + pull, False)
        for p, wanted in zip(network.parameters(), expected, strict=True):
            torch.testing.assert_close(p.grad, wanted)
