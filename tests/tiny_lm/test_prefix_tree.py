"""Shared-prefix samples against enumeration, and against ``generate``."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from scipy import stats
from transformers import LlamaConfig, LlamaForCausalLM

from helpers.tiny_lm.prefix_tree import draw

EOS = 0


class Softmax:
    """Plain temperature; hot where the last token is odd."""

    def __init__(self, temperature=1.0):
        self.temperature = temperature

    def probabilities(self, logits, ids):
        return torch.softmax(logits / self.temperature, -1)

    def hot_share(self, logits, ids):
        return (ids[:, -1] % 2).float()


class LastToken(Softmax):
    """A distribution that depends on the text as well."""

    def probabilities(self, logits, ids):
        temperature = 0.5 + ids[:, -1:] % 3
        return torch.softmax(logits / temperature, -1)


class Greedy(Softmax):
    def probabilities(self, logits, ids):
        best = logits.argmax(-1)
        return torch.nn.functional.one_hot(best, logits.shape[-1]).float()


class Broken(Softmax):
    def __init__(self, found):
        self.found = found

    def probabilities(self, logits, ids):
        return self.found(logits)


def llama(vocabulary=4, spread=0.5):
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=32,
        bos_token_id=None,
        eos_token_id=EOS,
        pad_token_id=EOS,
    )
    model = LlamaForCausalLM(config).eval()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * spread)
    return model


def sample(model, prompts, samplers, n, *, limit=4, seed=0, **options):
    return draw(
        model,
        prompts,
        samplers,
        n,
        eos=EOS,
        max_new_tokens=limit,
        seed=seed,
        progress=False,
        **options,
    )


def exact(model, prompt, sampler, limit):
    """Probability of every text of at most ``limit`` draws, end token left out."""
    vocabulary = model.config.vocab_size
    found = {}
    for length in range(limit + 1):
        for text in itertools.product(range(1, vocabulary), repeat=length):
            draws = [*text, EOS] if length < limit else list(text)
            p, ids = 1.0, list(prompt)
            for token in draws:
                logits = model(torch.tensor([ids])).logits[:, -1]
                p *= float(sampler.probabilities(logits, torch.tensor([ids]))[0, token])
                ids.append(token)
            found[text] = p
    return found


def p_value(found, expected):
    """Chi-square of counts against probabilities, rare texts joined."""
    n = sum(found.values())
    common = [text for text, p in expected.items() if n * p >= 5]
    observed = [found[text] for text in common]
    wanted = [n * expected[text] for text in common]
    observed.append(n - sum(observed))
    wanted.append(max(n - sum(wanted), 1e-9))
    if wanted[-1] < 5:
        wanted[-2:], observed[-2:] = [sum(wanted[-2:])], [sum(observed[-2:])]
    wanted = np.array(wanted) * n / sum(wanted)
    return stats.chisquare(observed, wanted).pvalue


@torch.inference_mode()
def test_samples_follow_the_exact_distribution() -> None:
    model = llama()
    prompts = [[1, 2, 3], [2], [3, 1, 3, 3, 2]]  # unequal lengths in one batch
    samplers = {"one": Softmax(), "two": Softmax(2.0), "text": LastToken()}
    draws = sample(model, prompts, samplers, 4000, limit=3)
    for name, sampler in samplers.items():
        for i, prompt in enumerate(prompts):
            expected = exact(model, prompt, sampler, 3)
            assert sum(expected.values()) == pytest.approx(1, abs=1e-5)
            found = draws.samples(name, i)
            assert found.total() == 4000 and set(found) <= set(expected)
            assert p_value(found, expected) > 1e-3


@torch.inference_mode()
def test_samples_are_independent_of_each_other() -> None:
    draws = sample(llama(), [[1, 2]], {"one": Softmax()}, 4000, limit=3)
    firsts = [text[0] if text else EOS for text in draws.ordered("one", 0)]
    pairs = Counter(itertools.pairwise(firsts))
    table = np.array([[pairs[i, j] for j in range(4)] for i in range(4)])
    assert stats.chi2_contingency(table).pvalue > 1e-3


@torch.inference_mode()
def test_agrees_with_generate() -> None:
    model = llama(vocabulary=7)
    prompt = [1, 2, 3, 4]
    draws = sample(model, [prompt], {"warm": Softmax(1.3), "greedy": Greedy()}, 2000)
    start = torch.tensor([prompt])
    torch.manual_seed(0)
    out = model.generate(
        start.repeat(2000, 1),
        attention_mask=torch.ones(2000, 4, dtype=torch.long),
        do_sample=True,
        temperature=1.3,
        top_k=0,
        max_new_tokens=4,
    )
    texts = [tuple(row[row != EOS].tolist()) for row in out[:, 4:]]
    theirs, ours = Counter(texts), draws.samples("warm", 0)
    common = [text for text, count in (theirs + ours).items() if count >= 20]
    table = np.array([[c[text] for text in common] for c in (theirs, ours)])
    table = np.c_[table, 2000 - table.sum(1)]
    assert len(common) > 10 and stats.chi2_contingency(table).pvalue > 1e-3

    best = model.generate(start, do_sample=False, max_new_tokens=4)[0, 4:]
    assert draws.samples("greedy", 0) == {tuple(best[best != EOS].tolist()): 2000}


@torch.inference_mode()
def test_totals_count_every_draw() -> None:
    prompts = [[1, 2], [3]]
    draws = sample(llama(), prompts, {"a": Softmax(), "b": LastToken()}, 300)
    totals = draws.totals().set_index(["sampler", "prompt"])
    assert {len(draws.samples(*key)) for key in totals.index} != {1}
    for (name, i), row in totals.iterrows():
        texts = draws.samples(name, i)
        ended = sum(count for text, count in texts.items() if len(text) < 4)
        assert row["n"] == texts.total() == 300
        assert row["finished"] == ended and row["cut"] == 300 - ended
        assert 0 < ended < 300
        assert row["distinct"] == len(texts)
        hot = tokens = 0
        for text, count in texts.items():
            made = [*text, EOS] if len(text) < 4 else text
            before = [prompts[i][-1], *made[:-1]]
            tokens += count * len(made)
            hot += count * sum(token % 2 for token in before)
        assert row["tokens"] == tokens and row["hot"] == pytest.approx(hot)


@torch.inference_mode()
def test_neither_batch_nor_company_changes_a_sample() -> None:
    model = llama(vocabulary=9)
    prompts = [[1, 2, 3], [4], [5, 6, 7, 8, 1], [4]]
    both = {"one": Softmax(), "two": Softmax(1.5)}
    wide = sample(model, prompts, both, 40, limit=6)
    narrow = sample(model, prompts, both, 40, limit=6, batch_prompts=1)
    alone = sample(model, prompts[::-1], {"two": Softmax(1.5)}, 10, limit=6)
    for i in range(4):
        assert wide.samples("one", i) == narrow.samples("one", i)
        assert wide.ordered("two", i) == narrow.ordered("two", i)
    for here, there in [(0, 3), (1, 0), (2, 1), (3, 2)]:  # equal ones by their order
        assert wide.ordered("two", here)[:10] == alone.ordered("two", there)
    assert wide.samples("one", 1) != wide.samples("one", 3)  # the same prompt twice
    other = sample(model, prompts, both, 40, limit=6, seed=1)
    assert other.ordered("one", 0) != wide.ordered("one", 0)


@torch.inference_mode()
def test_alike_samplers_share_their_prefixes() -> None:
    model = llama(vocabulary=9)
    pair = {"one": Softmax(), "almost": Softmax(1.01)}
    alone = sample(model, [[1, 2]], {"one": Softmax()}, 60, limit=8)
    both = sample(model, [[1, 2]], pair, 60, limit=8)
    same = [
        a == b
        for a, b in zip(both.ordered("one", 0), both.ordered("almost", 0), strict=True)
    ]
    assert 0.7 < np.mean(same) < 1
    assert alone.nodes < both.nodes < 1.3 * alone.nodes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 0}, "n is 0; allowed: 1 or more"),
        ({"limit": 0}, "max_new_tokens is 0"),
        ({"batch_prompts": 0}, "batch_prompts is 0"),
        ({"samplers": {}}, "at least one prompt and one sampler"),
        ({"prompts": []}, "at least one prompt and one sampler"),
        ({"prompts": [[1], []]}, "prompt 1 has 0 tokens; allowed: 1 to 28"),
        ({"prompts": [[1] * 29]}, "prompt 0 has 29 tokens; allowed: 1 to 28"),
        ({"prompts": [[1, 4]]}, "prompt 0 has ids from 1 to 4; allowed: 0 to 3"),
        ({"samplers": {"a": Broken(lambda x: x[:, :2])}}, r"shape \(1, 2\) for 1 rows"),
        ({"samplers": {"a": Broken(lambda x: x * 0)}}, "no distribution"),
        ({"samplers": {"a": Broken(lambda x: x * torch.nan)}}, "no distribution"),
    ],
)
def test_bad_input_is_named(change, message) -> None:
    usual = {"prompts": [[1]], "samplers": {"a": Softmax()}, "n": 2}
    with pytest.raises(ValueError, match=message):
        sample(llama(), **usual | change)


def test_unknown_sampler_is_named() -> None:
    draws = sample(llama(), [[1]], {"warm": Softmax()}, 2)
    with pytest.raises(ValueError, match="did you mean 'warm'"):
        draws.samples("warn", 0)
    with pytest.raises(ValueError, match="eos is 4; allowed: 0 to 3"):
        draw(llama(), [[1]], {"a": Softmax()}, 1, eos=4, max_new_tokens=2, seed=0)
