"""Random weights in the architectures of paper scale, laid out as on the hub.

Only sizes differ from the real repositories: names of files, half precision where the
original has it, weights in one file or sharded, the kind of tokenizer.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import (
    CodeGenConfig,
    CodeGenForCausalLM,
    CodeGenTokenizer,
    DebertaV2Model,
    DebertaV2Tokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaTokenizer,
)
from transformers.convert_slow_tokenizer import bytes_to_unicode

from tests.lora_dropout.paper_models import WORDS, deberta_config

CHAT = (
    "{% for m in messages %}{% if m['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + m['content'] + ' [/INST]' }}{% endif %}{% endfor %}"
)


def deberta(folder: Path) -> None:
    """DeBERTaV3: body without a head, one pickle in half precision, SentencePiece."""
    torch.manual_seed(0)
    pieces = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "▁", *"abcdefghijklmnopqrstuvwxyz.?"]
    vocabulary = [(piece, -float(i)) for i, piece in enumerate(pieces)]
    words = [(f"▁{word}", -5.0) for word in WORDS if len(word) > 1]
    tokenizer = DebertaV2Tokenizer(
        vocab=[*vocabulary, *words, ("[MASK]", 0.0)], unk_id=3
    )
    tokenizer.save_pretrained(folder)
    config = deberta_config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=64,
        type_vocab_size=0,
    )
    model = DebertaV2Model(config).half()
    config.save_pretrained(folder)
    weights = {f"deberta.{name}": value for name, value in model.state_dict().items()}
    torch.save(weights, folder / "pytorch_model.bin")


def codegen(folder: Path) -> None:
    """CodeGen: one pickle in half precision, GPT-2's bytes as two text files."""
    torch.manual_seed(0)
    vocabulary = {piece: i for i, piece in enumerate(bytes_to_unicode().values())}
    vocabulary["<|endoftext|>"] = len(vocabulary)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    config = {"tokenizer_class": "CodeGenTokenizer", "model_max_length": 256}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    assert CodeGenTokenizer.from_pretrained(folder)("a")["input_ids"]
    model = CodeGenForCausalLM(
        CodeGenConfig(
            vocab_size=264,  # padded, as the original's
            n_positions=1024,
            n_ctx=1024,
            n_embd=32,
            n_layer=2,
            n_head=4,
            rotary_dim=4,
            bos_token_id=256,
            eos_token_id=256,
        )
    ).half()
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")


def llama(folder: Path, *, chat: bool = False, context: int = 256) -> None:
    """LLaMA2: sharded safetensors in half precision, bytes for unknown characters."""
    torch.manual_seed(0)
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{i:02X}>" for i in range(256))]
    pieces += ["▁", *map(chr, range(33, 127))]
    tokenizer = LlamaTokenizer(
        vocab={piece: i for i, piece in enumerate(pieces)}, merges=[]
    )
    if chat:
        tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=context,
            bos_token_id=1,
            eos_token_id=2,
        )
    ).half()
    model.save_pretrained(folder, max_shard_size="30KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 1
