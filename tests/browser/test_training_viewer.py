"""The explorer of notebook 03 in JupyterLab, used as a lecturer would."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import explorer_checks
from tests.browser.lab_page import SLOW

EXPLORER = """
import numpy as np

from helpers.training_visualization.explorer import training_explorer
from tests.training_visualization.film_samples import sample_film

y, x = np.mgrid[:28, :28]
rng = np.random.default_rng(0)
images = [(255 * np.exp(-((y - 14) ** 2 + (x - c) ** 2) / 30)).astype(np.uint8)
          for c in rng.integers(6, 22, 2000)]
film = sample_film(1600, 400, 10, images=np.stack(images), resolution=160, near=8)
training_explorer(film)
"""
# From the key press until the pixels of both layers can be read back.
STEP_TEN_TIMES = """async node => {
  const [back, front] = node.querySelectorAll('.tv-stage canvas');
  const found = [];
  for (let k = 0; k < 10; k++) {
    const key = k < 9 ? 'ArrowRight' : 'ArrowLeft';
    delete node.dataset.painted;
    const begin = performance.now();
    front.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    while (!node.dataset.painted) await new Promise(requestAnimationFrame);
    for (const canvas of [back, front]) {
      canvas.getContext('2d').getImageData(0, 0, 1, 1);
    }
    found.push(performance.now() - begin);
  }
  return found;
}"""


class Explorer:
    """The explorer's parts on a page."""

    def __init__(self, notebook: Any) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self.root = self.page.locator(".tv-viewer").first
        self.canvas = self.root.locator("canvas.tv-points")
        self.sample = self.root.get_by_label("Selected sample")

    def data(self, name: str) -> str:
        value: str = self.root.get_attribute(f"data-{name}") or ""
        return value

    def status(self) -> str:
        text: str = self.root.get_by_role("status").inner_text()
        return text

    def shown(self) -> int:
        found = re.search(r"([\d,]+) of [\d,]+ points", self.status())
        assert found, self.status()
        return int(found[1].replace(",", ""))

    def pixels(self) -> list[str]:
        """Both layers once nothing is left to draw."""
        found: list[str] = self.root.evaluate(
            """async node => {
              for (let k = 0; k < 2; k++) await new Promise(requestAnimationFrame);
              return [...node.querySelectorAll('.tv-stage canvas')]
                .map(canvas => canvas.toDataURL());
            }"""
        )
        return found

    def wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, f"{what}; status: {self.status()}"
            self.page.wait_for_timeout(50)

    def select_by_mouse(self) -> int:
        """Click the first point met on the way from the middle to the right."""
        box = self.canvas.bounding_box()
        tip = self.root.locator(".tv-tip")
        for share in range(50, 100):
            place = {"x": share / 100 * box["width"], "y": 0.5 * box["height"]}
            self.canvas.hover(position=place)
            if tip.is_visible():
                number = re.match(r"#(\d+) · (training|test)", tip.inner_text())
                assert number and "predicted" in tip.inner_text()
                self.canvas.click(position=place)
                return int(number[1])
        raise AssertionError("no point was hovered")


@pytest.fixture(scope="module")
def notebook(
    lab_page_of_module: Callable[..., Any], write_notebook: Callable[..., Path]
) -> Any:
    return lab_page_of_module(write_notebook(EXPLORER, name="training"))


@pytest.fixture
def explorer(notebook: Any) -> Explorer:
    """A new explorer, in the same page and kernel for all tests."""
    notebook.theme(dark=False)
    notebook.resize(1400, 1150)
    notebook.run_all()
    opened = Explorer(notebook)
    opened.page.wait_for_selector('.tv-viewer[data-images="2000"]', timeout=SLOW)
    return opened


