"""Bemis-Murcko scaffolds and the split that keeps a scaffold on one side.

Molecules of one scaffold resemble each other, so a random split flatters a classifier.
What is held out is chemistry that was not seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem.Scaffolds import MurckoScaffold


def scaffold(smiles: str) -> str:
    """Rings and what links them, as SMILES; empty for a chain.

    Raises
    ------
    ValueError
        If the text is no molecule.

    >>> scaffold("Cc1ccccc1CCO"), scaffold("CCO")
    ('c1ccccc1', '')
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        raise ValueError(f"{smiles[:60]!r} is no molecule; allowed: a valid SMILES")
    return MurckoScaffold.MurckoScaffoldSmiles(mol=molecule)


def scaffold_split(
    scaffolds: Sequence[str], held_out: float, seed: int = 0
) -> np.ndarray:
    """Which molecules are for training: whole groups, very large ones always.

    Groups of more than half the held-out share are trained on, as the held-out part
    would be little else; the others follow in random order until training is full.

    Parameters
    ----------
    scaffolds : sequence of str
        One per molecule.
    held_out : float
        Share of molecules to hold out at least, in (0, 1).
    seed : int
        Of the order of the smaller groups.

    Returns
    -------
    bool array (n,)
        True for training. Groups stay whole: the first that does not fit is held out
        with all that follow.

    Raises
    ------
    ValueError
        If the share is out of range or there is nothing to split.

    >>> scaffold_split(["a", "b", "a", "c"], 0.5).tolist()
    [True, False, True, False]
    """
    if not 0 < held_out < 1 or not len(scaffolds):
        raise ValueError(
            f"held_out is {held_out} of {len(scaffolds)} molecules; allowed: above 0 "
            "and below 1, of one molecule or more"
        )
    groups, member = np.unique(np.asarray(scaffolds, dtype=str), return_inverse=True)
    sizes = np.bincount(member)
    order = np.random.default_rng(seed).permutation(len(groups))
    small = sizes[order] <= held_out * len(scaffolds) / 2
    order = order[np.argsort(small, kind="stable")]
    trained = np.cumsum(sizes[order]) <= (1 - held_out) * len(scaffolds)
    return np.isin(member, order[trained])
