"""Docstrings as HTML: numpydoc sections of reStructuredText.

griffe takes a docstring apart, docutils reads the text. Formulas become MathML as
everywhere in the report, and a name in backticks becomes a link where the reference
documents what it names.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import griffe
from docutils import nodes
from docutils.core import publish_parts
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Directive, Parser, directives, roles
from docutils.readers.standalone import Reader
from docutils.writers.html5_polyglot import Writer

from helpers.curriculum.report_math import mathml

Resolve = Callable[[str], str | None]  # a name as written -> href, None when unknown

# Sphinx's roles, all treated alike; the first one is what bare backticks mean.
ROLES = ("obj", "attr", "class", "data", "exc", "func", "meth", "mod")
_MAIL = re.compile(r'<a [^>]*href="mailto:[^>]*>([^<]*)</a>')  # pass@k is no address
_SETTINGS = {
    "embed_stylesheet": False,
    "file_insertion_enabled": False,
    "initial_header_level": 4,
    "report_level": 2,
    "syntax_highlight": "none",
}


def to_html(text: str, resolve: Resolve) -> tuple[str, list[str]]:
    """HTML of a docstring's text, and what is wrong with it, one line per problem.

    ``resolve`` says where a name in backticks is documented. A name that it does not
    know stays plain code; in a role such as ``:func:`` it is a problem.
    """
    if not text.strip():
        return "", []
    _reading.resolve, _reading.problems = resolve, []
    warnings = io.StringIO()
    settings = _settings().copy()
    settings.warning_stream = warnings
    made = publish_parts(
        ".. default-role:: obj\n\n" + text, writer="html5", settings=settings
    )["fragment"]
    made = _MAIL.sub(r"\1", str(made))
    heard = [line for line in warnings.getvalue().splitlines() if line.strip()]
    return made.strip(), [*_reading.problems, *heard]


@cache
def _settings() -> Any:
    """docutils' own settings with ours; putting them together takes milliseconds."""
    settings = get_default_settings(Parser, Reader, Writer)
    for name, value in _SETTINGS.items():
        setattr(settings, name, value)
    return settings


@dataclass
class _Reading:
    """What the text at hand may refer to, and the names it got wrong."""

    resolve: Resolve = field(default=lambda name: None)
    problems: list[str] = field(default_factory=list)


_reading = _Reading()  # docutils keeps one set of roles, so there is one of these


@dataclass
class _Reference:
    """The role of a name in backticks."""

    role: str

    def __call__(
        self,
        name: str,
        rawtext: str,
        text: str,
        lineno: int,
        inliner: Any,
        options: Any = None,
        content: Sequence[str] = (),
    ) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        target = text.lstrip("~!.").removesuffix("()")
        shown = target.rpartition(".")[2] if text.startswith("~") else text.lstrip("!.")
        href = _reading.resolve(target)
        if href is None and self.role != ROLES[0] and not text.startswith("!"):
            _reading.problems.append(f"{rawtext} names nothing that is documented")
        code = f"<code>{html.escape(shown)}</code>"
        if href is not None:
            code = f'<a href="{html.escape(href)}">{code}</a>'
        return [nodes.raw(rawtext, code, format="html")], []


def _math_role(
    name: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: Any,
    options: Any = None,
    content: Sequence[str] = (),
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    # The part of the source between the backticks, in which backslashes still stand.
    return [nodes.raw(rawtext, mathml(rawtext.split("`")[1]), format="html")], []


class _Math(Directive):  # type: ignore[misc]
    """``.. math::`` with its formula on the same line or below."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        formula = "\n".join([*self.arguments, *self.content])
        return [nodes.raw("", mathml(formula, display=True), format="html")]


def section_html(
    section: griffe.DocstringSection, resolve: Resolve
) -> tuple[str, list[str]]:
    """One section of a docstring as HTML, with its problems."""
    kinds = griffe.DocstringSectionKind
    value = section.value
    if section.kind is kinds.text:
        return to_html(value, resolve)
    if section.kind is kinds.admonition:
        text, problems = to_html(value.contents, resolve)
        return f"<h5>{html.escape(section.title or value.kind)}</h5>\n{text}", problems
    if section.kind is kinds.examples:
        parts, problems = ["<h5>Examples</h5>"], []
        for kind, text in value:
            if kind is kinds.examples:
                parts.append(f'<pre class="example">{html.escape(text)}</pre>')
            else:
                made, found = to_html(text, resolve)
                parts.append(made)
                problems += found
        return "\n".join(parts), problems
    title = section.kind.value.capitalize()
    parts, problems = [f"<h5>{title}</h5>", "<dl>"], []
    for item in value:
        name = getattr(item, "name", "") or ""
        terms = [html.escape(str(part)) for part in (name, item.annotation) if part]
        text, found = to_html(item.description, resolve)
        shown = [f"<code>{term}</code>" for term in terms]
        parts.append(f"<dt>{' <small>'.join(shown)}{'</small>' * (len(shown) - 1)}")
        parts.append(f"</dt><dd>{text}</dd>")
        problems += found
    return "\n".join([*parts, "</dl>"]), problems


for _role in ROLES:
    roles.register_local_role(_role, _Reference(_role))
roles.register_local_role("math", _math_role)
directives.register_directive("math", _Math)
