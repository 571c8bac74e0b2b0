"""Properties whose truth RDKit computes, as stand-ins for a measured activity.

The paper's property, inhibition of HIV, is only known for measured molecules; a
descriptor above a threshold is known for every generated one, so a classifier's verdict
and its correction can be compared with the truth (section 3.3 could not).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from rdkit.Chem import QED, Mol, RDConfig, rdMolDescriptors

from helpers.graph_generation.molecules import molecule
from helpers.names import unknown_name


@dataclass(frozen=True)
class Property:
    """A descriptor on one side of a threshold.

    Attributes
    ----------
    name, descriptor : str
        Key in `PROPERTIES`; key in `DESCRIPTORS`.
    threshold : float
        Molecules at least (``above``) or at most so much have the property.
    above : bool
    label, unit : str
        For axes.
    """

    name: str
    descriptor: str
    threshold: float
    above: bool
    label: str
    unit: str = ""

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Which descriptor values, shape (n,), have the property."""
        reached = values >= self.threshold if self.above else values <= self.threshold
        return np.asarray(reached, dtype=bool)

    def text(self, *, active: bool = True) -> str:
        """The property, or its absence, in words for a prompt.

        >>> PROPERTIES["lipophilic"].text(active=False)
        'a logP below 3'
        """
        side = "of at least" if self.above else "of at most"
        other = "below" if self.above else "above"
        return f"a {self.label} {side if active else other} {self.threshold:g}"


PROPERTIES = {
    p.name: p
    for p in (
        Property("drug-like", "qed", 0.6, True, "QED"),
        Property("lipophilic", "logp", 3.0, True, "logP"),
        Property("polar", "tpsa", 60.0, True, "TPSA", "Å²"),
        Property("simple", "sa", 2.0, False, "SA score"),
    )
}


def property_named(name: str) -> Property:
    """The property of this name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in PROPERTIES:
        raise unknown_name("property", name, list(PROPERTIES))
    return PROPERTIES[name]


@cache
def _sa_scorer() -> Callable[[Mol], float]:
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = importlib.util.spec_from_file_location("rdkit_sa_score", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ModuleNotFoundError(
            f"no SA score: {path} is missing; allowed: RDKit with its Contrib folder "
            "(pip install rdkit), or another property"
        )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.calculateScore


def sa_available() -> bool:
    """Whether this RDKit brought the synthetic accessibility score."""
    return (Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py").is_file()


def _sa(found: Mol) -> float:
    return float(_sa_scorer()(found))


DESCRIPTORS: dict[str, Callable[[Mol], float]] = {
    "qed": QED.qed,
    "logp": lambda found: rdMolDescriptors.CalcCrippenDescriptors(found)[0],
    "tpsa": rdMolDescriptors.CalcTPSA,
    "sa": _sa,
}


@lru_cache(maxsize=1 << 17)
def descriptor(name: str, smiles: str) -> float:
    """One descriptor of one molecule.

    Raises
    ------
    ValueError
        If there is no such descriptor or the text is no molecule.
    ModuleNotFoundError
        For ``sa`` where RDKit came without its Contrib folder.

    >>> round(descriptor("tpsa", "CCO"), 2)
    20.23
    """
    if name not in DESCRIPTORS:
        raise unknown_name("descriptor", name, list(DESCRIPTORS))
    return float(DESCRIPTORS[name](molecule(smiles)))


def descriptors(name: str, smiles: Sequence[str]) -> np.ndarray:
    """A descriptor of many molecules, shape (n,)."""
    return np.array([descriptor(name, text) for text in smiles], dtype=float)


def has_property(name: str, smiles: Sequence[str]) -> np.ndarray:
    """Which molecules have a property, by its definition; bool array (n,).

    >>> has_property("lipophilic", ["CCCCCCCC", "CCO"])
    array([ True, False])
    """
    wanted = property_named(name)
    return wanted.holds(descriptors(wanted.descriptor, smiles))
