"""Batches of points with all that ties them: what one step of the fit looks at."""

from __future__ import annotations

import numpy as np
import torch

from helpers.training_visualization.complex import Edges, EdgeSampling

DENSE = 4096  # points up to which all memberships are held as a matrix


class Batches:
    """Draws batches from a complex.

    Small complexes: points at random, with every edge between them, which costs no more
    network than a few edges would. Large ones: the ends of edges drawn by weight, for
    two random points are hardly ever neighbours there.

    Parameters
    ----------
    edges : Edges
    points : int
        Training and boundary points together.
    size : int
        Points in a batch; all of them where there are fewer.
    rule : {"weight", "as_released"}
        See `Edges.chances`.
    dense : int
        Most points for which the first way is taken.
    """

    def __init__(
        self,
        edges: Edges,
        points: int,
        size: int,
        rule: EdgeSampling = "weight",
        *,
        dense: int = DENSE,
        seed: int = 0,
        device: str | torch.device = "cpu",
    ) -> None:
        self.points, self.size = points, min(size, points)
        self.device = torch.device(device)
        self.random = torch.Generator().manual_seed(seed)
        self.matrix: torch.Tensor | None = None
        chances = edges.chances(rule)
        if points <= dense:
            table = torch.zeros(points, points)
            where = (_long(edges.heads), _long(edges.tails))
            table.index_put_(where, torch.from_numpy(chances).float(), accumulate=True)
            table = (table + table.T) * (0.5 * points * (points - 1))
            self.matrix = table.fill_diagonal_(0).to(self.device)
            return
        self.heads, self.tails = _long(edges.heads), _long(edges.tails)
        self.steps = torch.from_numpy(np.cumsum(chances))

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Indices (M,) of the batch's points and their weights (M, M), symmetric.

        The weights are those of `losses.umap_loss`; their mean over pairs is one in
        expectation.
        """
        if self.matrix is not None:
            chosen = torch.randperm(self.points, generator=self.random)[: self.size]
            chosen = chosen.to(self.device)
            short = chosen.int()
            pairs = (short[:, None] * self.points + short).view(-1)
            # a fifth of the time of matrix[chosen][:, chosen]
            ties = self.matrix.view(-1).index_select(0, pairs)
            return chosen, ties.view(len(chosen), len(chosen))
        count = self.size // 2
        at = torch.rand(count, generator=self.random, dtype=torch.float64)
        drawn = torch.searchsorted(self.steps, at * self.steps[-1])
        drawn = drawn.clamp(max=len(self.heads) - 1)
        chosen = torch.cat([self.heads[drawn], self.tails[drawn]]).to(self.device)
        weights = torch.zeros(2 * count, 2 * count, device=self.device)
        ends = torch.arange(count, device=self.device)
        weights[ends, count + ends] = weights[count + ends, ends] = 2 * count - 1.0
        return chosen, weights


def _long(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.int64))
