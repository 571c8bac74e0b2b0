"""The ``curriculum`` command: one function per subcommand.

Exit codes: 0 all passed, 1 something failed, 2 bad input or a machine that lacks
something, 130 interrupted.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from helpers import __version__
from helpers.curriculum.cli_doctor import doctor
from helpers.curriculum.cli_fetch import fetch
from helpers.curriculum.cli_sweep import sweep
from helpers.curriculum.tables import print_table
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
    print_table(table)


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
            escape(parameter.annotation),
            escape(default),
            ", ".join(limits) or "–",
            escape(parameter.help),
        )
    print_table(table)


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
    force: Annotated[
        bool,
        typer.Option(help="Run also what is up to date; cached stages are still used."),
    ] = False,
    timeout_factor: Annotated[
        float, typer.Option(min=0.01, help="Multiplies the allowed time.")
    ] = 1.0,
) -> None:
    """Run notebooks (all by default) and judge their claims."""
    from helpers.curriculum.doctor import missing
    from helpers.curriculum.jobs import make_jobs
    from helpers.curriculum.runner import run_notebooks
    from helpers.curriculum.status import Status, print_failures

    made = make_jobs(notebooks or [], scale, parameter or [])
    lacking = [
        f"{job} needs {line}" for job in made for line in missing([job], offline)
    ]
    if lacking:
        raise ParameterError("nothing was started: " + "; ".join(lacking))
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


app.command()(sweep)
app.command()(fetch)
app.command()(doctor)


@app.command()
def bless(
    notebook: str,
    why: Annotated[str, typer.Option(help="The reason, kept in the file's history.")],
    scale: Annotated[
        list[str] | None,
        typer.Option("--scale", "-s", help="Scales; all that were run by default."),
    ] = None,
    lower: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLAIM=VERDICT",
            help="Expect less of a claim than the run shows, since another seed or "
            "number of threads gives less. It stays so until the claim is named with "
            "the run's own verdict.",
        ),
    ] = None,
) -> None:
    """Commit the verdicts of the last runs as the expected ones."""
    from helpers.curriculum import bless as blessing
    from helpers.curriculum.results import expected_file

    spec = find_spec(notebook)
    table = Table("scale", "claim", "old verdict", "new verdict", "")
    changes = blessing.bless(spec, why, scale, blessing.parse_lower(lower or []))
    for change in changes:
        mark = "" if change.old == change.new else "changed"
        if change.run:
            mark = f"{mark}, below the run's {change.run}".removeprefix(", ")
        table.add_row(
            change.scale, change.claim, change.old or "–", change.new or "–", mark
        )
    print_table(table)
    count = sum(change.old != change.new for change in changes)
    print(f"{count} changed; written to {expected_file(spec.name)}")


@app.command()
def report() -> None:
    """Write build/report/index.html from the executed notebooks."""
    from helpers.curriculum.report import build_report

    print(build_report())


@app.command()
def exercises(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write.")
    ],
    notebooks: Names = None,
    force: Annotated[
        bool, typer.Option(help="Overwrite files that were changed in that folder.")
    ] = False,
) -> None:
    """Write the notebooks (all by default) without their solutions, to work in."""
    from helpers.curriculum.exercise_set import write_exercises

    chosen = [find_spec(name) for name in notebooks or []] or all_specs()
    table = Table("notebook", "exercise", "difficulty", "minutes")
    found = write_exercises(chosen, out, force)
    for sheet in found:
        for task in sheet.exercises:
            title = escape(f"{task.number}: {task.title}")
            table.add_row(sheet.spec.name, title, task.difficulty, str(task.minutes))
    print_table(table)
    minutes = sum(task.minutes for sheet in found for task in sheet.exercises)
    print(f"{table.row_count} exercises, {minutes} minutes; written to {out}")


@app.command()
def new(
    number: Annotated[str, typer.Argument(help="Two digits: 08.")],
    name: Annotated[str, typer.Argument(help="Lower-case words: random_walks.")],
) -> None:
    """Start a chapter: a copy of the template that runs, to be rewritten."""
    from helpers import paths
    from helpers.curriculum.scaffold import new_chapter

    for path in new_chapter(number, name):
        print(path.relative_to(paths.ROOT))
    print("Next: Add a paper, in CONTRIBUTING.md")


@app.command()
def readme() -> None:
    """Write the README's table of notebooks from the scale tables and verdicts."""
    from helpers.curriculum.readme import write_readme

    path, changed = write_readme()
    print(f"{path}: {'rewritten' if changed else 'up to date'}")


@app.command()
def lint(notebooks: Names = None) -> None:
    """Check notebooks (all by default) against the rules of the template."""
    from helpers.curriculum.lint import lint_notebooks

    chosen = [find_spec(name).path for name in notebooks or []]
    findings = lint_notebooks(chosen or None)
    for finding in findings:
        print(finding)
    raise typer.Exit(int(any(finding.is_error for finding in findings)))
