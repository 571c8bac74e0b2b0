"""The two forms of `custom_generate` give what the processor gives."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GenerationConfig, dynamic_module_utils

from helpers.adaptive_temperature.generation import (
    adapt_decoding,
    write_custom_generate,
)
from helpers.adaptive_temperature.processor import AdapTLogitsProcessor
from tests.adaptive_temperature.test_processor import generated, inputs
from tests.adaptive_temperature.token_kinds import model, tokenizer

ADAPT: dict[str, Any] = {"a": 1.5, "b": 0.3, "rule": "line"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The written folder; what transformers copies of it stays in a folder, too."""
    cache = tmp_path / "modules"
    cache.mkdir()
    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(cache))
    monkeypatch.setattr(sys, "path", [*sys.path])
    return str(write_custom_generate(tmp_path / "adapt"))


@pytest.mark.parametrize("top_p", [1.0, 0.8])
def test_decoding_function_equals_the_processor(top_p: float) -> None:
    decode = adapt_decoding(tokenizer("words"), **ADAPT)
    adapt = AdapTLogitsProcessor(tokenizer("words"), **ADAPT)
    for seed in range(3):
        ours = generated("words", seed, custom_generate=decode, top_p=top_p)
        expected = generated("words", seed, logits_processor=[adapt], top_p=top_p)
        assert torch.equal(ours, expected)


def test_folder_equals_the_processor_and_needs_nothing_of_ours(folder: str) -> None:
    adapt = AdapTLogitsProcessor(tokenizer("words"), **ADAPT)
    ours = generated(
        "words",
        custom_generate=folder,
        trust_remote_code=True,
        tokenizer=tokenizer("words"),
        top_p=0.8,
        **ADAPT,
    )
    expected = generated("words", logits_processor=[adapt], top_p=0.8)
    assert torch.equal(ours, expected)
    files = sorted(Path(folder).rglob("*.py"))
    assert len(files) == 6
    for path in files:
        assert "import helpers" not in path.read_text("utf-8")
        assert "from helpers" not in path.read_text("utf-8")
    assert "- custom_generate" in (Path(folder) / "README.md").read_text("utf-8")


def test_folder_turns_top_k_off_unless_told_otherwise(folder: str) -> None:
    call = {"custom_generate": folder, "trust_remote_code": True, **ADAPT}
    words = tokenizer("words")
    adapt = AdapTLogitsProcessor(words, **ADAPT)
    config = GenerationConfig(do_sample=True, top_k=2, max_new_tokens=24)
    network, given = model("words"), {**inputs("words"), "tokenizer": words}
    torch.manual_seed(0)
    ours = network.generate(**given, max_new_tokens=24, **call)
    assert torch.equal(ours, generated("words", logits_processor=[adapt]))
    torch.manual_seed(0)
    narrow = network.generate(**given, generation_config=config, **call)
    expected = generated("words", logits_processor=[adapt], top_k=2)
    assert torch.equal(narrow, expected) and not torch.equal(narrow, ours)


def test_folder_refuses_what_would_go_wrong(folder: str) -> None:
    call = {"custom_generate": folder, "trust_remote_code": True}
    with pytest.raises(ValueError, match="pass tokenizer="):
        generated("words", **call)
    with pytest.raises(ValueError, match=r"temperature is 0\.5; allowed: 1"):
        generated("words", tokenizer=tokenizer("words"), temperature=0.5, **call)
    with pytest.raises(FileExistsError):
        write_custom_generate(Path(folder))


def test_decoding_function_refuses_what_would_go_wrong() -> None:
    decode = adapt_decoding(tokenizer("words"))
    with pytest.raises(ValueError, match=r"temperature is 0\.5; allowed: 1"):
        generated("words", custom_generate=decode, temperature=0.5)
    with pytest.raises(ValueError, match="num_beams=1"):
        generated("words", custom_generate=decode, num_beams=2)
