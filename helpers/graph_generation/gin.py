r"""A graph isomorphism network that classifies molecules, in plain PyTorch.

.. math::

    h_v \leftarrow \mathrm{MLP}\Big((1 + \epsilon) h_v
        + \sum_{u \in N(v)} \mathrm{ReLU}(h_u + e_{uv})\Big)

with embeddings of atoms and bonds, batch normalisation, and the mean and the scaled sum
of the last layer as the molecule's vector. The paper only says "a GNN classifier"; this
kind is OGB's reference on ogbg-molhiv, there five times as wide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from rdkit import Chem, rdBase
from torch import Tensor, nn

from helpers.seeding import torch_seeded
from helpers.torch_threads import single_thread

# element, degree, charge, hydrogens, hybridisation, aromatic, in a ring
_LEVELS = (120, 12, 12, 10, 9, 2, 2)
_BOND_LEVELS = 5 * 2  # single, double, triple, aromatic, other; conjugated or not
_BONDS = {
    Chem.BondType.SINGLE: 0,
    Chem.BondType.DOUBLE: 1,
    Chem.BondType.TRIPLE: 2,
    Chem.BondType.AROMATIC: 3,
}
_SCALE = 20.0  # atoms of a usual molecule, to keep sums near 1


@dataclass(frozen=True)
class MoleculeGraphs:
    """Many molecules in flat arrays.

    Attributes
    ----------
    atoms : int array (A, 7)
    bonds : int array (2, B)
        Ends of each bond in both directions, counted within the molecule.
    kinds : int array (B,)
    atom_start, bond_start : int array (n + 1,)
        Where each molecule begins.
    """

    atoms: np.ndarray
    bonds: np.ndarray
    kinds: np.ndarray
    atom_start: np.ndarray
    bond_start: np.ndarray

    def __len__(self) -> int:
        return len(self.atom_start) - 1

    def batch(self, rows: np.ndarray) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Atoms, bonds, kinds of bonds, and the molecule of each atom, for ``rows``."""
        rows = np.asarray(rows, dtype=np.int64)
        atoms, owner = _ranges(self.atom_start, rows)
        bonds, holder = _ranges(self.bond_start, rows)
        first = np.concatenate([[0], np.cumsum(np.diff(self.atom_start)[rows])[:-1]])
        ends = self.bonds[:, bonds] + first[holder]
        return (
            torch.from_numpy(self.atoms[atoms].astype(np.int64)),
            torch.from_numpy(ends.astype(np.int64)),
            torch.from_numpy(self.kinds[bonds].astype(np.int64)),
            torch.from_numpy(owner),
        )


def molecule_graphs(
    smiles: Sequence[str], *, any_valence: bool = False
) -> MoleculeGraphs:
    """Atoms and bonds of molecules; about 3,000 molecules per second.

    Parameters
    ----------
    smiles : sequence of str
    any_valence : bool
        Take molecules with more bonds at an atom than RDKit allows: ogbg-molhiv has
        some, complexes of metals.

    Raises
    ------
    ValueError
        If a text is no molecule.
    """
    atoms: list[tuple[int, ...]] = []
    ends: list[tuple[int, int]] = []
    kinds: list[int] = []
    atom_start, bond_start = [0], [0]
    with rdBase.BlockLogs():
        for text in smiles:
            found = Chem.MolFromSmiles(text)
            if found is None and any_valence:
                found = _unchecked(text)
            if found is None or not found.GetNumAtoms():
                raise ValueError(f"{text[:60]!r} is no molecule")
            atoms.extend(_atom(a) for a in found.GetAtoms())
            for bond in found.GetBonds():
                u, v = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
                kind = 2 * _BONDS.get(bond.GetBondType(), 4) + bond.GetIsConjugated()
                ends += [(u, v), (v, u)]
                kinds += [kind, kind]
            atom_start.append(len(atoms))
            bond_start.append(len(kinds))
    return MoleculeGraphs(
        np.array(atoms, dtype=np.uint8).reshape(-1, len(_LEVELS)),
        np.array(ends, dtype=np.int32).reshape(-1, 2).T,
        np.array(kinds, dtype=np.uint8),
        np.array(atom_start),
        np.array(bond_start),
    )


def _unchecked(text: str) -> Chem.Mol | None:
    """The molecule without a check of its valences."""
    found = Chem.MolFromSmiles(text, sanitize=False)
    if found is not None:
        found.UpdatePropertyCache(strict=False)
        rest = Chem.SANITIZE_ALL ^ Chem.SANITIZE_PROPERTIES
        Chem.SanitizeMol(found, sanitizeOps=rest)
    return found


def _atom(atom: Chem.Atom) -> tuple[int, ...]:
    values = (
        atom.GetAtomicNum(),
        atom.GetTotalDegree(),
        atom.GetFormalCharge() + 5,
        atom.GetTotalNumHs(),
        int(atom.GetHybridization()),
        int(atom.GetIsAromatic()),
        int(atom.IsInRing()),
    )
    return tuple(
        min(max(value, 0), levels - 1)
        for value, levels in zip(values, _LEVELS, strict=True)
    )


