"""Where a classifier is split: representations on one side, the head on the other.

The paper splits f (everything up to the last layer) from g (the last layer); here the
split may lie at any submodule, and the head is then whatever follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from helpers.names import unknown_name

Forward = Callable[[nn.Module, Tensor], Any]


def call(model: nn.Module, batch: Tensor) -> Any:
    """``model(batch)``: how most classifiers are called."""
    return model(batch)


def class_scores(output: Any, count: int) -> Tensor:
    """Logits (count, classes) in what a model returned: itself, or its ``.logits``.

    Raises
    ------
    ValueError
        If there are none of that shape.
    """
    scores = getattr(output, "logits", output)
    if isinstance(scores, tuple | list) and scores:
        scores = scores[0]
    if not isinstance(scores, Tensor):
        raise ValueError(
            f"the model returned a {type(output).__name__} without logits; pass "
            "forward=, a function of model and batch that returns them"
        )
    if scores.ndim != 2 or len(scores) != count or scores.shape[1] < 2:
        raise ValueError(
            f"the model turned {count} samples into logits of shape "
            f"{tuple(scores.shape)}; allowed: ({count}, classes), at least 2 classes"
        )
    return scores


@dataclass(frozen=True)
class Tap:
    """The input or the output of one submodule.

    Attributes
    ----------
    name : str
        As in ``model.named_modules()``.
    module : nn.Module
    side : {"input", "output"}
    """

    name: str
    module: nn.Module
    side: Literal["input", "output"]

    @contextmanager
    def listen(self) -> Iterator[list[Tensor]]:
        """What passes the tap inside the block; its hook is gone after it."""
        heard: list[Tensor] = []

        def before(module: nn.Module, args: tuple, kwargs: dict[str, Any]) -> None:
            heard.append(_tensor([*args, *kwargs.values()], self.name))

        def after(module: nn.Module, args: tuple, output: Any) -> None:
            heard.append(_tensor(output, self.name))

        handle = (
            self.module.register_forward_pre_hook(before, with_kwargs=True)
            if self.side == "input"
            else self.module.register_forward_hook(after)
        )
        try:
            yield heard
        finally:
            handle.remove()

    def only(self, heard: list[Tensor], count: int) -> Tensor:
        """The one tensor of a forward pass, a row per sample.

        Raises
        ------
        ValueError
            If the module was never called, called twice, or not once per sample.
        """
        if len(heard) != 1:
            times = f"{len(heard)} times" if heard else "never"
            raise ValueError(
                f"layer {self.name!r} is {times} called in a forward pass; allowed: "
                "once"
            )
        if not heard[0].ndim or len(heard[0]) != count:
            raise ValueError(
                f"layer {self.name!r} turned {count} samples into shape "
                f"{tuple(heard[0].shape)}; allowed: one row per sample"
            )
        return heard[0]


def _tensor(value: Any, name: str) -> Tensor:
    """The first tensor of a module's input or output."""
    if isinstance(value, Tensor):
        return value
    try:
        first = value[0]
    except (TypeError, KeyError, IndexError):
        first = None
    if not isinstance(first, Tensor):
        raise ValueError(f"layer {name!r} passes on a {type(value).__name__}")
    return first


def submodule(model: nn.Module, which: str | nn.Module, kind: str = "layer") -> str:
    """Name of a submodule given by name or itself.

    Raises
    ------
    ValueError
        If the model has none such; the message names the nearest.
    """
    names = {module: name for name, module in model.named_modules() if name}
    if isinstance(which, nn.Module):
        if which not in names:
            raise ValueError(
                f"the {kind} given is no part of {type(model).__name__}; allowed: "
                "one of its submodules, or the name of one"
            )
        return names[which]
    if which not in names.values():
        raise unknown_name(kind, which, list(names.values()))
    return which


def last_linear(model: nn.Module) -> str | None:
    """Name of the last ``nn.Linear``, in the order of definition."""
    names = [n for n, m in model.named_modules() if n and isinstance(m, nn.Linear)]
    return names[-1] if names else None


