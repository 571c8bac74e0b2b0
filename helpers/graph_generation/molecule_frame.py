"""The table of generated molecules and its summary: C_M, C and the truth.

A row per molecule asked for. C_M is the share of valid molecules that the classifier
flags (hard labels, as the paper's numbers show; its treatment of invalid ones is
unstated), C its correction, ``truth`` the share that has the property by definition.
Each is given for all molecules, for *novel* ones (not shown in the prompt) and for
*unseen* ones (nor among the molecules that the decoder and the classifier learnt from).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from rdkit import DataStructs
from rdkit.Chem import rdFingerprintGenerator

from helpers.graph_generation.classifier import Confusion, Judge
from helpers.graph_generation.molecule_answers import MoleculeAnswer
from helpers.graph_generation.molecules import canonical, molecule, nci_molecules
from helpers.graph_generation.properties import (
    descriptors,
    has_property,
    sa_available,
)
from helpers.graph_generation.rectification import (
    rectified,
    rectified_draws,
    share_draws,
)
from helpers.intervals import percentiles

SCOPES = ("all", "novel", "unseen")
CELL = ["prompt", "property", "method"]
COLUMNS = (
    *("prompt", "property", "method", "run", "slot", "smiles", "valid", "canonical"),
    *("active", "truth", "novel", "known", "qed", "sa", "nearest"),
)


@cache
def _training() -> tuple[frozenset[str], list]:
    """Molecules the models learnt from, and their fingerprints."""
    frame = nci_molecules()
    smiles = frame.loc[frame["part"] == "train", "smiles"].tolist()
    return frozenset(smiles), [_fingerprint(s) for s in smiles]


def _fingerprint(smiles: str) -> DataStructs.ExplicitBitVect:
    return _generator().GetFingerprint(molecule(smiles))


@cache
def _generator() -> Any:
    return rdFingerprintGenerator.GetMorganGenerator(2, fpSize=1024)


def nearest(smiles: Sequence[str]) -> np.ndarray:
    """Tanimoto similarity to the nearest training molecule, shape (n,), in [0, 1].

    Far from all of them (below about 0.3) a classifier guesses.
    """
    prints = _training()[1]
    return np.array(
        [
            max(DataStructs.BulkTanimotoSimilarity(_fingerprint(s), prints))
            for s in smiles
        ],
        dtype=float,
    )


def molecule_frame(answers: Sequence[MoleculeAnswer], judge: Judge) -> pd.DataFrame:
    """One row per molecule asked for; columns as in `COLUMNS`.

    Parameters
    ----------
    answers : sequence of MoleculeAnswer
        All about the judge's property.
    judge : Judge
        Trained classifier at its operating point.

    Returns
    -------
    DataFrame
        ``active`` is the classifier's verdict, ``truth`` the definition's; both False
        for invalid text, whose descriptors are nan. ``sa`` is nan without RDKit's
        Contrib folder.

    Raises
    ------
    ValueError
        If an answer is about another property.
    """
    rows = []
    for answer in answers:
        if answer.property != judge.name:
            raise ValueError(
                f"an answer about {answer.property!r} for a judge of {judge.name!r}"
            )
        given = {canonical(s) for s in answer.given}
        for slot, text in enumerate(answer.molecules):
            found = canonical(text) if text else None
            rows.append(
                {
                    "prompt": answer.prompt,
                    "property": answer.property,
                    "method": answer.method,
                    "run": answer.run,
                    "slot": slot,
                    "smiles": text,
                    "valid": found is not None,
                    "canonical": found,
                    "novel": found is not None and found not in given,
                    "known": found in _training()[0],
                }
            )
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    valid = frame["valid"].to_numpy(dtype=bool)
    smiles = frame.loc[valid, "canonical"].tolist()
    verdicts = {
        "active": judge.flagged(smiles),
        "truth": has_property(judge.name, smiles),
    }
    for name, values in verdicts.items():
        column = np.zeros(len(frame), dtype=bool)
        column[valid] = values
        frame[name] = column
    numbers = {"qed": descriptors("qed", smiles), "nearest": nearest(smiles)}
    if sa_available():
        numbers["sa"] = descriptors("sa", smiles)
    for name in ("qed", "sa", "nearest"):
        column = np.full(len(frame), np.nan)
        if name in numbers:
            column[valid] = numbers[name]
        frame[name] = column
    return frame


def summary(
    frame: pd.DataFrame,
    matrix: Confusion,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Shares in % per prompt, method and scope.

    Parameters
    ----------
    frame : DataFrame
        Of `molecule_frame`, one property.
    matrix : Confusion
        Where TPR and FPR come from: on held-out scaffolds if C is to be right for new
        chemistry.

    Returns
    -------
    DataFrame
        Columns prompt, property, method, scope (of `SCOPES`), answers, molecules
        c_m, c, truth with ``_low`` and ``_high`` (`share_draws`; those of C count the
        uncertainty of TPR and FPR), and, of all asked for, valid; of valid ones
        unique (distinct within an answer), novel and known; means qed, sa, nearest.
    """
    rows = []
    for key, cell in frame.groupby(CELL, sort=False):
        valid = cell[cell["valid"]]
        side = {
            "answers": cell["run"].nunique(),
            "valid": 100 * cell["valid"].mean(),
            "unique": 100 * _unique(valid),
            "novel": 100 * valid["novel"].mean(),
            "known": 100 * valid["known"].mean(),
            **{name: valid[name].mean() for name in ("qed", "sa", "nearest")},
        }
        for scope in SCOPES:
            chosen = valid
            if scope != "all":
                chosen = chosen[chosen["novel"]]
            if scope == "unseen":
                chosen = chosen[~chosen["known"]]
            rows.append(
                {
                    **dict(zip(CELL, key, strict=True)),
                    "scope": scope,
                    "molecules": len(chosen),
                    **_shares(chosen, matrix, level, seed),
                    **side,
                }
            )
    return pd.DataFrame(rows)


def _unique(valid: pd.DataFrame) -> float:
    if not len(valid):
        return float("nan")
    return float(valid.groupby("run")["canonical"].nunique().sum() / len(valid))


def _shares(
    chosen: pd.DataFrame, matrix: Confusion, level: float, seed: int
) -> dict[str, float]:
    """C_M, C and truth in % with their intervals."""
    names = [
        f"{n}{end}" for n in ("c_m", "c", "truth") for end in ("", "_low", "_high")
    ]
    if not len(chosen):
        return dict.fromkeys(names, float("nan"))
    per_answer = chosen.groupby("run")[["active", "truth"]].agg(["sum", "count"])
    flagged, real = (
        (per_answer[column, "sum"].to_numpy(), per_answer[column, "count"].to_numpy())
        for column in ("active", "truth")
    )
    rng = np.random.default_rng(seed)
    c_m = float(chosen["active"].mean())
    points = {
        "c_m": (c_m, share_draws(*flagged, rng)),
        "c": (
            rectified(c_m, matrix.tpr, matrix.fpr),
            rectified_draws(*flagged, matrix, rng),
        ),
        "truth": (float(chosen["truth"].mean()), share_draws(*real, rng)),
    }
    found = {}
    for name, (point, draws) in points.items():
        low, high = percentiles(draws, level)
        found[name] = 100 * point
        found[f"{name}_low"], found[f"{name}_high"] = 100 * low, 100 * high
    return found
