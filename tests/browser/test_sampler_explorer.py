"""The explorer of notebook 05 in JupyterLab: moves draw anew, a click runs a sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

EXPLORER = """
from helpers.adaptive_temperature.explorer import sampler_explorer
from helpers.sandbox.sandbox import Sandbox
from tests.adaptive_temperature.small_decoder import decoder, problems

sandbox = Sandbox(workers=1)
sampler_explorer(*decoder(), problems(), sandbox, max_new_tokens=24)
"""


@pytest.fixture
def notebook(lab_page: Callable[..., Any], tmp_path: Path) -> Any:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(EXPLORER)])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    path = tmp_path / "sampler_explorer.ipynb"
    nbformat.write(made, path)
    opened = lab_page(path, width=1400, height=1300)
    opened.run_all(timeout=240)
    return opened


def test_moves_draw_anew_and_a_click_runs_a_sample(notebook: Any) -> None:
    from playwright.sync_api import expect  # the fixture skips where it is missing

    page = notebook.page
    explorer = page.locator(".widget-vbox", has=page.get_by_role("status")).first
    status = explorer.get_by_role("status").first
    expect(status).to_contain_text("line-word, a = 0.8, b = 0.2, seed 0")
    tokens = explorer.locator("pre").first
    before = tokens.inner_text()
    explorer.locator(".noUi-handle").nth(2).focus()
    page.keyboard.press("ArrowRight")
    expect(status).to_contain_text("seed 1", timeout=60_000)
    expect(tokens).not_to_have_text(before, timeout=60_000)
    explorer.locator("select").nth(1).select_option("anti")
    expect(status).to_contain_text("anti, a = 0.8, b = 0.2", timeout=60_000)
    explorer.locator("textarea").fill("def solve(xs):\n    unheard = ")
    page.keyboard.press("Tab")  # the text counts when it is left
    expect(status).to_contain_text("does not know", timeout=60_000)
    explorer.get_by_role("button", name="Run in the sandbox").first.click()
    verdict = explorer.get_by_role("status").nth(1)
    expect(verdict).to_contain_text("of 3 tests pass", timeout=60_000)
    notebook.screenshot("sampler-explorer")
    notebook.theme(dark=True)
    notebook.screenshot("sampler-explorer-dark")
