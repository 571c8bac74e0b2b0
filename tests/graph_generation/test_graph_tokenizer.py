"""The graph decoder's tokens: exact, closed, two for an edge."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.graph_generation.distribution_documents import distribution_document
from helpers.graph_generation.graph_tokenizer import (
    LARGEST,
    decoded,
    encoded,
    encoded_all,
    graph_tokenizer,
)
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import METHODS, rule_prompt
from helpers.graph_generation.rule_documents import RuleMix, rule_document
from helpers.graph_generation.tasks import RULES, SIZES, preset
from helpers.graph_generation.training import PLANS

EDGES = st.lists(st.tuples(*[st.integers(0, LARGEST)] * 2), max_size=12)


@pytest.fixture(scope="module")
def tokenizer():
    return graph_tokenizer()


@given(n=st.integers(0, LARGEST), edges=EDGES)
@settings(max_examples=100, deadline=None)
def test_any_graph_text_comes_back(n, edges) -> None:
    tokenizer, graph = graph_tokenizer(), Graph(n, tuple(edges))
    text = f"Answer 1: {graph.text}\nAnswer 2: {graph.text}"
    ids = encoded(tokenizer, text)
    assert decoded(tokenizer, ids) == text
    assert len(ids) == 2 * (2 * len(edges) + 3)  # label, n, two per edge, close


def test_documents_come_back(tokenizer) -> None:
    rng = np.random.default_rng(0)
    drawn = [rule_document(RuleMix(), rng.random(), rng) for _ in range(150)]
    drawn += [distribution_document(rng.random(), rng) for _ in range(50)]
    texts = [text for document in drawn for text in (document.prompt, document.reply)]
    for text, ids in zip(texts, encoded_all(tokenizer, texts), strict=True):
        assert ids == encoded(tokenizer, text)
        assert decoded(tokenizer, ids) == text


@pytest.mark.parametrize("size", SIZES)
def test_prompts_of_every_size_and_amount_are_known(tokenizer, size) -> None:
    for rule in RULES:
        task = preset(rule, size)
        for method in METHODS:
            given_graphs = [Graph.of(2, [(1, 2)])] * method.startswith("few")
            for amount in (1, 5, 20):
                prompt = rule_prompt(task, method, amount, given_graphs)
                ids = encoded(tokenizer, prompt)
                assert decoded(tokenizer, ids) == prompt
                assert len(ids) < 40


def test_the_vocabulary_is_the_models_and_stays(tokenizer) -> None:
    assert all(len(tokenizer) == plan.config.vocabulary for plan in PLANS.values())
    assert tokenizer.convert_ids_to_tokens([0, 1, 2, 3]) == [
        "<pad>",
        "<bos>",
        "<eos>",
        "<unk>",
    ]


def test_unknown_words_are_named(tokenizer) -> None:
    with pytest.raises(ValueError, match=re.escape("' please.'")):
        encoded(tokenizer, "Give me 10 please.")
    with pytest.raises(ValueError, match=re.escape("' (21, ['")):
        encoded(tokenizer, "Answer 1: (21, [(1, 2)])")
