"""A prompt, the model's reply to it, and a picture of what the reply holds.

The reply can be edited, and is then scored again. Explorers derive from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from matplotlib.figure import Figure

from helpers.explorer import (
    alert_html,
    control_panel,
    headless,
    render,
    settings,
    show_box,
)
from helpers.graph_generation.prompts import TEMPLATE
from helpers.llm.backend import Backend, Request, Sampling

Setting = dict[str, Any]


class ReplyPanel:
    """Controls, prompt, reply and picture; subclasses say what to ask and to draw.

    Attributes
    ----------
    box : ipywidgets.VBox
        What is displayed.
    controls : dict of str to widget
        ``temperature`` and ``seed`` among them.
    reply : ipywidgets.Textarea
        The model's text, free to be changed.
    status : ipywidgets.HTML
        What was found in the reply, or what went wrong.
    """

    def __init__(
        self, backend: Backend, controls: Mapping[str, Any], max_tokens: int
    ) -> None:
        import ipywidgets as widgets

        self.backend, self.max_tokens = backend, max_tokens
        self.controls = dict(controls)
        self.prompt = widgets.HTML()
        self.reply = widgets.Textarea(
            description="reply",
            rows=7,
            continuous_update=False,
            layout=widgets.Layout(width="98%"),
        )
        self.picture = widgets.Image(
            format="png", layout=widgets.Layout(max_width="820px")
        )
        self.status = widgets.HTML()
        self.box = widgets.VBox(
            [
                control_panel(self.controls),
                self.prompt,
                self.reply,
                self.status,
                self.picture,
            ]
        )
        self._asking = False
        self._setting: Setting = {}
        for control in self.controls.values():
            control.observe(self.redraw, names="value")
        self.reply.observe(self._edited, names="value")
        self.redraw()

    def ask(self, setting: Setting) -> str:
        """The prompt of a setting; what scoring needs of it is kept."""
        raise NotImplementedError

    def score(self, setting: Setting, text: str) -> tuple[Figure, str]:
        """Picture of a reply, and one line about it."""
        raise NotImplementedError

    def request(self, setting: Setting) -> Request:
        """What the model is asked in a setting."""
        sampling = Sampling(
            temperature=float(setting["temperature"]),
            max_tokens=self.max_tokens,
            seed=int(setting["seed"]),
        )
        return Request.ask(self.ask(setting), sampling, template=TEMPLATE)

    def redraw(self, _change: Any = None) -> None:
        """Ask the model anew and show its reply.

        What goes wrong is said in the status line and, headless, raised.
        """
        self._setting = {name: c.value for name, c in self.controls.items()}
        try:
            request = self.request(self._setting)
            reply = next(iter(self.backend.complete([request])))
            self.prompt.value = (
                "<details><summary>prompt</summary><pre style='white-space:pre-wrap;"
                f"line-height:1.3'>{escape(request.prompt)}</pre></details>"
            )
            self._asking = True
            self.reply.value = reply.text
            self._asking = False
            self._show()
        except Exception as error:
            self._failed(error)
        finally:
            self._asking = False

    def _edited(self, _change: Any) -> None:
        if self._asking:
            return
        try:
            self._show()
        except Exception as error:
            self._failed(error)

    def _show(self) -> None:
        self.picture.value, text = render(self.score(self._setting, self.reply.value))
        self.status.value = f"<div role='status'>{escape(text)}</div>"

    def _failed(self, error: Exception) -> None:
        if headless():
            raise error
        self.status.value = alert_html(error)

    def check(self) -> None:
        """Ask and score at each control's extremes.

        Raises
        ------
        Exception
            What a setting raises, with a note that says which it was.
        """
        tried = list(settings(self.controls))[1:]
        setting = tried[0]
        try:
            requests = []
            for setting in tried:
                requests.append(self.request(setting))
            # all at once: a small model writes replies side by side
            replies = iter(self.backend.complete(requests))
            for setting in tried:
                text = next(replies).text
                self.ask(setting)  # what scoring needs of the prompt
                render(self.score(setting, text))
        except Exception as error:
            error.add_note(f"explorer setting: {setting}")
            raise
        self.ask(self._setting)  # what is shown belongs to the first setting


def show(panel: ReplyPanel) -> None:
    """Display a panel; headless, try it at the extremes and leave its first picture."""
    from IPython.display import HTML, Image, display

    if headless():
        panel.check()
        display(HTML(panel.status.value))
        display(Image(bytes(panel.picture.value)))
    show_box(panel.box)
