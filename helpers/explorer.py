"""``explore(figure_fn, **controls)``: a figure that answers to controls.

The picture is rendered to PNG and pushed into one ``ipywidgets.Image``, so nothing
flickers and nothing is swallowed: an error is shown in the widget and, when there is
no front end, raised.
"""

from __future__ import annotations

import io
import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

HEADLESS = "CURRICULUM_HEADLESS"
NOTE = (
    '<p class="widget" role="note">Interactive in JupyterLab; static picture above.</p>'
)
"""What stands for an explorer where no script runs, as in the report."""
ALERT = "color:var(--jp-error-color1,#b94a00)"
"""Style of what went wrong: JupyterLab's colour for it, legible in both themes."""


def headless() -> bool:
    """True when a runner executes the notebook and nobody can move a slider."""
    return bool(os.environ.get(HEADLESS))


def render(result: Any) -> tuple[bytes, Any]:
    """PNG bytes and text of what a figure function returned.

    Accepts a matplotlib figure, or a pair (figure, text). The text is shown as it is;
    an object with ``_repr_html_``, as IPython's ``HTML``, is shown as HTML.
    """
    figure, text = result if isinstance(result, tuple) else (result, "")
    if not hasattr(figure, "savefig"):
        raise TypeError(
            "the figure function must return a matplotlib figure or (figure, text), "
            f"not {type(figure).__name__}"
        )
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=160)
    plt.close(figure)
    return buffer.getvalue(), text


def to_html(text: Any) -> str:
    """A text's own HTML if it has any, else the text with its signs escaped."""
    made = getattr(text, "_repr_html_", None)
    return str(made()) if made else escape(str(text))


def extremes(control: Any) -> list[Any]:
    """Default, minimum and maximum of a control, or first and last option."""
    values = [control.value]
    for name in ("min", "max"):
        if hasattr(control, name):
            values.append(getattr(control, name))
    options = getattr(control, "options", None)
    if options:
        choices = [o[1] if isinstance(o, tuple) else o for o in options]
        values += [choices[0], choices[-1]]
    if isinstance(control.value, bool):
        values.append(not control.value)
    unique: list[Any] = []
    for value in values:
        if value not in unique:
            unique.append(value)
    return unique


def settings(controls: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The default setting, then each control at each of its extremes."""
    default = {name: control.value for name, control in controls.items()}
    yield default
    for name, control in controls.items():
        for value in extremes(control)[1:]:
            yield {**default, name: value}


def explore(figure_fn: Callable[..., Any], **controls: Any) -> Any:
    """Connect controls to a figure function and show both.

    Parameters
    ----------
    figure_fn : callable
        Called with one keyword per control; returns a matplotlib figure or
        (figure, text).
    **controls
        ipywidgets abbreviations as in ``interact`` (``(0, 1, 0.1)``, a list of
        options, a bool) or widgets.

    Raises
    ------
    Exception
        Headless, whatever ``figure_fn`` raises at the default, minimum or maximum
        of any control.
    """
    import ipywidgets as widgets

    made = widgets.interactive(lambda **_: None, {"manual": False}, **controls)
    wanted = {w._kwarg: w for w in made.kwargs_widgets}
    panel = control_panel(wanted)
    if headless():
        for setting in settings(wanted):
            try:
                render(figure_fn(**setting))
            except Exception as error:
                error.add_note(f"explorer setting: {setting}")
                raise
    image = widgets.Image(format="png", layout=widgets.Layout(max_width="800px"))
    status = widgets.HTML()

    def redraw(_change: Any = None) -> None:
        setting = {name: control.value for name, control in wanted.items()}
        try:
            image.value, text = render(figure_fn(**setting))
            shown = ", ".join(f"{k} = {v}" for k, v in setting.items())
            status.value = f"<div role='status'>{to_html(text or shown)}</div>"
        except Exception as error:
            status.value = alert_html(error)
            if headless():
                raise

    redraw()
    for control in wanted.values():
        control.observe(redraw, names="value")
    show_box(widgets.VBox([panel, image, status]))
    return None


def control_panel(controls: Mapping[str, Any]) -> Any:
    """Controls side by side, as many in a row as the page has room for.

    Their labels, the names where they have none, get one width. What depends on a
    control changes once it is let go, not while it is dragged.
    """
    import ipywidgets as widgets

    for name, control in controls.items():
        control.description = control.description or name.replace("_", " ")
        if hasattr(control, "continuous_update"):
            control.continuous_update = False
    longest = max(len(control.description) for control in controls.values())
    for control in controls.values():
        control.style = {"description_width": f"{longest + 1}ch"}
        options = getattr(control, "options", ())  # a dropdown shows them whole
        labels = [o[0] if isinstance(o, tuple) else str(o) for o in options]
        track = 24 if hasattr(control, "readout") else 0  # of a slider, and its value
        room = longest + 6 + max([track, *map(len, labels)])
        width = f"max(300px, {room}ch)"
        control.layout = widgets.Layout(width=width, max_width="100%")
    row = widgets.Layout(flex_flow="row wrap")
    return widgets.Box(list(controls.values()), layout=row)


def alert_html(error: Exception, escaped: Callable[[str], str] = escape) -> str:
    """What went wrong, in one line for a status widget."""
    text = traceback.format_exception_only(error)[0].strip()
    return f"<div role='alert' style='{ALERT}'>{escaped(text)}</div>"


def show_box(box: Any) -> None:
    """Display an explorer's widgets, whose arrow keys JupyterLab then leaves alone."""
    from IPython.display import display

    from helpers.widget_keys import WidgetKeys

    display(box)
    WidgetKeys()