def place_tap(
    model: nn.Module, layer: str | nn.Module | None, head: str | nn.Module | None
) -> Tap:
    """Output of ``layer``; without one, input of ``head`` or of the last linear layer.

    Raises
    ------
    ValueError
        For unknown names, or if nothing is given and there is no linear layer.
    """
    if layer is not None:
        name = submodule(model, layer)
        return Tap(name, model.get_submodule(name), "output")
    found = last_linear(model) if head is None else submodule(model, head, "head")
    if found is None:
        raise ValueError(
            f"{type(model).__name__} has no linear layer inside; name the layer whose "
            "output are the representations (layer=) or the head (head=)"
        )
    return Tap(found, model.get_submodule(found), "input")


class Reshaped(nn.Module):
    """A head that takes flat representations (n, d) and sees their real shape."""

    def __init__(self, head: nn.Module, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.head, self.shape = head, shape

    def forward(self, x: Tensor) -> Tensor:
        return class_scores(self.head(x.reshape(len(x), *self.shape)), len(x))


class RestOfNetwork(nn.Module):
    """All that follows a layer, as a head: the layer's output is put in its place.

    The layers before it run on a dummy input, which costs time and changes nothing.

    Parameters
    ----------
    model : nn.Module
    tap : Tap
        On the output side.
    forward : callable
        Of model and batch, to logits.
    dummy : Tensor
        An input of one sample, shape (1, ...).
    shape : tuple of int
        Of one sample's representation.
    """

    dummy: Tensor

    def __init__(
        self,
        model: nn.Module,
        tap: Tap,
        forward: Forward,
        dummy: Tensor,
        shape: tuple[int, ...],
    ) -> None:
        super().__init__()
        self.model, self.name, self.run, self.shape = model, tap.name, forward, shape
        self.register_buffer("dummy", dummy, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        def replace(module: nn.Module, args: tuple, output: Any) -> Any:
            given = x.reshape(len(x), *self.shape)
            return (given, *output[1:]) if isinstance(output, tuple) else given

        # looked up by name, so that a copy of this head hooks its own layers
        handle = self.model.get_submodule(self.name).register_forward_hook(replace)
        try:
            batch = self.dummy.expand(len(x), *self.dummy.shape[1:])
            return class_scores(self.run(self.model, batch), len(x))
        finally:
            handle.remove()


def find_head(
    model: nn.Module,
    tap: Tap,
    head: str | nn.Module | None,
    forward: Forward,
    sample: Tensor,
) -> nn.Module:
    """What follows the tap: an ``nn.Linear`` wherever that is all.

    Parameters
    ----------
    sample : Tensor
        A few inputs; the model must be in evaluation mode.

    Raises
    ------
    ValueError
        As `class_scores` and `Tap.only`.
    """
    count = len(sample)
    named = submodule(model, head, "head") if head is not None else None
    candidate = named or (tap.name if tap.side == "input" else last_linear(model))
    with torch.no_grad(), tap.listen() as heard:
        if candidate is None or tap.side == "input":
            scores = class_scores(forward(model, sample), count)
            taken = None
        else:
            into = Tap(candidate, model.get_submodule(candidate), "input")
            with into.listen() as arrived:
                scores = class_scores(forward(model, sample), count)
            taken = arrived[0] if len(arrived) == 1 else None
    found = tap.only(heard, count)
    shape = tuple(found.shape[1:])
    if named is not None or tap.side == "input":
        module = model.get_submodule(str(candidate))
        return module if len(shape) == 1 else Reshaped(module, shape)
    if candidate is not None and taken is not None:
        last = model.get_submodule(candidate)
        flat = found.reshape(count, -1)
        if taken.shape == flat.shape and torch.equal(taken, flat):
            with torch.no_grad():
                if torch.allclose(last(flat), scores, rtol=1e-4, atol=1e-5):
                    return last
    return RestOfNetwork(model, tap, forward, sample[:1].clone(), shape)
