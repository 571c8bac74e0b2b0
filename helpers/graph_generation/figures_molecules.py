"""Figures of the molecules: drawings, shares with the property, and the classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import checked
from helpers.graph_generation.figures_common import (
    NOTE,
    columns,
    key,
    one_each,
    ordered,
)
from helpers.row_chart import dot, row_names

if TYPE_CHECKING:
    from helpers.graph_generation.classifier import Confusion

FLAGGED, TRUTH = style.PALETTE["sky"], style.PALETTE["orange"]
CORRECTED = style.PALETTE["blue"]
_SPLITS = {"held out": style.PALETTE["blue"], "train": style.PALETTE["yellow"]}


def molecule_shares(summary: pd.DataFrame) -> Figure:
    """Flagged share C_M, corrected share C and true share, a row per source.

    Dots above are of all molecules, those below, smaller, of novel ones only: copies
    of the molecules in the prompt have the property anyway.

    Parameters
    ----------
    summary : pd.DataFrame
        Of `molecule_frame.summary`, of one method and any properties: a row per
        property, prompt and scope, of which all and novel are drawn. Prompts are rows
        of the figure, references such as real molecules among them.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or a combination comes twice.
    """
    one_each(summary, ("property", "prompt", "scope"), *columns("c_m", "c"), "truth")
    summary = summary[summary["scope"].isin(("all", "novel")) & summary["c"].notna()]
    names = ordered(summary["property"], [])
    prompts = ordered(summary["prompt"], [])
    figure, axes = style.subplots(
        1, len(names), (1.5 + 2.0 * len(names), 0.95 + 0.42 * len(prompts)),
        squeeze=False, sharex=True, sharey=True,
    )  # fmt: skip
    novel = summary[summary["scope"] == "novel"]
    both = set(zip(novel["property"], novel["prompt"], strict=True))
    for ax, name in zip(axes[0], names, strict=True):
        ax.set_title(name, fontsize=8.5)
        ax.axvspan(-500, 0, color="#F0F0F0", lw=0, zorder=0)
        ax.axvspan(100, 600, color="#F0F0F0", lw=0, zorder=0)
        for row in summary[summary["property"] == name].to_dict("records"):
            below = row["scope"] == "novel"
            size = 3.6 if below else 5.2
            middle = prompts.index(row["prompt"]) + (0.24 if below else -0.2)
            if (row["property"], row["prompt"]) not in both:
                middle += 0.2  # nothing below it
            for metric, colour in (("c", CORRECTED), ("c_m", FLAGGED)):
                value, low, high = (float(row[column]) for column in columns(metric))
                y = middle + (-0.08 if metric == "c" else 0.08)
                dot(ax, value, y, (low, high), colour, size=size)
            ax.plot(row["truth"], middle, "|", color=TRUTH, ms=9, mew=2, zorder=8)
        ax.set_xlabel("share with the property / %")
    row_names(axes[0][0], prompts, [style.PAPER] * len(prompts))
    ends = summary[["c_low", "c_high", "c_m_low", "c_m_high"]].to_numpy(float)
    low, high = np.nanmin(ends, initial=0.0), np.nanmax(ends, initial=100.0)
    axes[0][0].set_xlim(max(low, -60) - 5, min(high, 160) + 5)
    key(
        figure,
        [
            ("flagged, C_M", FLAGGED, "o"),
            ("corrected, C", CORRECTED, "o"),
            ("true share", TRUTH, "|"),
            ("smaller: novel only", NOTE, "o"),
        ],
    )
    return figure


def molecule_grid(
    smiles: Sequence[str | None],
    labels: Sequence[str] | None = None,
    across: int = 5,
    size: tuple[int, int] = (150, 120),
) -> Any:
    """Drawn molecules with a line of text each, as an SVG on white.

    Parameters
    ----------
    smiles : sequence of str or None
        What is no molecule gets an empty place that says so.
    labels : sequence of str, optional
        One per molecule.
    across : int
        Molecules side by side.
    size : (int, int)
        Pixels of a place.

    Returns
    -------
    IPython.display.SVG

    Raises
    ------
    ValueError
        If there are no molecules, or labels differ in number.
    """
    from IPython.display import SVG
    from rdkit import Chem, rdBase
    from rdkit.Chem.Draw import rdMolDraw2D

    more = list(labels) if labels is not None else [""] * len(smiles)
    if not smiles or len(more) != len(smiles):
        raise ValueError(
            f"{len(smiles)} molecules and {len(more)} labels; allowed: at least one "
            "molecule, and a label for each"
        )
    with rdBase.BlockLogs():
        found = [Chem.MolFromSmiles(text) if text else None for text in smiles]
    across = min(across, len(found))
    rows = -(-len(found) // across)
    wide, high = size
    drawer = rdMolDraw2D.MolDraw2DSVG(across * wide, rows * high, wide, high)
    options: Any = drawer.drawOptions()
    options.legendFontSize = 13
    options.padding = 0.08
    options.setBackgroundColour((1, 1, 1, 1))
    drawer.DrawMolecules([one or Chem.Mol() for one in found], legends=more)
    drawer.FinishDrawing()
    # RDKit leaves out the legend of a molecule without atoms
    missing = "".join(
        f"<text x='{wide * (i % across + 0.5)}' y='{high * (i // across + 0.5)}' "
        "font-family='sans-serif' font-size='12' fill='#6A6A6A' text-anchor='middle'>"
        f"{escape(f'{label} no molecule'.strip())}</text>"
        for i, (one, label) in enumerate(zip(found, more, strict=True))
        if one is None
    )
    return SVG(drawer.GetDrawingText().replace("</svg>", f"{missing}</svg>"))


def confusion(matrices: Mapping[str, Confusion]) -> Figure:
    """Confusion matrices: counts, and their share of the molecules of that truth.

    Parameters
    ----------
    matrices : mapping of str to Confusion
        By where they were counted, such as held out, train, and paper (Table 10).

    Raises
    ------
    ValueError
        If there is none.
    """
    if not matrices:
        raise ValueError("there is no confusion matrix; allowed: one or more")
    size = (0.7 + 1.75 * len(matrices), 2.1)
    figure, axes = style.subplots(1, len(matrices), size, squeeze=False, sharey=True)
    for ax, (name, matrix) in zip(axes[0], matrices.items(), strict=True):
        counts = np.array([[matrix.tp, matrix.fn], [matrix.fp, matrix.tn]])
        shares = counts / counts.sum(axis=1, keepdims=True)
        tints = shares[..., None] * np.array([0.51, 0.29, 0.15])
        ax.imshow(1 - tints, aspect="auto")
        for (y, x), share in np.ndenumerate(shares):
            ax.text(
                x, y, f"{100 * share:.1f} %\n{counts[y, x]:,}", ha="center",
                va="center", fontsize=8,
            )  # fmt: skip
        ax.set_title(name, fontsize=8.5)
        ax.set_xticks([0, 1], ["flagged", "not"])
        ax.set_yticks([0, 1], ["active", "inactive"])
        ax.grid(False)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        ax.set_xlabel("classifier")
    axes[0][0].set_ylabel("truth")
    return figure


def rectification_check(frame: pd.DataFrame) -> Figure:
    """Corrected share against the true one, where the truth is known.

    Parameters
    ----------
    frame : pd.DataFrame
        Of `rectification.rectification_check`: rates, share, c, low and high, between
        0 and 1.

    Raises
    ------
    ValueError
        If a column is missing or there are no rows.
    """
    checked(frame, ("rates", "share", "c", "low", "high"))
    names = ordered(frame["rates"], [])
    spare = [style.PALETTE[name] for name in ("purple", "green", "orange", "grey")]
    figure, ax = style.subplots(size=(3.6, 2.7))
    ax.axline((0, 0), slope=1, color=NOTE, lw=1, ls="--", zorder=1)
    marks = []
    for at, name in enumerate(names):
        part = frame[frame["rates"] == name].sort_values("share")
        colour = _SPLITS.get(name) or spare[at % len(spare)]
        x = 100 * part["share"] + 1.6 * (at - (len(names) - 1) / 2)
        ax.vlines(x, 100 * part["low"], 100 * part["high"], color=colour, lw=1.2)
        ax.plot(x, 100 * part["c"], "o-", color=colour, ms=4.2, lw=1.2)
        marks.append((f"rates of {name}", colour, "o"))
    ax.set(xlabel="true share / %", ylabel="corrected share C / %")
    ax.set_xticks(sorted({round(100 * share) for share in frame["share"]}))
    key(figure, [*marks, ("C = truth", NOTE, "--")])
    return figure
