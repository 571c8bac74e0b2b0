"""The shipped graph decoders, and that their recipes are what made them."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.graph_generation.decoder import GraphDecoder
from helpers.graph_generation.graph_tokenizer import graph_tokenizer
from helpers.graph_generation.training import (
    CHECKPOINTS,
    PLANS,
    first_steps,
    plan,
    train_checkpoint,
)
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.training import Recipe, token_loss

TINY = TinyConfig(484, layers=1, width=8, heads=2, context=64)


@pytest.mark.parametrize("name", PLANS)
def test_shipped_decoder_is_the_described_one(name) -> None:
    model, tokenizer, card = checkpoint.load(CHECKPOINTS / name)
    chosen = plan(name)
    assert model.num_parameters() == chosen.config.parameters
    assert tokenizer.get_vocab() == graph_tokenizer().get_vocab()
    assert Recipe(**card.recipe) == chosen.recipe
    log = checkpoint.log(CHECKPOINTS / name)
    assert log["step"].iloc[-1] == chosen.recipe.steps
    assert log["loss"].iloc[-1] < 0.75 * log["loss"][log["step"] == 250].item()
    size = sum(path.stat().st_size for path in (CHECKPOINTS / name).iterdir())
    assert size < 6e6


@pytest.mark.parametrize("name", PLANS)
def test_recipe_repeats_the_first_steps(name, tmp_path) -> None:
    again = first_steps(name, 3, tmp_path)  # in float32, trained in bfloat16
    log = checkpoint.log(CHECKPOINTS / name).head(3)
    np.testing.assert_allclose(again["loss"], log["loss"], atol=2e-3)
    assert again["tokens"].tolist() == log["tokens"].tolist()
    # the steps differ by more than the tolerance, so other documents would show
    assert np.abs(np.diff(log["loss"])).max() > 4e-3


def test_training_ends_in_a_checkpoint_that_answers(tmp_path, monkeypatch) -> None:
    from dataclasses import replace

    small = replace(plan("rules"), config=TINY, recipe=Recipe(steps=2, save_every=1))
    monkeypatch.setitem(PLANS, "rules", small)
    settings = {"work": tmp_path / "work", "progress": False, "loss": token_loss}
    card = train_checkpoint("rules", tmp_path / "made", **settings)
    assert card.corpus["mix"]["full"] == 0.7
    assert not (tmp_path / "work" / "training_state.pt").exists()
    assert GraphDecoder(tmp_path / "made").name.startswith("made@")


def test_kinds_and_p_count_more_and_prompts_of_rules_nothing() -> None:
    tokens = graph_tokenizer().convert_tokens_to_ids
    reply = tokens(["p =", " 0.4", "\nAnswer 1:", " (5, [", "])"])
    assert plan("rules").weights([7, 7], reply[3:]) == [0, 0, 0, 1, 1, 1]
    found = plan("distributions").weights([7], reply)
    assert found == [0, 1, 6, 6, 1, 1, 1, 1]


def test_unknown_decoder_is_refused() -> None:
    with pytest.raises(ValueError, match="did you mean 'rules'"):
        plan("rule")
