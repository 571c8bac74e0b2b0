"""Traced samples: the sampler's distribution, and the numbers of a full pass."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from scipy import stats

from helpers.adaptive_temperature.samplers import Sampler
from helpers.adaptive_temperature.traced_samples import traced_samples
from tests.adaptive_temperature.small_decoder import PROMPT, decoder

ADAPT = Sampler("AdapT", "line-word", 1.5, 0.3)
UNIFORM = Sampler("T = 0.9", a=0.9)


def draw(sampler, count=4, prompt=PROMPT, **options):
    options = {"max_new_tokens": 40, **options}
    return traced_samples(*decoder(), prompt, sampler, count, **options)


@pytest.mark.parametrize(
    "sampler",
    [ADAPT, Sampler("EDT", "entropy", 1.2, theta=0.5), Sampler("p", a=2.0, top_p=0.7)],
    ids=lambda s: s.name,
)
def test_losses_and_temperatures_are_those_of_a_full_pass(sampler):
    model, tokenizer = decoder()
    start = tokenizer(PROMPT)["input_ids"]
    bound = sampler.on(tokenizer)
    for sample in draw(sampler, 3, max_new_tokens=40):
        ids = [*start, *tokenizer(sample.text, add_special_tokens=False)["input_ids"]]
        if len(ids) != len(start) + len(sample.tokens):
            continue  # drawn tokens that the tokenizer would join
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([ids])).logits[0]
        for place, token in enumerate(sample.tokens, start=len(start)):
            row = logits[place - 1 : place]
            loss = -row.log_softmax(dim=1)[0, ids[place]]
            assert token.loss == pytest.approx(float(loss), abs=1e-4)
            heat = bound.temperature(torch.tensor([ids[:place]]), row)
            assert token.temperature == pytest.approx(float(heat), rel=1e-4)


def test_first_and_second_tokens_follow_the_distribution():
    model, tokenizer = decoder()
    sampler, count = ADAPT.on(tokenizer), 4000
    start = torch.tensor([tokenizer(PROMPT + "    ")["input_ids"]])
    found = Counter()
    for sample in draw(sampler, count, PROMPT + "    ", max_new_tokens=2, seed=1):
        found[tuple(token.text for token in sample.tokens)] += 1
    with torch.inference_mode():
        first = sampler.probabilities(model(input_ids=start).logits[:, -1], start)[0]
        first[tokenizer.all_special_ids] = 0  # these look alike
        for one in first.topk(3).indices.tolist():
            longer = torch.cat([start, torch.tensor([[one]])], dim=1)
            second = sampler.probabilities(
                model(input_ids=longer).logits[:, -1], longer
            )[0]
            second[tokenizer.all_special_ids] = 0
            two = int(second.argmax())
            texts = tuple(sampler.flags.texts[i] for i in (one, two))
            share = float(first[one] * second[two])
            test = stats.binomtest(found[texts], count, share)
            assert test.pvalue > 1e-4, (texts, found[texts] / count, share)


def test_greedy_is_what_generate_finds():
    model, tokenizer = decoder()
    (sample,) = draw(Sampler("greedy", greedy=True), 1, max_new_tokens=20)
    inputs = tokenizer(PROMPT, return_tensors="pt", return_token_type_ids=False)
    full = model.generate(**inputs, do_sample=False, max_new_tokens=20)
    new = full[0, inputs["input_ids"].shape[1] :]
    assert sample.text == tokenizer.decode(new, skip_special_tokens=True)


def test_seeds_repeat_and_equal_temperatures_agree():
    once, again = draw(ADAPT, seed=3), draw(ADAPT, seed=3)
    assert once == again
    assert [s.text for s in once] != [s.text for s in draw(ADAPT, seed=4)]
    same = draw(Sampler("same", "line-word", 0.9, 0.9), seed=3)
    assert [s.text for s in same] == [s.text for s in draw(UNIFORM, seed=3)]
    # a sample does not depend on the length limit
    short = draw(ADAPT, seed=3, max_new_tokens=10)
    for one, other in zip(short, once, strict=True):
        assert one.tokens == other.tokens[:10]


def test_a_small_change_of_temperature_keeps_most_first_tokens():
    def first(a):
        sampler = Sampler("T", a=a)
        return [s.tokens[:1] and s.tokens[0].text for s in draw(
            sampler, 400, max_new_tokens=1)]  # fmt: skip

    kept = np.mean([x == y for x, y in zip(first(1.0), first(1.05), strict=True)])
    assert kept > 0.9


def test_the_end_token_ends_a_sample():
    samples = draw(Sampler("hot", a=2.0), 64, max_new_tokens=60)
    ended = [sample for sample in samples if sample.finished]
    assert len(ended) > 5
    for sample in samples:
        assert "<eos>" not in sample.text
        assert sample.finished or len(sample.tokens) == 60
        assert sample.loss == pytest.approx(sum(t.loss for t in sample.tokens))
    assert len({len(sample.tokens) for sample in ended}) > 3


def test_the_context_limits_the_length():
    model, tokenizer = decoder(32)
    room = 32 - len(tokenizer(PROMPT)["input_ids"])
    samples = traced_samples(model, tokenizer, PROMPT, Sampler("hot", a=2.0), 32)
    assert max(len(sample.tokens) for sample in samples) == room


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": ""}, "the prompt has 1 tokens; allowed: some text, and less than"),
        ({"prompt": "x = 1\n" * 200}, "less than the model's context of 128"),
        ({"count": 0}, "0 samples of 40 tokens; allowed: 1 or more"),
        ({"max_new_tokens": 0}, "4 samples of 0 tokens"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        draw(ADAPT, **change)
