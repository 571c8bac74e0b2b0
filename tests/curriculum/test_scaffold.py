"""A new chapter: written under its own names, runs at once, and overwrites nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.curriculum.lint import lint_notebook
from helpers.curriculum.results import RunResult
from helpers.curriculum.scaffold import FILES, new_chapter
from helpers.parameters import ParameterError
from helpers.paths import ROOT
from helpers.scales import find_spec


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with the package, the template and what it links to."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "helpers", tmp_path / "helpers", ignore=ignore)
    for name in ("CONTRIBUTING.md", *FILES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def listing(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*.*")}


def test_a_new_chapter_runs_and_lint_asks_for_words_only(root: Path) -> None:
    before = listing(root)
    made = new_chapter("08", "random_walks", root)
    assert {k: v for k, v in listing(root).items() if k in before} == before
    assert len(made) == len(FILES) + 1 and all(path.is_file() for path in made)
    for path in made:
        text = path.read_text("utf-8")
        assert "template" not in text.lower(), path
        assert "curriculum.exercises" not in text and "**Rule" not in text, path
    spec = find_spec("08", root / "notebooks")
    assert (spec.chapter, spec.question[-1]) == ("random_walks", "?")
    errors = [f for f in lint_notebook(spec.path) if f.is_error]
    assert [f.rule for f in errors] == ["size"], "what its author has to write"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CURRIC")}
    environment |= {"PYTHONPATH": str(root), "CURRICULUM_ROOT": str(root)}
    for words, code in (
        (["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/random_walks"], 0),
        (["-m", "helpers.curriculum", "run", "08", "-s", "smoke"], 1),
        (["-m", "helpers.curriculum", "bless", "08", "--why", "first run"], 0),
        (["-m", "helpers.curriculum", "run", "08", "-s", "smoke"], 0),
    ):
        done = subprocess.run(
            [sys.executable, *words],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
    result = RunResult.load(root / "build" / "runs" / spec.name / "smoke")
    assert result is not None and result.claims


@pytest.mark.parametrize(
    ("number", "name", "words"),
    [
        ("8", "walks", "not two digits"),
        ("08", "Random Walks", "lower-case words joined by _"),
        ("08", "1st", "lower-case words"),
        ("99", "walks", "99_template is there"),
        ("08", "template", "99_template is there"),
        ("08", "spot_tuning", r"helpers\.spot_tuning is there"),
        ("08", "claims", r"helpers\.claims is there"),
    ],
)
def test_bad_names_write_nothing(
    root: Path, number: str, name: str, words: str
) -> None:
    before = listing(root)
    with pytest.raises(ParameterError, match=words):
        new_chapter(number, name, root)
    assert listing(root) == before


def test_a_file_that_exists_is_kept(root: Path) -> None:
    (root / "tests" / "walks").mkdir(parents=True)
    kept = root / "tests" / "walks" / "test_method.py"
    kept.write_text("mine\n")
    before = listing(root)
    with pytest.raises(ParameterError, match=r"test_method\.py exists"):
        new_chapter("08", "walks", root)
    assert listing(root) == before