def _ranges(start: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All numbers from start[r] to start[r + 1] for each r, and which r they are of."""
    sizes = start[rows + 1] - start[rows]
    owner = np.repeat(np.arange(len(rows)), sizes)
    before = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return np.arange(sizes.sum()) + (start[rows] - before)[owner], owner


class GIN(nn.Module):
    """The network; `forward` gives one logit per molecule.

    Parameters
    ----------
    width, layers : int
        Of the atoms' vectors, and rounds of messages.
    dropout : float
    """

    def __init__(self, width: int = 64, layers: int = 3, dropout: float = 0.2) -> None:
        super().__init__()
        self.atoms = nn.ModuleList(nn.Embedding(n, width) for n in _LEVELS)
        self.bonds = nn.ModuleList(
            nn.Embedding(_BOND_LEVELS, width) for _ in range(layers)
        )
        self.steps = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, 2 * width),
                nn.BatchNorm1d(2 * width),
                nn.ReLU(),
                nn.Linear(2 * width, width),
                nn.BatchNorm1d(width),
            )
            for _ in range(layers)
        )
        self.epsilon = nn.Parameter(torch.zeros(layers))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Sequential(
            nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1)
        )

    def forward(
        self, atoms: Tensor, bonds: Tensor, kinds: Tensor, owner: Tensor
    ) -> Tensor:
        """Logits, shape (molecules,)."""
        h = torch.stack([e(atoms[:, i]) for i, e in enumerate(self.atoms)]).sum(0)
        for i, (edge, step) in enumerate(zip(self.bonds, self.steps, strict=True)):
            messages = torch.relu(h[bonds[0]] + edge(kinds))
            heard = torch.zeros_like(h).index_add_(0, bonds[1], messages)
            h = self.dropout(torch.relu(step((1 + self.epsilon[i]) * h + heard)))
        count = torch.bincount(owner).unsqueeze(1)
        total = h.new_zeros(len(count), h.shape[1]).index_add_(0, owner, h)
        return self.head(torch.cat([total / count, total / _SCALE], 1)).squeeze(1)


def fit_gin(
    graphs: MoleculeGraphs,
    truth: np.ndarray,
    rows: np.ndarray,
    *,
    width: int = 64,
    layers: int = 3,
    epochs: int = 15,
    batch: int = 128,
    learning_rate: float = 2e-3,
    dropout: float = 0.2,
    seed: int = 0,
    after_epoch: Callable[[int, GIN], None] | None = None,
) -> GIN:
    """Train a network on the molecules ``rows`` on one thread.

    AdamW with its default decay of weights, and a cosine schedule.

    Parameters
    ----------
    graphs : MoleculeGraphs
    truth : bool array (n,)
    rows : int array
        Molecules to learn from.
    after_epoch : callable, optional
        ``after_epoch(epoch, model)`` after each; for scores on other molecules.

    Raises
    ------
    ValueError
        If fewer than two molecules or only one class is given.
    """
    rows = np.asarray(rows, dtype=np.int64)
    labels = torch.from_numpy(np.asarray(truth, dtype=np.float32))
    if len(rows) < 2 or len(np.unique(np.asarray(truth)[rows])) < 2:
        raise ValueError("one class is absent; allowed: at least one molecule of each")
    with single_thread(), torch_seeded(seed):
        model = GIN(width, layers, dropout).train()
        rng = np.random.default_rng(seed)
        optimiser = torch.optim.AdamW(model.parameters(), lr=learning_rate)
        steps = epochs * -(-len(rows) // batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for epoch in range(epochs):
            for chosen in np.array_split(rng.permutation(rows), -(-len(rows) // batch)):
                logits = model(*graphs.batch(chosen))
                loss = nn.functional.binary_cross_entropy_with_logits(
                    logits, labels[chosen]
                )
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
            if after_epoch is not None:
                after_epoch(epoch, model)
                model.train()
    return model.eval()


@torch.inference_mode()
def gin_scores(
    model: GIN, graphs: MoleculeGraphs, rows: np.ndarray | None = None
) -> np.ndarray:
    """Estimated probabilities of the property, shape (n,) or that of ``rows``."""
    chosen = np.arange(len(graphs)) if rows is None else np.asarray(rows)
    model.eval()
    with single_thread():
        parts = [
            torch.sigmoid(model(*graphs.batch(chosen[i : i + 1024]))).numpy()
            for i in range(0, len(chosen), 1024)
        ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


class GinClassifier:
    """A network with the two functions of a `FingerprintClassifier`.

    Parameters
    ----------
    epochs : int
        12 take about ten seconds for the molecules that come with RDKit.
    seed : int
    """

    def __init__(self, epochs: int = 12, seed: int = 0) -> None:
        self.epochs, self.seed = epochs, seed
        self._model: GIN | None = None

    def fit(self, smiles: Sequence[str], truth: np.ndarray) -> Self:
        """Learn from molecules; returns itself."""
        graphs, rows = molecule_graphs(smiles), np.arange(len(smiles))
        self._model = fit_gin(
            graphs, truth, rows, epochs=self.epochs, batch=64, seed=self.seed
        )
        return self

    def scores(self, smiles: Sequence[str]) -> np.ndarray:
        """Estimated probability of the property, shape (n,).

        Raises
        ------
        ValueError
            Before `fit`.
        """
        if self._model is None:
            raise ValueError("the network has not been trained; call fit first")
        return gin_scores(self._model, molecule_graphs(smiles))
