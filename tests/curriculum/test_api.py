"""The API reference: complete, readable, and true to the source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from helpers.curriculum import api_pages
from helpers.curriculum.api_text import to_html
from helpers.paths import ROOT

SAMPLE = '''\
"""A sample of everything. See :func:`double` and `Shape.area`.

.. math:: a^2 + b^2 = c^2
"""

from typing import overload

SIDES = 4
_HIDDEN = 1


def double(value: float, /, *rest: int, scale: float = 2.0, **options: int) -> float:
    """Twice ``value``, or :math:`s v`.

    Parameters
    ----------
    value : float
        Any length, in metres.
    scale : float, optional
        Factor.

    Returns
    -------
    float
        The product.

    Examples
    --------
    >>> double(1.5)
    3.0
    """
    return value * scale


def _private() -> None:
    """Nobody sees this."""


class Shape:
    """A square."""

    side: float = 1.0

    def __init__(self, side: float) -> None:
        self.side = side

    @property
    def area(self) -> float:
        """Its area."""
        return self.side**2

    def _hidden(self) -> None:
        """Nor this."""
'''


@pytest.fixture(scope="module")
def made() -> tuple[dict[str, BeautifulSoup], list[str]]:
    pages, problems = api_pages.pages()
    soups = {name: BeautifulSoup(text, "html.parser") for name, text in pages.items()}
    return soups, problems


def sample(folder: Path, source: str = SAMPLE) -> tuple[BeautifulSoup, list[str]]:
    package = folder / "helpers" / "chapter"
    package.mkdir(parents=True)
    for init in (package.parent, package):
        (init / "__init__.py").write_text('"""Notebook 09: a sample."""\n')
    (package / "module.py").write_text(source)
    (package / "_private.py").write_text('"""Hidden."""\n')
    pages, problems = api_pages.pages(folder)
    return BeautifulSoup(pages["chapter.html"], "html.parser"), problems


def test_no_docstring_of_the_package_is_misread(made: tuple) -> None:
    _, problems = made
    assert not problems, "\n".join(problems)


def test_every_public_module_and_name_has_its_place(made: tuple) -> None:
    soups, _ = made
    shown = {tag["id"] for soup in soups.values() for tag in soup.select("[id]")}
    missing = []
    for path in sorted((ROOT / "helpers").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if any(part.startswith("_") for part in parts):
            continue
        module = ".".join(parts)
        missing += [module] if module not in shown else []
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                name = f"{module}.{node.name}"
                if not node.name.startswith("_") and name not in shown:
                    missing.append(name)
    assert not missing
    assert not [name for name in shown if re.search(r"\._", name)]


def test_every_link_leads_somewhere(made: tuple) -> None:
    soups, _ = made
    ids = {name: {t["id"] for t in soup.select("[id]")} for name, soup in soups.items()}
    for name, soup in soups.items():
        for link in soup.select("a[href]"):
            page, _, anchor = link["href"].partition("#")
            if page == "../index.html" or page.startswith("https://"):
                continue
            assert page in ("", *ids), f"{name}: {link}"
            assert not anchor or anchor in ids[page or name], f"{name}: {link}"


def test_pages_hold_all_they_need(made: tuple) -> None:
    soups, _ = made
    for name, soup in soups.items():
        assert not soup.select("[src], link[rel=stylesheet], iframe"), name
        assert "prefers-color-scheme: dark" in soup.style.get_text(), name
        assert not soup.select("code.tex"), f"{name}: a formula stays source code"
        ids = [tag["id"] for tag in soup.select("[id]")]
        assert len(ids) == len(set(ids)), name


def test_a_module_is_shown_as_it_is_written(tmp_path: Path) -> None:
    page, problems = sample(tmp_path)
    assert problems == []
    module = page.find(id="helpers.chapter.module").parent
    assert isinstance(module, Tag)
    text = module.get_text()
    signature = module.select_one(".function .signature").get_text()
    assert signature == (
        "double(value: float, /, *rest: int, scale: float = 2.0, **options: int)"
        " -> float"
    )
    for words in ("SIDES = 4", "Any length, in metres.", ">>> double(1.5)\n3.0"):
        assert words in text
    for hidden in ("_HIDDEN", "_private", "_hidden", "Nobody", "overload"):
        assert hidden not in page.get_text()
    assert len(module.select("math")) == 2
    hrefs = [a["href"] for a in module.select("a:not(.anchor)")]
    assert hrefs == [
        "chapter.html#helpers.chapter.module.double",
        "chapter.html#helpers.chapter.module.Shape.area",
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (":func:`double`", ":func:`dobule`", "names nothing that is documented"),
        ("or :math:`s v`", "or ``s v", "Inline literal start-string"),
        ("    scale : float, optional", "    scael : float, optional", "scael"),
        ("A sample of everything.", "A |sample|.", "Undefined substitution"),
    ],
)
def test_what_is_misread_is_a_problem(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in SAMPLE
    _, problems = sample(tmp_path, SAMPLE.replace(old, new))
    assert problems and words in " ".join(problems)
    assert all("helpers.chapter.module" in line for line in problems)


def test_markup_in_a_docstring_stays_text() -> None:
    made, _ = to_html("<script>alert(1)</script> and `<b>`", lambda name: None)
    assert "<script" not in made and "<b>" not in made


def test_an_unchanged_tree_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = api_pages.cached_pages()
    monkeypatch.setattr(api_pages, "pages", lambda: pytest.fail("read again"))
    assert api_pages.cached_pages() == first


def test_a_change_of_any_source_gives_another_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "module.py").write_text("VALUE = 1\n")
    monkeypatch.setattr(api_pages, "SOURCE", tmp_path)
    monkeypatch.setattr(api_pages, "TEMPLATES", tmp_path)
    before = api_pages.fingerprint()
    assert api_pages.fingerprint() == before
    (tmp_path / "module.py").write_text("VALUE = 2\n")
    assert api_pages.fingerprint() != before
