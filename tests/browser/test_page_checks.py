"""The checks of pages find what they are there to find, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.page_checks import cut_off, low_contrast, transparent_pictures

DOT = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>"
    "{}<circle cx='4' cy='4' r='2'/></svg>"
)
GROUND = "<rect width='9' height='9' fill='white'/>"


@pytest.fixture(scope="module")
def shown(browser: Any) -> Iterator[Callable[[str], Any]]:
    """Function that shows HTML, 300 pixels wide, and returns its element."""
    page = browser.new_page(viewport={"width": 300, "height": 300})

    def show(html: str) -> Any:
        page.set_content(f"<body style='font:16px sans-serif'><main>{html}</main>")
        return page.locator("main")

    yield show
    page.close()


@pytest.mark.parametrize(
    "html",
    [
        "<p style='color:#888'>pale</p>",
        "<p style='color:#fff'>white</p>",
        "<p style='background:#111'>dark on dark</p>",
        "<p style='opacity:.4'>faint</p>",
        "<div style='opacity:.5'><b>faint by inheritance</b></div>",
        "<p style='background:rgba(0,0,0,.6)'>translucent ground</p>",
        "<input value='pale' style='color:color(srgb .6 .6 .6)'>",
    ],
)
def test_pale_text_is_found(shown: Callable[[str], Any], html: str) -> None:
    assert len(low_contrast(shown(html))) == 1


@pytest.mark.parametrize(
    "html",
    [
        "<p style='width:600px;background:#eee'>wide</p>",
        "<div style='width:50px;overflow:hidden;white-space:nowrap'>"
        "a label that is too long</div>",
        "<div style='width:90px;height:20px;overflow:hidden'>two lines or more</div>",
        "<select style='width:60px'><option>a long name</select>",
        "<input style='width:60px' value='a long sentence'>",
        "<input type='range' style='width:30px'>",
    ],
)
def test_cut_text_is_found(shown: Callable[[str], Any], html: str) -> None:
    assert cut_off(shown(html))


def test_a_transparent_picture_is_found(shown: Callable[[str], Any]) -> None:
    picture = '<img alt="" src="{}">'.format(DOT.format(""))
    assert transparent_pictures(shown(picture))


def test_a_good_page_has_no_faults(shown: Callable[[str], Any]) -> None:
    root = shown(
        "<p style='color:#fff;background:#123'>text</p>"
        "<button disabled style='color:#bbb'>off</button>"
        "<span aria-hidden='true' style='color:#ccc'>mark</span>"
        "<p hidden style='color:#fff'>hidden</p>"
        "<select><option>a<option>a very long name that is not chosen</select>"
        "<label><input type='checkbox'> box</label> <input value='short'>"
        '<img alt="" src="{}">'.format(DOT.format(GROUND).replace('"', "'"))
    )
    assert low_contrast(root) + cut_off(root) + transparent_pictures(root) == []
