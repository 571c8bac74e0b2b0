"""What sweeps and many notebooks cost beside the running: the figures of docs/scale.md.

One cell of the template is really run at smoke; a sweep's other cells get copies of
its result and of its executed notebook, so that everything but the notebook itself
happens: plan, record, resume, table, page and disk. Then the project's own work on
100 notebooks: reading their tables, keys, rules. With `--ray` also the tasks per
second that Ray hands out on this machine, each with as much to send as a cell.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("CURRICULUM_BUILD", tempfile.mkdtemp(prefix="sweep-"))

from helpers.curriculum.executors import LocalExecutor, Tell
from helpers.curriculum.jobs import Job, make_job
from helpers.curriculum.lint import lint_notebooks
from helpers.curriculum.pool import Settings
from helpers.curriculum.results import RunResult
from helpers.curriculum.sweep_grid import Sweep, make_sweep
from helpers.curriculum.sweep_report import write_sweep
from helpers.curriculum.sweep_run import run_sweep
from helpers.paths import write_atomic
from helpers.scales import all_specs, find_spec

NOTEBOOK = "template"
SIZES = (100, 1_000, 10_000)


class Copies(LocalExecutor):
    """An executor whose cells end at once with a copy of a real run."""

    def __init__(self, result: RunResult, notebook: bytes) -> None:
        super().__init__(Settings(1))
        self.result, self.notebook = result, notebook

    def run(
        self, jobs: Sequence[Job], tell: Tell, interrupted: Callable[[], bool]
    ) -> Iterator[tuple[Job, RunResult]]:
        for job in jobs:
            write_atomic(job.executed, self.notebook)
            own = {"key": job.key, "parameters": job.resolved}
            yield job, self.result.model_copy(update=own)


def plan(cells: int, people: int = 23) -> Sweep:
    days = ",".join(str(365 + i) for i in range(cells // 10))
    spec = find_spec(NOTEBOOK)
    return make_sweep(spec, "smoke", [f"days={days}"], 10, [f"people={people}"])


def real_run() -> tuple[RunResult, bytes]:
    """One cell, really run: its result and its executed notebook."""
    sweep = make_sweep(find_spec(NOTEBOOK), "smoke", ["people=23"])
    run = run_sweep(sweep, LocalExecutor(Settings(1)))
    (cell, result), *_ = run
    if result is None or not result.passed:
        raise SystemExit(f"the template did not run: {result and result.failure}")
    return result, cell.job.executed.read_bytes()


def timed(action: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    made = action()
    return made, time.perf_counter() - begun


def measure(cells: int, result: RunResult, notebook: bytes) -> None:
    copies = Copies(result, notebook)
    sweep, planned = timed(lambda: plan(cells))
    run, recorded = timed(lambda: run_sweep(sweep, copies))
    again, resumed = timed(lambda: run_sweep(sweep, copies))
    assert again.complete and len(run.results) == len(sweep.cells) == cells
    page, written = timed(lambda: write_sweep(again))
    table = page.with_name("table.parquet").stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    disk = sum(f.stat().st_size for f in sweep.home.rglob("*") if f.is_file())
    print(
        f"{cells:8}{planned:9.2f}{recorded:10.2f}{resumed:10.2f}{written:10.2f}"
        f"{page.stat().st_size / 2**20:10.1f}{table / 2**20:10.2f}"
        f"{disk / 2**20:10.0f}{peak:9.0f}"
    )


def measure_notebooks(count: int) -> None:
    """Milliseconds per notebook of what every command does, and of the rules."""
    source = find_spec(NOTEBOOK).path
    folder = Path(tempfile.mkdtemp(prefix="notebooks-"))
    for number in range(count):
        copy = folder / f"{number:02}_copy.ipynb"
        shutil.copy(source, copy)
        shutil.copy(source.with_suffix(".toml"), copy.with_suffix(".toml"))
    specs, read = timed(lambda: all_specs(folder))
    _, keyed = timed(lambda: [make_job(spec, "smoke").key for spec in specs])
    findings, linted = timed(lambda: lint_notebooks(sorted(folder.glob("*.ipynb"))))
    assert len(specs) == count and findings is not None
    print(
        f"\n{count} notebooks, ms each: table and parameters {1e3 * read / count:.1f}, "
        f"key {1e3 * keyed / count:.1f}, rules {1e3 * linted / count:.0f}"
    )


def measure_ray(tasks: int, size: int) -> None:
    """Tasks per second of a local Ray that each hand back ``size`` bytes."""
    import ray

    ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    task = ray.remote(lambda: b"x" * size).options(num_cpus=1)
    ray.get([task.remote() for _ in range(20)])  # its workers are up
    _, seconds = timed(
        lambda: [ray.get(r) for r in [task.remote() for _ in range(tasks)]]
    )
    print(f"Ray: {tasks / seconds:.0f} tasks/s of {size / 1024:.0f} KiB")
    ray.shutdown()


def main(arguments: Sequence[str] | None = None) -> int:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=SIZES[-1], help="largest sweep")
    parser.add_argument("--quick", action="store_true", help="a look that it runs")
    parser.add_argument("--ray", action="store_true", help="also Ray's dispatch")
    given = parser.parse_args(arguments)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    result, notebook = real_run()
    print(
        f"a cell: {result.seconds:.1f} s, {result.peak_memory_mib:.0f} MiB, "
        f"{len(notebook) / 1024:.0f} KiB of notebook, {len(result.claims)} claims\n"
    )
    print(
        f"{'cells':>8}{'plan s':>9}{'record s':>10}{'resume s':>10}{'write s':>10}"
        f"{'page MiB':>10}{'table MiB':>10}{'disk MiB':>10}{'RSS MiB':>9}"
    )
    for cells in SIZES[:1] if given.quick else SIZES:
        if cells <= given.most:
            measure(cells, result, notebook)
    measure_notebooks(10 if given.quick else 100)
    if given.ray:
        measure_ray(1_000, len(notebook))
    print(f"everything lies in {Path(os.environ['CURRICULUM_BUILD'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
