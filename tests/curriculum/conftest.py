"""A project in a temporary folder: notebooks made of a few lines, and its command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from helpers import paths, scales
from helpers.curriculum.results import RunResult
from helpers.notebook_files import read_notebook, write_notebook

REPOSITORY = Path(__file__).resolve().parents[2]
PARAMETERS = """\
scale: str = "smoke"  # how large
seed: int = 0  # first seed
gamma: float = 0.5  # share of early agents
"""


def code(source: str, *tags: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": list(tags)},
        "outputs": [],
        "source": source,
    }


def text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


@dataclass
class Project:
    """Notebooks in ``root`` and the command that runs them."""

    root: Path

    def add(
        self,
        name: str,
        *cells: str | dict[str, Any],
        seconds: float = 60,
        memory_mib: int = 2000,
        parameters: str = PARAMETERS,
        head: str = "",
        table: str = "",
    ) -> Path:
        """Write a notebook and its table; a text that starts with # is Markdown."""
        made = [text(f"# {name}"), code(parameters, "parameters")]
        for cell in cells:
            if isinstance(cell, str):
                cell = text(cell) if cell.startswith("#") else code(cell)
            made.append(cell)
        notebook = {
            "cells": made,
            "metadata": {
                "kernelspec": {
                    "display_name": "Python 3",
                    "language": "python",
                    "name": "python3",
                },
                "language_info": {"name": "python"},
            },
            "nbformat": 4,
            "nbformat_minor": 4,
        }
        path = self.root / "notebooks" / f"{name}.ipynb"
        write_notebook(notebook, path)
        path.with_suffix(".toml").write_text(
            f'title = "{name}"\npaper = "none"\nchapter = "none"\n{head}\n'
            f"[limits.gamma]\nge = 0\nle = 1\n"
            f"[scales.smoke]\nseeds = 2\nseconds = {seconds}\n"
            f"memory_mib = {memory_mib}\n{table}\n"
        )
        return path

    def expect(self, notebook: str, **verdicts: str) -> None:
        """Commit verdicts for scale smoke."""
        path = self.root / "data" / "expected" / f"{notebook}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"verdicts": {"smoke": verdicts}, "history": []}))

    def environment(self) -> dict[str, str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("CURRICULUM_")}
        return env | {
            "CURRICULUM_ROOT": str(self.root),
            "PYTHONPATH": str(REPOSITORY),
            "JUPYTER_DATA_DIR": str(self.root / "jupyter"),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command, running."""
        return subprocess.Popen(
            [sys.executable, "-m", "helpers.curriculum", *arguments],
            cwd=self.root,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command, finished."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=150)
        return subprocess.CompletedProcess(
            arguments, process.returncode, stdout=out, stderr=err
        )

    def folder(self, notebook: str) -> Path:
        return self.root / "build" / "runs" / notebook / "smoke"

    def result(self, notebook: str) -> RunResult:
        result = RunResult.load(self.folder(notebook))
        assert result is not None, f"{notebook} has no result"
        return result

    def executed(self, notebook: str) -> dict[str, Any]:
        return read_notebook(self.folder(notebook) / "executed.ipynb")

    def processes(self) -> list[psutil.Process]:
        """Live processes that belong to this project, wherever they hang."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get("CURRICULUM_ROOT") == str(self.root)
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def wait_until_empty(self, seconds: float) -> list[psutil.Process]:
        """Processes that are still there after at most ``seconds``."""
        deadline = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left


@pytest.fixture(scope="session")
def new_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Project]:
    """Makes empty projects."""
    return lambda: Project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project that ``helpers`` in this process takes for its own, too."""
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "DATA", tmp_path / "data")
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(paths, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(scales, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.delenv("CURRICULUM_DATA", raising=False)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    (tmp_path / "notebooks").mkdir()
    return Project(tmp_path)
