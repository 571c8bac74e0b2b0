"""Jobs, limits and outcomes: what is refused, and how they compare."""

from __future__ import annotations

import pytest

from helpers.sandbox.jobs import Cases, Job
from helpers.sandbox.limits import Limits
from helpers.sandbox.verdicts import Outcome, Verdict

RIGHT = "def f(x):\n    return 2 * x\n"
CASES = Cases((((1,), 2), ((3,), 6)))


def job(tests: Cases = CASES) -> Job:
    """A job whose entry point is f."""
    return Job(RIGHT, "f", tests)


class TestBadInput:
    """Clear errors before any program runs."""

    @pytest.mark.parametrize(
        "values",
        [
            {"memory_mib": 1},
            {"memory_mib": 100.5},
            {"cpu_seconds": 0},
            {"cpu_seconds": float("nan")},
            {"wall_seconds": "9"},
            {"output_bytes": True},
            {"cpu_seconds": 9, "wall_seconds": 8},
        ],
    )
    def test_limits(self, values):
        """Each limit has a range; wall time is no less than processor time."""
        with pytest.raises(ValueError, match="allowed"):
            Limits(**values)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: Cases(()),
            lambda: Cases((((1,), 2),), "stict"),
            lambda: Cases((([1], 2),)),
            lambda: Cases((((object(),), 2),)),
            lambda: Cases((((1,), len),)),
            lambda: Cases(((1,),)),
            lambda: Job(RIGHT, "not a name", CASES),
            lambda: Job(b"", "f", CASES),
            lambda: Job(RIGHT, "f", "assert f(1) == 2"),
        ],
    )
    def test_jobs(self, make):
        """What is wrong, and what is allowed."""
        with pytest.raises(ValueError, match="allowed"):
            make()


def test_jobs_as_keys():
    """Jobs with lists in them can be hashed; 1, 1.0 and True are different."""
    same = [job(Cases(((([1, {2: 3}],), 2),))) for _ in range(2)]
    assert len(set(same)) == 1
    assert len({job(Cases((((x,), 2),))) for x in (1, 1.0, True)}) == 3
    assert job() != job(Cases(CASES.calls, "python"))


def test_outcome():
    """Short text for tables."""
    assert str(Outcome(Verdict.EXC, "KeyError", 0.1)) == "EXC(KeyError)"
    assert str(Outcome(Verdict.PASS)) == "PASS" and Outcome(Verdict.PASS).passed
    assert not Outcome(Verdict.WRONG).passed
