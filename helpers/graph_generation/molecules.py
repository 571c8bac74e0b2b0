"""Real molecules that come with RDKit, and what counts as a molecule in a reply.

The first 5,000 compounds of the National Cancer Institute's open collection lie in
RDKit's data folder. Kept are short organic ones, because a small decoder learns no long
SMILES in minutes; the split is by scaffold (:mod:`.scaffolds`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path

import pandas as pd
from rdkit import Chem, rdBase
from rdkit.Chem import RDConfig

from helpers.graph_generation.scaffolds import scaffold, scaffold_split

DIGEST = "91e71c015f14939837f2943dcc904f7c87e5a3a0124d82b05c28ad2f23004def"
LONGEST = 32  # characters of a canonical SMILES
SMALLEST = 6  # heavy atoms
HELD_OUT = 0.25  # share of molecules whose scaffolds are never trained on
PARTS = ("train", "held out")
_ELEMENTS = {6, 7, 8, 9, 15, 16, 17, 35, 53}  # C N O F P S Cl Br I


def nci_file(path: Path | None = None) -> Path:
    """The file of SMILES in RDKit's data folder, or ``path`` if given.

    Raises
    ------
    FileNotFoundError
        If there is no such file; some builds of RDKit leave the data folder out.
    ValueError
        If RDKit's file is not the one the experiments were made with.
    """
    found = path or Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
    hint = "allowed: RDKit from PyPI (pip install rdkit), or a path to first_5K.smi"
    if not found.is_file():
        raise FileNotFoundError(f"{found} is missing; {hint}")
    if path is None and sha256(found.read_bytes()).hexdigest() != DIGEST:
        raise ValueError(f"{found} is not the file of RDKit 2022 to 2026; {hint}")
    return found


@lru_cache(maxsize=1 << 16)
def canonical(smiles: str) -> str | None:
    """RDKit's canonical SMILES, or None for text that is no molecule.

    >>> canonical("OCC"), canonical("C1CC"), canonical("")
    ('CCO', None, None)
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles.strip())
    if molecule is None or not molecule.GetNumAtoms():
        return None
    return Chem.MolToSmiles(molecule)


def molecule(smiles: str) -> Chem.Mol:
    """RDKit's molecule.

    Raises
    ------
    ValueError
        If the text is no molecule.
    """
    with rdBase.BlockLogs():
        found = Chem.MolFromSmiles(smiles)
    if found is None or not found.GetNumAtoms():
        raise ValueError(f"{smiles[:60]!r} is no molecule; allowed: a valid SMILES")
    return found


@cache
def nci_molecules(path: Path | None = None) -> pd.DataFrame:
    """Short organic molecules, each once: columns smiles, atoms, scaffold, part.

    Parameters
    ----------
    path : Path, optional
        Another file of SMILES, one per line, first column before a tab or blank.

    Returns
    -------
    DataFrame
        In the file's order, canonical SMILES of up to `LONGEST` characters; ``atoms``
        counts heavy atoms, ``part`` is "train" or "held out". Cached: do not change it.

    Raises
    ------
    FileNotFoundError, ValueError
        As `nci_file`; also if no molecule of the file is left.
    """
    rows: dict[str, tuple[str, int, str]] = {}
    with rdBase.BlockLogs():
        for line in nci_file(path).read_text("utf-8").splitlines():
            found = Chem.MolFromSmiles(line.split()[0]) if line.strip() else None
            if found is None or not _kept(found):
                continue
            smiles = Chem.MolToSmiles(found)
            if len(smiles) <= LONGEST:
                rows[smiles] = (smiles, found.GetNumAtoms(), scaffold(smiles))
    if not rows:
        raise ValueError(f"no short organic molecule in {nci_file(path)}")
    frame = pd.DataFrame(list(rows.values()), columns=["smiles", "atoms", "scaffold"])
    train = scaffold_split(frame["scaffold"].tolist(), HELD_OUT)
    return frame.assign(part=[PARTS[0] if kept else PARTS[1] for kept in train])


def digest(smiles: Sequence[str]) -> str:
    """SHA-256 of a list of molecules, to tell whether two data sets are the same."""
    return sha256("\n".join(smiles).encode()).hexdigest()


def _kept(found: Chem.Mol) -> bool:
    """One connected organic molecule without radicals, isotopes or odd charges."""
    atoms = list(found.GetAtoms())
    return (
        len(atoms) >= SMALLEST
        and len(Chem.GetMolFrags(found)) == 1
        and all(
            a.GetAtomicNum() in _ELEMENTS
            and not a.GetNumRadicalElectrons()
            and not a.GetIsotope()
            and abs(a.GetFormalCharge()) <= 1
            for a in atoms
        )
    )
