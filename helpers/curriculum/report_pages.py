"""An executed notebook as a fragment of HTML that needs nothing but itself.

nbconvert renders the cells. On top of it: mathematics as MathML, figures embedded,
claims of a cell gathered into one table, solutions folded, widgets replaced by a
note, and nothing left that would be fetched from elsewhere.
"""

from __future__ import annotations

import base64
import html
import io
import mimetypes
import os
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import nbformat
from bs4 import BeautifulSoup
from jinja2 import pass_context
from nbconvert.exporters.html import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from helpers import claims
from helpers.claims import Claim
from helpers.curriculum.report_math import inline_math, mathml

TEMPLATES = Path(__file__).resolve().parent / "templates"
WIDGET = "application/vnd.jupyter.widget-view+json"
FIGURES = ("image/svg+xml", "image/png", "image/jpeg")
SHOWN = ("text/html", "text/markdown", *FIGURES, "text/latex", "text/plain")
THUMBNAIL_BYTES = 500_000

_SVG_SAFE = " /:;,=()@!*?$'+-._~"
# Cells that a runner adds to a failed copy; the page says it in its own words.
_MARKERS = {"papermill-error-cell-tag", "curriculum-marker"}
_FINE = {None, "completed", "not run", "pending"}
_FETCHING = ("src", "srcset", "data", "poster", "background")
_MAYBE_FETCHES = re.compile(
    r"(?i)<(img|script|link|iframe|video|audio|source|embed|object|image|input|base"
    r"|meta|track|use|feimage)\b|@import|url\("
)
_REMOTE_CSS = re.compile(
    r"(?i)@import[^;]*;?|url\(\s*[\"']?\s*(?:https?:)?//[^)]*\)",
)


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


@dataclass
class Links:
    """Where links of a notebook lead, seen from the report's folder."""

    source: Path  # folder of the source notebooks
    root: Path  # nothing outside of it is read or linked
    out: Path  # the report's final folder
    pages: Mapping[str, str] = field(default_factory=dict)  # notebook -> page

    def resolve(self, url: str) -> str | None:
        """The target as an ``href``; None when there is nothing to link to."""
        parts = urlsplit(url)
        if parts.scheme or parts.netloc or not parts.path:
            return url
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        page = self.pages.get(Path(unquote(parts.path)).stem)
        if parts.path.endswith(".ipynb") and page:
            return page + fragment
        target = self.local(url)
        if target is None:
            return None
        relative = Path(os.path.relpath(target, self.out.resolve())).as_posix()
        return quote(relative) + fragment

    def local(self, url: str) -> Path | None:
        """The file or folder of the project that a relative ``url`` names."""
        parts = urlsplit(url)
        if parts.scheme or parts.netloc or not parts.path:
            return None
        target = (self.source / unquote(parts.path)).resolve()
        inside = target.is_relative_to(self.root.resolve())
        return target if inside and target.exists() else None

    def embed(self, url: str) -> str | None:
        """A local image as a data URI; None when it is not there."""
        if url.startswith("data:"):
            return url
        target = self.local(url)
        if target is None or not target.is_file():
            return None
        kind = mimetypes.guess_type(target.name)[0] or "application/octet-stream"
        return data_uri(kind, target.read_bytes())


def data_uri(kind: str, content: bytes) -> str:
    """``content`` as a URI; SVG stays text, which is smaller and compresses."""
    if kind == "image/svg+xml":
        text = content.decode("utf-8").strip()
        return f"data:{kind};charset=utf-8,{quote(text, safe=_SVG_SAFE)}"
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


class _Markdown(IPythonRenderer):  # type: ignore[misc]
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


def missing_image(text: str, url: str) -> str:
    """What stands where a picture would have to be fetched."""
    words = html.escape(text or "Picture")
    if urlsplit(url).scheme in ("http", "https"):
        return f'<a class="missing" href="{html.escape(url)}">{words} (online)</a>'
    return f'<span class="missing">{words} (not found)</span>'


