"""TeX in notebooks becomes MathML, which browsers draw without any script.

The conversion itself is the library latex2mathml's. Here its input is put into the
forms it knows, its output is checked and tidied, and what it cannot do is shown as
TeX source rather than as wrong mathematics.
"""

from __future__ import annotations

import html
import re
import unicodedata
from xml.etree import ElementTree

# Environments the library lays out wrongly, and equal ones it lays out well. Those
# that number their lines would not do so in JupyterLab either.
_ENVIRONMENTS = {
    "aligned": ("split", ""),
    "align": ("align*", ""),
    "eqnarray": ("align*", ""),
    "gather": ("array", "{c}"),
    "gather*": ("array", "{c}"),
    "gathered": ("array", "{c}"),
    "equation": ("", ""),
    "equation*": ("", ""),
}
_ARITY = {
    "mfrac": 2,
    "mroot": 2,
    "msub": 2,
    "msup": 2,
    "munder": 2,
    "mover": 2,
    "msubsup": 3,
    "munderover": 3,
}
_TAG = re.compile(r"\\tag\*?\{([^{}]*)\}")
_LABEL = re.compile(r"\\label\{[^{}]*\}")
INLINE = re.compile(r"(?<![$\\])\$(?!\s)([^$\n]+?)(?<![\s\\])\$(?![$\d])")


def mathml(tex: str, display: bool = False) -> str:
    """One formula as HTML: a ``<math>`` element, or its source when not convertible.

    A ``\\tag{...}`` of a displayed formula is set apart, so that the page can put it
    at the right edge.
    """
    tags = _TAG.findall(tex)
    plain = _LABEL.sub("", _TAG.sub("", tex)).strip()
    try:
        formula = _convert(plain, display)
    except Exception:  # the library raises many kinds for input it cannot read
        formula = f'<code class="tex">{html.escape(plain)}</code>'
    if not display:
        return formula
    number = "".join(f'<span class="tag">({html.escape(t)})</span>' for t in tags)
    return f'<div class="equation">{formula}{number}</div>'


def inline_math(text: str) -> str:
    """Escaped ``text`` with its ``$...$`` parts as MathML."""
    parts: list[str] = []
    end = 0
    for match in INLINE.finditer(text):
        parts += [html.escape(text[end : match.start()]), mathml(match[1])]
        end = match.end()
    return "".join([*parts, html.escape(text[end:])])


def _convert(tex: str, display: bool) -> str:
    from latex2mathml.converter import convert

    made = convert(_normalise(tex), display="block" if display else "inline")
    made = re.sub(r"&(?!#?\w+;)", "&amp;", made)
    root = ElementTree.fromstring(made)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        _tidy(element)
    root.set("alttext", tex)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _normalise(tex: str) -> str:
    for name, (other, argument) in _ENVIRONMENTS.items():
        opening = rf"\begin{{{other}}}{argument}" if other else ""
        closing = rf"\end{{{other}}}" if other else ""
        tex = tex.replace(rf"\begin{{{name}}}", opening)
        tex = tex.replace(rf"\end{{{name}}}", closing)
    tex = re.sub(r"\\arg\s*\\(max|min)(?![A-Za-z])", r"\\operatorname{arg\\,\1}", tex)
    tex = re.sub(r"(arg\\,(?:max|min)})(?!\s*[_^])", r"\1\\,", tex)
    tex = re.sub(r"\\operatorname\*?\{([^{}]*)\}", _operator, tex)
    tex = re.sub(r"\\(math(?:bb|bf|cal|frak|it|rm|scr|sf|tt))\s+(\w)", r"\\\1{\2}", tex)
    return tex.replace(r"\nonumber", "").replace(r"\notag", "")


def _operator(match: re.Match[str]) -> str:
    name = re.sub(r"\\[,;: ]", " ", match[1])
    # Only text keeps the blank of "arg min".
    return rf"\text{{{name}}}" if " " in name else rf"\operatorname{{{name}}}"


def _tidy(element: ElementTree.Element) -> None:
    """Refuse what a browser would draw wrongly, correct what it would set badly."""
    text = element.text or ""
    if element.tag in _ARITY and len(element) != _ARITY[element.tag]:
        raise ValueError(f"<{element.tag}> with {len(element)} parts")
    if text.startswith("\\") and len(text) > 1 and element.tag != "mtext":
        raise ValueError(f"unknown command {text}")
    if element.tag == "mi" and len(text) == 1:
        if text == "&":
            raise ValueError("alignment mark outside an environment")
        if text == "~":
            text = element.text = "\N{TILDE OPERATOR}"
        if unicodedata.category(text)[0] in "SP":
            element.tag = "mo"
            if unicodedata.category(text) in ("Ps", "Pe"):
                element.set("stretchy", "false")
    bar = element.tag == "mo" and text in ("|", "\N{DOUBLE VERTICAL LINE}")
    if bar and element.get("stretchy") is None:
        # As the base of an exponent a stretching bar would grow downwards.
        element.set("stretchy", "false")
    if element.get("mathvariant") == "double-struck" and text.isdecimal():
        element.text = "".join(chr(0x1D7D8 + int(digit)) for digit in text)
    if element.tag == "mspace":
        width = element.get("width", "")
        if width.startswith("negative"):
            element.set("width", "-0.167em")
