"""ogbg-molhiv, the paper's data, from a folder, and the classifier of its section 3.3.

``mol.csv.gz`` (columns HIV_active, smiles, mol_id) and ``scaffold/{train,valid,test}``
with row numbers: 41,127 molecules, 1,443 of them active. The Open Graph Benchmark has
them in ``hiv/mapping`` and ``hiv/split``, where they are found as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.graph_generation.classifier import (
    Confusion,
    confusion,
    roc_auc,
    threshold_at,
)
from helpers.graph_generation.gin import GIN, fit_gin, gin_scores, molecule_graphs
from helpers.names import unknown_name
from helpers.paths import user_data
from helpers.progress import progress_bar

SPLITS = ("train", "valid", "test")
PAPER = Confusion(tp=810, fp=4_145, tn=35_539, fn=633)  # Table 10
SHORT = 25  # characters of the molecules that Fig. 4 shows


@dataclass(frozen=True)
class MolHiv:
    """The data set in its own order.

    Attributes
    ----------
    smiles : tuple of str
    active : bool array (n,)
        Measured to inhibit HIV replication.
    rows : dict of int array
        Row numbers of the scaffold split's parts.
    """

    smiles: tuple[str, ...]
    active: np.ndarray
    rows: dict[str, np.ndarray]

    @cached_property
    def table(self) -> pd.DataFrame:
        """Columns part, molecules, active."""
        return pd.DataFrame(
            (part, len(rows), int(self.active[rows].sum()))
            for part, rows in self.rows.items()
        ).set_axis(["part", "molecules", "active"], axis=1)

    def first_actives(self, count: int = 10, longest: int = SHORT) -> tuple[str, ...]:
        """The first short actives in the data's order.

        The three inputs of Fig. 4 are the first three of at most 25 characters
        (inferred).
        """
        found = [
            s
            for s, active in zip(self.smiles, self.active, strict=True)
            if active and len(s) <= longest
        ]
        return tuple(found[:count])


def find_molhiv(folder: str | Path | None = None) -> Path | None:
    """The folder of the data set: the given one, or ``molhiv`` in ``$CURRICULUM_DATA``.

    None if there is none; a given one is not looked into here.
    """
    if folder is not None:
        return Path(folder)
    own = user_data()
    return own / "molhiv" if own and (own / "molhiv").is_dir() else None


def load_molhiv(folder: Path | None = None) -> MolHiv:
    """Read the data set.

    Parameters
    ----------
    folder : Path, optional
        ``molhiv`` in ``$CURRICULUM_DATA`` unless given.

    Raises
    ------
    FileNotFoundError
        If there is no folder or a file is missing.
    ValueError
        If a file is not what it should be.
    """
    if folder is None:
        own = user_data()
        folder = own / "molhiv" if own else None
    wanted = "mol.csv.gz and scaffold/train.csv.gz, valid.csv.gz, test.csv.gz"
    if folder is None:
        raise FileNotFoundError(
            "where is ogbg-molhiv? allowed: a folder, or CURRICULUM_DATA set to a "
            f"folder with molhiv/ in it, which holds {wanted}"
        )
    places = folder, folder
    if (folder / "hiv" / "mapping").is_dir():
        places = folder / "hiv" / "mapping", folder / "hiv" / "split"
    paths = [
        places[0] / "mol.csv.gz",
        *(places[1] / "scaffold" / f"{s}.csv.gz" for s in SPLITS),
    ]
    if missing := [str(path) for path in paths if not path.is_file()]:
        raise FileNotFoundError(f"{missing[0]} is missing; allowed: {wanted}")
    frame = pd.read_csv(paths[0])
    for column in ("smiles", "HIV_active"):
        if column not in frame:
            raise ValueError(f"{paths[0]} has no column {column}: {list(frame)}")
    rows = {
        part: pd.read_csv(path, header=None)[0].to_numpy()
        for part, path in zip(SPLITS, paths[1:], strict=True)
    }
    together = np.sort(np.concatenate(list(rows.values())))
    if not np.array_equal(together, np.arange(len(frame))):
        raise ValueError(
            f"the split of {folder} names {len(together)} rows of {len(frame)}; "
            "allowed: each row in one part"
        )
    active = frame["HIV_active"].to_numpy() == 1
    return MolHiv(tuple(frame["smiles"]), active, rows)


@dataclass(frozen=True)
class HivClassifier:
    """A trained network on ogbg-molhiv at an operating point.

    Attributes
    ----------
    model : GIN
        Of the epoch with the best ROC-AUC on the validation part.
    threshold : float
    scores : float array (n,)
        Of all molecules.
    epochs : DataFrame
        Columns epoch, valid, test: ROC-AUC.
    matrices : dict of Confusion
        On "all" molecules, as the paper counts them, and on each part.
    """

    model: GIN
    threshold: float
    scores: np.ndarray
    epochs: pd.DataFrame
    matrices: dict[str, Confusion]

    def matrix(self, part: str) -> Confusion:
        """Confusion matrix on "all", "train", "valid" or "test"."""
        if part not in self.matrices:
            raise unknown_name("part", part, list(self.matrices))
        return self.matrices[part]


def train_classifier(
    data: MolHiv,
    *,
    fpr: float = PAPER.fpr,
    epochs: int = 15,
    width: int = 64,
    layers: int = 3,
    seed: int = 0,
    progress: bool = True,
) -> HivClassifier:
    """Train on the training part and set the false positive rate over all molecules.

    Parameters
    ----------
    data : MolHiv
    fpr : float
        The paper's by default: its matrix counts all molecules, those it trained on
        included.
    epochs, width, layers, seed
        Of `helpers.graph_generation.gin.fit_gin`; OGB's own reference has 100, 300, 5.
    progress : bool
        Show a bar.
    """
    graphs = molecule_graphs(data.smiles, any_valence=True)
    rows: list[tuple[int, float, float]] = []
    kept: dict[str, dict] = {}
    with progress_bar(
        total=epochs, unit="epoch", leave=True, disable=not progress
    ) as bar:

        def after(epoch: int, model: GIN) -> None:
            valid, test = (
                roc_auc(data.active[r], gin_scores(model, graphs, r))
                for r in (data.rows["valid"], data.rows["test"])
            )
            if not rows or valid > max(row[1] for row in rows):
                kept["best"] = {k: v.clone() for k, v in model.state_dict().items()}
            rows.append((epoch + 1, valid, test))
            bar.set_postfix(valid=f"{valid:.3f}", refresh=False)
            bar.update()

        model = fit_gin(
            graphs,
            data.active,
            data.rows["train"],
            width=width,
            layers=layers,
            epochs=epochs,
            seed=seed,
            after_epoch=after,
        )
    model.load_state_dict(kept["best"])
    scores = gin_scores(model, graphs)
    threshold = threshold_at(scores, data.active, fpr)
    flagged = scores >= threshold
    parts = {"all": np.arange(len(scores)), **data.rows}
    return HivClassifier(
        model,
        threshold,
        scores,
        pd.DataFrame(rows, columns=["epoch", "valid", "test"]),
        {name: confusion(data.active[r], flagged[r]) for name, r in parts.items()},
    )
