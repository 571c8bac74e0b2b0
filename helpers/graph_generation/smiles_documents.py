"""What the SMILES decoder reads: lists of molecules that share a property or lack it.

The property stands in the text (*named*) or is left to the examples (*hidden*), and
half of the documents list molecules without it: only then can a reply show whether
examples carry the property (the control with inactives in the prompt). The chain
of thought of a reply, where asked for, names the scaffold before each molecule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from rdkit import Chem

from helpers.graph_generation.molecules import molecule, nci_molecules
from helpers.graph_generation.prompts import molecule_prompt
from helpers.graph_generation.properties import (
    PROPERTIES,
    has_property,
    property_named,
)

HIDDEN = "has a certain property"
CHAIN = "chain"  # the scaffold of a molecule without rings
GIVEN, AMOUNT = 5, 10  # molecules shown and asked for, by default
_SHARES = {"named": 0.5, "with": 0.5, "cot": 0.2, "canonical": 0.4}


@dataclass(frozen=True)
class Subject:
    """What a molecule prompt is about.

    Attributes
    ----------
    name : str
        Key of `PROPERTIES`.
    active : bool
        Whether the molecules shown have the property, or lack it (the control).
    named : bool
        Whether the text says which property it is.
    """

    name: str
    active: bool = True
    named: bool = True

    @property
    def text(self) -> str:
        """What the prompt says about each molecule."""
        wanted = property_named(self.name)
        return f"has {wanted.text(active=self.active)}" if self.named else HIDDEN

    def prompt(
        self, molecules: Sequence[str], method: str = "few-shot", amount: int = AMOUNT
    ) -> str:
        """The request; see `helpers.graph_generation.prompts.molecule_prompt`."""
        return molecule_prompt(self.text, molecules, method, amount)


def variants(smiles: str, count: int, seed: int) -> tuple[str, ...]:
    """Other spellings of a molecule: its atoms in random orders.

    >>> set(variants("CCO", 20, seed=0)) <= {"CCO", "OCC", "C(C)O", "C(O)C"}
    True
    """
    found = molecule(smiles)
    if seed < 0:
        raise ValueError(f"seed is {seed}; allowed: 0 or more")
    # RDKit takes 0 for no seed at all
    return tuple(Chem.MolToRandomSmilesVect(found, count, randomSeed=seed or 1 << 30))


def reply(
    molecules: Sequence[str], scaffolds: Sequence[str] = (), *, cot: bool = False
) -> str:
    """The text of a reply; with ``cot`` each answer comes after its scaffold.

    >>> print(reply(["CCO", "Cc1ccccc1"], ["", "c1ccccc1"], cot=True))
    Steps 1: chain
    Answer 1: CCO
    Steps 2: c1ccccc1
    Answer 2: Cc1ccccc1
    """
    lines = []
    for i, smiles in enumerate(molecules, 1):
        if cot:
            lines.append(f"Steps {i}: {scaffolds[i - 1] or CHAIN}")
        lines.append(f"Answer {i}: {smiles}")
    return "\n".join(lines)


class Documents:
    """Training documents from the molecules whose scaffolds are for training.

    Parameters
    ----------
    spellings : int
        Random spellings of a molecule, beside the canonical one.
    seed : int
    names : sequence of str
        Properties to draw from.
    """

    def __init__(
        self, *, spellings: int = 10, seed: int = 0, names: Sequence[str] = ()
    ) -> None:
        frame = nci_molecules()
        train = frame[frame["part"] == "train"]
        self.smiles: list[str] = train["smiles"].tolist()
        self.scaffolds: list[str] = train["scaffold"].tolist()
        self.names = tuple(names) or tuple(PROPERTIES)
        self.spellings, self.seed = spellings, seed
        self._pools = self._find_pools()

    def _find_pools(self) -> Mapping[tuple[str, bool], np.ndarray]:
        pools = {}
        for name in self.names:
            holds = has_property(name, self.smiles)
            pools[name, True] = np.flatnonzero(holds)
            pools[name, False] = np.flatnonzero(~holds)
        return pools

    @cached_property
    def spelt(self) -> list[tuple[str, ...]]:
        """Random spellings of every molecule."""
        return [
            variants(smiles, self.spellings, seed=self.seed + i)
            for i, smiles in enumerate(self.smiles)
        ]

    def document(self, rng: np.random.Generator) -> tuple[str, str]:
        """Prompt and reply of one random document."""
        name = self.names[rng.integers(len(self.names))]
        named, active, cot = (
            bool(rng.random() < _SHARES[key]) for key in ("named", "with", "cot")
        )
        given = int(rng.integers(3, GIVEN + 1))
        amount = AMOUNT if rng.random() < 0.5 else int(rng.integers(1, AMOUNT))
        rows = rng.choice(self._pools[name, active], given + amount, replace=False)
        texts = [self._spelling(row, rng) for row in rows]
        method = "few-shot-cot" if cot else "few-shot"
        subject = Subject(name, active, named)
        scaffolds = [self.scaffolds[row] for row in rows[given:]]
        return (
            subject.prompt(texts[:given], method, amount),
            reply(texts[given:], scaffolds, cot=cot),
        )

    def _spelling(self, row: int, rng: np.random.Generator) -> str:
        if rng.random() < _SHARES["canonical"]:
            return self.smiles[row]
        return self.spelt[row][rng.integers(self.spellings)]
