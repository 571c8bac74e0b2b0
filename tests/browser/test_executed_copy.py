"""JupyterLab shows the figures of what its user ran, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.curriculum.trust import trust

CIRCLE = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='90'>"
    "<circle cx='45' cy='45' r='40'/></svg>"
)


@pytest.mark.parametrize("own", [True, False])
def test_figures_of_an_own_run_are_shown(
    own: bool,
    lab: Any,
    lab_page: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = {"image/svg+xml": CIRCLE, "text/plain": "<Figure size 90x90>"}
    cell = nbformat.v4.new_code_cell(
        "figure", outputs=[nbformat.v4.new_output("display_data", data=data)]
    )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[cell], metadata={"kernelspec": kernel, "case": own}
    )
    path = tmp_path / "copy.ipynb"
    nbformat.write(notebook, path)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(lab.data))
    if own:
        trust(path)
    output = lab_page(path).page.locator(".jp-OutputArea-output")
    output.wait_for()
    assert output.locator("svg, img").count() == own
    assert ("<Figure size 90x90>" in output.inner_text()) != own
