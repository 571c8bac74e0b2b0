r"""Bernoulli masks of LoRA's factors, and the low-rank update under them (Sec. 3.2).

.. math:: \hat A = A \operatorname{diag}(m_A), \quad
          \hat B = \operatorname{diag}(m_B) B, \quad m \sim \mathrm{Bern}(1 - p)

Whole columns of A (input features) and whole rows of B (output features) are dropped,
never the rank. One mask pair serves every token and example of its *group*; a batch of
``groups * b`` examples is group-major, example i of group g stands at ``g * b + i``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class MaskSettings:
    """What one adapter does with its masks.

    Attributes
    ----------
    p : float
        Probability that a mask's entry is zero, in [0, 1).
    rescale : bool
        Divide each mask by ``1 - p`` (inverted scaling): the expected update is then
        the unmasked one. Without it, as Equation 2 is written, it is ``(1 - p)^2``
        times that.
    n_train, n_test : int
        Instances of a training step, members of a test-time ensemble; at least 1.
    """

    p: float
    rescale: bool = True
    n_train: int = 4
    n_test: int = 8

    def __post_init__(self) -> None:
        check_probability("p", self.p)
        for name in ("n_train", "n_test"):
            check_count(name, getattr(self, name))

    def gain(self, masks: int = 2) -> float:
        """What ``masks`` masks together are multiplied by, ``(1 - p)^-masks`` or 1."""
        return (1 - self.p) ** -masks if self.rescale else 1.0


def check_probability(name: str, value: float, *, one: bool = False) -> None:
    """Raise ValueError unless ``value`` is a drop probability, a number in [0, 1).

    ``one`` allows 1 as well, at which nothing is left: the theory goes that far, a
    network that divides by 1 - p does not.
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not (0 <= value < 1 or (one and value == 1)):
        allowed = "[0, 1]" if one else "[0, 1)"
        raise ValueError(f"`{name}` must be a number in {allowed}, got {value!r}.")


def check_count(name: str, value: int) -> None:
    """Raise ValueError unless ``value`` is an int of at least 1."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"`{name}` must be an integer of at least 1, got {value!r}.")


def member_mask(seed: int, module: str, member: int, size: int, p: float) -> Tensor:
    """Mask of one ensemble member for one module: (size,) bool, True where kept.

    A function of its arguments alone: neither the batch, nor other members, nor the
    device or torch's global generator have a say. An entry dropped at some p is dropped
    at every larger p.

    Examples
    --------
    >>> few, many = (member_mask(0, "query", 3, 1000, p) for p in (0.8, 0.2))
    >>> round(float(few.float().mean()), 1), round(float(many.float().mean()), 1)
    (0.2, 0.8)
    >>> bool((few <= many).all())
    True
    """
    key = f"{seed}/{module}/{member}".encode()
    # a hash of any length is a generator without state, the same on every platform
    uniform = np.frombuffer(hashlib.shake_128(key).digest(4 * size), dtype="<u4")
    return torch.from_numpy(uniform >= p * 2.0**32)


@dataclass
class MaskSource:
    """Where masked layers get their masks from.

    Attributes
    ----------
    groups : int
        Mask sets in one forward pass.
    members : sequence of int, optional
        The ensemble members, one per group, with masks fixed by `member_mask`. Without
        them every call draws anew from torch's global generator of the device, so that
        gradient checkpointing, which restores that generator, sees the masks again.
    seed : int
        Of the fixed members.
    once : bool
        Without members: a module that is called again, as DeBERTa's query and key are
        for relative positions, gets the masks of its first call. It draws all the same,
        since gradient checkpointing replays the generator for the calls between.
    """

    groups: int = 1
    members: Sequence[int] | None = None
    seed: int = 0
    once: bool = False
    _drawn: dict[tuple, Tensor] = field(default_factory=dict, repr=False)

    def draw(self, module: str, size: int, p: float, like: Tensor) -> Tensor:
        """Masks (groups, size) of zeros and ones, dtype and device of ``like``."""
        key = (module, size, p, like.dtype, like.device)
        if self.members is None:
            empty = torch.empty(
                (self.groups, size), dtype=like.dtype, device=like.device
            )
            drawn = empty.bernoulli_(1 - p)
            return self._drawn.setdefault(key, drawn) if self.once else drawn
        if key not in self._drawn:
            rows = [member_mask(self.seed, module, m, size, p) for m in self.members]
            with torch.inference_mode(False):  # a later pass may train with them
                self._drawn[key] = torch.stack(rows).to(like.device, like.dtype)
        return self._drawn[key]


FRESH = MaskSource()


def add_masked_update(
    base: Tensor,
    x: Tensor,
    a: Tensor,
    b: Tensor,
    input_mask: Tensor,
    output_mask: Tensor,
    scaling: float | Tensor = 1.0,
) -> Tensor:
    r"""``base + scaling * diag(m_B) B A diag(m_A) x`` with the masks of every group.

    The masks and the scaling go into the factors, which are smaller than the
    activations by the number of tokens over the rank, and the sum into the product.

    Parameters
    ----------
    base : Tensor
        What the update is added to (groups * b, ..., n_out).
    x : Tensor
        Inputs (groups * b, ..., n_in), group-major; any leading shape for one group.
    a, b : Tensor
        Factors (r, n_in) and (n_out, r).
    input_mask, output_mask : Tensor
        Masks (groups, n_in) and (groups, n_out).

    Returns
    -------
    Tensor
        Shape of ``base``.

    Raises
    ------
    ValueError
        If the first dimension of ``x`` cannot be split into the groups.
    """
    groups = len(input_mask)
    if groups == 1:
        hidden = functional.linear(x.reshape(-1, x.shape[-1]), a * input_mask)
        out = (b * (output_mask * scaling).T).T
        if hidden.dtype == base.dtype:
            return torch.addmm(base.reshape(-1, len(b)), hidden, out).view(base.shape)
        return base + (hidden @ out).view(base.shape)
    split = split_groups(x, groups)
    hidden = torch.bmm(split, (a * input_mask[:, None]).mT)
    out = (b * (output_mask * scaling)[:, :, None]).mT
    if hidden.dtype == base.dtype:
        sums = base.reshape(groups, -1, len(b))
        return torch.baddbmm(sums, hidden, out).view(base.shape)
    return base + torch.bmm(hidden, out).view(base.shape)


def split_groups(x: Tensor, groups: int) -> Tensor:
    """View of a group-major batch (groups * b, ..., n) as (groups, rows, n).

    Raises
    ------
    ValueError
        If the first dimension is no multiple of ``groups``, as for an input that does
        not grow with the batch (DeBERTa's relative positions).
    """
    if x.ndim < 2 or len(x) % groups:
        raise ValueError(
            f"a masked layer got an input of shape {tuple(x.shape)} for {groups} mask "
            "sets; allowed: a first dimension that is a multiple of them. Where the "
            "model feeds a layer with something else than examples, run the members "
            "one by one (one_pass=False)"
        )
    return x.reshape(groups, -1, x.shape[-1])
