import json

import pandas as pd
import pytest
import torch

from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.tokenizers import word_tokenizer
from helpers.tiny_lm.training import Recipe

TEXT = "def f(x):\n    return x\n"


@pytest.fixture
def parts():
    tokenizer = word_tokenizer([TEXT])
    model = TinyConfig(len(tokenizer), layers=1, width=16, heads=2).model(0)
    row = {"step": 2, "loss": 1.5, "rate": 0.1, "tokens": 80, "seconds": 0.25}
    log = pd.DataFrame([{**row, "step": 1, "loss": 2.25}, row])
    about = {"recipe": Recipe(steps=2), "log": log, "corpus": {"name": "one line"}}
    return model, tokenizer, about


def test_what_was_saved_comes_back(parts, tmp_path):
    model, tokenizer, about = parts
    before = {name: p.clone() for name, p in model.state_dict().items()}
    saved = checkpoint.save(tmp_path / "c", model, tokenizer, **about)
    assert all(torch.equal(before[n], p) for n, p in model.state_dict().items())
    assert model.dtype == torch.float32
    again, words, card = checkpoint.load(tmp_path / "c")
    assert card == saved
    assert (card.tokens, card.seconds, card.loss) == (80, 0.2, 1.5)
    assert Recipe(**card.recipe) == about["recipe"]
    assert card.corpus == {"name": "one line"} and len(card.sha256) == 64
    assert set(card.versions) == {"python", "torch", "transformers", "tokenizers"}
    assert again.dtype == torch.float32 and not again.training
    for name, weight in again.state_dict().items():
        assert torch.equal(weight, before[name].half().float())
    assert again.lm_head.weight is again.model.embed_tokens.weight
    assert words(TEXT)["input_ids"] == tokenizer(TEXT)["input_ids"]
    pd.testing.assert_frame_equal(
        checkpoint.log(tmp_path / "c"), about["log"], atol=0.1
    )
    stored = json.loads((tmp_path / "c" / "config.json").read_text())
    assert stored["dtype"] == "float16"
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_a_loaded_model_generates(parts, tmp_path):
    model, tokenizer, about = parts
    checkpoint.save(tmp_path, model, tokenizer, **about)
    model, tokenizer, _ = checkpoint.load(tmp_path)
    prompts = tokenizer(["def", "def f(x):\n"], padding=True, return_tensors="pt")
    out = model.generate(**prompts, max_new_tokens=5, do_sample=False)
    alone = tokenizer(["def"], return_tensors="pt")
    one = model.generate(**alone, max_new_tokens=5, do_sample=False)
    assert out[0, -len(one[0]) :].tolist() == one[0].tolist()


def test_other_weights_are_noticed(parts, tmp_path):
    model, tokenizer, about = parts
    checkpoint.save(tmp_path, model, tokenizer, **about)
    path = tmp_path / "model.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ValueError, match="SHA-256"):
        checkpoint.load(tmp_path)


def test_a_checkpoint_replaces_a_checkpoint_and_nothing_else(
    parts, tmp_path, monkeypatch
):
    model, tokenizer, about = parts
    old, other = tmp_path / "old", tmp_path / "other"
    checkpoint.save(old, model, tokenizer, **about)
    (old / "left over").touch()
    checkpoint.save(old, model, tokenizer, **about)
    assert not (old / "left over").exists()
    other.mkdir()
    (other / "thesis.txt").touch()
    with pytest.raises(ValueError, match="something else"):
        checkpoint.save(other, model, tokenizer, **about)
    # what cannot be saved leaves the old one in place, and no traces
    monkeypatch.setattr(checkpoint, "LARGEST", 1000)
    with pytest.raises(ValueError, match="allowed: 0 MB"):
        checkpoint.save(old, model, tokenizer, **about)
    checkpoint.load(old)
    model.model.norm.weight.data[0] = 1e6
    with pytest.raises(ValueError, match=r"model\.norm\.weight.*half precision"):
        checkpoint.save(old, model, tokenizer, **about)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old", "other"]
    assert [p.name for p in other.iterdir()] == ["thesis.txt"]


def test_a_folder_without_a_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="retrain"):
        checkpoint.load(tmp_path / "none")
