"""Recorded answers and the tasks they were answers to, from files of two layouts.

One is the project's own (`helpers.llm.answer_cache`); task and method are read out of
the stored prompt. The other is that of a public reproduction of the paper: one graph
per answer, nodes from 0, and that project's own verdict beside each answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import WORDING
from helpers.graph_generation.reply_parser import graphs_in
from helpers.graph_generation.tasks import Pair, Task
from helpers.paths import user_data
from helpers.row_log import rows

# Names of the rules in the public logs, and where their prompts state the sizes.
_LOGGED = {
    "tree": "trees",
    "cycle": "cycles",
    "components": "components",
    "planar": "planar",
    "k_regular": "k-regular",
    "wheel": "wheel",
    "bipartite": "bipartite",
    "k_coloring": "k-color",
}
_LOGGED_SIZES = {
    "n": r"(\d+) nodes",
    "m": r"(\d+) edges",
    "k": r"(\d+)-(?:regular|color)|exactly (\d+) connected",
}


@dataclass(frozen=True)
class Recorded:
    """One recorded answer and what it was an answer to.

    Attributes
    ----------
    model, method : str
    temperature : float
    rule : str
    task : Task, Pair or None
        None if no graph can be what was asked for, which ``problem`` then explains.
    amount : int
        Graphs asked for.
    text : str
    examples : tuple of Graph
        Graphs shown in the prompt.
    base : int
        Number of the first node in ``text``.
    labelled : bool
        Whether the prompt asked for ``Answer i:``.
    verdict : bool or None
        Whether the log calls the answer valid.
    problem : str
    """

    model: str
    method: str
    temperature: float
    rule: str
    task: Task | Pair | None
    amount: int
    text: str
    examples: tuple[Graph, ...] = ()
    base: int = 1
    labelled: bool = True
    verdict: bool | None = None
    problem: str = ""


def asked(prompt: str) -> tuple[Task | Pair, str, int] | None:
    """Task, method and amount of a prompt for graphs of a rule or of a pair.

    None for other prompts. The inverse of `prompts.rule_prompt` and `pair_prompt`.

    Examples
    --------
    >>> from helpers.graph_generation.prompts import rule_prompt
    >>> asked(rule_prompt(Task("wheel", 7), "zero-shot-cot", 5))
    (Task(rule='wheel', n=7, m=None, k=None, parts=None), 'zero-shot-cot', 5)
    """
    start = re.match(
        r"Give me (\d+) (?:distinct graphs|graph)\. Every graph must ", prompt
    )
    if not start:
        return None
    task = _asked_task(prompt[start.end() :].split("\n", 1)[0].removesuffix("."))
    shots = "few-shot" if "\nExamples:\n" in prompt else "zero-shot"
    steps = "-cot" if "\nThink step by step" in prompt else ""
    return (task, shots + steps, int(start[1])) if task else None


def _asked_task(what: str) -> Task | Pair | None:
    if pair := re.fullmatch(r"be the union of a (tree|cycle) and a (tree|cycle)", what):
        return Pair((pair[1], pair[2]))  # type: ignore[arg-type]
    for rule, (wording, _) in WORDING.items():
        pattern = re.sub(r"\\{(\w)\\}", r"(?P<\1>\\d+)", re.escape(wording))
        if found := re.fullmatch(pattern, what):
            sizes: dict[str, Any] = {k: int(v) for k, v in found.groupdict().items()}
            if rule == "bipartite":
                sizes = {"n": sum(sizes.values()), "parts": (sizes["a"], sizes["b"])}
            return Task(rule, **sizes)
    return None


def _logged_task(rule: str, prompt: str) -> Task:
    """The task of a prompt of the public logs; ValueError if no graph solves it."""
    sizes: dict[str, Any] = {}
    prompt = prompt[max(prompt.find("Generate a"), 0) :]  # behind the examples
    for name, pattern in _LOGGED_SIZES.items():
        if found := re.search(pattern, prompt):
            sizes[name] = int(found[1] or found[2])
    if rule == "bipartite":
        sizes = {"n": 2 * sizes["n"], "parts": (sizes["n"], sizes["n"])}
    return Task(rule, **sizes)


def _logged(row: dict[str, Any]) -> Recorded | None:
    if (row["raw_output"] or "").startswith("LLM_ERROR"):
        return None  # the connection failed; no model said this
    rule, prompt = _LOGGED[row["task_id"]], row["prompt"]
    task, problem = None, ""
    try:
        task = _logged_task(rule, prompt)
    except ValueError as error:
        problem = str(error)
    return Recorded(
        model=Path(row["model"]).name,
        method=row["strategy"].replace("_", "-"),
        temperature=float(row["temperature"]),
        rule=rule,
        task=task,
        amount=1,
        text=row["raw_output"] or "",
        examples=_examples(prompt, base=0),
        base=0,
        labelled=False,
        verdict=bool(row["is_valid"]),
        problem=problem,
    )


def _own(row: dict[str, Any]) -> Recorded | None:
    prompt = row["request"]["messages"][-1][1]
    found = asked(prompt)
    if found is None:
        return None
    task, method, amount = found
    return Recorded(
        model=row["answer"].get("model") or row["backend"],
        method=method,
        temperature=float(row["request"]["sampling"]["temperature"]),
        rule=task.rule,
        task=task,
        amount=amount,
        text=row["answer"]["text"] or "",
        examples=_examples(prompt, base=1),
    )


def _examples(prompt: str, base: int) -> tuple[Graph, ...]:
    found = graphs_in(prompt, 0, len(prompt), base)
    return tuple(answer.graph for answer in found if answer.graph)


def read_recorded(path: str | Path) -> Iterator[Recorded]:
    """Recorded answers of a ``.jsonl`` or ``.jsonl.gz`` in either layout.

    Passed over are answers to other prompts (distributions, molecules), and entries of
    the public logs that hold a connection's error instead of an answer.

    Raises
    ------
    ValueError
        If there is no such file, or a row is in neither layout.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} is no file; allowed: a .jsonl or .jsonl.gz")
    for number, row in enumerate(rows(path), 1):
        try:
            found = _logged(row) if "raw_output" in row else _own(row)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise ValueError(
                f"{path.name}, row {number}: neither layout ({error!r})"
            ) from None
        if found is not None:
            yield found


def recorded_files(folder: Path | None = None) -> list[Path]:
    """The reader's own recorded answers: ``graph_replay`` in ``$CURRICULUM_DATA``.

    Parameters
    ----------
    folder : Path, optional
        Another place, which must exist.
    """
    if folder is None:
        own = user_data()
        folder = own / "graph_replay" if own else None
    elif not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is no folder; allowed: one with .jsonl files"
        )
    return sorted(folder.glob("*.jsonl*")) if folder else []
