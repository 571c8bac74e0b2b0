"""Frozen lower layers and trained top layers are together the whole encoder."""

import copy
import importlib.util

import pytest
import torch
from peft import AdaLoraConfig, LoraConfig, get_peft_model
from torch import nn
from transformers import BertConfig, BertModel

from helpers.lora_dropout import encoder as module
from helpers.lora_dropout.baselines import Setting, build
from helpers.lora_dropout.encoder import (
    PACKAGE,
    TARGETS,
    Encoder,
    Features,
    hidden_states,
    load_encoder,
)
from helpers.lora_dropout.top_layers import TopLayers, input_modules
from helpers.torch_threads import single_thread

TEXTS = [
    "Return the sum of the array elements over a given axis.",
    "Draw.",
    "the pacing was far from boring for the most part",
    "Compute eigenvalues",
]
PAIRS = [("A man sleeps.", "He is awake."), ("Rain fell all day long.", "It rained.")]


@pytest.fixture(scope="module")
def encoder():
    if importlib.util.find_spec(PACKAGE) is None:
        pytest.skip(f"needs the package {PACKAGE}")
    return load_encoder(fallback=False)


@pytest.fixture
def tiny():
    """Four random layers; words are hashed into tokens."""

    class Tokenizer:
        def __call__(self, first, second=None, *, truncation, max_length):
            assert truncation and second is None
            ids = [[1 + len(w) % 9 for w in t.split()][:max_length] for t in first]
            return {"input_ids": ids, "token_type_ids": [[0] * len(i) for i in ids]}

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=10,
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=64,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    return Encoder("tiny", model, Tokenizer(), "")


def whole(encoder, texts, **kwargs):
    """First token that the whole model leaves, one text at a time."""
    rows = []
    for text in texts:
        text = text if isinstance(text, tuple) else (text,)
        coded = encoder.tokenizer(*text, return_tensors="pt", **kwargs)
        with torch.no_grad():
            rows.append(encoder.model(**coded).last_hidden_state[0, 0])
    return torch.stack(rows)


@pytest.mark.parametrize("top_layers", [1, 2, 6])
@pytest.mark.parametrize("texts", [TEXTS, PAIRS])
def test_split_model_is_the_whole_model(encoder, texts, top_layers):
    features = hidden_states(encoder, texts, top_layers=top_layers, progress=False)
    top = TopLayers(encoder, 2, top_layers=top_layers).eval()
    with torch.no_grad():
        found = top.pooled(**features.batch(slice(None)))
    assert (found - whole(encoder, texts)).abs().max() < 1e-5


def test_long_texts_are_cut(encoder):
    features = hidden_states(encoder, TEXTS, max_tokens=6, progress=False)
    assert features.mask.sum(dim=1).tolist() == [6, 4, 6, 6]
    top = TopLayers(encoder, 2).eval()
    with torch.no_grad():
        found = top.pooled(**features.batch(slice(None)))
    expected = whole(encoder, TEXTS, truncation=True, max_length=6)
    assert (found - expected).abs().max() < 1e-5


def test_weights_are_the_expected_ones(encoder, monkeypatch):
    assert encoder.sha256 == module.SHA256
    monkeypatch.setattr(module, "SHA256", "0" * 64)
    with pytest.raises(
        ValueError, match=r"model\.safetensors has SHA-256 53aa51172d14"
    ):
        load_encoder()


def test_absent_package_without_fallback(monkeypatch):
    monkeypatch.setattr(module, "PACKAGE", "no_such_package_for_encoders")
    with pytest.raises(ModuleNotFoundError, match="fallback=True"):
        load_encoder(fallback=False)


def test_batch_size_and_order_change_nothing(tiny):
    texts = ["a bb ccc dddd eeeee", "a", "bb a", "ccc a bb", "a a a a a a a"]
    one = hidden_states(tiny, texts, batch_size=1, progress=False)
    many = hidden_states(tiny, texts, batch_size=5, progress=False)
    assert torch.equal(one.mask, many.mask)
    assert (one.hidden - many.hidden).abs().max() < 1e-5
    assert one.hidden.dtype == torch.float32 and one.mask.dtype == torch.bool
    assert len(one) == 5 and one.hidden.shape == (5, 7, 16)


def test_take_drops_padding_but_no_token(tiny):
    features = hidden_states(tiny, ["a a a a", "a", "b b"], progress=False)
    taken = features.take([2, 1])
    assert taken.mask.tolist() == [[True, True], [True, False]]
    assert torch.equal(taken.hidden[0], features.hidden[2, :2])
    top = TopLayers(tiny, 3).eval()
    with torch.no_grad():
        whole_batch = top(**features.batch(slice(None))).logits
        part = top(**features.batch(torch.tensor([2, 1]))).logits
    assert (part - whole_batch[[2, 1]]).abs().max() < 1e-5


