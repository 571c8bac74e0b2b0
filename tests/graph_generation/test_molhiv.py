"""ogbg-molhiv from a folder: a made-up one, and the real one where there is one."""

import gzip

import numpy as np
import pytest

from helpers.graph_generation.molecules import nci_molecules
from helpers.graph_generation.molhiv import PAPER, load_molhiv, train_classifier
from helpers.graph_generation.properties import has_property
from helpers.paths import user_data


@pytest.fixture
def folder(tmp_path):
    """A small set with the same files, its labels a property that can be learnt."""
    smiles = nci_molecules()["smiles"].tolist()[:240]
    active = has_property("polar", smiles)
    rows = "".join(
        f"{int(a)},{s},id{i}\n"
        for i, (a, s) in enumerate(zip(active, smiles, strict=True))
    )
    _write(tmp_path / "mol.csv.gz", f"HIV_active,smiles,mol_id\n{rows}")
    for part, numbers in _parts(240).items():
        _write(tmp_path / "scaffold" / f"{part}.csv.gz", "\n".join(map(str, numbers)))
    return tmp_path


def _parts(n):
    order = np.random.default_rng(0).permutation(n)
    return {"train": order[:160], "valid": order[160:200], "test": order[200:]}


def _write(path, text):
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt") as file:
        file.write(text)


def test_a_folder_is_read_and_learnt(folder):
    data = load_molhiv(folder)
    assert data.table["molecules"].tolist() == [160, 40, 40]
    assert data.table["active"].sum() == data.active.sum()
    found = train_classifier(data, epochs=25, width=16, layers=2, progress=False)
    assert found.epochs["epoch"].tolist() == list(range(1, 26))
    assert found.epochs["valid"].max() > 0.65
    everything = found.matrix("all")
    assert everything.fpr == pytest.approx(PAPER.fpr, abs=0.01)
    parts = [found.matrix(part) for part in ("train", "valid", "test")]
    assert sum(m.tp for m in parts) == everything.tp
    with pytest.raises(ValueError, match="did you mean 'test'"):
        found.matrix("tset")


def test_missing_files_are_named(tmp_path, monkeypatch, folder):
    monkeypatch.delenv("CURRICULUM_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="CURRICULUM_DATA"):
        load_molhiv()
    (folder / "scaffold" / "valid.csv.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"valid\.csv\.gz"):
        load_molhiv(folder)


def test_broken_files_are_refused(folder):
    _write(folder / "scaffold" / "test.csv.gz", "0\n1\n2")
    with pytest.raises(ValueError, match="each row in one part"):
        load_molhiv(folder)
    _write(folder / "mol.csv.gz", "smiles,label\nCCO,1\n")
    with pytest.raises(ValueError, match="HIV_active"):
        load_molhiv(folder)


@pytest.mark.skipif(
    user_data() is None or not (user_data() / "molhiv").is_dir(),
    reason="CURRICULUM_DATA has no molhiv/",
)
def test_the_real_data_set():
    data = load_molhiv()
    assert data.table.to_numpy().tolist() == [
        ["train", 32_901, 1_232],
        ["valid", 4_113, 81],
        ["test", 4_113, 130],
    ]
    assert int(data.active.sum()) == PAPER.positives
    assert int((~data.active).sum()) == PAPER.negatives
    rows = [data.smiles.index(smiles) for smiles in data.first_actives(3)]
    assert rows == [16, 80, 244]  # the three inputs of Fig. 4
