"""What figures of the swarm show."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers.self_assembly.figures import step_costs


def test_names_of_lines_that_end_together_stand_apart() -> None:
    costs = {"FFT light": [0.1, 2, 31], "whole step": [0.2, 2.5, 33], "naive": [3.0]}
    rows = [
        {"part": part, "agents": agents, "milliseconds": cost}
        for part, found in costs.items()
        for agents, cost in zip((100, 10_000, 100_000), found, strict=False)
    ]
    figure = step_costs(pd.DataFrame(rows))
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    (ax,) = figure.axes
    assert {text.get_text() for text in ax.texts} == set(costs)
    boxes = [text.get_window_extent(renderer) for text in ax.texts]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
