"""The shipped decoder of the standard library, and that its recipe is what made it."""

import numpy as np
import pytest

from helpers.paths import DATA
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.python_corpus import python_corpus
from helpers.tiny_lm.python_model import (
    BATCH_TOKENS,
    CONFIG,
    RECIPE,
    file_loss,
    first_steps,
    python_tokenizer,
    train_python,
)
from helpers.tiny_lm.training import Recipe

FOLDER = DATA / "adaptive_temperature" / "python"


@pytest.fixture(scope="module")
def shipped():
    return checkpoint.load(FOLDER)


@pytest.fixture(scope="module")
def corpus():
    return python_corpus()


@pytest.fixture(scope="module")
def same_corpus(corpus, shipped):
    if corpus.digest != shipped.card.corpus["digest"]:
        pytest.skip(
            f"the decoder read Python {shipped.card.versions['python']}'s library; "
            "that of another version gives other first steps"
        )
    return corpus


def test_shipped_decoder_is_the_described_one(shipped):
    model, tokenizer, card = shipped
    assert model.num_parameters() == CONFIG.parameters
    assert len(tokenizer) == CONFIG.vocabulary
    assert Recipe(**card.recipe) == RECIPE
    assert card.tokens == RECIPE.steps * BATCH_TOKENS
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 8e6


def test_recipe_repeats_the_first_steps(shipped, same_corpus, tmp_path):
    again = first_steps(same_corpus, shipped.tokenizer, 5, tmp_path)
    log = checkpoint.log(FOLDER).head(5)
    assert again["step"].tolist() == log["step"].tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(again["loss"], log["loss"], atol=2e-3)
    # the steps differ by more than the tolerance, so another order would show
    assert np.abs(np.diff(log["loss"])).max() > 4e-3


def test_tokenizer_is_what_the_corpus_gives(shipped, same_corpus):
    assert python_tokenizer(same_corpus).get_vocab() == shipped.tokenizer.get_vocab()


def test_decoder_knows_python_it_has_not_seen(shipped, corpus):
    model, tokenizer, card = shipped
    some = [file for file in corpus.held_out if len(file.text) < 12_000][:6]
    found = file_loss(model, tokenizer, some)
    assert abs(found - card.corpus["held_out_loss"]) < 0.6
    assert found < 4.2  # knowing nothing but the frequencies of tokens: above 6


def test_training_saves_what_it_describes(tmp_path, monkeypatch, corpus):
    small = type(corpus)(corpus.files[:35])
    monkeypatch.setattr("helpers.tiny_lm.python_model.RECIPE", Recipe(steps=2))
    monkeypatch.setattr("helpers.tiny_lm.python_model.BATCH_TOKENS", 256)
    card = train_python(
        tmp_path / "c", corpus=small, work=tmp_path / "w", progress=False
    )
    assert card == checkpoint.load(tmp_path / "c").card
    assert card.corpus["digest"] == small.digest
    assert card.corpus["files"] + card.corpus["held_out_files"] == 35
    assert 6 < card.corpus["held_out_loss"] < 9
    assert not list((tmp_path / "w").iterdir())
