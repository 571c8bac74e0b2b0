"""Keys that belong to a focused control, and not to JupyterLab's shortcuts."""

from __future__ import annotations

import anywidget


class WidgetKeys(anywidget.AnyWidget):
    """Lets dropdowns, buttons and sliders in a notebook's output have the arrow keys.

    Lab takes arrows and letters as its own shortcuts, unless the focused element says
    otherwise; ipywidgets do not say so. While one instance lives, every control of
    ipywidgets on the page says so as soon as it is focused. It shows nothing.
    """

    _esm = """
    const keep = ({ target }) => {
      if (target.closest?.(".jupyter-widgets, .widget-container")) {
        target.setAttribute("data-lm-suppress-shortcuts", "true");
      }
    };
    export default {
      initialize() {
        document.addEventListener("focusin", keep);
        return () => document.removeEventListener("focusin", keep);
      },
    };
    """
