"""What the figures of every chapter are held to."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text


def hidden_ticks(figure: Figure) -> set[int]:
    """Texts of ticks outside the limits, which matplotlib keeps but does not draw."""
    hidden = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            shown = {id(tick) for tick in axis._update_ticks()}
            for tick in axis.majorTicks + axis.minorTicks:
                if id(tick) not in shown:
                    hidden |= {id(tick.label1), id(tick.label2)}
    return hidden


def contrast(colour) -> float:
    """Of a colour on white, as WCAG 2 defines it."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)


def assert_legible(figure: Figure, highest: float = 400, slimmest: float = 70) -> None:
    """No two texts overlap, none leaves the figure, none is pale; sizes are sensible.

    ``highest`` figure and ``slimmest`` axes in pixels.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    hidden = hidden_ticks(figure)
    texts = [
        artist
        for artist in figure.findobj(Text)
        if artist.get_visible() and artist.get_text().strip()
        if id(artist) not in hidden
    ]
    boxes = [(a.get_text(), Text.get_window_extent(a, renderer)) for a in texts]
    width, height = canvas.get_width_height()
    for text, box in boxes:
        assert box.x0 > -2 and box.y0 > -2, text
        assert box.x1 < width + 2 and box.y1 < height + 2, text
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        up = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, up) < 3, f"{one!r} covers {other!r}"
    assert width <= 910 and height <= highest
    assert all(a.get_window_extent(renderer).width > slimmest for a in figure.axes)
    for artist in texts:
        assert contrast(artist.get_color()) > 4.4, artist.get_text()
