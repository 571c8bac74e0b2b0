"""Rule-based tasks: what is asked for, validated before anything is generated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helpers.names import unknown_name

RULES = (
    "trees",
    "cycles",
    "components",
    "planar",
    "k-regular",
    "wheel",
    "bipartite",
    "k-color",
)
SIZES = ("tiny", "small", "medium", "large")

# Which parameters a rule needs beyond n, and the fewest nodes that it makes sense for.
_NEEDS: dict[str, frozenset[str]] = {
    "trees": frozenset(),
    "cycles": frozenset(),
    "components": frozenset({"k"}),
    "planar": frozenset({"m"}),
    "k-regular": frozenset({"k"}),
    "wheel": frozenset(),
    "bipartite": frozenset({"parts"}),
    "k-color": frozenset({"m", "k"}),
}
_FEWEST = {
    "trees": 2,
    "cycles": 3,
    "components": 2,
    "planar": 3,
    "k-regular": 2,
    "wheel": 4,
    "bipartite": 2,
    "k-color": 2,
}


def most_colorable_edges(n: int, k: int) -> int:
    """Edges of the Turan graph: the most that n nodes in k colours can have.

    Examples
    --------
    >>> most_colorable_edges(7, 3)
    16
    """
    small, larger = divmod(n, k)
    same_colour = larger * (small + 1) * small + (k - larger) * small * (small - 1)
    return (n * (n - 1) - same_colour) // 2


@dataclass(frozen=True)
class Task:
    """One rule with its sizes (Section 2.1, Appendix A.1, Tables 7 and 8).

    Parameters
    ----------
    rule : str
        One of `RULES`.
    n : int
        Number of nodes; of a wheel the hub included (inferred).
    m : int, optional
        Number of edges; of planar and k-color.
    k : int, optional
        Number of components (components), degree (k-regular), colours (k-color).
    parts : tuple of (int, int), optional
        Sizes of the two sides, which add up to n; of bipartite.

    Raises
    ------
    ValueError
        For an unknown rule and for sizes that no graph can have.

    Examples
    --------
    >>> Task("k-regular", 7, k=3)
    Traceback (most recent call last):
    ...
    ValueError: k-regular: n * k must be even, got 7 * 3
    """

    rule: str
    n: int
    m: int | None = None
    k: int | None = None
    parts: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise unknown_name("rule", self.rule, RULES)
        if isinstance(self.parts, list):  # e.g. from JSON; a task is hashable
            object.__setattr__(self, "parts", tuple(self.parts))
        self._check_given()
        if self.n < _FEWEST[self.rule]:
            raise self._error(
                f"needs at least {_FEWEST[self.rule]} nodes, got {self.n}"
            )
        if self.m is not None:
            self._check_edges(self.m)
        if self.k is not None:
            self._check_k(self.k)
        if self.parts is not None and (
            min(self.parts) < 1 or sum(self.parts) != self.n
        ):
            raise self._error(
                f"the two sides need a node each and n in all, got {self.parts} "
                f"for n = {self.n}"
            )

    def _error(self, text: str) -> ValueError:
        return ValueError(f"{self.rule}: {text}")

    def _check_given(self) -> None:
        """Parameters of the rule are given, no others are, and all are integers."""
        given = {"m": self.m, "k": self.k, "parts": self.parts}
        for name, value in given.items():
            if (value is not None) != (name in _NEEDS[self.rule]):
                wanted = "needs" if value is None else "takes no"
                raise self._error(f"{wanted} {name}")
        sides = self.parts if isinstance(self.parts, tuple) else ()
        if self.parts is not None and len(sides) != 2:
            raise self._error(f"parts are two numbers, got {self.parts}")
        for number in (self.n, self.m, self.k, *sides):
            if number is not None and type(number) is not int:
                raise self._error(f"sizes must be integers, got {number!r}")

    def _check_edges(self, m: int) -> None:
        pairs = self.n * (self.n - 1) // 2
        if not 1 <= m <= pairs:
            raise self._error(f"m must be in 1..{pairs} for n = {self.n}, got {m}")
        if self.rule == "planar" and m > 3 * self.n - 6:
            raise self._error(
                f"at most 3 n - 6 = {3 * self.n - 6} edges are planar, got {m}"
            )

    def _check_k(self, k: int) -> None:
        most = self.n - 1 if self.rule == "k-regular" else self.n
        if not 1 <= k <= most:
            raise self._error(f"k must be in 1..{most} for n = {self.n}, got {k}")
        if self.rule == "k-regular" and self.n * k % 2:
            raise self._error(f"n * k must be even, got {self.n} * {k}")
        if self.rule == "k-color" and self.m is not None:
            bound = most_colorable_edges(self.n, k)
            if self.m > bound:
                raise self._error(
                    f"{self.n} nodes in {k} colours have at most {bound} edges, "
                    f"got {self.m}"
                )

    @property
    def edges(self) -> int | None:
        """Number of edges that the rule fixes; None for components and bipartite."""
        if self.rule == "trees":
            return self.n - 1
        if self.rule == "cycles":
            return self.n
        if self.rule == "wheel":
            return 2 * (self.n - 1)
        if self.rule == "k-regular" and self.k is not None:
            return self.n * self.k // 2
        return self.m

    @property
    def size(self) -> str:
        """Name of the preset that this task is, else ``"n = 9"``."""
        return _SIZE_OF.get(self, f"n = {self.n}")


Kind = Literal["tree", "cycle"]


@dataclass(frozen=True)
class Pair:
    """Two components of the asked kinds, 5-7 nodes each (Table 5, Appendix A.2).

    Examples
    --------
    >>> Pair(("tree", "cycle")).rule
    'tree+cycle'
    >>> Pair(("cycle", "tree")) == Pair(("tree", "cycle"))
    True
    """

    kinds: tuple[Kind, Kind]
    fewest: int = 5
    most: int = 7

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in ("tree", "cycle"):
                raise unknown_name("kind of component", kind, ("tree", "cycle"))
        if len(self.kinds) != 2:
            raise ValueError(f"a pair has two kinds, got {len(self.kinds)}")
        if not 3 <= self.fewest <= self.most:
            raise ValueError(
                f"nodes per component: 3 <= fewest <= most, got {self.fewest} and "
                f"{self.most}"
            )
        # The order of the two components means nothing: trees first.
        object.__setattr__(self, "kinds", tuple(sorted(self.kinds, reverse=True)))

    @property
    def rule(self) -> str:
        """Name as in Table 5: ``"tree+cycle"``."""
        return "+".join(self.kinds)

    @property
    def size(self) -> str:
        """Nodes per component: ``"5-7"``."""
        return f"{self.fewest}-{self.most}"


PAIRS = (Pair(("tree", "tree")), Pair(("cycle", "cycle")), Pair(("tree", "cycle")))

# Sizes that the paper states (Tables 7 and 8); the others are ours. Planar and k-color
# sizes of ours keep a uniform random graph valid in about one case of five to four.
PUBLISHED_SIZES = frozenset(
    {(rule, "medium") for rule in RULES}
    | {
        (rule, size)
        for rule in ("cycles", "k-regular", "k-color")
        for size in ("small", "large")
    }
)

_PRESETS: dict[tuple[str, str], Task] = {
    (task.rule, size): task
    for size, tasks in {
        "tiny": (
            Task("trees", 7),
            Task("cycles", 7),
            Task("components", 7, k=3),
            Task("planar", 8, m=16),
            Task("k-regular", 8, k=3),
            Task("wheel", 7),
            Task("bipartite", 8, parts=(4, 4)),
            Task("k-color", 7, m=13, k=3),
        ),
        "small": (
            Task("trees", 10),
            Task("cycles", 10),
            Task("components", 10, k=4),
            Task("planar", 10, m=19),
            Task("k-regular", 12, k=3),
            Task("wheel", 10),
            Task("bipartite", 10, parts=(4, 6)),
            Task("k-color", 10, m=20, k=3),
        ),
        "medium": (
            Task("trees", 15),
            Task("cycles", 15),
            Task("components", 15, k=5),
            Task("planar", 15, m=24),
            Task("k-regular", 16, k=3),
            Task("wheel", 15),
            Task("bipartite", 10, parts=(5, 5)),
            Task("k-color", 15, m=32, k=3),
        ),
        "large": (
            Task("trees", 20),
            Task("cycles", 20),
            Task("components", 20, k=6),
            Task("planar", 20, m=29),
            Task("k-regular", 20, k=3),
            Task("wheel", 20),
            Task("bipartite", 14, parts=(7, 7)),
            Task("k-color", 18, m=39, k=3),
        ),
    }.items()
    for task in tasks
}

_SIZE_OF = {task: size for (_, size), task in _PRESETS.items()}


def preset(rule: str, size: str = "medium") -> Task:
    """Task of a rule at a named size (`SIZES`; see `PUBLISHED_SIZES`).

    Raises
    ------
    ValueError
        For an unknown rule or size.

    Examples
    --------
    >>> preset("k-color", "small")
    Task(rule='k-color', n=10, m=20, k=3, parts=None)
    >>> preset("k-color", "small").size
    'small'
    """
    if rule not in RULES:
        raise unknown_name("rule", rule, RULES)
    if size not in SIZES:
        raise unknown_name("size", size, SIZES)
    return _PRESETS[rule, size]
