"""The paper's tables as tidy frames: one row per printed number.

Means and standard errors are in percent; ``se`` is the population standard deviation
over the root of the number of answers (inferred). The numbers and where they were read
are in ``data/papers/graph_generation.json``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from helpers.graph_generation.tasks import RULES
from helpers.names import unknown_name
from helpers.papers import paper_value

CHAPTER = "graph_generation"
METHODS = ("zero-shot", "few-shot", "zero-shot-cot", "few-shot-cot")
MODELS = ("GPT-4", "GPT-3.5", "LLama2-13B")
SETTINGS = ("model", "size", "temperature", "amount", "method", "rule")
_MAIN = {"model": "GPT-4", "size": "medium", "temperature": 0.8, "amount": 10}


def rules(table: str = "all") -> pd.DataFrame:
    """Valid, unique and novel graphs of the rule-based tasks.

    Parameters
    ----------
    table : str
        ``"methods"`` (Tables 1, 2, 14), ``"sizes"`` (4, 15), ``"models"`` (3, 16),
        ``"temperature"`` (17), ``"amount"`` (18), each with the rows that the paper
        repeats from another one; or ``"all"``, each printed number once.

    Returns
    -------
    DataFrame
        ``model``, ``size``, ``temperature``, ``amount``, ``method``, ``rule``,
        ``metric`` (valid, unique, novel), ``mean``, ``se``. A dash of the paper has no
        row.

    Examples
    --------
    >>> cell = rules("methods").query("rule == 'wheel' and metric == 'valid'")
    >>> dict(zip(cell["method"], cell["mean"]))["few-shot"]
    88.8
    """
    parts = {
        "methods": _methods,
        "sizes": lambda: [*_methods(three=True), *_varied("sizes", "size")],
        "models": lambda: [
            *(row for row in _varied("sizes", "size") if row["size"] == "small"),
            *_varied("models", "model", size="small"),
        ],
        "temperature": lambda: [
            *_methods(three=True),
            *_varied("temperature", "temperature"),
        ],
        "amount": lambda: [*_methods(three=True), *_varied("amount", "amount")],
        "all": lambda: [
            *_methods(),
            *_varied("sizes", "size"),
            *_varied("models", "model", size="small"),
            *_varied("temperature", "temperature"),
            *_varied("amount", "amount"),
        ],
    }
    if table not in parts:
        raise unknown_name("table", table, list(parts))
    return pd.DataFrame(parts[table]())


def two_components() -> pd.DataFrame:
    """Table 5: ``method``, ``rule`` (tree+tree, ...), ``mean``, ``se`` of valid."""
    return pd.DataFrame(
        {"method": method, "rule": rule, "mean": mean, "se": se}
        for method, cells in _value("two_components").items()
        for rule, (mean, se) in cells.items()
    )


def distributions() -> pd.DataFrame:
    """Tables 11-13, which Figure 5 draws.

    ``distribution``, ``method``, ``p`` in [0, 1], ``metric`` (p_pred, p_gen, valid),
    ``mean``, ``se``.
    """
    return pd.DataFrame(
        {
            "distribution": distribution,
            "method": method,
            "p": float(p),
            "metric": metric,
            "mean": mean,
            "se": se,
        }
        for distribution, methods in _value("distributions").items()
        for method, levels in methods.items()
        for p, cell in levels.items()
        for metric, (mean, se) in cell.items()
    )


def molecules() -> pd.DataFrame:
    """Table 6: ``method``, ``metric`` (c_m, c, novel, unique), ``mean``, ``se``."""
    return pd.DataFrame(
        {"method": method, "metric": metric, "mean": mean, "se": se}
        for method, cell in _value("molecules").items()
        for metric, (mean, se) in cell.items()
    )


def confusion() -> dict[str, int]:
    """Table 10: TN, FP, FN and TP of the molecule classifier."""
    return dict(_value("molecule_confusion"))


@cache
def _value(name: str) -> Any:
    """One entry of the file, read once."""
    return paper_value(CHAPTER, name)


def _methods(*, three: bool = False) -> list[dict[str, Any]]:
    """Tables 1, 2 and 14; ``three``: of the rules that the other tables have."""
    cells = _value("rules_medium")
    chosen = ("cycles", "k-regular", "k-color") if three else RULES
    return _rows(
        {m: {rule: cells[m][rule] for rule in chosen} for m in METHODS}, **_MAIN
    )


def _varied(table: str, column: str, **fixed: Any) -> list[dict[str, Any]]:
    """Rows of a table that varies one column of the main setting."""
    found = []
    for level, cells in _value(f"rules_{table}").items():
        read = {"temperature": float, "amount": int}.get(column, str)
        found += _rows(cells, **{**_MAIN, **fixed, column: read(level)})
    return found


def _rows(
    cells: dict[str, dict[str, dict[str, list[float]] | None]], **setting: Any
) -> list[dict[str, Any]]:
    return [
        {
            **setting,
            "method": method,
            "rule": rule,
            "metric": metric,
            "mean": mean,
            "se": se,
        }
        for method, by_rule in cells.items()
        for rule, cell in by_rule.items()
        for metric, (mean, se) in (cell or {}).items()
    ]
