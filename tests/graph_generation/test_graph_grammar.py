"""The grammar allows every trained reply and nothing malformed."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.graph_generation.distribution_documents import distribution_document
from helpers.graph_generation.graph_grammar import GraphGrammar
from helpers.graph_generation.graph_tokenizer import encoded, graph_tokenizer
from helpers.graph_generation.prompts import rule_prompt
from helpers.graph_generation.rule_documents import RuleMix, rule_document
from helpers.graph_generation.tasks import preset
from helpers.tiny_lm.config import EOS, SPECIAL


@pytest.fixture(scope="module")
def grammar():
    return GraphGrammar()


def accepted(grammar, prompt, reply):
    """Whether all tokens of the reply, and then the end, are allowed."""
    state = np.array([grammar.start(prompt)])
    for token in [*encoded(graph_tokenizer(), reply), SPECIAL.index(EOS)]:
        if not grammar.allowed(state)[0, token]:
            return False
        state = grammar.next(state, np.array([token]))
    return True


def test_every_training_document_is_well_formed(grammar) -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        for document in (
            rule_document(RuleMix(), rng.random(), rng),
            distribution_document(rng.random(), rng),
        ):
            assert accepted(grammar, document.prompt, document.reply)


@pytest.mark.parametrize(
    ("reply", "well_formed"),
    [
        ("Answer 1: (4, [(1, 2)])\nAnswer 2: (9, [])", True),
        ("Answer 1: (0, [(0, 0), (20, 3)])\nAnswer 2: (9, [])", True),
        ("Answer 1: (4, [(1, 2)])", False),
        ("Answer 2: (4, [(1, 2)])\nAnswer 1: (9, [])", False),
        ("\nAnswer 1: (4, [(1, 2)])\nAnswer 2: (9, [])", False),
        ("Answer 1: (4, [, (1, 2)])\nAnswer 2: (9, [])", False),
        ("Answer 1: (4, [(1, 2)(1, 3)])\nAnswer 2: (9, [])", False),
        ("Answer 1: (4, [(1, 2)])\nAnswer 2: (9, [])\nAnswer 3: (9, [])", False),
        ("Steps 1: 1 2\nAnswer 1: (4, [])\nAnswer 2: (9, [])", False),
    ],
)
def test_replies_of_two_graphs(grammar, reply, well_formed) -> None:
    prompt = rule_prompt(preset("cycles", "tiny"), "zero-shot", 2)
    assert accepted(grammar, prompt, reply) is well_formed


def test_a_prompt_without_a_number_is_refused(grammar) -> None:
    with pytest.raises(ValueError, match="no number"):
        grammar.start("Give me graphs.")
