"""What a page holds in itself: pictures, links that lead somewhere, nothing remote."""

from __future__ import annotations

import base64
import html
import io
import mimetypes
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from bs4 import BeautifulSoup
from nbformat import NotebookNode

from helpers.curriculum.report_math import INLINE, inline_math

WIDGET = "application/vnd.jupyter.widget-view+json"
FIGURES = ("image/svg+xml", "image/png", "image/jpeg")
THUMBNAIL_BYTES = 500_000
_SVG_SAFE = " /:;,=()@!*?$'+-._~"
_FETCHING = ("src", "srcset", "data", "poster", "background")
_MAYBE_FETCHES = re.compile(
    r"(?i)<(img|script|link|iframe|video|audio|source|embed|object|image|input|base"
    r"|meta|track|use|feimage)\b|@import|url\("
)
_REMOTE_CSS = re.compile(
    r"(?i)@import[^;]*;?|url\(\s*[\"']?\s*(?:https?:)?//[^)]*\)",
)


@dataclass
class Links:
    """Where links of a notebook lead, seen from the report's folder."""

    source: Path  # folder of the notebook
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
        try:
            target = (self.source / unquote(parts.path)).resolve()
        except ValueError:  # no path at all
            return None
        inside = target.is_relative_to(self.root.resolve())
        return target if inside and os.path.exists(target) else None

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
        if element.decomposed:  # with the element around it
            continue
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
        if element.name == "style":
            element.string = _REMOTE_CSS.sub("", element.get_text())
        if element.get("style"):
            element["style"] = _REMOTE_CSS.sub("none", str(element["style"]))
    return str(soup)


def typeset(fragment: str) -> str:
    """``fragment`` with the ``$...$`` in its text as MathML, as JupyterLab shows it."""
    if not INLINE.search(fragment):
        return fragment
    soup = BeautifulSoup(fragment, "html.parser")
    for text in soup.find_all(string=INLINE):
        if not text.find_parent(["pre", "code", "script", "style", "math", "svg"]):
            text.replace_with(BeautifulSoup(inline_math(str(text)), "html.parser"))
    return str(soup)


def _fetches(url: str) -> bool:
    return bool(url) and not url.startswith(("data:", "#"))


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
