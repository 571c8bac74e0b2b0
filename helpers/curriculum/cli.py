"""The ``curriculum`` command: one function per subcommand.

Exit codes: 0 all passed, 1 something failed, 2 bad input or a machine that lacks
something, 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from helpers import __version__
from helpers.parameters import ParameterError
from helpers.scales import all_specs, find_spec

app = typer.Typer(
    help="Six research papers, reproduced in notebooks: run, check and read them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Names = Annotated[
    list[str] | None, typer.Argument(help="01, self_assembly or 01_self_assembly.")
]
ScaleOption = Annotated[
    str, typer.Option("--scale", "-s", help="smoke, default or paper.")
]


def main() -> None:
    """Entry point: bad input is one line on standard error and exit code 2."""
    try:
        app()
    except ParameterError as error:
        print(f"curriculum: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _print(table: Table) -> None:
    """A table on a terminal; tab-separated lines in a pipe or a file."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table)
        return
    columns = [list(column.cells) for column in table.columns]
    print("\t".join(str(column.header) for column in table.columns))
    for row in zip(*columns, strict=True):
        print("\t".join(str(cell) for cell in row))


def _version(wanted: bool) -> None:
    if wanted:
        print(f"curriculum {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show.")
    ] = False,
) -> None:
    """Six research papers, reproduced in notebooks: run, check and read them."""


@app.command("list")
def list_notebooks() -> None:
    """Notebooks, what each scale costs, and how the last run ended."""
    from helpers.curriculum.results import RunResult, run_folder

    table = Table("notebook", "title", "scale", "budget", "memory", "needs", "last run")
    for spec in all_specs():
        for name, row in spec.scales.items():
            needs = [w for w in ("internet", "gpu") if getattr(row, w)]
            last = RunResult.load(run_folder(spec.name, name, {}))
            table.add_row(
                spec.name,
                spec.title,
                name,
                f"{row.seconds:g} s",
                f"{row.memory_mib} MiB",
                ", ".join(needs) or "–",
                f"{last.status}, {last.seconds:.0f} s" if last else "–",
            )
    _print(table)


@app.command()
def params(notebook: str) -> None:
    """Parameters of a notebook: name, type, default, limits, meaning."""
    spec = find_spec(notebook)
    table = Table("name", "type", "default", "limits", "meaning")
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    for name, parameter in spec.parameters().items():
        limits = [f"{signs.get(k, k)} {v}" for k, v in parameter.limits.items()]
        scaled = [
            f"{scale} {row.parameters[name]!r}"
            for scale, row in spec.scales.items()
            if name in row.parameters
        ]
        default = repr(parameter.default)
        if parameter.default is None and scaled:
            default = f"by scale: {', '.join(scaled)}"
        table.add_row(
            name,
            parameter.annotation.replace("[", r"\["),
            default.replace("[", r"\["),
            ", ".join(limits) or "–",
            parameter.help.replace("[", r"\["),
        )
    _print(table)


@app.command()
def run(
    notebooks: Names = None,
    scale: ScaleOption = "default",
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="Set a value."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Notebooks at a time."),
    ] = None,
    offline: Annotated[
        bool, typer.Option(help="Let connections fail, except to this machine.")
    ] = False,
    force: Annotated[bool, typer.Option(help="Run also what is up to date.")] = False,
    timeout_factor: Annotated[
        float, typer.Option(min=0.01, help="Multiplies the allowed time.")
    ] = 1.0,
) -> None:
    """Run notebooks (all by default) and judge their claims."""
    from helpers.curriculum.jobs import make_jobs
    from helpers.curriculum.runner import run_notebooks
    from helpers.curriculum.status import Status, print_failures

    made = make_jobs(notebooks or [], scale, parameter or [])
    results = run_notebooks(
        made,
        workers=jobs,
        offline=offline,
        force=force,
        timeout_factor=timeout_factor,
        status=Status(),
    )
    folders = {(job.name, job.scale): job.folder for job in made}
    failed = [
        (result, folders[result.notebook, result.scale])
        for result in results
        if not result.passed
    ]
    print_failures(failed)
    if len(results) < len(made) or any(r.status == "interrupted" for r, _ in failed):
        raise typer.Exit(130)
    raise typer.Exit(1 if failed else 0)


@app.command()
def report() -> None:
    """Write build/report/index.html from the executed notebooks."""
    from helpers.curriculum.report import build_report

    print(build_report())


if __name__ == "__main__":
    main()
