"""What scale ``paper`` computes, as work; see `helpers.paper_work`."""

from __future__ import annotations

from helpers.paper_work import CpuWork, Values, Work
from helpers.self_assembly.shape_categories import CATEGORIES

PAPER_SHAPES = 156
# Headline runs per seed: two readings of "in parallel" with twice the seeds, three
# with half of them; see `experiments.headline_runs`.
HEADLINE_RUNS = 5.5


def plan(default: Values, paper: Values) -> list[Work]:
    """A run takes steps like its width w, and a step w^2: so the sum of w^3 counts.

    The planners of the race grow faster, so that its share is a lower bound.
    """
    most = len(CATEGORIES) * default["instances"]
    ratio = _cells(paper, PAPER_SHAPES) / _cells(default, most)
    return [CpuWork("all experiments", ratio, "sum of seeds x width^3 over all runs")]


def _cells(values: Values, shapes: int) -> float:
    seeds, race = values["seeds"], values["race_widths"]
    return (
        shapes * values["category_seeds"] * values["width"] ** 3
        + HEADLINE_RUNS * seeds * values["headline_width"] ** 3
        + seeds * sum(width**3 for width in [*values["scaling_widths"], *race])
    )
