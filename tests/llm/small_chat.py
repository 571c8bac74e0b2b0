"""An untrained decoder with a chat template, as small as can be, in a folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from transformers import GenerationConfig

from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.tokenizers import word_tokenizer

WORDS = "Name a tree . oak elm ash fir yew 1 2 3 user: model:"
TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'system' %}"
    "{{ raise_exception('no system role') }}{% endif %}"
    "{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}model:{% endif %}"
)


@cache
def decoder(context: int = 64) -> tuple[Any, Any]:
    """Two layers of width 32; likeliest tokens differ by little, so all occur."""
    tokenizer = word_tokenizer([WORDS], context=context)
    shape = TinyConfig(len(tokenizer), layers=2, width=32, heads=2, context=context)
    return shape.model(0).eval(), tokenizer


def save(folder: Path, *, template: bool = True) -> Path:
    model, tokenizer = decoder()
    model.save_pretrained(folder)
    # what servers go by: without it, `transformers serve` takes the likeliest token
    # whatever temperature it is asked for
    GenerationConfig(do_sample=True).save_pretrained(folder)
    tokenizer.chat_template = TEMPLATE if template else None
    tokenizer.save_pretrained(folder)
    tokenizer.chat_template = None
    return folder
