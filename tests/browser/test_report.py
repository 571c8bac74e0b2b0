"""The report in Chromium: opened from a folder, with the network switched off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.curriculum.report import build_report
from tests.curriculum.report_sample import runs_folder

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
def test_pages_fit_their_window(
    built: Path, offline: Any, scheme: str, width: int
) -> None:
    page = offline(viewport={"width": width, "height": 900}, color_scheme=scheme)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for name in ("index", "01_fields-default", "02_broken-default"):
        page.goto((built / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        shot = SCREENSHOTS / f"report-{name}-{scheme}-{width}.png"
        page.screenshot(path=shot, full_page=True)


def test_text_keeps_its_contrast(built: Path, offline: Any) -> None:
    """Every text colour on its background reaches 4.5 : 1, in both schemes."""
    measure = """() => {
      const parse = c => c.match(/[\\d.]+/g).map(Number);
      const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = e => {
        for (; e; e = e.parentElement) {
          const c = parse(getComputedStyle(e).backgroundColor);
          if (c.length === 3 || c[3] === 1) return c;
        }
        return [255, 255, 255];
      };
      const bad = new Set();
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node; (node = walk.nextNode());) {
        const e = node.parentElement;
        if (!node.data.trim() || e.closest('script, style, .anchor')) continue;
        const [a, b] = [parse(getComputedStyle(e).color), ground(e)].map(light);
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) bad.add(`${ratio.toFixed(2)} ${e.outerHTML.slice(0, 90)}`);
      }
      return [...bad];
    }"""
    for scheme in ("light", "dark"):
        page = offline(color_scheme=scheme)
        for name in ("index", "01_fields-default", "02_broken-default"):
            page.goto((built / f"{name}.html").as_uri())
            assert page.evaluate(measure) == [], f"{name}, {scheme}"


def test_scoreboard_filters(built: Path, offline: Any) -> None:
    page = offline()
    page.goto((built / "index.html").as_uri())
    rows = page.locator("#claims tbody tr:visible")
    assert rows.count() == 8
    page.locator("select[name=verdict]").select_option("direction only")
    assert rows.count() == 2
    assert page.locator("#shown").inner_text() == "2 of 8 shown"
    page.locator("select[name=scale]").select_option("paper")
    assert rows.count() == 1
    # The first visible row of a claim is not shown as a repetition.
    assert "again" not in (rows.first.get_attribute("class") or "")
    page.locator("select[name=verdict]").select_option("")
    page.locator("select[name=scale]").select_option("")
    page.locator("select[name=notebook]").select_option("02_broken")
    assert rows.count() == 0
    assert page.locator("#shown").inner_text() == "0 of 8 shown"


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
