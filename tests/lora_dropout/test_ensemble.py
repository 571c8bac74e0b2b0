"""The ensemble: one pass against the loop, Jensen, modes, and what is refused."""

from __future__ import annotations

import pytest
import torch
from peft import get_peft_model
from torch import nn
from transformers import DebertaV2Config, DebertaV2ForSequenceClassification
from transformers.modeling_outputs import QuestionAnsweringModelOutput

from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.ensemble import (
    ensemble_predict,
    ensemble_probabilities,
    member_logits,
)
from helpers.lora_dropout.sampling import lora_dropout_sampling
from tests.lora_dropout.small_models import adapted, batch, bert, logits, randomised


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("reduce", ["prob", "logit"])
def test_one_pass_equals_the_loop(n, reduce) -> None:
    model = adapted(mask_p=0.5)
    found = [
        ensemble_predict(model, batch(), n, reduce=reduce, seed=3, one_pass=one)
        for one in (True, False)
    ]
    assert found[0].shape == (5, 3)
    torch.testing.assert_close(found[0].sum(dim=1), torch.ones(5))
    torch.testing.assert_close(*found, rtol=0, atol=1e-6)


def test_against_a_loop_of_contexts() -> None:
    model, rows = adapted(), []
    for member in range(4):
        with lora_dropout_sampling(model, members=[member], seed=1):
            rows.append(logits(model))
    rows = torch.stack(rows)
    close = {"rtol": 0, "atol": 2e-6}
    torch.testing.assert_close(member_logits(model, batch(), 4, seed=1), rows, **close)
    mean = rows.softmax(-1).mean(0)
    found = ensemble_predict(model, batch(), 4, seed=1)
    torch.testing.assert_close(found, mean, **close)
    found = ensemble_predict(model, batch(), 4, seed=1, reduce="logit")
    torch.testing.assert_close(found, rows.mean(0).softmax(-1), **close)
    assert (mean - found).abs().max() > 1e-5


def test_members_are_nested_and_seeded() -> None:
    model = adapted()
    eight = member_logits(model, batch(), 8, one_pass=False)
    three = member_logits(model, batch(), 3, one_pass=False)
    assert torch.equal(eight[:3], three)
    assert not torch.allclose(member_logits(model, batch(), 3, seed=1), three)


def test_the_default_is_the_adapter_s_number() -> None:
    assert len(member_logits(adapted(n_test=3), batch())) == 3


@pytest.mark.parametrize("reduce", ["prob", "logit"])
def test_jensen_for_every_example(reduce) -> None:
    model, inputs = adapted(mask_p=0.7), batch(40)
    found = 30 * member_logits(model, inputs, 8)  # confident ones: the gap is wide
    labels = inputs["labels"]
    mean = torch.stack(
        [nn.functional.cross_entropy(one, labels, reduction="none") for one in found]
    ).mean(0)
    ensemble = ensemble_probabilities(found, reduce)
    loss = -ensemble[torch.arange(40), labels].log()
    assert (loss <= mean + 1e-5).all() and (mean - loss).max() > 0.01


def test_without_masks_the_ensemble_is_the_model() -> None:
    model = adapted(mask_p=0.0)
    torch.testing.assert_close(
        ensemble_predict(model, batch(), 4), logits(model).softmax(-1)
    )


def test_the_mode_of_every_module_stays() -> None:
    model = randomised(
        get_peft_model(
            bert(dropout=0.5), LoraDropoutConfig(target_modules=["query"], r=4)
        )
    )
    model.train()
    model.base_model.model.bert.embeddings.eval()
    before = [module.training for module in model.modules()]
    found = ensemble_predict(model, batch(), 2)
    assert [module.training for module in model.modules()] == before
    # the base model's own dropout is no part of the ensemble
    assert torch.equal(found, ensemble_predict(model.eval(), batch(), 2))


def test_no_gradient_and_no_global_generator() -> None:
    state = torch.get_rng_state()
    assert not ensemble_predict(adapted(seed=0), batch(), 2).requires_grad
    model = adapted()
    state = torch.get_rng_state()
    ensemble_predict(model, batch(), 2)
    assert torch.equal(torch.get_rng_state(), state)


class Plain(nn.Module):
    """Returns what it is told to, from an input and a flag that is no tensor."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.kind = nn.Linear(4, 3), kind

    def forward(self, x, scale=1.0, flag=None, labels=None):
        assert labels is None  # a prediction does not need the loss
        out = self.layer(x) * scale
        if self.kind == "tensor":
            return out
        if self.kind == "dict":
            return {"logits": out}
        return QuestionAnsweringModelOutput(start_logits=out, end_logits=-out)


def plain(kind: str, **options):
    config = LoraDropoutConfig(target_modules=["layer"], r=2, **options)
    return randomised(get_peft_model(Plain(kind), config)).eval()


@pytest.mark.parametrize("kind", ["tensor", "dict"])
def test_models_of_other_libraries(kind) -> None:
    inputs = {"x": torch.randn(5, 4), "scale": torch.tensor(2.0), "flag": "text"}
    inputs["labels"] = torch.zeros(5)
    found = [member_logits(plain(kind), inputs, 3, one_pass=o) for o in (True, False)]
    assert found[0].shape == (3, 5, 3)
    torch.testing.assert_close(*found)


def test_outputs_without_logits() -> None:
    model, inputs = plain("spans"), {"x": torch.randn(5, 4)}
    with pytest.raises(TypeError, match="without `logits`; pass `extract`"):
        member_logits(model, inputs, 2)

    def spans(outputs):
        return torch.stack([outputs.start_logits, outputs.end_logits], dim=1)

    found = ensemble_predict(model, inputs, 3, extract=spans)
    assert found.shape == (5, 2, 3)
    torch.testing.assert_close(found.sum(-1), torch.ones(5, 2))


def deberta() -> nn.Module:
    """Its query and key layers also see the relative positions, not only examples."""
    torch.manual_seed(0)
    config = DebertaV2Config(
        vocab_size=50,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        share_att_key=True,
        position_buckets=8,
        num_labels=3,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = DebertaV2ForSequenceClassification(config)
    names = ["query_proj", "key_proj", "value_proj", "intermediate.dense"]
    return randomised(
        get_peft_model(model, LoraDropoutConfig(target_modules=names, r=4))
    ).eval()


def test_deberta_member_by_member() -> None:
    model = deberta()
    with pytest.raises(ValueError, match="one_pass=False"):
        member_logits(model, batch(4), 2)
    found = member_logits(model, batch(4), 2, one_pass=False)
    assert found.shape == (2, 4, 3) and not torch.allclose(found[0], found[1])


def test_a_regression_has_no_probabilities() -> None:
    with pytest.raises(ValueError, match=r"member_logits\(\.\.\.\)\.mean"):
        ensemble_probabilities(torch.zeros(2, 5, 1))


def test_half_precision_is_averaged_in_single() -> None:
    found = ensemble_probabilities(torch.randn(4, 5, 3).bfloat16())
    assert found.dtype == torch.float32


def test_bad_arguments() -> None:
    model = adapted()
    with pytest.raises(ValueError, match="did you mean 'prob'"):
        ensemble_predict(model, batch(), reduce="probs")
    with pytest.raises(ValueError, match="`n` must be an integer of at least 1"):
        ensemble_predict(model, batch(), 0)
    with pytest.raises(ValueError, match=r"first dimensions.*'mask': 4"):
        ensemble_predict(model, {"ids": torch.ones(5, 2), "mask": torch.ones(4, 2)})
    with pytest.raises(ValueError, match="has LoRA Dropout; allowed"):
        ensemble_predict(bert(), batch(), 2)
