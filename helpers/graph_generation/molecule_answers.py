"""Answers of molecules: a model's, and of three references beside it.

What a classifier says about generated molecules means little alone. Real molecules with
the property, real ones without it and slightly changed ones with it go through the same
table, and the model is asked twice: with molecules that have the property in its
prompt, and with molecules that lack it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rdkit import Chem, rdBase

from helpers.graph_generation.molecules import PARTS, molecule, nci_molecules
from helpers.graph_generation.prompts import TEMPLATE
from helpers.graph_generation.properties import has_property
from helpers.graph_generation.smiles_documents import AMOUNT, GIVEN, Subject
from helpers.llm.backend import Request, Sampling
from helpers.names import unknown_name

REFERENCES = ("real with", "real without", "mutated")
TEMPERATURE = 0.8
_ATOMS = (6, 7, 8, 9, 16, 17)  # what a mutation puts: C N O F S Cl


@dataclass(frozen=True)
class MoleculeAnswer:
    """Molecules of one reply, or of a reference.

    Attributes
    ----------
    prompt : str
        "with", "without" (the molecules shown have or lack the property), the same
        after "hidden " where the text does not name it, or one of `REFERENCES`.
    property : str
    method : str
        Prompting method; empty for a reference.
    run : int
    given : tuple of str
        Molecules shown.
    molecules : tuple of str or None
        One per molecule asked for; None where none could be read.
    """

    prompt: str
    property: str
    method: str
    run: int
    given: tuple[str, ...]
    molecules: tuple[str | None, ...]


def prompt_name(subject: Subject) -> str:
    """How the table calls a prompt.

    >>> prompt_name(Subject("polar", active=False, named=False))
    'hidden without'
    """
    side = "with" if subject.active else "without"
    return side if subject.named else f"hidden {side}"


@lru_cache(maxsize=32)
def pool(name: str, active: bool, part: str) -> tuple[str, ...]:
    """Real molecules of a part that have a property, or lack it.

    Raises
    ------
    ValueError
        If there is no such property or part.
    """
    if part not in PARTS:
        raise unknown_name("part", part, PARTS)
    frame = nci_molecules()
    smiles = frame.loc[frame["part"] == part, "smiles"].tolist()
    holds = has_property(name, smiles)
    return tuple(s for s, has in zip(smiles, holds, strict=True) if has == active)


def given_molecules(
    subject: Subject,
    runs: int,
    *,
    count: int = GIVEN,
    part: str = "held out",
    seed: int = 0,
) -> list[tuple[str, ...]]:
    """Molecules to show, others in each run, none twice within one.

    Parameters
    ----------
    part : str
        "held out": the decoder has not seen them; "train": it has.

    Raises
    ------
    ValueError
        If a number is below 1 or the part has not so many such molecules.
    """
    found = pool(subject.name, subject.active, part)
    if runs < 1 or not 1 <= count <= len(found):
        raise ValueError(
            f"{runs} runs of {count} molecules; allowed: 1 run or more of 1 to "
            f"{len(found)}"
        )
    rng = np.random.default_rng(seed)
    return [
        tuple(rng.choice(found, count, replace=False).tolist()) for _ in range(runs)
    ]


def molecule_requests(
    subject: Subject,
    given: Sequence[Sequence[str]],
    *,
    method: str = "few-shot",
    amount: int = AMOUNT,
    temperature: float = TEMPERATURE,
    max_tokens: int = 450,
    seed: int = 0,
) -> list[Request]:
    """One request per list of given molecules.

    The paper's temperature is 0.5; there a small decoder writes mostly long carbon
    chains, so `TEMPERATURE` is higher.
    """
    sampling = Sampling(temperature, max_tokens=max_tokens, seed=seed)
    return [
        Request.ask(
            subject.prompt(molecules, method, amount),
            sampling,
            sample=run,
            template=TEMPLATE,
        )
        for run, molecules in enumerate(given)
    ]


def reference_answers(
    kind: str,
    name: str,
    runs: int,
    *,
    amount: int = AMOUNT,
    part: str = "held out",
    seed: int = 0,
) -> list[MoleculeAnswer]:
    """Real or mutated molecules as if a model had answered with them.

    Parameters
    ----------
    kind : {"real with", "real without", "mutated"}
        The last are real ones with the property after one `mutated` step.
    name : str
        The property.

    Raises
    ------
    ValueError
        If a name is unknown or a number out of range.
    """
    if kind not in REFERENCES:
        raise unknown_name("reference", kind, REFERENCES)
    subject = Subject(name, active=kind != "real without")
    rng = np.random.default_rng(seed)
    answers = []
    total = given_molecules(
        subject, runs, count=GIVEN + amount, part=part, seed=int(rng.integers(1 << 31))
    )
    for run, drawn in enumerate(total):
        given, rest = drawn[:GIVEN], drawn[GIVEN:]
        if kind == "mutated":  # what is shown is what is changed
            rest = tuple(mutated(given[i % GIVEN], rng) for i in range(amount))
        answers.append(MoleculeAnswer(kind, name, "", run, given, rest))
    return answers


def mutated(smiles: str, rng: np.random.Generator, tries: int = 50) -> str:
    """A molecule after one random change: an atom replaced, added or removed.

    Parameters
    ----------
    smiles : str
    rng : numpy.random.Generator
    tries : int
        Changes that chemistry does not allow are drawn again, at most so often; then
        the molecule itself is returned.

    Raises
    ------
    ValueError
        If the text is no molecule.

    >>> mutated("CCO", np.random.default_rng(0)) != "CCO"
    True
    """
    origin = molecule(smiles)
    for _ in range(tries):
        changed = Chem.RWMol(origin)
        place = int(rng.integers(changed.GetNumAtoms()))
        kind, atom = int(rng.integers(3)), int(rng.choice(_ATOMS))
        if kind == 0:
            changed.GetAtomWithIdx(place).SetAtomicNum(atom)
        elif kind == 1:
            new = changed.AddAtom(Chem.Atom(atom))
            changed.AddBond(place, new, Chem.BondType.SINGLE)
        else:
            changed.RemoveAtom(place)
        with rdBase.BlockLogs():
            try:
                Chem.SanitizeMol(changed)
            except (ValueError, RuntimeError):
                continue
            result = Chem.MolToSmiles(changed)
            again = Chem.MolFromSmiles(result)
        if again is None or "." in result or not result:
            continue
        if (result := Chem.MolToSmiles(again)) != Chem.MolToSmiles(origin):
            return result
    return Chem.MolToSmiles(origin)
