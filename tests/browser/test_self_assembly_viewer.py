"""The explorer of notebook 01 in JupyterLab, used as a lecturer would."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.browser import explorer_checks

EXPLORER = """
from helpers.self_assembly.explorer import assembly_explorer

explorer = assembly_explorer(80, "hexagon", seed=1)
explorer
"""

# Notes when the explorer draws a step, and says how many it draws a second.
COUNT_STEPS = """root => {
  window.drawn = [];
  window.counter?.disconnect();
  window.counter = new MutationObserver(() => window.drawn.push(performance.now()));
  window.counter.observe(root,
    { attributes: true, attributeFilter: ['data-frames-drawn'] });
}"""
RATE = """() => {
  const gaps = window.drawn.slice(1).map((t, i) => t - window.drawn[i]);
  gaps.sort((a, b) => a - b);
  return 1000 / gaps[gaps.length >> 1];
}"""


class Explorer:
    """The explorer's parts on a page."""

    def __init__(self, notebook: Any) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self.root = self.page.locator(".rp-viewer").first
        self.canvas = self.root.locator("canvas.rp-canvas")
        self.slider = self.root.get_by_label("Step of the run")

    def data(self, name: str) -> str:
        value: str = self.root.get_attribute(f"data-{name}") or ""
        return value

    def status(self) -> str:
        text: str = self.root.get_by_role("status").inner_text()
        return text

    def pixels(self) -> str:
        address: str = self.canvas.evaluate("canvas => canvas.toDataURL()")
        return address

    def wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, f"{what}; status: {self.status()}"
            self.page.wait_for_timeout(50)

    def run_ended(self, before: str) -> None:
        """Wait for another run than the one whose status was `before`."""
        self.wait(
            lambda: self.data("busy") == "false" and self.status() != before, "no run"
        )

    def cell(self, row: float, col: float) -> dict[str, float]:
        """Middle of a cell of the 80 x 80 grid, in pixels on the canvas."""
        box = self.canvas.bounding_box()
        return {
            "x": (col + 0.5) / 80 * box["width"],
            "y": (row + 0.5) / 80 * box["height"],
        }

    def light(self, name: str) -> None:
        self.root.get_by_label("Light map").get_by_text(name, exact=True).click()
        self.wait(lambda: self.data("light") == name, f"no {name} light")


@pytest.fixture(scope="module")
def notebook(
    lab_page_of_module: Callable[..., Any], write_notebook: Callable[..., Path]
) -> Any:
    return lab_page_of_module(write_notebook(EXPLORER, name="explorer"))


@pytest.fixture
def explorer(notebook: Any) -> Explorer:
    """A new explorer, in the same page and kernel for all tests."""
    notebook.theme(dark=False)
    notebook.resize(1400, 1150)
    notebook.run_all()
    opened = Explorer(notebook)
    opened.page.wait_for_selector('.rp-viewer[data-busy="false"][data-frame="0"]')
    return opened


def test_keyboard_playback_and_light(explorer: Explorer) -> None:
    """Arrow keys step, Space plays, and playing draws at least 10 frames a second."""
    page, slider = explorer.page, explorer.slider
    first, picture = explorer.status(), explorer.pixels()
    assert re.fullmatch(
        r"step 0 of \d+ · (\d+) of \1 cells empty · early phase", first
    ), first
    slider.focus()
    page.keyboard.press("ArrowRight")
    explorer.wait(lambda: explorer.status() != first, "the status did not change")
    assert re.match(r"step 1 of \d+ · \d+ of \d+ cells empty · \d+ moved", 
                    explorer.status())  # fmt: skip
    assert explorer.pixels() != picture
    page.keyboard.press("ArrowLeft")
    explorer.wait(lambda: explorer.status() == first, "no way back")
    assert explorer.pixels() == picture

    # Shift+Tab from the slider reaches the step buttons and Play, in this order.
    for label in ("Last step", "Step forward", "Play"):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.ariaLabel") == label
    speed = explorer.root.get_by_label("Speed, 1 to 10")
    speed.focus()
    page.keyboard.press("End")
    for light in ("off", "both"):
        explorer.light(light)
        page.keyboard.press("Tab")
        explorer.root.get_by_label("First step").click()
        explorer.root.get_by_label("Play", exact=True).focus()
        explorer.root.evaluate(COUNT_STEPS)
        page.keyboard.press("Space")
        page.wait_for_function("window.drawn.length > 30")
        page.keyboard.press("Space")
        rate = page.evaluate(RATE)
        print(f"light {light}: {rate:.1f} frames/s at 80 x 80")
        assert 10 <= rate <= 60
        assert explorer.data("playing") == "false"
        held = explorer.status()
        explorer.notebook.settle(explorer.root)
        assert explorer.status() == held

    explorer.root.get_by_label("Last step").click()
    assert explorer.status().endswith("complete")
    assert " 0 of " in explorer.status()
    slider.focus()
    page.keyboard.press("Home")
    pictures = set()
    for light in ("blue", "red", "both", "off"):
        explorer.light(light)
        pictures.add(explorer.pixels())
    assert len(pictures) == 4


