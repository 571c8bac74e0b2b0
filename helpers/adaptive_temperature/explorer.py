"""Explorer: every token's temperature and loss, and verdicts from the sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import shorten
from typing import Any

from helpers.adaptive_temperature.problems import Problem
from helpers.adaptive_temperature.program_samples import CallVerdict, ProgramSamples
from helpers.adaptive_temperature.token_view import legend_html, shown, token_html
from helpers.adaptive_temperature.traced_samples import TracedSample
from helpers.explorer import (
    ALERT,
    alert_html,
    control_panel,
    headless,
    settings,
    show_box,
)
from helpers.sandbox.sandbox import Sandbox
from helpers.sandbox.verdicts import Outcome, SandboxError, Verdict
from helpers.tiny_lm.tokenizers import unknown_pieces

ONE_TEMPERATURE = ("uniform", "entropy")
FEW_TOKENS = 16
"""Tokens of a sample in the headless check of all but the first setting."""


class SamplerExplorer:
    """Controls, samples and verdicts; `sampler_explorer` shows one.

    Attributes
    ----------
    box : ipywidgets.VBox
        What is displayed.
    controls : dict of str to widget
        problem, rule, a, b and seed.
    prompt : ipywidgets.Textarea
        Set by the dropdown of problems, and free to be changed.
    samples : list of TracedSample
        What is shown.
    """

    def __init__(
        self, lab: ProgramSamples, *, rule: str = "line-word", a: float, b: float
    ) -> None:
        import ipywidgets as widgets

        self.lab = lab
        self.samples: list[TracedSample] = []
        first = next(iter(lab.by_name.values()))
        problems = [  # the whole of a long name is in the prompt
            (f"{number}: {shorten(name, 48, placeholder=' …')}", name)
            for number, name in enumerate(lab.by_name, 1)
        ]
        lab.sampler(rule, a, b)  # names a wrong rule
        heat = {"min": 0.1, "max": 2.0, "step": 0.1}
        self.controls: dict[str, Any] = {
            "problem": widgets.Dropdown(options=problems, description="problem, tests"),
            "rule": widgets.Dropdown(options=lab.rules, value=rule, description="rule"),
            "a": widgets.FloatSlider(a, description="a, hot", **heat),
            "b": widgets.FloatSlider(b, description="b, cold", **heat),
            "seed": widgets.IntSlider(0, min=0, max=20),
        }
        panel = control_panel(self.controls)
        self.controls["problem"].layout.width = "600px"
        self.prompt = widgets.Textarea(
            first.prompt,
            description="prompt",
            rows=4,
            continuous_update=False,
            layout=widgets.Layout(width="98%"),
        )
        self._status = widgets.HTML()
        self._legend = widgets.HTML()
        self._cards = [self._card(index) for index in range(lab.count)]
        samples = widgets.GridBox(
            [card["box"] for card in self._cards],
            layout=widgets.Layout(
                grid_template_columns="repeat(auto-fit, minmax(320px, 1fr))",
                grid_gap="8px",
            ),
        )
        self.box = widgets.VBox(
            [panel, self.prompt, self._status, self._legend, samples]
        )
        self.controls["problem"].observe(self._choose, names="value")
        for name in ("rule", "a", "b", "seed"):
            self.controls[name].observe(self.redraw, names="value")
        self.prompt.observe(self.redraw, names="value")
        self.redraw()

    def _card(self, index: int) -> dict[str, Any]:
        """Widgets of one sample."""
        import ipywidgets as widgets

        button = widgets.Button(
            description="Run in the sandbox",
            disabled=self.lab.sandbox is None,
            tooltip="one process for each test"
            if self.lab.sandbox is not None
            else "no sandbox was given",
        )
        button.on_click(lambda _: self.run(index))
        text, verdict = widgets.HTML(), widgets.HTML()
        box = widgets.VBox(
            [text, button, verdict],
            layout=widgets.Layout(border="1px solid #9A9A9A80", padding="4px"),
        )
        return {"box": box, "button": button, "text": text, "verdict": verdict}

    def _choose(self, _change: Any) -> None:
        """Put the chosen problem's prompt into the text area, which draws anew."""
        chosen = self.lab.problem(self.controls["problem"].value).prompt
        if chosen == self.prompt.value:
            self.redraw()  # the tests are others
        self.prompt.value = chosen

    def redraw(self, _change: Any = None) -> None:
        """Draw samples of the prompt with the controls' settings and show them.

        What goes wrong is said in the status line and, headless, raised.
        """
        setting = {name: control.value for name, control in self.controls.items()}
        setting.pop("problem")
        rule, a, b = setting["rule"], setting["a"], setting["b"]
        self.controls["b"].disabled = rule in ONE_TEMPERATURE
        try:
            self.samples = self.lab.draw(self.prompt.value, **setting)
            low, high = self._scale(rule, a, b)
            for card, sample in zip(self._cards, self.samples, strict=True):
                card["text"].value = token_html(sample.tokens, scale=(low, high))
                card["verdict"].value = ""
            self._legend.value = legend_html(low, high)
            said = describe(self.samples, self.lab.sampler(rule, a, b).name, setting)
            self._status.value = f"<div role='status'>{said}{self._unknown()}</div>"
        except Exception as error:
            if headless():
                raise
            self._status.value = alert_html(error, shown)

    @staticmethod
    def _scale(rule: str, a: float, b: float) -> tuple[float, float]:
        if rule == "entropy":
            return 0.0, a
        return (a, a) if rule == "uniform" else (min(a, b), max(a, b))

    def _unknown(self) -> str:
        """What the model's vocabulary lacks, if anything."""
        lost = unknown_pieces(self.lab.tokenizer, self.prompt.value)
        if not lost:
            return ""
        words = ", ".join(shown(repr(piece)) for piece in dict.fromkeys(lost))
        return f" <span style='{ALERT}'>Words the model does not know: {words}.</span>"

    def run(self, index: int) -> None:
        """Run a sample with the chosen problem's tests and show the verdicts."""
        card, button = self._cards[index], self._cards[index]["button"]
        button.disabled, button.description = True, "running …"
        try:
            rows = self.lab.run(
                self.controls["problem"].value,
                self.prompt.value,
                self.samples[index].text,
            )
            card["verdict"].value = verdict_html(rows)
        except SandboxError as error:
            card["verdict"].value = alert_html(error, shown)
        except Exception as error:
            if headless():
                raise
            card["verdict"].value = alert_html(error, shown)
        finally:
            button.disabled, button.description = False, "Run in the sandbox"

    def still(self) -> str:
        """Prompt and first sample, with its verdict if it was run: HTML."""
        card = self._cards[0]
        prompt = f"<pre style='padding:4px 6px'>{shown(self.prompt.value)}</pre>"
        parts = (card["text"], card["verdict"])
        head = self._status.value + self._legend.value + prompt
        return head + "".join(part.value for part in parts)

    def check(self) -> None:
        """Draw at the default, and at each control's extremes with few tokens.

        One sample is run if there is a sandbox.

        Raises
        ------
        Exception
            What a setting raises, with a note that says which it was.
        """
        whole = self.lab.max_new_tokens
        if self.lab.sandbox is not None:
            self.run(0)
        try:
            self.lab.max_new_tokens = min(whole, FEW_TOKENS)
            for setting in list(settings(self.controls))[1:]:
                name = setting.pop("problem")
                try:
                    self.lab.draw(self.lab.problem(name).prompt, **setting)
                except Exception as error:
                    error.add_note(f"explorer setting: {setting} of {name}")
                    raise
        finally:
            self.lab.max_new_tokens = whole


