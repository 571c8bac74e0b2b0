"""Real molecules, their properties and the split by scaffold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import Descriptors
from rdkit.Chem.Scaffolds import MurckoScaffold

from helpers.graph_generation import molecules, properties
from helpers.graph_generation.molecules import canonical, nci_molecules
from helpers.graph_generation.properties import (
    PROPERTIES,
    descriptor,
    has_property,
    sa_available,
)
from helpers.graph_generation.scaffolds import scaffold_split


@pytest.fixture(scope="module")
def frame():
    return nci_molecules()


def test_molecules_are_short_organic_and_distinct(frame):
    assert 3_000 < len(frame) < 4_000
    assert frame["smiles"].is_unique
    assert frame["smiles"].str.len().max() <= molecules.LONGEST
    assert frame["atoms"].min() >= molecules.SMALLEST
    for smiles in frame["smiles"].sample(200, random_state=0):
        assert canonical(smiles) == smiles
        found = Chem.MolFromSmiles(smiles)
        assert {a.GetSymbol() for a in found.GetAtoms()} <= set(
            ["C", "N", "O", "F", "P", "S", "Cl", "Br", "I"]
        )
        assert "." not in smiles


def test_no_scaffold_is_on_both_sides(frame):
    sides = frame.groupby("scaffold")["part"].nunique()
    assert (sides == 1).all()
    held_out = (frame["part"] == "held out").mean()
    assert molecules.HELD_OUT <= held_out < molecules.HELD_OUT + 0.02
    for smiles, expected in frame[["smiles", "scaffold"]].sample(50).to_numpy():
        found = MurckoScaffold.GetScaffoldForMol(Chem.MolFromSmiles(smiles))
        assert Chem.MolToSmiles(found) == expected


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1), st.floats(0.05, 0.95))
def test_split_keeps_groups_whole_and_holds_out_enough(names, held_out):
    trained = scaffold_split(names, held_out)
    assert (~trained).mean() >= held_out - 1e-9
    for name in set(names):
        assert len({t for n, t in zip(names, trained, strict=True) if n == name}) == 1


@pytest.mark.parametrize("held_out", [0, 1, -0.2, float("nan")])
def test_split_refuses_other_shares(held_out):
    with pytest.raises(ValueError, match="held_out"):
        scaffold_split(["a", "b"], held_out)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OCC", "CCO"),
        (" C1=CC=CC=C1 ", "c1ccccc1"),
        ("c1ccccc", None),  # an open ring
        ("C(C)(C)(C)(C)C", None),  # five bonds
        ("", None),
        ("SMILES", None),
        ("[", None),
    ],
)
def test_canonical(text, expected):
    assert canonical(text) == expected


def test_missing_file_says_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="pip install rdkit"):
        nci_molecules(tmp_path / "none.smi")
    other = tmp_path / "NCI" / "first_5K.smi"
    other.parent.mkdir()
    other.write_text("CCO\tI1\n")
    monkeypatch.setattr(molecules.RDConfig, "RDDataDir", str(tmp_path))
    with pytest.raises(ValueError, match="not the file"):
        molecules.nci_file()


def test_another_file_of_smiles_is_read(tmp_path):
    path = tmp_path / "own.smi"
    path.write_text("c1ccccc1CC name\nCCCCCCO\n\nOCCCCCC\n[Na+].[Cl-]\nnonsense\n")
    found = nci_molecules(path)
    assert found["smiles"].tolist() == ["CCc1ccccc1", "CCCCCCO"]


def test_descriptors_are_those_of_rdkit():
    pairs = {
        "qed": Descriptors.qed,
        "logp": Descriptors.MolLogP,
        "tpsa": Descriptors.TPSA,
    }
    for smiles in nci_molecules()["smiles"].iloc[:200:20]:
        found = Chem.MolFromSmiles(smiles)
        for name, expected in pairs.items():
            assert descriptor(name, smiles) == pytest.approx(expected(found))


@pytest.mark.skipif(not sa_available(), reason="RDKit came without Contrib")
def test_synthetic_accessibility_orders_simple_and_complex():
    strychnine = "O=C1CC2OCC=C3CN4CCC56C4CC3C2C6N1c1ccccc15"
    assert 1 <= descriptor("sa", "c1ccccc1C") < 2 < 4 < descriptor("sa", strychnine)


def test_missing_contrib_is_an_error_that_helps(tmp_path, monkeypatch):
    monkeypatch.setattr(properties.RDConfig, "RDContribDir", str(tmp_path))
    properties._sa_scorer.cache_clear()
    assert not sa_available()
    with pytest.raises(ModuleNotFoundError, match="Contrib"):
        descriptor("sa", "CCCCCCCCCCCCN")
    properties._sa_scorer.cache_clear()


@pytest.mark.parametrize("name", PROPERTIES)
def test_properties_divide_the_molecules(frame, name):
    if name == "simple" and not sa_available():
        pytest.skip("RDKit came without Contrib")
    share = has_property(name, frame["smiles"].tolist()).mean()
    assert 0.2 < share < 0.5  # neither rare nor the rule


def test_threshold_itself_has_the_property():
    for wanted in PROPERTIES.values():
        at = np.array([wanted.threshold, np.nextafter(wanted.threshold, 100)])
        assert wanted.holds(at).tolist() == [True, wanted.above]
        assert wanted.text() != wanted.text(active=False)


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'polar'"):
        has_property("poler", ["CCO"])
    with pytest.raises(ValueError, match="did you mean 'tpsa'"):
        descriptor("tspa", "CCO")
    with pytest.raises(ValueError, match="no molecule"):
        descriptor("tpsa", "C1CC")
