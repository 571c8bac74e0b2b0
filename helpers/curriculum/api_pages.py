"""The API reference: one page per folder of the package, made from its docstrings.

Reading and typesetting some hundred modules takes seconds, so the finished pages are
kept until a source file or a template changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import griffe

import helpers
from helpers.cache import stage
from helpers.curriculum import api_reader
from helpers.curriculum.api_text import section_html
from helpers.curriculum.report_templates import TEMPLATES, environment

SOURCE = Path(helpers.__file__).resolve().parent
INDEX = "index.html"
SHARED = "shared"  # page of the modules that stand in no folder


@dataclass
class Entry:
    """A module, class, function or documented value, ready for a template."""

    path: str  # dotted, also the anchor on its page
    name: str
    kind: str
    signature: str = ""
    summary: str = ""  # plain text
    body: str = ""  # HTML
    values: list[tuple[str, str]] = field(default_factory=list)  # code, HTML
    members: list[Entry] = field(default_factory=list)

    @property
    def short(self) -> str:
        """The name inside its page's folder: ``market`` for a chapter's module."""
        parts = self.path.split(".")
        return ".".join(parts[2:] or parts[1:]) or self.path

    @property
    def names(self) -> list[str]:
        """What a search for this module finds besides its members."""
        values = [code.partition(":")[0].partition(" ")[0] for code, _ in self.values]
        return [self.short, *values]


@dataclass
class Folder:
    """One page: a chapter, or the modules that chapters share."""

    name: str
    modules: list[Entry]

    @property
    def page(self) -> str:
        return f"{self.name}.html"

    @property
    def title(self) -> str:
        if self.name == SHARED:
            return "What notebooks and chapters share"
        summary = self.modules[0].summary.rstrip(".")
        return summary if self.is_chapter else f"{self.name}: {summary}"

    @property
    def is_chapter(self) -> bool:
        return self.modules[0].summary.startswith("Notebook ")

    @property
    def listed(self) -> list[Entry]:
        """Modules in which something is defined."""
        return [module for module in self.modules if module.members or module.values]


def pages(root: Path = SOURCE.parent) -> tuple[dict[str, str], list[str]]:
    """HTML of every page by file name, and the problems found in docstrings."""
    package = api_reader.load(root)
    found = list(api_reader.modules(package))
    reader = _Reader(_addresses(found))
    folders: dict[str, Folder] = {}
    for module in found:
        name = _folder(module)
        folders.setdefault(name, Folder(name, [])).modules.append(reader.entry(module))
    # Chapters in the order of their notebooks, then what they share.
    ordered = sorted(folders.values(), key=lambda f: (not f.is_chapter, f.title))
    templates = environment()
    made = {INDEX: templates.get_template("api_index.html.j2").render(folders=ordered)}
    page = templates.get_template("api_page.html.j2")
    made |= {folder.page: page.render(folder=folder) for folder in ordered}
    return made, reader.problems


def cached_pages() -> dict[str, str]:
    """:func:`pages` of the package itself, made anew only after a change."""
    return _pages_of(fingerprint())


def fingerprint() -> str:
    """Hash of all that the pages are made from: sources, templates, libraries."""
    digest = hashlib.sha256()
    for path in [*sorted(SOURCE.rglob("*.py")), *sorted(TEMPLATES.glob("*.*"))]:
        digest.update(str(path.relative_to(SOURCE)).encode() + path.read_bytes())
    for library in ("docutils", "griffelib"):
        digest.update(version(library).encode())
    return digest.hexdigest()[:16]


@stage
def _pages_of(code: str) -> dict[str, str]:
    return pages()[0]  # ``code`` is the key: other sources, other pages


def _folder(module: griffe.Module) -> str:
    parts = module.path.split(".")
    inside = len(parts) > 2 or (len(parts) == 2 and module.is_init_module)
    return parts[1] if inside else SHARED


def _addresses(found: list[griffe.Module]) -> dict[str, str]:
    """Where each documented name stands: dotted path -> href."""
    hrefs = {}
    for module in found:
        queue: list[griffe.Object] = [module]
        while queue:
            item = queue.pop()
            holder = item.parent if api_reader.is_value(item) else item
            hrefs[item.path] = f"{_folder(module)}.html#{holder.path if holder else ''}"
            if isinstance(item, griffe.Module | griffe.Class):
                queue += api_reader.members(item)
    return hrefs


class _Reader:
    """Turns griffe's objects into entries, and remembers what was wrong."""

    def __init__(self, hrefs: dict[str, str]) -> None:
        self.hrefs = hrefs
        self.problems: list[str] = []

    def entry(self, item: griffe.Object) -> Entry:
        made = Entry(item.path, item.name, item.kind.value)
        made.summary, made.body = self._text(item)
        if not isinstance(item, griffe.Module):
            made.signature = api_reader.signature(item)
        if isinstance(item, griffe.Module | griffe.Class):
            for member in api_reader.members(item):
                if not api_reader.is_value(member):
                    made.members.append(self.entry(member))
                elif api_reader.is_shown(member, item):
                    text = self._text(member)[1]
                    made.values.append((api_reader.definition(member), text))
        return made

    def _text(self, item: griffe.Object) -> tuple[str, str]:
        """First sentence as plain text, and the whole docstring as HTML."""
        text, resolve = item.docstring.value if item.docstring else "", self._in(item)
        found, problems = api_reader.sections(item)
        body = []
        for section in found:
            part, more = section_html(section, resolve)
            body.append(part)
            problems += more
        self.problems += [f"{item.path}: {problem}" for problem in problems]
        return text.split("\n\n")[0].replace("\n", " ").strip(), "\n".join(body)

    def _in(self, item: griffe.Object) -> Callable[[str], str | None]:
        def resolve(name: str) -> str | None:
            """The nearest meaning of ``name``: here, around, imported, or absolute."""
            scope: Any = item
            while scope is not None:
                href = self.hrefs.get(f"{scope.path}.{name}")
                if href:
                    return href
                alias = scope.members.get(name.split(".")[0])
                if alias is not None and alias.is_alias:
                    rest = name.partition(".")[2]
                    target = f"{alias.target_path}.{rest}".rstrip(".")
                    if target in self.hrefs:
                        return self.hrefs[target]
                scope = scope.parent
            return self.hrefs.get(name)

        return resolve
