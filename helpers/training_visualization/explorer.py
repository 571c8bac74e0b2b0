"""Explorer of a training, and the same maps side by side as one static figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from helpers.explorer import NOTE, headless
from helpers.training_visualization.film import (
    CLASS_COLOURS,
    CanvasLike,
    Film,
    region_strength,
)
from helpers.training_visualization.film_encoding import check_film

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RASTER_ABOVE = 800
"""Points in all panels beyond which they are drawn as pixels, to keep an SVG small."""


def training_explorer(film: Film, *, frame: int = 0, selected: int = -1) -> None:
    """Show a film with controls: epochs, filters, samples, neighbours.

    Headless, every frame is encoded and read back instead, and a note is shown.

    Parameters
    ----------
    film : Film
    frame, selected : int
        What is shown first: number of the frame, and a sample or -1.

    Raises
    ------
    ValueError
        If a frame or sample does not exist, or a frame does not survive the encoding.
    """
    from IPython.display import HTML, display

    film.check_shown(frame, selected)
    if headless():
        check_film(film)
        display(HTML(NOTE))
        return
    from helpers.training_visualization.viewer import TrainingViewer

    display(TrainingViewer(film, frame=frame, selected=selected))


def region_image(canvas: CanvasLike, classes: int) -> np.ndarray:
    """Decision regions as colours, shape (res, res, 3): white on the boundary.

    ``s * colour + (1 - s) * white`` with s of `region_strength`.
    """
    from matplotlib.colors import to_rgb

    palette = np.array(
        [to_rgb(CLASS_COLOURS[c % len(CLASS_COLOURS)]) for c in range(classes)]
    )
    strength = region_strength(canvas.margin)[..., None]
    return strength * palette[canvas.classes] + 1 - strength


def film_strip(
    film: Film,
    epochs: Sequence[int] | None = None,
    *,
    columns: int = 3,
    size: float = 2.0,
) -> Figure:
    """Maps of some epochs side by side, each with that frame's metrics.

    Dots are training samples, diamonds test samples, in the colour of their label; a
    ring with a dot in the predicted class's colour is a wrong prediction.

    Parameters
    ----------
    film : Film
    epochs : sequence of int, optional
        At most six evenly spread ones if not given.
    columns : int
        Panels per row.
    size : float
        Width of one panel, in inches.

    Raises
    ------
    ValueError
        If an epoch is not in the film.
    """
    from helpers import style

    known = list(film.epochs)
    if epochs is None:
        spread = np.linspace(0, len(known) - 1, min(6, len(known)))
        epochs = [known[i] for i in np.rint(spread).astype(int)]
    if missing := [e for e in epochs if e not in known]:
        raise ValueError(f"epoch {missing[0]} is not in the film; allowed: {known}")
    columns = max(1, min(columns, len(epochs)))
    rows = -(-len(epochs) // columns)
    x0, x1, y0, y1 = film.canvases[0].extent
    height = size * min(2.0, (y1 - y0) / (x1 - x0))
    figure, axes = style.subplots(
        rows, columns, (columns * size, rows * (height + 0.5) + 0.5), squeeze=False
    )
    figure.set_layout_engine("constrained")
    for axis in axes.flat[len(epochs) :]:
        axis.set_axis_off()
    for axis, epoch in zip(axes.flat, epochs, strict=False):
        draw_frame(axis, film, known.index(epoch))
        if film.count * len(epochs) > RASTER_ABOVE:
            axis.set_rasterization_zorder(5)  # regions and points as one picture
    _add_legend(figure, film, columns * size)
    return figure


def draw_frame(axis: Axes, film: Film, frame: int) -> None:
    """One map of a film, see `film_strip`; ``frame`` is its number, not the epoch."""
    canvas = film.canvases[frame]
    axis.imshow(
        region_image(canvas, film.classes),
        extent=canvas.extent,
        origin="lower",
        interpolation="none",  # an SVG then holds the array itself, not a scaled one
        aspect="auto",
    )
    axis.set(xticks=[], yticks=[], xlim=canvas.extent[:2], ylim=canvas.extent[2:])
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set(color="#9aa0a6", linewidth=0.6, visible=True)
    colours = np.array(
        [CLASS_COLOURS[c % len(CLASS_COLOURS)] for c in range(film.classes)]
    )
    labels, said = np.asarray(film.labels), np.asarray(film.predictions[frame])
    places, wrong = film.places[frame], said != labels
    tested = np.arange(film.count) >= film.train_count
    area = float(np.clip(3600 / film.count, 4, 16))
    for part, marker in ((~tested, "o"), (tested, "D")):
        for face, edge, scale, keep in (
            (colours[labels], "#ffffff", 1.0, part & ~wrong),
            ("#ffffff", colours[labels], 1.8, part & wrong),
            (colours[said], "none", 0.4, part & wrong),
        ):
            if not keep.any():
                continue
            axis.scatter(
                places[keep, 0],
                places[keep, 1],
                s=scale * area,
                marker=marker,
                c=face[keep] if isinstance(face, np.ndarray) else face,
                edgecolors=edge if isinstance(edge, str) else list(edge[keep]),
                linewidths=0.25 if isinstance(edge, str) else 0.8,
                zorder=3 if scale == 1 else 4,
            )
    axis.set_title(f"epoch {film.epochs[frame]}", fontsize=8.5, pad=3)
    parts = film.confidence_line(frame).split(" · ")
    lines = [" · ".join(parts[i : i + 2]) for i in range(0, len(parts), 2)]
    axis.set_xlabel("\n".join(lines), fontsize=7, labelpad=3, loc="left")


def _add_legend(figure: Figure, film: Film, width: float) -> None:
    from matplotlib.lines import Line2D

    def entry(
        label: str, face: str, edge: str = "#ffffff", marker: str = "o"
    ) -> Line2D:
        return Line2D(
            [], [], linestyle="", marker=marker, color=face, markeredgecolor=edge,
            markersize=5, label=label,
        )  # fmt: skip

    entries = [
        entry(name, CLASS_COLOURS[c % len(CLASS_COLOURS)])
        for c, name in enumerate(film.names[:20])
    ]
    grey = "#555555"
    if film.test_count:
        entries += [entry("training", grey), entry("test", grey, marker="D")]
    entries.append(entry("wrong: ring label, dot prediction", "#ffffff", grey))
    # As few rows as fit, about 0.06 inches a letter; columns are filled first.
    for rows in range(1, len(entries) + 1):
        names = [str(e.get_label()) for e in entries]
        groups = [names[i : i + rows] for i in range(0, len(names), rows)]
        if sum(0.3 + 0.06 * max(map(len, group)) for group in groups) <= width:
            break
    figure.legend(
        handles=entries,
        loc="outside lower center",
        ncols=-(-len(entries) // rows),
        fontsize=7,
        frameon=False,
        handletextpad=0.1,
        columnspacing=1.0,
    )
