"""Errors hidden in outputs and widget state are found and placed."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.curriculum.outputs import Swallowed, last_line, swallowed_errors

ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "bad x"}
PRINTED = """\
Exception in thread Thread-5 (work):
Traceback (most recent call last):
  File "a.py", line 3, in work
    raise OSError('disk gone')
OSError: disk gone
"""
VIEW = "application/vnd.jupyter.widget-view+json"


def cell(*outputs: dict[str, Any], tags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {"tags": list(tags)},
        "outputs": list(outputs),
        "source": "",
    }


def stream(text: str, name: str = "stderr") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def view(model: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {VIEW: {"model_id": model}}}


def notebook(*cells: dict[str, Any], **models: dict[str, Any]) -> dict[str, Any]:
    states = {name: {"state": state} for name, state in models.items()}
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": states}}
    return {"cells": list(cells), "metadata": {"widgets": widgets}}


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ([ERROR], "ValueError: bad x"),
        ([stream(PRINTED)], "OSError: disk gone"),
        ([stream("\x1b[31m" + PRINTED + "\x1b[0m\nlater")], "OSError: disk gone"),
        ([stream("100%|####| 5/5"), stream("careful: slow")], None),
        ([stream(PRINTED, name="stdout")], None),
        ([], None),
    ],
)
def test_outputs(outputs: list[dict[str, Any]], message: str | None) -> None:
    found = swallowed_errors(notebook(cell(), cell(*outputs)))
    assert found == ([Swallowed(message, 1)] if message else [])


def test_a_cell_that_may_raise_is_left_alone() -> None:
    assert swallowed_errors(notebook(cell(ERROR, tags=("raises-exception",)))) == []


def test_an_output_widget_is_placed_at_the_cell_that_shows_it() -> None:
    box = {"children": ["IPY_MODEL_inner"]}
    inner = {"children": ["IPY_MODEL_out", "IPY_MODEL_box"]}  # a circle is no trouble
    found = swallowed_errors(
        notebook(
            cell(), cell(view("box")), box=box, inner=inner, out={"outputs": [ERROR]}
        )
    )
    assert found == [Swallowed("ValueError: bad x", 1)]


def test_a_widget_that_nothing_shows_still_counts() -> None:
    found = swallowed_errors(notebook(cell(), out={"outputs": (ERROR,)}))
    assert found == [Swallowed("ValueError: bad x", None)]


def test_an_alert_of_the_explorer_counts() -> None:
    value = "<div role='alert' style='color:#D55E00'>KeyError: 'b'</div>"
    calm = "<div role='status'>x = 1</div>"
    found = swallowed_errors(
        notebook(
            cell(view("a")), cell(view("b")), a={"value": calm}, b={"value": value}
        )
    )
    assert found == [Swallowed("KeyError: 'b'", 1)]


def test_last_line() -> None:
    assert last_line("a\n \x1b[1mb\x1b[0m \n\n") == "b"
    assert last_line("") == ""
