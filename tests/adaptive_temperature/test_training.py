"""The shipped checkpoints and the recipes that made them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from helpers.adaptive_temperature.problem_family import (
    generate,
    random_chain,
    solution,
    word_prompt,
)
from helpers.adaptive_temperature.training import (
    CHECKPOINTS,
    PLANS,
    SEED,
    Curriculum,
    Plan,
    examples,
    train_checkpoint,
    untrained,
)
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.batches import IGNORED, Batch
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.tokenizers import encode, unknown_pieces
from helpers.tiny_lm.training import Recipe, token_loss, train


@pytest.mark.parametrize("name", list(PLANS))
def test_shipped_checkpoints_are_whole_and_small(name: str) -> None:
    folder = CHECKPOINTS / name
    model, tokenizer, card = checkpoint.load(folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 5e6
    assert Recipe(**card.recipe) == PLANS[name].recipe
    assert card.corpus["name"] == name
    assert card.seconds < 40 * 60
    assert model.config.vocab_size == len(tokenizer) <= 360
    log = checkpoint.log(folder)
    assert log["loss"].iloc[-1] < 0.2 * log["loss"].iloc[0] or PLANS[name].base


@pytest.mark.parametrize("name", ["problems", "start"])
def test_the_recipe_reproduces_the_first_steps_of_the_log(
    name: str, tmp_path: Path
) -> None:
    """Only the examples that these steps need are made."""
    folder = CHECKPOINTS / name
    shipped = checkpoint.load(folder)
    batches = Curriculum(name, shipped.tokenizer)
    if PLANS[name].base:
        model, _ = untrained(name)
    else:
        model = TinyConfig(len(shipped.tokenizer)).model(SEED)
    steps = 4
    found = train(
        model, batches, PLANS[name].recipe, folder=tmp_path, steps=steps, progress=False
    )
    expected = checkpoint.log(folder).head(steps)
    # rounding differs between processors, and the updates carry it on
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=2e-3)
    np.testing.assert_array_equal(found["tokens"], expected["tokens"])


def test_the_tokenizer_knows_every_text_of_the_family() -> None:
    tokenizer = checkpoint.load(CHECKPOINTS / "problems").tokenizer
    rng = Random(0)
    for _ in range(300):
        chain = random_chain(rng, rng.choice([1, 2, 3, 4]))
        for text in (word_prompt(chain, rng), solution(chain, rng)):
            assert unknown_pieces(tokenizer, text) == []
            ids = tokenizer(text)["input_ids"]
            assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_the_model_learnt_the_family() -> None:
    """Loss of held-out solutions, far from what an untrained model has."""
    model, tokenizer, _ = checkpoint.load(CHECKPOINTS / "problems")
    rng, losses = Random(0), []
    for problem in generate("dev", 40, 0):
        ids, given = encode(tokenizer, problem.prompt, solution(problem.chain, rng))
        row = torch.tensor([ids])
        labels = row.clone()
        labels[:, :given] = IGNORED
        with torch.inference_mode():
            losses.append(token_loss(model, Batch(row, labels)).item())
    assert np.mean(losses) < 0.4


@pytest.mark.parametrize(("name", "steps"), [("problems", 1), ("start", 3)])
def test_no_held_out_prompt_is_learnt(name: str, steps: int) -> None:
    learnt = {prompt for prompt, _ in examples(name, steps)}
    rng = Random(1)
    for split in ("dev", "test"):
        for problem in generate(split, 60, 0, steps=(steps,)):
            wordings = {word_prompt(problem.chain, rng) for _ in range(20)}
            assert not wordings & learnt


def test_training_saves_a_checkpoint_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(6, save_every=2, warmup=1, seed=SEED)
    small = Plan({1: 40, 2: 40}, ((0.5, (1.0, 0.0)), (1.0, (0.5, 0.5))), recipe, 512)
    monkeypatch.setitem(PLANS, "problems", small)
    monkeypatch.setitem(PLANS, "start", replace(small, base="problems"))
    examples.cache_clear()
    log = train_checkpoint("problems", tmp_path / "a", progress=False)

    model, tokenizer = untrained("problems")
    batches, work = Curriculum("problems", tokenizer), tmp_path / "b-training"
    train(model, batches, recipe, folder=work, steps=3, progress=False)
    resumed = train_checkpoint("problems", tmp_path / "b", progress=False)
    assert resumed["loss"].tolist() == log["loss"].tolist()
    assert not (work / "training_state.pt").exists()
    one, other = (checkpoint.load(tmp_path / folder).card for folder in "ab")
    assert (one.sha256, one.corpus) == (other.sha256, other.corpus)

    train_checkpoint("start", tmp_path / "c", progress=False)  # from the shipped one
    model, tokenizer, card = checkpoint.load(tmp_path / "c")
    assert card.corpus["name"] == "start"
    base = checkpoint.load(CHECKPOINTS / "problems")
    assert tokenizer.get_vocab() == base.tokenizer.get_vocab()
    moved = model.lm_head.weight - base.model.lm_head.weight
    assert 0 < moved.abs().max() < 0.05
    examples.cache_clear()


def test_stages_bring_longer_problems_later() -> None:
    tokenizer = checkpoint.load(CHECKPOINTS / "problems").tokenizer
    curriculum = Curriculum("problems", tokenizer)
    start = 0
    for end, weights in PLANS["problems"].stages:
        stop = round(end * PLANS["problems"].recipe.steps)
        shares = np.bincount(curriculum.pool[start:stop], minlength=3) / (stop - start)
        np.testing.assert_allclose(shares, np.array(weights) / sum(weights), atol=0.06)
        start = stop
    for i in range(3):
        places = curriculum.place[curriculum.pool == i]
        assert places.tolist() == list(range(len(places)))


def test_unknown_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="did you mean 'problems'"):
        train_checkpoint("problem", tmp_path / "x")
