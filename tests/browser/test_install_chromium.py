"""The installer of Chromium on every kind of machine, and the skip where it fails."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import INSTALL, launch_chromium

SCRIPT = Path(__file__).with_name("install_chromium.sh")
BASH = shutil.which("bash")
INSTALLED = "install -y --no-install-recommends chromium"
Machine = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Function that runs the script where only the given programs exist."""

    def run(**programs: str) -> subprocess.CompletedProcess[str]:
        for name, body in programs.items():
            program = tmp_path / name.replace("_", "-")
            program.write_text(f"#!{BASH}\n{body}\n", encoding="utf-8")
            program.chmod(0o755)
        assert BASH is not None
        return subprocess.run(
            [BASH, SCRIPT],
            env={"PATH": str(tmp_path), "LOG": str(tmp_path / "log")},
            capture_output=True,
            text=True,
        )

    return run


def test_chromium_is_there(machine: Machine) -> None:
    done = machine(chromium="exit 0", apt_get="exit 1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_root_installs_with_apt(machine: Machine, tmp_path: Path) -> None:
    done = machine(id="echo 0", apt_get='echo "$@" >> "$LOG"')
    assert done.returncode == 0 and not done.stderr
    calls = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert calls == ["update -qq", INSTALLED]


def test_sudo_without_password_installs(machine: Machine, tmp_path: Path) -> None:
    done = machine(
        id="echo 1000", sudo='[[ "$1" == -n ]] && shift && "$@"; exit',
        true="exit 0", apt_get='echo "$@" >> "$LOG"',
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr
    assert INSTALLED in (tmp_path / "log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("programs", "told"),
    [
        ({}, "-m playwright install chromium"),
        ({"id": "echo 1000", "apt_get": "exit 1"}, "sudo apt-get install -y"),
        ({"id": "echo 0", "apt_get": "exit 1"}, "could not be installed"),
    ],
    ids=["no apt", "no rights", "apt fails"],
)
def test_elsewhere_it_says_what_to_do(
    machine: Machine, programs: dict[str, str], told: str
) -> None:
    done = machine(**programs)
    assert done.returncode == 0
    assert told in done.stderr and "browser tests will skip" in done.stderr


def test_the_skip_names_the_command() -> None:
    playwright_api = pytest.importorskip("playwright.sync_api")

    class Missing:
        def __init__(self) -> None:
            self.chromium = self

        def launch(self, **_: object) -> None:
            raise playwright_api.Error("Executable doesn't exist\nat /nowhere")

    with pytest.raises(pytest.skip.Exception) as skipped:
        launch_chromium(Missing())
    assert INSTALL in str(skipped.value) and "doesn't exist" in str(skipped.value)