@pytest.mark.parametrize("method", ["LoRA", "AdaLoRA", "BitFit", "Full fine-tuning"])
def test_known_products_change_nothing(tiny, method):
    texts, labels = ["a bb ccc", "a", "bb a"], torch.tensor([0, 1, 1])
    found = {}
    for products in (False, True):
        features = hidden_states(tiny, texts, products=products, progress=False)
        batch = features.batch([2, 0])
        assert ("products" in batch) == products
        torch.manual_seed(0)
        model = build(method, TopLayers(tiny, 2), Setting(rank=2, steps=20))
        out = model(**batch, labels=labels[:2])
        out.loss.backward()
        slopes = [w.grad for w in model.parameters() if w.grad is not None]
        found[products] = [out.logits, *slopes]
        # for the next call they are forgotten
        plain = {k: v for k, v in batch.items() if k != "products"}
        torch.testing.assert_close(model(**plain).logits, out.logits)
        if method == "LoRA":  # and what was merged is multiplied again
            query = model.base_model.model.layers[0].attention.self.query
            nn.init.normal_(query.lora_B["default"].weight)
            model.merge_adapter()
            torch.testing.assert_close(model(**batch).logits, model(**plain).logits)
            assert not torch.allclose(model(**plain).logits, out.logits)
    for with_them, without in zip(found[True], found[False], strict=True):
        torch.testing.assert_close(with_them, without, atol=1e-5, rtol=1e-4)


def test_known_products_spare_the_multiplication(tiny):
    batch = hidden_states(tiny, ["a bb"], products=True, progress=False).batch([0])
    top = TopLayers(tiny, 2).requires_grad_(False)
    for matrix in input_modules(top.layers[0]):
        matrix.weight.fill_(float("nan"))
    assert top(**batch).logits.isfinite().all()
    batch.pop("products")
    assert top(**batch).logits.isnan().all()


def test_loss_is_cross_entropy_and_labels_are_optional(tiny):
    batch = hidden_states(tiny, ["a bb", "ccc"], progress=False).batch([0, 1])
    top = TopLayers(tiny, 3).eval()
    out = top(**batch, labels=torch.tensor([2, 0]))
    chosen = out.logits.log_softmax(dim=1)[[0, 1], [2, 0]]
    assert out.loss.item() == pytest.approx(-chosen.mean().item(), abs=1e-6)
    assert top(**batch).loss is None


def test_base_dropout_can_be_switched_off_and_on(tiny):
    batch = hidden_states(tiny, ["a bb ccc"] * 4, progress=False).batch(slice(None))
    quiet, noisy = TopLayers(tiny, 2).train(), TopLayers(tiny, 2, dropout=0.5).train()
    assert torch.equal(quiet(**batch).logits, quiet.eval()(**batch).logits)
    assert not torch.allclose(noisy(**batch).logits, noisy(**batch).logits)


def test_training_the_copy_leaves_the_encoder_alone(tiny):
    before = copy.deepcopy(tiny.model.state_dict())
    top = TopLayers(tiny, 2, top_layers=2, dropout=0.3)
    with torch.no_grad():
        for weight in top.parameters():
            weight.add_(1)
    after = tiny.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert tiny.model.config.num_hidden_layers == 4
    assert tiny.model.encoder.layer[3].output.dropout.p == 0.1


def test_head_depends_on_its_seed_only(tiny):
    torch.manual_seed(5)
    one = TopLayers(tiny, 2, seed=1).head.weight
    torch.manual_seed(6)
    assert torch.equal(one, TopLayers(tiny, 2, seed=1).head.weight)
    assert not torch.equal(one, TopLayers(tiny, 2, seed=2).head.weight)


@pytest.mark.parametrize("kind", ["lora", "adalora"])
def test_peft_adapts_the_six_matrices(tiny, kind):
    common = {"target_modules": list(TARGETS), "modules_to_save": ["head"]}
    config = (
        LoraConfig(r=2, **common)
        if kind == "lora"
        else AdaLoraConfig(init_r=2, target_r=1, total_step=10, **common)
    )
    top = TopLayers(tiny, 2, top_layers=2)
    batch = hidden_states(tiny, ["a bb", "ccc"], top_layers=2, progress=False)
    model = get_peft_model(top, config)
    adapted = {
        name.split("layers.")[1].split(".lora_A")[0]
        for name, _ in model.named_parameters()
        if "lora_A" in name
    }
    assert len(adapted) == 2 * 6
    with single_thread():
        out = model(**batch.batch([0, 1]), labels=torch.tensor([0, 1]))
        out.loss.backward()
    assert model.base_model.model.head.modules_to_save.default.weight.grad is not None


def test_runs_under_autocast(tiny):
    batch = hidden_states(tiny, ["a bb ccc", "a"], progress=False).batch([0, 1])
    top = TopLayers(tiny, 2).eval()
    with torch.autocast("cpu", torch.bfloat16):
        low = top(**batch, labels=torch.tensor([0, 1]))
    assert low.loss.dtype == torch.float32
    assert (low.logits.float() - top(**batch).logits).abs().max() < 0.05


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"top_layers": 5}, "top_layers is 5; allowed: 1 to 4"),
        ({"max_tokens": 99}, "max_tokens is 99; allowed: 3 to 64"),
        ({"texts": []}, "no text"),
        ({"texts": ["a", ("b", "c")]}, "some texts are pairs"),
    ],
)
def test_bad_requests(tiny, arguments, message):
    with pytest.raises(ValueError, match=message):
        hidden_states(tiny, **{"texts": ["a"], **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": 1}, "classes is 1"),
        ({"top_layers": 0}, "top_layers is 0; allowed: 1 to 4"),
        ({"dropout": 1.0}, "dropout is 1.0"),
    ],
)
def test_bad_top_layers(tiny, arguments, message):
    with pytest.raises(ValueError, match=message):
        TopLayers(tiny, **{"classes": 2, **arguments})


def test_features_must_agree():
    with pytest.raises(ValueError, match=r"allowed: \(n, t, d\) and \(n, t\)"):
        Features(torch.zeros(2, 3, 4), torch.ones(2, 4, dtype=torch.bool))
