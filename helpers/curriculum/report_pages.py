"""An executed notebook as a fragment of HTML that needs nothing but itself.

nbconvert renders the cells. On top of it: mathematics as MathML, figures embedded,
claims of a cell gathered into one table, solutions folded, widgets replaced by a
note, and nothing left that would be fetched from elsewhere.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup
from jinja2 import pass_context
from nbconvert.exporters.html import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from helpers import claims
from helpers.claims import Claim
from helpers.curriculum.report_claims import claims_table
from helpers.curriculum.report_embed import (
    FIGURES,
    WIDGET,
    Links,
    data_uri,
    missing_image,
    self_contained,
    thumbnail,
    typeset,
)
from helpers.curriculum.report_math import mathml
from helpers.curriculum.report_templates import TEMPLATES
from helpers.curriculum.sections import heading
from helpers.explorer import NOTE

SHOWN = ("text/html", "text/markdown", *FIGURES, "text/latex", "text/plain")

# Cells that a runner adds to a failed copy; the page says it in its own words.
_MARKERS = {"papermill-error-cell-tag", "curriculum-marker"}
_FINE = {None, "completed", "not run", "pending"}


@dataclass
class Heading:
    """One entry of a page's table of contents."""

    id: str
    html: str


@dataclass
class Page:
    """A rendered notebook: its cells as HTML, its sections and its picture."""

    body: str
    sections: list[Heading]
    thumbnail: tuple[str, bytes] | None
    failure_anchor: str = ""


class _Markdown(IPythonRenderer):
    """Markdown cells: headings with anchors, MathML, embedded images."""

    def __init__(
        self, links: Links, headings: list[tuple[int, Heading]], attachments: Any
    ) -> None:
        super().__init__(escape=False, attachments=attachments or {})
        self.links = links
        self.headings = headings

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        # JupyterLab's anchors: the heading's text with hyphens for blanks.
        plain = BeautifulSoup(text, "html.parser").get_text()
        base = slug = plain.strip().replace(" ", "-")
        taken = {heading.id for _, heading in self.headings}
        count = 1
        while slug in taken:
            count += 1
            slug = f"{base}-{count}"
        self.headings.append((level, Heading(slug, text)))
        escaped = html.escape(slug)
        return (
            f'<h{level} id="{escaped}">{text} <a class="anchor" href="#{escaped}" '
            f'aria-label="Link to this section">#</a></h{level}>\n'
        )

    def block_math(self, body: str) -> str:
        return mathml(body, display=True)

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", display=True)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        target = self.links.resolve(url)
        if target is None:
            return text
        return str(super().link(text, target, title))

    def image(self, text: str, url: str, title: str | None = None) -> str:
        if not url.startswith("attachment:"):
            found = self.links.embed(url)
            if found is None:
                return missing_image(text, url)
            url = found
        return str(super().image(text, url, title))

    def block_html(self, html: str) -> str:
        return self_contained(str(super().block_html(html)), self.links)

    def inline_html(self, html: str) -> str:
        return self_contained(str(super().inline_html(html)), self.links)


class PageExporter(HTMLExporter):
    """nbconvert's HTML exporter with the report's template and Markdown."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self.headings: list[tuple[int, Heading]] = []
        super().__init__(
            template_name="notebook", extra_template_basedirs=[str(TEMPLATES)]
        )
        self.register_filter("embed", data_uri)
        self.register_filter("mathml", mathml)
        self.register_filter(
            "output_html", lambda text: typeset(self_contained(text, self.links))
        )

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        cell = context.get("cell", {})
        renderer = _Markdown(self.links, self.headings, cell.get("attachments"))
        return str(MarkdownWithMath(renderer=renderer).render(source))


def render(path: Path, links: Links) -> Page:
    """Render the executed notebook at ``path``.

    Raises
    ------
    ValueError
        If the file is no readable notebook.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises many kinds for a broken file
        raise ValueError(f"{path.name} is not a readable notebook: {error}") from None
    prepared = prepare(notebook)
    exporter = PageExporter(links)
    body, _ = exporter.from_notebook_node(prepared)
    failing = [c for c in prepared.cells if c.metadata.report.get("failed")]
    return Page(
        body=body,
        sections=[heading for level, heading in exporter.headings if level == 2],
        thumbnail=thumbnail(notebook),
        failure_anchor=failing[0].metadata.report.anchor if failing else "",
    )


def prepare(notebook: NotebookNode) -> NotebookNode:
    """A copy with what the template needs in ``cell.metadata.report``.

    Cells are numbered as in the source notebook, which has no injected cell.
    """
    copy: NotebookNode = deepcopy(notebook)
    section, figure, number = "", 0, 0
    kept = []
    for cell in copy.cells:
        tags = set(cell.metadata.get("tags", []))
        if tags & _MARKERS:
            continue
        kept.append(cell)
        injected = "injected-parameters" in tags
        number += not injected
        anchor = f"cell-{number}" + ("-values" if injected else "")
        cell.metadata.report = facts = NotebookNode(anchor=anchor)
        section = heading(cell, deepest=2) or section
        if cell.cell_type != "code":
            continue
        facts.solution = "solution" in tags
        facts.injected = injected
        ran = cell.metadata.get("papermill", {})
        facts.skipped = ran.get("status") == "not run"
        facts.failed = ran.get("status") not in _FINE or any(
            output.output_type == "error" for output in cell.outputs
        )
        seconds = ran.get("duration") or 0.0
        facts.seconds = f"{seconds:.1f} s" if seconds >= 0.1 else ""
        cell.outputs = list(_outputs(cell.outputs))
        for output in cell.outputs:
            kinds = [k for k in FIGURES if k in output.get("data", {})]
            if kinds:
                figure += 1
                given = output.metadata.get(kinds[0], {})
                given = given.get("alt") if isinstance(given, dict) else None
                output.metadata["alt"] = (
                    given
                    or cell.metadata.get("alt")
                    or f"Figure {figure}" + (f", section {section}" if section else "")
                )
    copy.cells = kept
    return copy


def _outputs(outputs: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Outputs with neighbouring claims in one table and widgets as a note."""
    gathered: list[Claim] = []
    for output in outputs:
        found = claims.claims_in({"cells": [{"outputs": [output]}]})
        if not found and gathered:
            yield _html_output(claims_table(gathered))
            gathered = []
        gathered += found
        if WIDGET in output.get("data", {}):
            yield _html_output(NOTE)
        elif not found:
            yield _best_form(output)
    if gathered:
        yield _html_output(claims_table(gathered))


def _best_form(output: NotebookNode) -> NotebookNode:
    """The output with only the richest of its forms that a page can show."""
    if "data" in output:
        kind = next((kind for kind in SHOWN if kind in output.data), None)
        output.data = NotebookNode({kind: output.data[kind]} if kind else {})
    return output


def _html_output(text: str) -> NotebookNode:
    return nbformat.v4.new_output("display_data", data={"text/html": text})
