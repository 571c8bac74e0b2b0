"""AdapT through `model.generate`: equivalences, padding, and the effective settings."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessorList
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessorList,
)

from helpers.adaptive_temperature.processor import (
    AdapTLogitsProcessor,
    effective_sampling,
)
from helpers.adaptive_temperature.rules import RULES, hot
from helpers.adaptive_temperature.token_flags import TokenFlags
from tests.adaptive_temperature.token_kinds import model, tokenizer

PROMPTS = ["def mean(values):\n", "\n    total = 0\n    ", "if value", "value:\n    "]
PLAIN: dict[str, Any] = {"do_sample": True, "top_k": 0, "max_new_tokens": 24}


def inputs(kind: str) -> dict[str, Tensor]:
    words = tokenizer(kind)
    encoded = words(PROMPTS, padding=True, return_tensors="pt")
    return {name: encoded[name] for name in ("input_ids", "attention_mask")}


def generated(kind: str, seed: int = 0, **kwargs: Any) -> Any:
    network = model(kind)  # its own draws come first
    torch.manual_seed(seed)
    return network.generate(**inputs(kind), **PLAIN | kwargs)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("top_p", [1.0, 0.9])
def test_equal_temperatures_are_plain_sampling(rule: str, top_p: float) -> None:
    adapt = AdapTLogitsProcessor(tokenizer("words"), 0.7, 0.7, rule)
    for seed in range(3):
        ours = generated("words", seed, logits_processor=[adapt], top_p=top_p)
        plain = generated("words", seed, temperature=0.7, top_p=top_p)
        assert torch.equal(ours, plain)
    other = generated("words", 2, temperature=0.9, top_p=top_p)
    assert not torch.equal(other, plain)


def test_each_row_is_plain_sampling_at_its_temperature() -> None:
    """To the bit: dividing by a column rounds as dividing by one number does."""
    adapt = AdapTLogitsProcessor(tokenizer("words"), 0.7, 0.3)
    ids = inputs("words")["input_ids"]
    scores = torch.randn(len(ids), 50, generator=torch.Generator().manual_seed(0))
    is_hot = adapt.table.hot(ids)
    found = adapt(ids, scores)
    assert is_hot.tolist() == [False, True, False, True]
    assert torch.equal(found[is_hot], (scores / 0.7)[is_hot])
    assert torch.equal(found[~is_hot], (scores / 0.3)[~is_hot])


@pytest.mark.parametrize("kind", ["words", "merged"])
@pytest.mark.parametrize("rule", ["line", "line-word", "block", "anti"])
def test_a_near_zero_is_greedy_at_hot_positions(kind: str, rule: str) -> None:
    adapt = AdapTLogitsProcessor(tokenizer(kind), 1e-4, 5.0, rule)
    flags = TokenFlags.of(tokenizer(kind))
    hot_count = greedy_elsewhere = cold_count = 0
    for seed in range(6):
        out = generated(
            kind,
            seed,
            logits_processor=[adapt],
            return_dict_in_generate=True,
            output_logits=True,
        )
        start = inputs(kind)["input_ids"].shape[1]
        for step, logits in enumerate(out.logits):
            before = out.sequences[:, : start + step]
            is_hot = hot(before, flags, rule)
            best = out.sequences[:, start + step] == logits.argmax(dim=-1)
            assert best[is_hot].all()
            hot_count += int(is_hot.sum())
            cold_count += int((~is_hot).sum())
            greedy_elsewhere += int((best & ~is_hot).sum())
    assert hot_count >= 4 and greedy_elsewhere < 0.9 * cold_count


def test_rows_do_not_depend_on_their_neighbours() -> None:
    """A padded batch gets the temperatures that each prompt gets alone."""
    adapt = AdapTLogitsProcessor(tokenizer("bytes"), 0.8, 0.2, "line")
    batch = inputs("bytes")["input_ids"]
    ones = torch.ones(len(batch), 5)
    alone = [
        adapt(torch.tensor([tokenizer("bytes")(text)["input_ids"]]), ones[:1])
        for text in PROMPTS
    ]
    assert torch.equal(adapt(batch, ones), torch.cat(alone))
    assert len(set(adapt(batch, ones)[:, 0].tolist())) == 2


def test_greedy_and_beams_run_it() -> None:
    adapt = AdapTLogitsProcessor(tokenizer("words"), 0.9, 0.2)
    ours = generated("words", do_sample=False, logits_processor=[adapt])
    assert torch.equal(ours, generated("words", do_sample=False))
    beams = generated("words", num_beams=3, logits_processor=[adapt], max_new_tokens=5)
    assert len(beams) == len(PROMPTS)


def test_continuous_batching_leaves_it_out() -> None:
    adapt = AdapTLogitsProcessor(tokenizer("words"))
    kept = ContinuousBatchingLogitsProcessorList(LogitsProcessorList([adapt]))
    assert not kept.logits_processor


def test_half_precision_keeps_its_type() -> None:
    adapt = AdapTLogitsProcessor(tokenizer("words"), 0.8, 0.5)
    ids = inputs("words")["input_ids"]
    assert adapt(ids, torch.ones(len(ids), 5, dtype=torch.bfloat16)).dtype is (
        torch.bfloat16
    )


def test_effective_sampling_tells_the_traps(monkeypatch: pytest.MonkeyPatch) -> None:
    network = model("words")
    adapt = AdapTLogitsProcessor(tokenizer("words"))
    given = {"do_sample": True, "logits_processor": [adapt]}
    found = effective_sampling(network, **given)
    assert found.processors == ("AdapTLogitsProcessor", "TopKLogitsWarper")
    assert found.settings["top_k"] == 50
    assert "top_k is 50 by default" in str(found)
    clean = effective_sampling(network, **given, top_k=0, top_p=0.95)
    assert clean.processors == ("AdapTLogitsProcessor", "TopPLogitsWarper")
    assert not clean.warnings
    assert str(clean) == "logits -> AdapTLogitsProcessor -> TopPLogitsWarper"
    hot = effective_sampling(network, **given, top_k=0, temperature=0.5)
    assert hot.processors[1] == "TemperatureLogitsWarper"
    assert "multiplies" in str(hot)
    monkeypatch.setattr(network.generation_config, "repetition_penalty", 1.1)
    monkeypatch.setattr(network.generation_config, "top_k", 20)
    own = effective_sampling(network, **given)
    assert own.processors[0] == "RepetitionPenaltyLogitsProcessor"
    assert [text.split()[0] for text in own.warnings] == ["top_k", "repetition_penalty"]
    assert "do_sample is off" in str(effective_sampling(network))


def test_a_passed_configuration_is_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    network = model("words")
    ten = GenerationConfig(do_sample=True, top_k=10)
    assert not effective_sampling(network, generation_config=ten).warnings
    monkeypatch.setattr(network.generation_config, "temperature", 0.2)
    monkeypatch.setattr(network.generation_config, "top_p", 0.9)
    one = GenerationConfig(do_sample=True, top_k=0, temperature=1.0)
    found = effective_sampling(network, generation_config=one)
    assert found.settings["temperature"] == 1.0
    # what it leaves open still comes from the model
    assert found.warnings == ("top_p = 0.9 comes from the model's configuration",)


def test_effective_sampling_is_what_generate_does() -> None:
    seen: list[list[str]] = []

    def spy(model: Any, input_ids: Tensor, logits_processor: Any, **_: Any) -> Tensor:
        seen.append([type(processor).__name__ for processor in logits_processor])
        return input_ids

    given = {"logits_processor": [AdapTLogitsProcessor(tokenizer("words"))]}
    given |= {
        "do_sample": True,
        "max_new_tokens": 2,
        "top_p": 0.9,
        "min_p": 0.1,
        "temperature": 0.5,
    }
    model("words").generate(**inputs("words"), custom_generate=spy, **given)
    assert seen == [list(effective_sampling(model("words"), **given).processors)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"a": 0}, "temperature `a` is 0; allowed"),
        ({"b": "x"}, "temperature `b` is 'x'"),
        ({"rule": "block-start"}, "did you mean 'block'"),
    ],
)
def test_bad_arguments(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdapTLogitsProcessor(tokenizer("words"), **arguments)
