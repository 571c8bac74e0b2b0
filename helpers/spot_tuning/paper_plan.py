"""What scale ``paper`` computes, as work; see `helpers.paper_work`."""

from __future__ import annotations

from helpers.paper_work import CpuWork, Values, Work, convolutional
from helpers.spot_tuning.workload_paper import PAPER_WORKLOADS, alexnet, resnet

IMAGE, IMAGES = (3, 32, 32), 50_000


def plan(default: Values, paper: Values) -> list[Work]:
    """Markets and predictors on the processor, the two networks' curves on the GPU.

    The deepest residual network stands for all, and the small batch. Curves of the
    four workloads without networks, on the processor, are not estimated.
    """
    ratio = _questions(paper) / _questions(default)
    work: list[Work] = [
        CpuWork(
            "markets, predictors, jobs", ratio, "markets x days x settings / minutes"
        )
    ]
    deepest = {"version": 2, "depth": 29}
    for name, build in (("CNN", alexnet), ("ResNet", resnet)):
        if name not in paper["workloads"]:
            continue
        workload = PAPER_WORKLOADS[name]
        trials = workload.settings[: paper["settings"]]
        epochs = sum(min(paper["steps"], workload.length(trial)) for trial in trials)
        work.append(
            convolutional(
                f"{name}: {len(trials)} settings x {paper['curve_seeds']} seeds",
                lambda build=build: build(deepest),
                IMAGE,
                images=epochs * paper["curve_seeds"] * IMAGES,
                batch=64,
            )
        )
    return work


def _questions(values: Values) -> float:
    return (
        values["repetitions"]
        * values["days"]
        / values["request_minutes"]
        * values["settings"]
    )
