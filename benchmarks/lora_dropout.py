"""Cost of LoRA Dropout, as ratios against peft's plain LoRA on the same model.

    python benchmarks/lora_dropout.py [--repeats 15] [--quick]

One process, one thread, one encoder layer of MiniLM's size (384 features, all six
matrices, r = 8), which is what the chapter trains, and two of BERT-base's size:

* training: a step of forward, backward and AdamW with one dropout instance; aim 1.05x
  of plain LoRA's. Besides, peft's element-wise ``lora_dropout`` and the step's cost
  over the number of instances, as a loop and as one repeated batch;
* ensemble: eight members in one batched pass; aim 8x of one plain pass, and the largest
  difference to the loop of eight passes, which must be below 1e-5;
* memory: bytes that autograd keeps for the backward pass; aim 2 % over plain LoRA's.

Medians of processor seconds over rounds in which all take their turn: on a machine
that does other work wall time says little. Exit status 1 if the loop and the one pass
do not agree; the aims are printed, not enforced.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import BertConfig, BertForSequenceClassification

from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.ensemble import member_logits
from helpers.lora_dropout.instances import instances_backward
from helpers.lora_dropout.rank_dropout import RankDropoutConfig
from helpers.torch_threads import keep_freed_memory, single_thread

AIM_STEP, AIM_ENSEMBLE, AIM_MEMORY, AGREE = 1.05, 8.0, 1.02, 1e-5
MEMBERS = 8
TARGETS = ["query", "key", "value", "dense"]


@dataclass(frozen=True)
class Size:
    """Dimensions of an encoder and of the batches it is given."""

    name: str
    hidden: int
    layers: int
    batch: int
    tokens: int
    rank: int = 8


SIZES = [
    Size("MiniLM, one layer, 32 x 16 tokens", 384, 1, 32, 16),
    Size("BERT-base, two layers, 8 x 64 tokens", 768, 2, 8, 64),
]
TINY = [Size("tiny, 4 x 8 tokens", 32, 1, 4, 8)]


def model_of(size: Size, config: LoraConfig) -> PeftModel:
    """A classifier of random weights with an adapter that is not zero."""
    torch.manual_seed(0)
    base = BertForSequenceClassification(
        BertConfig(
            vocab_size=500,
            hidden_size=size.hidden,
            num_hidden_layers=size.layers,
            num_attention_heads=size.hidden // 32,
            intermediate_size=4 * size.hidden,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )
    config.target_modules, config.r = set(TARGETS), size.rank
    config.exclude_modules = ["pooler.dense"]
    config.init_lora_weights = False
    return get_peft_model(base, config)


def batch_of(size: Size) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (size.batch, size.tokens)
    ids = torch.randint(1, 500, shape, generator=generator)
    labels = torch.randint(2, (size.batch,), generator=generator)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}


def in_turn(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Warm up, then time all in every round; median processor seconds by name."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for round_ in range(repeats + 1):
        names = list(works) if round_ % 2 else list(works)[::-1]
        for name in names:
            begun = time.process_time()
            works[name]()
            if round_:
                seconds[name].append(time.process_time() - begun)
    return {name: statistics.median(found) for name, found in seconds.items()}


def ratio(label: str, ours: float, peer: float, aim: float | None = None) -> None:
    note = f"   (aim {aim:g} x)" if aim else ""
    print(f"  {label:52}{ours / max(peer, 1e-12):8.3f} x{note}")


def step_of(
    model: PeftModel, batch: dict[str, Tensor], n: int = 0, one_pass: bool = False
) -> Callable[[], None]:
    """A training step; with n, of so many instances through our function."""
    model.train()
    weights = [w for w in model.parameters() if w.requires_grad]
    optimiser = torch.optim.AdamW(weights, 1e-4)

    def step() -> None:
        if n:
            instances_backward(model, batch, n, one_pass=one_pass)
        else:
            model(**batch).loss.backward()
        optimiser.step()
        optimiser.zero_grad()

    return step


def measure_steps(size: Size, repeats: int) -> None:
    """Print what a training step costs, in multiples of plain LoRA's."""
    batch = batch_of(size)
    ours, plain = model_of(size, LoraDropoutConfig()), model_of(size, LoraConfig())
    works: dict[str, Callable[[], object]] = {
        "plain": step_of(plain, batch),
        "in training mode": step_of(ours, batch),
        "one instance": step_of(ours, batch, 1),
        "peft's lora_dropout": step_of(
            model_of(size, LoraConfig(lora_dropout=0.5)), batch
        ),
        "rank dropout": step_of(model_of(size, RankDropoutConfig()), batch),
        "2 instances, loop": step_of(ours, batch, 2),
        "4 instances, loop": step_of(ours, batch, 4),
        "4 instances, one pass": step_of(ours, batch, 4, True),
    }
    found = in_turn(works, repeats)
    print(f"  plain LoRA's step {1e3 * found['plain']:8.2f} ms")
    for name, seconds in list(found.items())[1:]:
        aim = AIM_STEP if name in ("in training mode", "one instance") else None
        ratio(f"step, {name} / plain LoRA", seconds, found["plain"], aim)


