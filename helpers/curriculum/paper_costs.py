"""What scale ``paper`` of a notebook would take: hours, dollars, GPU memory.

Estimates: see `helpers.paper_work`. A part on the processor is what scale ``default``
took here, or what its table allows it, times a ratio of work.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from helpers import paths
from helpers.curriculum.results import RunResult, run_folder
from helpers.names import suggest
from helpers.paper_work import Gpu, GpuWork, Values, Work
from helpers.parameters import ParameterError
from helpers.scales import NotebookSpec, resolve

PRICED = ("gpu", "cpu")


@dataclass(frozen=True)
class Rates:
    """Assumed speed and prices, and of when they are."""

    gpu: Gpu
    cpu_name: str
    cpu_dollars: float
    as_of: str
    status: str

    def __str__(self) -> str:
        return (
            f"{self.gpu.name}: {self.gpu.tflops:g} TFLOP/s in bfloat16 at "
            f"{100 * self.gpu.share:g} %, {self.gpu.terabytes_per_second:g} TB/s, "
            f"{1000 * self.gpu.seconds_per_layer:g} ms a layer and pass at least, "
            f"${self.gpu.dollars_per_hour:g} an hour; {self.cpu_name}: "
            f"${self.cpu_dollars:g} an hour ({self.as_of}; {self.status})"
        )


@dataclass(frozen=True)
class Estimate:
    """One part of a notebook.

    Attributes
    ----------
    hours, dollars : float
    gib : float, optional
        GPU memory; None for a part on the processor.
    formula : str
    """

    what: str
    hours: float
    dollars: float
    gib: float | None
    formula: str
    extra: bool


def rates(prices: Sequence[str] = ()) -> Rates:
    """Those of ``data/paper_costs.json``, with prices like ``gpu=2.5`` instead.

    Raises
    ------
    ParameterError
        If a price is not of that form.
    """
    table = json.loads((paths.DATA / "paper_costs.json").read_text(encoding="utf-8"))
    gpu, cpu = Gpu(**table["gpu"]), table["cpu"]
    found = Rates(
        gpu, cpu["name"], cpu["dollars_per_hour"], table["as_of"], table["status"]
    )
    for word in prices:
        name, _, text = word.partition("=")
        try:
            dollars = float(text)
        except ValueError:
            dollars = -1.0
        if name not in PRICED or not 0 <= dollars < float("inf"):
            raise ParameterError(
                f"--price {word}{suggest(name, PRICED)} (allowed: gpu=USD or cpu=USD, "
                "per hour)"
            )
        if name == "gpu":
            found = replace(found, gpu=replace(found.gpu, dollars_per_hour=dollars))
        else:
            found = replace(found, cpu_dollars=dollars)
    return found


def measured(spec: NotebookSpec) -> tuple[float, str]:
    """Seconds of scale ``default``: of its last run here, else as its table says."""
    last = RunResult.load(run_folder(spec.name, "default", {}))
    if last is not None and last.passed:
        return last.seconds, "measured here"
    return spec.scale("default").seconds, "of the scale table"


def estimates(spec: NotebookSpec, assumed: Rates) -> list[Estimate]:
    """Every part of a notebook at scale ``paper``; none without a plan."""
    if not spec.plan:
        return []
    seconds, source = measured(spec)
    return [
        _estimate(work, assumed, seconds, source)
        for work in _plan_of(spec)(_values(spec, "default"), _values(spec, "paper"))
    ]


def _plan_of(spec: NotebookSpec) -> Callable[[Values, Values], list[Work]]:
    module, _, name = spec.plan.partition(":")
    found: Callable[[Values, Values], list[Work]] = getattr(
        importlib.import_module(module), name
    )
    return found


def _values(spec: NotebookSpec, scale: str) -> Values:
    return {**resolve(spec, scale, {}), "seeds": spec.scale(scale).seeds}


def _estimate(work: Work, assumed: Rates, default: float, source: str) -> Estimate:
    if isinstance(work, GpuWork):
        seconds, longest = work.longest(assumed.gpu)
        price, gib = assumed.gpu.dollars_per_hour, work.gib
        formula = f"{work.formula}; most of it {longest}"
    else:
        seconds, price, gib = work.ratio * default, assumed.cpu_dollars, None
        formula = f"{work.ratio:.3g} x {default:.0f} s ({source}), by {work.formula}"
    hours = seconds / 3600
    return Estimate(work.what, hours, hours * price, gib, formula, work.extra)
