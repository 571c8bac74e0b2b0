"""Every notebook at smoke and default, offline: it runs and no claim got worse."""

from __future__ import annotations

import pytest

from helpers.curriculum.failures import report
from helpers.curriculum.jobs import Job, make_job
from helpers.curriculum.results import RunResult
from helpers.curriculum.runner import run_notebooks
from helpers.curriculum.status import Status
from helpers.scales import all_specs

pytestmark = pytest.mark.notebooks

JOBS = [
    make_job(spec, scale)
    for spec in all_specs()
    for scale in ("smoke", "default")
    if scale in spec.scales
]


@pytest.fixture(scope="module")
def results() -> dict[str, RunResult]:
    ran = run_notebooks(JOBS, offline=True, status=Status())
    return {f"{result.notebook} {result.scale}": result for result in ran}


@pytest.mark.parametrize("job", JOBS, ids=str)
def test_notebook(job: Job, results: dict[str, RunResult]) -> None:
    result = results[str(job)]
    assert result.passed, report(result, job.folder)
