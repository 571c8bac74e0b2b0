"""Documents and tokens of the decoder that writes molecules, and the shipped one."""

import numpy as np
import pytest

from helpers.graph_generation.molecules import canonical, nci_molecules
from helpers.graph_generation.properties import PROPERTIES, has_property
from helpers.graph_generation.reply_parser import parse_molecules
from helpers.graph_generation.scaffolds import scaffold
from helpers.graph_generation.smiles_documents import (
    CHAIN,
    HIDDEN,
    Documents,
    Subject,
    reply,
    variants,
)
from helpers.graph_generation.smiles_tokenizer import pieces, smiles_tokenizer


@pytest.fixture(scope="module")
def documents():
    source, rng = Documents(seed=3), np.random.default_rng(3)
    return [source.document(rng) for _ in range(150)]


def _listed(prompt):
    return [
        line.split(": ")[1]
        for line in prompt.splitlines()
        if line.startswith("Molecule")
    ]


def _answers(text):
    return [m for m in parse_molecules(text, 10) if m is not None]


def test_molecules_of_a_document_are_distinct_and_of_training_scaffolds(documents):
    frame = nci_molecules()
    train = set(frame.loc[frame["part"] == "train", "smiles"])
    for prompt, text in documents:
        found = [canonical(s) for s in _listed(prompt) + _answers(text)]
        assert len(set(found)) == len(found)
        assert set(found) <= train


def test_examples_and_answers_share_the_property_that_is_named(documents):
    named = 0
    sides = {
        wanted.text(active=active): (name, active)
        for name, wanted in PROPERTIES.items()
        for active in (True, False)
    }
    for prompt, text in documents:
        claim = prompt.splitlines()[0].removeprefix("Each of these molecules has ")
        if claim.rstrip(":") not in sides:
            assert HIDDEN in prompt
            continue
        name, active = sides[claim.rstrip(":")]
        listed = has_property(name, _listed(prompt) + _answers(text))
        assert (listed == active).all()
        named += 1
    assert 50 < named < 100  # half of the documents


def test_chain_of_thought_names_the_scaffold(documents):
    thoughtful = [text for prompt, text in documents if "step by step" in prompt]
    assert 10 < len(thoughtful) < 60
    for text in thoughtful:
        steps = [x for x in text.splitlines() if x.startswith("Steps")]
        answers = _answers(text)
        assert len(steps) == len(answers)
        for line, smiles in zip(steps, answers, strict=True):
            named = line.split(": ")[1]
            assert scaffold(canonical(smiles)) == ("" if named == CHAIN else named)
    assert not any("Steps" in text for p, text in documents if "step by" not in p)


def test_spellings_are_the_same_molecule():
    smiles = "CC(=O)Oc1ccccc1C(=O)O"
    found = variants(smiles, 10, seed=0)
    assert len(set(found)) > 5
    assert {canonical(s) for s in found} == {smiles}
    assert found == variants(smiles, 10, seed=0) != variants(smiles, 10, seed=1)


def test_tokens_give_every_text_back(documents):
    texts = [text for pair in documents for text in pair]
    tokenizer = smiles_tokenizer(texts)
    for text in texts[:60]:
        ids = tokenizer(text)["input_ids"]
        assert tokenizer.convert_ids_to_tokens(ids[1:]) == pieces(text)
        assert tokenizer.decode(ids, skip_special_tokens=True) == text
        assert tokenizer.unk_token_id not in ids
    odd = tokenizer("Answer 1: [Pt]")["input_ids"]
    assert tokenizer.unk_token_id in odd  # not silently something else


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ClC1cc%12Br[nH]", ["Cl", "C", "1", "c", "c", "%12", "Br", "[nH]"]),
        ("Clc1", ["C", "l", "c", "1"]),
        ("Steps 10: chain", ["Steps 10: ", *"chain"]),
        ("C12", ["C", "1", "2"]),
        (" 10 new", [" 10", " new"]),
        ("Each of\n", ["Each", " of", "\n"]),
    ],
)
def test_pieces(text, expected):
    assert pieces(text) == expected


def test_reply_without_thought_has_answers_only():
    assert reply(["C", "CC"]) == "Answer 1: C\nAnswer 2: CC"


def test_subjects_say_what_they_are_about():
    assert "logP of at least 3" in Subject("lipophilic").prompt(["CCO"])
    assert "logP below 3" in Subject("lipophilic", active=False).prompt(["CCO"])
    hidden = Subject("lipophilic", named=False).prompt(["CCO"])
    assert "logP" not in hidden and HIDDEN in hidden
    with pytest.raises(ValueError, match="did you mean 'lipophilic'"):
        _ = Subject("lipophilik").text
    with pytest.raises(ValueError, match="no text"):
        smiles_tokenizer([])
