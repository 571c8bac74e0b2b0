"""The token view shows all of the text, escaped, and both numbers of every token."""

from __future__ import annotations

import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from helpers.adaptive_temperature.token_view import (
    RETURN,
    ViewedToken,
    colour,
    legend_html,
    shown,
    token_html,
)

TOKENS = (
    ViewedToken("    ", 0.2, 0.01),
    ViewedToken("if", 0.8, 1.5),
    ViewedToken(" x < 3 &", 0.2, 9.0),
    ViewedToken(":\n", 0.2, 0.3),
)


def spans(html: str) -> list:
    return BeautifulSoup(html, "html.parser").find_all("span", title=True)


def alpha(css: str) -> float:
    return float(re.search(r"rgba\(\d+,\d+,\d+,([\d.]+)\)", css)[1])


def test_the_text_is_all_there():
    page = BeautifulSoup(token_html(TOKENS, "def f(x):\n"), "html.parser")
    text = page.pre.get_text().replace(RETURN, "")
    assert text == "def f(x):\n" + "".join(token.text for token in TOKENS)
    assert "white-space:pre-wrap" in page.pre["style"]


def test_hot_is_orange_cold_is_blue_and_loss_is_a_bar():
    found = spans(token_html(TOKENS))
    assert [span["title"] for span in found][1] == "T = 0.8, loss 1.50 nats"
    assert "rgba(213,94,0,0.45)" in found[1]["style"]
    assert all("rgba(0,114,178,0.45)" in found[i]["style"] for i in (0, 2, 3))
    bars = [re.search(r"-([\d.]+)px", span["style"]) for span in found]
    assert bars[0] is None
    assert [float(bar[1]) for bar in bars[1:]] == [1.2, 4.0, 0.2]


def test_one_temperature_is_neutral_and_a_scale_is_kept():
    same = [ViewedToken("x", 0.7, 0.0)]
    assert alpha(spans(token_html(same))[0]["style"]) == 0
    style = spans(token_html(same, scale=(0.7, 2.0)))[0]["style"]
    assert "rgba(0,114,178,0.45)" in style
    outside = spans(token_html(same, scale=(1.0, 2.0)))[0]["style"]
    assert outside == style  # drawn at the scale's end
    assert "temperature" in legend_html(0.2, 0.8) and "to" not in legend_html(1, 1)[:60]
    with pytest.raises(ValueError, match="scale is 2 to 1; allowed: ascending"):
        token_html(TOKENS, scale=(2, 1))


@pytest.mark.parametrize("page", ["#ffffff", "#111111"])
@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0])
def test_text_is_readable_on_light_and_dark_pages(page, temperature):
    css = colour(temperature, 0.1, 1.0)
    strength = alpha(css)
    tint = np.array([int(n) for n in re.findall(r"\d+", css)[:3]]) / 255
    back = strength * tint + (1 - strength) * np.array(to_rgb(page))
    text = np.array(to_rgb("#000000" if page == "#ffffff" else "#ffffff"))
    light, dark = sorted((luminance(back), luminance(text)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) > 4.5


def luminance(rgb: np.ndarray) -> float:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


HOSTILE = "</pre><script>alert(1)</script>'\" onmouseover='x' &lt;"


def test_nothing_in_a_text_is_markup():
    html = token_html([ViewedToken(HOSTILE, 1.0, 1.0)], HOSTILE)
    page = BeautifulSoup(html, "html.parser")
    assert {tag.name for tag in page.find_all()} == {"pre", "span"}
    assert page.pre.get_text() == 2 * HOSTILE
    assert "\\u202e" in shown("a\u202eb") and "\\ud800" in shown("\ud800")
    token_html([ViewedToken("\ud800\x00\r", float("inf"), float("nan"))]).encode()


@given(st.lists(st.text(max_size=8), max_size=6), st.text(max_size=8))
def test_any_text_survives(texts, prompt):
    html = token_html([ViewedToken(t, i / 5, i) for i, t in enumerate(texts)], prompt)
    html.encode()
    page = BeautifulSoup(html, "html.parser")
    assert {tag.name for tag in page.find_all()} <= {"pre", "span"}
    assert len(page.find_all("span", title=True)) == len(texts)