def test_an_agents_way_and_list(explorer: Explorer) -> None:
    """Hovering draws a path, clicking lists what the agent ranks."""
    page = explorer.page
    explorer.root.get_by_label("Step forward").click()
    plain = explorer.pixels()
    inspector = explorer.root.get_by_label("Selected agent")
    assert inspector.locator("table").count() == 0
    found = None
    for row in range(5, 30):  # agents stand at random outside the shape
        for col in (10, 11, 12):
            explorer.canvas.hover(position=explorer.cell(row, col))
            if explorer.pixels() != plain:
                found = row, col
                break
        if found:
            break
    assert found, "no agent was hovered"
    explorer.canvas.click(position=explorer.cell(*found))
    table = inspector.locator("table")
    table.wait_for()
    text = inspector.inner_text()
    assert f"At ({found[0]}, {found[1]}), outside the shape" in text
    assert table.locator("tbody tr").count() == 9
    assert table.locator("tr.rp-chosen").count() == 1
    ranks = table.locator("tbody tr td:first-child").all_inner_texts()
    good = [int(r) for r in ranks if r.isdigit()]
    assert good == list(range(1, len(good) + 1)) and good
    blue = [
        float(v.replace(",", ""))
        for v in table.locator("tbody tr td:nth-child(4)").all_inner_texts()
    ]
    assert blue[: len(good)] == sorted(blue[: len(good)], reverse=True)
    page.keyboard.press("Escape")
    explorer.wait(lambda: table.count() == 0, "the list did not close")
    # The same by keyboard alone: a cursor over the cells, Enter selects.
    explorer.canvas.focus()
    for _ in range(60):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        if explorer.data("selected") != "-1":
            break
    table.wait_for()


def test_own_shapes(explorer: Explorer, tmp_path: Path) -> None:
    """Draw by mouse and touch, type, upload, choose, morph; errors are one line."""
    page, root = explorer.page, explorer.root
    before = explorer.status()
    root.get_by_role("button", name="Draw", exact=True).click()
    assert explorer.status() == "drawing · 0 cells"
    box = explorer.canvas.bounding_box()

    def at(row: float, col: float) -> tuple[float, float]:
        place = explorer.cell(row, col)
        return box["x"] + place["x"], box["y"] + place["y"]

    page.mouse.move(*at(20, 20))
    page.mouse.down()
    page.mouse.move(*at(20, 60), steps=3)
    page.mouse.up()
    drawn = int(explorer.status().split()[2])
    assert drawn == pytest.approx(41 * 5, abs=25)
    devtools = page.context.new_cdp_session(page)
    for kind, place in (("Start", at(50, 20)), ("Move", at(50, 60)), ("End", None)):
        points = [{"x": place[0], "y": place[1]}] if place else []
        devtools.send(
            "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points}
        )
    explorer.wait(
        lambda: int(explorer.status().split()[2]) > 1.8 * drawn, "no touch stroke"
    )
    total = int(explorer.status().split()[2])
    explorer.notebook.screenshot("explorer-drawing", root)
    root.get_by_role("button", name="Run drawing").click()
    explorer.run_ended(before)
    explorer.wait(lambda: f"{total} of {total} cells" in explorer.status(), "not it")

    before = explorer.status()
    root.get_by_label("Text to form").fill("ALF")
    page.keyboard.press("Enter")
    explorer.run_ended(before)

    before = explorer.status()
    picture = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(picture).ellipse((60, 40, 200, 160), fill=(120, 20, 20))
    data = io.BytesIO()
    picture.save(data, "PNG")
    root.get_by_label("Picture to form").set_input_files(
        {"name": "disc.png", "mimeType": "image/png", "buffer": data.getvalue()}
    )
    explorer.run_ended(before)

    before = explorer.status()
    root.get_by_label("Last step").click()
    morph = root.get_by_role("checkbox", name="morph")
    morph.check()
    agents = int(re.search(r"of (\d+) cells", before)[1])  # type: ignore[index]
    root.get_by_label("Stored shape").select_option("letter-L")
    explorer.run_ended(explorer.status())
    start = explorer.status()
    empty, size = map(int, re.search(r"(\d+) of (\d+) cells", start).groups())  # type: ignore[union-attr]
    assert empty < size, "a morph starts with some agents inside the new shape"
    assert f" {agents} agents" in explorer.canvas.get_attribute("aria-label")

    alert = root.get_by_role("alert")
    assert not alert.is_visible()
    root.get_by_label("Grid size").select_option("40")
    alert.wait_for()
    assert "morph needs the grid" in alert.inner_text()
    morph.uncheck()
    root.get_by_label("Seed").fill("7")
    page.keyboard.press("Tab")
    label = "Grid of 40 by 40 cells"
    explorer.wait(
        lambda: label in explorer.canvas.get_attribute("aria-label"), "no new grid"
    )
    assert not alert.is_visible()


def test_it_looks_right(explorer: Explorer) -> None:
    """Both themes at both widths: crisp cells, readable, nothing cut off."""
    for _ in range(12):
        explorer.root.get_by_label("Step forward").click()
    shown = explorer_checks.Explorer(explorer.notebook, explorer.root)
    for view in shown.views():
        cells, wide, ratio, colours = explorer.canvas.evaluate(
            """canvas => {
              const data = canvas.getContext('2d')
                .getImageData(0, 0, canvas.width, canvas.height).data;
              const seen = new Set(new Uint32Array(data.buffer));
              return [canvas.width / 80, canvas.getBoundingClientRect().width,
                devicePixelRatio, seen.size];
            }"""
        )
        assert cells == int(cells) >= 5, view
        assert wide * ratio == pytest.approx(80 * cells, abs=0.5), view
        # Ground, target, inside, outside: no blended pixel anywhere.
        assert colours == 4, view
    explorer.light("both")
    shown.look("explorer-lights")
