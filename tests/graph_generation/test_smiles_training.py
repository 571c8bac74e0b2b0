"""The shipped decoder of molecules, and that its recipe is what made it."""

import numpy as np
import pytest

from helpers.graph_generation.molecule_answers import given_molecules, molecule_requests
from helpers.graph_generation.molecules import canonical, digest
from helpers.graph_generation.reply_parser import parse_molecules
from helpers.graph_generation.smiles_documents import Documents, Subject
from helpers.graph_generation.smiles_training import (
    FOLDER,
    PLAN,
    molecule_model,
    train_checkpoint,
)
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.training import Recipe


@pytest.fixture(scope="module")
def shipped():
    return checkpoint.load(FOLDER)


def test_shipped_decoder_is_the_described_one(shipped):
    model, tokenizer, card = shipped
    assert Recipe(**card.recipe) == PLAN.recipe
    assert model.config.num_hidden_layers == PLAN.layers
    assert model.config.hidden_size == PLAN.width
    assert len(tokenizer) == model.config.vocab_size
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 5e6


def test_tokenizer_knows_all_prompts(shipped):
    for active in (True, False):
        for named in (True, False):
            subject = Subject("drug-like", active, named)
            shown = given_molecules(subject, 1)[0]
            for method in ("few-shot", "few-shot-cot"):
                prompt = f"{subject.prompt(shown, method)}\n"
                ids = shipped.tokenizer(prompt)["input_ids"]
                assert shipped.tokenizer.unk_token_id not in ids


def test_recipe_repeats_the_first_steps(shipped, tmp_path):
    if shipped.card.corpus["molecules"] != digest(Documents().smiles):
        pytest.skip("another RDKit writes these molecules differently")
    again = train_checkpoint(tmp_path / "x", steps=3, progress=False)
    log = checkpoint.log(FOLDER).head(3)
    np.testing.assert_allclose(again["loss"], log["loss"], atol=2e-3)
    assert np.abs(np.diff(log["loss"])).min() > 4e-3


def test_it_writes_molecules(shipped):
    model = molecule_model()
    subject = Subject("lipophilic")
    requests = molecule_requests(
        subject, given_molecules(subject, 16), amount=3, temperature=1.0, max_tokens=100
    )
    texts = [completion.text for completion in model.complete(requests)]
    read = [m for text in texts for m in parse_molecules(text, 3)]
    valid = [m for m in read if m and canonical(m)]
    assert sum(m is not None for m in read) > 0.85 * len(read)
    assert len(valid) > 0.6 * len(read)
    assert len({canonical(m) for m in valid}) > 0.8 * len(valid)
    again = [completion.text for completion in model.complete(requests[:2])]
    assert again == texts[:2]  # of nothing but the request
