"""The texts of the requests: one fixed wording per task and prompting method.

The paper's prompts have three parts, task, input information and output format
(section 2); it prints only fragments of them (Fig. 1), and these are our own words.
What is known of the originals is kept: ten different graphs are asked for in one
reply, graphs are written ``(n, [(u, v), ...])`` from node 1, lines of a reply start
with ``Answer i:`` and given graphs with ``Graph i:``.

`TEMPLATE` belongs into the key of every stored answer: it changes with the wording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.tasks import Task
from helpers.names import unknown_name

TEMPLATE = "graphs-2"  # version of every text of this module
METHODS = ("zero-shot", "few-shot", "zero-shot-cot", "few-shot-cot")
DISTRIBUTION_METHODS = ("zero-shot", "few-shot", "cot")
MOLECULE_METHODS = ("few-shot", "few-shot-cot")
PAIR_KINDS = ("tree", "cycle")


@dataclass(frozen=True)
class Worked:
    """A solved example of a distribution task.

    Attributes
    ----------
    graphs : sequence of graph
    p : float
        The value to show: the true p, or with ``kinds`` the share counted in them.
    kinds : sequence of str
        Kind of each graph; shown by method ``"cot"`` only.
    """

    graphs: Sequence[Graph]
    p: float
    kinds: Sequence[str] = ()


# Per rule: what every graph must be, and what that means.
WORDING = {
    "trees": (
        "be a tree with {n} nodes",
        "A tree has exactly one path between any two nodes.",
    ),
    "cycles": (
        "be a cycle with {n} nodes",
        "A cycle is one ring through all nodes and has no other edges.",
    ),
    "components": (
        "have {n} nodes and {k} connected components",
        "No path joins two components; a node without edges is one too.",
    ),
    "planar": (
        "be planar with {n} nodes and {m} edges",
        "A planar graph can be drawn without crossing edges.",
    ),
    "k-regular": (
        "be regular with {n} nodes of degree {k}",
        "In a regular graph all nodes have the same number of neighbours.",
    ),
    "wheel": (
        "be a wheel with {n} nodes, hub included",
        "A wheel is a cycle and a hub that is joined to every node of the cycle.",
    ),
    "bipartite": (
        "be bipartite with {a} nodes in part U and {b} nodes in part V",
        "Every edge joins a node of U and a node of V.",
    ),
    "k-color": (
        "have {n} nodes and {m} edges and be colourable with {k} colours",
        "No edge joins two nodes of the same colour.",
    ),
}
_GRAPH = "(n, [(u, v), ...])"
_FORMAT = (
    f"Write a graph as {_GRAPH}: the number of nodes, numbered from 1, "
    "and all edges, sorted."
)
_DISTRIBUTIONS = {
    "trees-or-cycles": (
        "With probability p a graph is a tree, otherwise a cycle. It has 5 to 7 nodes."
    ),
    "union": (
        "Each graph has 2 components of 5 to 7 nodes, each a tree or a cycle. "
        "With probability p both are of the same kind, otherwise not."
    ),
    "motif": (
        "Each graph is a base and a motif joined by one edge. "
        "Bases: tree, ladder, wheel. Motifs: cycle (5 nodes in a ring), "
        "house (that ring with one chord), "
        "crane (a path of 4 nodes, all joined to a fifth). "
        "With probability p they match: tree with cycle, ladder with house, "
        "wheel with crane; otherwise not."
    ),
}


def _choice(kind: str, name: str, allowed: Sequence[str]) -> None:
    if name not in allowed:
        raise unknown_name(kind, name, tuple(allowed))


def _amount(amount: int) -> str:
    if amount < 1:
        raise ValueError(f"amount must be at least 1, got {amount}")
    return "1 graph" if amount == 1 else f"{amount} distinct graphs"


def _numbered(label: str, items: Sequence[str]) -> list[str]:
    return [f"{label} {i}: {item}" for i, item in enumerate(items, 1)]


def _given(method: str, examples: Sequence[Graph]) -> list[str]:
    """The lines of the examples, after a check that the method wants them."""
    if method.startswith("few-shot") != bool(examples):
        need = "at least one example" if not examples else "no examples"
        raise ValueError(f"method {method!r} needs {need}, got {len(examples)}")
    if not examples:
        return []
    return ["Examples:", *_numbered("Graph", [graph.text for graph in examples])]


def _steps(method: str) -> list[str]:
    if not method.endswith("cot"):
        return []
    return ["Think step by step: before each answer build it in a line Steps i: ..."]


def _reply_lines(amount: int, item: str) -> str:
    """How the lines of the reply are laid out."""
    last = "" if amount == 1 else f" up to Answer {amount}: ..."
    return f"one line each: Answer 1: {item}{last}"


def _graph_prompt(
    what: str, rule: str, method: str, amount: int, examples: Sequence[Graph]
) -> str:
    _choice("method", method, METHODS)
    lines = [
        f"Give me {_amount(amount)}. Every graph must {what}.",
        rule,
        *_given(method, examples),
        *_steps(method),
        _FORMAT,
        f"Reply with {_reply_lines(amount, _GRAPH)}",
    ]
    return "\n".join(lines)


def rule_prompt(
    task: Task, method: str, amount: int = 10, examples: Sequence[Graph] = ()
) -> str:
    """The request for graphs that follow one of the eight rules (section 2.1).

    Parameters
    ----------
    task : Task
        Rule and sizes. Sizes stand in the text as digits.
    method : {"zero-shot", "few-shot", "zero-shot-cot", "few-shot-cot"}
    amount : int
        Graphs asked for in one reply; 10 in the paper, 5 and 20 in its Table 18.
    examples : sequence of Graph
        For the two few-shot methods, of the asked size (inferred from Table 16).

    Raises
    ------
    ValueError
        For an unknown rule or method, ``amount`` below 1, few-shot without examples
        or zero-shot with some.

    Examples
    --------
    >>> print(rule_prompt(Task("cycles", 5), "zero-shot", 2))
    Give me 2 distinct graphs. Every graph must be a cycle with 5 nodes.
    A cycle is one ring through all nodes and has no other edges.
    Write a graph as (n, [(u, v), ...]): the number of nodes, numbered from 1, \