def sampler_explorer(
    model: Any,
    tokenizer: Any,
    problems: Iterable[Problem],
    sandbox: Sandbox | None = None,
    *,
    rule: str = "line-word",
    a: float = 0.8,
    b: float = 0.2,
    count: int = 4,
    max_new_tokens: int = 150,
) -> None:
    """Prompt, rule, a, b and seed; samples with coloured tokens; a button runs one.

    Headless, every control is tried at its extremes, errors are raised, and the first
    sample is left as a picture.

    Parameters
    ----------
    model, tokenizer
        A causal language model of transformers; small, as it draws on every move.
    problems : iterable of Problem
        For the dropdown: prompts, and the tests that a sample is run with.
    sandbox : Sandbox, optional
        Open, and left open. Without it the buttons are off.
    rule, a, b
        First settings.
    count, max_new_tokens : int
        Samples at a time, and the longest one.

    Raises
    ------
    ValueError
        If there is no problem, or the rule is unknown or not for this vocabulary.
    """
    lab = ProgramSamples(
        model, tokenizer, problems, sandbox, count=count, max_new_tokens=max_new_tokens
    )
    explorer = SamplerExplorer(lab, rule=rule, a=a, b=b)
    if headless():
        from IPython.display import HTML, display

        explorer.check()
        display(HTML(explorer.still()))
    show_box(explorer.box)


def describe(samples: Sequence[TracedSample], name: str, setting: dict) -> str:
    """One line about some samples: how different, how hot, how likely, how many cut."""
    tokens = [token for sample in samples for token in sample.tokens]
    heat = [token.temperature for token in tokens]
    hottest = max(heat, default=0.0)
    share = sum(t == hottest for t in heat) / len(heat) if heat else 0.0
    cold = "" if name in ONE_TEMPERATURE else f", b = {setting['b']:g}"
    text = (
        f"{shown(name)}, a = {setting['a']:g}{cold}, seed {setting['seed']}: "
        f"{len({sample.text for sample in samples})} distinct of {len(samples)} samples"
    )
    if heat and min(heat) < hottest and name != "entropy":
        text += f", {share:.0%} of {len(heat)} tokens at T = {hottest:.3g}"
    if tokens:
        text += f", mean loss {sum(t.loss for t in tokens) / len(tokens):.2f} nats"
    cut = sum(not sample.finished for sample in samples)
    return text + (f"; {cut} cut at the limit of tokens." if cut else ".")


def verdict_html(rows: Sequence[CallVerdict]) -> str:
    """Verdicts of a program's tests: how many pass, and a list of the calls."""
    passed = sum(row.outcome.passed for row in rows)
    count = f"{passed} of {len(rows)} tests pass"
    if {row.outcome.verdict for row in rows} == {Verdict.COMPILE}:
        why = shown(str(rows[0].outcome))
        return f"<div role='status'><b>{count}</b>: {why}</div>"
    items = "".join(
        f"<tr><td style='padding-right:8px;white-space:nowrap'>"
        f"{'✓' if row.outcome.passed else '✗'} "
        f"{_verdict(row.outcome)}</td><td style='font-family:monospace;text-align:"
        f"left'>{shown(row.call)}{' == ' if row.expected else ''}"
        f"{shown(row.expected)}</td></tr>"
        for row in rows
    )
    return (
        f"<div role='status' style='line-height:1.35'><b>{count}</b><table style='"
        f"font-size:11px;color:inherit'>{items}</table></div>"
    )


def _verdict(outcome: Outcome) -> str:
    """The verdict, with its detail where that says more than which call it was."""
    plain = outcome.verdict in (Verdict.PASS, Verdict.WRONG)
    return shown(str(outcome.verdict) if plain else str(outcome))
