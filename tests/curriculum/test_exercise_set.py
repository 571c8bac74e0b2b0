"""A set without solutions: complete, runnable where it lies, and never over work."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from nbclient import NotebookClient
from typer.testing import CliRunner

from helpers import paths
from helpers.curriculum.cli import app
from helpers.curriculum.exercise_set import RECORD, TARGET, Worksheet, write_exercises
from helpers.curriculum.lint_exercises import (
    FOLDED,
    exercises_in,
    import_statements,
)
from helpers.curriculum.lint_source import Source, tags
from helpers.parameters import ParameterError
from helpers.scales import all_specs, find_spec

NAMES = [spec.name for spec in all_specs()]
TEMPLATE = "99_template.ipynb"


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Worksheet]:
    """The set of all notebooks, by name."""
    out = tmp_path_factory.mktemp("class") / "set"
    return {sheet.spec.name: sheet for sheet in write_exercises(all_specs(), out)}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A folder with the template's worksheet."""
    write_exercises([find_spec("template")], tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_no_solution_is_left(whole: dict[str, Worksheet], name: str) -> None:
    original = read(paths.NOTEBOOKS / f"{name}.ipynb")
    solved = [c.source for c in original.cells if "solution" in tags(c)]
    kept = [c for c in original.cells if "solution" not in tags(c)]
    shown = {line for c in kept for line in c.source.splitlines()}
    secret = {line for text in solved for line in text.splitlines()} - shown
    copy = read(whole[name].path)
    assert len(secret) >= len(solved) == len(whole[name].exercises) >= 3
    text = "\n".join(c.source for c in copy.cells)
    assert not secret & set(text.splitlines())
    assert FOLDED not in text
    assert [c.id for c in copy.cells] == [c.id for c in kept]


@pytest.mark.parametrize("name", NAMES)
def test_worksheet_is_a_clean_notebook_whose_imports_work(
    whole: dict[str, Worksheet], name: str
) -> None:
    sheet = whole[name]
    notebook = read(sheet.path)
    nbformat.validate(notebook)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert not any(c.outputs or c.execution_count for c in code)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(import_statements(Source(sheet.path, notebook)), {"__name__": "set"})
    left = exercises_in(Source(sheet.path, notebook))
    assert all(task.stub and not task.solution for task in left)
    assert [(t.title, t.difficulty, t.minutes) for t in left] == [
        (t.title, t.difficulty, t.minutes) for t in sheet.exercises
    ]


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_files(whole: dict[str, Worksheet], name: str) -> None:
    sheet = whole[name]
    text = [c.source for c in read(sheet.path).cells if c.cell_type == "markdown"]
    found = [link for cell in text for link in TARGET.findall(cell)]
    local = [x for x in found if not x.startswith(("http", "mailto:", "#"))]
    assert any(link.startswith("figures/") for link in local)
    for link in local:
        assert (sheet.path.parent / unquote(link.partition("#")[0])).exists(), link


def test_worksheet_runs_where_it_lies(template: Path) -> None:
    notebook = read(template / TEMPLATE)
    cell = next(c for c in notebook.cells if "parameters" in tags(c))
    cell.source = cell.source.replace('"default"', '"smoke"')
    NotebookClient(notebook, resources={"metadata": {"path": template}}).execute()
    stubs = [c for c in notebook.cells if "exercise" in tags(c)]
    said = ["".join(out.get("text", "") for out in c.outputs) for c in stubs]
    assert all("not attempted yet" in text for text in said)
    assert len(said) == 3


def test_a_second_call_changes_nothing_and_renews_what_is_old(template: Path) -> None:
    before = {p: p.read_bytes() for p in template.rglob("*") if p.is_file()}
    write_exercises([find_spec("template")], template)
    assert {p: p.read_bytes() for p in template.rglob("*") if p.is_file()} == before
    old = template / "figures" / "99_overview.svg"
    old.write_text("<svg/>")
    record = json.loads((template / RECORD).read_text())
    sheet = [find_spec("template")]
    with pytest.raises(ParameterError, match=r"figures/99_overview\.svg"):
        write_exercises(sheet, template)
    old.write_bytes(before[old])
    (template / RECORD).write_text(json.dumps(record | {TEMPLATE: "an older one"}))
    write_exercises(sheet, template)
    assert json.loads((template / RECORD).read_text()) == record


def test_work_is_not_overwritten_unless_forced(template: Path) -> None:
    path = template / TEMPLATE
    written = path.read_bytes()
    worked = written.replace(b"raise NotImplementedError", b"return 1.0", 1)
    assert worked != written
    path.write_bytes(worked)
    runner = CliRunner()
    arguments = ["exercises", "01", "template", "--out", str(template)]
    refused = runner.invoke(app, arguments)
    assert isinstance(refused.exception, ParameterError)
    assert TEMPLATE in str(refused.exception)
    assert "--force" in str(refused.exception)
    assert path.read_bytes() == worked
    assert not (template / "01_self_assembly.ipynb").exists()  # nothing was written
    done = runner.invoke(app, [*arguments, "--force"])
    assert done.exit_code == 0
    assert path.read_bytes() == written
    assert (template / "01_self_assembly.ipynb").exists()


def test_a_file_from_elsewhere_is_not_overwritten(tmp_path: Path) -> None:
    shutil.copy(paths.NOTEBOOKS / TEMPLATE, tmp_path)
    with pytest.raises(ParameterError, match=TEMPLATE):
        write_exercises([find_spec("template")], tmp_path)


@pytest.mark.parametrize("force", [False, True])
def test_the_originals_and_files_are_no_place_for_it(
    tmp_path: Path, force: bool
) -> None:
    spec = find_spec("template")
    before = spec.path.read_bytes()
    with pytest.raises(ParameterError, match="the originals"):
        write_exercises([spec], spec.path.parent, force)
    assert spec.path.read_bytes() == before
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ParameterError, match="not a folder"):
        write_exercises([spec], file, force)
    with pytest.raises(ParameterError, match="cannot be written"):
        write_exercises([spec], file / "below", force)


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    out = tmp_path / "set"
    arguments = ["exercises", "template", "--out", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "notebook\texercise\tdifficulty\tminutes",
        "99_template\t1: The product\teasy\t5",
        "99_template\t2: How many people?\tmedium\t10",
        "99_template\t3: Three alike\thard\t20",
        f"3 exercises, 35 minutes; written to {out}",
    ]
    names = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert names == {TEMPLATE, "figures/99_overview.svg", RECORD}
