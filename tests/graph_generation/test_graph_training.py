"""The shipped graph decoders, and that their recipes are what made them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.graph_generation.checks import check
from helpers.graph_generation.decoder import GraphDecoder
from helpers.graph_generation.distributions import draw_episode
from helpers.graph_generation.graph_tokenizer import graph_tokenizer
from helpers.graph_generation.prompts import distribution_prompt, rule_prompt
from helpers.graph_generation.reply_parser import parse_reply
from helpers.graph_generation.tasks import preset
from helpers.graph_generation.training import (
    CHECKPOINTS,
    PLANS,
    first_steps,
    plan,
    train_checkpoint,
)
from helpers.llm.backend import Request, Sampling
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
    context = model.config.max_position_embeddings
    assert context == tokenizer.model_max_length == graph_tokenizer().model_max_length
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


def valid_share(decoder, task, method, amount=10, replies=3):
    prompt = rule_prompt(task, method, amount)
    sampling = Sampling(temperature=0.8, seed=0, max_tokens=1000)
    asked = [Request.ask(prompt, sampling, sample=k) for k in range(replies)]
    graphs = [
        answer.graph if answer else None
        for one in decoder.complete(asked)
        for answer in parse_reply(one.text, amount).answers
    ]
    read = sum(graph is not None for graph in graphs) / len(graphs)
    return read, sum(check(task, graph).valid for graph in graphs) / len(graphs)


def test_shipped_rules_are_followed_far_above_chance() -> None:
    decoder = GraphDecoder(CHECKPOINTS / "rules")
    for rule in ("trees", "cycles", "components", "k-regular", "wheel"):
        read, valid = valid_share(decoder, preset(rule, "tiny"), "zero-shot")
        assert read > 0.9
        assert valid > 0.5  # a uniform random graph: 12 % at most
    assert valid_share(decoder, preset("cycles", "small"), "zero-shot-cot")[1] > 0.5


def test_shipped_distributions_estimate_p() -> None:
    decoder = GraphDecoder(CHECKPOINTS / "distributions")
    rng, asked = np.random.default_rng(0), []
    shares = [0.1, 0.9] * 10
    for k, p in enumerate(shares):
        graphs = draw_episode("trees-or-cycles", p, rng).graphs
        prompt = distribution_prompt("trees-or-cycles", "cot", graphs, 1)
        asked.append(Request.ask(prompt, Sampling(0.5, seed=0), sample=k))
    found = [parse_reply(one.text, 1).p for one in decoder.complete(asked)]
    assert np.polyfit(shares, found, 1)[0] > 0.5


def test_training_ends_in_a_checkpoint_that_answers(tmp_path, monkeypatch) -> None:
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
