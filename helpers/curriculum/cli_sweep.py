"""``curriculum sweep``: a notebook over a grid of parameters, here or on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from helpers.parameters import ParameterError
from helpers.scales import Scale, find_spec

if TYPE_CHECKING:
    from helpers.curriculum.executors import Executor


def sweep(
    notebook: str,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid",
            "-g",
            metavar="NAME=VALUE,VALUE,...",
            help="Values of one parameter; once per parameter, all combinations are "
            "run. A value with a comma in it stands in brackets or quotes.",
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(min=1, help="Runs per combination, each with seeds of its own."),
    ] = 1,
    scale: Annotated[
        str, typer.Option("--scale", "-s", help="smoke, default or paper.")
    ] = "default",
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter", "-p", metavar="NAME=VALUE", help="A value for all cells."
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            help="Cells at a time; by default as many as the cores, or the cluster, "
            "have room for.",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="local|auto|HOST:PORT",
            help="Run on Ray: started here, the cluster of this machine, or another. "
            "Every node needs the same project and packages, but no common disk.",
        ),
    ] = None,
    retries: Annotated[
        int, typer.Option(min=0, help="How often a failed cell is run again.")
    ] = 1,
    offline: Annotated[
        bool, typer.Option(help="Let connections fail, except to the same machine.")
    ] = False,
    force: Annotated[bool, typer.Option(help="Run also what is up to date.")] = False,
    timeout_factor: Annotated[
        float, typer.Option(min=0.01, help="Multiplies the allowed time of a cell.")
    ] = 1.0,
) -> None:
    """Run a notebook over a grid of parameters and gather its claims in one table.

    All values are checked before anything starts. Each cell is one run as of
    `curriculum run -p`, with the cores, memory and GPU of the notebook's scale table.
    An interrupted or killed sweep goes on when the same command is given again; cells
    are shared with other sweeps. The table (parquet), the figure and the page lie in
    build/sweeps/NOTEBOOK/.

    Repetition r starts at seed + r times the number of seeds that the scale uses, so
    that no two runs share one.

    Example: curriculum sweep 04 -s smoke -g p=0,0.2,0.5 -g rank=4,8 --seeds 5
    """
    from helpers.curriculum.doctor import missing
    from helpers.curriculum.status import print_failures
    from helpers.curriculum.sweep_grid import make_sweep
    from helpers.curriculum.sweep_report import TABLE, write_sweep
    from helpers.curriculum.sweep_run import run_sweep
    from helpers.curriculum.sweep_status import SweepStatus
    from helpers.curriculum.sweep_table import parameter_columns

    spec = find_spec(notebook)
    made = make_sweep(spec, scale, grid or [], seeds, parameter or [])
    parameter_columns(made)  # a clash of names is bad input
    row = made.cells[0].job.row
    lacking = [] if ray else missing([cell.job for cell in made.cells], offline)
    if lacking:
        raise ParameterError(f"nothing was started: {made} needs {'; '.join(lacking)}")
    executor = _executor(ray, row, jobs, offline, timeout_factor)
    print(f"{made} = {len(made.cells)} cells", flush=True)
    run = run_sweep(made, executor, retries=retries, force=force, status=SweepStatus())
    page = write_sweep(run)
    print_failures([(result, cell.job.folder) for cell, result in run.failed])
    print(page.with_name(TABLE))
    print(page)
    if run.interrupted:
        raise typer.Exit(130)
    raise typer.Exit(0 if run.complete else 1)


def _executor(
    ray: str | None,
    row: Scale,
    jobs: int | None,
    offline: bool,
    timeout_factor: float,
) -> Executor:
    from helpers import processors
    from helpers.curriculum.executors import LocalExecutor
    from helpers.curriculum.pool import Settings

    if ray is None:
        workers = jobs or max(1, processors.cores() // row.cores)
        return LocalExecutor(Settings(workers, offline, timeout_factor))
    from helpers.curriculum.ray_executor import MAX_SUBMITTED, RayExecutor

    settings = Settings(jobs or MAX_SUBMITTED, offline, timeout_factor, row.cores)
    return RayExecutor(ray, row, settings)
