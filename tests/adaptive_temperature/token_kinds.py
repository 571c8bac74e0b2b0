"""Four small tokenizers that divide indented code in different ways, and a model."""

from __future__ import annotations

from functools import cache

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.trainers import BpeTrainer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SPECIAL = ["<pad>", "<bos>", "<eos>", "<unk>"]
CODE = """def mean(values):
    \"\"\"Return the mean of `values`.\"\"\"
    total = 0
    for value in values:
        if value > 0:
            total += value
        else:
            total -= 'é' and "x:"

    return total / len(values)


class Größe:
\tdef f(self):
\t\treturn {1: 'a'}\r
"""
KINDS = ("words", "bytes", "merged", "metaspace")


@cache
def tokenizer(kind: str) -> PreTrainedTokenizerFast:
    """``words``: indentation whole; ``bytes``: GPT-2's division, last blank with the
    word; ``merged``: any run may be one token; ``metaspace``: as sentencepiece."""
    core = {"words": _words, "bytes": _bytes, "merged": _merged}.get(kind, _metaspace)()
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        padding_side="left",
    )


def _words() -> Tokenizer:
    pieces = Regex(r"\n|(?<![^\n])[ \t]+| ?\w+| ?[^\s\w]+|\s")
    split = pre_tokenizers.Split(pieces, behavior="isolated")
    found = dict.fromkeys(piece for piece, _ in split.pre_tokenize_str(CODE))
    vocabulary = {word: i for i, word in enumerate([*SPECIAL, *found])}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    core.pre_tokenizer, core.decoder = split, decoders.Fuse()
    return core


def _trained(core: Tokenizer, size: int, special: list[str]) -> Tokenizer:
    trainer = BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())
        if isinstance(core.decoder, decoders.ByteLevel)
        else [],
        show_progress=False,
    )
    core.train_from_iterator([CODE] * 20, trainer)
    return core


def _bytes(regex: bool = True) -> Tokenizer:
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=regex
    )
    core.decoder = decoders.ByteLevel()
    return _trained(core, 330, SPECIAL)


def _merged() -> Tokenizer:
    core = _bytes(regex=False)
    core.add_tokens(["        ", ":\n    "])  # not special, as CodeGen's white space
    return core


def _metaspace() -> Tokenizer:
    core = Tokenizer(models.BPE(unk_token="<unk>"))
    core.normalizer = normalizers.Replace(" ", "▁")
    core.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return _trained(core, 150, [*SPECIAL, "<0x0A>", "<0xC3>"])


@cache
def model(kind: str, seed: int = 0) -> LlamaForCausalLM:
    """A network of random weights whose logits differ enough to matter."""
    torch.manual_seed(seed)
    words = tokenizer(kind)
    config = LlamaConfig(
        vocab_size=len(words) + 3,  # more than the tokenizer knows, as many models
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=128,
        pad_token_id=words.pad_token_id,
        bos_token_id=words.bos_token_id,
        eos_token_id=None,
    )
    network = LlamaForCausalLM(config).eval()
    network.lm_head.weight.data.mul_(60)
    return network
