"""What scale ``paper`` computes, as work; see `helpers.paper_work`."""

from __future__ import annotations

from helpers.lora_dropout.paper_recipes import (
    INSTANCES,
    INSTRUCTIONS,
    METHODS,
    RECIPES,
    Adaptation,
)
from helpers.paper_work import CpuWork, GpuWork, Transformer, Values, Work, training

DEBERTA = Transformer(184e6, layers=12, width=768)
LLAMA = Transformer(6.74e9, layers=32, width=4096)
TRAINED, TRAINED_LLAMA = 1.9e6, 20e6  # rank 8 on six and seven matrices, with the head
SEEDS = 5  # of each cell of the paper's tables
# examples, or windows of SQuAD (questions: a lower bound)
EXAMPLES = {
    "MNLI": 392_702,
    "SST-2": 67_349,
    "CoLA": 8_551,
    "QQP": 363_846,
    "QNLI": 104_743,
    "RTE": 2_490,
    "MRPC": 3_668,
    "STS-B": 5_749,
    "SQuAD v1.1": 87_599,
    "SQuAD v2.0": 130_319,
}
ALPACA = 51_760


def plan(default: Values, paper: Values) -> list[Work]:
    """Small tasks on the processor; fine-tuning of DeBERTaV3 and LLaMA2 on the GPU.

    Every input counts as long as the longest allowed, which is an upper bound, and
    evaluations count as a fifth of the training.
    """
    task = paper["glue_task"]
    ratio = _trials(paper) / _trials(default)
    work: list[Work] = [
        CpuWork("opinions and docstrings", ratio, "trials x seeds x examples x epochs")
    ]
    work += [_fine_tuning(task, m, 1) for m in ("LoRA", "LoRA + LoRA Dropout")]
    work += [
        _together(f"Table 1: 8 tasks x {len(METHODS)} methods x {SEEDS} seeds", "MNLI"),
        _together(f"Table 2: SQuAD x {len(METHODS)} methods x {SEEDS} seeds", "SQuAD"),
    ]
    for method, instances in (("LoRA", 1), ("LoRA + LoRA Dropout", INSTANCES)):
        recipe = INSTRUCTIONS
        work.append(
            training(
                f"Table 3: LLaMA2-7B on Alpaca, {method}",
                LLAMA,
                trained=TRAINED_LLAMA,
                tokens=recipe.micro_batch * recipe.max_tokens,
                passes=recipe.epochs * ALPACA / recipe.micro_batch * instances,
                checkpointing=True,
                weight_bytes=2,
                extra=True,
            )
        )
    return work


def _fine_tuning(task: str, method: str, seeds: int, extra: bool = False) -> GpuWork:
    recipe, chosen = RECIPES[task], Adaptation(method)
    steps = recipe.steps(EXAMPLES[task])
    full = method == "Full fine-tuning"
    return training(
        f"DeBERTaV3-base on {task}, {method}",
        DEBERTA,
        trained=DEBERTA.parameters if full else TRAINED,
        tokens=recipe.batch * recipe.max_tokens,
        passes=1.2 * steps * seeds * (chosen.instances if chosen.p else 1),
        extra=extra,
    )


def _together(what: str, kind: str) -> GpuWork:
    """A whole table: the sum of its cells, in the memory of the largest."""
    tasks = [t for t in RECIPES if t.startswith("SQuAD") == (kind == "SQuAD")]
    cells = [_fine_tuning(t, m, SEEDS, True) for t in tasks for m in METHODS]
    return GpuWork(
        what,
        sum(cell.operations for cell in cells),
        sum(cell.layer_passes for cell in cells),
        0.0,
        max(cell.gib for cell in cells),
        f"the sum of {len(cells)} trainings",
        extra=True,
    )


def _trials(values: Values) -> float:
    kinds = ("p_grid", "ranks", "train_instances", "baselines", "controls")
    trials = sum(len(values[kind]) for kind in kinds)
    examples = values["train_size"] + values["sentences"]
    return trials * values["seeds"] * examples * values["epochs"]
