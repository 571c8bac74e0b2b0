"""Notebook 04 itself in JupyterLab: runs to the end, and its explorer answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers.paths import NOTEBOOKS


def test_the_notebook_runs_and_its_explorer_answers(
    lab_page: Callable[..., Any], tmp_path: Path
) -> None:
    from playwright.sync_api import expect  # the fixture skips where it is missing

    text = (NOTEBOOKS / "04_lora_dropout.ipynb").read_text(encoding="utf-8")
    smoke = text.replace('scale: str = \\"default\\"', 'scale: str = \\"smoke\\"')
    assert smoke != text
    copy = tmp_path / "04_lora_dropout.ipynb"
    copy.write_text(smoke, encoding="utf-8")
    notebook = lab_page(copy, width=1400, height=1100)
    notebook.run_all(timeout=240)
    page = notebook.page
    explorer = page.locator(".widget-vbox", has=page.get_by_role("status")).first
    explorer.scroll_into_view_if_needed()
    status = explorer.get_by_role("status")
    picture = explorer.locator("img").first
    expect(status).to_contain_text("p = ")
    before, image = status.inner_text(), picture.get_attribute("src")
    explorer.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowLeft" if "p = 0.5" in before else "ArrowRight")
    expect(status).not_to_have_text(before, timeout=60_000)
    expect(picture).not_to_have_attribute("src", image or "", timeout=60_000)
    notebook.screenshot("notebook-04-explorer")
    table = page.locator("table.claims").last
    table.scroll_into_view_if_needed()
    assert "loss gap of LoRA" in table.inner_text()
    notebook.screenshot("notebook-04-verdict")
