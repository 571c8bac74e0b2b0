"""The executed copy: what its cells printed, and that its user's Lab trusts it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from helpers.curriculum.executed import merge_streams
from helpers.curriculum.jobs import make_jobs
from helpers.curriculum.runner import run_notebooks
from helpers.curriculum.trust import trust
from helpers.notebook_files import read_notebook, write_notebook

BAR = "\r50%|##   | 1/2\r100%|#####| 2/2\r               \r"


def stream(text: str | list[str], name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


@pytest.mark.parametrize(
    ("outputs", "left"),
    [
        ([stream("a\n"), stream(["b\n", "c"])], [("stdout", "a\nb\nc")]),
        ([stream("a\n"), stream("b", "stderr"), stream("c")], None),
        ([stream(BAR, "stderr")], []),
        ([stream("begun\n"), stream(BAR), stream("done\n")], "begun\ndone\n"),
        ([stream("\r50%|##   |\r100%|#####|\n")], "100%|#####|\n"),
        ([stream("one\r\ntwo\r\n")], "one\r\ntwo\r\n"),
        ([stream("\n"), stream("", "stderr")], []),
    ],
)
def test_streams_are_what_a_reader_saw_at_the_end(
    outputs: list[dict[str, Any]], left: Any
) -> None:
    cell = {"cell_type": "code", "outputs": outputs}
    expected = [(o["name"], o["text"]) for o in outputs] if left is None else left
    if isinstance(left, str):
        expected = [("stdout", left)]
    merge_streams({"cells": [{"cell_type": "markdown"}, cell]})
    assert [(o["name"], o["text"]) for o in cell["outputs"]] == expected


def test_other_outputs_stay_between_prints() -> None:
    shown = {"output_type": "display_data", "data": {"text/plain": "1"}, "metadata": {}}
    cell = {"cell_type": "code", "outputs": [stream("a"), shown, stream("b")]}
    merge_streams({"cells": [cell]})
    assert cell["outputs"] == [stream("a"), shown, stream("b")]


def trusted(path: Path) -> bool:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    return bool(NotebookNotary().check_signature(notebook))


SQUARE = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"


def test_pictures_and_links_of_the_text_are_the_copys_own(project: Any) -> None:
    folder = project.root / "notebooks" / "figures"
    folder.mkdir()
    (folder / "plan.svg").write_text(SQUARE)
    shown = "![A plan](figures/plan.svg)"
    others = "![far](https://example.org/a.png) ![gone](figures/gone.svg) [b](b.ipynb)"
    (folder.parent / "two words.md").write_text("# Two words")
    link = "[2](two%20words.md#two) [figures](figures)"
    anchor = f"[here](#Plan) f[0](1) [long]({300 * 'x'}) [none](%00)"
    path = project.add("01_one", f"# Plan\n\n{shown} {others} {link} {anchor}", "1 + 1")
    give_ids(path)
    for word in ("Plan", "Plans"):
        path.write_text(path.read_text("utf-8").replace("# Plan\\n", f"# {word}\\n"))
        run_notebooks(make_jobs(["01"], "smoke"), workers=1)
        cell = project.executed("01_one")["cells"][3]  # parameters come twice
        own = f"data:image/svg+xml;base64,{base64.b64encode(SQUARE.encode()).decode()}"
        there = "../../../../notebooks/"
        links = f"[2]({there}two%20words.md#two) [figures]({there}figures)"
        whole = f"![A plan]({own}) {others} {links} {anchor}"
        assert cell["source"] == f"# {word}\n\n{whole}"
    assert shown in path.read_text("utf-8")
    assert trusted(project.folder("01_one") / "executed.ipynb")


def give_ids(path: Path) -> None:
    """Cells get ids, as those of every chapter have."""
    notebook = read_notebook(path)
    notebook["nbformat_minor"] = 5
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"cell-{number}"
    write_notebook(notebook, path)


def test_what_was_run_here_is_trusted_here(project: Any) -> None:
    source = project.add("01_one", "from tqdm import tqdm\nprint(sum(tqdm([1, 2])))")
    (result,) = run_notebooks(make_jobs(["01"], "smoke"), workers=1)
    assert result.passed
    executed = project.folder("01_one") / "executed.ipynb"
    assert trusted(executed)
    assert not trusted(source)
    changed = executed.read_text("utf-8").replace('"3\\n"', '"4\\n"')
    executed.write_text(changed, "utf-8")
    assert not trusted(executed)


def test_a_failed_run_is_trusted_with_its_markers(project: Any) -> None:
    path = project.add("01_one", "1 / 0")
    give_ids(path)
    (result,) = run_notebooks(make_jobs(["01"], "smoke"), workers=1)
    assert result.status == "failed"
    executed = project.folder("01_one") / "executed.ipynb"
    assert "**failed** in the next cell" in executed.read_text("utf-8")
    assert trusted(executed)


def test_a_reused_copy_with_another_text_is_trusted(project: Any) -> None:
    path = project.add("01_one", "# Before", "1 + 1")
    give_ids(path)
    run_notebooks(make_jobs(["01"], "smoke"), workers=1)
    path.write_text(path.read_text("utf-8").replace("Before", "After"), "utf-8")
    run_notebooks(make_jobs(["01"], "smoke"), workers=1)
    executed = project.folder("01_one") / "executed.ipynb"
    assert "After" in executed.read_text("utf-8")
    assert trusted(executed)


def test_without_a_home_nothing_is_signed_and_nothing_fails(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project.add("01_one", "1 + 1")
    blocked = project.root / "file"
    blocked.write_text("")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(blocked / "jupyter"))
    before = path.read_bytes()
    trust(path)
    assert path.read_bytes() == before
