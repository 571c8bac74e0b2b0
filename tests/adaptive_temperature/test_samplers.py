"""A sampler's exact distribution against what transformers' processors make."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from transformers import (
    GenerationConfig,
    LlamaForCausalLM,
    MinPLogitsWarper,
    TopPLogitsWarper,
)

from helpers.adaptive_temperature.entropy import entropy, entropy_temperature
from helpers.adaptive_temperature.processor import effective_sampling
from helpers.adaptive_temperature.rules import RULES, hot
from helpers.adaptive_temperature.samplers import NEUTRAL, NEUTRAL_GREEDY, Sampler
from helpers.adaptive_temperature.token_flags import TokenFlags
from helpers.adaptive_temperature.truncation import min_p, outside_n_sigma, top_p
from tests.adaptive_temperature.token_kinds import CODE, model, tokenizer

SAMPLERS = [
    Sampler("greedy", greedy=True),
    Sampler("uniform", a=0.7),
    Sampler("uniform, top-p", a=1.3, top_p=0.9),
    Sampler("one", a=1.0, top_p=0.5),
    *(Sampler(rule, rule, 1.5, 0.4, top_p=0.95) for rule in RULES),
    Sampler("equal", "line", 0.6, 0.6),
    Sampler("entropy", "entropy", 1.2, theta=0.4, top_p=0.95),
    Sampler("min-p", a=1.5, min_p=0.1),
    Sampler("top-n-sigma", a=1.5, top_n_sigma=1.0),
    Sampler("all", "line", 2.0, 0.5, top_p=0.9, min_p=0.05, top_n_sigma=2.0),
]


def prefixes() -> Tensor:
    """Every beginning of a program, padded on the left: (m, t)."""
    words = tokenizer("words")
    ids = words(CODE)["input_ids"]
    heads = [ids[:n] for n in range(1, len(ids))]
    return words.pad({"input_ids": heads}, return_tensors="pt")["input_ids"]


def case(seed: int = 0) -> tuple[Tensor, Tensor]:
    ids = prefixes()
    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn(len(ids), len(tokenizer("words")) + 3, generator=rng)
    # from flat to peaked rows, as a model's
    return logits * torch.linspace(0.1, 8, len(ids))[:, None], ids


def by_transformers(
    network: LlamaForCausalLM, sampler: Sampler, logits: Tensor, ids: Tensor
) -> Tensor:
    """What `generate` draws from for these logits, with the model's own settings."""
    kwargs = sampler.generate_kwargs(tokenizer("words"))
    chain = kwargs.pop("logits_processor", [])
    config, _ = network._prepare_generation_config(None, **kwargs)
    network._prepare_special_tokens(config)
    processors = network._get_logits_processor(
        config, input_ids_seq_length=ids.shape[1], logits_processor=chain
    )
    scores = processors(ids, logits.clone())
    if config.do_sample:
        return scores.softmax(dim=-1)
    best = scores.argmax(dim=-1, keepdim=True)
    return torch.zeros_like(scores).scatter_(1, best, 1.0)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: s.name)
def test_probabilities_are_those_of_generate(
    sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = model("words")
    for name, value in (("top_k", 3), ("temperature", 0.3), ("min_p", 0.4)):
        monkeypatch.setattr(network.generation_config, name, value)
    monkeypatch.setattr(network.generation_config, "repetition_penalty", 1.5)
    logits, ids = case()
    found = sampler.on(tokenizer("words")).probabilities(logits, ids)
    expected = by_transformers(network, sampler, logits, ids)
    torch.testing.assert_close(found, expected, atol=2e-6, rtol=1e-5)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(len(ids)))


# of a model's generation_config.json; tokens that occur, and values that bite
MEDDLING = {
    "top_h": 0.3,
    "bad_words_ids": [[5]],
    "suppress_tokens": [6],
    "begin_suppress_tokens": [7],
    "sequence_bias": [[[8], 4.0]],
    "forced_bos_token_id": 9,
    "exponential_decay_length_penalty": (0, 2.0),
    "min_length": 10**4,
    "min_new_tokens": 10**4,
    "guidance_scale": 3.0,
}


