"""Every lint rule finds what it is for in a broken template, and nothing else."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from typer.testing import CliRunner

from helpers import paths
from helpers.curriculum import lint as lint_module
from helpers.curriculum.cli import app
from helpers.curriculum.lint import lint_notebook, lint_notebooks
from helpers.curriculum.lint_claims import expectation
from helpers.curriculum.lint_source import Finding, Source, prose

TEMPLATE = paths.NOTEBOOKS / "99_template.ipynb"
TABLE_RULE = "about"  # what it looks at stands in the scale table, not in a cell
Notebook = nbformat.NotebookNode
Mutation = Callable[[Notebook], object]


def cell(notebook: Notebook, id: str) -> Notebook:
    return next(c for c in notebook.cells if c.id == id)


def at(notebook: Notebook, id: str) -> int:
    return [c.id for c in notebook.cells].index(id)


def swap(id: str, old: str, new: str) -> Mutation:
    """Replace text in one cell; the text must be there."""

    def mutate(notebook: Notebook) -> None:
        target = cell(notebook, id)
        assert old in target.source, f"{old!r} is not in cell {id!r}"
        target.source = target.source.replace(old, new)

    return mutate


def insert(after: str, *new: Notebook) -> Mutation:
    """Insert cells after the cell with this id."""

    def mutate(notebook: Notebook) -> None:
        place = at(notebook, after) + 1
        notebook.cells[place:place] = new

    return mutate


def drop(id: str) -> Mutation:
    return lambda notebook: notebook.cells.pop(at(notebook, id))


def untag(id: str) -> Mutation:
    return lambda notebook: cell(notebook, id).metadata.pop("tags")


def code(source: str) -> Notebook:
    return new_code_cell(source)


def text(source: str) -> Notebook:
    return new_markdown_cell(source)


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[Mutation], list[Finding]]:
    """Lint a copy of the template after a mutation, or without a line of its table."""
    shutil.copytree(paths.NOTEBOOKS / "figures", tmp_path / "notebooks" / "figures")
    shutil.copy(paths.ROOT / "CONTRIBUTING.md", tmp_path)
    table = TEMPLATE.with_suffix(".toml")

    def lint(mutate: Mutation, without: str = "") -> list[Finding]:
        notebook = nbformat.read(TEMPLATE, as_version=4)
        mutate(notebook)
        path = tmp_path / "notebooks" / TEMPLATE.name
        lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not (without and line.startswith(without))]
        path.with_suffix(".toml").write_text("".join(kept), encoding="utf-8")
        nbformat.write(notebook, path)
        return lint_notebook(path)

    return lint


def swap_two(first: str, second: str) -> Mutation:
    def mutate(notebook: Notebook) -> None:
        i, j = at(notebook, first), at(notebook, second)
        cells = notebook.cells
        cells[i], cells[j] = cells[j], cells[i]

    return mutate


def add_output(notebook: Notebook) -> None:
    cell(notebook, "scratch").outputs = [new_output("stream", text="1")]


def count(notebook: Notebook) -> None:
    cell(notebook, "scratch").execution_count = 1


def old_format(notebook: Notebook) -> None:
    notebook.nbformat_minor = 4
    for item in notebook.cells:
        del item["id"]


def chapter(notebook: Notebook) -> None:
    """No longer a template: the usual counts apply."""
    del notebook.metadata["reprise"]


def wordy(notebook: Notebook) -> None:
    insert("theory", text("word " * 4000))(notebook)


def terse(notebook: Notebook) -> None:
    for item in notebook.cells[6:]:
        if item.cell_type == "markdown":
            item.source = item.source.partition("\n")[0]


def no_claims(notebook: Notebook) -> None:
    for item in notebook.cells:
        item.source = item.source.replace("record(", "print(")


REWORDED = "expect=near(0.507, absolute=0.02)"
CASES: list[tuple[str, str, Mutation]] = [
    # rule, what is wrong, how to break the template
    ("title", "two H1", insert("theory", text("# Another title"))),
    ("title", "no H1", swap("title", "# 99 ·", "99 ·")),
    ("title", "number of another file", swap("title", "# 99 ·", "# 01 ·")),
    ("citation", "no citation", swap("title", "doi.org", "example.org")),
    ("goals", "two goals", swap("goals", "\n- ", "\n")),
    ("goals", "six goals", swap("goals", "\n- say", "\n- a\n- b\n- say")),
    ("goals", "no word on the internet", swap("goals", "internet", "network")),
    ("goals", "no word on a GPU", swap("goals", "GPU", "card")),
    ("goals", "a scale left out", swap("goals", "| smoke |", "| tiny |")),
    ("goals", "other seconds", swap("goals", "| 15 s", "| 14 s")),
    ("goals", "other memory", swap("goals", "| 60 s | 1 GiB", "| 60 s | 2 GiB")),
    ("overview", "no figure", swap("overview", "![", "[")),
    ("overview", "not an SVG", swap("overview", "99_overview.svg", "../../x.png")),
    ("overview", "bare alt text", swap("overview", "Overview in four", "](x.svg) [")),
    ("parameters", "not tagged", untag("parameters")),
    ("parameters", "not the fourth cell", insert("title", text("More."))),
    ("parameters", "code before", insert("title", code("1"))),
    ("parameters", "tagged twice", lambda n: cell(n, "begin").metadata.update(
        tags=["parameters"])),
    ("parameters", "computed default", swap("parameters", "= 365", "= 73 * 5")),
    ("parameters", "no type", swap("parameters", "days: int", "days")),
    ("parameters", "no Python", swap("parameters", "days: int =", "days: int = =")),
    ("parameters", "no type of ours", swap("parameters", "days: int", "days: int[0]")),
    ("parameters", "no comment", swap("parameters", "# first seed;", "#\n#")),
    ("parameters", "no seed", swap("parameters", "seed: int", "sood: int")),
    ("parameters", "other default", swap("parameters", '"default"', '"paper"')),
    ("scales", "unknown name", swap("parameters", "groups: int", "group: int")),
    ("begin", "another name", swap("begin", '"99_template"', '"01_template"')),
    ("begin", "not called", swap("begin", "run = begin", "run = print")),
    ("imports", "elsewhere", insert("simulate", code("import json\njson"))),
    ("sections", "order", swap_two("theory", "from-scratch")),
    ("sections", "one missing", drop("discussion")),
    ("sections", "one more", insert("simulate", text("## Extra"))),
    ("sections", "twice", insert("simulate", text("## Theory"))),
    ("sections", "references not last", insert("references", text("Bye."))),
    ("sections", "level skipped", swap("experiments", "### Twenty", "#### Twenty")),
    ("sections", "no code", lambda n: [drop("draw")(n), drop("explore-draw")(n)]),
    ("sections", "no table", swap("show", "show()", "1")),
    ("equations", "not numbered", swap("theory", r"\tag", r"\text")),
    ("size", "too few words", lambda n: [chapter(n), terse(n)]),
    ("size", "too many cells", lambda n: [chapter(n), insert(
        "simulate", *map(code, "1" * 60))(n)]),
    ("size", "too many words", lambda n: [chapter(n), wordy(n)]),
    ("empty", "no text", insert("theory", text(" "))),
    ("empty", "no code", insert("simulate", code(""))),
    ("cell-length", "26 lines", insert("simulate", code("1\n" * 25 + "1"))),
    ("line-length", "89 columns", insert("simulate", code('"' + "x" * 87 + '"'))),
    ("python", "magic", insert("simulate", code("%time 1"))),
    ("python", "syntax error", insert("simulate", code("for"))),
    ("tqdm", "widget bar", swap("begin", "import n", "from tqdm.auto import n, n")),
    ("outputs", "output", add_output),
    ("outputs", "count", count),
    ("outputs", "widgets", lambda n: n.metadata.update(widgets={})),
    ("outputs", "papermill", lambda n: n.metadata.update(papermill={})),
    ("kernel", "named", lambda n: n.metadata.kernelspec.update(name="my-env")),
    ("ids", "old format", old_format),
    ("format", "against the schema", lambda n: n.metadata.kernelspec.pop("name")),
    ("alt-text", "none", insert("theory", text("![](figures/99_overview.svg)"))),
    ("alt-text", "html", insert("theory", text("<img src='figures/99_overview.svg'>"))),
    ("links", "missing file", insert("theory", text("[a](nowhere.md)"))),
    ("links", "missing image", insert("theory", text("![a](figures/none.svg)"))),
    ("links", "html", insert("theory", text('<a href="nowhere.html">a</a>'))),
    ("links", "heading", insert("theory", text("[a](#Nowhere)"))),
    ("links", "attachment", insert("theory", text("![a](attachment:a.png)"))),
    ("links", "absolute", insert("theory", text("[a](/usr)"))),
    ("static-twin", "not drawn", drop("draw")),
    ("static-twin", "drawn after", swap_two("draw", "explore-draw")),
    ("static-twin", "other function", swap("explore-draw", "(draw", "(lambda: draw")),
    ("static-twin", "viewer", insert("explore-rule", code("SmallViewer(1)"))),
    ("claims", "none", no_claims),
    ("claim-id", "computed", swap("claim-match", '"match-23"', 'f"match-{n}"')),
    ("claim-id", "twice", swap("claim-match", "match-23", "grows-with-n")),
    ("claim-arguments", "no null", swap("claim-match", "null=", "low=shares and ")),
    ("claim-arguments", "no expect", swap("claim-match", "expect=", "low=")),
    ("claim-arguments", "no statement", swap("claim-match", "statement=", "why=")),
    ("claim-arguments", "status", swap("claim-match", "recalled", "heard")),
    ("typed-result", "seeds", swap("claim-match", "seeds=shares", "seeds=[0.5, 0.5]")),
    ("typed-result", "value", swap("claim-growth", "float(factor.mean())", "1.2")),
    ("hollow", "zero", swap("claim-match", REWORDED, "expect=between(-1, 1)")),
    ("hollow", "null", swap("claim-match", REWORDED, "expect=at_least(0.05)")),
    ("hollow", "tolerance", swap("claim-match", "absolute=0.02", "relative=1.0")),
    ("hollow", "empty null", swap("claim-growth", "null=[9.55]", "null=[]")),
    ("hollow", "null None", swap("claim-growth", "null=[9.55]", "null=None")),
    ("hollow", "variable", swap("claim-match", REWORDED, "expect=wide")),
    ("hollow", "computed", swap("claim-match", "absolute=0.02", "absolute=2 * sd")),
    ("hollow", "both", swap("claim-match", "absolute=0.02", "absolute=1, relative=1")),
    ("hollow", "margin", swap("claim-season", "beats(0.01)", "beats(-0.01)")),
    ("hollow", "chance", swap("claim-trend", '"rising")', '"rising", 0.5)')),
    ("exercises", "only two", drop("exercise-triple")),
    ("exercises", "numbering", swap("exercise-match", "Exercise 1", "Exercise 4")),
    ("exercises", "unsaid", swap("exercises", "folded below", "hidden below")),
    ("exercises", "heading", swap("exercise-match", ", 5 minutes", "")),
    ("exercises", "difficulty", swap("exercise-match", "(easy", "(fiendish")),
    ("exercises", "no stub", untag("stub-match")),
    ("exercises", "no solution", drop("solution-match")),
    ("exercises", "open", lambda n: cell(n, "solution-match").metadata.pop("jupyter")),
    ("exercises", "no call", swap("stub-match", "exercise(check", "print(check")),
    ("exercises", "other check", swap("stub-match", "h_probability, m", "h_x, m")),
    ("exercises", "unknown", swap("stub-match", "template_exercises", "template")),
    ("exercises", "other function", swap("stub-match", "def match", "def other")),
    ("exercises", "solved", swap("stub-match", "raise Not", "return 1  # Not")),
    ("exercises", "elsewhere", lambda n: cell(n, "scratch").metadata.update(
        tags=["solution"])),
]  # fmt: skip


def test_every_committed_notebook_obeys() -> None:
    assert [str(f) for f in lint_notebooks() if f.is_error] == []


def test_a_table_without_its_notebook_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path)
    (tmp_path / "03_gone.toml").touch()
    (finding,) = lint_notebooks()
    assert str(finding).startswith("03_gone.ipynb: not a valid notebook: ")


def test_the_template_is_without_any_finding(
    broken: Callable[[Mutation], list[Finding]],
) -> None:
    assert broken(lambda notebook: None) == []


@pytest.mark.parametrize(
    ("rule", "mutate"), [pytest.param(r, m, id=f"{r}: {w}") for r, w, m in CASES]
)
def test_rule(
    broken: Callable[[Mutation], list[Finding]], rule: str, mutate: Mutation
) -> None:
    found = broken(mutate)
    assert rule in {finding.rule for finding in found}, [str(f) for f in found]


@pytest.mark.parametrize("line", ["question", "reproduces"])
def test_a_chapter_says_what_it_is_about(
    broken: Callable[..., list[Finding]], line: str
) -> None:
    assert TABLE_RULE not in {finding.rule for finding in broken(chapter)}
    (found,) = [f for f in broken(chapter, without=line) if f.rule == TABLE_RULE]
    assert f"'{line}'" in str(found)


def test_every_rule_is_tested() -> None:
    """The rules are the literal names that the lint modules pass to findings."""
    names = set()
    for path in Path(lint_module.__file__).parent.glob("lint*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding":
                names |= {a.value for a in node.args if isinstance(a, ast.Constant)}
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ".finding"
            ):
                names.add(getattr(node.args[0], "value", None))
            elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
                first = node.value.elts[0]
                names.add(getattr(first, "value", None))
    names = {name for name in names if isinstance(name, str)}
    assert names == {rule for rule, _, _ in CASES} | {TABLE_RULE}


@pytest.mark.parametrize(
    "mutate",
    [
        insert("explore-rule", code("film_strip(run)"), code("SmallViewer(1)")),
        insert("theory", text("See [above](#From-scratch) and `[not](a-link)`.")),
        insert("theory", text("```\n# no heading\n[no](link)\n```")),
        insert("explore-rule", code("player = SmallViewer(1)\nfilm_strip(player)")),
        insert("simulate", code("from_here = 1\n" * 25)),
        swap("claim-growth", "null=[9.55]", "null=[9.55, computed]"),
        swap("claim-match", "null=0.0586", "null=chance_level"),
    ],
)
def test_allowed(broken: Callable[[Mutation], list[Finding]], mutate: Mutation) -> None:
    assert broken(mutate) == []


def test_counts_outside_the_usual_range_are_notes(
    broken: Callable[[Mutation], list[Finding]],
) -> None:
    def fuller(notebook: Notebook) -> None:
        chapter(notebook)
        insert("theory", text("word " * 2400))(notebook)

    (finding,) = broken(fuller)
    assert (finding.rule, finding.is_error) == ("size", False)
    assert "(note)" in str(finding)


def test_a_finding_says_where(broken: Callable[[Mutation], list[Finding]]) -> None:
    (finding,) = broken(insert("simulate", code("1\n" * 26)))
    place = at(nbformat.read(TEMPLATE, as_version=4), "simulate") + 2
    assert finding.cell == place
    assert str(finding).startswith(f"99_template.ipynb, cell {place}: ")


def test_a_file_that_is_no_notebook_is_one_finding(tmp_path: Path) -> None:
    path = tmp_path / "01_broken.ipynb"
    path.write_text("{", encoding="utf-8")
    assert [f.rule for f in lint_notebook(path)] == ["format"]


def test_the_command_fails_on_an_error_and_not_on_a_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    note = Finding("a.ipynb", "size", "many words", is_error=False)
    error = Finding("a.ipynb", "title", "none", 1)
    runner = CliRunner()
    monkeypatch.setattr(lint_module, "lint_notebook", lambda path: [note])
    assert runner.invoke(app, ["lint", "template"]).exit_code == 0
    monkeypatch.setattr(lint_module, "lint_notebook", lambda path: [note, error])
    done = runner.invoke(app, ["lint", "template"])
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "a.ipynb: many words [size] (note)",
        "a.ipynb, cell 1: none [title]",
    ]


def test_expectation_is_built_from_literals_only() -> None:
    node = ast.parse("helpers.at_most(-0.5, floor=-2)", mode="eval").body
    assert str(expectation(node)) == "-2 – -0.5"
    with pytest.raises(ValueError, match="no literals"):
        expectation(ast.parse("near(**wide)", mode="eval").body)
    with pytest.raises(ValueError, match="not a call"):
        expectation(ast.parse("print(1)", mode="eval").body)


def test_sections_end_where_the_next_begins() -> None:
    source = Source(TEMPLATE, nbformat.read(TEMPLATE, as_version=4))
    verdict = source.section("Verdict")
    assert [source.cells[i].id for i in verdict] == ["verdict", "show"]
    assert list(source.section("Nowhere")) == []
    assert prose("a\n```\n# b\n```\nc") == "a\n\nc"
