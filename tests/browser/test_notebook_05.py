"""Notebook 05 in JupyterLab: its explorer draws anew, and runs a sample on a click."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers.paths import NOTEBOOKS


def test_the_notebook_runs_and_its_explorer_answers(
    lab_page: Callable[..., Any], tmp_path: Path
) -> None:
    from playwright.sync_api import expect  # the fixture skips where it is missing

    name = "05_adaptive_temperature.ipynb"
    text = (NOTEBOOKS / name).read_text(encoding="utf-8")
    smoke = text.replace('scale: str = \\"default\\"', 'scale: str = \\"smoke\\"')
    assert smoke != text
    copy = tmp_path / name
    copy.write_text(smoke, encoding="utf-8")
    notebook = lab_page(copy, width=1400, height=1300)
    notebook.run_all(timeout=240)
    page = notebook.page
    explorer = page.locator(".widget-vbox", has=page.get_by_role("status")).first
    explorer.scroll_into_view_if_needed()
    status = explorer.get_by_role("status").first
    expect(status).to_contain_text("seed 0")
    tokens = explorer.locator("pre").first
    before = tokens.inner_text()
    explorer.locator(".noUi-handle").nth(2).focus()
    page.keyboard.press("ArrowRight")
    expect(status).to_contain_text("seed 1", timeout=60_000)
    expect(tokens).not_to_have_text(before, timeout=60_000)
    explorer.locator("select").nth(1).select_option("anti")
    expect(status).to_contain_text("anti, a = ", timeout=60_000)
    explorer.get_by_role("button", name="Run in the sandbox").first.click()
    verdict = explorer.get_by_role("status").nth(1)
    expect(verdict).to_contain_text("of 10 tests pass", timeout=60_000)
    notebook.screenshot("notebook-05-explorer")
    explorer.locator("textarea").fill("def solve(xs):\n    unheard = ")
    page.keyboard.press("Tab")  # the text counts when it is left
    expect(status).to_contain_text("does not know", timeout=60_000)
    notebook.theme(dark=True)
    notebook.screenshot("notebook-05-explorer-dark")
    table = page.locator("table.claims").last
    table.scroll_into_view_if_needed()
    assert "AdapT - best uniform temperature" in table.inner_text()
    notebook.screenshot("notebook-05-verdict")