def self_contained(fragment: str, links: Links) -> str:
    """``fragment`` without anything that a browser would fetch while opening it.

    Local images are embedded; remote scripts, styles, fonts, frames and images are
    taken out. Links to click on stay.
    """
    if not _MAYBE_FETCHES.search(fragment):
        return fragment
    soup = BeautifulSoup(fragment, "html.parser")
    for element in soup.find_all(True):
        if element.name in ("link", "base", "meta"):
            element.decompose()
            continue
        if element.name == "img":
            source = str(element.get("src", ""))
            found = links.embed(source)
            if found is None:
                text = missing_image(str(element.get("alt", "")), source)
                element.replace_with(BeautifulSoup(text, "html.parser"))
                continue
            element["src"] = found
            del element["srcset"]
        elif any(_fetches(str(element.get(name, ""))) for name in _FETCHING) or (
            element.name in ("image", "use", "feimage")
            and any(
                _fetches(str(element.get(name, ""))) for name in ("href", "xlink:href")
            )
        ):
            element.decompose()
            continue
        if element.name == "style" and element.string:
            element.string.replace_with(_REMOTE_CSS.sub("", element.string))
        if element.get("style"):
            element["style"] = _REMOTE_CSS.sub("none", str(element["style"]))
    return str(soup)


def _fetches(url: str) -> bool:
    return bool(url) and not url.startswith(("data:", "#"))


class PageExporter(HTMLExporter):  # type: ignore[misc]
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
            "self_contained", lambda text: self_contained(text, self.links)
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
        if cell.cell_type == "markdown":
            found = re.findall(r"^##? +(.+?)\s*#*$", cell.source, re.MULTILINE)
            section = found[-1] if found else section
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
            yield _html_output(
                '<p class="widget" role="note">Interactive in JupyterLab; '
                "static picture above.</p>"
            )
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


def claims_table(found: list[Claim]) -> str:
    """A labelled table of ``found``, in the columns of the scoreboard."""
    rows = []
    for claim in found:
        note = f"<small>{inline_math(claim.reason)}</small>" if claim.reason else ""
        where = f"<small>{html.escape(claim.ref)}</small>" if claim.ref else ""
        rows.append(
            f'<tr><th scope="row"><code>{html.escape(claim.id)}</code>'
            f"<span>{inline_math(claim.statement)}</span></th>"
            f"<td>{html.escape(claims.paper_cell(claim))}{where}</td>"
            f"<td>{html.escape(ours(claim))}</td>"
            f"<td>{claims.format_interval(claim)}</td>"
            f"<td>{html.escape(claim.expected)}</td>"
            f"<td>{verdict_mark(claim.verdict)}{note}</td></tr>"
        )
    return (
        '<table class="claims"><caption class="visually-hidden">Claims recorded here'
        '</caption><thead><tr><th scope="col">Claim</th><th scope="col">Paper</th>'
        '<th scope="col">Ours</th><th scope="col">95 % interval</th>'
        '<th scope="col">Expected</th><th scope="col">Verdict</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def ours(claim: Claim) -> str:
    """Our number with its unit."""
    return f"{claims.format_number(claim.value)} {claim.unit}".strip()


def verdict_mark(verdict: str) -> str:
    """Symbol and word; the colour only repeats them."""
    symbol = claims.SYMBOLS.get(verdict, "?")
    return (
        f'<span class="verdict {verdict_class(verdict)}">'
        f'<span class="mark" aria-hidden="true">{symbol}</span> '
        f"{html.escape(verdict)}</span>"
    )


def verdict_class(verdict: str) -> str:
    """CSS class of a verdict: ``v-reproduced``, ``v-direction``, ``v-not-...``."""
    return "v-" + "-".join(verdict.split()[:2])


def thumbnail(notebook: NotebookNode) -> tuple[str, bytes] | None:
    """File suffix and bytes of the notebook's picture, None when it drew nothing.

    The first figure of a cell tagged ``thumbnail``, else the first figure; very large
    vector figures are passed over as long as there is another one.
    """
    code = [c for c in notebook.cells if c.cell_type == "code"]
    tagged = [c for c in code if "thumbnail" in c.metadata.get("tags", [])]
    found = [*_figures(tagged), *_figures(code)]
    if not found:
        return None
    small = [f for f in found if f[0] != ".svg" or len(f[1]) <= THUMBNAIL_BYTES]
    suffix, content = (small or found)[0]
    return (suffix, content) if suffix == ".svg" else (".png", _shrink(content))


def _figures(cells: list[NotebookNode]) -> Iterator[tuple[str, bytes]]:
    for cell in cells:
        for output in cell.outputs:
            data = output.get("data", {})
            if WIDGET in data:
                continue
            for kind in FIGURES:
                if kind in data:
                    text = "".join(data[kind])
                    if kind == "image/svg+xml":
                        yield ".svg", text.encode("utf-8")
                    else:
                        yield ".png", base64.b64decode(text)
                    break


def _shrink(content: bytes, width: int = 640, height: int = 400) -> bytes:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as picture:
        smaller = picture.convert("RGBA" if "A" in picture.getbands() else "RGB")
        smaller.thumbnail((width, height))
        buffer = io.BytesIO()
        smaller.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
