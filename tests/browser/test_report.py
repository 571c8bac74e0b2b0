"""The report in Chromium: opened from a folder, with the network switched off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.curriculum.report import build_report
from helpers.paths import NOTEBOOKS
from tests.browser.page_checks import cut_off, low_contrast
from tests.curriculum.report_sample import runs_folder, save

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    runs_folder(folder / "runs")
    return build_report(folder / "runs", folder / "report").parent


@pytest.fixture
def offline(browser: Any) -> Iterator[Any]:
    """Function that opens pages offline; fails on errors and on any request out."""
    troubles: list[str] = []
    contexts: list[Any] = []

    def context(**options: Any) -> Any:
        made = browser.new_context(offline=True, **options)
        contexts.append(made)

        def guard(route: Any) -> None:
            address = route.request.url
            if address.startswith(("file:", "data:")):
                route.continue_()
            else:
                troubles.append(f"request: {address}")
                route.abort()

        def listen(message: Any) -> None:
            if message.type in ("error", "warning"):
                troubles.append(f"console: {message.text}")

        def failed(request: Any) -> None:
            # Cancelled: a lazy picture was loading when the test left the page. A
            # file that is missing says ERR_FILE_NOT_FOUND instead.
            if request.failure != "net::ERR_ABORTED":
                troubles.append(f"failed: {request.url[:99]} {request.failure}")

        made.route("**/*", guard)
        page = made.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: troubles.append(f"page: {error}"))
        page.on("requestfailed", failed)
        return page

    yield context
    for made in contexts:
        made.close()
    assert not troubles, "\n".join(troubles)


def test_every_page_opens_without_network(built: Path, offline: Any) -> None:
    page = offline(viewport={"width": 1400, "height": 900})
    names = sorted(path.name for path in built.glob("*.html"))
    assert len(names) == 5
    for name in names:
        page.goto((built / name).as_uri())
        assert page.locator("h1").first.is_visible(), name
        broken = page.evaluate(
            "[...document.images].filter(i => i.complete && !i.naturalWidth).length"
        )
        assert broken == 0, name
        # MathML is drawn as mathematics: a fraction is higher than its line of text.
        if name == "01_fields-default.html":
            height = "document.querySelector('mfrac').getBoundingClientRect().height"
            assert page.evaluate(height) > 25


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 800])
def test_pages_can_be_read(built: Path, offline: Any, scheme: str, width: int) -> None:
    """Nothing is cut off or wider than the window, and every text has contrast."""
    page = offline(viewport={"width": width, "height": 900}, color_scheme=scheme)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for name in ("index", "01_fields-default", "02_broken-default"):
        page.goto((built / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        shot = SCREENSHOTS / f"report-{name}-{scheme}-{width}.png"
        page.screenshot(path=shot, full_page=True)
        body = page.locator("body")
        assert [*low_contrast(body), *cut_off(body)] == [], f"{name}, {scheme}"


def test_no_formula_of_a_notebook_is_cut_off(tmp_path: Path, offline: Any) -> None:
    """It would scroll, with its number out of sight."""
    names = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    for name in names:
        notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        save(tmp_path / "runs", f"{name}/default", notebook)
    folder = build_report(tmp_path / "runs", tmp_path / "report").parent
    page = offline(viewport={"width": 1200, "height": 900})
    formulas = 0
    for name in names:
        page.goto((folder / f"{name}-default.html").as_uri())
        wide = page.evaluate(
            "[...document.querySelectorAll('.equation')]"
            ".map(e => [e.textContent, e.scrollWidth - e.clientWidth])"
        )
        assert not [text for text, more in wide if more > 0], name
        formulas += len(wide)
    assert formulas > 30


def test_scoreboard_filters_by_keyboard(built: Path, offline: Any) -> None:
    page = offline()
    page.goto((built / "index.html").as_uri())
    rows = page.locator("#claims tbody tr:visible")
    shown = page.locator("#shown")

    def choose(name: str, *keys: str) -> str:
        page.locator(f"select[name={name}]").focus()
        for key in keys:
            page.keyboard.press(key)
        text: str = shown.inner_text()
        assert rows.count() == int(text.split()[0])
        return text

    # At first those of the scale that is counted above.
    scales = page.locator("#claims tr:visible td:nth-child(2)")
    assert set(scales.all_inner_texts()) == {"default"}
    assert shown.inner_text() == "4 of 8 shown"
    assert choose("scale", "Home") == "8 of 8 shown"
    assert choose("verdict", "ArrowDown", "ArrowDown") == "2 of 8 shown"
    assert set(page.locator("#claims tr:visible .verdict").all_inner_texts()) == {
        "◐ direction only"
    }
    assert choose("scale", "End") == "1 of 8 shown"
    # The first visible row of a claim is not shown as a repetition.
    assert "again" not in (rows.first.get_attribute("class") or "")
    choose("verdict", "Home")
    assert choose("scale", "Home") == "8 of 8 shown"
    assert choose("notebook", "End") == "0 of 8 shown"  # it failed before its claims
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "verdict"


def test_scoreboard_is_there_without_scripts(built: Path, offline: Any) -> None:
    page = offline(java_script_enabled=False)
    page.goto((built / "index.html").as_uri())
    assert page.locator("#claims tbody tr:visible").count() == 8
    assert not page.locator("#filters").is_visible()


def test_from_the_index_to_the_failing_cell_and_back(built: Path, offline: Any) -> None:
    page = offline()
    page.goto((built / "index.html").as_uri())
    page.get_by_role("link", name="See it in the notebook").click()
    page.wait_for_url("**/02_broken-default.html#cell-4")
    assert page.locator("#cell-4 .error").is_visible()
    page.get_by_role("link", name="All notebooks").first.click()
    page.wait_for_url("**/index.html")
    page.get_by_role("link", name="Fields of light").first.click()
    solution = page.locator("details.solution")
    assert not solution.locator("pre.stream").is_visible()
    solution.locator("summary").press("Enter")
    assert solution.locator("pre.stream").is_visible()