@pytest.mark.parametrize(
    "sampler", [SAMPLERS[0], SAMPLERS[1], SAMPLERS[-1]], ids=lambda s: s.name
)
@pytest.mark.parametrize("setting", list(MEDDLING))
def test_no_setting_of_the_model_gets_through(
    sampler: Sampler, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = model("words")
    own = network.generation_config
    monkeypatch.setattr(own, "eos_token_id", 2)  # a shortest length is for its sake
    kwargs = sampler.generate_kwargs(tokenizer("words"))
    clean = effective_sampling(network, **kwargs)
    monkeypatch.setattr(own, setting, MEDDLING[setting])
    assert effective_sampling(network, **kwargs).processors == clean.processors


def test_every_switch_is_one_of_transformers() -> None:
    known = vars(GenerationConfig())
    assert set(NEUTRAL | NEUTRAL_GREEDY) <= set(known)


def test_random_is_the_mixture_and_generate_draws_its_parts() -> None:
    sampler = Sampler("random", "random", 1.5, 0.4, share=0.3, top_p=0.9)
    sampler = sampler.on(tokenizer("words"))
    logits, ids = case()
    parts = {
        t: Sampler("part", a=t, top_p=0.9).probabilities(logits, ids)
        for t in (1.5, 0.4)
    }
    expected = 0.3 * parts[1.5] + 0.7 * parts[0.4]
    torch.testing.assert_close(sampler.probabilities(logits, ids), expected)
    assert torch.allclose(sampler.hot_share(logits, ids), torch.tensor(0.3))
    assert torch.allclose(sampler.temperature(ids), torch.tensor(0.3 * 1.5 + 0.7 * 0.4))
    drawn = by_transformers(model("words"), sampler, logits, ids)
    kinds = [torch.isclose(drawn, p, atol=1e-5).all(dim=1) for p in parts.values()]
    assert (kinds[0] | kinds[1]).all()
    share = kinds[0].float().mean()
    assert 0.1 < share < 0.5  # 0.3, three deviations either way
    assert torch.equal(drawn, by_transformers(model("words"), sampler, logits, ids))


@pytest.mark.parametrize("rule", RULES)
def test_temperature_and_hot_share_follow_the_rule(rule: str) -> None:
    logits, ids = case()
    sampler = Sampler(rule, rule, 1.5, 0.4).on(tokenizer("words"))
    expected = hot(ids, TokenFlags.of(tokenizer("words")), rule)
    assert torch.equal(sampler.hot_share(logits, ids), expected.float())
    ones = torch.tensor(1.0)
    assert torch.equal(
        sampler.temperature(ids), torch.where(expected, 1.5 * ones, 0.4 * ones)
    )


def test_samplers_without_positions() -> None:
    logits, ids = case()
    for sampler in (SAMPLERS[0], SAMPLERS[1], Sampler("e", "entropy", 1.0, theta=0.1)):
        assert not sampler.hot_share(logits, ids).any()
    assert torch.equal(SAMPLERS[1].temperature(ids), torch.full((len(ids),), 0.7))
    edt = Sampler("e", "entropy", 1.2, theta=0.4)
    expected = entropy_temperature(logits, 1.2, 0.4)
    assert torch.equal(edt.temperature(ids, logits), expected)
    with pytest.raises(ValueError, match="pass them"):
        edt.temperature(ids)


def test_extremes() -> None:
    """Nearly cold is greedy, equal temperatures are uniform to the bit."""
    logits, ids = case()
    flags = TokenFlags.of(tokenizer("words"))
    greedy = Sampler("greedy", greedy=True).probabilities(logits, ids)
    cold = Sampler("cold", "line-word", 1e-4, 0.9).on(flags).probabilities(logits, ids)
    is_hot = hot(ids, flags, "line-word")
    torch.testing.assert_close(cold[is_hot], greedy[is_hot])
    assert not torch.allclose(cold[~is_hot], greedy[~is_hot], atol=0.01)
    for rule in (*RULES, "random"):
        equal = Sampler("equal", rule, 0.7, 0.7, share=0.5).on(flags)
        plain = Sampler("plain", a=0.7)
        assert torch.equal(
            equal.probabilities(logits, ids), plain.probabilities(logits, ids)
        )


def test_truncations_against_transformers() -> None:
    logits, ids = case(1)
    for p in (0.05, 0.5, 0.9, 0.999, 1.0):
        expected = TopPLogitsWarper(p)(ids, logits).softmax(dim=-1)
        torch.testing.assert_close(top_p(logits.softmax(dim=-1), p), expected)
    for p in (0.0, 0.02, 0.5, 1.0):
        expected = MinPLogitsWarper(p)(ids, logits).softmax(dim=-1)
        torch.testing.assert_close(min_p(logits.softmax(dim=-1), p), expected)


def test_top_n_sigma_by_hand_and_at_every_temperature() -> None:
    logits = torch.tensor([[0.0, 1.0, 4.0, -torch.inf, 3.0]])
    cut = 4 - logits[logits.isfinite()].std(correction=0)  # 1.58
    assert outside_n_sigma(logits, 1.0).tolist() == [(logits < cut)[0].tolist()]
    assert outside_n_sigma(logits, 1.0).tolist() == [[True, True, False, True, False]]
    many, _ = case(2)
    assert torch.equal(outside_n_sigma(many, 1.0), outside_n_sigma(many / 0.3, 1.0))


def test_entropy_against_torch_and_at_certainty() -> None:
    logits, _ = case(3)
    expected = torch.distributions.Categorical(logits=logits).entropy()
    torch.testing.assert_close(entropy(logits), expected)
    sure = torch.tensor([[0.0, -torch.inf], [0.0, -1e4]])
    assert entropy(sure).tolist() == [0.0, 0.0]
    for theta in (0.0, 1.0):
        found = entropy_temperature(sure, 1.0, theta)
        assert found.tolist() == pytest.approx([1.0 if theta == 0 else 1e-4] * 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rule": "lines", "b": 1.0}, "did you mean 'line'"),
        ({"rule": "line"}, "needs `b`"),
        ({"rule": "uniform", "b": 0.2}, "one temperature, `a`"),
        ({"a": 0.0}, r"temperature `a` is 0\.0; allowed"),
        ({"a": float("nan")}, "temperature `a` is nan"),
        ({"rule": "line", "b": -1.0}, "temperature `b`"),
        ({"top_p": 0.0}, "`top_p` is 0.0"),
        ({"min_p": 1.5}, "`min_p` is 1.5; allowed: 0 to 1"),
        ({"rule": "random", "b": 0.2, "share": 2}, "`share` is 2"),
        ({"theta": float("nan")}, "`theta` is nan"),
    ],
)
def test_bad_settings(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sampler("bad", **settings)


def test_a_rule_needs_the_tokenizer() -> None:
    logits, ids = case()
    with pytest.raises(ValueError, match=r"use sampler\.on\(tokenizer\)"):
        Sampler("a", "line", 1.0, 0.5).probabilities(logits, ids)
    with pytest.raises(ValueError, match="exactly four spaces"):
        Sampler("a", "release", 1.0, 0.5).on(TokenFlags(("a", "\n")))


def test_samplers_are_values() -> None:
    one, two = (Sampler("a", "line", 1.0, 0.5) for _ in range(2))
    bound = one.on(tokenizer("words"))
    assert one == two == bound and hash(one) == hash(bound)
