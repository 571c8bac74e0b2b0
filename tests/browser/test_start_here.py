"""Start here in JupyterLab: the first slider, the verdicts and the board answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.paths import NOTEBOOKS


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (800, True)])
def test_sliders_and_filters_answer_to_keys(
    lab_page: Callable[..., Any], tmp_path: Path, width: int, dark: bool
) -> None:
    from playwright.sync_api import expect  # the fixture skips where it is missing

    name = "00_start_here.ipynb"
    text = (NOTEBOOKS / name).read_text(encoding="utf-8")
    smoke = text.replace('scale: str = \\"default\\"', 'scale: str = \\"smoke\\"')
    assert smoke != text
    copy = tmp_path / name
    copy.write_text(smoke, encoding="utf-8")
    notebook = lab_page(copy, width=width, height=1100, dark=dark)
    notebook.run_all(timeout=240)
    page = notebook.page

    def press(place: int, control: str, key: str, words: str) -> None:
        """Press a key on a control of an explorer; its text and image must change."""
        explorer = page.locator(".widget-vbox", has=page.get_by_role("status"))
        explorer = explorer.nth(place)
        explorer.scroll_into_view_if_needed()
        image = explorer.locator("img").first
        before = image.get_attribute("src")
        explorer.locator(control).focus()
        page.keyboard.press(key)
        expect(explorer.get_by_role("status")).to_contain_text(words, timeout=60_000)
        expect(image).not_to_have_attribute("src", before or "", timeout=60_000)
        notebook.screenshot(f"start-here-{width}-{place}")

    press(0, ".noUi-handle >> nth=0", "ArrowLeft", "step ")
    press(1, ".noUi-handle >> nth=0", "ArrowRight", "reproduced")
    press(2, "select >> nth=1", "ArrowDown", "reproduced")
    press(2, "select >> nth=0", "ArrowDown", "claims")
    page.locator(".jp-Cell").first.scroll_into_view_if_needed()
    notebook.screenshot(f"start-here-{width}-top")
