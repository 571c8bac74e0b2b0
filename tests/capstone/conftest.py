"""One small job, trained once for all tests: 32 texts, four epochs, two settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from helpers.capstone.jobs import JobPlan, LiveJob, run_live
from helpers.capstone.trial import Problem
from helpers.capstone.watching import Watched, watch

SMALL = Problem(train_size=32, validation_size=32, test_size=64, epochs=4)


@contextmanager
def no_cache() -> Iterator[None]:
    """For the block alone: a fixture of the session would leave it off for others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURRICULUM_CACHE", "off")
        yield


@pytest.fixture(scope="session")
def plan() -> JobPlan:
    return JobPlan(SMALL, (0.0, 0.5), (2,), 1, 1, winners=1, hours=3.0, delta=1e-4)


@pytest.fixture(scope="session")
def live(plan: JobPlan) -> LiveJob:
    with no_cache():
        return run_live(plan)


@pytest.fixture(scope="session")
def watched(live: LiveJob) -> Watched:
    chosen = (live.setting["p"], live.setting["rank"], live.plan.seed)
    with no_cache():
        return watch(SMALL, chosen, (1, 4), shown=24, first_steps=30, steps=20)
