"""Recorded answers, scored again as if a model had just given them.

`agreement` sets the verdicts of a public log against ours and says why they differ.
On the two logs of the acceptance data it is never the log that is stricter. It does
not compare the number of nodes with the asked one, lets repeated edges (and, for some
rules, loops) pass, reads ids in quotes, and counts components against another number
than its prompt states.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import pandas as pd

from helpers.graph_generation.checks import check
from helpers.graph_generation.recorded import Recorded
from helpers.graph_generation.reply_parser import Answer, parse_reply
from helpers.graph_generation.tasks import Task

IMPOSSIBLE = "impossible"  # error of an answer to a task that no graph solves


def _scored(record: Recorded, answer: Answer | None) -> dict[str, Any]:
    """The columns of a frame's row that depend on the answer."""
    graph = answer.graph if answer else None
    scored = {
        "graph": graph,
        "copy": graph is not None and graph.key in {g.key for g in record.examples},
        "wellformed": graph is not None,
    }
    if record.task is None:
        verdict = (False, False, IMPOSSIBLE, record.problem)
    else:
        departures = set(answer.notes) if answer else set()
        if not record.labelled:
            departures.discard("unlabelled")  # nobody asked for a label
        strict = check(record.task, None if departures else graph)
        lenient = check(record.task, graph, lenient=True).valid
        reason = strict.reason
        if graph is not None and departures:
            reason = f"Not the asked notation: {', '.join(sorted(departures))}."
        verdict = (strict.valid, lenient, strict.error, reason)
    return scored | dict(
        zip(("valid", "lenient", "error", "reason"), verdict, strict=True)
    )


def replayed(records: Iterable[Recorded]) -> pd.DataFrame:
    """One row per asked graph, scored by `checks.check`.

    Returns
    -------
    DataFrame
        ``model, rule, size, n, method, temperature, amount, run, slot``; ``graph``
        (None if unreadable); ``valid`` (strict: notation as asked, every edge once),
        ``lenient`` (quoted ids and the like, repeated edges forgiven); ``error`` (first
        kind, ``"impossible"`` for a task without solution), ``reason``;
        ``copy`` (equals an example), ``wellformed``; ``recorded`` (verdict of the log).

    Raises
    ------
    ValueError
        If there are no records.
    """
    runs: dict[tuple[Any, ...], int] = defaultdict(int)
    found = []
    for record in records:
        task = record.task
        cell: dict[str, Any] = {
            "model": record.model,
            "rule": record.rule,
            "size": task.size if task else IMPOSSIBLE,
            "n": task.n if isinstance(task, Task) else None,
            "method": record.method,
            "temperature": record.temperature,
            "amount": record.amount,
        }
        cell["run"] = runs[tuple(cell.values())]
        runs[tuple(cell.values())[:-1]] += 1
        reply = parse_reply(record.text, record.amount, base=record.base)
        for slot, answer in enumerate(reply.answers, 1):
            row = cell | {"slot": slot} | _scored(record, answer)
            found.append(row | {"recorded": record.verdict})
    if not found:
        raise ValueError("no recorded answers to graph prompts")
    return pd.DataFrame(found)


def agreement(frame: pd.DataFrame) -> pd.DataFrame:
    """Our verdicts against the recorded ones, per model, method and rule.

    Returns
    -------
    DataFrame
        ``answers``; ``recorded``, ``valid``, ``lenient``, ``copies``: shares in %;
        ``only_recorded`` and ``only_ours``: graphs valid for one side alone; ``why``:
        our errors of the former, with counts.
    """
    known = frame[frame["recorded"].notna()]
    table = []
    for (model, method, rule), part in known.groupby(
        ["model", "method", "rule"], sort=False
    ):
        recorded = part["recorded"].astype(bool)
        stricter = part[recorded & ~part["valid"]]
        why = Counter(stricter["error"]).most_common()
        table.append(
            {
                "model": model,
                "method": method,
                "rule": rule,
                "answers": len(part),
                "recorded": 100 * recorded.mean(),
                "valid": 100 * part["valid"].mean(),
                "lenient": 100 * part["lenient"].mean(),
                "copies": 100 * part["copy"].mean(),
                "only_recorded": len(stricter),
                "only_ours": int((part["valid"] & ~recorded).sum()),
                "why": ", ".join(f"{error} {count}" for error, count in why),
            }
        )
    return pd.DataFrame(table)
