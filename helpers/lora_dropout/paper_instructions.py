"""Instruction tuning at paper scale (Table 3): a language model on cleaned Alpaca.

The paper tunes LLaMA2-7B and asks for MMLU's accuracy without examples in the prompt;
its rates and epochs are not known (see `paper_recipes`). The loss is on answers only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    DataCollatorForSeq2Seq,
    PreTrainedTokenizerBase,
    TrainerCallback,
)

from helpers.assets import local, needed
from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.paper_driver import (
    Prepared,
    Run,
    RunResult,
    carried_out,
    new_run,
)
from helpers.lora_dropout.paper_recipes import (
    INSTRUCTIONS,
    LLAMA,
    Adaptation,
    InstructionRecipe,
)
from helpers.lora_dropout.paper_runs import (
    device_and_precision,
    pretrained_tokenizer,
    read_result,
)
from helpers.lora_dropout.paper_training import PaperTrainer

ALPACA = "alpaca-cleaned", "alpaca_data_cleaned.json"  # what is fetched, its file
METHODS = ("LoRA", "LoRA + LoRA Dropout")
_TASK = "Below is an instruction that describes a task"
_REQUEST = "Write a response that appropriately completes the request.\n\n"
_IGNORED = -100  # label of tokens without a loss


@dataclass(frozen=True)
class Instruction:
    """A task in words, perhaps something to do it on, and an answer."""

    instruction: str
    given: str
    answer: str

    @property
    def prompt(self) -> str:
        """The text of Alpaca's template before the answer.

        Examples
        --------
        >>> Instruction("Name a fox.", "", "Reynard").prompt[-27:]
        'Name a fox.\\n\\n### Response:\\n'
        """
        more, given = "", ""
        if self.given:
            more = ", paired with an input that provides further context"
            given = f"### Input:\n{self.given}\n\n"
        return (
            f"{_TASK}{more}. {_REQUEST}### Instruction:\n{self.instruction}\n\n"
            f"{given}### Response:\n"
        )


@dataclass(frozen=True)
class InstructionResult(RunResult):
    """A finished training, as ``result.json`` holds it; the adapter is beside it.

    Attributes
    ----------
    examples, dropped : int
        Trained on; and left out since the prompt alone fills ``max_tokens``.
    loss : float
        Mean training loss per token of answers over the last logged steps, in nats.
    """

    examples: int
    dropped: int
    loss: float


def read_instructions(path: str | Path | None = None) -> list[Instruction]:
    """Instructions of a JSON file in Alpaca's form, or else of the fetched `ALPACA`.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    ValueError
        If the file is not a list of instruction, input and output.
    """
    path = needed(ALPACA[0]) / ALPACA[1] if path is None else Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; allowed: a JSON list, as Alpaca")
    rows = json.loads(path.read_text(encoding="utf-8"))
    try:
        found = [
            Instruction(row["instruction"], row.get("input", ""), row["output"])
            for row in rows
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} is not in Alpaca's form ({error!r}); allowed: a list "
            "of objects with instruction, input and output"
        ) from None
    if not found:
        raise ValueError(f"{path} has no instruction")
    return found


def tokens(
    example: Instruction, tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> dict[str, list[int]] | None:
    """Token numbers, and labels at those of the answer and its end.

    None if ``max_tokens`` cut the answer off whole.
    """
    prompt = tokenizer(example.prompt)["input_ids"]
    ids = tokenizer(example.prompt + example.answer)["input_ids"]
    # the first token of the answer may have taken the prompt's last character
    known = 0
    while known < min(len(prompt), len(ids)) and prompt[known] == ids[known]:
        known += 1
    if ids[-1] != tokenizer.eos_token_id:
        ids = [*ids, tokenizer.eos_token_id]
    ids = ids[:max_tokens]
    if len(ids) <= known:
        return None
    return {
        "input_ids": ids,
        "attention_mask": [1] * len(ids),
        "labels": [_IGNORED] * known + ids[known:],
    }


def fine_tune_instructions(
    chosen: Adaptation,
    *,
    work: str | Path,
    model: str | Path = LLAMA,
    data: str | Path | None = None,
    recipe: InstructionRecipe = INSTRUCTIONS,
    seed: int = 0,
    device: str | None = None,
    precision: str | None = None,
    progress: bool = True,
    callbacks: Sequence[TrainerCallback] = (),
) -> InstructionResult:
    """Tune a causal language model with LoRA, or with LoRA and LoRA Dropout.

    The N instances of a step run one after another with gradient checkpointing, in the
    memory of a single pass. Call it again with the same ``work`` after a stop: the
    training goes on from its last checkpoint. The adapter is in ``work/adapter``.

    Parameters
    ----------
    chosen : Adaptation
        Its method is one of :data:`METHODS`.
    work : path
        Folder of this run.
    model : str or path
        Name on the hub (LLaMA2's needs an accepted licence), or a local folder.
    data : path, optional
        JSON file in Alpaca's form; the fetched, cleaned Alpaca unless given.
    recipe : InstructionRecipe
    device, precision : str, optional
        A GPU if there is one, with weights in bfloat16 if it has it.
    callbacks : sequence of TrainerCallback
        For Trainer.

    Raises
    ------
    ValueError
        For another method, or if ``work`` holds another run.
    FileNotFoundError
        If the data are missing.
    """
    if chosen.method not in METHODS:
        raise ValueError(
            f"method {chosen.method!r} is not among the paper's for instructions; "
            f"allowed: {', '.join(METHODS)}"
        )
    run = new_run(work, str(model), seed, device, precision, progress, callbacks)
    examples = read_instructions(data)

    def prepare() -> Prepared:
        return _prepared(examples, run, recipe)

    return carried_out(
        run,
        chosen,
        recipe,
        {"examples": len(examples)},
        prepare,
        lambda kept: InstructionResult(**kept),
    )


def _prepared(
    examples: Sequence[Instruction], run: Run, recipe: InstructionRecipe
) -> Prepared:
    base, tokenizer = language_model(run.model, run.precision)
    rows = [tokens(one, tokenizer, recipe.max_tokens) for one in examples]
    whole = [row for row in rows if row is not None]
    if not whole:
        raise ValueError(f"max_tokens of {recipe.max_tokens} leaves no answer")
    steps = recipe.epochs * -(-len(whole) // recipe.batch)
    base.config.use_cache = False

    def findings(network: Any, trainer: PaperTrainer) -> dict[str, Any]:
        network.save_pretrained(run.work / "adapter")
        tokenizer.save_pretrained(run.work / "adapter")
        losses = [log["loss"] for log in trainer.state.log_history if "loss" in log]
        return {
            "examples": len(whole),
            "dropped": len(rows) - len(whole),
            "loss": losses[-1],
        }

    return Prepared(
        base,
        "CAUSAL_LM",
        steps,
        _arguments(recipe, steps),
        {"data_collator": DataCollatorForSeq2Seq(tokenizer), "train_dataset": whole},
        findings,
    )


def _arguments(recipe: InstructionRecipe, steps: int) -> dict[str, Any]:
    return {
        "num_train_epochs": recipe.epochs,
        "per_device_train_batch_size": recipe.micro_batch,
        "gradient_accumulation_steps": recipe.batch // recipe.micro_batch,
        "learning_rate": recipe.rate,
        "warmup_steps": min(recipe.warmup, -(-steps // 10)),
        "save_strategy": "steps",
        "save_steps": recipe.save_every,
        "logging_steps": min(10, steps),
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
    }


def language_model(
    model: str | Path, precision: str
) -> tuple[Any, PreTrainedTokenizerBase]:
    """A causal language model, weights in the given precision, and its tokenizer."""
    network: Any = AutoModelForCausalLM.from_pretrained(local(model))
    tokenizer = pretrained_tokenizer(model)
    if tokenizer.pad_token is None:  # as LLaMA's; no loss is on it
        tokenizer.pad_token = tokenizer.eos_token
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    return network.to(kind), tokenizer


def tuned_model(
    work: str | Path, *, device: str | None = None
) -> tuple[nn.Module, PreTrainedTokenizerBase]:
    """The model of a finished run in evaluation mode, able to mask, and its tokenizer.

    Raises
    ------
    FileNotFoundError
        If the run has not ended.
    """
    work = Path(work)
    if (kept := read_result(work)) is None:
        raise FileNotFoundError(f"{work} has no finished run")
    base, tokenizer = language_model(kept["model"], kept["precision"])
    config = None
    if kept["method"] != "LoRA":
        config = LoraDropoutConfig.from_pretrained(str(work / "adapter"))
    network = PeftModel.from_pretrained(base, work / "adapter", config=config)
    return network.eval().to(device_and_precision(device, None)[0]), tokenizer
