"""Trials on the real encoder's task pipeline, with a tiny encoder in its place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from helpers.lora_dropout import scores, trials
from helpers.lora_dropout.baselines import METHODS, Setting, build, lora_parameters
from helpers.lora_dropout.encoder import Encoder
from helpers.lora_dropout.experiments import Plan, per_seed
from helpers.lora_dropout.opinions import opinions
from helpers.lora_dropout.top_layers import TopLayers
from helpers.lora_dropout.trials import Trial, outcome, outcomes

SMALL = {"epochs": 2, "train_size": 40, "test_size": 60}


def tokenizer():
    """Words of the opinions as tokens."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    task = opinions(400, test_size=2, noise=0.0, seed=0)
    words = sorted({word for text in task.train.texts for word in text.split()})
    vocabulary = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", *words])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="[PAD]",
        unk_token="[UNK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


@pytest.fixture(scope="module")
def encoder():
    words = tokenizer()
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=40,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    return Encoder("tiny", model, words, "none")


@pytest.fixture(autouse=True)
def in_place(encoder, monkeypatch):
    monkeypatch.setenv("CURRICULUM_CACHE", "off")
    monkeypatch.setattr(trials, "the_encoder", lambda: encoder)
    trials._encoded.cache_clear()
    yield
    trials._encoded.cache_clear()


@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_trains_what_it_says(encoder, method):
    layers = TopLayers(encoder, 2)
    before = {name: w.detach().clone() for name, w in layers.named_parameters()}
    budget = lora_parameters(layers, 4)
    head = sum(p.numel() for p in layers.head.parameters())
    model = build(method, layers, Setting(rank=4, p=0.5, steps=20))
    free = [p for p in model.parameters() if p.requires_grad]
    count = sum(p.numel() for p in free)
    expected = {
        "Full fine-tuning": sum(w.numel() for w in before.values()),
        "Head only": head,
        "LoRA": budget + head,
        "LoRA + LoRA Dropout": budget + head,
    }
    if method in expected:
        assert count == expected[method]
    if "adapter" in method:
        assert 0.5 * budget < count - head <= budget
    assert min(METHODS[method].rates) > 0


