"""Text whose tokens show their temperature and their loss, as HTML.

The background is the temperature, blue for the coldest and orange for the hottest; the
bar beneath is the loss in nats, thicker for a less likely token. Both are laid over
whatever background and text colour the page has, light or dark.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLD, HOT = (0, 114, 178), (213, 94, 0)
STRONGEST = 0.45
"""Opacity of the coldest and hottest background; text is readable through it."""

THICKEST, LOSS_SCALE = 4.0, 5.0
"""Pixels of the thickest bar, and the loss in nats that has it."""

RETURN = "↵"  # shows a newline, and with it the newline's own temperature


@dataclass(frozen=True)
class ViewedToken:
    """One token of a sample.

    Attributes
    ----------
    text : str
        As it is decoded.
    temperature : float
        At which it was drawn.
    loss : float
        Minus the logarithm of its probability at temperature 1, in nats.
    """

    text: str
    temperature: float
    loss: float


def token_html(
    tokens: Sequence[ViewedToken],
    prompt: str = "",
    *,
    scale: tuple[float, float] | None = None,
) -> str:
    """A `<pre>` of the prompt, in plain type, and the tokens; every text is escaped.

    Parameters
    ----------
    tokens : sequence of ViewedToken
    prompt : str
        Text before them.
    scale : tuple of float, optional
        Temperatures that are drawn coldest and hottest; by default the lowest and the
        highest of the tokens. Equal ones give a neutral background.

    Raises
    ------
    ValueError
        If the scale's first temperature is above its second.
    """
    found = [token.temperature for token in tokens]
    low, high = scale or (min(found, default=1.0), max(found, default=1.0))
    if low > high:
        raise ValueError(f"scale is {low:g} to {high:g}; allowed: ascending")
    head = f"<span style='opacity:.62'>{shown(prompt)}</span>" if prompt else ""
    body = "".join(_span(token, low, high) for token in tokens)
    return (
        "<pre style='margin:0;padding:4px 6px;line-height:1.7;background:none;"
        "color:inherit;white-space:pre-wrap;overflow-wrap:anywhere'>"
        f"{head}{body}</pre>"
    )


def shown(text: str) -> str:
    """Escaped for HTML, with control and direction characters spelled out.

    Examples
    --------
    >>> shown("a < b\\tc\\x00")
    'a &lt; b\\tc\\\\x00'
    """
    safe = (
        character
        if character in "\n\t" or unicodedata.category(character)[0] != "C"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
    return escape("".join(safe), quote=True)


def colour(temperature: float, low: float, high: float) -> str:
    """CSS background of a temperature on the scale from low to high.

    Examples
    --------
    >>> colour(0.2, 0.2, 1.0), colour(1.0, 0.2, 1.0), colour(0.6, 0.2, 1.0)
    ('rgba(0,114,178,0.45)', 'rgba(213,94,0,0.45)', 'rgba(0,114,178,0.00)')
    """
    share = (
        (min(max(temperature, low), high) - low) / (high - low) if high > low else 0.5
    )
    strength = STRONGEST * abs(2 * share - 1)
    red, green, blue = HOT if share > 0.5 else COLD
    return f"rgba({red},{green},{blue},{strength:.2f})"


def legend_html(low: float, high: float) -> str:
    """One line that explains the colours of a scale and the bars."""
    cold, hot = (
        f"<span style='background:{colour(t, low, high)};padding:0 4px'>{t:g}</span>"
        for t in (low, high)
    )
    heat = f"temperature {cold} to {hot}" if low < high else f"temperature {cold}"
    return (
        f"<div style='font-size:12px;line-height:2'>{heat}, bar beneath a token: its "
        "loss, up to "
        f"<span style='{_bar(LOSS_SCALE)};padding:0 4px'>{LOSS_SCALE:g} nats</span>"
        " and more</div>"
    )


def _span(token: ViewedToken, low: float, high: float) -> str:
    title = f"T = {token.temperature:.3g}, loss {token.loss:.2f} nats"
    text = shown(token.text)
    if "\n" in text:
        mark = f"<span aria-hidden='true' style='opacity:.5'>{RETURN}</span>\n"
        text = text.replace("\n", mark)
    background = colour(token.temperature, low, high)
    return (
        f"<span title='{title}' style='background:{background};{_bar(token.loss)}'>"
        f"{text}</span>"
    )


def _bar(loss: float) -> str:
    """CSS of the bar: none below a hundredth of the scale."""
    share = min(max(loss, 0.0) / LOSS_SCALE, 1.0)
    if not share >= 0.01:  # NaN as well
        return "box-shadow:none"
    return f"box-shadow:inset 0 -{THICKEST * share:.1f}px 0 currentColor"
