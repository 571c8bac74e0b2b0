"""What scale ``paper`` computes, as work; see `helpers.paper_work`."""

from __future__ import annotations

from helpers.paper_work import CpuWork, Values, Work


def plan(default: Values, paper: Values) -> list[Work]:
    """Trainings of all settings, on the processor at every scale."""
    ratio = _trainings(paper) / _trainings(default)
    return [
        CpuWork("trials, bills, maps", ratio, "seeds x settings x examples x epochs")
    ]


def _trainings(values: Values) -> float:
    settings = len(values["p_grid"]) * len(values["ranks"])
    return values["seeds"] * settings * values["train_size"] * values["epochs"]
