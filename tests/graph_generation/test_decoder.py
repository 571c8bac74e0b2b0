"""The graph decoder as a backend: exact sampling, own streams, grammar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import chisquare

from helpers.graph_generation.decoder import GraphDecoder, drawn
from helpers.graph_generation.graph_grammar import GraphGrammar
from helpers.graph_generation.graph_tokenizer import encoded, graph_tokenizer
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import (
    distribution_prompt,
    pair_prompt,
    rule_prompt,
)
from helpers.graph_generation.reply_parser import parse_reply
from helpers.graph_generation.tasks import preset
from helpers.llm.backend import BackendError, Request, Sampling
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.training import Recipe

CONFIG = TinyConfig(484, layers=2, width=32, heads=2, context=160)
CYCLES = rule_prompt(preset("cycles", "tiny"), "zero-shot", 2)


def made(folder):
    """A decoder that was never trained, with logits far from even."""
    model = CONFIG.model(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.25)
    log = pd.DataFrame(
        {"step": [1], "loss": [6.0], "rate": [1.0], "tokens": [9], "seconds": [0.1]}
    )
    checkpoint.save(
        folder, model, graph_tokenizer(), recipe=Recipe(1), log=log, corpus={}
    )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made(tmp_path_factory.mktemp("decoder") / "untrained")


def asked(prompt=CYCLES, count=1, **sampling):
    settings = Sampling(**{"max_tokens": 30, "seed": 0} | sampling)
    return [Request.ask(prompt, settings, sample=k) for k in range(count)]


def test_greedy_is_what_transformers_generates(folder) -> None:
    decoder = GraphDecoder(folder)
    (found,) = decoder.complete(asked(temperature=0, max_tokens=25))
    model, tokenizer, _ = checkpoint.load(folder)
    ids = torch.tensor([[1, *encoded(tokenizer, CYCLES)]])
    wanted = model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=25
    )[0, ids.shape[1] :]
    assert found.text == tokenizer.decode(wanted, skip_special_tokens=True)
    assert found.prompt_tokens == ids.shape[1]
    assert found.finish_reason == ("stop" if 2 in wanted.tolist() else "length")


def test_an_answer_does_not_depend_on_what_is_asked_beside_it(folder) -> None:
    decoder = GraphDecoder(folder, rows=4)  # slots are used again
    other = pair_prompt(("tree", "cycle"), "zero-shot-cot", 3)
    many = [*asked(count=5), *asked(other, count=6, temperature=0.7)]
    together = list(decoder.complete(many))
    alone = [next(decoder.complete([request])) for request in many]
    assert [one.text for one in together] == [one.text for one in alone]
    assert len({one.text for one in together}) == len(many)
    again = list(decoder.complete(list(reversed(many))))
    assert again == together[::-1]


def test_seed_and_sample_make_the_stream(folder) -> None:
    decoder = GraphDecoder(folder)
    first, second = decoder.complete(asked(count=2))
    assert first.text != second.text
    assert next(decoder.complete(asked(seed=1))).text != first.text
    free = [next(decoder.complete(asked(seed=None))).text for _ in range(2)]
    assert free[0] != free[1]


def test_limits_and_unknown_prompts(folder) -> None:
    decoder = GraphDecoder(folder)
    (cut,) = decoder.complete(asked(max_tokens=3))
    assert (cut.completion_tokens, cut.finish_reason) == (3, "length")
    (whole,) = decoder.complete(asked(max_tokens=10**6, temperature=5.0))
    assert whole.prompt_tokens + whole.completion_tokens <= CONFIG.context
    with pytest.raises(BackendError, match="does not know"):
        next(decoder.complete(asked("Write a poem.")))
    long = "\n".join(f"Graph {i}: {Graph(9, ((1, 2),) * 9).text}" for i in range(1, 21))
    with pytest.raises(BackendError, match="tokens"):
        next(decoder.complete(asked(long)))


def test_name_is_the_weights_and_the_grammar(folder, tmp_path) -> None:
    plain = GraphDecoder(folder)
    assert plain.name == f"untrained@{checkpoint.load(folder).card.sha256[:16]}"
    assert GraphDecoder(folder, grammar=GraphGrammar()).name == f"{plain.name}+grammar"


def test_draws_follow_the_softmax() -> None:
    logits = torch.randn(1, 9, generator=torch.manual_seed(0)).repeat(20000, 1)
    uniform = np.random.default_rng(0).random(20000)
    ones = np.ones(20000)
    for temperature in (0.5, 1.0, 1.7):
        tokens = drawn(logits, temperature * ones, ones, uniform)
        shares = torch.softmax(logits[0].double() / temperature, -1).numpy()
        assert chisquare(np.bincount(tokens, minlength=9), 20000 * shares).pvalue > 1e-3
    kept = np.unique(drawn(logits, ones, 0.6 * ones, uniform))
    ranked = torch.softmax(logits[0], -1).sort(descending=True)
    size = int((ranked.values.cumsum(0) < 0.6).sum()) + 1
    assert set(kept) == set(ranked.indices[:size].tolist())


@pytest.mark.parametrize("method", ["zero-shot", "zero-shot-cot"])
def test_with_the_grammar_even_an_untrained_model_is_well_formed(
    folder, method
) -> None:
    decoder = GraphDecoder(folder, grammar=GraphGrammar())
    prompt = rule_prompt(preset("trees", "tiny"), method, 2)
    found = list(decoder.complete(asked(prompt, count=20, max_tokens=100)))
    ended = [one for one in found if one.finish_reason == "stop"]
    assert ended
    for one in ended:
        answers = parse_reply(one.text, 2).answers
        assert all(a is not None and a.graph is not None for a in answers)
        assert one.text.count("Answer") == 2
        assert one.text.count("Steps") == 2 * (method == "zero-shot-cot")


def test_grammar_leaves_the_sampler_alone(folder) -> None:
    class Everything(GraphGrammar):
        def allowed(self, states):
            return np.ones((len(states), len(self.words)), bool)

    free = list(GraphDecoder(folder).complete(asked(count=4)))
    open_ = GraphDecoder(folder, grammar=Everything())
    assert [one.text for one in open_.complete(asked(count=4))] == [
        one.text for one in free
    ]


def test_grammar_of_the_distribution_tasks(folder) -> None:
    decoder = GraphDecoder(folder, grammar=GraphGrammar())
    graph = Graph.of(2, [(1, 2)])
    for method in ("zero-shot", "cot"):
        prompt = distribution_prompt("union", method, [graph], 1)
        for one in decoder.complete(asked(prompt, count=8, max_tokens=90)):
            assert one.text.startswith("Kinds:" if method == "cot" else "p = ")
            if one.finish_reason == "stop":
                reply = parse_reply(one.text, 1)
                assert reply.p is not None and reply.answers[0].graph is not None
