"""Notebook 01 itself in JupyterLab: runs to the end, and its explorer answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers.paths import NOTEBOOKS


def test_the_notebook_runs_and_its_explorer_steps(
    lab_page: Callable[..., Any], tmp_path: Path
) -> None:
    text = (NOTEBOOKS / "01_self_assembly.ipynb").read_text(encoding="utf-8")
    assert json.loads(text)["nbformat"] == 4
    smoke = text.replace('scale: str = \\"default\\"', 'scale: str = \\"smoke\\"')
    assert smoke != text
    copy = tmp_path / "01_self_assembly.ipynb"
    copy.write_text(smoke, encoding="utf-8")
    notebook = lab_page(copy, width=1400, height=1000)
    notebook.run_all(timeout=180)
    page = notebook.page
    viewer = page.locator(".rp-viewer").first
    viewer.scroll_into_view_if_needed()
    status = viewer.get_by_role("status")
    page.wait_for_function(
        "node => /step \\d+ of \\d+/.test(node.innerText)",
        arg=status.element_handle(),
        timeout=60_000,
    )
    before = status.inner_text()
    viewer.get_by_label("Step of the run").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([node, old]) => node.innerText !== old",
        arg=[status.element_handle(), before],
    )
    notebook.screenshot("notebook-01-explorer")
    table = page.locator("table.claims").last
    table.scroll_into_view_if_needed()
    assert "headline" in table.inner_text()
    notebook.screenshot("notebook-01-verdict")
