"""Instruction tuning of a tiny Llama, and MMLU's interface."""

from __future__ import annotations

import importlib.machinery
import json
import sys
import types

import pytest
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from helpers.lora_dropout import paper_instructions
from helpers.lora_dropout.ensemble import member_logits
from helpers.lora_dropout.paper_instructions import (
    Instruction,
    fine_tune_instructions,
    read_instructions,
    tokens,
    tuned_model,
)
from helpers.lora_dropout.paper_mmlu import mmlu
from helpers.lora_dropout.paper_recipes import Adaptation, InstructionRecipe
from tests.lora_dropout.paper_models import WORDS, StopAt, tokenizer

RECIPE = InstructionRecipe(
    epochs=1, batch=8, micro_batch=2, warmup=1, max_tokens=60, save_every=1, rate=3e-3
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llama")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=5 + len(WORDS),
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    words = tokenizer(folder)
    words.eos_token = "[SEP]"
    words.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    rows = [
        {"instruction": f"who saw {w} ?", "input": w * (i % 2), "output": f"the {w}"}
        for i, w in enumerate(WORDS[:8] * 2 + WORDS[:4])
    ]
    path = tmp_path_factory.mktemp("data") / "alpaca.json"
    path.write_text(json.dumps(rows))
    return path


def run(work, model, data, method="LoRA + LoRA Dropout", **options):
    chosen = Adaptation(method, rank=2, instances=2, members=2)
    usual = {"recipe": RECIPE, "progress": False}
    return fine_tune_instructions(
        chosen, work=work, model=model, data=data, **usual | options
    )


def adapter(work) -> dict[str, torch.Tensor]:
    network, _ = tuned_model(work, device="cpu")
    return {k: v for k, v in network.state_dict().items() if "lora_" in k}


@pytest.mark.parametrize("method", ["LoRA", "LoRA + LoRA Dropout"])
def test_stopped_and_resumed_is_as_never_stopped(tmp_path, model, data, method):
    whole = run(tmp_path / "a", model, data, method)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "b", model, data, method, callbacks=[StopAt(2)])
    resumed = run(tmp_path / "b", model, data, method)
    assert (whole.steps, whole.examples, whole.dropped) == (3, 20, 0)
    a, b = adapter(tmp_path / "a"), adapter(tmp_path / "b")
    assert a.keys() == b.keys() and len(a) == 2 * 7 * 2
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert any(bool(v.any()) for k, v in a.items() if "lora_B" in k)
    assert run(tmp_path / "b", model, data, method) == resumed


def test_checkpointing_recomputes_with_the_same_masks(
    tmp_path, model, data, monkeypatch
):
    run(tmp_path / "with", model, data)
    build = paper_instructions._arguments

    def without(*args):
        found = build(*args)
        assert found["gradient_checkpointing"]
        return {**found, "gradient_checkpointing": False}

    monkeypatch.setattr(paper_instructions, "_arguments", without)
    run(tmp_path / "without", model, data)
    a, b = adapter(tmp_path / "with"), adapter(tmp_path / "without")
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=1e-4, atol=1e-6)


def test_tuned_model_has_members_only_with_dropout(tmp_path, model, data):
    run(tmp_path / "masked", model, data)
    network, words = tuned_model(tmp_path / "masked", device="cpu")
    batch = dict(words("who saw the fox ?", return_tensors="pt"))
    found = member_logits(network, batch, 2, one_pass=False)
    assert not torch.equal(found[0], found[1]) and not network.training
    run(tmp_path / "plain", model, data, "LoRA")
    with pytest.raises(ValueError, match="No layer"):
        member_logits(tuned_model(tmp_path / "plain", device="cpu")[0], batch, 2)
    with pytest.raises(FileNotFoundError, match="no finished run"):
        tuned_model(tmp_path)


def test_bfloat16_weights_with_float32_adapters(tmp_path, model, data):
    found = run(tmp_path, model, data, precision="bf16")
    network, _ = tuned_model(tmp_path, device="cpu")
    kinds = {("lora_" in k, v.dtype) for k, v in network.named_parameters()}
    assert kinds == {(True, torch.float32), (False, torch.bfloat16)}
    assert 0 < found.loss < 10


