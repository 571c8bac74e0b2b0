"""Notebook 03 itself in JupyterLab: runs to the end, and its explorer answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers.paths import NOTEBOOKS


def test_the_notebook_runs_and_its_explorer_steps(
    lab_page: Callable[..., Any], tmp_path: Path
) -> None:
    from playwright.sync_api import expect  # the fixture skips where it is missing

    text = (NOTEBOOKS / "03_training_visualization.ipynb").read_text(encoding="utf-8")
    smoke = text.replace('scale: str = \\"default\\"', 'scale: str = \\"smoke\\"')
    assert smoke != text
    copy = tmp_path / "03_training_visualization.ipynb"
    copy.write_text(smoke, encoding="utf-8")
    notebook = lab_page(copy, width=1400, height=1100)
    notebook.run_all(timeout=400)
    page = notebook.page
    viewer = page.locator(".tv-viewer").first
    viewer.scroll_into_view_if_needed()
    status = viewer.get_by_role("status")
    expect(status).to_contain_text("epoch", ignore_case=True, timeout=60_000)
    before = status.inner_text()
    viewer.locator("canvas.tv-points").focus()
    page.keyboard.press("ArrowRight")
    expect(status).not_to_have_text(before, timeout=60_000)
    notebook.screenshot("notebook-03-explorer")
    table = page.locator("table.claims").last
    table.scroll_into_view_if_needed()
    assert "boundary, DVI - UMAP" in table.inner_text()
    notebook.screenshot("notebook-03-verdict")
