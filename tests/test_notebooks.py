"""The regression test: every notebook runs offline and no verdict is worse."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from helpers.curriculum.results import RunResult, run_folder
from helpers.paths import ROOT
from helpers.scales import all_specs


@pytest.mark.notebooks
@pytest.mark.parametrize("scale", ["smoke", "default"])
def test_all_notebooks_offline(scale: str, capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "helpers.curriculum", "run", "--scale", scale]
    # time ends only what hangs: how fast a machine is proves nothing
    command += ["--timeout-factor", "4"]
    # Reader's data are tried at smoke; the verdicts are those that all readers get.
    own = {"CURRICULUM_DATA"} if scale == "default" else set()
    environment = {k: v for k, v in os.environ.items() if k not in own}
    with capfd.disabled():  # shows the live status
        print()
        command += ["--offline", "--force"]
        done = subprocess.run(command, cwd=ROOT, env=environment)
    assert done.returncode == 0, "see the failures above"
    for spec in all_specs():
        result = RunResult.load(run_folder(spec.name, scale, {}))
        assert result is not None
        assert (result.status, result.offline) == ("passed", True)
        assert result.claims, "a notebook without claims proves nothing"
