"""The installer of system packages on every kind of machine, and the skip without."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import INSTALL, launch_chromium

SCRIPT = Path(__file__).with_name("install.sh")
BASH = shutil.which("bash")
INSTALLED = "install -y --no-install-recommends "
PACKAGES = pytest.mark.parametrize("package", ["chromium", "bubblewrap"])
Machine = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Function that runs the script where only the given programs exist."""

    def run(package: str, **programs: str) -> subprocess.CompletedProcess[str]:
        for name, body in programs.items():
            program = tmp_path / name.replace("_", "-")
            program.write_text(f"#!{BASH}\n{body}\n", encoding="utf-8")
            program.chmod(0o755)
        assert BASH is not None
        return subprocess.run(
            [BASH, SCRIPT, package],
            env={"PATH": str(tmp_path), "LOG": str(tmp_path / "log")},
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.parametrize(
    ("package", "program"), [("chromium", "google_chrome"), ("bubblewrap", "bwrap")]
)
def test_what_is_there_is_left_alone(
    machine: Machine, package: str, program: str
) -> None:
    done = machine(package, **{program: "exit 0"}, apt_get="exit 1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@PACKAGES
def test_root_installs_with_apt(machine: Machine, tmp_path: Path, package: str) -> None:
    done = machine(package, id="echo 0", apt_get='echo "$@" >> "$LOG"')
    assert done.returncode == 0 and not done.stderr
    calls = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert calls == ["update -qq", INSTALLED + package]


def test_sudo_without_password_installs(machine: Machine, tmp_path: Path) -> None:
    done = machine(
        "chromium", id="echo 1000", sudo='[[ "$1" == -n ]] && shift && "$@"; exit',
        true="exit 0", apt_get='echo "$@" >> "$LOG"',
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr
    assert INSTALLED + "chromium" in (tmp_path / "log").read_text(encoding="utf-8")


@PACKAGES
@pytest.mark.parametrize(
    ("programs", "told"),
    [
        ({}, {"chromium": "-m playwright install", "bubblewrap": "Linux only"}),
        ({"id": "echo 1000", "apt_get": "exit 1"}, "sudo apt-get install -y"),
        ({"id": "echo 0", "apt_get": "exit 1"}, "could not be installed"),
    ],
    ids=["no apt", "no rights", "apt fails"],
)
def test_elsewhere_it_says_what_to_do(
    machine: Machine, package: str, programs: dict[str, str], told: Any
) -> None:
    done = machine(package, **programs)
    assert done.returncode == 0
    words = told if isinstance(told, str) else told[package]
    assert words in done.stderr and " will skip" in done.stderr


def test_another_package_is_refused(machine: Machine) -> None:
    done = machine("emacs", apt_get="exit 0")
    assert done.returncode == 2 and "usage: " in done.stderr


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