def test_an_outcome_is_complete_and_repeats_itself():
    trial = Trial("opinions", "LoRA + LoRA Dropout", 0, p=0.5, members=3, **SMALL)
    first, again = outcome(trial), outcome(trial)
    assert first.test.shape == (60, 2) and first.train.shape == (40, 2)
    assert first.members.shape == (3, 60, 2)
    assert first.labels.shape == first.clean.shape == (60,)
    a, b = first.factors
    assert a.shape == (8, 24) and b.shape == (24, 8)
    for name in ("test", "train", "members"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    spread = first.members.std(axis=0).mean()
    assert spread > 0


def test_curves_end_where_the_training_does():
    trial = Trial("opinions", "LoRA", 0, curves=True, **SMALL)
    found = outcome(trial)
    assert found.train_curve.shape == (1, 40, 2)
    np.testing.assert_allclose(found.train_curve[-1], found.train, atol=1e-5)
    frame = scores.curves([found])
    assert list(frame["epoch"]) == [2, 2]


def test_a_mask_at_test_leaves_the_mean_network_alone():
    plain = outcome(Trial("opinions", "LoRA", 0, **SMALL))
    masked = outcome(Trial("opinions", "LoRA", 0, mask_at_test=0.5, members=4, **SMALL))
    np.testing.assert_array_equal(plain.test, masked.test)
    assert not len(masked.members) and not plain.at_test
    for members in masked.at_test.values():
        assert members.shape == (4, 60, 2)
        assert members.std(axis=0).max() > 0


def test_masks_at_test_are_scored_with_and_without_rescaling():
    trial = Trial("opinions", "LoRA", 0, mask_at_test=0.5, members=4, **SMALL)
    found = outcome(trial)
    table = scores.masked_at_test(
        [found, outcome(replace(trial, mask_at_test=None, members=0))]
    )
    assert sorted(set(table["masks"])) == ["rescaled", "unscaled"]
    assert sorted(set(table["predict"])) == ["ensemble", "single mask"]
    for name, members in found.at_test.items():
        together = np.mean([scores.softmax(m) for m in members], axis=0)
        expected = -np.log(together[np.arange(60), found.labels]).mean()
        row = table[(table["masks"] == name) & (table["predict"] == "ensemble")]
        assert row["nll"].item() == pytest.approx(expected)
    # unscaled masks shrink the update to a quarter, so they stay near the start
    rescaled, unscaled = (
        np.abs(members - found.test).mean() for members in found.at_test.values()
    )
    assert rescaled != unscaled


def test_ordinary_dropout_left_on_gives_members():
    trial = Trial("opinions", "LoRA + input dropout", 0, p=0.5, members=3, **SMALL)
    found = outcome(trial)
    assert found.members.std(axis=0).max() > 0


def test_members_of_a_method_without_masks_are_refused():
    with pytest.raises(ValueError, match="no dropout instances; allowed: members=0"):
        outcome(Trial("opinions", "BitFit", 0, members=2, **SMALL))
    with pytest.raises(ValueError, match="mask_at_test goes with method LoRA"):
        Trial("opinions", "BitFit", 0, mask_at_test=0.5, **SMALL)


def test_p_is_no_part_of_a_trial_that_drops_nothing():
    assert Trial("opinions", "LoRA", 0, p=0.5) == Trial("opinions", "LoRA", 0)


def test_unknown_names_get_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'opinions'"):
        Trial("opinion", "LoRA", 0)
    with pytest.raises(ValueError, match="did you mean 'AdaLoRA'"):
        Trial("opinions", "AdLoRA", 0)


def test_scores_are_those_of_the_logits():
    trial = Trial("opinions", "LoRA + LoRA Dropout", 0, p=0.5, members=4, **SMALL)
    found = outcome(trial)
    table = scores.table([found]).set_index("predict")
    mean = scores.softmax(found.test)
    assert table.loc["mean network", "accuracy"] == np.mean(
        mean.argmax(1) == found.labels
    )
    single = [
        -np.log(scores.softmax(m)[np.arange(60), found.labels]).mean()
        for m in found.members
    ]
    assert table.loc["single mask", "nll"] == pytest.approx(np.mean(single))
    together = np.mean([scores.softmax(m) for m in found.members], axis=0)
    expected = -np.log(together[np.arange(60), found.labels]).mean()
    assert table.loc["ensemble", "nll"] == pytest.approx(expected)
    # Jensen
    assert table.loc["ensemble", "nll"] <= table.loc["single mask", "nll"]


def test_the_member_sweep_uses_disjoint_sets():
    trial = Trial("opinions", "LoRA + LoRA Dropout", 0, p=0.5, members=4, **SMALL)
    found = outcome(trial)
    rows = {row["n"]: row for row in scores.member_sweep(found, (1, 2, 4))}
    table = scores.table([found]).set_index("predict")
    assert rows[1]["nll"] == pytest.approx(table.loc["single mask", "nll"])
    assert rows[4]["nll"] == pytest.approx(table.loc["ensemble", "nll"])
    assert rows[1]["nll"] >= rows[2]["nll"] >= rows[4]["nll"]
    with pytest.raises(ValueError, match="5 members of 4"):
        scores.member_sweep(found, (5,))


def test_equal_trials_run_once_and_the_plan_shares_them():
    plan = Plan(0.5, 2, {"opinions": 40}, {"opinions": 0.2}, {"opinions": 2}, 60)
    a, b = plan.trial("opinions", "LoRA", 0), plan.trial("opinions", "LoRA", 0)
    other = plan.trial("opinions", "LoRA", 1)
    found = outcomes([a, b, other], 1)
    assert len(found) == 2 and a.curves
    # the trial that the figures follow is the one that is masked for the ablation
    assert (a.mask_at_test, a.members) == (0.5, 1)
    assert not plan.trial("opinions", "LoRA", 0, rank=2).curves
    table = scores.table(found.values())
    assert len(per_seed(table, "nll", method="LoRA")) == 2
    with pytest.raises(ValueError, match="chooses 0 rows"):
        per_seed(table, "nll", method="BitFit")
