"""One small job, trained once for all tests: 32 texts, four epochs, two settings."""

from __future__ import annotations

import pytest

from helpers.capstone.jobs import JobPlan, LiveJob, run_live
from helpers.capstone.trial import Problem
from helpers.capstone.watching import Watched, watch

SMALL = Problem(train_size=32, validation_size=32, test_size=64, epochs=4)


@pytest.fixture(scope="package")
def uncached():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURRICULUM_CACHE", "off")
        yield


@pytest.fixture(scope="package")
def plan() -> JobPlan:
    return JobPlan(SMALL, (0.0, 0.5), (2,), 1, 1, winners=1, hours=3.0, delta=1e-4)


@pytest.fixture(scope="package")
def live(uncached, plan: JobPlan) -> LiveJob:
    return run_live(plan)


@pytest.fixture(scope="package")
def watched(uncached, live: LiveJob) -> Watched:
    chosen = (live.setting["p"], live.setting["rank"], live.plan.seed)
    return watch(SMALL, chosen, (1, 4), shown=24, first_steps=30, steps=20)
