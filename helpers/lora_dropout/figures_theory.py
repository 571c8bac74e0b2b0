"""Figures of what the masks do to an update, and of the stability bound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import label_ends, log_axis, mean_line
from helpers.lora_dropout.masks import member_mask
from helpers.lora_dropout.sparsity import dropped_share
from helpers.lora_dropout.stability import Stability

QUERY = "layers.0.attention.self.query"
"""Name of the layer whose factors an `Outcome` holds, by which its masks are drawn."""

FROM_WHITE = LinearSegmentedColormap.from_list(
    "from white", ["#ffffff", style.PALETTE["sky"], style.PALETTE["blue"], "#08306B"]
)


def masked_update(
    a: np.ndarray, b: np.ndarray, p: float, member: int, seed: int, module: str = QUERY
) -> np.ndarray:
    """``diag(m_B) B A diag(m_A)`` of one member, not rescaled, shape (n_out, n_in).

    The masks are those that a sampling context gives this member of a layer of this
    name.

    Parameters
    ----------
    a, b : np.ndarray
        Factors (r, n_in) and (n_out, r).
    """
    inputs, outputs = a.shape[1], b.shape[0]
    mask = member_mask(seed, module, member, inputs + outputs, p).numpy()
    return (mask[inputs:, None] * b) @ (a * mask[:inputs])


def mask_patterns(
    a: np.ndarray,
    b: np.ndarray,
    p: float,
    members: Sequence[int] = (0, 1, 2),
    seed: int = 0,
    *,
    crop: int = 96,
    module: str = QUERY,
) -> Figure:
    """Size of an update's entries, whole and in some sub-networks; white is zero.

    Shares of zeros are those of the whole update, of which a corner is shown.

    Parameters
    ----------
    a, b : np.ndarray
        Factors (r, n_in) and (n_out, r).
    p : float
        Drop probability.
    members : sequence of int
        Sub-networks.
    seed : int
        Of their masks.
    crop : int
        Rows and columns shown at most.
    module : str
        Name of the layer, on which the masks depend.

    Raises
    ------
    ValueError
        If the shapes do not fit together, or no member is given.
    """
    if a.ndim != 2 or b.ndim != 2 or len(a) != b.shape[1]:
        raise ValueError(
            f"a has shape {a.shape}, b {b.shape}; allowed: (r, n_in) and (n_out, r)"
        )
    if not len(members):
        raise ValueError("no member is given; allowed: one or more")
    update = b @ a
    top = float(np.quantile(np.abs(update), 0.99))
    size = (0.3 + 1.5 * (1 + len(members)), 2.1)
    figure, axes = style.subplots(1, 1 + len(members), size, sharey=True)
    draw_update(axes[0], update, top, crop)
    axes[0].set_title("B A", fontsize=8)
    for ax, member in zip(axes[1:], members, strict=True):
        part = masked_update(a, b, p, member, seed, module)
        draw_update(ax, part, top, crop)
        zeros = 100 * np.mean(part == 0)
        ax.set_title(f"member {member}: {zeros:.0f} % zero", fontsize=8)
    axes[0].set_ylabel("output features")
    for ax in axes:
        ax.set_xlabel("input features")
    figure.suptitle(
        f"p = {p:g}: expected share of zeros 2p − p² = {100 * dropped_share(p):.0f} %",
        fontsize=8.5,
        x=0.02,
        ha="left",
    )
    return figure


def draw_update(ax: Axes, update: np.ndarray, top: float, crop: int = 96) -> None:
    """Corner of ``|update|`` as an image, white for zero and dark from ``top`` on."""
    ax.imshow(
        np.abs(update[:crop, :crop]),
        cmap=FROM_WHITE,
        vmin=0,
        vmax=top,
        interpolation="nearest",
    )
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color("#CCCCCC")


def stability(found: Iterable[Stability]) -> Figure:
    """Leave-one-out change of the loss and its bound against p, and the loss gap.

    The penalty is ``lambda (2p - p^2)``. Left: definition 4.1 and proposition 4.2, on a
    logarithmic axis. Right: test minus training loss. Where
    there are several problems of one p, lines are means with 95 % bands.

    Parameters
    ----------
    found : iterable of Stability
        Of `stability.logistic_stability` for several p.

    Raises
    ------
    ValueError
        If there is none.
    """
    rows = pd.DataFrame([vars(one) for one in found])
    if rows.empty:
        raise ValueError("there is nothing to draw; give the stability at some p")
    figure, (left, right) = style.subplots(1, 2, (5.8, 2.4))
    ends = [
        (mean_line(left, rows, "p", column, colour, log=True), text, colour)
        for column, text, colour in (
            ("bound", "bound", style.PAPER),
            ("stability", "found", style.PALETTE["blue"]),
        )
    ]
    left.set(xlabel="drop probability p", ylabel="change of the loss / nats")
    log_axis(left, "y")
    label_ends(left, ends)
    mean_line(right, rows, "p", "gap", style.PALETTE["blue"])
    right.set(xlabel="drop probability p", ylabel="test − train loss / nats")
    right.set_ylim(min(0, right.get_ylim()[0]), None)
    return figure