def test_the_loss_is_on_the_answer_and_its_end(model):
    words = AutoTokenizer.from_pretrained(model)
    one = Instruction("who ran ?", "a dog", "the fox ran")
    row = tokens(one, words, 60)
    asked = [i for i, label in enumerate(row["labels"]) if label != -100]
    assert words.decode([row["input_ids"][i] for i in asked]) == "the fox ran [SEP]"
    assert asked == list(range(asked[0], len(row["input_ids"])))
    assert len(row["attention_mask"]) == len(row["labels"])
    cut = tokens(one, words, asked[0] + 1)
    assert cut["labels"][-1] == row["labels"][asked[0]]
    assert tokens(one, words, asked[0]) is None


def test_template_with_and_without_an_input():
    bare = Instruction("Do it.", "", "ok").prompt
    full = Instruction("Do it.", "This.", "ok").prompt
    assert "Input" not in bare and "paired" not in bare
    assert full.endswith(
        "### Instruction:\nDo it.\n\n### Input:\nThis.\n\n### Response:\n"
    )
    assert full.startswith(bare.split(".")[0] + ", paired")


def test_prompts_that_fill_the_window_are_counted(tmp_path, model, data):
    rows = json.loads(data.read_text())
    rows[0]["instruction"] = "a " * 80
    path = tmp_path / "long.json"
    path.write_text(json.dumps(rows))
    found = run(tmp_path / "run", model, path)
    assert (found.examples, found.dropped) == (19, 1)
    short = InstructionRecipe(max_tokens=3)
    with pytest.raises(ValueError, match="leaves no answer"):
        run(tmp_path / "none", model, path, recipe=short)


def test_wrong_input(tmp_path, model, data):
    with pytest.raises(ValueError, match="allowed: LoRA, LoRA"):
        run(tmp_path, model, data, "AdaLoRA")
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        run(tmp_path, model, tmp_path / "nothing.json")
    path = tmp_path / "wrong.json"
    for content in ('[{"question": 1}]', '{"a": 1}', "[]"):
        path.write_text(content)
        with pytest.raises(ValueError, match=r"wrong\.json"):
            read_instructions(path)


def fake_harness(monkeypatch, seen) -> None:
    """lm-eval's two entry points; the model is asked for the logits of one prompt."""

    class HFLM:
        def __init__(self, pretrained, tokenizer, batch_size):
            self.model, self.tokenizer = pretrained, tokenizer

        def _model_call(self, inps, attn_mask=None, labels=None):
            with torch.no_grad():
                return self.model(inps).logits

    def simple_evaluate(model, tasks, num_fewshot, limit, task_manager):
        assert num_fewshot == 0
        seen.append(model._model_call(torch.tensor([[5, 6, 7]])))
        scores = {"acc,none": 0.25, "acc_stderr,none": 0.1, "alias": "x"}
        return {"results": {tasks[0]: scores, "other": {"exact": 1}}}

    package = types.ModuleType("lm_eval")
    package.__spec__ = importlib.machinery.ModuleSpec("lm_eval", None)
    package.simple_evaluate = simple_evaluate
    part = types.ModuleType("lm_eval.models.huggingface")
    part.HFLM = HFLM
    monkeypatch.setitem(sys.modules, "lm_eval", package)
    monkeypatch.setitem(sys.modules, "lm_eval.models", types.ModuleType("models"))
    monkeypatch.setitem(sys.modules, "lm_eval.models.huggingface", part)


def test_mmlu_asks_the_network_or_its_ensemble(tmp_path, model, data, monkeypatch):
    run(tmp_path, model, data)
    network, words = tuned_model(tmp_path, device="cpu")
    seen: list[torch.Tensor] = []
    fake_harness(monkeypatch, seen)
    for members in (0, 3):
        assert mmlu(network, words, members=members) == {"mmlu": 0.25}
    ids = {"input_ids": torch.tensor([[5, 6, 7]])}
    with torch.no_grad():
        torch.testing.assert_close(seen[0], network(**ids).logits)
    mean = member_logits(network, ids, 3, one_pass=False).softmax(-1).mean(0)
    torch.testing.assert_close(seen[1].exp(), mean)


def test_mmlu_needs_its_package_and_masks(model, monkeypatch):
    network = LlamaForCausalLM.from_pretrained(model)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install"):
        mmlu(network, None)
    monkeypatch.undo()
    fake_harness(monkeypatch, [])
    with pytest.raises(ValueError, match="No layer"):
        mmlu(network, None, members=2)