def measure_ensemble(size: Size, repeats: int) -> bool:
    """Print what an ensemble costs; True if one pass and loop agree."""
    batch = {k: v for k, v in batch_of(size).items() if k != "labels"}
    ours = model_of(size, LoraDropoutConfig()).eval()
    plain = model_of(size, LoraConfig()).eval()

    def once() -> Tensor:
        with torch.no_grad():
            return plain(**batch).logits

    found = in_turn(
        {
            "once": once,
            "one pass": lambda: member_logits(ours, batch, MEMBERS),
            "loop": lambda: member_logits(ours, batch, MEMBERS, one_pass=False),
        },
        repeats,
    )
    print(f"  plain LoRA's pass {1e3 * found['once']:8.2f} ms")
    for name, aim in (("one pass", AIM_ENSEMBLE), ("loop", None)):
        label = f"ensemble of {MEMBERS}, {name} / one plain pass"
        ratio(label, found[name], found["once"], aim)
    together, single = (
        member_logits(ours, batch, MEMBERS, one_pass=one) for one in (True, False)
    )
    difference = float((together - single).abs().max())
    spread = float((together - together.mean(dim=0)).abs().max())
    print(
        f"  largest difference to the loop {difference:.1e}   (allowed {AGREE:g}; "
        f"members differ by {spread:.1e})"
    )
    return difference <= AGREE < spread


def saved_bytes(model: PeftModel, batch: dict[str, Tensor]) -> int:
    """Bytes that autograd keeps from forward to backward, each storage once."""
    kept: dict[int, int] = {}
    weights = {w.untyped_storage().data_ptr() for w in model.parameters()}
    alive = []  # or a freed address could be counted for another tensor

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    model.train()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(**batch).loss.backward()
    return sum(kept.values())


def measure_memory(size: Size) -> None:
    """Print the memory that training keeps, in multiples of plain LoRA's."""
    batch = batch_of(size)
    plain = saved_bytes(model_of(size, LoraConfig()), batch)
    print(f"  plain LoRA keeps {plain / 2**20:9.2f} MiB")
    configs = {
        "LoRA Dropout": LoraDropoutConfig(),
        "peft's lora_dropout": LoraConfig(lora_dropout=0.5),
    }
    for name, config in configs.items():
        found = saved_bytes(model_of(size, config), batch)
        aim = AIM_MEMORY if name == "LoRA Dropout" else None
        ratio(f"memory, {name} / plain LoRA", found, plain, aim)


def main(arguments: Sequence[str] | None = None) -> int:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="a look that it runs")
    given = parser.parse_args(arguments)
    if given.repeats < 1:
        parser.error("--repeats must be at least 1")
    repeats = 1 if given.quick else given.repeats
    print(f"{os.cpu_count()} cores, one thread, load {os.getloadavg()[0]:.1f}")
    begun, agree = time.perf_counter(), True
    keep_freed_memory()  # as every trial does
    with single_thread():
        for size in TINY if given.quick else SIZES:
            print(f"\n{size.name}, r = {size.rank}")
            measure_steps(size, repeats)
            agree &= measure_ensemble(size, repeats)
            measure_memory(size)
    print(f"\n{time.perf_counter() - begun:.0f} s in all")
    if not agree:
        print("one pass and loop do not agree: see above", file=sys.stderr)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