and all edges, sorted.
    Reply with one line each: Answer 1: (n, [(u, v), ...]) \
up to Answer 2: ...
    """
    _choice("rule", task.rule, tuple(WORDING))
    what, rule = WORDING[task.rule]
    a, b = task.parts or (0, 0)
    sized = what.format(n=task.n, m=task.m, k=task.k, a=a, b=b)
    return _graph_prompt(sized, rule, method, amount, examples)


def pair_prompt(
    kinds: tuple[str, str],
    method: str,
    amount: int = 10,
    examples: Sequence[Graph] = (),
) -> str:
    """The request for graphs of two components of given kinds (Table 5).

    Examples
    --------
    >>> print(pair_prompt(("tree", "cycle"), "zero-shot").splitlines()[0])
    Give me 10 distinct graphs. Every graph must be the union of a tree and a cycle.
    """
    for kind in kinds:
        _choice("kind", kind, PAIR_KINDS)
    first, second = sorted(kinds, reverse=True)  # trees first, as `Pair` has them
    return _graph_prompt(
        f"be the union of a {first} and a {second}",
        "The 2 parts have 5 to 7 nodes each and no edge between them.",
        method,
        amount,
        examples,
    )


def share_text(p: float) -> str:
    """A probability as prompts and replies write it: at most two decimals.

    >>> share_text(0.4), share_text(1), share_text(2 / 3)
    ('0.4', '1.0', '0.67')
    """
    return str(round(float(p), 2))


def kinds_line(kinds: Sequence[str]) -> str:
    """The line with which a chain of thought names the kinds of the given graphs.

    >>> kinds_line(["tree", "cycle", "tree"])
    'Kinds: 1 tree, 2 cycle, 3 tree'
    """
    return f"Kinds: {', '.join(f'{i} {kind}' for i, kind in enumerate(kinds, 1))}"


def _worked_lines(method: str, worked: Worked) -> list[str]:
    if not 0 <= worked.p <= 1:
        raise ValueError(f"p of the example must be in [0, 1], got {worked.p}")
    lines = ["Example:", *_numbered("Graph", [graph.text for graph in worked.graphs])]
    if method == "cot":
        if len(worked.kinds) != len(worked.graphs):
            raise ValueError("the example of method 'cot' needs the kind of each graph")
        lines.append(kinds_line(worked.kinds))
    return [*lines, f"p = {share_text(worked.p)}", "Your graphs:"]


def distribution_prompt(
    distribution: str,
    method: str,
    graphs: Sequence[Graph],
    amount: int = 10,
    example: Worked | None = None,
) -> str:
    """The request to infer p from given graphs and to continue them (section 2.2).

    The reply is to start with a line ``p = ...``, then come the answers; with method
    ``"cot"`` a line ``Kinds: ...`` (see `kinds_line`) comes first.

    Parameters
    ----------
    distribution : {"trees-or-cycles", "union", "motif"}
    method : {"zero-shot", "few-shot", "cot"}
        Few-shot shows one solved example. CoT asks to name the kind of each graph
        and to count; with an example it shows how.
    graphs : sequence of Graph
        The observed graphs, 10 in the paper.
    amount : int
    example : Worked, optional
        Required by few-shot, allowed with CoT.

    Raises
    ------
    ValueError
        For an unknown distribution or method, no graphs, ``amount`` below 1, or an
        example where none belongs (or none where one does).
    """
    _choice("distribution", distribution, tuple(_DISTRIBUTIONS))
    _choice("method", method, DISTRIBUTION_METHODS)
    if not graphs:
        raise ValueError("a distribution prompt needs at least one graph")
    if method == "few-shot" and example is None:
        raise ValueError("method 'few-shot' needs an example")
    if method == "zero-shot" and example is not None:
        raise ValueError("method 'zero-shot' needs no example")
    _amount(amount)
    lines = [
        f"Infer p from the graphs and give me {amount} more drawn with the same p.",
        _DISTRIBUTIONS[distribution],
        *(_worked_lines(method, example) if example else []),
        *_numbered("Graph", [graph.text for graph in graphs]),
    ]
    if method == "cot":
        lines.append(
            "Think step by step: first name all kinds in a line Kinds: ... and count"
        )
    lines.append(f"Reply with p = ..., then {_reply_lines(amount, _GRAPH)}")
    return "\n".join(lines)


def molecule_prompt(
    property_text: str, molecules: Sequence[str], method: str, amount: int = 10
) -> str:
    """The request for molecules with the property of the given ones (section 2.3).

    Parameters
    ----------
    property_text : str
        What each molecule does, such as ``"inhibits HIV replication"``.
    molecules : sequence of str
        SMILES of known molecules with the property.
    method : {"few-shot", "few-shot-cot"}
    amount : int

    Raises
    ------
    ValueError
        For an unknown method, no molecules, or ``amount`` below 1.

    Examples
    --------
    >>> print(molecule_prompt("dissolves in water", ["CCO"], "few-shot", 2))
    Each of these molecules dissolves in water:
    Molecule 1: CCO
    Give me 2 new molecules with the same property as SMILES.
    Reply with one line each: Answer 1: SMILES up to Answer 2: ...
    """
    _choice("method", method, MOLECULE_METHODS)
    if not molecules:
        raise ValueError("a molecule prompt needs at least one molecule")
    _amount(amount)
    lines = [
        f"Each of these molecules {property_text}:",
        *_numbered("Molecule", molecules),
        f"Give me {amount} new molecule{'s' if amount > 1 else ''} "
        "with the same property as SMILES.",
        *_steps(method),
        f"Reply with {_reply_lines(amount, 'SMILES')}",
    ]
    return "\n".join(lines)


def messages(prompt: str) -> list[dict[str, str]]:
    """The prompt as the one message of a chat; the paper shows no system text."""
    return [{"role": "user", "content": prompt}]
