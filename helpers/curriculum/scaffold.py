"""``curriculum new``: a chapter that runs from the first minute, to be rewritten.

The template is copied under new names: notebook, scale table, overview, method, checks
of the exercises and tests. What is written then replaces it piece by piece.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from helpers import paths
from helpers.notebook_files import cell_tags, read_notebook
from helpers.parameters import ParameterError

TEMPLATE = "99_template"
_NUMBER, _NAME = re.compile(r"\d\d"), re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# What the template says of itself and of the rules.
_RULE = re.compile(
    r"(?m)^> \*\*Rule\.\*\*.*(?:\n>.*)*\n*|^This notebook is the template .*\n*"
)
# From where in the project to where, with {number} and {name} of the new chapter.
FILES = {
    "helpers/curriculum/template.py": "helpers/{name}/method.py",
    "helpers/curriculum/template_exercises.py": "helpers/{name}/exercises.py",
    "notebooks/99_template.toml": "notebooks/{number}_{name}.toml",
    "notebooks/figures/99_overview.svg": "notebooks/figures/{number}_overview.svg",
    "tests/curriculum/test_template.py": "tests/{name}/test_method.py",
    "notebooks/99_template.ipynb": "notebooks/{number}_{name}.ipynb",
}
# What changes in all of them, in this order.
_WORDS = {
    TEMPLATE: "{number}_{name}",
    "99_overview": "{number}_overview",
    "helpers.curriculum.template_exercises": "helpers.{name}.exercises",
    "helpers.curriculum.template": "helpers.{name}.method",
    "curriculum run template": "curriculum run {number}",
    'chapter = "curriculum"': 'chapter = "{name}"',
    "Template: birthday coincidences": "{title}: birthday coincidences",
    "# 99 · ": "# {number} · ",
    "The template notebook's method": "The method",
    "The template's method": "The method",
    "exercises of the template notebook": "exercises of notebook {number}",
    '"How is a notebook built?"': '"How many people share a birthday?"',
}


def new_chapter(number: str, name: str, root: Path | None = None) -> list[Path]:
    """Copy the template as chapter ``number`` called ``name``; the files written.

    Raises
    ------
    ParameterError
        If the number is not two digits or taken, the name is no lower-case name or
        taken, or any of the files exists. Nothing is written then.
    """
    root = paths.ROOT if root is None else root
    _check(number, name, root)
    title = name.replace("_", " ").capitalize()
    words = {"number": number, "name": name, "title": title}
    targets = {root / a: root / b.format(**words) for a, b in FILES.items()}
    package = root / "helpers" / name / "__init__.py"
    for path in [package, *targets.values()]:
        if path.exists():
            raise ParameterError(
                f"{path.relative_to(root)} exists; nothing was written"
            )
    text = f'"""Notebook {number}: {title}."""\n'
    paths.write_atomic(package, text)
    for source, target in targets.items():
        made = source.read_text(encoding="utf-8")
        if source.suffix == ".ipynb":
            made = _chapter(source)
        for old, new in _WORDS.items():
            made = made.replace(old, new.format(**words))
        paths.write_atomic(target, made)
    return [package, *targets.values()]


def _check(number: str, name: str, root: Path) -> None:
    if not _NUMBER.fullmatch(number):
        raise ParameterError(f"number {number!r} is not two digits, such as 08")
    if not _NAME.fullmatch(name):
        raise ParameterError(
            f"name {name!r} is not lower-case words joined by _, such as random_walks"
        )
    taken = sorted(p.stem for p in (root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    same = [stem for stem in taken if number == stem[:2] or name == stem[3:]]
    if same:
        raise ParameterError(f"{same[0]} is there; taken: {', '.join(taken)}")
    if (root / "helpers" / name).exists() or (root / "helpers" / f"{name}.py").exists():
        raise ParameterError(f"helpers.{name} is there; choose another name")


def _chapter(template: Path) -> str:
    """The template's notebook without its kind and without the text on the rules."""
    notebook = read_notebook(template)
    notebook["metadata"].pop("reprise", None)
    cells = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and not cell_tags(cell):
            cell["source"] = _RULE.sub("", cell["source"]).strip()
        if cell["source"]:
            cells.append(cell)
    for cell in cells:
        cell["source"] = cell["source"].splitlines(keepends=True)
    notebook["cells"] = cells
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
