"""Answers of molecules, their table and its summary."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.graph_generation.classifier import judge
from helpers.graph_generation.molecule_answers import (
    REFERENCES,
    MoleculeAnswer,
    given_molecules,
    molecule_requests,
    mutated,
    pool,
    prompt_name,
    reference_answers,
)
from helpers.graph_generation.molecule_frame import (
    COLUMNS,
    SCOPES,
    molecule_frame,
    nearest,
    summary,
)
from helpers.graph_generation.molecules import canonical, nci_molecules
from helpers.graph_generation.properties import has_property
from helpers.graph_generation.rectification import rectified
from helpers.graph_generation.smiles_documents import Subject

GIVEN = ("OCC(O)C(O)C(=O)O", "NC(=O)CC(N)C(=O)O")


@pytest.fixture(scope="module")
def polar():
    return judge("polar")


@pytest.fixture(scope="module")
def frame(polar):
    known = pool("polar", True, "train")[0]
    replies = [
        ("O=C(O)C(O)C(O)CO", "CCCCCCCC", "CCCCCCCC", None),  # copy, twice, unread
        (known, "C1CC", "CCCCCCO", "NC(=O)C(O)C(O)C(N)=O"),
    ]
    return molecule_frame(
        [
            MoleculeAnswer("with", "polar", "few-shot", i, GIVEN, r)
            for i, r in enumerate(replies)
        ],
        polar,
    )


def test_rows_say_what_each_molecule_is(frame, polar):
    assert tuple(frame.columns) == COLUMNS
    assert frame["valid"].tolist() == [1, 1, 1, 0, 1, 0, 1, 1]
    assert frame["novel"].tolist() == [0, 1, 1, 0, 1, 0, 1, 1]
    assert frame["known"].tolist()[4] and not frame["known"].tolist()[3]
    assert frame["truth"].tolist() == [1, 0, 0, 0, 1, 0, 0, 1]
    valid = frame[frame["valid"]]
    assert (polar.flagged(valid["canonical"].tolist()) == valid["active"]).all()
    assert valid[["qed", "nearest"]].notna().all(axis=None)
    assert not frame.loc[~frame["valid"], ["active", "truth"]].any(axis=None)
    assert frame.loc[4, "nearest"] == 1.0


def test_summary_of_known_rows(frame, polar):
    found = summary(frame, polar.held_out).set_index("scope")
    assert found.index.tolist() == list(SCOPES)
    assert found["molecules"].tolist() == [6, 5, 4]
    row = found.loc["all"]
    assert row["valid"] == pytest.approx(75)
    assert row["unique"] == pytest.approx(100 * 5 / 6)
    assert row["novel"] == pytest.approx(100 * 5 / 6)
    assert row["truth"] == pytest.approx(100 * 3 / 6)
    assert found.loc["unseen", "truth"] == pytest.approx(100 * 1 / 4)
    for _, row in found.iterrows():
        c = rectified(row["c_m"] / 100, polar.held_out.tpr, polar.held_out.fpr)
        assert row["c"] == pytest.approx(100 * c)
        for name in ("c_m", "c", "truth"):
            assert row[f"{name}_low"] < row[f"{name}_high"]


def test_summary_survives_replies_without_molecules(polar):
    rows = [MoleculeAnswer("with", "polar", "few-shot", 0, GIVEN, (None, "nonsense"))]
    found = summary(molecule_frame(rows, polar), polar.held_out)
    assert found["valid"].tolist() == [0, 0, 0]
    assert found[["c_m", "c", "truth", "unique"]].isna().all(axis=None)


def test_answers_and_judge_must_agree(polar):
    other = MoleculeAnswer("with", "lipophilic", "", 0, (), ("CCO",))
    with pytest.raises(ValueError, match="lipophilic"):
        molecule_frame([other], polar)


def test_references_are_what_they_are_called(polar):
    answers = [a for k in REFERENCES for a in reference_answers(k, "polar", 6, seed=2)]
    found = summary(molecule_frame(answers, polar), polar.held_out)
    shares = found[found["scope"] == "all"].set_index("prompt")
    assert shares["truth"].loc[["real with", "real without"]].tolist() == [100, 0]
    assert 50 < shares.loc["mutated", "truth"] < 100
    assert (shares["valid"] == 100).all()
    assert shares.loc["real with", "c"] > 75 > 25 > shares.loc["real without", "c"]
    held_out = set(nci_molecules().query("part == 'held out'")["smiles"])
    for answer in answers[:12]:
        assert set(answer.molecules) | set(answer.given) <= held_out
        assert not set(answer.molecules) & set(answer.given)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3_000), st.integers(0, 2**32))
def test_mutations_are_valid_and_new(row, seed):
    smiles = nci_molecules()["smiles"].iloc[row]
    changed = mutated(smiles, np.random.default_rng(seed))
    assert canonical(changed) == changed != smiles


def test_given_molecules_have_the_side_they_should():
    for active in (True, False):
        subject = Subject("lipophilic", active=active)
        runs = given_molecules(subject, 5, count=4, seed=1)
        assert runs == given_molecules(subject, 5, count=4, seed=1)
        assert len(set(runs)) == 5
        for shown in runs:
            assert len(set(shown)) == 4
            assert (has_property("lipophilic", shown) == active).all()


def test_requests_name_everything_an_answer_depends_on():
    subject = Subject("polar", named=False)
    assert prompt_name(subject) == "hidden with"
    requests = molecule_requests(subject, [GIVEN, GIVEN], method="few-shot-cot", seed=4)
    assert requests[0].messages == requests[1].messages
    assert requests[0].seed != requests[1].seed
    assert requests[0].sampling.temperature == 0.8 and requests[0].template
    assert "Molecule 2: NC(=O)CC(N)C(=O)O" in requests[0].prompt


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reference_answers("real wit", "polar", 2), "did you mean 'real with'"),
        (lambda: given_molecules(Subject("polar"), 0), "runs"),
        (lambda: given_molecules(Subject("polar"), 1, count=10**6), "allowed"),
        (lambda: given_molecules(Subject("polar"), 1, part="test"), "part"),
        (lambda: mutated("C1CC", np.random.default_rng(0)), "no molecule"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_nearest_is_one_for_training_molecules_only():
    train = pool("polar", False, "train")[:2]
    far = "C1CC2CCC3CCC4CCC1C5C2C3C45"
    assert nearest([*train, far])[:2].tolist() == [1, 1]
    assert nearest([far])[0] < 0.9
