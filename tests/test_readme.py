"""The README keeps its word: its table is current, its commands and snippets run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from PIL import Image

from helpers.curriculum import offline, readme
from helpers.curriculum.cli import app
from helpers.curriculum.jobs import make_jobs
from helpers.notebook_files import read_notebook
from helpers.paths import ROOT
from helpers.scales import all_specs

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PICTURE_BYTES = 300_000
LONGEST = 92  # columns; a row of a table and a picture's text may be longer
PAPERS = 6

# Commands that a test may really run: seconds each, and nothing is left behind.
FAST = (
    *("curriculum list", "curriculum params", "curriculum run template"),
    *("curriculum sweep template", "curriculum exercises", "papermill"),
)


def blocks(text: str, language: str) -> list[str]:
    """Contents of the fenced blocks of a language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


SNIPPETS = blocks(TEXT, "python")
COMMANDS = [
    part.strip()
    for text in (TEXT, GUIDE)
    for block in blocks(text, "sh")
    for line in block.splitlines()
    for part in re.sub(r"\s+#.*", "", line).split("&&")
    if part.strip()
]
CURRICULUM = [c for c in COMMANDS if c.startswith(".venv/bin/curriculum")]


def start(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a Python command without a network, in a folder that was empty before."""
    environment = os.environ | offline.environment()
    environment |= {
        "CURRICULUM_BUILD": str(folder / "build"),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(offline.GUARD), str(ROOT)]),
    }
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


# --- the table and the picture ------------------------------------------------------


def test_the_table_is_current() -> None:
    current = readme.rewritten(TEXT, readme.table(all_specs()))
    assert current == TEXT, "bring it up to date with: curriculum readme"


def test_every_paper_has_a_row_with_all_cells() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| [0")]
    assert len(rows) >= PAPERS
    for row in rows[:PAPERS]:
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        assert len(cells) == 7 and all(cells), row
        assert cells[2].endswith("?") and re.search(r"[●◐○]\u00a0\d", cells[6]), row


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no markers", "one line"),
        (f"{readme.BEGIN}\n{readme.BEGIN}\n{readme.END}", "one line"),
        (f"{readme.END}\n{readme.BEGIN}", "stands before"),
    ],
)
def test_markers_that_are_wrong_are_told(text: str, words: str) -> None:
    with pytest.raises(readme.ParameterError, match=words):
        readme.rewritten(text, "| row |")


def test_writing_changes_what_stands_between_the_markers_only(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    text = f"before\n{readme.BEGIN}\nstale row\n{readme.END}\nafter\n"
    path.write_text(text, encoding="utf-8")
    assert readme.write_readme(path) == (path, True)
    assert readme.write_readme(path) == (path, False)
    text = path.read_text("utf-8")
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert "stale row" not in text and readme.table(all_specs()) in text


def test_the_picture_is_there_small_and_told_in_words() -> None:
    alt, target = re.search(r"!\[([^\]]+)\]\(([^)]+)\)", TEXT).groups()
    path = ROOT / target
    assert path.stat().st_size <= PICTURE_BYTES
    with Image.open(path) as picture:
        assert picture.width > 1000
    assert len(alt.split()) >= 30


# --- links and lines ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert target.startswith("https://") or (ROOT / target).exists(), target
    for number, line in enumerate(text.splitlines(), 1):
        assert len(line) <= LONGEST or line.startswith(("|", "![")), f"line {number}"


# --- commands -----------------------------------------------------------------------


def test_commands_are_found() -> None:
    assert len(CURRICULUM) >= 8
    assert all(any(f".venv/bin/{fast}" in c for c in COMMANDS) for fast in FAST)
    assert {c.split()[0] for c in COMMANDS} <= {
        *("git", "cd", "make", "python3", ".venv/bin/pip", ".venv/bin/pre-commit"),
        *(".venv/bin/curriculum", ".venv/bin/papermill"),
    }


def test_targets_of_make_exist() -> None:
    targets = re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"))
    named = re.findall(r"\bmake((?: [a-z]+)+)`", TEXT + GUIDE)
    named += [c.removeprefix("make") for c in COMMANDS if c.startswith("make ")]
    wanted = {word for words in named for word in words.split()}
    assert {"run", "test", "lab", "picture"} <= wanted
    assert wanted <= set(targets)


def understood(name: str, words: list[str]) -> dict[str, Any]:
    """Values of a subcommand's options and arguments; an error where it has none."""
    commands = typer.main.get_command(app).commands
    assert name in commands, f"there is no command {name}"
    return commands[name].make_context(name, list(words)).params


@pytest.mark.parametrize("command", CURRICULUM)
def test_commands_are_understood(command: str) -> None:
    """Options, notebooks, parameters: all but running it."""
    _, name, *words = shlex.split(command)
    given = understood(name, words)
    if name == "run" and command in TEXT:  # the guide's chapter is still to be written
        assert make_jobs(given["notebooks"], given["scale"], given["parameter"] or [])


@pytest.mark.parametrize(
    "command",
    [c for c in COMMANDS if c.startswith(tuple(f".venv/bin/{fast}" for fast in FAST))],
)
def test_fast_commands_run(command: str, tmp_path: Path) -> None:
    program, *words = shlex.split(command)
    module = {"curriculum": "helpers.curriculum", "papermill": "papermill"}
    words = [str(ROOT / w) if w.startswith("notebooks/") else w for w in words]
    done = start(["-m", module[program.rpartition("/")[2]], *words], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    if program.endswith("papermill"):
        made = read_notebook(tmp_path / "out.ipynb")
        outputs = [o for cell in made["cells"] for o in cell.get("outputs", [])]
        assert outputs and not [o for o in outputs if o["output_type"] == "error"]


def test_the_checker_of_commands_sees_what_is_wrong() -> None:
    assert understood("run", ["01", "--scale", "smoke"])["scale"] == "smoke"
    with pytest.raises(Exception, match="No such option: --scael"):
        understood("run", ["01", "--scael", "smoke"])


# --- snippets -----------------------------------------------------------------------


def test_there_is_a_short_snippet_for_each_paper() -> None:
    assert len(SNIPPETS) == PAPERS
    chapters = {spec.chapter for spec in all_specs() if spec.number <= "06"}
    named = set()
    for snippet in SNIPPETS:
        lines = [line for line in snippet.splitlines() if line.strip()]
        assert len(lines) <= 6, snippet
        assert max(map(len, lines)) <= 88, snippet
        named |= set(re.findall(r"helpers\.(\w+)", snippet)) & chapters
    assert len(named) == PAPERS


@pytest.mark.parametrize("number", range(PAPERS))
def test_snippets_run_as_printed(number: int, tmp_path: Path) -> None:
    script = tmp_path / "snippet.py"
    script.write_text(SNIPPETS[number], encoding="utf-8")
    done = start(["snippet.py"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "it shows nothing"


# --- citation -----------------------------------------------------------------------


def test_the_citation_names_every_paper_and_nothing_unknown() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software" and citation["license"] == "MIT"
    assert {"message", "title", "authors"} <= citation.keys()
    found = {}
    for reference in citation["references"]:
        assert {"type", "title", "authors", "identifiers"} <= reference.keys()
        assert all(author for author in reference["authors"])
        values = [i["value"] for i in reference["identifiers"] if i["type"] == "other"]
        found[values[0].removeprefix("arXiv:")] = reference["title"]
    papers = {s.paper.removeprefix("arXiv ") for s in all_specs() if s.number <= "06"}
    assert set(found) == {p for p in papers if re.fullmatch(r"\d{4}\.\d{5}", p)}
    for spec in all_specs():
        title = found.get(spec.paper.removeprefix("arXiv "))
        if title:
            cited = read_notebook(spec.path)["cells"][0]["source"]
            assert f"**{title}**" in cited, f"notebook {spec.number} says otherwise"
