"""Tokens per second of `generate` with AdapT against plain temperature sampling.

Two decoders of random weights, one of the size that the chapter trains (where the
sampler's share of the time is largest) and one with the vocabulary of a code model, at
batches of 1, 16 and 64. A fifth of the vocabulary is newlines and indentation, as of a
program's tokens. Aim: 0.98 times the tokens per second of plain temperature.

Both take their turn in every round, and the ratio is the median over rounds, of
processor seconds: on a machine that does other work wall time says little. Exit status
1 if AdapT with equal temperatures does not draw the very tokens of plain sampling; the
aim is printed, not enforced. The sandbox has a benchmark of its own, `sandbox.py`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from helpers.adaptive_temperature.samplers import Sampler
from helpers.adaptive_temperature.token_flags import TokenFlags
from helpers.torch_threads import single_thread

AIM = 0.98
BATCHES = (1, 16, 64)
PLAIN = Sampler("plain temperature", a=0.8)
OURS = [
    Sampler("AdapT, line-word", "line-word", 0.8, 0.3),
    Sampler("AdapT, block", "block", 0.8, 0.3),
    Sampler("random positions", "random", 0.8, 0.3, share=0.1),
    Sampler("entropy (EDT)", "entropy", 0.8, theta=0.1),
]
BLANK = ("\n", "    ", "        ", ":\n    ", '"""\n    ')


@dataclass(frozen=True)
class Size:
    """Dimensions of a decoder, and new tokens of each call."""

    name: str
    layers: int
    width: int
    vocabulary: int
    tokens: int


SIZES = [
    Size("the chapter's decoder, 4 x 128, 256 tokens", 4, 128, 256, 48),
    Size("6 x 384, 32,000 tokens", 6, 384, 32_000, 12),
]
TINY = [Size("tiny, 1 x 16, 50 tokens", 1, 16, 50, 6)]


def model_of(size: Size) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.width,
        intermediate_size=4 * size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.width // 16,
        max_position_embeddings=256,
        pad_token_id=0,
        eos_token_id=None,  # every call draws the same number of tokens
    )
    return LlamaForCausalLM(config).eval()


def flags_of(size: Size) -> TokenFlags:
    """Every fifth entry is a newline, an indentation, or ends with them."""
    return TokenFlags(
        tuple(
            BLANK[i // 5 % len(BLANK)] if i % 5 == 0 else f" word{i}"
            for i in range(size.vocabulary)
        )
    )


def seconds_of(model: Any, ids: Tensor, tokens: int, arguments: dict) -> float:
    torch.manual_seed(0)
    begun = time.process_time()
    model.generate(ids, max_new_tokens=tokens, **arguments)
    return time.process_time() - begun


def measure(size: Size, batches: Sequence[int], repeats: int) -> None:
    """Print tokens per second, and what each sampler has of plain sampling's."""
    model, flags = model_of(size), flags_of(size)
    calls = {s.name: s.generate_kwargs(flags) for s in (PLAIN, *OURS)}
    for batch in batches:
        ids = torch.randint(1, size.vocabulary, (batch, 32))
        ratios: dict[str, list[float]] = {name: [] for name in calls}
        plain_seconds = []
        for round_ in range(repeats + 1):
            order = list(calls) if round_ % 2 else list(calls)[::-1]
            found = {n: seconds_of(model, ids, size.tokens, calls[n]) for n in order}
            if round_:  # the first one warms up
                plain_seconds.append(found[PLAIN.name])
                for name, seconds in found.items():
                    ratios[name].append(found[PLAIN.name] / seconds)
        speed = batch * size.tokens / statistics.median(plain_seconds)
        print(f"  batch {batch:3}: {PLAIN.name} {speed:10,.0f} tokens/s")
        for name in list(calls)[1:]:
            note = f"   (aim {AIM:g} x)" if name.startswith("AdapT") else ""
            ratio = statistics.median(ratios[name])
            print(f"    {name + ' / ' + PLAIN.name:42}{ratio:8.3f} x{note}")


def agree(size: Size) -> bool:
    """Whether equal temperatures draw the tokens of plain sampling, to the last."""
    model, flags = model_of(size), flags_of(size)
    ids = torch.randint(1, size.vocabulary, (4, 8))
    drawn = []
    for sampler in (PLAIN, Sampler("equal", "line-word", PLAIN.a, PLAIN.a)):
        torch.manual_seed(1)
        given = sampler.generate_kwargs(flags)
        drawn.append(model.generate(ids, max_new_tokens=size.tokens, **given))
    return torch.equal(*drawn)


def main(arguments: Sequence[str] | None = None) -> int:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="a look that it runs")
    given = parser.parse_args(arguments)
    if given.repeats < 1:
        parser.error("--repeats must be at least 1")
    print(f"{os.cpu_count()} cores, one thread, load {os.getloadavg()[0]:.1f}")
    begun, same = time.perf_counter(), True
    with single_thread():
        for size in TINY if given.quick else SIZES:
            print(f"\n{size.name}")
            batches = BATCHES[:1] if given.quick else BATCHES
            measure(size, batches, 1 if given.quick else given.repeats)
            same &= agree(size)
    print(f"\n{time.perf_counter() - begun:.0f} s in all")
    if not same:
        print("equal temperatures draw other tokens than plain ones", file=sys.stderr)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
