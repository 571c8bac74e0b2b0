"""The order of sets is pinned, and verdicts are told as they are reached."""

import os
import subprocess
import sys

import pytest

from helpers.sandbox.jobs import Cases, Job
from helpers.sandbox.sandbox import Sandbox

ORDER = "def order():\n    return [*{*'abcdefgh'}]\n"


def opened(**settings):
    try:
        return Sandbox(workers=1, **settings)
    except RuntimeError as error:
        pytest.skip(f"no sandbox here: {error}")


@pytest.mark.parametrize("seed", [0, 2, 4294967295])
def test_sets_have_the_order_of_an_interpreter_with_that_seed(seed):
    found = subprocess.run(
        [sys.executable, "-c", ORDER + "print(''.join(order()))"],
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = list(found.stdout.strip())
    with opened(hash_seed=seed) as sandbox:
        outcome = sandbox.run(Job(ORDER, "order", Cases((((), expected),))))
    assert outcome.passed


@pytest.mark.parametrize("seed", [-1, 1 << 32])
def test_seeds_that_python_does_not_know(seed):
    with pytest.raises(ValueError, match="allowed: 0 to"):
        Sandbox(hash_seed=seed)


def test_every_distinct_job_is_told_once():
    jobs = [
        Job(f"def f():\n    return {n}\n", "f", Cases((((), 1),))) for n in (0, 1, 2)
    ]
    told = []
    with opened() as sandbox:
        outcomes = sandbox.run_many(
            [*jobs, jobs[1]], done=lambda job, outcome: told.append((job, outcome))
        )
    assert len(told) == 3 and dict(told) == dict(zip(jobs, outcomes[:3], strict=True))
    assert [outcome.passed for outcome in outcomes] == [False, True, False, True]


def test_what_was_told_before_an_interruption_stays_told():
    jobs = [
        Job(f"def f():\n    return {n}\n", "f", Cases((((), 1),))) for n in range(9)
    ]
    told = []

    def stop(job, outcome):
        told.append(job)
        if len(told) == 3:
            raise KeyboardInterrupt

    with opened() as sandbox:
        with pytest.raises(KeyboardInterrupt):
            sandbox.run_many(jobs, done=stop)
        assert told == jobs[:3] and sandbox.run(jobs[1]).passed
