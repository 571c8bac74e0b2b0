"""One look for all figures: small, vector, colour-blind-safe, one colour a method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart with every common colour-vision deficiency.
PALETTE = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "yellow": "#E69F00",
    "sky": "#56B4E9",
    "purple": "#CC79A7",
    "black": "#222222",
    "grey": "#8A8A8A",
}
PAPER = PALETTE["black"]  # the paper's value, always a black diamond

# Register a method once here; every notebook then draws it in the same colour.
METHODS = {
    "ALF": PALETTE["blue"],
    "ALF + geodesic": PALETTE["sky"],
    "OPT-D": PALETTE["green"],
    "HUN": PALETTE["yellow"],
    "TSWAP": PALETTE["purple"],
    "DUD": PALETTE["grey"],
    "Edge following": PALETTE["orange"],
    # Notebook 02: policies (a paler shade marks the variant of a method) ...
    "SpotTune": PALETTE["blue"],
    "SpotTune, no shutdown": PALETTE["sky"],
    "Cheapest": PALETTE["green"],
    "Cheapest, early shutdown": "#82CDB9",
    "Fastest": PALETTE["orange"],
    "Fastest, early shutdown": "#EFA878",
    "ASHA": PALETTE["purple"],
    "On-demand": "#4D4D4D",
    "On-demand, fastest": "#A8A8A8",
    # ... predictors of a revocation ...
    "RevPred": PALETTE["blue"],
    "Joint LSTM": PALETTE["yellow"],
    "Logistic": PALETTE["green"],
    "Hazard": PALETTE["purple"],
    "Majority": "#4D4D4D",
    # ... and of a learning curve's end.
    "EarlyCurve": PALETTE["blue"],
    "EarlyCurve, curve only": PALETTE["sky"],
    "SLAQ": PALETTE["orange"],
    "Last value": PALETTE["grey"],
    # Notebook 03: visualisations (paler: an older relative of the same model) ...
    "DVI": PALETTE["blue"],
    "Parametric UMAP": PALETTE["sky"],
    "TimeVis": PALETTE["green"],
    "UMAP": PALETTE["orange"],
    "AlignedUMAP": "#EFA878",
    "t-SNE": PALETTE["purple"],
    "DeepView": PALETTE["yellow"],
    "PCA": "#4D4D4D",
    # ... and ways to choose what is labelled next.
    "random": PALETTE["grey"],
    "least confidence": PALETTE["orange"],
    "coreset": PALETTE["green"],
    # Notebook 04: fine-tuning (paler: AdaLoRA; adapters and controls: two shades each).
    "LoRA": PALETTE["orange"],
    "LoRA + LoRA Dropout": PALETTE["blue"],
    "AdaLoRA": "#EFA878",
    "AdaLoRA + LoRA Dropout": PALETTE["sky"],
    "Full fine-tuning": "#4D4D4D",
    "Head only": "#A8A8A8",
    "BitFit": PALETTE["green"],
    "Houlsby adapter": PALETTE["purple"],
    "Pfeiffer adapter": "#8F4A73",
    "LoRA + input dropout": PALETTE["yellow"],
    "LoRA + rank dropout": "#8F6200",
    "MonteCLoRA": "#82CDB9",
    # Notebook 05: samplers. Blues: AdapT's rules that heat line starts at any depth;
    # `random`, its control of the same share, is grey as above.
    "greedy": "#4D4D4D",
    "uniform": PALETTE["orange"],
    "uniform, top-p": "#EFA878",
    "line-word": PALETTE["blue"],
    "line": PALETTE["sky"],
    "block": PALETTE["green"],
    "release": "#08306B",
    "anti": PALETTE["purple"],
    "entropy": PALETTE["yellow"],
    "min-p": "#82CDB9",
    "top-n-sigma": "#8F6200",
    # Notebook 06: ways to prompt (paler: the same with a chain of thought; `cot` is the
    # worked example of the distribution tasks, which have one way only).
    "zero-shot": PALETTE["blue"],
    "few-shot": PALETTE["orange"],
    "zero-shot-cot": PALETTE["sky"],
    "few-shot-cot": "#EFA878",
    "cot": PALETTE["green"],
}

RC: dict[str, Any] = {
    "figure.figsize": (4.0, 2.5),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "font.family": "DejaVu Sans",
    "svg.fonttype": "path",
    "svg.hashsalt": "reprise",
    "savefig.facecolor": "white",
    "figure.facecolor": "white",
}

FITTED = ".jp-RenderedSVG img { max-width: 100%; height: auto }"


def use() -> None:
    """Apply the style and, inside IPython, draw inline figures as SVG that fit."""
    import matplotlib as mpl
    from matplotlib.rcsetup import cycler

    settings: Any = mpl.rcParams
    settings.update(RC)
    settings["axes.prop_cycle"] = cycler(color=list(PALETTE.values()))
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import HTML, display
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return
    if get_ipython() is not None:
        # The constrained layout fits already; "tight" would draw everything twice.
        set_matplotlib_formats("svg", bbox_inches=None)
        # JupyterLab fits other pictures into a narrow page, but not these.
        display(HTML(f"<style>{FITTED}</style>"))


def color(method: str) -> str:
    """The fixed colour of ``method``; KeyError with the known names otherwise."""
    try:
        return METHODS[method]
    except KeyError:
        raise KeyError(
            f"no colour for {method!r}; register it in helpers.style.METHODS "
            f"(there are: {', '.join(METHODS)})"
        ) from None


def subplots(
    rows: int = 1,
    columns: int = 1,
    size: tuple[float, float] | None = None,
    **options: Any,
) -> tuple[Figure, Any]:
    """Like ``pyplot.subplots``, but shown only where the notebook asks for it.

    A figure outside pyplot's registry is not drawn a second time at the end of the
    cell and leaves no memory behind.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)
    return figure, figure.subplots(rows, columns, **options)


def grid(rows: int, columns: int, size: float = 1.6) -> tuple[Figure, Any]:
    """Small multiples of square panels, ``size`` inches each, without axes."""
    figure, axes = subplots(rows, columns, (columns * size, rows * size), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    return figure, axes


def label_line(ax: Axes, x: float, y: float, text: str, colour: str) -> None:
    """Write ``text`` at the end of a line, in the line's colour."""
    ax.annotate(
        text,
        (x, y),
        xytext=(4, 0),
        textcoords="offset points",
        color=colour,
        fontsize=7.5,
        va="center",
        annotation_clip=False,
    )


def paper_marker(ax: Axes, x: float, y: float, text: str = "paper") -> None:
    """The paper's value beside ours: a black diamond with its label."""
    ax.plot([x], [y], "D", color=PAPER, markersize=5, zorder=5)
    ax.annotate(
        text,
        (x, y),
        xytext=(5, 4),
        textcoords="offset points",
        fontsize=7.5,
        color=PAPER,
    )
