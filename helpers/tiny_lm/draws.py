"""Samples of several samplers, kept as the leaves of one tree of prefixes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers.names import unknown_name


class Tree:
    """Growing list of all nodes; a node's number is the order in which it came."""

    def __init__(self) -> None:
        self.size = 0
        self._parents: list[np.ndarray] = []
        self._tokens: list[np.ndarray] = []

    def add(self, parents: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """Numbers of the new nodes."""
        self._parents.append(parents.astype(np.int32))
        self._tokens.append(tokens.astype(np.int32))
        self.size += len(parents)
        return np.arange(self.size - len(parents), self.size)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return np.concatenate(self._parents), np.concatenate(self._tokens)


@dataclass(frozen=True)
class Draws:
    """Samples of every sampler and prompt, kept as the leaves of a tree.

    Attributes
    ----------
    names : tuple of str
        The samplers, S of them.
    parents, tokens : int array (nodes,)
        The tree: a node's last token, and the node before it, -1 for a prompt.
    leaves : int array (S, prompts, n)
        Node at which each sample ended, its end token left out.
    finished : bool array (S, prompts, n)
        Whether the end token was drawn; the other samples were cut at the limit.
    hot : float array (S, prompts)
        Expected number of tokens drawn hot, the end token counted.
    """

    names: tuple[str, ...]
    parents: np.ndarray
    tokens: np.ndarray
    leaves: np.ndarray
    finished: np.ndarray
    hot: np.ndarray
    _sequences: dict[int, tuple[int, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def nodes(self) -> int:
        """Distinct prefixes computed, the prompts included."""
        return len(self.parents)

    def sequence(self, node: int) -> tuple[int, ...]:
        """Tokens from the prompt, which is left out, to a node."""
        if node not in self._sequences:  # samplers often end at the same one
            path, above = [], node
            while self.parents[above] >= 0:
                path.append(int(self.tokens[above]))
                above = self.parents[above]
            self._sequences[node] = tuple(reversed(path))
        return self._sequences[node]

    def samples(self, name: str, prompt: int) -> Counter[tuple[int, ...]]:
        """How often each text was drawn: n samples, without prompt and end token.

        Raises
        ------
        ValueError
            If no sampler has this name.
        """
        nodes, counts = np.unique(
            self.leaves[self._index(name), prompt], return_counts=True
        )
        found: Counter[tuple[int, ...]] = Counter()
        for node, count in zip(nodes, counts, strict=True):
            # a text that ended and one cut at the limit differ in length
            found[self.sequence(node)] += int(count)
        return found

    def ordered(self, name: str, prompt: int) -> list[tuple[int, ...]]:
        """The n samples in the order of their numbers (see `prefix_tree`)."""
        return [self.sequence(node) for node in self.leaves[self._index(name), prompt]]

    def totals(self) -> pd.DataFrame:
        """Columns sampler, prompt, n, distinct, finished, cut, tokens, hot.

        ``tokens`` counts every draw, end tokens included; ``hot`` is the expected
        number of these at the high temperature.
        """
        depth = self._depths()
        rows = []
        for s, name in enumerate(self.names):
            for p, leaves in enumerate(self.leaves[s]):
                ended = int(self.finished[s, p].sum())
                rows.append(
                    {
                        "sampler": name,
                        "prompt": p,
                        "n": len(leaves),
                        "distinct": len(np.unique(leaves)),
                        "finished": ended,
                        "cut": len(leaves) - ended,
                        "tokens": int(depth[leaves].sum()) + ended,
                        "hot": float(self.hot[s, p]),
                    }
                )
        return pd.DataFrame(rows)

    def _depths(self) -> np.ndarray:
        depth = np.zeros(self.nodes, dtype=np.int64)
        for node, parent in enumerate(self.parents):  # a parent precedes its children
            if parent >= 0:
                depth[node] = depth[parent] + 1
        return depth

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise unknown_name("sampler", name, self.names)
        return self.names.index(name)
