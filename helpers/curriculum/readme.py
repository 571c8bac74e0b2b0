"""``curriculum readme``: the README's table of notebooks, written from its sources.

Titles, questions, costs and what is reproduced stand in ``notebooks/NN_*.toml``, the
verdicts in ``data/expected``. The table stands between two comments of the README.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from helpers import claims, paths
from helpers.curriculum.paper_map import short_title
from helpers.curriculum.results import expected_verdicts
from helpers.parameters import ParameterError
from helpers.scales import NotebookSpec, all_specs

BEGIN = "<!-- table: written by `curriculum readme` -->"
END = "<!-- end of the table -->"
SCALE = "default"
_ARXIV = re.compile(r"(?<![\d.])\d{4}\.\d{4,5}(?!\d)")
_HEAD = (
    "| notebook | paper | question | reproduced here | minutes | GPU | verdicts |",
    "|---|---|---|---|---|---|---|",
)


def table(specs: Sequence[NotebookSpec]) -> str:
    """A row for each notebook that asks a question, in the order given.

    Minutes are those of scale ``default`` on two cores; a GPU is wanted by no scale or
    by the named ones; verdicts are the committed ones of ``default``.
    """
    return "\n".join([*_HEAD, *(_row(spec) for spec in specs if spec.question)])


def _row(spec: NotebookSpec) -> str:
    paper = spec.paper.replace("arXiv ", "")
    paper = _ARXIV.sub(r"[\g<0>](https://arxiv.org/abs/\g<0>)", paper)
    gpu = [name for name, scale in spec.scales.items() if scale.gpu]
    cells = (
        f"[{short_title(spec)}](notebooks/{spec.name}.ipynb)",
        paper,
        spec.question,
        spec.reproduces,
        f"{spec.scale(SCALE).seconds / 60:.1f}",
        ", ".join(f"`{name}`" for name in gpu) or "no",
        tally(expected_verdicts(spec.name, SCALE) or {}),
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def tally(verdicts: dict[str, str]) -> str:
    """``● 7 ◐ 5 ○ 4``: claims per verdict, best verdict first, zeros left out."""
    found = list(verdicts.values())
    counts = [(claims.SYMBOLS[v], found.count(v)) for v in reversed(claims.VERDICTS)]
    return (
        " ".join(f"{symbol}\u00a0{count}" for symbol, count in counts if count) or "–"
    )


def rewritten(text: str, made: str) -> str:
    """``text`` with ``made`` between its two markers.

    Raises
    ------
    ParameterError
        If it has not exactly one pair of markers, in their order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ParameterError(f"the README needs one line {BEGIN} and one line {END}")
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ParameterError(f"in the README {END} stands before {BEGIN}")
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


def write_readme(path: Path | None = None) -> tuple[Path, bool]:
    """Bring the README's table up to date; whether anything changed."""
    path = paths.ROOT / "README.md" if path is None else path
    text = path.read_text(encoding="utf-8")
    new = rewritten(text, table(all_specs()))
    if new != text:
        paths.write_atomic(path, new)
    return path, new != text
