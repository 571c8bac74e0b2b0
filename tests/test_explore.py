"""``explore``: every control at its extremes, errors shown or raised, never lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import matplotlib
import pytest
from IPython.display import HTML
from matplotlib.figure import Figure

from helpers.explorer import explore, extremes, render, settings, to_html

matplotlib.use("Agg")
PNG = b"\x89PNG\r\n"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What ``explore`` displays."""
    found: list[Any] = []
    monkeypatch.setattr("IPython.display.display", found.append)
    monkeypatch.delenv("CURRICULUM_HEADLESS", raising=False)
    return found


def recorder(fail_at: float | None = None) -> tuple[list[Any], Callable[..., Any]]:
    calls: list[Any] = []

    def draw(size: int, kind: str = "a", on: bool = False) -> Any:
        calls.append((size, kind, on))
        if size == fail_at:
            raise ValueError(f"no size {size}")
        return Figure(figsize=(1, 1)), f"size {size}"

    return calls, draw


def parts(shown: list[Any]) -> tuple[dict[str, Any], Any, Any]:
    controls, image, status = shown[0].children
    return {c.description: c for c in controls.children}, image, status


def test_extremes_are_default_minimum_maximum_and_options() -> None:
    assert extremes(widgets.IntSlider(3, min=1, max=9)) == [3, 1, 9]
    assert extremes(widgets.IntSlider(1, min=1, max=9)) == [1, 9]
    assert extremes(widgets.Dropdown(options=["a", "b", "c"], value="b")) == [
        "b",
        "a",
        "c",
    ]
    assert extremes(widgets.Dropdown(options=[("one", 1), ("two", 2)])) == [1, 2]
    assert extremes(widgets.Checkbox(True)) == [True, False]


def test_settings_move_one_control_at_a_time() -> None:
    controls = {"x": widgets.IntSlider(3, min=1, max=9), "on": widgets.Checkbox(False)}
    assert list(settings(controls)) == [
        {"x": 3, "on": False},
        {"x": 1, "on": False},
        {"x": 9, "on": False},
        {"x": 3, "on": True},
    ]


def test_a_moved_control_gives_a_new_picture(shown: list[Any]) -> None:
    calls, draw = recorder()
    explore(draw, size=(1, 9), kind=["a", "b"], on=False)
    controls, image, status = parts(shown)
    first = bytes(image.value)
    assert first.startswith(PNG)
    assert calls == [(5, "a", False)]
    controls["size"].value = 8
    controls["kind"].value = "b"
    assert calls[1:] == [(8, "a", False), (8, "b", False)]
    assert "size 8" in status.value
    assert not controls["size"].continuous_update


def test_an_error_is_shown_and_the_next_move_recovers(shown: list[Any]) -> None:
    _, draw = recorder(fail_at=9)
    explore(draw, size=(1, 9))
    controls, image, status = parts(shown)
    controls["size"].value = 9
    assert "role='alert'" in status.value
    assert "ValueError: no size 9" in status.value
    controls["size"].value = 8
    assert "role='status'" in status.value
    assert bytes(image.value).startswith(PNG)


@pytest.mark.parametrize("bad", [1, 5, 9])
def test_headless_every_extreme_is_drawn_and_raises(
    shown: list[Any], monkeypatch: pytest.MonkeyPatch, bad: int
) -> None:
    monkeypatch.setenv("CURRICULUM_HEADLESS", "1")
    calls, draw = recorder()
    explore(draw, size=(1, 9), on=False)
    assert {(1, "a", False), (5, "a", False), (9, "a", False), (5, "a", True)} <= set(
        calls
    )
    _, failing = recorder(fail_at=bad)
    with pytest.raises(ValueError, match=f"no size {bad}") as error:
        explore(failing, size=(1, 9), on=False)
    assert any(f"'size': {bad}" in note for note in error.value.__notes__)


def test_a_figure_function_must_return_a_figure() -> None:
    assert render(Figure(figsize=(1, 1)))[0].startswith(PNG)
    assert render((Figure(figsize=(1, 1)), "text"))[1] == "text"
    with pytest.raises(TypeError, match="must return a matplotlib figure"):
        render(None)


def test_a_text_is_escaped_unless_it_brings_its_html() -> None:
    assert to_html("a < b") == "a &lt; b"
    assert to_html(HTML("<b>a</b>")) == "<b>a</b>"


def test_a_control_without_a_parameter_is_an_error(shown: list[Any]) -> None:
    _, draw = recorder()
    explore(draw, sise=(1, 9))
    assert "TypeError" in parts(shown)[2].value