def test_epochs_by_keyboard_and_playing(explorer: Explorer) -> None:
    """Arrows step, Space plays; an epoch's change takes well below 0.3 s."""
    page = explorer.page
    first, picture = explorer.status(), explorer.pixels()
    assert re.match(
        r"epoch 1 \(1 of 10\) · 2,000 of 2,000 points · [\d,]+ wrong", first
    )
    assert "Visualisation confidence: neighbours 6.50 · boundary –" in first
    explorer.canvas.focus()
    page.keyboard.press("ArrowRight")
    explorer.wait(lambda: explorer.status() != first, "the status did not change")
    assert explorer.status().startswith("epoch 3 (2 of 10)")
    after = explorer.pixels()
    assert after[0] != picture[0] and after[1] != picture[1]
    page.keyboard.press("ArrowLeft")
    explorer.wait(lambda: explorer.status() == first, "no way back")
    assert explorer.pixels() == picture

    taken = explorer.root.evaluate(STEP_TEN_TIMES)
    print("ms per change of epoch:", [round(t, 1) for t in taken])
    assert len(taken) == 10 and statistics.median(taken) <= 300

    slider = explorer.root.get_by_label("Epoch", exact=True)
    slider.focus()
    page.keyboard.press("Home")
    explorer.wait(lambda: explorer.data("frame") == "0", "not at the start")
    page.keyboard.press("ArrowRight")
    explorer.wait(lambda: explorer.data("frame") == "1", "the slider does not step")
    for label in ("Last epoch", "Epoch forward", "Play"):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.ariaLabel") == label
    explorer.root.get_by_label("Speed, 1 to 10").focus()
    page.keyboard.press("End")
    slider.focus()
    page.keyboard.press("Space")
    explorer.wait(lambda: explorer.data("playing") == "true", "does not play")
    explorer.wait(lambda: explorer.data("frame") == "9", "does not reach the end")
    explorer.wait(lambda: explorer.data("playing") == "false", "does not stop")
    assert explorer.status().startswith("epoch 19 (10 of 10)")


def test_samples_and_filters(explorer: Explorer) -> None:
    """A clicked sample's panel follows the epochs; filters change the count."""
    page, root, sample = explorer.page, explorer.root, explorer.sample
    for _ in range(7):
        root.get_by_label("Epoch forward").click()
    plain = explorer.pixels()[1]
    number = explorer.select_by_mouse()
    sample.get_by_text(f"#{number} ·").wait_for()
    assert explorer.pixels()[1] != plain
    assert sample.get_by_label(f"Image of sample {number}").evaluate(
        "c => new Set(c.getContext('2d').getImageData(0, 0, 28, 28).data).size > 5"
    )
    strip = sample.locator(".tv-strip")
    assert strip.get_attribute("aria-label").count("epoch") == 10
    near = sample.get_by_role("button", name="Select sample")
    assert near.count() == 8
    before = sample.inner_text()
    root.get_by_label("First epoch").click()
    explorer.wait(lambda: sample.inner_text() != before, "the panel stands still")
    assert "at epoch 1" in sample.inner_text()
    strip.click(position={"x": 0.95 * strip.bounding_box()["width"], "y": 20})
    explorer.wait(
        lambda: explorer.data("frame") == "9", "the strip does not lead there"
    )
    other = near.first.get_attribute("aria-label").split(",")[0].split()[-1]
    near.first.click()
    sample.get_by_text(f"#{other} ·").wait_for()
    field = sample.get_by_role("spinbutton")
    field.fill("1999")
    page.keyboard.press("Enter")
    sample.get_by_text("#1999 · test").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    explorer.wait(lambda: not strip.is_visible(), "the sample stays selected")

    assert explorer.shown() == 2000
    counts = {}
    for name in ("training", "test", "wrong only", "noisy labels only", "moved most"):
        box = root.get_by_role("checkbox", name=name)
        box.click()
        explorer.wait(lambda: explorer.shown() < 2000, f"{name} hides nothing")
        counts[name] = explorer.shown()
        box.click()
        assert explorer.shown() == 2000
    assert counts["training"] == 400 and counts["test"] == 1600
    assert counts["noisy labels only"] == 160 and counts["moved most"] == 100
    group = root.get_by_role("group", name="Classes")
    group.get_by_role("button", name="None").click()
    explorer.wait(lambda: explorer.shown() == 0, "classes still shown")
    group.get_by_text("3", exact=True).click()
    explorer.wait(lambda: 0 < explorer.shown() < 400, "class 3 is not shown")
    group.get_by_role("button", name="All").click()
    root.get_by_label("Confidence below, percent").focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    explorer.wait(lambda: 0 < explorer.shown() < 2000, "nothing is less certain")
    trails = explorer.pixels()[1]
    root.get_by_role("checkbox", name="trails").click()
    assert explorer.pixels()[1] != trails


def test_it_looks_right(explorer: Explorer) -> None:
    """Both themes at both widths: readable, nothing cut off, a strip of full width."""
    for _ in range(6):
        explorer.root.get_by_label("Epoch forward").click()
    explorer.select_by_mouse()
    shown = explorer_checks.Explorer(explorer.notebook, explorer.root)
    shown.look("training-selected")
    for view in shown.views():
        drawn, wide = explorer.root.locator(".tv-strip").evaluate(
            "c => [c.width, c.getBoundingClientRect().width * devicePixelRatio]"
        )
        assert drawn == pytest.approx(wide, abs=1), view
