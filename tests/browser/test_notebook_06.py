"""Notebook 06 in JupyterLab: its explorers ask anew, and score an edited reply."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers.paths import NOTEBOOKS


def test_the_notebook_runs_and_its_explorers_answer(
    lab_page: Callable[..., Any], tmp_path: Path
) -> None:
    from playwright.sync_api import expect  # the fixture skips where it is missing

    name = "06_graph_generation.ipynb"
    text = (NOTEBOOKS / name).read_text(encoding="utf-8")
    smoke = text.replace('scale: str = \\"default\\"', 'scale: str = \\"smoke\\"')
    assert smoke != text
    copy = tmp_path / name
    copy.write_text(smoke, encoding="utf-8")
    notebook = lab_page(copy, width=1400, height=1300)
    notebook.run_all(timeout=240)
    page = notebook.page
    panels = page.locator(".widget-vbox", has=page.get_by_role("status"))
    explorer = panels.first
    explorer.scroll_into_view_if_needed()
    status = explorer.get_by_role("status").first
    reply = explorer.locator("textarea")
    expect(status).to_contain_text("of 10 valid")
    before = reply.input_value()
    explorer.locator("select").first.select_option("wheel")
    expect(reply).not_to_have_value(before, timeout=60_000)
    notebook.screenshot("notebook-06-explorer")
    reply.fill("Answer 1: (7, [(1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (1, 7)])")
    page.keyboard.press("Tab")  # the text counts when it is left
    expect(status).to_contain_text("0 of 10 valid, 1 distinct", timeout=60_000)
    shares = panels.last
    shares.scroll_into_view_if_needed()
    told = shares.get_by_role("status").first
    first = told.inner_text()
    shares.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    expect(told).not_to_have_text(first, timeout=60_000)
    notebook.theme(dark=True)
    notebook.screenshot("notebook-06-shares-dark")
    table = page.locator("table.claims").last
    table.scroll_into_view_if_needed()
    assert "planar" in table.inner_text()
    notebook.screenshot("notebook-06-verdict")
