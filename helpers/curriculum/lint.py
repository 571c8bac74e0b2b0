"""Check notebooks against the project's rules without running them.

The rules are grouped by what they look at; each is documented where it is checked and
shown at work in ``notebooks/99_template.ipynb``.

=============== ==============================================================
skeleton        order of the cells: title, goals, overview, parameters, imports,
                sections (:mod:`helpers.curriculum.lint_skeleton`)
cells           lengths, outputs, links, static twins of explorers
                (:mod:`helpers.curriculum.lint_cells`)
claims          arguments of ``record`` (:mod:`helpers.curriculum.lint_claims`)
exercises       stub, check and solution (:mod:`helpers.curriculum.lint_exercises`)
=============== ==============================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import nbformat.v4

from helpers import paths
from helpers.curriculum import lint_cells, lint_claims, lint_exercises, lint_skeleton
from helpers.curriculum.lint_source import Finding, Source

RULES = (
    *lint_skeleton.RULES,
    *lint_cells.RULES,
    *lint_claims.RULES,
    *lint_exercises.RULES,
)


def lint_notebook(path: Path) -> list[Finding]:
    """Everything wrong with one notebook, in the order of its cells.

    A file that is not a notebook gives a single finding. See
    :class:`~helpers.curriculum.lint_source.Finding` for errors and notes.
    """
    try:
        notebook = nbformat.v4.reads(path.read_text(encoding="utf-8"))
        nbformat.validate(notebook)
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        return [Finding(path.name, "format", f"not a valid notebook: {reason}")]
    source = Source(path, notebook)
    findings = [finding for rule in RULES for finding in rule(source)]
    return sorted(findings, key=lambda finding: finding.cell or 0)


def lint_notebooks(notebooks: Iterable[Path] | None = None) -> list[Finding]:
    """Findings of these notebooks, by default of all in the project's folder.

    A scale table without its notebook counts as one that cannot be read.
    """
    if notebooks is None:
        tables = paths.NOTEBOOKS.glob("[0-9][0-9]_*.toml")
        named = {table.with_suffix(".ipynb") for table in tables}
        notebooks = sorted(named.union(paths.NOTEBOOKS.glob("*.ipynb")))
    return [finding for path in notebooks for finding in lint_notebook(path)]
